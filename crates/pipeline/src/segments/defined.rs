//! What people defined.

use crate::{Engine, EngineError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_segments::{Hashes, Rule, Rules, SegmentId, check, order};
use throughline_store::Store;
use throughline_store::sql::params;

/// Segments of one workspace that are followed at once.
const MOST: usize = 1_000;
const NAME: usize = 100;
const ABOUT: usize = 2_000;

/// A segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentDefinition {
    /// Its number.
    pub id: SegmentId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Whom it holds.
    pub rule: Rule,
    /// How often the rule was set.
    pub version: u32,
    /// Who made it.
    pub made_by: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When the rule was set last.
    pub changed_at: Timestamp,
    /// When it was put away.
    pub archived_at: Option<Timestamp>,
}

/// What somebody wants a segment to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSegment {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub about: String,
    /// Whom it holds.
    pub rule: Rule,
}

/// The segments of a workspace, ready to judge by.
pub(crate) struct Defined {
    pub(crate) all: BTreeMap<SegmentId, SegmentDefinition>,
    live: HashSet<SegmentId>,
    pub(crate) rules: Rules,
    /// Told apart from others since the start; from 1.
    pub(crate) number: u64,
}

impl Defined {
    pub(super) fn load(store: &Store, workspace: WorkspaceId, hashes: &dyn Hashes) -> Result<Self, EngineError> {
        let rows: Vec<SegmentDefinition> = store
            .read(|c| {
                c.prepare(
                    "SELECT id, name, about, rule, version, made_by, made_at, changed_at, archived_at
                     FROM pipeline_segments WHERE workspace = $1 ORDER BY id",
                )?
                .query_map([workspace.0], |r| {
                    let definition = |rule| SegmentDefinition {
                        id: SegmentId(0),
                        name: String::new(),
                        about: String::new(),
                        rule,
                        version: 0,
                        made_by: String::new(),
                        made_at: Timestamp(0),
                        changed_at: Timestamp(0),
                        archived_at: None,
                    };
                    let rule: Result<Rule, _> = serde_json::from_str(&r.get::<_, String>(3)?);
                    let (id, name, about) = (SegmentId(r.get(0)?), r.get(1)?, r.get(2)?);
                    let (made_at, changed_at) = (Timestamp(r.get(6)?), Timestamp(r.get(7)?));
                    let archived_at = r.get::<_, Option<i64>>(8)?.map(Timestamp);
                    let (version, made_by) = (r.get(4)?, r.get(5)?);
                    Ok(rule.map(|rule| SegmentDefinition {
                        id,
                        name,
                        about,
                        version,
                        made_by,
                        made_at,
                        changed_at,
                        archived_at,
                        ..definition(rule)
                    }))
                })?
                .collect::<Result<Vec<_>, _>>()
            })?
            .into_iter()
            .collect::<Result<_, _>>()
            .map_err(|e| EngineError::Damaged(format!("a stored segment cannot be read: {e}")))?;
        Self::new(rows, hashes, 1)
    }

    fn new(rows: Vec<SegmentDefinition>, hashes: &dyn Hashes, number: u64) -> Result<Self, EngineError> {
        let all: BTreeMap<SegmentId, SegmentDefinition> = rows.into_iter().map(|d| (d.id, d)).collect();
        let named: BTreeMap<SegmentId, (&str, &Rule)> = all
            .iter()
            .filter(|(_, d)| d.archived_at.is_none())
            .map(|(id, d)| (*id, (d.name.as_str(), &d.rule)))
            .collect();
        let in_order = order(&named).map_err(|e| EngineError::Refused(e.to_string()))?;
        let rules = Rules::new(in_order.iter().filter_map(|id| Some((*id, &all.get(id)?.rule))), hashes);
        Ok(Self { live: in_order.into_iter().collect(), rules, all, number })
    }

    /// Whether a segment is followed.
    pub(crate) fn is_live(&self, id: SegmentId) -> bool {
        self.live.contains(&id)
    }

    /// The live ones with one more rule, under a number that no segment has: to try it.
    pub(super) fn with(&self, id: SegmentId, rule: &Rule, hashes: &dyn Hashes) -> Result<Rules, EngineError> {
        check(rule).map_err(|e| EngineError::Refused(e.to_string()))?;
        let mut named: BTreeMap<SegmentId, (&str, &Rule)> = self
            .all
            .iter()
            .filter(|(id, _)| self.is_live(**id))
            .map(|(id, d)| (*id, (d.name.as_str(), &d.rule)))
            .collect();
        let name = named.get(&id).map_or("this segment", |(name, _)| *name);
        named.insert(id, (name, rule));
        let in_order = order(&named).map_err(|e| EngineError::Refused(e.to_string()))?;
        // Only those that it depends on are judged with it.
        let mut wanted = HashSet::from([id]);
        let mut next = vec![id];
        while let Some(at) = next.pop() {
            for n in named.get(&at).map(|(_, r)| Rules::named(r)).unwrap_or_default() {
                if wanted.insert(n) {
                    next.push(n);
                }
            }
        }
        let wanted = in_order.iter().filter(|id| wanted.contains(id));
        Ok(Rules::new(wanted.filter_map(|id| Some((*id, named.get(id)?.1))), hashes))
    }
}

impl Engine {
    /// The segments of a workspace by their numbers; those that were put away only when asked for.
    pub fn segments(&self, workspace: WorkspaceId, archived: bool) -> Result<Vec<SegmentDefinition>, EngineError> {
        let defined = self.inner().brand(workspace)?.segments.defined();
        Ok(defined.all.values().filter(|d| archived || d.archived_at.is_none()).cloned().collect())
    }

    /// One segment.
    pub fn segment(&self, workspace: WorkspaceId, id: SegmentId) -> Result<SegmentDefinition, EngineError> {
        let defined = self.inner().brand(workspace)?.segments.defined();
        defined.all.get(&id).cloned().ok_or_else(|| EngineError::NotFound(format!("segment {}", id.0)))
    }

    /// Makes a segment, or gives one another name, purpose or rule.
    pub fn put_segment(
        &self,
        workspace: WorkspaceId,
        id: Option<SegmentId>,
        by: &str,
        wanted: &NewSegment,
    ) -> Result<SegmentId, EngineError> {
        let refused = |what: String| Err(EngineError::Refused(what));
        let (name, about) = (wanted.name.trim(), wanted.about.trim());
        if name.is_empty() || name.len() > NAME {
            return refused(format!("a segment needs a name of at most {NAME} bytes"));
        }
        if about.len() > ABOUT {
            return refused(format!("what a segment is for is told in at most {ABOUT} bytes"));
        }
        let brand = self.inner().brand(workspace)?;
        let _one = brand.defining.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let defined = brand.segments.defined();
        let before = match id {
            Some(id) => Some(defined.all.get(&id).ok_or_else(|| EngineError::NotFound(format!("segment {}", id.0)))?),
            None if defined.live.len() >= MOST => {
                return refused(format!("there are {MOST} segments already; put one away first"));
            }
            None => None,
        };
        if let Some(other) = defined
            .all
            .values()
            .find(|d| Some(d.id) != id && d.archived_at.is_none() && d.name.to_lowercase() == name.to_lowercase())
        {
            return refused(format!("segment {} is named “{}” already; choose another name", other.id.0, other.name));
        }
        let id = id.unwrap_or_else(|| SegmentId(defined.all.keys().next_back().map_or(1, |last| last.0 + 1)));
        defined.with(id, &wanted.rule, &brand.attributes)?;
        let now = self.now();
        let is_other = before.is_none_or(|b| b.rule != wanted.rule || b.archived_at.is_some());
        let definition = SegmentDefinition {
            id,
            name: name.to_owned(),
            about: about.to_owned(),
            rule: wanted.rule.clone(),
            version: before.map_or(0, |b| b.version) + u32::from(is_other),
            made_by: before.map_or_else(|| by.to_owned(), |b| b.made_by.clone()),
            made_at: before.map_or(now, |b| b.made_at),
            changed_at: before.filter(|_| !is_other).map_or(now, |b| b.changed_at),
            archived_at: None,
        };
        self.keep_segment(workspace, definition)?;
        Ok(id)
    }

    /// Puts a segment away: nobody is followed any more, what was is kept.
    pub fn archive_segment(&self, workspace: WorkspaceId, id: SegmentId) -> Result<(), EngineError> {
        let brand = self.inner().brand(workspace)?;
        let _one = brand.defining.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let defined = brand.segments.defined();
        let Some(definition) = defined.all.get(&id) else {
            return Err(EngineError::NotFound(format!("segment {}", id.0)));
        };
        let needs = |d: &&SegmentDefinition| defined.is_live(d.id) && Rules::named(&d.rule).contains(&id);
        if let Some(other) = defined.all.values().find(needs) {
            return Err(EngineError::Refused(format!(
                "segment “{}” asks who is in “{}”; change it first, or put it away too",
                other.name, definition.name
            )));
        }
        self.keep_segment(workspace, SegmentDefinition { archived_at: Some(self.now()), ..definition.clone() })
    }

    fn keep_segment(&self, workspace: WorkspaceId, d: SegmentDefinition) -> Result<(), EngineError> {
        let brand = self.inner().brand(workspace)?;
        let before = brand.segments.defined();
        let rule = serde_json::to_string(&d.rule).expect("a rule is plain JSON");
        let mut rows: Vec<SegmentDefinition> = before.all.values().filter(|o| o.id != d.id).cloned().collect();
        rows.push(d.clone());
        let defined = Defined::new(rows, &brand.attributes, before.number + 1)?;
        self.store().write(|tx| {
            tx.execute(
                "INSERT INTO pipeline_segments
                     (workspace, id, name, about, rule, version, made_by, made_at, changed_at, archived_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                 ON CONFLICT (workspace, id) DO UPDATE
                 SET name = excluded.name, about = excluded.about, rule = excluded.rule, version = excluded.version,
                     changed_at = excluded.changed_at, archived_at = excluded.archived_at",
                params![
                    workspace.0,
                    d.id.0,
                    d.name,
                    d.about,
                    rule,
                    d.version,
                    d.made_by,
                    d.made_at.0,
                    d.changed_at.0,
                    d.archived_at.map(|t| t.0)
                ],
            )
        })?;
        brand.segments.define(defined);
        self.inner().bell.ring();
        Ok(())
    }
}
