//! A look for pairs: everybody is read and compared, what may be one person is kept, and what is as good as certain
//! is joined where that is wanted.

use super::columns::{self, BIRTHDAY, COLUMNS, GIVEN, PHONE, POST_CODE, STREET, SURNAME};
use super::records::{Records, choose, known, records};
use super::{Matching, standing};
use crate::EngineError;
use crate::brand::Brand;
use crate::engine::Inner;
use crate::receive::frame;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use throughline_customers::{JOINED, customer_count, judged, kept_apart};
use throughline_interactions::{Actor, Draft, MessageKey, Node, Record, SourceId, Timestamp, limits};
use throughline_ledger::{FrameKind, Verdict};
use throughline_linkage::compare::{Level, levels};
use throughline_linkage::{Kind, Options, link};
use throughline_store::sql::{self, OptionalExtension, Transaction, params};

/// The model whose probabilities stand in decisions: three kinds of pairs, in the columns of `columns.rs`.
pub(super) const MODEL: &str = "fellegi-sunter-1";
/// Pairs that are less probable are shown to nobody.
const LEAST: f64 = 0.5;
/// Pairs are joined without asking only from here: of pairs each of which is right with at least this
/// probability, at least as many are.
const CERTAIN: f64 = 0.99;
/// … and only while of a hundred decisions of people about such pairs at most one said that they are two.
const MOST_WRONG: f64 = 0.01;
/// Fewer records than this teach a model too little to be trusted alone.
const FEWEST_RECORDS: usize = 200;
/// Pairs that are kept, the most probable ones.
const MOST_PAIRS: usize = 5_000;
/// New customers after which there is another look by itself: so many, and a tenth of those there were.
const NEW_CUSTOMERS: u64 = 1_000;
/// How often it is asked whether there are so many.
const ASKED_EVERY: Duration = Duration::from_secs(60);
/// Facts that may wait to be worked in at a look: before that, who is who is about to change.
const MOST_LAG: u64 = 1_000;

/// A pair as the look found it.
struct Found {
    a: usize,
    b: usize,
    probability: f64,
    levels: Vec<Level>,
    /// Neither is likely to be anybody else.
    is_alone: bool,
}

/// Looks when it is wanted, and when many customers have come, until the engine stops.
pub(crate) fn watch(inner: &Inner) {
    let mut asked = Instant::now();
    while !inner.stop.load(Ordering::Acquire) {
        let mut wanted = inner.matching.wait(Duration::from_secs(1));
        if inner.stop.load(Ordering::Acquire) {
            return;
        }
        let is_calm = inner.ledger.last_position().saturating_sub(inner.folded.load(Ordering::Acquire)) <= MOST_LAG;
        if is_calm && asked.elapsed() >= ASKED_EVERY {
            asked = Instant::now();
            for brand in inner.brands() {
                match is_due(inner, &brand) {
                    Ok(true) => drop(wanted.insert(brand.workspace.id)),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::error!(%error, workspace = brand.workspace.key, "new customers could not be counted")
                    }
                }
            }
        }
        for brand in inner.brands().iter().filter(|b| wanted.contains(&b.workspace.id)) {
            if let Err(error) = look(inner, brand)
                && !inner.stop.load(Ordering::Acquire)
            {
                tracing::error!(%error, workspace = brand.workspace.key, "customers could not be compared");
            }
        }
    }
}

fn is_due(inner: &Inner, brand: &Brand) -> Result<bool, EngineError> {
    let id = brand.workspace.id;
    let (now, before) = inner.store.read(|c| Ok((customer_count(c, id)?, standing(c, id)?.customers)))?;
    Ok(now >= before + NEW_CUSTOMERS.max(before / 10))
}

/// One look.
pub(super) fn look(inner: &Inner, brand: &Brand) -> Result<(), EngineError> {
    let _one = inner.matching.one.lock().unwrap_or_else(PoisonError::into_inner);
    let (id, names) = (brand.workspace.id, brand.key.clone());
    let job = inner.jobs.start("looking for customers who may be one person", "customers", None);
    let (records, apart) = inner.store.read(|c| {
        let chosen = choose(c, id)?;
        let people = known(c, id, &chosen, &*names)?;
        Ok((records(&chosen, people), kept_apart(c, id)?))
    })?;
    job.total(records.customers);
    let found = compare(&records);
    if inner.stop.load(Ordering::Acquire) {
        return Ok(());
    }
    let now = (inner.options.clock)();
    let mut matching = Matching {
        automatic: false,
        ran_at: Some(now),
        customers: records.customers,
        records: records.of.len() as u64,
        too_little: records.too_little,
        too_many: records.too_many,
        pairs: found.len() as u64,
        joined: 0,
    };
    inner.store.write(|tx| keep(tx, brand, &records, &found, &matching))?;
    job.done(records.customers);
    if inner.store.read(|c| Ok(standing(c, id)?.automatic && is_trusted(judged(c, id, CERTAIN)?)))? {
        for pair in found.iter().filter(|p| is_certain(&records, p)) {
            if inner.stop.load(Ordering::Acquire) {
                break;
            }
            matching.joined += u64::from(join(inner, brand, &records, pair, &apart, now)?);
        }
        inner.store.write(|tx| {
            tx.execute(
                "UPDATE pipeline_matching SET joined = $1 WHERE workspace = $2",
                params![matching.joined.cast_signed(), id.0],
            )
        })?;
    }
    job.finish(&format!("compared {}, found {} pairs, joined {}", matching.records, matching.pairs, matching.joined));
    Ok(())
}

fn compare(records: &Records) -> Vec<Found> {
    let table = &records.table;
    let kinds: Vec<Kind> = table.columns.iter().map(|c| c.kind).collect();
    let how = Options { least_probability: LEAST, ..Options::default() };
    let mut links = link(table, None, &how).links;
    let mut partners: HashMap<u32, u32> = HashMap::new();
    for l in &links {
        *partners.entry(l.a).or_default() += 1;
        *partners.entry(l.b).or_default() += 1;
    }
    links.sort_by(|x, y| y.probability.total_cmp(&x.probability).then((x.a, x.b).cmp(&(y.a, y.b))));
    let found = links.into_iter().map(|l| {
        let (a, b) = (l.a as usize, l.b as usize);
        let mut compared = vec![Level::Missing; kinds.len()];
        levels(&kinds, &table.rows[a], &table.rows[b], &mut compared);
        let is_alone = partners[&l.a] == 1 && partners[&l.b] == 1;
        Found { a, b, probability: l.probability, levels: compared, is_alone }
    });
    found.filter(|p| has_more_than_names(&p.levels)).take(MOST_PAIRS).collect()
}

/// Whether two agree in something that is not made of a name: among thousands, many are called the same, and nobody
/// is to be asked about each two of them.
fn has_more_than_names(levels: &[Level]) -> bool {
    [BIRTHDAY, STREET, POST_CODE, PHONE].iter().any(|column| levels[*column] >= Level::Close)
}

/// Whether people who looked at such pairs found the model right.
fn is_trusted((same, two): (u64, u64)) -> bool {
    two as f64 <= MOST_WRONG * (same + two) as f64
}

/// Whether a pair is as good as certain. The probability alone is not asked: the given name and the birthday have
/// to be the same, because twins, and a father and his son of one name, agree in all the rest.
fn is_certain(records: &Records, pair: &Found) -> bool {
    let agrees = |column: usize, least: Level| pair.levels[column] >= least;
    records.of.len() >= FEWEST_RECORDS
        && pair.probability >= CERTAIN
        && pair.is_alone
        && agrees(GIVEN, Level::Moved)
        && agrees(SURNAME, Level::Close)
        && agrees(BIRTHDAY, Level::Same)
}

/// Keeps what was found instead of what was found before. Who was erased meanwhile is not among them.
fn keep(
    tx: &Transaction<'_>,
    brand: &Brand,
    records: &Records,
    found: &[Found],
    matching: &Matching,
) -> sql::Result<()> {
    let w = brand.workspace.id.0;
    let put_off: HashMap<(i64, i64), i64> = tx
        .prepare_cached("SELECT a, b, put_off_at FROM pipeline_pairs WHERE workspace = $1 AND put_off_at > 0")?
        .query_map(params![w], |r| Ok(((r.get(0)?, r.get(1)?), r.get(2)?)))?
        .collect::<sql::Result<_>>()?;
    tx.execute("DELETE FROM pipeline_pairs WHERE workspace = $1", [w])?;
    let mut is_there = tx.prepare_cached("SELECT 1 FROM customers_nodes WHERE workspace = $1 AND node = $2")?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO pipeline_pairs (workspace, a, b, probability, compared, put_off_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
    )?;
    for pair in found {
        let [a, b] = [pair.a, pair.b].map(|row| records.of[row].0.0.cast_signed());
        if !is_there.exists(params![w, a])? || !is_there.exists(params![w, b])? {
            continue;
        }
        let at = put_off.get(&(a, b)).copied().unwrap_or(0);
        insert.execute(params![w, a, b, pair.probability, in_words(&pair.levels), at])?;
    }
    let n = |n: u64| n.cast_signed();
    tx.execute(
        "INSERT INTO pipeline_matching (workspace, ran_at, customers, records, too_little, too_many, pairs, joined)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
         ON CONFLICT (workspace) DO UPDATE SET
             ran_at = excluded.ran_at, customers = excluded.customers, records = excluded.records,
             too_little = excluded.too_little, too_many = excluded.too_many, pairs = excluded.pairs,
             joined = excluded.joined",
        params![
            w,
            matching.ran_at.map_or(0, |t| t.0),
            n(matching.customers),
            n(matching.records),
            n(matching.too_little),
            n(matching.too_many),
            n(matching.pairs)
        ],
    )?;
    Ok(())
}

/// How each column compared: names of columns and words, no value.
fn in_words(levels: &[Level]) -> String {
    let told = COLUMNS.iter().zip(levels).filter(|(_, l)| **l != Level::Missing);
    told.map(|(c, l)| format!("{}={}", c.name, columns::word(*l))).collect::<Vec<_>>().join(";")
}

/// Joins a pair in the name of the program; false where somebody decided otherwise or they are one already.
fn join(
    inner: &Inner,
    brand: &Brand,
    records: &Records,
    pair: &Found,
    apart: &HashSet<(i64, i64)>,
    now: Timestamp,
) -> Result<bool, EngineError> {
    let id = brand.workspace.id;
    let (a, b) = (&records.of[pair.a], &records.of[pair.b]);
    let customers = inner.store.read(|c| {
        let mut of = c.prepare_cached("SELECT customer FROM customers_nodes WHERE workspace = $1 AND node = $2")?;
        let mut one = |n: Node| of.query_row(params![id.0, n.0.cast_signed()], |r| r.get::<_, i64>(0)).optional();
        Ok(one(a.0)?.zip(one(b.0)?))
    })?;
    let Some((x, y)) = customers.filter(|(x, y)| x != y && !apart.contains(&(*x.min(y), *x.max(y)))) else {
        return Ok(false);
    };
    let message_id = format!("identity-joined:{}:{}:{}", Node(x.cast_unsigned()), Node(y.cast_unsigned()), now.0);
    let properties = told(a, b, pair.probability);
    let draft = Draft { message_id, event: JOINED.to_owned(), actor: Actor::System, properties, ..Draft::default() };
    let source = SourceId::system();
    let fact = draft
        .receive(id, &source, now, limits::FILE_BYTES)
        .map_err(|fault| EngineError::Refused(format!("a pair of customers cannot be joined: {fault}")))?;
    let key = MessageKey::new(&inner.key_secret, id, source.as_str(), &fact.message_id);
    let record = Record::from(fact);
    let content = record.content_hash(&inner.key_secret);
    let verdicts = inner.ledger.append(vec![frame(brand, FrameKind::Interaction, key, content, record)])?;
    let Some(Verdict::Accepted(position)) = verdicts.first() else { return Ok(false) };
    inner.wait_folded_to(*position)?;
    Ok(true)
}

/// What the fact of a decision says.
pub(super) fn told(a: &(Node, String), b: &(Node, String), probability: f64) -> Map<String, Value> {
    let (a, b) = if a.0 <= b.0 { (a, b) } else { (b, a) };
    let mut properties = Map::new();
    for (field, (node, kind)) in [("a", a), ("b", b)] {
        properties.insert(field.to_owned(), node.to_string().into());
        properties.insert(format!("{field}_kind"), kind.as_str().into());
    }
    // Six digits tell as much as there is to tell.
    properties.insert("probability".to_owned(), ((probability * 1e6).round() / 1e6).into());
    properties.insert("model".to_owned(), MODEL.into());
    properties
}
