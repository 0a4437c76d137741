use proptest::prelude::*;
use throughline_value::distribution::*;

use crate::near;

// Golden: scipy 1.17.1, norm.ppf, t.ppf, chi2.sf, f.sf, binom.cdf.
#[test]
fn as_scipy() {
    for (p, z) in
        [(0.975, 1.959963984540054), (0.9, 1.2815515655446004), (0.3, -0.5244005127080409), (1e-10, -6.361340902404056)]
    {
        near(normal_quantile(p), z, 1e-15);
        near(normal_cdf(z), p, 1e-15);
    }
    for (df, p, t) in [
        (1.0, 0.975, 12.706204736174694),
        (2.0, 0.975, 4.302652729749462),
        (5.0, 0.9, 1.4758840488244815),
        (29.0, 0.975, 2.045229642132703),
        (1000.0, 0.975, 1.9623390808264083),
        (3.0, 0.01, -4.5407028585681335),
    ] {
        near(t_quantile(p, df), t, 1e-11);
    }
    for (x, df, p) in [
        (3.84, 1.0, 0.05004352124870519),
        (10.0, 4.0, 0.04042768199451279),
        (0.5, 3.0, 0.9188914116546758),
        (120.0, 100.0, 0.08440668109369177),
    ] {
        near(chi_square_upper(x, df), p, 1e-12);
    }
    for (x, a, b, p) in [
        (4.0, 1.0, 10.0, 0.07338803477074037),
        (2.5, 3.0, 40.0, 0.07325435201794983),
        (0.3, 7.0, 2.0, 0.9038334506307268),
    ] {
        near(f_upper(x, a, b), p, 1e-12);
    }
    near(binomial_cdf(40, 100, 0.5), 0.028443966820490444, 1e-12);
    near(binomial_cdf(89_500, 100_000, 0.9), 8.54728061423417e-08, 1e-13);
}

#[test]
fn ends() {
    assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
    assert_eq!(normal_quantile(1.0), f64::INFINITY);
    assert!(normal_quantile(1.1).is_nan());
    assert!(t_quantile(0.0, 3.0).is_nan());
    assert_eq!(t_quantile(0.5, 3.0), 0.0);
    assert_eq!(binomial_cdf(5, 5, 0.3), 1.0);
    near(two_sided_p(Z95), 0.05, 1e-14);
}

proptest! {
    #[test]
    fn quantiles_undo_their_distributions(p in 1e-6_f64..0.999_999, df in 0.6_f64..400.0) {
        prop_assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-14);
        prop_assert!((t_cdf(t_quantile(p, df), df) - p).abs() < 1e-10);
    }

    #[test]
    fn binomial_is_the_sum_of_its_parts(n in 1_u64..40, k in 0_u64..40, p in 0.01_f64..0.99) {
        let (mut term, mut sum) = ((1.0 - p).powi(n as i32), 0.0);
        for i in 0..=k.min(n) {
            sum += term;
            term *= (n - i) as f64 / (i + 1) as f64 * p / (1.0 - p);
        }
        prop_assert!((binomial_cdf(k, n, p) - sum).abs() < 1e-10);
    }
}
