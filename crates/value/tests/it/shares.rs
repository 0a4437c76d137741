use throughline_value::shares::{Share, difference, difference_in_differences};

use crate::{draw, near};

fn share(events: u64, n: u64) -> Share {
    Share { events, n }
}

// Newcombe (1998, Stat. Med. 17:873), table II, method 10: p₁ − p₂ with its interval.
#[test]
fn as_newcombe_printed_them() {
    let check = |first: Share, second: Share, expected: [f64; 3]| {
        let found = difference(second, first).unwrap();
        near(found.value, expected[0], 5e-5);
        near(found.low, expected[1], 5e-5);
        near(found.high, expected[2], 5e-5);
        assert_eq!(found.n, first.n + second.n);
    };
    check(share(56, 70), share(48, 80), [0.2, 0.0524, 0.3339]);
    check(share(9, 10), share(3, 10), [0.6, 0.1705, 0.8090]);
    check(share(6, 7), share(2, 7), [0.5714, 0.0582, 0.8062]);
    check(share(5, 56), share(0, 29), [0.0893, -0.0381, 0.1926]);
    check(share(0, 10), share(0, 20), [0.0, -0.1611, 0.2775]);
    check(share(10, 10), share(0, 20), [1.0, 0.6791, 1.0]);
    check(share(10, 10), share(0, 10), [1.0, 0.6075, 1.0]);
    assert_eq!(difference(share(0, 0), share(1, 2)), None);
    assert_eq!(difference(share(1, 2), share(0, 0)), None);
}

/// P(X = k) for all k, by the recursion of the binomial.
fn binomial(n: u64, p: f64) -> Vec<f64> {
    let mut all = vec![(1.0 - p).powi(n as i32)];
    for k in 0..n {
        let last = all[k as usize];
        all.push(last * (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p));
    }
    all
}

#[test]
fn the_interval_covers_what_it_promises_by_counting_every_pair() {
    for (n, m, p, q) in [(40, 60, 0.1, 0.1), (40, 60, 0.3, 0.15), (25, 25, 0.5, 0.3), (120, 30, 0.08, 0.2)] {
        let (first, second) = (binomial(n, p), binomial(m, q));
        let mut covered = 0.0;
        for a in 0..=n {
            for b in 0..=m {
                if difference(share(a, n), share(b, m)).unwrap().contains(q - p) {
                    covered += first[a as usize] * second[b as usize];
                }
            }
        }
        assert!((0.93..0.985).contains(&covered), "{n} {m} {p} {q}: {covered}");
    }
}

#[test]
fn the_difference_of_two_differences_covers_the_planted_one() {
    let mut rng = draw::rng(11);
    let mut one = |n: u64, p: f64| share(draw::binomial(&mut rng, n, p), n);
    let mut covered = 0;
    for _ in 0..2_000 {
        let (of, against) = ([one(120, 0.4), one(90, 0.25)], [one(300, 0.2), one(260, 0.15)]);
        covered += usize::from(difference_in_differences(of, against).unwrap().contains(-0.15 + 0.05));
    }
    // 2,000 × 0.95 = 1,900 ± 10 are expected; these bounds are four deviations away.
    assert!((1_861..1_960).contains(&covered), "{covered}");
}
