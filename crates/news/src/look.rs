//! What the weekly figures of all journeys say.

use std::sync::Arc;
use throughline_interactions::WorkspaceId;
use throughline_journeys::{Definition, Line, Series, TimeRange, Weeks};
use throughline_pipeline::{Engine, EngineError, UnusualHour};

/// Everything that is known week by week.
#[derive(Debug, Clone)]
pub struct News {
    /// In the order of the journeys.
    pub journeys: Vec<JourneyNews>,
    /// An hour in which people were joined unusually fast.
    pub joins: Option<UnusualHour>,
}

/// One journey.
#[derive(Debug, Clone)]
pub struct JourneyNews {
    /// As designed.
    pub definition: Definition,
    /// Its weeks.
    pub weeks: Arc<Weeks>,
    /// What changed by more than chance, what got worse first.
    pub told: Vec<Told>,
}

/// Something that changed by more than chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The same as long as the same thing is meant: journey, series, and in which direction.
    pub key: String,
    /// The figures.
    pub line: Line,
    /// The customers whom the last week counts.
    pub customers: u64,
    /// What they spent in what is counted, in minor units of the workspace's currency.
    pub spent: Option<i64>,
}

impl Told {
    /// Promises kept, satisfaction or volume fell.
    pub fn is_fall(&self) -> bool {
        self.line.is_worse() && matches!(self.line.series, Series::Started | Series::Broken { .. } | Series::Unhappy)
    }
}

impl News {
    /// Everything that changed, with its journey.
    pub fn told(&self) -> impl Iterator<Item = (&JourneyNews, &Told)> {
        self.journeys.iter().flat_map(|j| j.told.iter().map(move |t| (j, t)))
    }

    /// The keys of everything that is said, and whether it says that something fell.
    pub fn keys(&self) -> impl Iterator<Item = (String, bool)> {
        let joins = self.joins.iter().map(|u| (joins_key(u), false));
        self.told().map(|(_, t)| (t.key.clone(), t.is_fall())).chain(joins)
    }
}

/// What unusually fast joining is known by: a day of it is one thing.
pub fn joins_key(unusual: &UnusualHour) -> String {
    format!("identity/joins/{}", unusual.hour.0.div_euclid(86_400_000_000))
}

/// The key of a series; the days and the usual time that go with it may move on.
fn key(definition: &Definition, line: &Line) -> String {
    let stage = |s: usize| definition.stages.get(s).map_or("", |s| s.key.as_str());
    let series = match line.series {
        Series::Started => "started".to_owned(),
        Series::Unfinished { .. } => "unfinished".to_owned(),
        Series::Stopped { stage: s, .. } => format!("stopped.{}", stage(s)),
        Series::Slow { stage: s, .. } => format!("slow.{}", stage(s)),
        Series::Broken { rule } => format!("broken.{}", definition.promises.get(rule).map_or("", |p| p.kind.as_str())),
        Series::Unhappy => "unhappy".to_owned(),
    };
    let way = if line.change.is_some_and(|c| c.t > 0.0) { "up" } else { "down" };
    format!("{}/{series}/{way}", definition.key)
}

/// Looks at every journey of a workspace.
pub fn look(engine: &Engine, workspace: WorkspaceId) -> Result<News, EngineError> {
    let currency = engine.workspaces()?.into_iter().find(|w| w.id == workspace).map(|w| w.currency).unwrap_or_default();
    let mut journeys = Vec::new();
    for definition in engine.journeys(workspace)? {
        let weeks = engine.weeks(workspace, &definition.key)?;
        let mut told = Vec::new();
        for line in weeks.lines.iter().filter(|l| l.has_changed()) {
            let range = TimeRange { from: line.from, until: line.until };
            let people = engine.week_people(workspace, &definition.key, line.series, range)?;
            told.push(Told {
                key: key(&definition, line),
                customers: people.customers(),
                spent: people.money(&currency),
                line: line.clone(),
            });
        }
        told.sort_by(|a, b| {
            (!a.line.is_worse(), a.line.q).partial_cmp(&(!b.line.is_worse(), b.line.q)).expect("q is a number")
        });
        journeys.push(JourneyNews { definition, weeks, told });
    }
    Ok(News { journeys, joins: engine.unusual_joins(workspace)? })
}
