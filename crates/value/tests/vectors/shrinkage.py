"""What tests/it/shrinkage.rs expects, computed with scipy and without the code under test.

    python3 -m venv v && v/bin/pip install scipy && v/bin/python crates/value/tests/vectors/shrinkage.py

The spread is averaged over by adaptive quadrature instead of a grid, likelihoods come from
scipy.stats, the most likely spread from scipy.optimize. Prints shrinkage.json.
"""
import json
import math
import os

import numpy as np
from scipy import integrate, optimize, stats

TALLIES = {
    # Baseball, 45 at bats (Efron & Morris 1975, table 1): Clemente, F. Robinson, … Alvis.
    "baseball": [(h, 45) for h in (18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7)],
    # Deaths after heart surgery on infants in twelve hospitals (WinBUGS examples I, "Surgical").
    "surgical": [(0, 47), (18, 148), (8, 119), (46, 810), (8, 211), (13, 196), (9, 148), (31, 215), (14, 207), (8, 97), (29, 256), (24, 360)],
    "few": [(0, 1), (1, 1), (3, 3), (2, 40), (90, 900), (0, 12), (5, 9)],
}
MEANS = {
    # Coaching in eight schools (Rubin 1981): effects and variances.
    "schools": [(28, 15), (8, 10), (-3, 16), (7, 11), (-1, 9), (1, 11), (18, 10), (12, 18)],
    "spread": [(3.1, 0.2), (4.4, 0.1), (4.0, 0.05), (2.2, 0.3), (4.6, 0.02), (3.9, 0.5)],
}


# The logarithm of the odds of being drawn to the mean; beyond the upper end there is no spread.
ENDS = (-8, 24)


def peak(log):
    """The most likely log odds, its likelihood, and the posterior density under a uniform share."""
    grid = np.linspace(-6, 9, 200)
    best = grid[np.argmax([log(u) for u in grid])]
    found = optimize.minimize_scalar(lambda u: -log(u), bounds=(best - 0.2, best + 0.2), method="bounded", options={"xatol": 1e-10})
    at = found.x if -found.fun > log(math.inf) else math.inf
    top = log(at)
    share = lambda u: 1 / (1 + math.exp(-u))
    return at, top, lambda u: math.exp(log(u) - top) * share(u) * (1 - share(u))


def rates(tallies):
    x = np.array([t[0] for t in tallies], float)
    n = np.array([t[1] for t in tallies], float)
    small = np.sort(n)[len(n) // 2] / 3

    def fit(log_odds):
        worth = small * math.exp(log_odds) if log_odds < 22 else math.inf
        w = 1 / (1 + (n - 1) / (worth + 1))
        mean = ((w * x).sum() + 0.5) / ((w * n).sum() + 1)
        return worth, mean, mean * (1 - mean) / ((w * n).sum() + 1)

    def log(log_odds):
        worth, mean, of_mean = fit(log_odds)
        if math.isinf(worth):
            return stats.binom.logpmf(x, n, mean).sum() + 0.5 * math.log(of_mean)
        return stats.betabinom.logpmf(x, n, worth * mean, worth * (1 - mean)).sum() + 0.5 * math.log(of_mean)

    at, top, weigh = peak(log)
    whole = integrate.quad(lambda u: weigh(u), *ENDS, limit=400)[0]
    worth, mean, _ = fit(at)
    out = []
    for xi, ni in zip(x, n):
        def moment(s, k):
            m, mu, v = fit(s)
            if math.isinf(m):
                a, va = mu, v
            else:
                a = (xi + m * mu) / (ni + m)
                va = a * (1 - a) / (ni + m + 1) + (m / (ni + m)) ** 2 * v
            return weigh(s) * (a if k == 1 else va + a * a)
        first = integrate.quad(moment, *ENDS, args=(1,), limit=400)[0] / whole
        second = integrate.quad(moment, *ENDS, args=(2,), limit=400)[0] / whole
        t = first * (1 - first) / (second - first**2) - 1
        value = mean if math.isinf(worth) else (xi + worth * mean) / (ni + worth)
        ox, on = x.sum() - xi, n.sum() - ni
        h = stats.hypergeom(int(ni + on), int(xi + ox), int(ni))
        p = min(1.0, 2 * min(h.cdf(xi), h.sf(xi - 1)))
        low, high = stats.beta.ppf([0.025, 0.975], first * t, (1 - first) * t)
        out.append([value, min(low, value), max(high, value), p])
    between = 0.0 if math.isinf(worth) else math.sqrt(mean * (1 - mean) / (worth + 1))
    return {"tallies": tallies, "mean": mean, "between": between, "units": out}


def means(observed):
    y = np.array([o[0] for o in observed], float)
    v = np.array([o[1] for o in observed], float)
    v = v**2 if v.max() > 5 else v
    small = np.sort(1 / v)[len(v) // 2] / 3

    def fit(log_odds):
        tau2 = 1 / (small * math.exp(log_odds)) if log_odds < 22 else 0.0
        w = 1 / (v + tau2)
        return tau2, (w * y).sum() / w.sum(), 1 / w.sum()

    def log(log_odds):
        tau2, mean, of_mean = fit(log_odds)
        return stats.norm.logpdf(y, mean, np.sqrt(v + tau2)).sum() + 0.5 * math.log(of_mean)

    at, top, weigh = peak(log)
    whole = integrate.quad(lambda u: weigh(u), *ENDS, limit=400)[0]
    tau2, mean, _ = fit(at)
    _, own, _ = fit(math.inf)
    out = []
    for yi, vi in zip(y, v):
        def moment(s, k):
            t2, mu, of = fit(s)
            b = vi / (vi + t2)
            a, va = (1 - b) * yi + b * mu, (1 - b) * vi + b * b * of
            return weigh(s) * (a if k == 1 else va + a * a)
        first = integrate.quad(moment, *ENDS, args=(1,), limit=400)[0] / whole
        second = integrate.quad(moment, *ENDS, args=(2,), limit=400)[0] / whole
        b = vi / (vi + tau2)
        low, high = stats.norm.ppf([0.025, 0.975], first, math.sqrt(second - first**2))
        value = (1 - b) * yi + b * mean
        out.append([value, min(low, value), max(high, value)])
    q = ((y - own) ** 2 / v).sum()
    return {"observed": [list(o) for o in zip(y, v)], "mean": mean, "between": math.sqrt(tau2), "differ_p": stats.chi2.sf(q, len(y) - 1), "units": out}


vectors = {"rates": {k: rates(t) for k, t in TALLIES.items()}, "means": {k: means(o) for k, o in MEANS.items()}}
with open(os.path.join(os.path.dirname(__file__), "shrinkage.json"), "w") as out:
    json.dump(vectors, out, indent=1)
