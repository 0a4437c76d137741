use proptest::prelude::*;
use throughline_value::quantile::{Durations, quantile, quantiles};

use crate::{draw, near};
use rand::Rng;

// Golden: numpy 2.4.6, np.quantile([3,1,4,1,5,9,2,6,5,3,5], p).
#[test]
fn as_numpy() {
    for (p, expected) in [(0.0, 1.0), (0.1, 1.0), (0.25, 2.5), (0.5, 4.0), (0.9, 6.0), (1.0, 9.0)] {
        let mut values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];
        near(quantile(&mut values, p).unwrap().value, expected, 1e-12);
    }
}

#[test]
fn few_values_do_not_bound() {
    assert_eq!(quantile(&mut [], 0.5), None);
    assert_eq!(quantile(&mut [1], 1.5), None);
    let five = quantile(&mut [1, 2, 3, 4, 5], 0.5).unwrap();
    assert_eq!((five.value, five.low, five.high), (3.0, None, None));
    // 2·2⁻⁶ = 0.031 < 0.05: six values are the first to bound a median.
    let six = quantile(&mut [6, 2, 3, 4, 5, 1], 0.5).unwrap();
    assert_eq!((six.value, six.low, six.high, six.n), (3.5, Some(1), Some(6), 6));
    // P(X ≤ 1) = 0.0107, P(X ≤ 2) = 0.055 of 10 and P(X ≤ 5) = 0.0207 of 20: n = 10 → 2nd and 9th, n = 20 → 6th and 15th.
    for (n, low, high) in [(10, 2, 9), (20, 6, 15)] {
        let found = quantile(&mut (1..=n).rev().collect::<Vec<u32>>(), 0.5).unwrap();
        assert_eq!((found.low, found.high), (Some(low), Some(high)));
    }
    let p90 = quantile(&mut (1..=20).collect::<Vec<u32>>(), 0.9).unwrap();
    assert!(p90.low.is_some() && p90.high.is_none());
}

#[test]
fn interval_holds_the_value_at_the_far_ends() {
    let found = quantile(&mut [0, 1], 0.001).unwrap();
    near(found.value, 0.001, 1e-12);
    assert_eq!((found.low, found.high), (None, Some(1)));
}

#[test]
fn merging_is_joining() {
    let mut all = Durations::default();
    let (mut left, mut right) = (all.clone(), all.clone());
    for i in 0..50 {
        all.add(i * 7 % 31);
        if i % 3 == 0 { left.add(i * 7 % 31) } else { right.add(i * 7 % 31) }
    }
    right.merge(&left);
    assert_eq!(right.n(), 50);
    assert_eq!(right.quantile(0.9), all.quantile(0.9));
}

#[test]
fn interval_covers_at_least_its_level() {
    let mut rng = draw::rng(11);
    let covered = (0..1_000)
        .filter(|_| {
            let mut values: Vec<u32> = (0..40).map(|_| rng.random_range(0..1_000_000)).collect();
            let found = quantile(&mut values, 0.5).unwrap();
            (found.low.unwrap()..=found.high.unwrap()).contains(&500_000)
        })
        .count();
    assert!((940..=985).contains(&covered), "{covered}");
}

proptest! {
    #[test]
    fn equals_sorting(mut values in prop::collection::vec(0_u32..100, 1..60), p in 0.0_f64..=1.0) {
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let h = (sorted.len() - 1) as f64 * p;
        let (low, high) = (sorted[h.floor() as usize], sorted[h.ceil() as usize]);
        let oracle = f64::from(low) + (h - h.floor()) * f64::from(high - low);
        let found = quantile(&mut values, p).unwrap();
        prop_assert!((found.value - oracle).abs() < 1e-9);
        prop_assert!(found.low.is_none_or(|low| f64::from(low) <= found.value));
        prop_assert!(found.high.is_none_or(|high| f64::from(high) >= found.value));
    }

    #[test]
    fn pieces_give_what_one_list_gives(
        pieces in prop::collection::vec(prop::collection::vec(prop_oneof![0_u32..50, 0_u32..100_000, any::<u32>()], 0..40), 0..6),
        p in 0.0_f64..=1.0,
    ) {
        let mut all: Vec<u32> = pieces.concat();
        let ps = [0.5, p, 0.9, 0.0, 1.0, -1.0];
        prop_assert_eq!(quantiles(&pieces, ps), ps.map(|p| quantile(&mut all, p)));
    }
}
