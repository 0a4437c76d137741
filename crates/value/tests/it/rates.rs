use proptest::prelude::*;
use rand::Rng;
use throughline_value::rates::{Comparison, StrataTable, Stratum, rate_ratio, risk_ratio};

use crate::{draw, near};

/// (exposed events, exposed, unexposed events, unexposed)
fn strata(rows: &[(f64, f64, f64, f64)]) -> Vec<Stratum> {
    rows.iter()
        .map(|&(exposed_events, exposed, unexposed_events, unexposed)| Stratum {
            exposed,
            exposed_events,
            unexposed,
            unexposed_events,
        })
        .collect()
}

#[track_caller]
fn check(found: Comparison, ratio: [f64; 3], z: f64, p: f64, expected: f64) {
    near(found.ratio.value.unwrap(), ratio[0], 1e-12);
    near(found.ratio.low, ratio[1], 1e-12);
    near(found.ratio.high.unwrap(), ratio[2], 1e-12);
    near(found.z, z, 1e-12);
    assert!((found.p / p - 1.0).abs() < 1e-8, "{}", found.p);
    near(found.expected_events, expected, 1e-12);
    near(found.excess.value, found.exposed_events - expected, 1e-12);
}

// Golden: ratio, z² and p by statsmodels 0.15.0; the interval by the formula in numpy 2.4.6:
//   t = [(a, n1, b, n0), …]
//   T = StratifiedTable([np.array([[a, n1 - a], [b, n0 - b]]) for a, n1, b, n0 in t])
//   T.riskratio_pooled; T.test_null_odds(correction=False).statistic, .pvalue
//   v = (m*n1*n0/n**2 - a*b/n).sum()/((a*n0/n).sum()*(b*n1/n).sum()); rr*exp(±1.959963984540054*sqrt(v))
#[test]
fn risk_as_statsmodels() {
    // University Group Diabetes Program, tolbutamide, under and over 55 years (Rothman,
    // Epidemiology: RR 1.33).
    check(
        risk_ratio(strata(&[(8.0, 106.0, 5.0, 120.0), (22.0, 98.0, 16.0, 85.0)])).unwrap(),
        [1.3255553241551052, 0.7979070401464857, 2.2021323650351112],
        1.0915127975779517,
        0.27504730378470577,
        22.863725490196078,
    );
    check(
        risk_ratio(strata(&[
            (12.0, 200.0, 30.0, 900.0),
            (5.0, 40.0, 11.0, 300.0),
            (0.0, 25.0, 3.0, 60.0),
            (33.0, 150.0, 60.0, 700.0),
        ]))
        .unwrap(),
        [2.272673906662753, 1.6620355064719772, 3.1076632634579795],
        5.15127317975244,
        2.587240004021851e-07,
        22.24047619047619,
    );
}

// Golden: the formula in numpy 2.4.6 over published tables.
#[test]
fn rate_as_textbooks() {
    // Current and past clozapine users, 10–54 and 55–94 years (Rothman, Epidemiology: 0.47).
    check(
        rate_ratio(strata(&[(196.0, 62_119.0, 111.0, 15_763.0), (167.0, 6_085.0, 157.0, 2_780.0)])).unwrap(),
        [0.46887215559874845, 0.39983984476418555, 0.5498228882753623],
        -9.5454563234645,
        1.3550970320365423e-21,
        781.0792748659666,
    );
    // British doctors, coronary deaths by smoking in five age groups (Doll & Hill 1966: 1.42).
    check(
        rate_ratio(strata(&[
            (32.0, 52_407.0, 2.0, 18_790.0),
            (104.0, 43_248.0, 12.0, 10_673.0),
            (206.0, 28_612.0, 28.0, 5_710.0),
            (186.0, 12_663.0, 28.0, 2_585.0),
            (102.0, 5_317.0, 31.0, 1_462.0),
        ]))
        .unwrap(),
        [1.424682016751439, 1.1547031007467963, 1.7577841849928701],
        3.319065342652507,
        0.0009031929220332229,
        444.41019178241595,
    );
}

#[test]
fn one_stratum_is_the_crude_ratio() {
    let found = rate_ratio(strata(&[(20.0, 100.0, 30.0, 300.0)])).unwrap();
    near(found.ratio.value.unwrap(), 2.0, 1e-12);
    // Var ln RR = 1/a + 1/b for a single table of person-time.
    near(found.ratio.high.unwrap(), 2.0 * (1.959963984540054 * (1.0_f64 / 20.0 + 1.0 / 30.0).sqrt()).exp(), 1e-12);
    let found = risk_ratio(strata(&[(20.0, 100.0, 30.0, 300.0)])).unwrap();
    // 1/a − 1/n₁ + 1/b − 1/n₀ (Katz et al. 1978).
    let variance: f64 = 1.0 / 20.0 - 1.0 / 100.0 + 1.0 / 30.0 - 1.0 / 300.0;
    near(found.ratio.high.unwrap(), 2.0 * (1.959963984540054 * variance.sqrt()).exp(), 1e-12);
}

#[test]
fn what_cannot_be_compared_is_skipped() {
    let good = (20.0, 100.0, 30.0, 300.0);
    let clean = risk_ratio(strata(&[good])).unwrap();
    let mixed = risk_ratio(strata(&[
        (3.0, 10.0, 0.0, 0.0),
        good,
        (0.0, 0.0, 4.0, 9.0),
        (f64::NAN, 7.0, 0.0, 3.0),
        (9.0, 8.0, 0.0, 3.0),
    ]))
    .unwrap();
    assert_eq!(mixed, Comparison { left_out: 25.0, ..clean });
    assert_eq!(risk_ratio(strata(&[])), None);
    assert_eq!(risk_ratio(strata(&[(0.0, 10.0, 0.0, 10.0)])), None);
    assert_eq!(rate_ratio(strata(&[(5.0, 10.0, 0.0, 0.0)])), None);
}

#[test]
fn empty_cells_have_one_bound() {
    for compare in [rate_ratio, risk_ratio] as [fn(Vec<Stratum>) -> Option<Comparison>; 2] {
        let never = compare(strata(&[(0.0, 50.0, 8.0, 50.0), (0.0, 20.0, 4.0, 30.0)])).unwrap();
        assert_eq!((never.ratio.value, never.ratio.low), (Some(0.0), 0.0));
        assert!((0.05..0.6).contains(&never.ratio.high.unwrap()), "{never:?}");
        assert!(never.p < 0.01 && never.excess.high < 0.0);

        let only = compare(strata(&[(8.0, 50.0, 0.0, 50.0), (4.0, 30.0, 0.0, 20.0)])).unwrap();
        assert_eq!((only.ratio.value, only.ratio.high), (None, None));
        assert!(only.ratio.low > 1.5 && only.p < 0.01, "{only:?}");
        assert!(only.excess.low > 0.0 && only.excess.high > only.excess.value);
    }
    // Everybody did it: nothing to tell apart, and still no certainty.
    let all = risk_ratio(strata(&[(5.0, 5.0, 7.0, 7.0)])).unwrap();
    assert_eq!((all.ratio.value, all.p), (Some(1.0), 1.0));
    assert!(all.ratio.low < 0.5 && all.ratio.high.unwrap() > 2.0, "{all:?}");
}

#[test]
fn bound_of_an_empty_cell_inverts_the_score_test() {
    // One stratum, equal times, 0 of 10 events: share ≤ u with (0 − 10u)² = z²·10u(1 − u), so
    // u = z²/(10 + z²), Wilson's end, and θ = u/(1 − u) = z²/10.
    let found = rate_ratio(strata(&[(0.0, 50.0, 10.0, 50.0)])).unwrap();
    near(found.ratio.high.unwrap(), 1.959963984540054_f64.powi(2) / 10.0, 1e-9);
}

#[test]
fn tables_merge() {
    let mut table = StrataTable::<u32>::default();
    let mut other = table.clone();
    table.stratum(1).merge(&Stratum { exposed: 3.0, ..Stratum::default() });
    other.stratum(1).unexposed += 5.0;
    other.stratum(0).exposed_events += 1.0;
    table.merge(&other);
    let found: Vec<Stratum> = table.strata().collect();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1], Stratum { exposed: 3.0, unexposed: 5.0, ..Stratum::default() });
}

/// Coverage of ratio and excess, and how often p < 0.05 without an effect, over simulated worlds.
fn simulate(truth: f64, person_time: bool) -> [f64; 3] {
    let mut rng = draw::rng(77 + truth.to_bits() % 97 + u64::from(person_time));
    let (mut ratio, mut excess, mut flagged, worlds) = (0, 0, 0, 2_000);
    for _ in 0..worlds {
        let mut affected = 0.0;
        let world: Vec<Stratum> = (0..8)
            .map(|i| {
                let (t1, t0) = (f64::from(rng.random_range(10..60)), f64::from(rng.random_range(20..200)));
                let rate = 0.04 + 0.03 * f64::from(i);
                affected += t1 * rate * (truth - 1.0);
                let mut events = |time: f64, rate: f64| {
                    if person_time {
                        draw::poisson(&mut rng, time * rate)
                    } else {
                        draw::binomial(&mut rng, time as u64, rate)
                    }
                };
                let (a, b) = (events(t1, rate * truth), events(t0, rate));
                Stratum { exposed: t1, exposed_events: a as f64, unexposed: t0, unexposed_events: b as f64 }
            })
            .collect();
        let found = if person_time { rate_ratio(world) } else { risk_ratio(world) }.unwrap();
        ratio += u32::from((found.ratio.low..=found.ratio.high.unwrap()).contains(&truth));
        excess += u32::from(found.excess.contains(affected));
        flagged += u32::from(found.p < 0.05);
    }
    [ratio, excess, flagged].map(|count| f64::from(count) / f64::from(worlds))
}

#[test]
fn intervals_cover_with_unequal_exposure() {
    for person_time in [true, false] {
        for truth in [1.0, 1.8] {
            let [ratio, excess, flagged] = simulate(truth, person_time);
            assert!((0.93..=0.97).contains(&ratio), "ratio {truth} {person_time}: {ratio}");
            assert!((0.93..=0.97).contains(&excess), "excess {truth} {person_time}: {excess}");
            if truth == 1.0 {
                assert!((0.035..=0.065).contains(&flagged), "{flagged}");
            } else {
                assert!(flagged > 0.9, "{flagged}");
            }
        }
    }
}

proptest! {
    #[test]
    fn swapping_the_groups_inverts(rows in prop::collection::vec((1_u32..20, 20_u32..90, 1_u32..20, 20_u32..90), 1..6)) {
        let there: Vec<_> = rows.iter().map(|&(a, n, b, m)| (a.into(), n.into(), b.into(), m.into())).collect();
        let back: Vec<_> = there.iter().map(|&(a, n, b, m)| (b, m, a, n)).collect();
        for compare in [rate_ratio, risk_ratio] as [fn(Vec<Stratum>) -> Option<Comparison>; 2] {
            let (x, y) = (compare(strata(&there)).unwrap(), compare(strata(&back)).unwrap());
            prop_assert!((x.ratio.value.unwrap() * y.ratio.value.unwrap() - 1.0).abs() < 1e-9);
            prop_assert!((x.ratio.low * y.ratio.high.unwrap() - 1.0).abs() < 1e-9);
            prop_assert!((x.z + y.z).abs() < 1e-9);
            prop_assert!(x.excess.contains(x.excess.value));
        }
    }

    #[test]
    fn never_certain_and_never_not_a_number(rows in prop::collection::vec((0_u32..4, 0_u32..6, 0_u32..4, 0_u32..6), 0..6)) {
        let rows: Vec<_> = rows.iter().map(|&(a, n, b, m)| (a.into(), n.into(), b.into(), m.into())).collect();
        for compare in [rate_ratio, risk_ratio] as [fn(Vec<Stratum>) -> Option<Comparison>; 2] {
            let Some(found) = compare(strata(&rows)) else { continue };
            prop_assert!((0.0..=1.0).contains(&found.p) && found.ratio.low >= 0.0);
            if let (Some(value), Some(high)) = (found.ratio.value, found.ratio.high) {
                prop_assert!(found.ratio.low <= value && value <= high && found.ratio.low < high);
            }
            prop_assert!(found.excess.low < found.excess.high && found.excess.low.is_finite());
        }
    }
}
