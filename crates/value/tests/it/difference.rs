//! Differences against published intervals and against worlds without one.

use crate::draw::{binomial, rng};
use throughline_value::difference::difference;
use throughline_value::interval::wilson;

/// Newcombe (1998), table II, method 10.
#[test]
fn two_shares_have_the_published_intervals() {
    let check = |(a, m): (u64, u64), (b, n): (u64, u64), expected: (f64, f64, f64)| {
        let d = difference(&wilson(a, m).unwrap(), &wilson(b, n).unwrap());
        let got = [d.change.value, d.change.low, d.change.high];
        for (got, expected) in got.into_iter().zip([expected.0, expected.1, expected.2]) {
            assert!((got - expected).abs() < 6e-5, "{a}/{m} − {b}/{n}: {got} is not {expected}");
        }
        assert_eq!(d.p < 0.05, d.change.low > 0.0 || d.change.high < 0.0);
        let back = difference(&wilson(b, n).unwrap(), &wilson(a, m).unwrap());
        assert!((back.change.low + d.change.high).abs() < 1e-12 && (back.p - d.p).abs() < 1e-12, "the other way round");
    };
    check((56, 70), (48, 80), (0.2, 0.0524, 0.3339));
    check((9, 10), (3, 10), (0.6, 0.1705, 0.8090));
    check((6, 7), (2, 7), (0.5714, 0.0582, 0.8062));
    check((5, 56), (0, 29), (0.0893, -0.0381, 0.1926));
    check((0, 10), (0, 20), (0.0, -0.1611, 0.2775));
}

#[test]
fn worlds_without_a_change_say_so_nineteen_times_of_twenty() {
    let mut rng = rng(5);
    let mut drawn = |n: u64, p: f64| binomial(&mut rng, n, p);
    let (mut flagged, mut covered, worlds) = (0, 0, 3_000);
    for _ in 0..worlds {
        let same = difference(&wilson(drawn(180, 0.3), 180).unwrap(), &wilson(drawn(240, 0.3), 240).unwrap());
        flagged += u32::from(same.p < 0.05);
        let other = difference(&wilson(drawn(180, 0.45), 180).unwrap(), &wilson(drawn(240, 0.3), 240).unwrap());
        covered += u32::from(other.change.contains(0.15));
    }
    let share = |n: u32| f64::from(n) / f64::from(worlds);
    assert!((0.03..=0.06).contains(&share(flagged)), "{}", share(flagged));
    assert!((0.94..=0.97).contains(&share(covered)), "{}", share(covered));
}
