//! The demo's shop in the hot tier, as the engine would put it there, and findings held against its
//! truths.

use crate::world::{compile, hash};
use std::collections::{BTreeSet, HashMap};
use throughline_demo::{Truth, World};
use throughline_interactions::{Draft, OrderKey, Precision, Promise, Ref, dimensions};
use throughline_journeys::PainPoints;
use throughline_journeys::pain_points::{Finding, Findings, Outcome};
use throughline_timeline::{Row, RowPromise, RowScore, ScanOptions, Snapshot};

/// Names of dimensions and values by their hash.
pub type Names = HashMap<u64, (String, String)>;

/// The rows of a world, every person known for who they are.
pub fn rows(world: &World) -> (Vec<Row>, Names) {
    let mut names = Names::new();
    let rows = world.interactions().enumerate().map(|(n, (_, draft))| row(n as u64, &draft, &mut names)).collect();
    (rows, names)
}

fn row(position: u64, draft: &Draft, names: &mut Names) -> Row {
    let (person, _) = draft.message_id.split_once('-').unwrap();
    let customer = hash("person", person);
    let mut attributes = Vec::new();
    let mut dimension = String::new();
    dimensions(&draft.touchpoint, &draft.refs, &draft.properties, |prefix, name, value| {
        dimension.clear();
        dimension.extend([prefix, name]);
        let id = hash(&dimension, value);
        names.entry(id).or_insert_with(|| (dimension.clone(), value.to_owned()));
        attributes.push(id);
    });
    let at = draft.occurred_at.unwrap();
    let zone = draft.zone.as_ref().unwrap();
    Row {
        customer,
        node: customer,
        order: OrderKey {
            occurred_at: at,
            source_seq: draft.source_seq,
            message_prefix: 0,
            message_hash: hash("message", &draft.message_id),
        },
        position,
        event: draft.event.as_str().into(),
        channel: draft.channel.as_str().into(),
        actor: draft.actor,
        direction: draft.direction,
        money: draft.money,
        score: draft.score.as_ref().map(|s| RowScore {
            kind: s.kind.as_str().into(),
            value: s.value as f32,
            min: s.min as f32,
            max: s.max as f32,
        }),
        has_text: draft.text.is_some(),
        promise: draft.promise.as_ref().map(|p| {
            let day = Promise { precision: Precision::Day, ..p.clone() };
            RowPromise {
                kind: p.kind.as_str().into(),
                due: p.due,
                deadline: p.deadline(zone).unwrap(),
                day_deadline: day.deadline(zone).unwrap(),
            }
        }),
        subjects: draft
            .refs
            .iter()
            .filter(|r| Ref::is_personal(&r.kind))
            .map(|r| (r.kind.as_str().into(), hash(&r.kind, &r.value)))
            .collect(),
        attributes,
    }
}

/// Looks for what makes customers of a world unhappy or lost, of which its truths speak. What behaviour
/// alone tells is left out: a slow carrier is late whether or not that moves anybody.
pub fn find(world: &World) -> Findings {
    let (rows, names) = rows(world);
    let snapshot = Snapshot::of_rows(rows, 4);
    let mut journey = crate::world::buy_and_receive();
    journey.outcomes.clear();
    let pain = PainPoints::new(compile(journey, &snapshot));
    pain.find(&snapshot, &|id| names.get(&id).cloned(), &ScanOptions::default()).unwrap()
}

/// What was found, held against what is true.
#[derive(Debug, Default)]
pub struct Judged {
    /// Truths that something found tells.
    pub told: BTreeSet<&'static str>,
    /// Truths that nothing found tells.
    pub missed: BTreeSet<&'static str>,
    /// Findings that stand by themselves.
    pub discoveries: usize,
    /// Those of them that no truth admits.
    pub wrong: Vec<String>,
}

/// A finding with its aliases stands for all their names.
fn any_name(f: &Finding, is: impl Fn(&str, &str, &str) -> bool) -> bool {
    std::iter::once(&f.name).chain(&f.aliases).any(|n| is(&n.kind, &n.dimension, &n.value))
}

/// Holds findings against truths. A truth is told by a finding that bears the name of its cause or of a
/// proxy, whether in the shadow of another or not, and by one of the other kind that says what it is to
/// lack it; for what does good those are bright spots and pain points, for what does harm the other way
/// round. What it is to have been spared a truth is right too, and tells nothing. A finding that stands by itself and that no truth admits is wrong.
pub fn judge(found: &Findings, truths: &[&'static Truth]) -> Judged {
    let mut judged = Judged::default();
    let tells = |t: &Truth, f: &Finding| match t.is_bright() == f.is_bright() {
        true => any_name(f, |k, d, v| t.is_told_by(k, d, v)),
        false => any_name(f, |k, d, v| t.is_lacked_by(k, d, v)),
    };
    let admits = |t: &Truth, f: &Finding| {
        tells(t, f)
            || match t.is_bright() == f.is_bright() {
                true => any_name(f, |k, d, v| t.admits(k, d, v)),
                false => any_name(f, |k, d, v| t.spares(k, d, v)),
            }
    };
    let all = || found.findings.iter().chain(&found.bright);
    for truth in truths {
        let is_told = all().any(|f| tells(truth, f));
        if is_told {
            judged.told.insert(truth.key)
        } else {
            judged.missed.insert(truth.key)
        };
    }
    for finding in all().filter(|f| f.shadow_of.is_none()) {
        judged.discoveries += 1;
        if !truths.iter().any(|t| admits(t, finding)) {
            judged.wrong.push(words(finding));
        }
    }
    judged
}

/// A finding in a line.
pub fn words(f: &Finding) -> String {
    let end = if f.outcome == Outcome::DropOut { "lost" } else { "unhappy" };
    let ratio = f.ratio.map_or("∞".to_owned(), |r| format!("{r:.2}"));
    let high = f.high.map_or("∞".to_owned(), |h| format!("{h:.2}"));
    let name = [f.name.kind.as_str(), f.name.dimension.as_str(), f.name.value.as_str()].join(" ");
    format!("{name} → {end} {ratio}× [{:.2}, {high}] n = {}, q = {:.2e}", f.low, f.exposed, f.q)
}
