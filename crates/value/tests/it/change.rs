use crate::draw::{binomial, poisson, rng};
use crate::near;
use proptest::prelude::*;
use rand::Rng;
use throughline_value::change::{count_change, share_change};
use throughline_value::multiplicity::q_values;

/// Pearson's χ² of a 2×2 table, cell by cell.
fn chi_square(hits: [f64; 2], trials: [f64; 2]) -> f64 {
    let share = (hits[0] + hits[1]) / (trials[0] + trials[1]);
    (0..2)
        .map(|i| {
            let (yes, no) = (trials[i] * share, trials[i] * (1.0 - share));
            (hits[i] - yes).powi(2) / yes + (trials[i] - hits[i] - no).powi(2) / no
        })
        .sum()
}

proptest! {
    #[test]
    fn without_more_spread_than_chance_it_is_pearsons_test(hits in 5_u64..40, k in 6_usize..20, now in 6_u64..80) {
        // Periods that do not differ at all have the least dispersion there is.
        let before = vec![(hits, 100); k];
        let Some(change) = share_change(&before, (now, 100)) else { return Err(TestCaseError::fail("must be told")) };
        let n = k as f64 * 100.0;
        let expected = chi_square([hits as f64 * k as f64, now as f64], [n, 100.0]);
        near(change.t * change.t, expected, 1e-9);
        near(change.dispersion, 1.0, 1e-12);
        prop_assert!(change.difference.contains(change.now - change.before));
    }

    #[test]
    fn a_share_of_misses_changes_as_much_the_other_way(hits in prop::collection::vec(10_u64..90, 6..14), now in 10_u64..90) {
        let before: Vec<_> = hits.iter().map(|x| (*x, 100)).collect();
        let other: Vec<_> = hits.iter().map(|x| (100 - x, 100)).collect();
        let (a, b) = (share_change(&before, (now, 100)).unwrap(), share_change(&other, (100 - now, 100)).unwrap());
        near(a.t, -b.t, 1e-9);
        near(a.p, b.p, 1e-9);
    }
}

#[test]
fn what_periods_spread_counts_against_a_change() {
    // By hand. Counts 80, 120, 80, 120, 80, 120: mean 100, X² = 6·400/100 = 24, φ = 24/5 = 4.8,
    // error = √(4.8·100·7/6) = 23.66, t of 150 = 50/23.66 = 2.113; with φ = 1 it would be 4.63.
    let change = count_change(&[80, 120, 80, 120, 80, 120], 150).unwrap();
    near(change.dispersion, 4.8, 1e-12);
    near(change.t, 2.112_885_636_821_291, 1e-9);
    assert!((0.05..0.1).contains(&change.p), "{}", change.p);
    // Shares 10, 30, 10, 30, 10, 30 of 100: p₀ = 0.2, X² = 6·100/(100·0.16) = 37.5, φ = 7.5.
    let before = [(10, 100), (30, 100), (10, 100), (30, 100), (10, 100), (30, 100)];
    near(share_change(&before, (35, 100)).unwrap().dispersion, 7.5, 1e-12);
}

#[test]
fn too_little_says_nothing() {
    let shares = |k: usize, now| share_change(&vec![(10, 100); k], now);
    assert!(shares(5, (10, 100)).is_none(), "five weeks do not tell how weeks spread");
    assert!(shares(6, (10, 100)).is_some());
    assert!(shares(6, (1, 20)).is_none(), "two hits are expected");
    assert!(shares(6, (0, 0)).is_none());
    assert!(shares(6, (7, 5)).is_none());
    assert!(share_change(&[(0, 100); 6], (0, 100)).is_none());
    assert!(count_change(&[4; 8], 40).is_none());
    assert!(count_change(&[], 40).is_none());
}

/// Of 1,200 worlds that never change, how many report anything: twelve series each, half of them
/// with weeks that spread more than chance.
fn false_reports(spread: f64) -> (u32, u32) {
    let mut reports = 0;
    let worlds = 1_200;
    for seed in 0..worlds {
        let mut rng = rng(u64::from(seed));
        let mut p = Vec::new();
        for series in 0..12 {
            let jitter = |rng: &mut rand_chacha::ChaCha8Rng| 1.0 + spread * (rng.random::<f64>() - 0.5);
            if series % 2 == 0 {
                let week = |rng: &mut _| {
                    let share = 0.15 * jitter(rng);
                    (binomial(rng, 150, share), 150)
                };
                let before: Vec<_> = (0..12).map(|_| week(&mut rng)).collect();
                p.extend(share_change(&before, week(&mut rng)).map(|c| c.p));
            } else {
                let week = |rng: &mut _| {
                    let mean = 40.0 * jitter(rng);
                    poisson(rng, mean)
                };
                let before: Vec<_> = (0..12).map(|_| week(&mut rng)).collect();
                p.extend(count_change(&before, week(&mut rng)).map(|c| c.p));
            }
        }
        assert!(p.len() >= 10);
        reports += u32::from(q_values(&p).iter().any(|q| *q <= 0.05));
    }
    (reports, worlds)
}

#[test]
fn worlds_without_change_report_one_in_twenty_at_most() {
    for spread in [0.0, 0.8] {
        let (reports, worlds) = false_reports(spread);
        let rate = f64::from(reports) / f64::from(worlds);
        println!("spread {spread}: {reports} of {worlds} worlds report something");
        assert!(rate <= 0.05, "spread {spread}: {rate}");
    }
}

#[test]
fn a_change_that_matters_is_found() {
    let mut found = 0;
    for seed in 0..200 {
        let mut rng = rng(9_000 + seed);
        let before: Vec<_> = (0..12).map(|_| (binomial(&mut rng, 400, 0.06), 400)).collect();
        let now = (binomial(&mut rng, 400, 0.12), 400);
        let mut p = vec![share_change(&before, now).unwrap().p];
        // Eleven others that found nothing.
        p.extend((1..12).map(|i| f64::from(i) / 12.0));
        found += u32::from(q_values(&p)[0] <= 0.05);
    }
    assert!(found >= 150, "{found} of 200");
}
