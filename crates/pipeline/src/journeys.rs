//! Maps, pain points, scores and the people behind every figure, remembered until the data change.

use crate::attributes::names;
use crate::brand::Brand;
use crate::effects::{Answered, Asked};
use crate::scorecards::Scorecards;
use crate::shelf::{Basis, Shelf};
use crate::{Engine, EngineError};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use throughline_interactions::{Interaction, Timestamp, WorkspaceId, Zone};
use throughline_journeys::pain_points::{Findings, Key, Outcome, PainPeoplePass, Worth};
use throughline_journeys::scorecards::{DetailState, Scorecard};
use throughline_journeys::{
    Behind, BehindPass, CallsPass, Compiled, Definition, Extent, Figure, Holding, Map, MapPass, OutcomePeoplePass,
    PainPoints, PeoplePass, ReturnsPass, Scope, ScoresPass, Series, TimeRange, WeekPeople, WeekPeoplePass, Weeks,
    WeeksPass, WorthCalling,
};
use throughline_store::sql::params;
use throughline_timeline::{ScanOptions, Snapshot};
use throughline_value::Estimate;
use throughline_value::scores::{ces, csat, mean, nps};

/// How many voices a stage of the map keeps.
const VOICES: usize = 12;

/// A journey and what of it is looked at.
type MapKey = (String, View);

/// What of a journey is looked at; all of it by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct View {
    /// Only what started inside.
    pub range: Option<TimeRange>,
    /// Only what met, or did not meet, an attribute.
    pub met: Option<Met>,
    /// Nothing after this moment has happened yet, see [`Scope`].
    pub as_of: Option<Timestamp>,
}

/// An attribute by its names, such as `ref:carrier` and `dhl`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Met {
    /// The dimension: `ref:carrier`, `property:coupon`, `touchpoint`.
    pub dimension: String,
    /// Its value.
    pub value: String,
    /// Those that met it; otherwise those that did not.
    pub with: bool,
}

/// One value of a dimension behind a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct BehindStage {
    /// The dimension: `ref:carrier`, `touchpoint`.
    pub dimension: String,
    /// Its value.
    pub value: String,
    /// How it went for those that met it.
    pub figures: Behind,
}

/// What was worked out, by journey.
#[derive(Default)]
pub(crate) struct Figures {
    maps: Shelf<MapKey, Map>,
    findings: Shelf<MapKey, Findings>,
    behind: Shelf<(MapKey, usize), Vec<BehindStage>>,
    calls: Shelf<String, Calls>,
    pub(crate) scorecards: Shelf<(), Scorecards>,
    pub(crate) scorecard: Shelf<(String, String), Scorecard>,
    pub(crate) card_details: Shelf<u64, DetailState>,
    weeks: Shelf<String, Weeks>,
    /// Somebody behind a pain point.
    somebody: Shelf<(String, Key, Outcome), Option<u64>>,
    /// How many there are.
    pub(crate) customers: Shelf<(), u64>,
    week_people: Shelf<(String, Series, i64, i64), WeekPeople>,
    pub(crate) effects: Shelf<Asked, Answered>,
    end: Option<(Basis, Timestamp)>,
    /// By journey: returns that were seen, and the usual day.
    returns: HashMap<String, (Basis, u64, Option<u32>)>,
}

/// Weeks that are counted.
const WEEKS: u32 = 26;

/// How many people worth calling are kept.
const CALLS: usize = 50;

/// People worth calling, and what that rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calls {
    /// The most urgent, first first.
    pub people: Vec<WorthCalling>,
    /// How many there are in all.
    pub total: u64,
    /// Returns that have been seen: one customer's next instance of the journey.
    pub returns: u64,
    /// The day by which eight of ten of those who came back had done so; `None` for too few returns.
    pub usual_days: Option<u32>,
    /// The last moment of the data: days are counted back from here.
    pub end: Timestamp,
}

/// One kind of score of a workspace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreReport {
    /// `nps`, `csat`, `ces`, `stars` or a question's own name.
    pub kind: String,
    /// Lowest and highest possible answer.
    pub scale: (f64, f64),
    /// Answers given.
    pub n: u64,
    /// The mean in the unit of the scale.
    pub mean: Estimate,
    /// The figure by which the kind is known: NPS for `nps`, the share of 5–7 for `ces`, the share
    /// of the two best answers for the others, in percent.
    pub index: Option<Estimate>,
    /// What `index` is.
    pub index_name: &'static str,
    /// Each answer with its count.
    pub distribution: Vec<(f64, u64)>,
    /// The window: from …
    pub from: Option<Timestamp>,
    /// … to before; `None` for all time.
    pub until: Option<Timestamp>,
}

/// A person behind a figure.
pub use throughline_journeys::Person;

impl Engine {
    /// The journeys of a workspace.
    pub fn journeys(&self, workspace: WorkspaceId) -> Result<Vec<Definition>, EngineError> {
        let texts: Vec<String> = self.store().read(|c| {
            c.prepare("SELECT definition FROM pipeline_journeys WHERE workspace = $1 ORDER BY rank, key")?
                .query_map([workspace.0], |r| r.get(0))?
                .collect()
        })?;
        texts
            .iter()
            .map(|t| {
                serde_json::from_str(t)
                    .map_err(|e| EngineError::Damaged(format!("a stored journey cannot be read: {e}")))
            })
            .collect()
    }

    /// Adds a journey, or replaces the one of the same key.
    pub fn put_journey(&self, workspace: WorkspaceId, definition: &Definition) -> Result<(), EngineError> {
        definition.validate().map_err(|e| EngineError::Refused(e.to_string()))?;
        let brand = self.inner().brand(workspace)?;
        let text = serde_json::to_string(definition).expect("a definition is plain JSON");
        self.store().write(|tx| {
            tx.execute(
                "INSERT INTO pipeline_journeys (workspace, key, rank, definition)
                 SELECT $1, $2, COALESCE(MAX(rank), -1) + 1, $3 FROM pipeline_journeys WHERE workspace = $1
                 ON CONFLICT (workspace, key) DO UPDATE SET definition = excluded.definition",
                params![workspace.0, definition.key, text],
            )
        })?;
        brand.forget_figures();
        Ok(())
    }

    fn journey(&self, workspace: WorkspaceId, key: &str) -> Result<Definition, EngineError> {
        self.journeys(workspace)?
            .into_iter()
            .find(|d| d.key == key)
            .ok_or_else(|| EngineError::NotFound(format!("journey `{key}`")))
    }

    /// The live map of a part of a journey.
    pub fn map_within(&self, workspace: WorkspaceId, key: &str, view: &View) -> Result<Arc<Map>, EngineError> {
        let (view, key) = (view.clone(), key.to_owned());
        let at = (key.clone(), view.clone());
        self.figure(
            workspace,
            |f| &mut f.maps,
            at,
            move |engine, brand, snapshot| {
                let compiled = engine.compiled_within(brand, snapshot, &key, &view)?;
                let pass = MapPass { compiled: compiled.clone(), voices: VOICES };
                Ok(snapshot.scan(&pass, &ScanOptions::default())?.result(&compiled))
            },
        )
    }

    /// The live map of a journey over all time.
    pub fn map(&self, workspace: WorkspaceId, key: &str) -> Result<Arc<Map>, EngineError> {
        self.map_within(workspace, key, &View::default())
    }

    /// What hurts in a journey.
    pub fn pain_points(&self, workspace: WorkspaceId, key: &str) -> Result<Arc<Findings>, EngineError> {
        self.pain_points_within(workspace, key, &View::default())
    }

    /// What hurts in a part of a journey.
    pub fn pain_points_within(
        &self,
        workspace: WorkspaceId,
        key: &str,
        view: &View,
    ) -> Result<Arc<Findings>, EngineError> {
        let (view, key) = (view.clone(), key.to_owned());
        let at = (key.clone(), view.clone());
        self.figure(
            workspace,
            |f| &mut f.findings,
            at,
            move |engine, brand, snapshot| {
                let compiled = engine.compiled_with_returns(brand, snapshot, &key, &view)?;
                let names = names(engine.store(), workspace)?;
                let configured = engine.workspaces()?.into_iter().find(|w| w.id == workspace);
                let worth = configured.and_then(|w| Some(Worth { currency: w.currency, margin: w.margin? }));
                let pain_points = PainPoints { worth, ..PainPoints::new(compiled) };
                Ok(pain_points.find(snapshot, &|h| names.get(&h).cloned(), &ScanOptions::default())?)
            },
        )
    }

    /// Who is worth a call today, told by a journey.
    pub fn worth_calling(&self, workspace: WorkspaceId, key: &str) -> Result<Arc<Calls>, EngineError> {
        let key = key.to_owned();
        self.figure(
            workspace,
            |f| &mut f.calls,
            key.clone(),
            move |engine, brand, snapshot| {
                let compiled = engine.compiled(brand, snapshot, &key)?;
                let (returns, usual_days) = engine.returns(brand, snapshot, &compiled)?;
                let end = Timestamp(compiled.end);
                let state = snapshot.scan(&CallsPass { compiled, usual_days, most: CALLS }, &ScanOptions::default())?;
                Ok(Calls { total: state.total(), people: state.people(), returns, usual_days, end })
            },
        )
    }

    /// A journey week by week, by the calendar of the workspace: what changed by more than chance.
    pub fn weeks(&self, workspace: WorkspaceId, key: &str) -> Result<Arc<Weeks>, EngineError> {
        let key = key.to_owned();
        self.figure(
            workspace,
            |f| &mut f.weeks,
            key.clone(),
            move |engine, brand, snapshot| {
                let compiled = engine.compiled(brand, snapshot, &key)?;
                let first = snapshot.scan(&Extent, &ScanOptions::default())?.first().map_or(i64::MAX, |t| t.0);
                let configured = engine.workspaces()?.into_iter().find(|w| w.id == workspace);
                let week_start = configured.map_or(1, |w| w.week_start);
                let zone = Zone::new(&brand.workspace.zone).map_err(|e| EngineError::Damaged(e.to_string()))?;
                let starts = zone.week_starts(Timestamp(compiled.end), week_start, WEEKS);
                let starts: Arc<[i64]> = starts.into_iter().map(|t| t.0).collect();
                let pass = WeeksPass { compiled: compiled.clone(), starts: starts.clone() };
                Ok(snapshot.scan(&pass, &ScanOptions::default())?.result(&compiled, &starts, first))
            },
        )
    }

    /// The customers behind a week of a series, and what they spent.
    pub fn week_people(
        &self,
        workspace: WorkspaceId,
        key: &str,
        series: Series,
        range: TimeRange,
    ) -> Result<Arc<WeekPeople>, EngineError> {
        let key = key.to_owned();
        self.figure(
            workspace,
            |f| &mut f.week_people,
            (key.clone(), series, range.from.0, range.until.0),
            move |engine, brand, snapshot| {
                let compiled = engine.compiled(brand, snapshot, &key)?;
                Ok(snapshot.scan(&WeekPeoplePass { compiled, series, range }, &ScanOptions::default())?)
            },
        )
    }

    /// Everybody worth a call, the most urgent first: as many as [`Calls::total`], and at most 20,000.
    pub fn everybody_worth_calling(&self, workspace: WorkspaceId, key: &str) -> Result<Vec<Person>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let compiled = self.compiled(&brand, &snapshot, key)?;
        let (_, usual_days) = self.returns(&brand, &snapshot, &compiled)?;
        let state = snapshot.scan(&CallsPass { compiled, usual_days, most: 20_000 }, &ScanOptions::default())?;
        Ok(state.people().iter().map(|p| Person { customer: p.customer, instances: p.reasons.len() as u32 }).collect())
    }

    /// What stands behind a stage: the shared references and touchpoints that those who reached it met,
    /// by dimension, the most frequent first.
    pub fn behind_stage(
        &self,
        workspace: WorkspaceId,
        key: &str,
        stage: usize,
        view: &View,
    ) -> Result<Arc<Vec<BehindStage>>, EngineError> {
        let (view, key) = (view.clone(), key.to_owned());
        let at = ((key.clone(), view.clone()), stage);
        self.figure(
            workspace,
            |f| &mut f.behind,
            at,
            move |engine, brand, snapshot| {
                let compiled = engine.compiled_within(brand, snapshot, &key, &view)?;
                let pass = BehindPass { compiled, figure: Figure::Reached(stage) };
                let state = snapshot.scan(&pass, &ScanOptions::default())?;
                let names = names(engine.store(), workspace)?;
                let mut behind: Vec<BehindStage> = state
                    .iter()
                    .filter_map(|(hash, figures)| {
                        let (dimension, value) = names.get(&hash)?.clone();
                        let is_thing = dimension.starts_with("ref:") || !dimension.contains(':');
                        is_thing.then_some(BehindStage { dimension, value, figures: *figures })
                    })
                    .collect();
                let most = |b: &BehindStage| std::cmp::Reverse(b.figures.reached.instances);
                behind.sort_by(|a, b| {
                    a.dimension
                        .cmp(&b.dimension)
                        .then_with(|| most(a).cmp(&most(b)))
                        .then_with(|| a.value.cmp(&b.value))
                });
                Ok(behind)
            },
        )
    }

    /// The last moment of a workspace's data; `None` without any.
    pub fn data_until(&self, workspace: WorkspaceId) -> Result<Option<Timestamp>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        Ok(Some(self.end(&brand, &snapshot)?).filter(|end| *end != Timestamp::MIN))
    }

    /// The customers behind a figure of the map.
    pub fn people(
        &self,
        workspace: WorkspaceId,
        key: &str,
        figure: Figure,
        view: &View,
    ) -> Result<Vec<Person>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let compiled = self.compiled_within(&brand, &snapshot, key, view)?;
        let pass = PeoplePass { compiled, figure };
        Ok(snapshot.scan(&pass, &ScanOptions::default())?.people())
    }

    /// The customers behind a pain point.
    pub fn pain_point_people(
        &self,
        workspace: WorkspaceId,
        key: &str,
        candidate: Key,
        outcome: Outcome,
        view: &View,
    ) -> Result<Vec<Person>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let compiled = self.compiled_with_returns(&brand, &snapshot, key, view)?;
        let pass = PainPeoplePass { compiled, key: candidate, outcome };
        Ok(snapshot.scan(&pass, &ScanOptions::default())?.people())
    }

    /// The first of the customers behind a pain point, of the whole journey.
    pub fn pain_point_person(
        &self,
        workspace: WorkspaceId,
        key: &str,
        candidate: Key,
        outcome: Outcome,
    ) -> Result<Option<u64>, EngineError> {
        let journey = key.to_owned();
        let first = move |engine: &Self, _: &Brand, _: &Snapshot| {
            let people = engine.pain_point_people(workspace, &journey, candidate, outcome, &View::default())?;
            Ok(people.first().map(|p| p.customer))
        };
        Ok(*self.figure(workspace, |f| &mut f.somebody, (key.to_owned(), candidate, outcome), first)?)
    }

    /// The customers of whose instances an outcome is known to have come about.
    pub fn outcome_people(
        &self,
        workspace: WorkspaceId,
        key: &str,
        outcome: Outcome,
        view: &View,
    ) -> Result<Vec<Person>, EngineError> {
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let compiled = self.compiled_with_returns(&brand, &snapshot, key, view)?;
        Ok(snapshot.scan(&OutcomePeoplePass { compiled, outcome }, &ScanOptions::default())?.people())
    }

    /// The facts at ledger positions that are not erased, such as the voices of a stage.
    pub fn voices(&self, workspace: WorkspaceId, positions: &[u64]) -> Result<Vec<Interaction>, EngineError> {
        let frames = self.inner().ledger.read_many(positions)?;
        frames
            .iter()
            .filter(|f| !f.header.erased && f.header.workspace == workspace.0)
            .map(|f| crate::folding::decode(f).map_err(|e| EngineError::Damaged(e.to_string())))
            .collect()
    }

    /// The workspace's scores, in a window or over all time; no score without an answer.
    pub fn scores(
        &self,
        workspace: WorkspaceId,
        window: Option<(Timestamp, Timestamp)>,
    ) -> Result<Vec<ScoreReport>, EngineError> {
        let snapshot = self.inner().brand(workspace)?.snapshot()?;
        let range = window.map(|(from, until)| TimeRange { from, until });
        let state = snapshot.scan(&ScoresPass { range }, &ScanOptions::default())?;
        let mut reports = Vec::new();
        for (kind, counts) in state.iter() {
            let Some(mean) = mean(counts) else { continue };
            let (index, index_name) = match kind {
                "nps" => (nps(counts).map(|n| n.score), "net promoter score"),
                "ces" => (ces(counts).map(|c| c.agree), "share of 5 to 7"),
                _ => (csat(counts), "share of the two best answers"),
            };
            let scale: (i64, i64) = counts.scale().into();
            reports.push(ScoreReport {
                kind: kind.to_owned(),
                scale: (scale.0 as f64 / 1000.0, scale.1 as f64 / 1000.0),
                n: counts.n(),
                mean,
                index,
                index_name,
                distribution: counts.distribution(),
                from: window.map(|w| w.0),
                until: window.map(|w| w.1),
            });
        }
        Ok(reports)
    }

    /// The timelines of a workspace as they are now.
    pub fn snapshot(&self, workspace: WorkspaceId) -> Result<Snapshot, EngineError> {
        self.inner().brand(workspace)?.snapshot()
    }

    /// Compiled, and knowing after how many days who comes back has usually done so: in all of the
    /// journey, because a part of it would know of fewer returns than there were.
    pub(crate) fn compiled_with_returns(
        &self,
        brand: &Brand,
        snapshot: &Snapshot,
        key: &str,
        view: &View,
    ) -> Result<Arc<Compiled>, EngineError> {
        let whole = self.compiled(brand, snapshot, key)?;
        let (_, usual) = self.returns(brand, snapshot, &whole)?;
        let part = self.compiled_within(brand, snapshot, key, view)?;
        Ok(Arc::new(Arc::unwrap_or_clone(part).with_usual_return(usual)))
    }

    /// Returns that were seen, and the usual day.
    fn returns(
        &self,
        brand: &Brand,
        snapshot: &Snapshot,
        compiled: &Arc<Compiled>,
    ) -> Result<(u64, Option<u32>), EngineError> {
        let (basis, key) = (brand.basis(snapshot), compiled.definition.key.clone());
        let known = brand.figures().returns.get(&key).copied();
        if let Some((_, n, usual)) = known.filter(|(of, ..)| *of == basis) {
            return Ok((n, usual));
        }
        let state = snapshot.scan(&ReturnsPass { compiled: compiled.clone() }, &ScanOptions::default())?;
        let (n, usual) = (state.n(), state.usual_days());
        brand.figures().returns.insert(key, (basis, n, usual));
        Ok((n, usual))
    }

    /// The last moment of a snapshot.
    pub(crate) fn end(&self, brand: &Brand, snapshot: &Snapshot) -> Result<Timestamp, EngineError> {
        let basis = brand.basis(snapshot);
        let known = brand.figures().end.filter(|(of, _)| *of == basis);
        if let Some((_, end)) = known {
            return Ok(end);
        }
        let end = snapshot.scan(&Extent, &ScanOptions::default())?.last().unwrap_or(Timestamp::MIN);
        brand.figures().end = Some((basis, end));
        Ok(end)
    }

    pub(crate) fn compiled(&self, brand: &Brand, snapshot: &Snapshot, key: &str) -> Result<Arc<Compiled>, EngineError> {
        self.compiled_within(brand, snapshot, key, &View::default())
    }

    fn compiled_within(
        &self,
        brand: &Brand,
        snapshot: &Snapshot,
        key: &str,
        view: &View,
    ) -> Result<Arc<Compiled>, EngineError> {
        let end = self.end(brand, snapshot)?;
        let definition = self.journey(brand.workspace.id, key)?;
        let holding = view
            .met
            .as_ref()
            .map(|met| Holding { attribute: brand.attributes.hash(&met.dimension, &met.value), with: met.with });
        let scope = Scope { range: view.range, holding, as_of: view.as_of };
        let compiled = Compiled::new(definition, end, &|dimension, value| brand.attributes.hash(dimension, value));
        let compiled = compiled.map_err(|e| EngineError::Refused(e.to_string()))?;
        let events: HashSet<&str> = snapshot.segments().flat_map(|s| s.events().iter().map(|e| &**e)).collect();
        Ok(Arc::new(compiled.within(scope).as_measured(|event| events.contains(event))))
    }
}

impl Brand {
    /// Something that people configure has changed: what was worked out with it counts no more,
    /// nor does what is being worked out now.
    pub(crate) fn forget_figures(&self) {
        self.definitions.fetch_add(1, Ordering::AcqRel);
    }

    /// Asked before definitions are read.
    pub(crate) fn basis(&self, snapshot: &Snapshot) -> Basis {
        Basis { definitions: self.definitions.load(Ordering::Acquire), timelines: snapshot.version() }
    }

    pub(crate) fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
