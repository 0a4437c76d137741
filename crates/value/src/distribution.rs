//! The distributions behind the intervals: normal, Student t, chi-square, F, binomial.
//!
//! All probabilities are in 0–1. Built on `libm` only, so that every platform computes the same.

use libm::{erfc, exp, lgamma, log, sqrt};

/// The two-sided 95 % point of the normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// P(Z ≤ z) of the standard normal distribution.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z / std::f64::consts::SQRT_2)
}

/// P(|Z| ≥ |z|): the two-sided p-value of a z statistic.
pub fn two_sided_p(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The z with P(Z ≤ z) = `p`; ∓∞ at 0 and 1, not a number outside.
///
/// Wichura (1988), algorithm AS 241 (PPND16), relative error about 1e-16.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * polynomial(&CENTRE_NUM, r) / polynomial(&CENTRE_DEN, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail == 0.0 {
        return f64::INFINITY.copysign(q);
    }
    let r = sqrt(-log(tail));
    let x = if r <= 5.0 {
        polynomial(&TAIL_NUM, r - 1.6) / polynomial(&TAIL_DEN, r - 1.6)
    } else {
        polynomial(&FAR_NUM, r - 5.0) / polynomial(&FAR_DEN, r - 5.0)
    };
    x.copysign(q)
}

/// P(T ≤ t) of Student's t with `df` > 0 degrees of freedom.
pub fn t_cdf(t: f64, df: f64) -> f64 {
    // Near the middle df/(df + t²) is 1 but for a few bits, so the other end is taken there.
    let square = t * t;
    let tail = match square < 1.0 {
        true => 0.5 - 0.5 * beta_inc(0.5, 0.5 * df, square / (df + square)),
        false => 0.5 * beta_inc(0.5 * df, 0.5, df / (df + square)),
    };
    if t > 0.0 { 1.0 - tail } else { tail }
}

/// The t with P(T ≤ t) = `p` for 0 < `p` < 1 and `df` > 0; not a number otherwise.
///
/// Found by bisection on [`t_cdf`], to the last few bits.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if !(p > 0.0 && p < 1.0 && df > 0.0) {
        return f64::NAN;
    }
    if p == 0.5 {
        return 0.0;
    }
    // Bisection runs on the lower tail, where small probabilities keep their digits.
    let tail = p.min(1.0 - p);
    let mut far = 1.0;
    while t_cdf(-far, df) > tail && far < 1e300 {
        far *= 2.0;
    }
    let (mut near, mut far) = (if far == 1.0 { 0.0 } else { 0.5 * far }, far);
    while far - near > 4.0 * f64::EPSILON * far {
        let middle = 0.5 * (near + far);
        if t_cdf(-middle, df) > tail { near = middle } else { far = middle }
    }
    (0.5 * (near + far)).copysign(p - 0.5)
}

/// P(X ≥ x) of chi-square with `df` > 0 degrees of freedom.
pub fn chi_square_upper(x: f64, df: f64) -> f64 {
    gamma_upper(0.5 * df, 0.5 * x)
}

/// P(X ≥ x) of F with `df1` and `df2` > 0 degrees of freedom.
pub fn f_upper(x: f64, df1: f64, df2: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    beta_inc(0.5 * df2, 0.5 * df1, df2 / (df2 + df1 * x))
}

/// P(X ≤ k) of a binomial with `n` trials of probability `p`.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_inc((n - k) as f64, (k + 1) as f64, 1.0 - p)
}

/// The regularised incomplete beta function I_x(a, b) for a, b > 0.
///
/// Continued fraction 8.17.22 of the NIST Digital Library of Mathematical Functions, evaluated
/// by Lentz's method.
pub fn beta_inc(a: f64, b: f64, x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x.is_nan() { x } else { 0.0 };
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * libm::log1p(-x));
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let floor = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / floor(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..20_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / floor(1.0 + even * d);
        c = floor(1.0 + even / c);
        value *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / floor(1.0 + odd * d);
        c = floor(1.0 + odd / c);
        value *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

/// The regularised upper incomplete gamma function Q(a, x) for a > 0.
///
/// Series 8.7.1 below a + 1, continued fraction 8.9.2 above (NIST DLMF).
pub fn gamma_upper(a: f64, x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x <= 0.0 {
        return 1.0;
    }
    let front = exp(a * log(x) - x - lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut k) = (1.0 / a, 1.0 / a, a);
        while term > sum * f64::EPSILON {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / b;
    let mut value = d;
    for i in 1..20_000 {
        let i = f64::from(i);
        let step = i * (a - i);
        b += 2.0;
        d = 1.0 / (b + step * d);
        c = b + step / c;
        value *= d * c;
        if (d * c - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    front * value
}

fn polynomial(highest_first: &[f64; 8], x: f64) -> f64 {
    highest_first.iter().fold(0.0, |sum, c| sum * x + c)
}

const TINY: f64 = 1e-300;

const CENTRE_NUM: [f64; 8] = [
    2509.0809287301227,
    33430.57558358813,
    67265.7709270087,
    45921.95393154987,
    13731.69376550946,
    1971.5909503065513,
    133.14166789178438,
    3.3871328727963665,
];
const CENTRE_DEN: [f64; 8] = [
    5226.495278852854,
    28729.085735721943,
    39307.89580009271,
    21213.794301586597,
    5394.196021424751,
    687.1870074920579,
    42.31333070160091,
    1.0,
];
const TAIL_NUM: [f64; 8] = [
    0.0007745450142783414,
    0.022723844989269184,
    0.2417807251774506,
    1.2704582524523684,
    3.6478483247632045,
    5.769497221460691,
    4.630337846156546,
    1.4234371107496835,
];
const TAIL_DEN: [f64; 8] = [
    1.0507500716444169e-09,
    0.0005475938084995345,
    0.015198666563616457,
    0.14810397642748008,
    0.6897673349851,
    1.6763848301838038,
    2.053191626637759,
    1.0,
];
const FAR_NUM: [f64; 8] = [
    2.0103343992922881e-07,
    2.7115555687434876e-05,
    0.0012426609473880784,
    0.026532189526576124,
    0.29656057182850487,
    1.7848265399172913,
    5.463784911164114,
    6.657904643501103,
];
const FAR_DEN: [f64; 8] = [
    2.0442631033899397e-15,
    1.421511758316446e-07,
    1.8463183175100548e-05,
    0.0007868691311456133,
    0.014875361290850615,
    0.1369298809227358,
    0.599832206555888,
    1.0,
];
