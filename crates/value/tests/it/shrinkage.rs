use proptest::prelude::*;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use throughline_value::distribution::normal_quantile;
use throughline_value::multiplicity::q_values;
use throughline_value::shrinkage::{Observed, Profile, Sums, Tally, fisher, means, normal, rates};

use crate::{draw, near};

/// Made by `tests/vectors/shrinkage.py` with scipy.
fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/shrinkage.json")).unwrap()
}

fn pairs(of: &Value) -> Vec<(f64, f64)> {
    let pair = |p: &Value| (p[0].as_f64().unwrap(), p[1].as_f64().unwrap());
    of.as_array().unwrap().iter().map(pair).collect()
}

/// Values to a thousandth of their interval, ends to three hundredths: the average over the spread
/// is taken on 48 points here and by adaptive quadrature there.
#[track_caller]
fn check(name: &str, found: &Profile, expected: &Value) {
    near(found.mean.value, expected["mean"].as_f64().unwrap(), 1e-4);
    near(found.between.value, expected["between"].as_f64().unwrap(), 1e-3);
    for (at, (unit, wanted)) in found.units.iter().zip(expected["units"].as_array().unwrap()).enumerate() {
        let (unit, wanted) = (unit.unwrap(), |i: usize| wanted[i].as_f64().unwrap());
        let width = wanted(2) - wanted(1);
        for (what, found, expected, share) in [
            ("value", unit.estimate.value, wanted(0), 0.001),
            ("low", unit.estimate.low, wanted(1), 0.03),
            ("high", unit.estimate.high, wanted(2), 0.03),
        ] {
            assert!((found - expected).abs() < share * width, "{name} {at} {what}: {found}, expected {expected}");
        }
    }
}

#[test]
fn shares_as_scipy() {
    for (name, expected) in vectors()["rates"].as_object().unwrap() {
        let tallies: Vec<Tally> =
            pairs(&expected["tallies"]).iter().map(|&(x, n)| Tally { events: x as u64, n: n as u64 }).collect();
        let found = rates(&tallies).unwrap();
        check(name, &found, expected);
        for (unit, wanted) in found.units.iter().zip(expected["units"].as_array().unwrap()) {
            near(unit.unwrap().p, wanted[3].as_f64().unwrap(), 1e-9);
        }
    }
}

#[test]
fn means_as_scipy() {
    for (name, expected) in vectors()["means"].as_object().unwrap() {
        let observed: Vec<Observed> = pairs(&expected["observed"])
            .iter()
            .map(|&(mean, variance)| Observed { mean, variance, freedom: f64::INFINITY, n: 1 })
            .collect();
        let found = normal(&observed).unwrap();
        check(name, &found, expected);
        near(found.differ_p, expected["differ_p"].as_f64().unwrap(), 1e-9);
    }
}

/// Eight schools (Rubin 1981): no spread is most likely, so all stand at 7.69.
#[test]
fn with_no_spread_all_stand_at_the_mean() {
    let schools = [
        (28.0, 15.0),
        (8.0, 10.0),
        (-3.0, 16.0),
        (7.0, 11.0),
        (-1.0, 9.0),
        (1.0, 11.0),
        (18.0, 10.0),
        (12.0, 18.0_f64),
    ];
    let observed: Vec<Observed> =
        schools.iter().map(|&(mean, sd)| Observed { mean, variance: sd * sd, freedom: f64::INFINITY, n: 1 }).collect();
    let found = normal(&observed).unwrap();
    assert_eq!(found.between.value, 0.0);
    assert!(!found.differ());
    for unit in found.units.iter().flatten() {
        near(unit.estimate.value, 7.685617, 1e-6);
        assert!(unit.estimate.low < unit.raw.min(7.7) + 20.0 && unit.estimate.half_width() > 5.0);
    }
    let same = rates(&[Tally { events: 30, n: 300 }; 9]).unwrap();
    assert_eq!(same.between.value, 0.0);
    assert!(!same.differ());
    same.units.iter().flatten().for_each(|u| near(u.estimate.value, 0.1, 1e-3));
}

#[test]
fn three_of_three_is_no_champion() {
    let mut tallies = vec![Tally { events: 3, n: 3 }, Tally { events: 0, n: 3 }, Tally { events: 0, n: 0 }];
    tallies.extend((0..40).map(|i| Tally { events: 60 + 4 * (i % 21), n: 1_000 }));
    let found = rates(&tallies).unwrap();
    let unit = |i: usize| found.units[i].unwrap();
    assert!(unit(0).estimate.value < 0.2 && unit(0).raw == 1.0, "{:?}", unit(0));
    assert!(unit(1).estimate.value > 0.05 && unit(1).p > 0.5);
    assert_eq!(found.units[2], None);
    assert!(found.differ() && found.units[3].unwrap().above < 0.01);
}

#[test]
fn what_cannot_be_said_is_not() {
    assert_eq!(rates(&[]), None);
    assert_eq!(rates(&[Tally { events: 0, n: 0 }; 3]), None);
    assert_eq!(rates(&[Tally { events: 2, n: 1 }]), None);
    assert_eq!(means(&[Sums::default(); 2], (1.0, 5.0)), None);
    assert_eq!(normal(&[]), None);
    let alone = rates(&[Tally { events: 3, n: 3 }]).unwrap();
    near(alone.units[0].unwrap().estimate.low, 0.438, 2e-3);
    // All of all, and never: intervals, not certainty.
    for events in [0, 5] {
        let found = rates(&[Tally { events, n: 5 }; 4]).unwrap();
        assert!(found.units.iter().flatten().all(|u| u.estimate.half_width() > 0.02 && u.p == 1.0), "{found:?}");
    }
    let mut fives = Sums::default();
    (0..4).for_each(|_| fives.add(5_000));
    let found = means(&[fives; 3], (1_000.0, 5_000.0)).unwrap();
    assert!(found.units.iter().flatten().all(|u| u.estimate.low < 4_900.0 && u.estimate.value <= 5_000.0), "{found:?}");
}

/// Weeks of three answers, all alike, either five or one: chance is not called a difference.
#[test]
fn small_units_that_are_equal_differ_as_often_as_the_level_says() {
    let mut rng = draw::rng(8);
    let mut differ = 0;
    for _ in 0..400 {
        let weeks: Vec<Sums> = (0..40)
            .map(|_| {
                let mut s = Sums::default();
                (0..1 + rng.random_range(0..5_u32))
                    .for_each(|_| s.add(if rng.random::<f64>() < 0.4 { -100_000 } else { 100_000 }));
                s
            })
            .collect();
        differ += u32::from(means(&weeks, (-100_000.0, 100_000.0)).unwrap().differ());
    }
    assert!((8..=36).contains(&differ), "{differ} of 400");
    // A table of analysis of variance: F = 9.264706 on 2 and 15 degrees of freedom, p = 0.0023988.
    let groups = [[6, 8, 4, 5, 3, 4], [8, 12, 9, 11, 6, 8], [13, 9, 11, 8, 7, 12]];
    let sums = groups.map(|g| {
        g.into_iter().fold(Sums::default(), |mut s, x| {
            s.add(x);
            s
        })
    });
    near(means(&sums, (0.0, 20.0)).unwrap().differ_p, 0.002_398_8, 1e-4);
}

#[test]
fn fisher_as_r() {
    // fisher.test(matrix(c(3, 1, 1, 3), 2)): the tail is 17/70; two-sided by doubling.
    near(fisher(Tally { events: 3, n: 4 }, Tally { events: 1, n: 4 }), 34.0 / 70.0, 1e-12);
    // phyper(0, 10, 90, 20): none of 20.
    near(fisher(Tally { events: 0, n: 20 }, Tally { events: 10, n: 80 }), 2.0 * 0.095_116_271_2, 1e-6);
    assert_eq!(fisher(Tally { events: 0, n: 0 }, Tally { events: 1, n: 4 }), 1.0);
}

/// A draw from Gamma(shape, 1) (Marsaglia & Tsang 2000; below 1 by Ahrens's boost).
fn gamma(rng: &mut ChaCha8Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        return gamma(rng, shape + 1.0) * rng.random::<f64>().powf(1.0 / shape);
    }
    let (d, c) = (shape - 1.0 / 3.0, 1.0 / (9.0 * shape - 3.0).sqrt());
    loop {
        let x = normal_quantile(rng.random::<f64>().max(1e-300));
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && rng.random::<f64>().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// The share of units whose interval holds the truth, and of worlds in which one is flagged wrongly
/// (all units equal) or at all.
fn simulate_rates(worlds: u32, units: usize, mean: f64, worth: f64, seed: u64) -> (f64, f64) {
    let mut rng = draw::rng(seed);
    let (mut held, mut all, mut flagged) = (0_u32, 0_u32, 0_u32);
    for _ in 0..worlds {
        let (mut truths, mut tallies) = (Vec::new(), Vec::new());
        for _ in 0..units {
            let truth = if worth.is_finite() {
                let (a, b) = (gamma(&mut rng, worth * mean), gamma(&mut rng, worth * (1.0 - mean)));
                a / (a + b)
            } else {
                mean
            };
            let n = (8.0 / (1.0 - rng.random::<f64>()).powf(0.8)) as u64 % 400 + 1;
            tallies.push(Tally { events: draw::binomial(&mut rng, n, truth), n });
            truths.push(truth);
        }
        let found = rates(&tallies).unwrap();
        for (unit, truth) in found.units.iter().zip(&truths) {
            held += u32::from(unit.unwrap().estimate.contains(*truth));
            all += 1;
        }
        let p: Vec<f64> = found.units.iter().map(|u| u.unwrap().p).collect();
        flagged += u32::from(q_values(&p).iter().any(|q| *q < 0.05));
    }
    (f64::from(held) / f64::from(all), f64::from(flagged) / f64::from(worlds))
}

fn simulate_means(worlds: u32, units: usize, between: f64, seed: u64) -> (f64, f64) {
    let mut rng = draw::rng(seed);
    let (mut held, mut all, mut flagged) = (0_u32, 0_u32, 0_u32);
    for _ in 0..worlds {
        let (mut truths, mut sums) = (Vec::new(), Vec::new());
        for _ in 0..units {
            // Four stars or five, or now and then one: a mean moved by moving the shares.
            let z = normal_quantile(rng.random::<f64>().clamp(1e-12, 1.0 - 1e-12));
            let upset = (0.14 - between * z / 3.4).clamp(0.0, 0.6);
            let mut s = Sums::default();
            let n = (6.0 / (1.0 - rng.random::<f64>()).powf(0.8)) as u64 % 300 + 1;
            for _ in 0..n {
                let star = if rng.random::<f64>() < upset {
                    1
                } else if rng.random::<f64>() < 0.4 {
                    4
                } else {
                    5
                };
                s.add(star * 1_000);
            }
            truths.push(1_000.0 * (upset + (1.0 - upset) * (0.4 * 4.0 + 0.6 * 5.0)));
            sums.push(s);
        }
        let found = means(&sums, (1_000.0, 5_000.0)).unwrap();
        for (unit, truth) in found.units.iter().zip(&truths) {
            held += u32::from(unit.unwrap().estimate.contains(*truth));
            all += 1;
        }
        let p: Vec<f64> = found.units.iter().map(|u| u.unwrap().p).collect();
        flagged += u32::from(q_values(&p).iter().any(|q| *q < 0.05));
    }
    (f64::from(held) / f64::from(all), f64::from(flagged) / f64::from(worlds))
}

#[test]
fn intervals_cover_what_they_promise() {
    let full = std::env::var_os("THROUGHLINE_FULL").is_some();
    let (worlds, slack) = if full { (2_000, 0.0) } else { (60, 0.02) };
    let mut told = Vec::new();
    for (units, mean, worth) in [(6, 0.1, 30.0), (25, 0.08, 40.0), (25, 0.3, 12.0), (80, 0.05, 60.0)] {
        let (covered, _) = simulate_rates(worlds, units, mean, worth, 11 + units as u64);
        told.push((format!("{units} shares about {mean}, a prior worth {worth}"), covered));
    }
    for (units, between) in [(6, 0.3), (25, 0.2), (80, 0.3)] {
        told.push((
            format!("{units} means, {between} between"),
            simulate_means(worlds, units, between, 5 + units as u64).0,
        ));
    }
    told.iter().for_each(|(what, covered)| println!("{what}: {covered:.4}"));
    for (what, covered) in told {
        assert!((0.93 - slack..=0.97 + slack).contains(&covered), "{what}: {covered}");
    }
}

/// Where nothing differs, intervals are on the safe side, and hardly ever is anybody flagged.
#[test]
fn where_nothing_differs_nobody_is_flagged() {
    let full = std::env::var_os("THROUGHLINE_FULL").is_some();
    let worlds = if full { 2_000 } else { 100 };
    let (covered, flagged) = simulate_rates(worlds, 25, 0.1, f64::INFINITY, 3);
    assert!(covered > 0.95 && flagged < 0.06, "{covered} {flagged}");
    let (covered, flagged) = simulate_means(worlds, 25, 0.0, 4);
    assert!(covered > 0.94 && flagged < 0.09, "{covered} {flagged}");
}

/// Rounding in the sum of a scan put the value a hair above the scale.
#[test]
fn units_of_the_best_answers_only_stay_on_the_scale() {
    let unit = |n: usize| {
        let mut sums = Sums::default();
        (0..n).for_each(|_| sums.add(5_000));
        sums
    };
    for (a, b) in [(2, 1), (1, 2), (3, 1), (7, 4), (1, 1)] {
        let found = means(&[unit(a), unit(b)], (1_000.0, 5_000.0)).unwrap();
        for unit in found.units.iter().flatten() {
            let e = unit.estimate;
            assert!(e.low >= 1_000.0 && e.low <= e.value && e.value <= e.high && e.high <= 5_000.0, "{a} {b}: {e:?}");
        }
    }
}

proptest! {
    #[test]
    fn never_outside_and_never_not_a_number(tallies in prop::collection::vec((0_u64..40, 0_u64..30), 1..12)) {
        let tallies: Vec<Tally> = tallies.iter().map(|&(x, more)| Tally { events: x, n: x + more }).collect();
        let Some(found) = rates(&tallies) else { return Ok(()) };
        for (unit, tally) in found.units.iter().zip(&tallies) {
            prop_assert_eq!(unit.is_some(), tally.n > 0);
            let Some(unit) = unit else { continue };
            let e = unit.estimate;
            prop_assert!(0.0 <= e.low && e.low <= e.value && e.value <= e.high && e.high <= 1.0 && e.low < e.high, "{:?}", unit);
            // Between what was seen and the mean (half an event is added to the mean).
            let (low, high) = (unit.raw.min(found.mean.value), unit.raw.max(found.mean.value));
            prop_assert!(e.value >= low - 1e-9 && e.value <= high + 1e-9 || tallies.iter().filter(|t| t.n > 0).count() == 1);
            prop_assert!((0.0..=1.0).contains(&unit.p) && (0.0..=1.0).contains(&unit.above));
        }
    }

    #[test]
    fn the_order_of_units_is_nothing(answers in prop::collection::vec(prop::collection::vec(1_i64..6, 0..9), 2..8)) {
        let sums: Vec<Sums> = answers.iter().map(|a| { let mut s = Sums::default(); a.iter().for_each(|x| s.add(x * 1_000)); s }).collect();
        let back: Vec<Sums> = sums.iter().rev().copied().collect();
        match (means(&sums, (1_000.0, 5_000.0)), means(&back, (1_000.0, 5_000.0))) {
            (None, None) => {}
            (Some(a), Some(b)) => for (x, y) in a.units.iter().zip(b.units.iter().rev()) {
                prop_assert_eq!(x.is_some(), y.is_some());
                let (Some(x), Some(y)) = (x, y) else { continue };
                prop_assert!((x.estimate.value - y.estimate.value).abs() < 1e-3 && x.estimate.low >= 1_000.0 && x.estimate.high <= 5_000.0);
            },
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
