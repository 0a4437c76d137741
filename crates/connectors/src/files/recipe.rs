//! The recipe as it is written. What its words mean is told in `files.rs`.

mod error;
mod value;

pub use error::RecipeError;
pub(crate) use error::nearest;
pub use value::{OneOrMany, ReadAs, ShortOr, Shorthand, Value, ValueTable, Word};

use serde::Deserialize;
use std::collections::BTreeMap;

/// A recipe: files and the interactions made of their rows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// What people call this import.
    pub name: String,
    /// The source of its interactions; ids are unique within it.
    pub source: String,
    /// The zone of local times that have none of their own.
    pub zone: Option<Word>,
    /// The currency of amounts that have none of their own.
    pub currency: Option<Word>,
    /// The channel of interactions that have none of their own.
    pub channel: Option<Word>,
    /// The files by the names that the recipe gives them.
    pub files: BTreeMap<String, FileRecipe>,
    /// What is made of them.
    pub interactions: Vec<InteractionRecipe>,
}

/// One file and how it is to be read.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecipe {
    /// Where it lies, seen from the data folder.
    pub path: String,
    /// `csv`, `ndjson` or `parquet`; told by the name where absent.
    pub format: Option<String>,
    /// What stands between cells: one character, or `tab`.
    pub delimiter: Option<String>,
    /// How letters are written.
    #[serde(default)]
    pub encoding: Encoding,
    /// False where quotes are plain text.
    pub quotes: Option<bool>,
    /// The names of the columns of a file without a header.
    pub columns: Option<Vec<String>>,
    /// Rows above the header.
    #[serde(default)]
    pub skip_before_header: u32,
    /// Rows between the header and the data, such as a second header.
    #[serde(default)]
    pub skip_after_header: u32,
    /// The column by which other files find its rows.
    pub key: Option<String>,
    /// Words that mean an empty cell, such as `NULL`.
    #[serde(default)]
    pub empty: Vec<String>,
    /// The decimal sign of its numbers: `.`, or `,` as in 1.234,56.
    #[serde(default)]
    pub decimal: Decimal,
}

/// How letters are written in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    /// UTF-8; anything else is rejected.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1.
    #[serde(rename = "latin-1")]
    Latin1,
    /// The western European code page of Windows.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// The decimal sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Decimal {
    /// 1234.56
    #[default]
    #[serde(rename = ".")]
    Point,
    /// 1.234,56
    #[serde(rename = ",")]
    Comma,
}

/// One kind of interaction, made of the rows of one file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InteractionRecipe {
    /// The file whose rows are read.
    pub from: String,
    /// Files whose rows are looked up.
    #[serde(default)]
    pub join: Vec<JoinRecipe>,
    /// Which rows are taken; all must hold.
    pub when: Option<OneOrMany<Condition>>,
    /// What happened.
    pub event: Word,
    /// Where.
    pub channel: Option<Word>,
    /// Where exactly.
    pub touchpoint: Option<Word>,
    /// `in` or `out`.
    pub direction: Option<Word>,
    /// `human`, `agent`, `bot`, `prefetch` or `system`.
    pub actor: Option<Word>,
    /// When.
    pub occurred_at: Time,
    /// A fixed place among interactions of the same moment; the number of the row where absent.
    pub sequence: Option<u32>,
    /// Who it was.
    #[serde(default)]
    pub identifiers: BTreeMap<String, OneOrMany<Value>>,
    /// What it was about.
    #[serde(default)]
    pub refs: BTreeMap<String, OneOrMany<Value>>,
    /// What it was worth.
    pub money: Option<MoneyRecipe>,
    /// What was answered.
    pub score: Option<ScoreRecipe>,
    /// What was said.
    pub text: Option<OneOrMany<Value>>,
    /// What was promised.
    pub promise: Option<PromiseRecipe>,
    /// What the person allows.
    #[serde(default)]
    pub consent: BTreeMap<String, Value>,
    /// Everything else.
    #[serde(default)]
    pub properties: BTreeMap<String, Value>,
    /// The columns that name this interaction at the source; the whole row where absent.
    pub message_id: Option<MessageId>,
}

/// A look-up of rows of another file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinRecipe {
    /// The file, by its name in the recipe; it needs a `key`.
    pub file: String,
    /// The column here that holds that key.
    pub on: String,
    /// What to do where several rows have the key; refused where absent.
    pub many: Option<Many>,
    /// Rows without a match are rejected.
    #[serde(default)]
    pub required: bool,
}

/// What several rows with one key mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Many {
    /// The first in the file is taken.
    First,
    /// All are taken together: their values are listed, summed or counted.
    List,
    /// Each makes an interaction of its own.
    Each,
}

/// A condition on a row: a column alone must not be empty.
pub type Condition = ShortOr<ConditionTable>;

/// A condition on the value of a column.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionTable {
    /// The column.
    pub column: String,
    /// It is one of these.
    pub is: Option<OneOrMany<String>>,
    /// It is none of these.
    pub is_not: Option<OneOrMany<String>>,
    /// It starts with one of these.
    pub starts_with: Option<OneOrMany<String>>,
    /// It starts with none of these.
    pub not_starts_with: Option<OneOrMany<String>>,
    /// It is empty, or it is not.
    pub empty: Option<bool>,
    /// It is a number above this one.
    pub above: Option<f64>,
    /// It is a number below this one.
    pub below: Option<f64>,
}

impl Shorthand for ConditionTable {
    fn short(column: &str) -> Self {
        Self { column: column.to_owned(), empty: Some(false), ..Self::default() }
    }
}

/// A time: a column alone is read by the forms that everybody understands.
pub type Time = ShortOr<TimeTable>;

/// A time and how it is written.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeTable {
    /// Where it stands; the first column that is not empty.
    #[serde(default)]
    pub column: OneOrMany<String>,
    /// A column with the time of day, where `column` has the day alone; the pattern then names both,
    /// with a space between. Without a time of day only the day is known.
    pub clock: Option<String>,
    /// Nothing happened, somebody is told: the moment of the import is taken. For lists of customers.
    #[serde(default)]
    pub received: bool,
    /// A pattern such as `%d/%m/%Y %H:%M`, or `unix_seconds`, `unix_millis`, `unix_micros`.
    pub format: Option<String>,
    /// Its zone.
    pub zone: Option<Word>,
}

impl Shorthand for TimeTable {
    fn short(column: &str) -> Self {
        Self { column: OneOrMany(vec![column.to_owned()]), ..Self::default() }
    }
}

/// An amount: a column alone is read in the recipe's currency.
pub type MoneyRecipe = ShortOr<MoneyTable>;

/// An amount and its currency.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoneyTable {
    /// The number.
    pub amount: Value,
    /// The currency.
    pub currency: Option<Word>,
    /// The number is paid back: its sign is turned.
    #[serde(default)]
    pub negate: bool,
}

impl Shorthand for MoneyTable {
    fn short(column: &str) -> Self {
        Self { amount: Value::short(column), currency: None, negate: false }
    }
}

/// An answer on a scale.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreRecipe {
    /// `nps`, `csat`, `ces`, `stars`, or a name of your own with `min` and `max`.
    pub kind: String,
    /// The answer.
    pub value: Value,
    /// The lowest answer.
    pub min: Option<f64>,
    /// The highest answer.
    pub max: Option<f64>,
}

/// A promise.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromiseRecipe {
    /// What was promised.
    pub kind: String,
    /// Until when.
    pub due: Time,
    /// A day is kept until its local end.
    pub precision: Option<PrecisionWord>,
}

/// How exactly a promise named its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrecisionWord {
    /// A calendar day.
    Day,
    /// A moment.
    Instant,
}

/// What names an interaction: a column, several, or a table.
pub type MessageId = ShortOr<MessageIdTable>;

/// What names an interaction.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageIdTable {
    /// The columns.
    pub columns: OneOrMany<String>,
    /// The source gives each id once: an identical row is dropped, another one is a conflict.
    #[serde(default)]
    pub unique: bool,
    /// Several rows tell the same, such as the lines of an order its total: the first with an id is
    /// taken, the others repeat it.
    #[serde(default)]
    pub first: bool,
}

impl Shorthand for MessageIdTable {
    fn short(column: &str) -> Self {
        Self { columns: OneOrMany(vec![column.to_owned()]), ..Self::default() }
    }

    fn list(columns: Vec<String>) -> Option<Self> {
        Some(Self { columns: OneOrMany(columns), ..Self::default() })
    }
}

impl Recipe {
    /// Reads a recipe; `origin` is the name that errors show.
    pub fn parse(text: &str, origin: &str) -> Result<Self, RecipeError> {
        toml::from_str(text).map_err(|e| RecipeError::of_toml(origin, text, &e))
    }
}
