//! The demo's shop: what was planted is found, and little else. The seeds are 1 and the following,
//! none left out; more worlds are in `examples/truths.rs`.

use crate::shop::{Judged, find, judge};
use std::collections::BTreeMap;
use throughline_demo::World;

/// Worlds of this kind are measured where time is no matter.
fn full() -> bool {
    std::env::var_os("THROUGHLINE_FULL").is_some()
}

/// A world as small as can be: what is rare is missed in it, and little else may be found.
fn light(seed: u64) {
    let world = World::of(1_500, seed);
    let truths: Vec<_> = world.truths().collect();
    let judged = judge(&find(&world), &truths);
    assert!(judged.told.len() >= 3, "{judged:?}");
    assert!(judged.wrong.len() <= 1, "{judged:?}");
}

#[test]
fn light_world_1() {
    light(1);
}

#[test]
fn light_world_2() {
    light(2);
}

#[test]
fn light_world_3() {
    light(3);
}

#[test]
fn light_world_4() {
    light(4);
}

#[test]
fn light_world_5() {
    light(5);
}

#[test]
fn what_was_planted_is_found_and_little_else() {
    if !full() {
        println!("skipped: 20 worlds take minutes; THROUGHLINE_FULL=1 runs them");
        return;
    }
    let (mut told, mut planted, mut wrong, mut discoveries) = (0, 0, 0, 0);
    let mut missed: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in 1..=20 {
        let world = World::of(12_000, seed);
        let truths: Vec<_> = world.truths().collect();
        let judged: Judged = judge(&find(&world), &truths);
        told += judged.told.len();
        planted += truths.len();
        wrong += judged.wrong.len();
        discoveries += judged.discoveries;
        judged.missed.iter().for_each(|key| *missed.entry(key).or_default() += 1);
    }
    // At a quarter of the demo's size the best store is too rare in three worlds of four, and 142 of 160
    // are found; all 160 are at its own size, which takes an optimised build: `examples/truths.rs`.
    assert!(told * 100 >= planted * 85, "{told} of {planted} truths are found; missed {missed:?}");
    assert!(wrong * 20 <= discoveries, "{wrong} of {discoveries} discoveries are false");
}

#[test]
fn where_nothing_moves_anybody_hardly_anything_is_reported() {
    // Of 200 worlds with a false discovery rate of 2 % at most 16 report anything; of 3 with a chance of
    // 8 % each, all do so in one of two thousand tries.
    let (worlds, customers, most) = if full() { (200, 3_000, 16) } else { (3, 1_000, 2) };
    let reporting: Vec<String> = (1..=worlds)
        .flat_map(|seed| judge(&find(&World::of(customers, seed).numb()), &[]).wrong.into_iter().next())
        .collect();
    assert!(reporting.len() <= most, "{} of {worlds}: {reporting:?}", reporting.len());
}
