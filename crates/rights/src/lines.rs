//! What the lines of a file find: whom, nobody, or why not.

use crate::RightsError;
use crate::list::{Entry, List};
use std::collections::{BTreeMap, HashMap};
use throughline_interactions::{Node, WorkspaceId};
use throughline_pipeline::Engine;
use throughline_store::sql::{self, Connection, Transaction, params};

/// What a line finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// Somebody.
    Found,
    /// Somebody whom an earlier line finds too.
    Same,
    /// Nobody; the identifier can be remembered as refused.
    Unknown,
    /// Nobody, and its kind is not known: there is nothing to remember.
    Nameless,
    /// Somebody who was erased before.
    Before,
    /// It cannot be used.
    Bad,
    /// Somebody who has been erased by now.
    Erased,
}

impl Outcome {
    const ALL: [Self; 7] =
        [Self::Found, Self::Same, Self::Unknown, Self::Nameless, Self::Before, Self::Bad, Self::Erased];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Same => "same",
            Self::Unknown => "unknown",
            Self::Nameless => "nameless",
            Self::Before => "before",
            Self::Bad => "bad",
            Self::Erased => "erased",
        }
    }

    pub(crate) fn new(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.as_str() == name)
    }
}

/// One line, without what stood in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) line: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
}

/// Looks up every line of a file.
pub(crate) fn look_up(engine: &Engine, workspace: WorkspaceId, list: List) -> Result<Vec<Line>, RightsError> {
    let mut first: HashMap<u64, u64> = HashMap::new();
    let bad = |line: u64, reason: String| Line { line, nodes: Vec::new(), outcome: Outcome::Bad, reason };
    let mut lines: BTreeMap<u64, Line> = list.bad.into_iter().map(|(n, reason)| (n, bad(n, reason))).collect();
    for entry in list.entries {
        let line = match find(engine, workspace, &entry)? {
            Ok((outcome, nodes)) => {
                let mut line = Line { line: entry.line, nodes, outcome, reason: String::new() };
                if outcome == Outcome::Found {
                    let id = engine.known_by(workspace, line.nodes[0])?.unwrap_or(line.nodes[0].0);
                    let at = *first.entry(id).or_insert(entry.line);
                    if at != entry.line {
                        line.outcome = Outcome::Same;
                        line.reason = format!("the same person as line {at}");
                    }
                }
                line
            }
            Err(reason) => bad(entry.line, reason.to_owned()),
        };
        lines.insert(entry.line, line);
    }
    Ok(lines.into_values().collect())
}

type Found = Result<(Outcome, Vec<Node>), &'static str>;

fn find(engine: &Engine, workspace: WorkspaceId, entry: &Entry) -> Result<Found, RightsError> {
    let mut nodes = Vec::new();
    for identifier in &entry.identifiers {
        nodes.extend(engine.node(workspace, identifier)?);
    }
    if nodes.is_empty() {
        return Ok(Err("it names nobody: values such as `null`, or an address that many share, are nobody’s"));
    }
    let (mut known, mut erased) = (BTreeMap::new(), Vec::new());
    for node in &nodes {
        if let Some(id) = engine.known_by(workspace, *node)? {
            known.entry(id).or_insert(*node);
        } else if engine.is_erased(workspace, *node)? {
            erased.push(*node);
        }
    }
    Ok(match (known.len(), entry.is_guess) {
        (0, true) if erased.is_empty() => Ok((Outcome::Nameless, Vec::new())),
        (0, _) if !erased.is_empty() && (entry.is_guess || erased.len() == nodes.len()) => {
            Ok((Outcome::Before, erased))
        }
        (0, _) => Ok((Outcome::Unknown, nodes)),
        (1, true) => Ok((Outcome::Found, known.into_values().collect())),
        (1, false) => {
            // The one that is known first; the others go with it.
            let main = known.into_values().next();
            let mut all: Vec<Node> = main.into_iter().chain(nodes).collect();
            let mut once = std::collections::HashSet::new();
            all.retain(|n| once.insert(*n));
            Ok((Outcome::Found, all))
        }
        (_, true) => Err("it is an identifier of several people, each of another kind; write its kind before it"),
        (_, false) => Err("its identifiers are of several people"),
    })
}

fn nodes_text(nodes: &[Node]) -> String {
    nodes.iter().map(Node::to_string).collect::<Vec<_>>().join(" ")
}

fn read_nodes(text: &str) -> Vec<Node> {
    text.split_ascii_whitespace().filter_map(|n| u64::from_str_radix(n, 16).ok().map(Node)).collect()
}

/// Keeps the lines of a run.
pub(crate) fn keep(tx: &Transaction<'_>, run: u64, lines: &[Line]) -> sql::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO rights_lines (run, line, nodes, outcome, done, reason) VALUES ($1, $2, $3, $4, $5, $6)",
    )?;
    for l in lines {
        let is_open = matches!(l.outcome, Outcome::Found | Outcome::Unknown);
        insert.execute(params![
            run.cast_signed(),
            l.line.cast_signed(),
            nodes_text(&l.nodes),
            l.outcome.as_str(),
            i64::from(!is_open),
            l.reason
        ])?;
    }
    Ok(())
}

/// The next lines of which nothing has become yet.
pub(crate) fn open(c: &Connection, run: u64, most: u32) -> sql::Result<Vec<Line>> {
    c.prepare_cached(
        "SELECT line, nodes, outcome, reason FROM rights_lines WHERE run = $1 AND done = 0 ORDER BY line LIMIT $2",
    )?
    .query_map(params![run.cast_signed(), most], |r| {
        Ok(Line {
            line: r.get::<_, i64>(0)?.cast_unsigned(),
            nodes: read_nodes(&r.get::<_, String>(1)?),
            outcome: Outcome::new(&r.get::<_, String>(2)?).unwrap_or(Outcome::Bad),
            reason: r.get(3)?,
        })
    })?
    .collect()
}

/// One identifier of each person that a run finds.
pub(crate) fn found(c: &Connection, run: u64) -> sql::Result<Vec<Node>> {
    let all = c
        .prepare_cached("SELECT nodes FROM rights_lines WHERE run = $1 AND outcome = 'found' ORDER BY line")?
        .query_map([run.cast_signed()], |r| Ok(read_nodes(&r.get::<_, String>(0)?)))?
        .collect::<sql::Result<Vec<_>>>()?;
    Ok(all.into_iter().filter_map(|nodes| nodes.into_iter().next()).collect())
}

/// Notes what has become of a line.
pub(crate) fn settle(tx: &Transaction<'_>, run: u64, line: u64, outcome: Outcome) -> sql::Result<()> {
    tx.prepare_cached("UPDATE rights_lines SET outcome = $1, done = 1 WHERE run = $2 AND line = $3")?
        .execute(params![outcome.as_str(), run.cast_signed(), line.cast_signed()])?;
    Ok(())
}
