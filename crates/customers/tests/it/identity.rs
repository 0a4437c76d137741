//! The graph equals a fresh replay of what remains, whatever the order.

use crate::world::{
    NODES, Op, Oracle, Rng, STEP, apply, edge, guards, kind, profiles, remains, replay, sequence, shuffled,
};
use std::collections::BTreeSet;
use throughline_customers::{Called, Decision, Edge, Guards, Happened, IdentityGraph, Mark, NodeKind, Ruling, Shared};
use throughline_interactions::{Identifier, Node, OrderKey, Timestamp};

fn customers(g: &IdentityGraph) -> Vec<u64> {
    (0..NODES).map(|n| g.customer(Node(n))).collect()
}

#[test]
fn ten_thousand_sequences_give_the_profiles_of_a_fresh_replay_of_what_remains() {
    let mut rng = Rng(1);
    let mut joined = 0;
    for n in 0..10_000 {
        let ops = sequence(&mut rng, 60);
        let mut g = IdentityGraph::new(guards());
        let mut told: Vec<u64> = (0..NODES).collect();
        for (position, op) in ops.iter().enumerate() {
            let moved = apply(&mut g, op, position as u64);
            if let Op::Forget(n) = op {
                told[*n as usize] = *n;
            }
            for m in moved {
                assert_eq!(told[m.node.0 as usize], m.from, "sequence {n}, node {}: {ops:?}", m.node.0);
                told[m.node.0 as usize] = m.to;
            }
        }
        assert_eq!(customers(&g), told, "sequence {n}: {ops:?}");
        let left = remains(&ops);
        let text = profiles(&g);
        assert_eq!(text, profiles(&replay(&left)), "sequence {n}: {ops:?}");
        assert_eq!(text, profiles(&replay(&shuffled(&mut rng, &left))), "sequence {n} in another order: {ops:?}");
        joined += g.joined_customers();
    }
    assert!(joined > 10_000, "the sequences must join people: {joined}");
}

#[test]
fn the_graph_is_what_is_written_down_slowly() {
    let mut rng = Rng(2);
    for n in 0..3_000 {
        let ops = sequence(&mut rng, 50);
        let left = remains(&ops);
        let g = replay(&ops);
        assert_eq!(customers(&g), Oracle::new(&left).customers(), "sequence {n}: {left:?}");
        // Whoever is one customer is so by a chain of links that count, and nobody else.
        if n % 10 > 0 {
            continue;
        }
        for (a, b) in (0..NODES).flat_map(|a| (0..NODES).map(move |b| (Node(a), Node(b)))) {
            let why = g.why(a, b);
            assert_eq!(why.is_some(), g.customer(a) == g.customer(b), "{a:?} {b:?}");
            let mut at = a;
            for link in why.iter().flatten() {
                assert!((link.a == at || link.b == at) && g.counts(link));
                assert_eq!(g.customer(link.a), g.customer(link.b));
                at = if link.a == at { link.b } else { link.a };
            }
            if let Some(chain) = why {
                assert_eq!(at, b);
                assert_eq!(chain.len(), g.why(b, a).unwrap().len());
                assert!(chain.len() <= g.nodes(g.customer(a)).len());
            }
        }
    }
}

#[test]
fn as_of_a_time_is_a_replay_of_what_had_happened_by_then() {
    let mut rng = Rng(3);
    let all: Vec<Node> = (1..NODES).map(Node).collect();
    for n in 0..1_000 {
        let mut ops = sequence(&mut rng, 50);
        // A telephone number's last day is known as of now only: each link stands once here.
        let mut seen = BTreeSet::new();
        ops.retain(|o| !matches!(o, Op::Link(a, b, _) if !seen.insert((*a.min(b), *a.max(b)))));
        let (g, left) = (replay(&ops), remains(&ops));
        for until in [0, 7, 20, 41, 60].map(|t| t * STEP) {
            let then: Vec<Op> = left
                .iter()
                .filter(|o| match o {
                    Op::Link(.., at) | Op::Call(.., at) | Op::Decide(.., at) => *at <= until,
                    Op::Forget(_) => true,
                })
                .copied()
                .collect();
            let g_then = replay(&then);
            let mut expected: Vec<Vec<Node>> = Vec::new();
            for id in customers(&g_then).into_iter().skip(1).collect::<BTreeSet<_>>() {
                expected.push(g_then.nodes(id));
            }
            expected.sort();
            assert_eq!(g.as_of(&all, Timestamp(until)), expected, "sequence {n} until {until}: {left:?}");
        }
    }
}

fn of(kind: &str, value: &str) -> (Node, NodeKind) {
    let identifier = Identifier::new(kind, value);
    (identifier.node(&crate::world::SECRET).unwrap(), NodeKind::of(&identifier))
}

const DAY: i64 = 86_400_000_000;

fn stood(x: (&str, &str), y: (&str, &str), day: i64) -> Edge {
    let at = Timestamp(day * DAY);
    let evidence = OrderKey { occurred_at: at, source_seq: 0, message_prefix: 0, message_hash: day as u64 };
    Edge::new(of(x.0, x.1), of(y.0, y.1), evidence, day as u64 + 1)
}

fn call(g: &mut IdentityGraph, who: (&str, &str), name: &str, day: i64) {
    g.call(of(who.0, who.1).0, Called::new(&crate::world::SECRET, name).unwrap(), Timestamp(day * DAY));
}

fn one(g: &IdentityGraph, x: (&str, &str), y: (&str, &str)) -> bool {
    g.customer(of(x.0, x.1).0) == g.customer(of(y.0, y.1).0)
}

fn decide(g: &mut IdentityGraph, who: (&str, &str), ruling: Ruling, day: i64) {
    let node = of(who.0, who.1).0;
    g.decide(Decision { a: node, b: node, ruling, at: Timestamp(day * DAY), position: day as u64 });
}

#[test]
fn a_kiosk_joins_nobody_and_a_browser_never_joins_two_people() {
    let mut g = IdentityGraph::default();
    let (browser, u1, u2) = (("anonymous_id", "b-17"), ("user_id", "u1"), ("user_id", "u2"));
    g.link(stood(browser, u1, 10));
    g.link(stood(browser, u2, 20));
    assert!(one(&g, browser, u1) && !one(&g, u1, u2), "it stays with the first");
    // Evidence from before arrives late: it was the other's.
    g.link(stood(browser, u2, 5));
    assert!(one(&g, browser, u2) && !one(&g, u1, u2));
    for n in 0..500 {
        let user = format!("k{n}");
        g.link(stood(("user_id", &user), ("anonymous_id", "kiosk"), 100 + n));
        g.link(stood(("user_id", &user), ("email", &format!("k{n}@example.org")), 100 + n));
    }
    let kiosk = of("anonymous_id", "kiosk").0;
    assert_eq!(g.verdict(kiosk).shared, Some(Shared::Many));
    assert_eq!(g.nodes(g.customer(kiosk)), [kiosk]);
    assert!(one(&g, ("user_id", "k7"), ("email", "k7@example.org")) && !one(&g, ("user_id", "k7"), ("user_id", "k8")));
    // Used by four within a month it is a family's tablet.
    for n in 0..4 {
        g.link(stood(("user_id", &format!("f{n}")), ("device_id", "tablet"), 200 + n));
    }
    assert_eq!(g.verdict(of("device_id", "tablet").0).shared, Some(Shared::Soon));
}

#[test]
fn a_family_on_one_phone_stays_several_people() {
    let phone = ("phone", "+4930123456");
    let (ana, tom, mail) = (("user_id", "ana"), ("user_id", "tom"), ("email", "tom@example.org"));
    let mut g = IdentityGraph::default();
    g.link(stood(ana, phone, 1));
    g.link(stood(tom, phone, 40));
    g.link(stood(tom, mail, 41));
    assert!(one(&g, ana, phone) && !one(&g, ana, tom), "whose names nobody knows: it is the first one's");
    call(&mut g, ana, "Ana Berg", 1);
    call(&mut g, tom, "Tom Berg", 40);
    assert_eq!(g.verdict(of(phone.0, phone.1).0).shared, Some(Shared::Names));
    assert!(!one(&g, ana, phone) && !one(&g, tom, phone));
    // A person says that it is always shared, that it is one person's, and takes it back.
    decide(&mut g, phone, Ruling::Allowed, 50);
    assert!(one(&g, ana, tom), "allowed is allowed");
    assert_eq!(g.marks(), [(of(phone.0, phone.1).0, Mark::Allowed)]);
    decide(&mut g, phone, Ruling::Unmarked, 51);
    assert!(!one(&g, ana, tom));
    // A guest of the same name on the same phone is the same person.
    let mut g = IdentityGraph::default();
    g.link(stood(ana, phone, 1));
    g.link(stood(mail, phone, 2));
    assert!(!one(&g, ana, mail));
    call(&mut g, ana, "Ana Berg", 1);
    call(&mut g, mail, "ana berg", 2);
    assert!(one(&g, ana, mail));
}

#[test]
fn a_number_that_changed_hands_is_the_new_ones_after_the_gap() {
    let phone = ("phone", "+4930123456");
    let (old, new) = (("user_id", "old"), ("user_id", "new"));
    let check = |new_day: i64, new_name: &str, expected: (bool, bool)| {
        let mut g = IdentityGraph::default();
        g.link(stood(old, phone, 1));
        g.link(stood(old, phone, 300));
        g.link(stood(new, phone, new_day));
        call(&mut g, old, "Ana Berg", 1);
        call(&mut g, new, new_name, new_day);
        assert!(!one(&g, old, new));
        assert_eq!((one(&g, old, phone), one(&g, new, phone)), expected, "{new_day} {new_name}");
        g
    };
    let g = check(400, "Bo Lind", (false, true));
    check(330, "Bo Lind", (false, false));
    check(400, "Berg", (true, false));
    // As of a day before the new one came it was the old one's, and its story tells the change.
    let phone_node = of(phone.0, phone.1).0;
    let then = g.as_of(&[phone_node], Timestamp(310 * DAY));
    assert_eq!(then.len(), 1);
    assert!(then[0].contains(&of(old.0, old.1).0));
    let changes = g.changes(g.customer(phone_node));
    let hands = changes.iter().find(|c| matches!(c.happened, Happened::ChangedHands(_))).unwrap();
    assert_eq!(hands.at, Timestamp(400 * DAY));
}

#[test]
fn what_happened_is_told_with_its_dates() {
    let mut g = IdentityGraph::default();
    let (u, mail, browser, info) =
        (("user_id", "u"), ("email", "a@x.org"), ("anonymous_id", "b1"), ("email", "info@x.org"));
    g.link(stood(mail, browser, 3));
    g.link(stood(u, mail, 9));
    g.link(stood(u, browser, 9));
    g.link(stood(u, info, 12));
    let pair = (of(u.0, u.1).0, of(mail.0, mail.1).0);
    let ruled = |ruling, day: i64| Decision {
        a: pair.0.min(pair.1),
        b: pair.0.max(pair.1),
        ruling,
        at: Timestamp(day * DAY),
        position: day as u64,
    };
    g.decide(ruled(Ruling::Separated, 20));
    g.decide(ruled(Ruling::Rejoined, 21));
    let told: Vec<(i64, &str)> = g
        .changes(g.customer(pair.0))
        .iter()
        .map(|c| {
            let what = match &c.happened {
                Happened::Joined(_) => "joined",
                Happened::HeldBack(_, _, Some(Shared::Role)) => "a role's",
                Happened::HeldBack(..) => "held back",
                Happened::ChangedHands(_) => "changed hands",
                Happened::Decided(d) if d.ruling == Ruling::Separated => "taken apart",
                Happened::Decided(_) => "joined again",
            };
            (c.at.0 / DAY, what)
        })
        .collect();
    assert_eq!(told, [(3, "joined"), (9, "joined"), (12, "a role's"), (20, "taken apart"), (21, "joined again")]);
}

#[test]
fn aliases_in_a_circle_and_an_id_that_names_itself_are_one_person() {
    let mut g = IdentityGraph::default();
    let user = |n: u64| format!("alias-{}", n % 500);
    for n in 0..500 {
        g.link(stood(("user_id", &user(n)), ("user_id", &user(n + 1)), n as i64));
    }
    assert!(g.link(stood(("user_id", "alias-3"), ("user_id", "alias-3"), 900)).is_empty());
    assert_eq!(g.nodes(g.customer(of("user_id", "alias-0").0)).len(), 500);
    assert_eq!(g.why(of("user_id", "alias-0").0, of("user_id", "alias-250").0).unwrap().len(), 250);
    assert_eq!(g.why(of("user_id", "alias-0").0, of("user_id", "alias-499").0).unwrap().len(), 1);
    // The circle holds when it is cut in one place, and falls in two when cut in another as well.
    for (n, day) in [(10, 1_000), (300, 1_001)] {
        let (x, y) = (of("user_id", &user(n)).0, of("user_id", &user(n + 1)).0);
        let (a, b) = (x.min(y), x.max(y));
        g.decide(Decision { a, b, ruling: Ruling::Separated, at: Timestamp(day * DAY), position: day as u64 });
    }
    assert_eq!(g.nodes(g.customer(of("user_id", "alias-20").0)).len(), 290);
    assert_eq!(g.nodes(g.customer(of("user_id", "alias-5").0)).len(), 210);
}

/// Links of one person with this many identifiers, in the order of their evidence.
fn many(n: u64) -> Vec<Edge> {
    let mut rng = Rng(9);
    let of = |kind: &str, rng: &mut Rng| (Node(rng.next() | 1), NodeKind::of(&Identifier::new(kind, "")));
    let user = of("user_id", &mut rng);
    let mut edges = Vec::new();
    let mut at = 0;
    let mut link = |x, y| {
        at += 1_000_000;
        let evidence =
            OrderKey { occurred_at: Timestamp(at), source_seq: 0, message_prefix: 0, message_hash: at as u64 };
        edges.push(Edge::new(x, y, evidence, at as u64));
    };
    for i in 0..n / 4 {
        // A browser that came before the login, its visit, and an address that is used once.
        let (browser, visit) = (of("anonymous_id", &mut rng), of("visit", &mut rng));
        let (mail, phone) = (of("email", &mut rng), of("phone", &mut rng));
        link(browser, visit);
        link(user, browser);
        link(user, visit);
        link(user, mail);
        link(if i % 2 == 0 { user } else { mail }, phone);
    }
    edges
}

#[test]
fn one_person_with_a_hundred_thousand_identifiers_is_quick_in_any_order() {
    let seconds = |n: u64, shuffle: bool| {
        let mut edges = many(n);
        if shuffle {
            Rng(4).shuffle(&mut edges);
        }
        let started = std::time::Instant::now();
        let mut g = IdentityGraph::default();
        for e in &edges {
            g.link(*e);
        }
        assert_eq!(g.nodes(g.customer(edges[1].a)).len() as u64, n + 1);
        assert_eq!(g.changes(g.customer(edges[1].a)).len() as u64, n);
        assert_eq!(g.as_of(&[edges[1].a], Timestamp(i64::MAX))[0].len() as u64, n + 1);
        let took = started.elapsed().as_secs_f64();
        println!("{n} identifiers of one person, {}: {took:.2} s", if shuffle { "shuffled" } else { "in order" });
        took
    };
    for shuffle in [false, true] {
        // Ten times as many cost hardly more than ten times as much; a square would be a hundred times.
        let (few, many) = (seconds(10_000, shuffle), seconds(100_000, shuffle));
        assert!(many < 60.0 * few.max(0.05), "{few} s for 10,000, {many} s for 100,000");
    }
}

#[test]
fn small_graphs_say_of_themselves_what_the_rest_of_the_tests_stand_on() {
    assert!(Guards::default().device.in_all > Guards::default().device.within);
    assert!(kind(16).is_role && !kind(2).is_role && kind(6) == kind(13));
    assert_eq!(edge(3, 2, 0).a, Node(2));
}
