//! How often the interval of the revenue at risk holds the planted loss, in thousands of small worlds.
//! Run it with `--release`; the number of worlds for each plan is the first argument (2,000).

#[path = "../tests/it/world.rs"]
#[allow(dead_code, missing_docs, clippy::unwrap_used, reason = "the tests' world, of which the example uses a part")]
mod world;

use throughline_journeys::PainPoints;
use throughline_journeys::pain_points::{Revenue, Worth};
use throughline_timeline::ScanOptions;
use world::{MARGIN, Plan};

/// One world: whether the interval holds the loss, and the estimate less the loss, in shares of the
/// margin of everybody who was exposed; `None` where nothing was found or measured.
fn one(plan: &Plan, seed: u64, drop: f64) -> Option<(bool, f64)> {
    let (rows, loss) = world::paid_world(plan, seed, drop);
    let exposed = plan.orders as f64 * plan.share * world::BASKET as f64 * MARGIN;
    let snapshot = world::snapshot(rows, 4);
    let worth = Some(Worth { currency: "EUR".to_owned(), margin: MARGIN });
    let pain = PainPoints { worth, ..PainPoints::new(world::compile(world::buy_and_receive(), &snapshot)) };
    match pain.find(&snapshot, &|_| None, &ScanOptions::default()).ok()?.revenue {
        Revenue::Measured { total, .. } => Some((total.contains(loss), (total.value - loss) / exposed)),
        Revenue::Unmeasured { .. } => None,
    }
}

fn main() {
    let worlds: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let plain = Plan { orders: 3_000, ..Plan::PLAIN };
    let plans = [
        ("a drop of 0.2", plain, 0.2),
        ("a drop of 0.05", plain, 0.05),
        ("no drop", plain, 0.0),
        ("half meet the trouble", Plan { share: 0.5, ..plain }, 0.2),
        ("one in ten meets it", Plan { share: 0.1, ratio: 3.0, ..plain }, 0.2),
    ];
    println!("{:24} {:>8} {:>9} {:>16}", "plan", "measured", "coverage", "bias of margin");
    for (name, plan, drop) in plans {
        let results: Vec<(bool, f64)> = (0..worlds).filter_map(|seed| one(&plan, seed, drop)).collect();
        let n = results.len() as f64;
        let covered = results.iter().filter(|r| r.0).count() as f64;
        let bias = results.iter().map(|r| r.1).sum::<f64>() / n;
        println!("{name:24} {:8} {:8.1}% {:15.2}%", results.len(), 100.0 * covered / n, 100.0 * bias);
    }
}
