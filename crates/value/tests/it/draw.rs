//! Random draws from a seed.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// How many of `n` succeed at probability `p`.
pub fn binomial(rng: &mut ChaCha8Rng, n: u64, p: f64) -> u64 {
    (0..n).map(|_| u64::from(rng.random::<f64>() < p)).sum()
}

/// A Poisson count, by multiplication of uniforms (Knuth); for small means.
pub fn poisson(rng: &mut ChaCha8Rng, mean: f64) -> u64 {
    let (floor, mut product, mut count) = ((-mean).exp(), 1.0, 0);
    loop {
        product *= rng.random::<f64>();
        if product <= floor {
            return count;
        }
        count += 1;
    }
}

pub fn exponential(rng: &mut ChaCha8Rng) -> f64 {
    -(1.0 - rng.random::<f64>()).ln()
}
