//! Simulated shops in which what pain points cost is known.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use throughline_value::bootstrap::Resampling;
use throughline_value::revenue::{Customer, FindingSet, Later, Outcome, Plan, RevenuePool};

pub const FINDINGS: usize = 3;

/// How a customer's probability of buying again falls with what they met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effect {
    /// Each pain point takes its own points off.
    Additive,
    /// Each pain point takes its own part off what is left.
    Multiplicative,
}

pub struct Truth {
    pub total: f64,
    pub findings: [f64; FINDINGS],
}

pub fn plan(seed: u64, replicates: u32) -> Plan {
    Plan {
        outcome: Outcome::Purchase,
        horizon_days: 365,
        observed_days: 400,
        fewest_events: 30,
        resampling: Resampling { seed, replicates },
    }
}

/// A shop: how many customers, how finely they are told apart, how pain points act.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shop {
    pub customers: u64,
    pub strata: u64,
    pub effect: Effect,
}

/// Fills a pool with the customers of a shop: loyal ones buy again more often, are worth more
/// and meet more pain points, and pain points come together. The truth is that of the strata with
/// five comparable customers, the only ones that the estimate speaks of.
pub fn fill(rng: &mut ChaCha8Rng, shop: Shop, pool: &mut RevenuePool) -> Truth {
    let drops = [0.15, 0.08, 0.12];
    let mut truth = Truth { total: 0.0, findings: [0.0; FINDINGS] };
    let mut losses = Vec::new();
    let mut comparable = vec![0; shop.strata as usize];
    for unit in 0..shop.customers {
        let stratum = rng.random_range(0..shop.strata);
        let loyalty = stratum as f64 / shop.strata as f64;
        let usual = 0.45 + 0.4 * loyalty;
        let bad_day = rng.random::<f64>() < 0.25;
        let margin = (2_000.0 * (1.0 + 3.0 * loyalty) * (0.5 + rng.random::<f64>())).round();
        let findings: FindingSet = (0..FINDINGS as u8)
            .filter(|_| rng.random::<f64>() < 0.08 + 0.1 * loyalty + if bad_day { 0.25 } else { 0.0 })
            .collect();
        let met: Vec<usize> = findings.findings().map(usize::from).collect();
        let sum: f64 = met.iter().map(|&finding| drops[finding]).sum();
        let probability = match shop.effect {
            Effect::Additive => usual - sum,
            Effect::Multiplicative => met.iter().fold(usual, |left, &finding| left * (1.0 - drops[finding])),
        };
        let mut loss = [0.0; FINDINGS];
        for &finding in &met {
            loss[finding] = margin * (usual - probability) * drops[finding] / sum;
        }
        losses.push((stratum as usize, loss));
        let later = if rng.random::<f64>() < 0.1 {
            Later::NotFollowed
        } else if rng.random::<f64>() < probability {
            Later::Happened
        } else {
            Later::DidNot
        };
        if met.is_empty() && later != Later::NotFollowed {
            comparable[stratum as usize] += 1;
        }
        pool.add(&Customer { unit, stratum, findings, exposed_later: false, later, margin: margin as i64 });
    }
    for (_, loss) in losses.iter().filter(|&&(stratum, _)| comparable[stratum] >= 5) {
        truth.total += loss.iter().sum::<f64>();
        for (sum, part) in truth.findings.iter_mut().zip(loss) {
            *sum += part;
        }
    }
    truth
}

/// In how many of `worlds` the intervals hold the truth: the total, then each pain point.
pub fn coverage(rng: &mut ChaCha8Rng, worlds: u32, replicates: u32, shop: Shop) -> [f64; FINDINGS + 1] {
    let mut covered = [0_u32; FINDINGS + 1];
    for world in 0..worlds {
        let mut pool = RevenuePool::new(plan(u64::from(world), replicates));
        let truth = fill(rng, shop, &mut pool);
        let Ok(found) = pool.revenue_at_risk() else {
            continue;
        };
        covered[0] += u32::from(found.total.contains(truth.total));
        for finding in &found.findings {
            let index = usize::from(finding.finding);
            covered[index + 1] += u32::from(finding.loss.contains(truth.findings[index]));
        }
    }
    covered.map(|count| f64::from(count) / f64::from(worlds))
}
