//! What changed since a day, against counting by hand in worlds whose truth is planted.

use crate::world::{DAY, EPOCH, buy_and_receive, compile, row, snapshot, stars};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use throughline_journeys::pain_points::{Key, Kind, Outcome};
use throughline_journeys::{Compiled, Effect, EffectOf, EffectPass, EffectPeoplePass, EffectState, FollowPass, Part};
use throughline_timeline::{PassState, Row, ScanOptions, Snapshot};
use throughline_value::shares::Share;

/// The day on which something began.
const BEGAN: i64 = EPOCH + 60 * DAY;

/// FNV-1a, by which events are known.
fn event(name: &str) -> Key {
    let id = name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    Key { kind: Kind::Event, id }
}

/// One order: when, whether it met the trouble, whether the answer was unhappy.
#[derive(Debug, Clone, Copy)]
struct Truth {
    start: i64,
    met: bool,
    unhappy: bool,
}

/// Orders over 120 days. Trouble comes within a day and a half, the answer on the eighth day. `met` is
/// how often, before the day and after it.
fn world(orders: u64, met: [f64; 2], seed: u64) -> (Vec<Row>, Vec<Truth>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut rows, mut truths) = (Vec::new(), Vec::new());
    for order in 0..orders {
        let start = EPOCH + (rng.random::<f64>() * 120.0 * DAY as f64) as i64;
        let met = rng.random::<f64>() < met[usize::from(start >= BEGAN)];
        let unhappy = rng.random::<f64>() < if met { 0.5 } else { 0.1 };
        rows.push(row(order, start, "Order Completed", order));
        if met {
            rows.push(row(order, start + DAY + DAY / 4, "Trouble", order));
        }
        rows.push(row(order, start + 5 * DAY, "Order Delivered", order));
        let answer = row(order, start + 7 * DAY + DAY / 2, "Survey Answered", order);
        rows.push(stars(answer, if unhappy { 1.0 } else { 5.0 }));
        truths.push(Truth { start, met, unhappy });
    }
    (rows, truths)
}

fn effect(snapshot: &Snapshot, compiled: &Arc<Compiled>, outcome: Outcome) -> (EffectPass, Effect) {
    let options = ScanOptions::default();
    let of = EffectOf { compiled: compiled.clone(), key: event("Trouble"), outcome, start: BEGAN, length: 60 * DAY };
    let follow = FollowPass(of.clone());
    let follow = follow.result(&snapshot.scan(&follow, &options).unwrap());
    let pass = EffectPass { of, follow };
    let state = snapshot.scan(&pass, &options).unwrap();
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    assert_eq!(EffectState::decode(&bytes).unwrap(), state);
    let effect = pass.result(&state);
    for (is_after, part, share) in [
        (false, Part::Exposure, effect.exposure.before),
        (true, Part::Exposure, effect.exposure.after),
        (true, Part::Exposed, effect.exposed.after),
        (false, Part::Unexposed, effect.unexposed.before),
        (true, Part::Overall, effect.overall.after),
    ] {
        let people = EffectPeoplePass { pass: pass.clone(), is_after, part };
        let people = snapshot.scan(&people, &options).unwrap().people();
        assert_eq!(people.len() as u64, share.events, "{part:?} opens its customers");
    }
    (pass, effect)
}

fn count(
    truths: &[Truth],
    after: bool,
    until: i64,
    within: impl Fn(&Truth) -> bool,
    bad: impl Fn(&Truth) -> bool,
) -> Share {
    let own = |t: &&Truth| (t.start >= BEGAN) == after && t.start <= until && within(t);
    let n = truths.iter().filter(own).count() as u64;
    let events = truths.iter().filter(own).filter(|t| bad(t)).count() as u64;
    Share { events, n }
}

#[test]
fn shares_are_those_counted_by_hand_and_the_planted_change_is_found() {
    let (rows, truths) = world(3_000, [0.3, 0.12], 3);
    for buckets in [1, 8] {
        let snapshot = snapshot(rows.clone(), buckets);
        let compiled = compile(buy_and_receive(), &snapshot);
        let (pass, effect) = effect(&snapshot, &compiled, Outcome::Dissatisfaction);
        assert_eq!((pass.follow.exposure_days, pass.follow.outcome_days), (2, 8));
        // The last answers are half a day before the last start is eight days old.
        let (followed, answered) = (compiled.end - 2 * DAY, compiled.end - 8 * DAY);
        for (after, exposure, exposed, unexposed) in [
            (false, effect.exposure.before, effect.exposed.before, effect.unexposed.before),
            (true, effect.exposure.after, effect.exposed.after, effect.unexposed.after),
        ] {
            assert_eq!(exposure, count(&truths, after, followed, |_| true, |t| t.met));
            assert_eq!(exposed, count(&truths, after, answered, |t| t.met, |t| t.unhappy));
            assert_eq!(unexposed, count(&truths, after, answered, |t| !t.met, |t| t.unhappy));
        }
        let fell = effect.exposure.difference.unwrap();
        assert!(fell.contains(-0.18) && fell.high < -0.1, "{fell:?}");
        // The trouble hurts as much as before, whoever meets it.
        assert!(effect.exposed.difference.unwrap().contains(0.0) && effect.beyond_others.unwrap().contains(0.0));
    }
}

#[test]
fn a_window_that_is_cut_off_is_not_taken_for_a_success() {
    // Nothing changes, and the data end ten days after the beginning: with everybody counted who has
    // not met it yet, the share would have fallen.
    let (rows, truths) = world(6_000, [0.3, 0.3], 9);
    let end = BEGAN + 10 * DAY;
    let snapshot = snapshot(rows.into_iter().filter(|r| r.order.occurred_at.0 <= end).collect(), 4);
    let compiled = compile(buy_and_receive(), &snapshot);
    let (_, effect) = effect(&snapshot, &compiled, Outcome::Dissatisfaction);
    assert_eq!(effect.exposure.after, count(&truths, true, compiled.end - 2 * DAY, |_| true, |t| t.met));
    assert_eq!(effect.overall.after, count(&truths, true, compiled.end - 8 * DAY, |_| true, |t| t.unhappy));
    assert!(effect.exposure.difference.unwrap().contains(0.0), "{:?}", effect.exposure);
}

#[test]
fn who_is_lost_is_not_finished_within_the_silence_in_both_windows() {
    let mut rows = Vec::new();
    for order in 0..200_u64 {
        let start = EPOCH + (order as i64 % 120) * DAY;
        rows.push(row(order, start, "Order Completed", order));
        if order % 4 != 0 {
            rows.push(row(order, start + 3 * DAY, "Order Delivered", order));
        }
        if order % 3 == 0 {
            rows.push(row(order, start + DAY / 2, "Trouble", order));
        }
    }
    rows.push(row(9_999, EPOCH + 140 * DAY, "Page Viewed", 9_999));
    let snapshot = snapshot(rows, 2);
    let compiled = compile(buy_and_receive(), &snapshot);
    let (pass, effect) = effect(&snapshot, &compiled, Outcome::DropOut);
    assert_eq!(pass.follow.outcome_days, 45);
    // Of 200 orders, those that started until day 95 are old enough.
    let followed = |after: bool| (0..200_u64).filter(move |o| (o % 120 >= 60) == after && o % 120 <= 95);
    for (after, found) in [(false, effect.overall.before), (true, effect.overall.after)] {
        let lost = followed(after).filter(|o| o % 4 == 0).count() as u64;
        assert_eq!(found, Share { events: lost, n: followed(after).count() as u64 });
    }
}
