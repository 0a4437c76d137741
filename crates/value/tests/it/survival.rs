use proptest::prelude::*;
use throughline_value::survival::TimeCounts;

use crate::{draw, near};

fn counts(rows: &[(u32, bool)]) -> TimeCounts {
    let mut counts = TimeCounts::default();
    for &(time, event) in rows {
        if event { counts.event(time) } else { counts.censored(time) }
    }
    counts
}

/// Weeks of remission under 6-MP (Freireich et al. 1963), as in every textbook of the field.
fn remission() -> TimeCounts {
    let times = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35];
    let events = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0];
    counts(&times.into_iter().zip(events.map(|e| e == 1)).collect::<Vec<_>>())
}

// Golden: lifelines 0.30.3, KaplanMeierFitter().fit(t, e): survival_function_,
// confidence_interval_ (exponential Greenwood), median_survival_time_, median_survival_times(ci).
#[test]
fn as_lifelines() {
    let curve = remission().curve().unwrap();
    let golden = [
        (6, 0.857142857143, 0.619717955266, 0.951551747647),
        (7, 0.806722689076, 0.563146564622, 0.922809019203),
        (10, 0.752941176471, 0.503199510800, 0.889361835169),
        (13, 0.690196078431, 0.431610222486, 0.849065963349),
        (16, 0.627450980392, 0.367510855988, 0.804912189472),
        (22, 0.537815126050, 0.267778936767, 0.746790717635),
        (23, 0.448179271709, 0.188052005959, 0.680142628495),
    ];
    assert_eq!(curve.steps.len(), golden.len());
    for (step, (time, value, low, high)) in curve.steps.iter().zip(golden) {
        assert_eq!(step.time, time);
        near(step.standing.value, value, 1e-11);
        near(step.standing.low, low, 1e-11);
        near(step.standing.high, high, 1e-11);
    }
    let median = curve.quantile(0.5).unwrap();
    assert_eq!((median.value, median.low, median.high, median.n), (23, 13, None, 21));
    assert_eq!(curve.quantile(0.25).unwrap().value, 13);
    assert_eq!(curve.quantile(0.9), None);
    near(curve.happened(15).unwrap().value, 1.0 - 0.690196078431, 1e-11);
    assert_eq!(curve.standing(36), None);
}

#[test]
fn never_certain() {
    assert_eq!(TimeCounts::default().curve(), None);
    let nothing = counts(&[(5, false), (8, false), (9, false)]).curve().unwrap();
    let before = nothing.standing(6).unwrap();
    assert_eq!((before.value, before.high), (1.0, 1.0));
    assert!(before.low > 0.2 && before.low < 0.5, "{before:?}");
    let all = counts(&[(1, true), (2, true)]).curve().unwrap();
    let end = all.standing(2).unwrap();
    assert!(end.value == 0.0 && end.high > 0.3, "{end:?}");
}

#[test]
fn repeat_within_days_is_covered() {
    let mut rng = draw::rng(5);
    let truth = 1.0 - (-30.0_f64 / 60.0).exp();
    let covered = (0..1_000)
        .filter(|_| {
            let mut counts = TimeCounts::default();
            for _ in 0..80 {
                let repeat = draw::exponential(&mut rng) * 60.0;
                let followed = draw::exponential(&mut rng) * 80.0;
                // Days are whole; "within 30 days" is up to and including day 30.
                if repeat <= followed {
                    counts.event(repeat.ceil() as u32)
                } else {
                    counts.censored(followed.ceil() as u32)
                }
            }
            counts.curve().unwrap().happened(30).is_some_and(|share| share.contains(truth))
        })
        .count();
    assert!((930..=970).contains(&covered), "{covered}");
}

proptest! {
    #[test]
    fn without_censoring_it_is_the_share_left(times in prop::collection::vec(1_u32..20, 1..40), at in 0_u32..20) {
        let rows: Vec<_> = times.iter().map(|&time| (time, true)).collect();
        let curve = counts(&rows).curve().unwrap();
        if let Some(found) = curve.standing(at) {
            let left = times.iter().filter(|&&time| time > at).count() as f64 / times.len() as f64;
            prop_assert!((found.value - left).abs() < 1e-9);
            prop_assert!(found.low >= 0.0 && found.high <= 1.0 && found.low < found.high);
        } else {
            prop_assert!(times.iter().all(|&time| time < at));
        }
    }

    #[test]
    fn merging_forgets_order(rows in prop::collection::vec((0_u32..30, any::<bool>()), 0..40), cut in 0_usize..40) {
        let cut = cut.min(rows.len());
        let mut merged = counts(&rows[cut..]);
        merged.merge(&counts(&rows[..cut]));
        prop_assert_eq!(merged, counts(&rows));
    }
}
