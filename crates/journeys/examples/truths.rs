//! Holds pain points against the truths of the demo's shop, over seeds that were fixed beforehand.
//! Run it with `--release`:
//!
//! - `truths [customers]`: worlds of the seeds 1 to 20 (12,000 customers): which truths are found, and
//!   what is found that is not true.
//! - `truths numb [customers] [from] [until]`: worlds of the seeds 1 to 200 (3,000 customers) in which
//!   nothing that happens moves anybody: how many report anything.
//! - `truths weigh [customers] [seed]`: what each truth did to how many customers, and what it cost.

#[path = "../tests/it/shop.rs"]
#[allow(dead_code, missing_docs, clippy::unwrap_used, reason = "the tests' view of the shop")]
mod shop;
#[path = "../tests/it/world.rs"]
#[allow(dead_code, missing_docs, clippy::unwrap_used, reason = "the tests' worlds, of which this uses a part")]
mod world;

use std::collections::BTreeMap;
use std::time::Instant;
use throughline_demo::World;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let words = ["numb", "weigh"].iter().find(|w| arguments.first().is_some_and(|a| a == *w)).copied();
    if words.is_some() {
        arguments.remove(0);
    }
    let number = |at: usize, otherwise: u64| arguments.get(at).and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    match words {
        Some("numb") => numb(number(0, 3_000), number(1, 1)..=number(2, 200)),
        Some(_) => weigh(number(0, 50_000), number(1, 1)),
        None => truths(number(0, 12_000), number(1, 1)..=number(2, 20)),
    }
}

fn truths(customers: u64, seeds: std::ops::RangeInclusive<u64>) {
    let mut missed: BTreeMap<&str, u32> = BTreeMap::new();
    let (mut told, mut planted, mut discoveries, mut wrong) = (0, 0, 0, 0);
    for seed in seeds {
        let begun = Instant::now();
        let world = World::of(customers, seed);
        let truths: Vec<_> = world.truths().collect();
        let found = shop::find(&world);
        let judged = shop::judge(&found, &truths);
        println!(
            "seed {seed}: {} of {} told, {} of {} discoveries wrong, {} compared, {:.1} s",
            judged.told.len(),
            truths.len(),
            judged.wrong.len(),
            judged.discoveries,
            found.tested,
            begun.elapsed().as_secs_f64()
        );
        for key in &judged.missed {
            println!("  missed {key}");
            *missed.entry(key).or_default() += 1;
        }
        judged.wrong.iter().for_each(|w| println!("  wrong: {w}"));
        if std::env::var_os("SHOW").is_some() {
            for (place, f) in found.findings.iter().enumerate() {
                let shadow = f.shadow_of.map(|s| format!(" in the shadow of {s}")).unwrap_or_default();
                println!("    {place} {}{shadow}", shop::words(f));
            }
            found.bright.iter().for_each(|f| println!("    bright {}", shop::words(f)));
        }
        told += judged.told.len();
        planted += truths.len();
        discoveries += judged.discoveries;
        wrong += judged.wrong.len();
    }
    println!("recall {told} of {planted} = {:.1} %; missed {missed:?}", 100.0 * told as f64 / planted as f64);
    println!("false discoveries {wrong} of {discoveries} = {:.1} %", 100.0 * wrong as f64 / discoveries as f64);
}

fn numb(customers: u64, seeds: std::ops::RangeInclusive<u64>) {
    let (mut worlds, mut reporting) = (0, 0);
    for seed in seeds {
        let found = shop::find(&World::of(customers, seed).numb());
        let judged = shop::judge(&found, &[]);
        worlds += 1;
        reporting += u32::from(judged.discoveries > 0);
        judged.wrong.iter().for_each(|w| println!("seed {seed}: {w}"));
    }
    println!("{reporting} of {worlds} worlds of {customers} customers without a truth report anything");
}

fn weigh(customers: u64, seed: u64) {
    let begun = Instant::now();
    let world = World::of(customers, seed);
    let lines = world.interactions().count();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{lines} interactions in {seconds:.2} s, {:.0} a second", lines as f64 / seconds);
    for truth in world.truths() {
        let weight = world.weigh(truth.plant);
        println!("{:18} {weight:?}", truth.key);
    }
}
