use proptest::prelude::*;
use rand::Rng;
use throughline_value::bootstrap::{ResampledSums, Resampling, bca, percentile};

use crate::{draw, near};

fn mean(sums: &[i64]) -> Option<f64> {
    (sums[0] > 0).then(|| sums[1] as f64 / sums[0] as f64)
}

#[test]
fn weights_are_poisson_and_independent() {
    let design = Resampling { seed: 9, replicates: 50 };
    let (mut sum, mut squares, mut cross, mut zero, mut n) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for unit in 0..4_000_u64 {
        let weights: Vec<f64> = design.weights(unit).map(f64::from).collect();
        let next: Vec<f64> = design.weights(unit + 1).map(f64::from).collect();
        for (i, w) in weights.iter().enumerate() {
            n += 1.0;
            sum += w;
            squares += (w - 1.0) * (w - 1.0);
            cross += (w - 1.0) * (next[i] - 1.0) + (w - 1.0) * (weights[(i + 1) % 50] - 1.0);
            zero += f64::from(*w == 0.0);
        }
    }
    near(sum / n, 1.0, 0.01);
    near(squares / n, 1.0, 0.02);
    near(zero / n, (-1.0_f64).exp(), 0.005);
    near(cross / n, 0.0, 0.02);
}

/// Sums on disk hold these weights: another generator needs another format version.
#[test]
fn weights_are_kept_for_ever() {
    let design = Resampling { seed: 1, replicates: 12 };
    assert_eq!(design.weights(42).collect::<Vec<_>>(), [1, 0, 0, 0, 2, 1, 1, 0, 0, 0, 1, 3]);
}

#[test]
fn nothing_is_said_about_nothing() {
    let empty = ResampledSums::new(Resampling { seed: 1, replicates: 20 }, 2);
    assert_eq!(empty.percentile(mean), None);
    assert_eq!(empty.bca(mean), None);
    assert_eq!(percentile(&mut []), None);
    assert_eq!(bca(1.0, &mut [], &[]), None);
}

/// Efron's BCa by hand: 999 replicates 1…999, 600 of them below the value, no acceleration.
#[test]
fn bca_by_hand() {
    let mut replicates: Vec<f64> = (1..=999).map(f64::from).collect();
    let (low, high) = bca(600.5, &mut replicates, &[]).unwrap();
    // z₀ = Φ⁻¹(600/999); the ends lie at 1000·Φ(2z₀ ∓ 1.96).
    let z0 = throughline_value::distribution::normal_quantile(600.0 / 999.0);
    near(low, 1_000.0 * throughline_value::distribution::normal_cdf(2.0 * z0 - 1.959963984540054), 1e-9);
    near(high, 1_000.0 * throughline_value::distribution::normal_cdf(2.0 * z0 + 1.959963984540054), 1e-9);
    let plain = percentile(&mut replicates).unwrap();
    near(plain.0, 25.0, 1e-9);
    near(plain.1, 975.0, 1e-9);
}

#[test]
fn coverage_of_a_ratio_with_several_rows_per_customer() {
    let mut rng = draw::rng(3);
    let (mut plain, mut corrected) = (0, 0);
    let worlds = 250;
    for world in 0..worlds {
        let mut sums = ResampledSums::new(Resampling { seed: world, replicates: 199 }, 2);
        for unit in 0..100 {
            // A customer's orders resemble each other: only whole customers are independent.
            let level = 50.0 + 50.0 * rng.random::<f64>();
            for _ in 0..rng.random_range(1..=3) {
                sums.add(unit, &[1, (level + 20.0 * rng.random::<f64>()).round() as i64]);
            }
        }
        plain += u64::from(sums.percentile(mean).unwrap().contains(85.0));
        corrected += u64::from(sums.bca(mean).unwrap().contains(85.0));
    }
    let expected = worlds * 91 / 100..=worlds * 98 / 100;
    assert!(expected.contains(&plain) && expected.contains(&corrected), "{plain} {corrected}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn neither_order_nor_buckets_matter(
        rows in prop::collection::vec((0_u64..20, -50_i64..50), 1..40),
        cut in 0_usize..40,
    ) {
        let design = Resampling { seed: 7, replicates: 30 };
        let fill = |rows: &mut dyn Iterator<Item = &(u64, i64)>| {
            let mut sums = ResampledSums::new(design, 2);
            rows.for_each(|&(unit, value)| sums.add(unit, &[1, value]));
            sums
        };
        let cut = cut.min(rows.len());
        let mut merged = fill(&mut rows[cut..].iter().rev());
        merged.merge(&fill(&mut rows[..cut].iter())).unwrap();
        let whole = fill(&mut rows.iter());
        prop_assert_eq!(&merged, &whole);
        let text = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(serde_json::from_str::<ResampledSums>(&text).unwrap(), whole);
        prop_assert!(merged.merge(&ResampledSums::new(design, 3)).is_err());
    }
}
