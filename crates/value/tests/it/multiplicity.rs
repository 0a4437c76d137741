use proptest::prelude::*;
use throughline_value::multiplicity::{q_values, q_values_in_family};

use crate::near;

#[track_caller]
fn check(p: &[f64], expected: &[f64]) {
    let q = q_values(p);
    assert_eq!(q.len(), expected.len());
    for (found, expected) in q.iter().zip(expected) {
        near(*found, *expected, 1e-9);
    }
}

// Golden: statsmodels 0.15.0, multipletests(p, method="fdr_bh")[1]; the second list is the
// example of Benjamini & Hochberg's procedure in McDonald, Handbook of Biological Statistics.
#[test]
fn as_statsmodels_and_r() {
    check(&[0.01, 0.02, 0.03, 0.04, 0.05], &[0.05; 5]);
    check(
        &[
            0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269, 0.275, 0.34,
            0.341, 0.384, 0.569, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986,
        ],
        &[
            0.025,
            0.1,
            0.21,
            0.21,
            0.21,
            0.25,
            0.264285714286,
            0.491071428571,
            0.491071428571,
            0.491071428571,
            0.491071428571,
            0.491071428571,
            0.491071428571,
            0.491071428571,
            0.5328125,
            0.5328125,
            0.564705882353,
            0.781578947368,
            0.781578947368,
            0.87,
            0.907142857143,
            0.986,
            0.986,
            0.986,
            0.986,
        ],
    );
    // By hand: sorted 0.005, 0.02, 0.04 → 0.015, 0.03, 0.04; order of arrival is kept.
    check(&[0.04, 0.005, 0.02], &[0.04, 0.015, 0.03]);
    check(&[], &[]);
}

#[test]
fn not_a_number_found_nothing() {
    check(&[f64::NAN, 0.01], &[1.0, 0.02]);
}

#[test]
fn family_counts_the_tests_that_were_not_kept() {
    let p = [0.001, 0.002, 0.3, 0.7, 0.9];
    let all = q_values(&p);
    for (kept, whole) in q_values_in_family(&p[..2], 5).iter().zip(&all) {
        near(*kept, *whole, 1e-12);
    }
}

proptest! {
    #[test]
    fn equals_the_definition(p in prop::collection::vec(0.0_f64..=1.0, 0..30)) {
        let q = q_values(&p);
        for (i, &mine) in p.iter().enumerate() {
            // min over thresholds t ≥ pᵢ among the p-values of m·t/#{p ≤ t}.
            let oracle = p.iter().filter(|&&t| t >= mine).map(|&t| {
                t * p.len() as f64 / p.iter().filter(|&&other| other <= t).count() as f64
            }).fold(1.0, f64::min);
            prop_assert!((q[i] - oracle).abs() < 1e-12);
        }
    }
}
