//! The plan: a recipe with every name resolved and every constant checked, before any file is
//! opened.

mod compile;

pub(crate) use compile::{ACTORS, DIRECTIONS};

use crate::files::recipe::{Many, ReadAs, Recipe, RecipeError};
use std::collections::BTreeMap;
use throughline_interactions::{Actor, Currency, Direction, Precision, ScoreKind, SourceId, Zone};

/// What is to be done, file by file.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) source: SourceId,
    /// The files whose rows are read, in the order in which the recipe first names them.
    pub(crate) drives: Vec<Drive>,
    /// The files whose rows are looked up.
    pub(crate) lookups: Vec<LookupPlan>,
}

/// A file whose rows are read, and what is made of each.
#[derive(Debug)]
pub(crate) struct Drive {
    pub(crate) file: String,
    pub(crate) wanted: Vec<String>,
    pub(crate) whole: bool,
    pub(crate) rules: Vec<Rule>,
}

/// A file whose rows are looked up by its key, which is `wanted[0]`.
#[derive(Debug)]
pub(crate) struct LookupPlan {
    pub(crate) file: String,
    pub(crate) wanted: Vec<String>,
    /// Some join expects one row per key.
    pub(crate) single: bool,
}

/// One kind of interaction.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) joins: Vec<JoinPlan>,
    pub(crate) each: Option<usize>,
    pub(crate) when: Vec<ConditionPlan>,
    /// The event where it is the same for every row, else the column that says it.
    pub(crate) title: String,
    pub(crate) event: ValuePlan,
    pub(crate) channel: Option<ValuePlan>,
    pub(crate) touchpoint: Option<ValuePlan>,
    pub(crate) direction: Choice<Direction>,
    pub(crate) actor: Choice<Actor>,
    pub(crate) occurred_at: TimePlan,
    pub(crate) sequence: Option<u32>,
    pub(crate) identifiers: Vec<(String, ValuePlan)>,
    pub(crate) refs: Vec<(String, ValuePlan)>,
    pub(crate) money: Option<MoneyPlan>,
    pub(crate) score: Option<ScorePlan>,
    pub(crate) text: Vec<ValuePlan>,
    pub(crate) promise: Option<PromisePlan>,
    pub(crate) consent: Vec<(String, ValuePlan)>,
    pub(crate) properties: Vec<(String, ValuePlan)>,
    pub(crate) message_id: Option<Vec<Cell>>,
    pub(crate) again: Again,
}

/// What a row means whose id came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// Something of its own: it gets a number.
    Counts,
    /// The same if it says the same, a mistake otherwise.
    MustAgree,
    /// The same.
    Repeats,
}

/// A look-up.
#[derive(Debug)]
pub(crate) struct JoinPlan {
    pub(crate) lookup: usize,
    pub(crate) file: String,
    pub(crate) on: Cell,
    pub(crate) many: Option<Many>,
    /// Several rows may be found, here or on the way here.
    pub(crate) several: bool,
    pub(crate) required: bool,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the row itself: an index into the drive's `wanted`.
    Own(usize),
    /// In the rows that a join found: an index into the look-up's `wanted`.
    Joined { join: usize, column: usize },
}

/// A column of the row or of a joined file.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) comma: bool,
    pub(crate) several: bool,
}

/// Where a value comes from.
#[derive(Debug)]
pub(crate) enum Origin {
    Cells(Vec<Cell>),
    Constant(String),
    Sum(Vec<Cell>),
    Times(Vec<Cell>),
    Count(usize),
}

/// A value and how it is read.
#[derive(Debug)]
pub(crate) struct ValuePlan {
    pub(crate) origin: Origin,
    pub(crate) map: Option<BTreeMap<String, String>>,
    pub(crate) default: Option<String>,
    pub(crate) read_as: ReadAs,
    pub(crate) trim_prefix: Option<String>,
    pub(crate) trim_suffix: Option<String>,
    pub(crate) split: Option<String>,
    pub(crate) unless: Option<Cell>,
}

/// One of few words, known beforehand or read.
#[derive(Debug)]
pub(crate) enum Choice<T> {
    Always(T),
    Read(Box<ValuePlan>),
}

/// A condition.
#[derive(Debug)]
pub(crate) struct ConditionPlan {
    pub(crate) cell: Cell,
    pub(crate) is: Option<Vec<String>>,
    pub(crate) is_not: Option<Vec<String>>,
    pub(crate) starts_with: Option<Vec<String>>,
    pub(crate) not_starts_with: Option<Vec<String>>,
    pub(crate) empty: Option<bool>,
    pub(crate) above: Option<f64>,
    pub(crate) below: Option<f64>,
}

/// How a time is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// 2026-03-01 09:30:00, with or without an offset, or a date alone.
    Usual,
    UnixSeconds,
    UnixMillis,
    UnixMicros,
    Pattern(String),
}

/// A time.
#[derive(Debug)]
pub(crate) struct TimePlan {
    /// Empty where the moment of the import is taken.
    pub(crate) cells: Vec<Cell>,
    /// The time of day, where the cells have the day alone.
    pub(crate) clock: Option<Cell>,
    /// How a day is written that has no time of day.
    pub(crate) day_format: Option<TimeFormat>,
    pub(crate) format: TimeFormat,
    pub(crate) zone: Option<Choice<Zone>>,
}

/// An amount.
#[derive(Debug)]
pub(crate) struct MoneyPlan {
    pub(crate) amount: ValuePlan,
    pub(crate) currency: Choice<Currency>,
    pub(crate) negate: bool,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct ScorePlan {
    pub(crate) kind: ScoreKind,
    pub(crate) value: ValuePlan,
    pub(crate) scale: Option<(f64, f64)>,
}

/// A promise.
#[derive(Debug)]
pub(crate) struct PromisePlan {
    pub(crate) kind: String,
    pub(crate) due: TimePlan,
    pub(crate) precision: Option<Precision>,
}

impl Plan {
    /// Makes the plan; `text` is the recipe as written, for the places of errors.
    pub(crate) fn compile(recipe: &Recipe, text: &str, origin: &str) -> Result<Self, RecipeError> {
        compile::plan(recipe, text, origin)
    }
}

impl ValuePlan {
    /// The first column it is made of.
    pub(crate) fn cell(&self) -> Option<&Cell> {
        match &self.origin {
            Origin::Cells(cells) | Origin::Sum(cells) | Origin::Times(cells) => cells.first(),
            Origin::Constant(_) | Origin::Count(_) => None,
        }
    }

    /// True for a cell that has not been rewritten with a decimal point.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.origin, Origin::Cells(_)) && self.map.is_none() && matches!(self.read_as, ReadAs::Text)
    }
}

impl Cell {
    /// True for a column of the row itself.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.place, Place::Own(_))
    }
}
