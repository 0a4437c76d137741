use proptest::prelude::*;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use throughline_value::distribution::normal_quantile;
use throughline_value::interval::{SignedForm, mean_on_scale, signed_share, wilson};
use throughline_value::scores::*;

use crate::{draw, near};

fn answers(scale: Scale, rows: &[(f64, u64)]) -> ScoreCounts {
    let mut counts = ScoreCounts::new(scale);
    for &(answer, times) in rows {
        counts.add_many(answer, times).unwrap();
    }
    counts
}

fn wave(promoters: u64, passives: u64, detractors: u64) -> ScoreCounts {
    answers(Scale::NPS, &[(9.0, promoters), (8.0, passives), (0.0, detractors)])
}

// Golden: statsmodels 0.15.0, proportion_confint(k, n, method="wilson").
#[test]
fn wilson_as_statsmodels() {
    for (k, n, low, high) in [
        (80, 100, 0.7111708344068411, 0.8666330666689676),
        (3, 3, 0.43850296824495444, 1.0),
        (0, 5, 0.0, 0.43448246478317487),
        (1, 2, 0.09453120573423068, 0.9054687942657693),
    ] {
        let found = wilson(k, n).unwrap();
        near(found.low, low, 1e-14);
        near(found.high, high, 1e-14);
    }
    assert_eq!(wilson(0, 0), None);
    assert_eq!(wilson(2, 1), None);
}

#[test]
fn nps_vectors() {
    for (times, reach) in [(1, 15.31), (10, 4.84)] {
        let found = nps(&wave(50 * times, 30 * times, 20 * times)).unwrap();
        near(found.score.value, 30.0, 1e-12);
        assert!((found.score.half_width() - reach).abs() < 0.005, "{found:?}");
        assert_eq!(found.form, SignedForm::Wald);
    }
    let mut single = wave(1, 0, 0);
    single.skip();
    single.skip();
    let found = nps(&single).unwrap();
    assert_eq!((found.score.value, found.score.n, single.skipped()), (100.0, 1, 2));
    // (1 + ¾, 1½, ¾) of 4: 25 ± 1.96·√(0.5625/4).
    assert_eq!(found.form, SignedForm::AdjustedWald);
    near(found.score.low, 25.0 - 195.9963984540054 * 0.375, 1e-12);
    assert_eq!(found.score.high, 100.0);
    assert_eq!(nps(&wave(40, 60, 0)).unwrap().form, SignedForm::AdjustedWald);
    assert_eq!(nps(&wave(0, 0, 0)), None);
    assert_eq!(nps(&answers(Scale::FIVE, &[(5.0, 9)])), None);
}

#[test]
fn csat_vectors() {
    let found = csat(&answers(Scale::FIVE, &[(5.0, 50), (4.0, 30), (3.0, 20)])).unwrap();
    near(found.value, 80.0, 1e-12);
    assert!((found.low - 71.1).abs() < 0.05 && (found.high - 86.7).abs() < 0.05, "{found:?}");
    let found = csat(&answers(Scale::FIVE, &[(5.0, 3)])).unwrap();
    assert!((found.low - 43.8).abs() < 0.06 && found.high == 100.0, "{found:?}");
    let percent = answers(Scale::new(0.0, 100.0).unwrap(), &[(74.9, 1), (75.0, 1), (100.0, 2)]);
    near(csat(&percent).unwrap().value, 75.0, 1e-12);
    assert_eq!(csat(&ScoreCounts::new(Scale::FIVE)), None);
}

#[test]
fn effort_stars_and_sentiment() {
    let found = ces(&answers(Scale::SEVEN, &[(7.0, 4), (5.0, 3), (4.0, 2), (1.0, 1)])).unwrap();
    near(found.mean.value, 5.2, 1e-12);
    near(found.agree.value, 70.0, 1e-12);
    // s² = (4·1.8² + 3·0.2² + 2·1.2² + 4.2²)/9 = 3.7333, t(9) = 2.262157.
    near(found.mean.half_width(), 2.2621571627409915 * (33.6_f64 / 9.0 / 10.0).sqrt(), 1e-9);

    let reviews = answers(Scale::FIVE, &[(5.0, 2), (1.0, 2)]);
    let found = stars(&reviews).unwrap();
    assert_eq!((found.mean.value, found.distribution), (3.0, vec![(1.0, 2), (5.0, 2)]));
    near(bayesian_mean(&reviews, 4.0, 4.0).unwrap(), 3.5, 1e-12);
    near(bayesian_mean(&ScoreCounts::new(Scale::FIVE), 4.0, 4.0).unwrap(), 4.0, 1e-12);
    assert_eq!(bayesian_mean(&ScoreCounts::new(Scale::FIVE), 4.0, 0.0), None);

    let texts = SentimentCounts { positive: 60, neutral: 30, negative: 10, unreadable: 25 };
    let found = sentiment(&texts).unwrap();
    near(found.index.value, 50.0, 1e-12);
    near(found.coverage.value, 80.0, 1e-12);
    assert_eq!((found.positive.n, found.coverage.n), (100, 125));
    assert_eq!(sentiment(&SentimentCounts { unreadable: 3, ..SentimentCounts::default() }), None);
}

#[test]
fn equal_answers_are_not_certainty() {
    let found = mean(&answers(Scale::FIVE, &[(5.0, 3)])).unwrap();
    assert!(found.value == 5.0 && found.high == 5.0 && (2.0..3.0).contains(&found.low), "{found:?}");
    assert_eq!(mean_on_scale(3.0, 0.0, 0, (1.0, 5.0)), None);
}

#[test]
fn answers_stay_on_their_scale() {
    let mut counts = ScoreCounts::new(Scale::FIVE);
    for wrong in [0.0, 5.5, f64::NAN, f64::INFINITY] {
        assert_eq!(counts.add(wrong), Err(ScoresError::OutOfScale));
    }
    assert_eq!(counts.n(), 0);
    assert_eq!(counts.merge(&ScoreCounts::new(Scale::NPS)), Err(ScoresError::OtherScale));
    assert_eq!(Scale::new(5.0, 1.0), Err(ScoresError::NoScale));
    assert!(serde_json::from_str::<Scale>("[5000,1000]").is_err());
}

/// Draws a wave of `n` answers with promoters and detractors at the given shares.
fn draw_wave(rng: &mut ChaCha8Rng, n: u64, (p, d): (f64, f64)) -> (u64, u64, u64) {
    let (mut up, mut down) = (0, 0);
    for _ in 0..n {
        let u = rng.random::<f64>();
        up += u64::from(u < p);
        down += u64::from(u >= 1.0 - d);
    }
    (up, n - up - down, down)
}

#[test]
fn nps_interval_covers() {
    let mut rng = draw::rng(1);
    for (n, shares) in [(30, (0.5, 0.2)), (30, (0.3, 0.4)), (60, (0.6, 0.1)), (200, (0.5, 0.2)), (500, (0.2, 0.2))] {
        let worlds = 4_000;
        let covered = (0..worlds)
            .filter(|_| {
                let (up, between, down) = draw_wave(&mut rng, n, shares);
                signed_share(up, between, down).unwrap().estimate.contains(shares.0 - shares.1)
            })
            .count();
        let share = covered as f64 / f64::from(worlds);
        assert!((0.93..=0.97).contains(&share), "n = {n}, {shares:?}: {share}");
    }
}

#[test]
fn csat_and_mean_intervals_cover() {
    let mut rng = draw::rng(2);
    let shares = [0.05, 0.1, 0.2, 0.4, 0.25];
    let truth_mean: f64 = shares.iter().zip(1..).map(|(share, stars)| share * f64::from(stars)).sum();
    let (mut tops, mut means, worlds) = (0, 0, 3_000);
    for _ in 0..worlds {
        let mut counts = [0_u64; 5];
        for _ in 0..50 {
            let mut u = rng.random::<f64>();
            let star = shares
                .iter()
                .position(|share| {
                    u -= share;
                    u < 0.0
                })
                .unwrap_or(4);
            counts[star] += 1;
        }
        let counts =
            answers(Scale::FIVE, &counts.iter().enumerate().map(|(i, &c)| (i as f64 + 1.0, c)).collect::<Vec<_>>());
        tops += u32::from(csat(&counts).unwrap().contains(65.0));
        means += u32::from(mean(&counts).unwrap().contains(truth_mean));
    }
    for covered in [tops, means] {
        let share = f64::from(covered) / f64::from(worlds);
        assert!((0.93..=0.97).contains(&share), "{share}");
    }
}

#[test]
fn unchanged_waves_are_flagged_at_five_percent() {
    let mut rng = draw::rng(4);
    for (n, m, shares) in [(100, 100, (0.5, 0.2)), (60, 140, (0.4, 0.3))] {
        let flagged = (0..10_000)
            .filter(|_| {
                let (a, b) = (draw_wave(&mut rng, n, shares), draw_wave(&mut rng, m, shares));
                nps_change(&wave(a.0, a.1, a.2), &wave(b.0, b.1, b.2)).unwrap().changed()
            })
            .count();
        assert!((400..=600).contains(&flagged), "{flagged}");
    }
}

#[test]
fn change_by_hand() {
    let found = nps_change(&wave(50, 30, 20), &wave(60, 30, 10)).unwrap();
    near(found.difference.value, 20.0, 1e-12);
    // SE² = 0.61/100 and 0.45/100.
    near(found.z, 0.2 / (0.0106_f64).sqrt(), 1e-12);
    near(found.difference.half_width(), 100.0 * normal_quantile(0.975) * (0.0106_f64).sqrt(), 1e-12);
    assert_eq!(nps_change(&wave(0, 0, 0), &wave(1, 0, 0)), None);
}

proptest! {
    #[test]
    fn merging_forgets_order(rows in prop::collection::vec(0_u32..=100, 0..60), cut in 0_usize..60) {
        let fill = |rows: &mut dyn Iterator<Item = &u32>| {
            let mut counts = ScoreCounts::new(Scale::NPS);
            rows.for_each(|&tenths| counts.add(f64::from(tenths) / 10.0).unwrap());
            counts
        };
        let cut = cut.min(rows.len());
        let mut merged = fill(&mut rows[cut..].iter().rev());
        merged.merge(&fill(&mut rows[..cut].iter())).unwrap();
        let whole = fill(&mut rows.iter());
        prop_assert_eq!(nps(&merged), nps(&whole));
        prop_assert_eq!(mean(&merged), mean(&whole));
        let text = serde_json::to_string(&merged).unwrap();
        prop_assert_eq!(serde_json::from_str::<ScoreCounts>(&text).unwrap(), whole);
    }

    #[test]
    fn intervals_hold_their_value_and_have_width(up in 0_u64..50, between in 0_u64..50, down in 0_u64..50) {
        let counts = wave(up, between, down);
        match (nps(&counts), mean(&counts), csat(&counts)) {
            (Some(score), Some(mean), Some(csat)) => {
                for (found, min, max) in [(score.score, -100.0, 100.0), (mean, 0.0, 10.0), (csat, 0.0, 100.0)] {
                    prop_assert!(found.contains(found.value) && found.high > found.low);
                    prop_assert!(found.low >= min && found.high <= max);
                }
            }
            nothing => prop_assert!(up + between + down == 0 && nothing == (None, None, None)),
        }
    }

    #[test]
    fn moments_equal_the_slow_ones(rows in prop::collection::vec(1_u32..=7, 2..40)) {
        let mut counts = ScoreCounts::new(Scale::SEVEN);
        rows.iter().for_each(|&row| counts.add(f64::from(row)).unwrap());
        let n = rows.len() as f64;
        let average = rows.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let variance = rows.iter().map(|&x| (f64::from(x) - average).powi(2)).sum::<f64>() / (n - 1.0);
        let oracle = mean_on_scale(average, variance, rows.len() as u64, (1.0, 7.0)).unwrap();
        let found = mean(&counts).unwrap();
        prop_assert!((found.value - oracle.value).abs() < 1e-9 && (found.low - oracle.low).abs() < 1e-6);
    }
}
