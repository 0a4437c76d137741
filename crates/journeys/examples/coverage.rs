//! How often the interval of a pain point holds the planted ratio, in thousands of small worlds,
//! and how often a comparison within the bin of the answer does. Run it with `--release`; the
//! number of worlds for each plan is the first argument (2,000).

#[path = "../tests/it/world.rs"]
#[allow(dead_code, missing_docs, clippy::unwrap_used, reason = "the tests' world, of which the example uses a part")]
mod world;

use std::collections::BTreeMap;
use throughline_journeys::PainPoints;
use throughline_journeys::pain_points::estimate::{Cell, contrast};
use throughline_journeys::pain_points::{Kind, Outcome};
use throughline_timeline::ScanOptions;
use world::Plan;

fn main() {
    let worlds: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let plans = [
        ("same times", Plan::PLAIN),
        ("unhappy sooner", Plan { unhappy_days: 1.0, happy_days: 6.0, ..Plan::PLAIN }),
        ("unhappy later", Plan { unhappy_days: 6.0, happy_days: 1.0, ..Plan::PLAIN }),
        ("sooner, and trouble delays", Plan { unhappy_days: 1.0, happy_days: 6.0, delay_days: 4.0, ..Plan::PLAIN }),
        ("rare trouble", Plan { share: 0.03, orders: 3_000, ..Plan::PLAIN }),
        (
            "no effect, any time, later",
            Plan { ratio: 1.0, until_answer: true, unhappy_days: 8.0, happy_days: 1.0, ..Plan::PLAIN },
        ),
        (
            "no effect, delays, sooner",
            Plan { ratio: 1.0, delay_days: 4.0, unhappy_days: 1.0, happy_days: 6.0, ..Plan::PLAIN },
        ),
    ];
    println!(
        "{:28} {:>7} {:>9} {:>8} {:>8} | {:>9} {:>8}",
        "plan", "planted", "coverage", "mean ln", "p<0.05", "by answer", "mean ln"
    );
    for (name, plan) in plans {
        let results: Vec<_> = std::thread::scope(|scope| {
            let halves: Vec<_> = (0..2).map(|h| scope.spawn(move || half(&plan, h, worlds))).collect();
            halves.into_iter().flat_map(|h| h.join().unwrap_or_default()).collect()
        });
        let share =
            |f: &dyn Fn(&One) -> bool| 100.0 * results.iter().filter(|r| f(r)).count() as f64 / results.len() as f64;
        let mean = |f: &dyn Fn(&One) -> f64| results.iter().map(f).sum::<f64>() / results.len() as f64;
        println!(
            "{name:28} {:7.2} {:8.1}% {:8.3} {:7.1}% | {:8.1}% {:8.3}",
            plan.ratio,
            share(&|r| r.ours.0),
            mean(&|r| r.ours.1),
            share(&|r| r.p < 0.05),
            share(&|r| r.by_answer.0),
            mean(&|r| r.by_answer.1),
        );
    }
}

struct One {
    ours: (bool, f64),
    p: f64,
    by_answer: (bool, f64),
}

fn half(plan: &Plan, half: u64, worlds: u64) -> Vec<One> {
    (0..worlds).filter(|seed| seed % 2 == half).filter_map(|seed| one(plan, seed)).collect()
}

fn one(plan: &Plan, seed: u64) -> Option<One> {
    let options = ScanOptions { threads: std::num::NonZeroUsize::new(1), ..ScanOptions::default() };
    let (rows, truths) = world::planned(plan, seed);
    let snapshot = world::snapshot(rows, 1);
    let pain = PainPoints::new(world::compile(world::buy_and_receive(), &snapshot));
    let census = snapshot.scan(&pain.census(), &options).ok()?;
    let pass = pain.tables(&census);
    let tables = snapshot.scan(&pass, &options).ok()?;
    let tested = pain.tested(&pass, &tables);
    let trouble = tested.iter().find(|t| {
        t.key.kind == Kind::Event
            && t.outcome == Outcome::Dissatisfaction
            && t.exposed.0 == truths.iter().filter(|t| t.exposed).count() as u64
    })?;
    let ours = trouble.contrast;

    let mut cells: BTreeMap<u64, Cell> = BTreeMap::new();
    for truth in &truths {
        let cell = cells.entry(truth.answer_days as u64).or_default();
        let event = f64::from(u8::from(truth.unhappy));
        if truth.exposed {
            cell.exposed += 1.0;
            cell.exposed_events += event;
        } else {
            cell.unexposed += 1.0;
            cell.unexposed_events += event;
        }
    }
    let plain = contrast(&cells.into_values().collect::<Vec<_>>(), 1.0)?;
    let judge = |c: &throughline_journeys::pain_points::estimate::Contrast| {
        let inside = c.low <= plan.ratio && c.high.is_none_or(|h| plan.ratio <= h);
        (inside, c.ratio.unwrap_or(f64::NAN).max(1e-3).ln())
    };
    Some(One { ours: judge(&ours), p: ours.p, by_answer: judge(&plain) })
}
