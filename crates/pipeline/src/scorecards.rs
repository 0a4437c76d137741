//! Scorecards of everything that occurs as a dimension, remembered until the data change.

use crate::attributes::{is_open_ended, names};
use crate::brand::Brand;
use crate::{Engine, EngineError};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use throughline_interactions::{Timestamp, WorkspaceId};
use throughline_journeys::scorecards::{
    BesidePass, CardFigure, CardPeoplePass, DetailPass, DetailState, Dimensions, Scorecard, ScorecardsPass,
    ScorecardsState, scorecard, usual_beside,
};
use throughline_journeys::{Compiled, Person};
use throughline_timeline::{ScanOptions, Snapshot};

/// A dimension with more values than this is not offered to compare others within.
const MOST_STRATA: usize = 500;

/// All scorecards of a workspace.
#[derive(Debug)]
pub struct Scorecards {
    /// What the instances are that are counted, such as `order`.
    pub unit: String,
    /// The last moment of the data.
    pub data_until: Timestamp,
    /// The first moment of the data.
    pub data_from: Timestamp,
    /// Instances in all.
    pub instances: u64,
    /// What is compared: shared references first, then the touchpoint and properties.
    pub kinds: Vec<CardKind>,
    /// What is not, and why.
    pub left_out: Vec<(String, LeftOut)>,
    /// Names of the journey's stages.
    pub stages: Vec<String>,
    state: ScorecardsState,
    usual: BTreeMap<String, String>,
}

/// One dimension.
#[derive(Debug)]
pub struct CardKind {
    /// The name in addresses: `carrier`, `property.region`, `touchpoint`.
    pub key: String,
    /// The dimension: `ref:carrier`, `property:region`, `touchpoint`.
    pub dimension: String,
    /// Hash and name of every value.
    pub values: Vec<(u64, String)>,
    /// Compared without regard to other dimensions.
    pub plain: Arc<Scorecard>,
}

/// Why a dimension has no scorecard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// It has one value only: nobody to compare with.
    Single,
    /// So many values that not all of their names are kept: each is met once or twice.
    OpenEnded,
}

/// Within which dimension shares are compared too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Beside {
    /// The one that explains most.
    Usual,
    /// None.
    Nothing,
    /// This one, by its key.
    Kind(String),
}

impl Scorecards {
    /// A dimension by its key.
    pub fn kind(&self, key: &str) -> Result<&CardKind, EngineError> {
        let found = self.kinds.iter().find(|k| k.key == key);
        found.ok_or_else(|| EngineError::NotFound(format!("scorecard `{key}`")))
    }

    /// Dimensions within which another one can be compared.
    pub fn can_stand_beside(&self, kind: &CardKind) -> impl Iterator<Item = &CardKind> {
        let own = kind.dimension.clone();
        self.kinds.iter().filter(move |k| k.dimension != own && k.values.len() <= MOST_STRATA)
    }

    /// The dimension that is taken into account unless somebody chooses.
    pub fn usual_beside(&self, kind: &CardKind) -> Option<&CardKind> {
        let usual = self.usual.get(&kind.dimension)?;
        self.kinds.iter().find(|k| k.dimension == *usual)
    }
}

impl CardKind {
    /// The hash of a value.
    pub fn hash(&self, value: &str) -> Result<u64, EngineError> {
        let found = self.values.iter().find(|(_, name)| name == value);
        found.map(|(h, _)| *h).ok_or_else(|| EngineError::NotFound(format!("scorecard of {} `{value}`", self.key)))
    }
}

impl Engine {
    /// What can be compared, and how it does on the whole.
    pub fn scorecards(&self, workspace: WorkspaceId) -> Result<Arc<Scorecards>, EngineError> {
        self.figure(workspace, |f| &mut f.scorecards, (), all)
    }

    /// The values of one dimension compared with each other.
    pub fn scorecard(&self, workspace: WorkspaceId, kind: &str, beside: Beside) -> Result<Arc<Scorecard>, EngineError> {
        let cards = self.scorecards(workspace)?;
        let kind = cards.kind(kind)?;
        let other = match &beside {
            Beside::Nothing => None,
            Beside::Usual => cards.usual_beside(kind),
            Beside::Kind(key) => match cards.can_stand_beside(kind).find(|k| k.key == *key) {
                Some(found) => Some(found),
                None => {
                    let what = format!("dimension `{key}` to compare {} within", kind.key);
                    return Err(EngineError::NotFound(what));
                }
            },
        };
        let Some(other) = other else { return Ok(kind.plain.clone()) };
        let at = (kind.key.clone(), other.key.clone());
        let known = cards.clone();
        self.figure(
            workspace,
            |f| &mut f.scorecard,
            at.clone(),
            move |engine, brand, snapshot| {
                let (kind, other) = (known.kind(&at.0)?, known.kind(&at.1)?);
                let of = |kind: &CardKind, number: u16| {
                    kind.values.iter().map(|(hash, _)| (*hash, number)).collect::<Vec<_>>()
                };
                let dimensions = Arc::new(Dimensions::new(of(kind, 0).into_iter().chain(of(other, 1))));
                let pass = BesidePass {
                    compiled: engine.first_journey(brand, snapshot)?,
                    dimensions,
                    // A reference is a party; a property may be what came of it all.
                    from_the_start: !other.dimension.starts_with("ref:"),
                };
                let state = snapshot.scan(&pass, &ScanOptions::default())?;
                Ok(scorecard(&kind.dimension, &kind.values, &known.state, Some((&other.dimension, &state))))
            },
        )
    }

    /// One value closely: week by week, by stage, and what customers say.
    pub fn scorecard_detail(
        &self,
        workspace: WorkspaceId,
        kind: &str,
        value: &str,
    ) -> Result<Arc<DetailState>, EngineError> {
        let cards = self.scorecards(workspace)?;
        let (hash, dimensions) = one(cards.kind(kind)?, value)?;
        self.figure(
            workspace,
            |f| &mut f.card_details,
            hash,
            move |engine, brand, snapshot| {
                let pass = DetailPass { compiled: engine.first_journey(brand, snapshot)?, dimensions, value: hash };
                Ok(snapshot.scan(&pass, &ScanOptions::default())?)
            },
        )
    }

    /// The customers behind a figure of a scorecard.
    pub fn scorecard_people(
        &self,
        workspace: WorkspaceId,
        kind: &str,
        value: &str,
        figure: CardFigure,
    ) -> Result<Vec<Person>, EngineError> {
        let cards = self.scorecards(workspace)?;
        let (value, dimensions) = one(cards.kind(kind)?, value)?;
        let brand = self.inner().brand(workspace)?;
        let snapshot = brand.snapshot()?;
        let compiled = self.first_journey(&brand, &snapshot)?;
        let pass = CardPeoplePass { compiled, dimensions, value, figure };
        Ok(snapshot.scan(&pass, &ScanOptions::default())?.people())
    }

    /// The journey whose instances scorecards count: the workspace's first.
    fn first_journey(&self, brand: &Brand, snapshot: &Snapshot) -> Result<Arc<Compiled>, EngineError> {
        let first = self.journeys(brand.workspace.id)?.into_iter().next();
        let first = first.ok_or_else(|| EngineError::NotFound("a journey in this workspace".to_owned()))?;
        self.compiled(brand, snapshot, &first.key)
    }
}

fn one(kind: &CardKind, value: &str) -> Result<(u64, Arc<Dimensions>), EngineError> {
    Ok((kind.hash(value)?, Arc::new(Dimensions::new(kind.values.iter().map(|(hash, _)| (*hash, 0))))))
}

fn all(engine: &Engine, brand: &Brand, snapshot: &Snapshot) -> Result<Scorecards, EngineError> {
    let compiled = engine.first_journey(brand, snapshot)?;
    let mut by_dimension: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for (hash, (dimension, value)) in names(engine.store(), brand.workspace.id)? {
        by_dimension.entry(dimension).or_default().push((hash, value));
    }
    let mut left_out = Vec::new();
    by_dimension.retain(|dimension, values| {
        let why = match values.len() {
            0 | 1 => LeftOut::Single,
            n if is_open_ended(n) => LeftOut::OpenEnded,
            _ => return true,
        };
        left_out.push((dimension.clone(), why));
        false
    });
    let numbers = by_dimension.values().zip(0_u16..).flat_map(|(values, n)| values.iter().map(move |(h, _)| (*h, n)));
    let pass = ScorecardsPass { compiled: compiled.clone(), dimensions: Arc::new(Dimensions::new(numbers)) };
    let state = snapshot.scan(&pass, &ScanOptions::default())?;
    let extent = snapshot.scan(&throughline_journeys::Extent, &ScanOptions::default())?;

    let hashes: HashMap<&str, Vec<u64>> =
        by_dimension.iter().map(|(d, values)| (d.as_str(), values.iter().map(|(h, _)| *h).collect())).collect();
    let mut usual = BTreeMap::new();
    for dimension in by_dimension.keys() {
        let others = by_dimension.iter().filter(|(d, v)| *d != dimension && v.len() <= MOST_STRATA);
        let others = others.map(|(d, _)| (d.as_str(), hashes[d.as_str()].as_slice()));
        usual.extend(usual_beside(&state, others).map(|found| (dimension.clone(), found)));
    }
    let mut kinds: Vec<CardKind> = by_dimension
        .into_iter()
        .map(|(dimension, values)| {
            let plain = Arc::new(scorecard(&dimension, &values, &state, None));
            CardKind { key: key_of(&dimension), dimension, values, plain }
        })
        .collect();
    kinds.sort_by_key(|k| (!k.dimension.starts_with("ref:"), k.key.clone()));
    let definition = &compiled.definition;
    Ok(Scorecards {
        unit: definition.subject.clone().unwrap_or_else(|| "journey".to_owned()),
        data_from: extent.first().unwrap_or(Timestamp(compiled.end)),
        data_until: Timestamp(compiled.end),
        instances: state.instances,
        kinds,
        left_out,
        stages: definition
            .stages
            .iter()
            .map(|s| if s.name.is_empty() { s.key.clone() } else { s.name.clone() })
            .collect(),
        state,
        usual,
    })
}

/// References by their own name; everything else by what it is.
fn key_of(dimension: &str) -> String {
    match dimension.split_once(':') {
        Some(("ref", name)) if name != "touchpoint" && !name.contains('.') => name.to_owned(),
        Some((prefix, name)) => format!("{prefix}.{name}"),
        None => dimension.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::key_of;

    #[test]
    fn keys_never_collide() {
        let check = |dimension: &str, expected: &str| assert_eq!(key_of(dimension), expected);
        check("ref:carrier", "carrier");
        check("property:region", "property.region");
        check("touchpoint", "touchpoint");
        check("ref:touchpoint", "ref.touchpoint");
        check("ref:property.region", "ref.property.region");
    }
}
