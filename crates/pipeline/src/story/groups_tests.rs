use super::*;
use crate::story::moments::Moment;
use proptest::prelude::*;
use std::collections::BTreeSet;

const KINDS: [&str; 5] = ["order", "ticket", "return", "visit", "parcel"];
const CHANNELS: [&str; 3] = ["web", "store", "app"];

/// A made-up interaction: minutes, channel, out, machine, references.
type Made = (i64, u16, bool, bool, Vec<(u16, u64)>);

fn moments(made: &[Made]) -> Moments {
    let mut made = made.to_vec();
    // The order of the story: by time, then by something that does not depend on arrival.
    made.sort();
    let moment = |(n, (minutes, channel, out, machine, refs)): (usize, Made)| Moment {
        at: minutes * 60_000_000,
        position: n as u64 + 1,
        event: 0,
        channel,
        direction: if out { Direction::Out } else { Direction::In },
        by: if machine { By::Uncounted } else { By::Customer },
        has_text: false,
        subjects: refs.into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
    };
    Moments {
        events: vec!["Seen".into()],
        channels: CHANNELS.map(Into::into).to_vec(),
        kinds: KINDS.map(Into::into).to_vec(),
        bonds: KINDS.iter().map(|k| Bond::of(k)).collect(),
        meanings: vec![Default::default()],
        all: made.into_iter().enumerate().map(moment).collect(),
        ..Moments::default()
    }
}

/// The same by plain looking: for every interaction on its own, what it stands with.
fn slowly(m: &Moments) -> BTreeSet<(GroupKind, Vec<u32>)> {
    let all: Vec<u32> = (0..m.all.len() as u32).collect();
    let affairs = |p: u32| -> Vec<u64> { m.bound(p, Bond::Service).chain(m.bound(p, Bond::Affair)).collect() };
    let first_with = |bond: &[Bond], hash: u64| {
        let has = |p: &&u32| bond.iter().any(|b| m.bound(**p, *b).any(|h| h == hash));
        *all.iter().find(has).unwrap()
    };
    let earliest = |hashes: Vec<u64>, bond: &[Bond]| hashes.into_iter().min_by_key(|h| (first_with(bond, *h), *h));
    let order_of = |p: u32| -> Option<u64> {
        let own: Vec<u64> = m.bound(p, Bond::Order).collect();
        if !own.is_empty() {
            return earliest(own, &[Bond::Order]);
        }
        let of_affair = |a: u64| {
            let about: BTreeSet<u64> =
                all.iter().filter(|q| affairs(**q).contains(&a)).flat_map(|q| m.bound(*q, Bond::Order)).collect();
            (about.len() == 1).then(|| about.into_iter().next()).flatten()
        };
        earliest(affairs(p).into_iter().filter_map(of_affair).collect(), &[Bond::Order])
    };
    let affair_of = |p: u32| earliest(affairs(p), &[Bond::Service, Bond::Affair]);
    let name_of = |p: u32| earliest(m.bound(p, Bond::Visit).collect(), &[Bond::Visit]);
    // Where the visit that an interaction is in began: back from sign to sign.
    let visit_of = |p: u32| -> Option<u32> {
        let is_same = |q: u32| match name_of(p) {
            Some(name) => name_of(q) == Some(name),
            None => {
                let there = |q: u32| {
                    let moment = &m.all[q as usize];
                    name_of(q).is_none() && moment.direction == Direction::In && m.channel(q) != "store"
                };
                there(p) && there(q) && (m.all[p as usize].by == m.all[q as usize].by)
            }
        };
        if !is_same(p) {
            return None;
        }
        let longest = if name_of(p).is_some() { 24 * 60 } else { 30 };
        let mut began = p;
        while let Some(before) = (0..began).rev().find(|q| is_same(*q)) {
            if m.all[began as usize].at - m.all[before as usize].at > longest * 60_000_000 {
                break;
            }
            began = before;
        }
        Some(began)
    };
    let stands_with = |p: u32| match (order_of(p), affair_of(p), visit_of(p)) {
        (Some(order), ..) => (0, order),
        (None, Some(affair), _) => (1, affair),
        (None, None, Some(visit)) => (2, visit.into()),
        (None, None, None) => (3, p.into()),
    };
    let mut found = BTreeSet::new();
    for p in &all {
        let rows: Vec<u32> = all.iter().copied().filter(|q| stands_with(*q) == stands_with(*p)).collect();
        let kind = match stands_with(*p).0 {
            0 => GroupKind::Order,
            1 if rows.iter().any(|q| m.bound(*q, Bond::Service).next().is_some()) => GroupKind::Service,
            1 => GroupKind::Affair,
            2 => GroupKind::Visit,
            _ => GroupKind::Single,
        };
        found.insert((kind, rows));
    }
    found
}

fn made() -> impl Strategy<Value = Vec<Made>> {
    // Few values, so that much belongs together; a kind and its values are never another kind's.
    let reference = (0..KINDS.len() as u16, 0..3_u64).prop_map(|(kind, n)| (kind, u64::from(kind) * 10 + n));
    let minutes = prop_oneof![0..90_i64, 0..20_000_i64];
    let one = (minutes, 0..CHANNELS.len() as u16, any::<bool>(), any::<bool>(), prop::collection::vec(reference, 0..3));
    prop::collection::vec(one, 0..24)
}

fn seeded(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: proptest::test_runner::RngSeed::Fixed(24),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(seeded(600))]

    #[test]
    fn groups_are_what_plain_looking_finds_in_whatever_order_they_came(made in made(), shift in 0..24_usize) {
        let m = moments(&made);
        let found = groups(&m);
        let told: BTreeSet<(GroupKind, Vec<u32>)> = found.iter().map(|g| (g.kind, g.rows.clone())).collect();
        prop_assert_eq!(&told, &slowly(&m));
        // Everything stands in one group, in the order of the story, and groups by how they begin.
        prop_assert_eq!(told.iter().map(|(_, rows)| rows.len()).sum::<usize>(), made.len());
        prop_assert!(found.windows(2).all(|w| w[0].first() < w[1].first()));
        prop_assert!(found.iter().all(|g| g.rows.windows(2).all(|w| w[0] < w[1])));
        let mut other = made;
        let n = other.len().max(1);
        other.rotate_left(shift % n);
        prop_assert_eq!(groups(&moments(&other)), found);
    }

    #[test]
    fn a_silence_is_what_nothing_covers(spans in prop::collection::vec((0..400_i64, 0..60_i64), 0..12)) {
        let mut spans: Vec<(i64, i64)> = spans.iter().map(|(from, long)| (*from, from + long)).collect();
        for newest_first in [false, true] {
            match newest_first {
                false => spans.sort_unstable(),
                true => spans.sort_unstable_by_key(|s| std::cmp::Reverse((s.1, s.0))),
            }
            let told: i64 = silences(&scaled(&spans), newest_first, 1).into_iter().flatten().sum();
            let (first, last) = (spans.iter().map(|s| s.0).min(), spans.iter().map(|s| s.1).max());
            let open = |t: &i64| !spans.iter().any(|(from, until)| from <= t && t < until);
            let slowly = first.zip(last).map_or(0, |(first, last)| (first..last).filter(open).count());
            prop_assert_eq!(told, slowly as i64, "newest first: {}", newest_first);
        }
    }
}

/// Seconds as microseconds.
fn scaled(spans: &[(i64, i64)]) -> Vec<(i64, i64)> {
    spans.iter().map(|(from, until)| (from * 1_000_000, until * 1_000_000)).collect()
}

#[test]
fn an_order_takes_its_ticket_with_it_and_a_visit_says_where_it_led() {
    let check = |made: &[Made], expected: &[(GroupKind, &[u32], &[u32])]| {
        let found = groups(&moments(made));
        let told: Vec<(GroupKind, &[u32], &[u32])> = found.iter().map(|g| (g.kind, &*g.rows, &*g.led_to)).collect();
        assert_eq!(told, expected);
    };
    use GroupKind::*;
    let web = |at: i64, refs: &[(u16, u64)]| (at, 0, false, false, refs.to_vec());
    let store = |at: i64, refs: &[(u16, u64)]| (at, 1, false, false, refs.to_vec());
    // A visit that orders in its middle, and a ticket of which one message names the order.
    check(
        &[web(0, &[]), web(20, &[(0, 1)]), web(45, &[]), store(3_000, &[(1, 11), (0, 1)]), store(3_001, &[(1, 11)])],
        &[(Visit, &[0, 2], &[1]), (Order, &[1, 3, 4], &[])],
    );
    // A ticket about two orders is of neither.
    check(
        &[store(0, &[(0, 1), (1, 11)]), store(1, &[(0, 2), (1, 11)]), store(2, &[(1, 11)])],
        &[(Order, &[0], &[]), (Order, &[1], &[]), (Service, &[2], &[])],
    );
    // Half an hour ends a visit, a name holds it together for a day.
    check(&[web(0, &[]), web(30, &[]), web(61, &[])], &[(Visit, &[0, 1], &[]), (Visit, &[2], &[])]);
    check(
        &[web(0, &[(3, 31)]), web(1_000, &[(3, 31)]), web(2_441, &[(3, 31)])],
        &[(Visit, &[0, 1], &[]), (Visit, &[2], &[])],
    );
    // What the brand pushes is no visit, and a machine's is its own.
    check(
        &[(0, 2, true, false, vec![]), (1, 2, false, true, vec![]), (2, 2, false, false, vec![])],
        &[(Single, &[0], &[]), (Visit, &[1], &[]), (Visit, &[2], &[])],
    );
}
