//! Scorecards against a slow, obvious reading of the rows, one value at a time.

use crate::stories::stories;
use crate::world::{DAY, EPOCH, buy_and_receive, compile, hash, promise, row, snapshot, stars};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use throughline_interactions::{Currency, Direction, Money};
use throughline_journeys::scorecards::{
    BesidePass, BesideState, CardFigure, CardPeoplePass, DetailPass, DetailState, Dimensions, Flag, Rate,
    ScorecardsPass, ScorecardsState, scorecard,
};
use throughline_journeys::{Compiled, Person};
use throughline_timeline::{PassState, Row, RowScore, ScanOptions, Snapshot};
use throughline_value::shrinkage::Tally;

const VALUES: [(&str, &str); 7] = [
    ("ref:carrier", "a"),
    ("ref:carrier", "b"),
    ("ref:product", "lamp"),
    ("ref:product", "desk"),
    ("ref:product", "chair"),
    ("property:gift", "true"),
    ("property:gift", "false"),
];
const KINDS: [&str; 3] = ["ref:carrier", "ref:product", "property:gift"];

fn values() -> Vec<(u64, u16)> {
    let kind = |dimension: &str| KINDS.iter().position(|k| *k == dimension).unwrap() as u16;
    VALUES.iter().map(|(d, v)| (hash(d, v), kind(d))).collect()
}

/// Random stories with returns, claims, cries for help, further answers, and what they are about.
fn told(customers: u64, rows: usize) -> impl Strategy<Value = Vec<Row>> {
    (stories(customers, rows), prop::collection::vec(any::<u32>(), rows)).prop_map(|(mut rows, dice)| {
        for (row, dice) in rows.iter_mut().zip(dice) {
            match dice % 11 {
                0 => row.event = "Order Refunded".into(),
                1 => row.event = "Warranty Claim".into(),
                2 => row.event = "Ticket Opened".into(),
                3 => {
                    row.score =
                        Some(RowScore { kind: "nps".into(), value: (dice >> 4 & 7) as f32 + 2.0, min: 0.0, max: 10.0 })
                }
                4 => row.direction = Direction::Out,
                5 => row.money = Some(Money { minor: -500, currency: Currency::new("EUR").unwrap() }),
                _ => {}
            }
            for (bit, (dimension, value)) in VALUES.iter().enumerate().skip(2) {
                if dice >> (8 + 2 * bit) & 3 == 0 {
                    row.attributes.push(hash(dimension, value));
                }
            }
            row.attributes.sort_unstable();
            row.attributes.dedup();
        }
        rows
    })
}

/// One instance, or an answer outside of any: the rows of it, and where it began.
struct Group<'a> {
    customer: u64,
    rows: Vec<&'a Row>,
    start: Option<usize>,
}

fn groups(rows: &[Row]) -> Vec<Group<'_>> {
    let starts = &buy_and_receive().stages[0].events;
    let mut customers: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
    rows.iter().for_each(|r| customers.entry(r.customer).or_default().push(r));
    let mut out = Vec::new();
    for (customer, mut rows) in customers {
        rows.sort_by_key(|r| r.order);
        let mut orders: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
        for row in &rows {
            for (_, order) in row.subjects.iter().filter(|(kind, _)| &**kind == "order") {
                orders.entry(*order).or_default().push(row);
            }
        }
        orders.retain(|_, rows| rows.iter().any(|r| starts.contains(&r.event.to_string())));
        for row in &rows {
            let inside = orders.values().flatten().any(|r| std::ptr::eq(*r, *row));
            if row.score.is_some() && !inside {
                out.push(Group { customer, rows: vec![row], start: None });
            }
        }
        for rows in orders.into_values() {
            let start = rows.iter().position(|r| starts.contains(&r.event.to_string()));
            out.push(Group { customer, rows, start });
        }
    }
    out
}

fn kind_of(value: u64) -> u16 {
    values().iter().find(|(h, _)| *h == value).unwrap().1
}

impl Group<'_> {
    fn joined(&self, value: u64) -> Option<usize> {
        self.rows.iter().position(|r| r.attributes.contains(&value))
    }

    /// The rows about a value.
    fn about(&self, value: u64) -> Vec<&Row> {
        let Some(joined) = self.joined(value) else { return Vec::new() };
        let same = |h: &u64| values().iter().any(|(v, k)| v == h && *k == kind_of(value));
        let about =
            |(i, r): (usize, &&Row)| r.attributes.contains(&value) || (i >= joined && !r.attributes.iter().any(same));
        self.rows.iter().enumerate().filter(|(i, r)| about((*i, r))).map(|(_, r)| *r).collect()
    }

    fn holds(&self, value: u64, figure: &CardFigure, compiled: &Compiled) -> bool {
        let Some(joined) = self.joined(value) else { return false };
        let about = self.about(value);
        let event = |names: &[&str]| about.iter().any(|r| names.contains(&&*r.event));
        let satisfied = |r: &&&Row| r.score.is_some();
        let share = |r: &Row| r.score.as_ref().map_or(1.0, |s| f64::from(s.value - s.min) / f64::from(s.max - s.min));
        let is_order = self.start.is_some();
        match figure {
            CardFigure::Met => is_order,
            CardFigure::SentBack => is_order && event(&["Order Refunded"]),
            CardFigure::Complained => is_order && event(&["Warranty Claim"]),
            CardFigure::AskedHelp => {
                let by_customer = |r: &&&Row| r.direction == Direction::In;
                let asked = |r: &&Row| matches!(&*r.event, "Ticket Opened" | "Support Called");
                is_order && about.iter().filter(by_customer).any(asked)
            }
            CardFigure::Answered => about.iter().any(|r| satisfied(&r)),
            CardFigure::Unhappy => about.iter().filter(satisfied).any(|r| share(r) <= 0.25 + 1e-9),
            CardFigure::Scored(kind) => about.iter().any(|r| r.score.as_ref().is_some_and(|s| *s.kind == **kind)),
            CardFigure::Settled | CardFigure::Broken => {
                let Some(made) = self.rows.iter().position(|r| r.promise.is_some()) else { return false };
                if !is_order {
                    return false;
                }
                let deadline = self.rows[made].promise.as_ref().unwrap().deadline.0;
                let delivered = self.rows.iter().skip(made + 1).find(|r| &*r.event == "Order Delivered");
                let at = |r: &Row| r.order.occurred_at.0;
                let (settled, kept) = match delivered {
                    Some(r) => (at(r).min(deadline), at(r) <= deadline),
                    None if deadline < compiled.end => (deadline, false),
                    None => return false,
                };
                let delivers = |r: &&&Row| delivered.is_some_and(|d| at(d) == at(r)) && r.attributes.contains(&value);
                let there = at(self.rows[joined]) <= settled || self.rows.iter().any(|r| delivers(&r));
                there && (*figure == CardFigure::Settled || !kept)
            }
            CardFigure::Touched => unreachable!("counted by rows"),
        }
    }
}

fn people_slowly(
    rows: &[Row],
    groups: &[Group<'_>],
    value: u64,
    figure: &CardFigure,
    compiled: &Compiled,
) -> Vec<Person> {
    let mut people: BTreeMap<u64, u32> = BTreeMap::new();
    if *figure == CardFigure::Touched {
        rows.iter().filter(|r| r.attributes.contains(&value)).for_each(|r| *people.entry(r.customer).or_default() += 1);
    } else {
        groups
            .iter()
            .filter(|g| g.holds(value, figure, compiled))
            .for_each(|g| *people.entry(g.customer).or_default() += 1);
    }
    people.into_iter().map(|(customer, instances)| Person { customer, instances }).collect()
}

fn scan(snapshot: &Snapshot, compiled: &Arc<Compiled>) -> ScorecardsState {
    let dimensions = Arc::new(Dimensions::new(values()));
    snapshot.scan(&ScorecardsPass { compiled: compiled.clone(), dimensions }, &ScanOptions::default()).unwrap()
}

fn again<S: PassState + PartialEq + std::fmt::Debug>(state: &S) {
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    assert_eq!(&S::decode(&bytes).unwrap(), state);
    assert!(S::decode(&bytes[..bytes.len() - 1]).is_err());
}

fn check(rows: Vec<Row>) {
    let many = snapshot(rows.clone(), 4);
    let compiled = compile(buy_and_receive(), &many);
    let state = scan(&many, &compiled);
    assert_eq!(scan(&snapshot(rows.clone(), 1), &compiled), state, "buckets do not matter");
    again(&state);
    let groups = groups(&rows);
    assert_eq!(state.instances, groups.iter().filter(|g| g.start.is_some()).count() as u64);

    let dimensions = Arc::new(Dimensions::new(values()));
    let figures = [
        "touched",
        "met",
        "settled",
        "broken",
        "sent-back",
        "complained",
        "asked-help",
        "answered",
        "unhappy",
        "score.stars",
        "score.nps",
    ]
    .map(|name| CardFigure::parse(name).unwrap());
    for (value, kind) in values() {
        let counts = state.values.get(&value).cloned().unwrap_or_default();
        let mut times = BTreeMap::new();
        for figure in &figures {
            let pass = CardPeoplePass {
                compiled: compiled.clone(),
                dimensions: dimensions.clone(),
                value,
                figure: figure.clone(),
            };
            let people = many.scan(&pass, &ScanOptions::default()).unwrap().people();
            assert_eq!(people, people_slowly(&rows, &groups, value, figure, &compiled), "{figure:?} of {value}");
            let all: u64 = people.iter().map(|p| u64::from(p.instances)).sum();
            times.insert(figure.name(), (people.len() as u64, all));
        }
        assert_eq!((counts.customers, counts.interactions), times["touched"]);
        assert_eq!(counts.met, times["met"].1);
        for rate in Rate::ALL {
            let (of, bad) = rate.figures();
            assert_eq!(counts.rate(rate), Tally { events: times[&bad.name()].1, n: times[&of.name()].1 }, "{rate:?}");
        }
        for kind in ["stars", "nps"] {
            let sums = state
                .scores
                .iter()
                .find(|(n, _)| n.kind == kind)
                .and_then(|(_, v)| v.get(&value))
                .copied()
                .unwrap_or_default();
            assert_eq!(sums.affairs, times[&format!("score.{kind}")].1);
            let answers: Vec<f64> = groups
                .iter()
                .flat_map(|g| g.about(value))
                .filter_map(|r| r.score.as_ref().filter(|s| *s.kind == *kind))
                .map(|s| match kind {
                    "nps" => f64::from(i8::from(s.value >= 9.0) - i8::from(s.value <= 6.0)) * 100.0,
                    _ => f64::from(s.value),
                })
                .collect();
            assert_eq!(sums.sums.n, answers.len() as u64);
            assert!((sums.sums.sum as f64 / 1_000.0 - answers.iter().sum::<f64>()).abs() < 1e-6);
        }
        let begun = groups.iter().filter(|g| g.start.is_some_and(|s| g.joined(value).is_some_and(|j| j <= s))).count();
        assert_eq!(counts.begun, begun as u64);
        let orders = || groups.iter().filter(|g| g.start.is_some() && g.joined(value).is_some());
        let money = |code: &str| {
            let of = |r: &Row| r.money.filter(|m| m.currency.as_str() == code).map_or(0, |m| i128::from(m.minor));
            let sold: i128 = orders().map(|g| of(g.rows[g.start.unwrap()]).max(0)).sum();
            let back: i128 = orders().flat_map(|g| g.about(value)).map(|r| (-of(r)).max(0)).sum();
            (sold, back)
        };
        for code in ["EUR", "USD"] {
            let found =
                counts.money.iter().find(|m| m.currency == *code.as_bytes()).map_or((0, 0), |m| (m.sold, m.back));
            assert_eq!(found, money(code), "{code}");
        }

        let pass = DetailPass { compiled: compiled.clone(), dimensions: dimensions.clone(), value };
        let detail: DetailState = many.scan(&pass, &ScanOptions::default()).unwrap();
        again(&detail);
        assert_eq!(detail.weeks.values().map(|w| w.met).sum::<u64>(), counts.met);
        for (place, rate) in Rate::ALL.into_iter().enumerate() {
            let sum = detail.weeks.values().fold(Tally::default(), |s, w| Tally {
                events: s.events + w.rates[place].events,
                n: s.n + w.rates[place].n,
            });
            assert_eq!(sum, counts.rate(rate));
        }
        for (name, weeks) in &detail.scores {
            let n: u64 = weeks.values().map(|s| s.n).sum();
            assert_eq!(n, state.scores[name][&value].sums.n);
        }
        assert_eq!(detail.stages.iter().map(|s| s.joined).sum::<u64>(), counts.met);
        let voices = groups.iter().flat_map(|g| g.about(value)).filter(|r| r.has_text && r.direction == Direction::In);
        assert_eq!(detail.unhappiest.len(), voices.count().min(8));
        check_beside(&many, &compiled, &groups, value, kind);
    }
}

/// Every other dimension's strata of a value, their parts added up one group at a time.
fn check_beside(many: &Snapshot, compiled: &Arc<Compiled>, groups: &[Group<'_>], value: u64, kind: u16) {
    for (other, from_the_start) in (0..3_u16).filter(|o| *o != kind).flat_map(|o| [(o, true), (o, false)]) {
        let number = |k: u16| if k == kind { Some(0) } else { (k == other).then_some(1) };
        let pair = values().into_iter().filter_map(|(h, k)| Some((h, number(k)?)));
        let pass =
            BesidePass { compiled: compiled.clone(), dimensions: Arc::new(Dimensions::new(pair)), from_the_start };
        let state: BesideState = many.scan(&pass, &ScanOptions::default()).unwrap();
        again(&state);
        for rate in Rate::ALL {
            let (of, bad) = rate.figures();
            let mut strata: BTreeMap<Option<u64>, [f64; 4]> = BTreeMap::new();
            for group in groups {
                let start = group.start.unwrap_or(0);
                let beside: Vec<u64> = values()
                    .iter()
                    .filter(|(h, k)| *k == other && group.joined(*h).is_some_and(|j| !from_the_start || j <= start))
                    .map(|(h, _)| *h)
                    .collect();
                let keys: Vec<Option<u64>> =
                    if beside.is_empty() { vec![None] } else { beside.into_iter().map(Some).collect() };
                for (own, _) in values().iter().filter(|(_, k)| *k == kind) {
                    if !group.holds(*own, &of, compiled) {
                        continue;
                    }
                    for key in &keys {
                        let cell = strata.entry(*key).or_default();
                        let at = if *own == value { 0 } else { 2 };
                        cell[at] += 1.0 / keys.len() as f64;
                        cell[at + 1] += f64::from(u8::from(group.holds(*own, &bad, compiled))) / keys.len() as f64;
                    }
                }
            }
            let mut expected: Vec<[f64; 4]> = strata.into_values().filter(|c| c[0] > 0.0).collect();
            let found = state.strata(rate).remove(&value).unwrap_or_default();
            let mut found: Vec<[f64; 4]> =
                found.iter().map(|s| [s.exposed, s.exposed_events, s.unexposed, s.unexposed_events]).collect();
            let order = |a: &[f64; 4], b: &[f64; 4]| {
                a.map(|x| (x * 1e6).round() as i64).cmp(&b.map(|x| (x * 1e6).round() as i64))
            };
            expected.sort_by(order);
            found.sort_by(order);
            assert_eq!(found.len(), expected.len(), "{rate:?}");
            for (f, e) in found.iter().zip(&expected) {
                assert!(f.iter().zip(e).all(|(x, y)| (x - y).abs() < 1e-9), "{rate:?}: {f:?} {e:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_count_is_what_a_plain_reading_finds(rows in told(4, 60)) {
        check(rows);
    }
}

/// Whoever comes after something has happened is not blamed for it.
#[test]
fn nobody_is_blamed_for_what_was_before() {
    let order = |event: &str, day: i64| row(7, EPOCH + day * DAY, event, 70);
    let about = |mut row: Row, value: (&str, &str)| {
        row.attributes.push(hash(value.0, value.1));
        row
    };
    let (early, late) = (("ref:carrier", "a"), ("ref:carrier", "b"));
    let rows = vec![
        promise(order("Order Completed", 0), EPOCH + 3 * DAY),
        about(order("Order Shipped", 1), early),
        // The late parcel is asked about, and only then somebody else joins.
        order("Ticket Opened", 5),
        stars(order("Survey Answered", 6), 1.0),
        about(order("Parcel Handed Over", 7), late),
        order("Order Delivered", 8),
        row(9, EPOCH + 60 * DAY, "App Opened", 90),
    ];
    let snapshot = snapshot(rows, 2);
    let state = scan(&snapshot, &compile(buy_and_receive(), &snapshot));
    let of = |v: (&str, &str), rate| state.values[&hash(v.0, v.1)].rate(rate);
    let one = |events, n| Tally { events, n };
    for (rate, early_has, late_has) in [
        (Rate::Broken, one(1, 1), one(0, 0)),
        (Rate::Unhappy, one(1, 1), one(0, 0)),
        (Rate::AskedHelp, one(1, 1), one(0, 1)),
    ] {
        assert_eq!((of(early, rate), of(late, rate)), (early_has, late_has), "{rate:?}");
    }
}

/// One product is flawed, one store sells little else: the store looks bad and is not to blame.
#[test]
fn a_store_is_not_blamed_for_the_flawed_product() {
    let (flawed, sound) = (hash("ref:product", "lamp"), hash("ref:product", "desk"));
    let stores: Vec<u64> = (0..6).map(|s| hash("ref:carrier", ["a", "b", "c", "d", "e", "f"][s])).collect();
    let mut rows = Vec::new();
    for n in 0..1_800_u64 {
        let (store, dice) = ((n % 6) as usize, n / 6 * 7 % 20);
        let is_flawed = if store == 0 { dice < 16 } else { dice < 3 };
        let upset = n / 6 * 13 % 100 < if is_flawed { 40 } else { 6 };
        let at = EPOCH + (n as i64 % 300) * DAY;
        let mut bought = row(n * 3 + 1, at, "Order Completed", n);
        bought.attributes = vec![stores[store], if is_flawed { flawed } else { sound }];
        rows.push(bought);
        rows.push(stars(row(n * 3 + 1, at + 2 * DAY, "Survey Answered", n), if upset { 1.0 } else { 5.0 }));
    }
    let snapshot = snapshot(rows, 4);
    let compiled = compile(buy_and_receive(), &snapshot);
    let of = |hashes: &[u64], number: u16| hashes.iter().map(|h| (*h, number)).collect::<Vec<_>>();
    let both = || of(&stores, 0).into_iter().chain(of(&[flawed, sound], 1));
    let dimensions = Arc::new(Dimensions::new(both()));
    let options = ScanOptions::default();
    let pass = ScorecardsPass { compiled: compiled.clone(), dimensions: dimensions.clone() };
    let state = snapshot.scan(&pass, &options).unwrap();
    let beside = snapshot.scan(&BesidePass { compiled, dimensions, from_the_start: false }, &options).unwrap();
    let names: Vec<(u64, String)> = stores.iter().enumerate().map(|(i, h)| (*h, format!("store {i}"))).collect();
    let card = scorecard("ref:store", &names, &state, Some(("ref:product", &beside)));
    let unhappy = card.measures.iter().position(|m| m.key == "unhappy").unwrap();
    assert!(card.measures[unhappy].differ);
    let of = |name: &str| card.values.iter().find(|v| v.value == name).unwrap().cards[unhappy].unwrap();
    let blamed = of("store 0");
    assert_eq!(blamed.flag, Flag::Worse, "{blamed:?}");
    let fair = blamed.adjusted.unwrap();
    assert_eq!(fair.flag, Flag::Alike, "{fair:?}");
    assert!(fair.low < 1.0 && fair.high.unwrap() > 1.0 && (fair.ratio.unwrap() - 1.0).abs() < 0.35, "{fair:?}");
    // And by itself the product is found.
    let products = [(flawed, "lamp".to_owned()), (sound, "desk".to_owned())];
    let card = scorecard("ref:product", &products, &state, None);
    let lamp = card.values.iter().find(|v| v.value == "lamp").unwrap();
    assert_eq!(lamp.cards[unhappy].unwrap().flag, Flag::Worse);
}

#[test]
fn figures_have_names() {
    for name in [
        "touched",
        "met",
        "settled",
        "broken",
        "sent-back",
        "complained",
        "asked-help",
        "answered",
        "unhappy",
        "score.nps",
    ] {
        assert_eq!(CardFigure::parse(name).unwrap().name(), name);
    }
    assert_eq!(CardFigure::parse("score."), None);
    assert_eq!(CardFigure::parse("nothing"), None);
}
