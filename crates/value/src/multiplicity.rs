//! Many findings at once: how many of those we show are false?

/// Turns p-values into q-values (false discovery rates), in the order they came in.
///
/// Benjamini & Hochberg (1995), "Controlling the false discovery rate", step-up and made
/// monotone, as R's `p.adjust(p, "BH")`. A p-value that is not a number counts as 1: it was a
/// test, and it found nothing.
pub fn q_values(p: &[f64]) -> Vec<f64> {
    q_values_in_family(p, p.len())
}

/// [`q_values`] for the smallest p-values of a family of `tests`, when the others, all larger,
/// were not kept. A family smaller than what is given is as large as what is given.
pub fn q_values_in_family(p: &[f64], tests: usize) -> Vec<f64> {
    let tests = tests.max(p.len()) as f64;
    let clean = |index: usize| {
        let p = p[index];
        if p.is_nan() { 1.0 } else { p.clamp(0.0, 1.0) }
    };
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| clean(a).total_cmp(&clean(b)));

    let mut q = vec![1.0; p.len()];
    let mut smallest = 1.0_f64;
    for (rank, &index) in order.iter().enumerate().rev() {
        smallest = smallest.min(clean(index) * tests / (rank + 1) as f64);
        q[index] = smallest;
    }
    q
}
