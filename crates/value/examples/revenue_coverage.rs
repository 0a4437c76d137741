//! In how many simulated shops does the interval of revenue at risk hold what was planted?
//!
//! `cargo run --release -p throughline-value --example revenue_coverage -- [worlds] [customers] [replicates] [strata]`
//! The target is 93–97 % in at least 2,000 worlds.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[path = "../tests/it/revenue_world.rs"]
mod revenue_world;

use revenue_world::{Effect, Shop, coverage};

fn main() {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse::<u32>().ok());
    let mut next = |usual: u32| numbers.next().flatten().unwrap_or(usual);
    let (worlds, customers, replicates, strata) = (next(2_000), next(3_000), next(400), next(10));
    for effect in [Effect::Additive, Effect::Multiplicative] {
        let shop = Shop { customers: customers.into(), strata: strata.into(), effect };
        let mut rng = ChaCha8Rng::seed_from_u64(2_000);
        let shares = coverage(&mut rng, worlds, replicates, shop);
        let shares: Vec<String> = shares.iter().map(|share| format!("{:.1} %", 100.0 * share)).collect();
        println!(
            "{worlds} worlds of {shop:?}, {replicates} replicates: total, then each finding: {}",
            shares.join(", ")
        );
    }
}
