//! What a person settles on about a file.

use crate::Run;
use serde::{Deserialize, Serialize};
use throughline_connectors::files::guess::{Assigned, Guess, Mapping, Role, Sample, TimeForm};
use throughline_connectors::files::known::KnownExport;
use throughline_connectors::files::recipe::Decimal;

/// What a person settled on: everything that a recipe needs and a file cannot say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What people call the import.
    pub name: String,
    /// What a row is called where no column says it.
    pub event: String,
    /// The zone of local times.
    pub zone: String,
    /// The currency of amounts, where no column tells it.
    pub currency: String,
    /// Numbers have a comma before their decimals.
    pub decimal_comma: bool,
    /// The lasting name of the known export that it is read as, instead of by its columns.
    #[serde(default)]
    pub known: Option<String>,
    /// The columns.
    pub columns: Vec<ChosenColumn>,
}

/// What a person settled on about a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChosenColumn {
    /// Its name in the file.
    pub column: String,
    /// The key of its [`Role`].
    pub role: String,
    /// How its times are written: empty for the forms that everybody understands.
    #[serde(default)]
    pub time: String,
    /// Lowest and highest answer.
    #[serde(default)]
    pub scale: Option<(f64, f64)>,
    /// What the later interaction is called.
    #[serde(default)]
    pub event: Option<String>,
}

impl ChosenColumn {
    /// Its role; a name that no version knows is left out.
    pub fn role(&self) -> Role {
        Role::new(&self.role).unwrap_or(Role::Ignore)
    }
}

/// A file as it was looked at.
#[derive(Debug)]
pub struct Look {
    /// The run.
    pub run: Run,
    /// The beginning of the file.
    pub sample: Sample,
    /// What its columns seem to be.
    pub guess: Guess,
    /// The export that its columns tell, with a ready recipe.
    pub known: Option<&'static KnownExport>,
    /// What was settled on, or is proposed.
    pub choice: Choice,
    /// The earlier import with the same columns, whose choice is proposed and whose source is kept.
    pub like: Option<Run>,
}

/// The name of a file as the name of an import: without its ending.
pub(crate) fn name_of(file: &str) -> String {
    let lower = file.to_ascii_lowercase();
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower).len();
    let stem = file.get(..plain).unwrap_or(file);
    let stem = stem.rsplit_once('.').map_or(stem, |(s, _)| s);
    if stem.trim().is_empty() { "import".to_owned() } else { stem.trim().to_owned() }
}

impl Choice {
    /// The guess as it is, for a person to change.
    pub fn of(sample: &Sample, guess: &Guess, file: &str, zone: &str, currency: &str) -> Self {
        let column = |c: &throughline_connectors::files::guess::ColumnGuess| ChosenColumn {
            column: c.name.clone(),
            role: c.role.key().to_owned(),
            time: c.time.as_ref().map_or(String::new(), |t| t.0.clone()),
            scale: c.scale,
            event: c.event.clone(),
        };
        Self {
            name: name_of(file),
            event: guess.event.name().to_owned(),
            zone: zone.to_owned(),
            currency: guess.currency.clone().unwrap_or_else(|| currency.to_owned()),
            decimal_comma: sample.file.decimal == Decimal::Comma,
            known: KnownExport::find(&sample.columns).map(|k| k.key.to_owned()),
            columns: guess.columns.iter().map(column).collect(),
        }
    }

    /// The recipe of this choice for a file, under a source.
    pub(crate) fn mapping(&self, sample: &Sample, guess: &Guess, source: &str) -> Mapping {
        let mut file = sample.file.clone();
        file.decimal = if self.decimal_comma { Decimal::Comma } else { Decimal::Point };
        let assigned = |guessed: &throughline_connectors::files::guess::ColumnGuess| {
            let chosen = self.columns.iter().find(|c| c.column == guessed.name);
            Assigned {
                column: guessed.name.clone(),
                role: chosen.map_or(Role::Ignore, ChosenColumn::role),
                time: chosen.map(|c| TimeForm(c.time.clone())),
                scale: chosen.and_then(|c| c.scale).or(guessed.scale),
                event: chosen.and_then(|c| c.event.clone()).or_else(|| guessed.event.clone()),
                is_unique: guessed.distinct == sample.rows.len(),
            }
        };
        Mapping {
            name: self.name.clone(),
            source: source.to_owned(),
            file,
            zone: self.zone.clone(),
            currency: self.currency.clone(),
            event: self.event.clone(),
            known: self.known.as_deref().and_then(KnownExport::new),
            once_per_order: guess.is_once_per_order(),
            columns: guess.columns.iter().map(assigned).collect(),
        }
    }

    /// Whether it describes people at no time: no column is a time, and one tells who.
    pub fn is_of_people_alone(&self) -> bool {
        self.known.is_none()
            && !self.columns.iter().any(|c| c.role() == Role::Time)
            && self.columns.iter().any(|c| c.role().is_person())
    }
}

/// The names of a file's columns as one text.
pub(crate) fn signature(sample: &Sample) -> String {
    sample.columns.join("\u{1f}")
}

/// The source of an import: a number follows the name until it is free.
pub(crate) fn fresh_source(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(60);
    let slug = slug.trim_end_matches('-');
    let first = format!("import:{}", if slug.is_empty() { "file" } else { slug });
    if !is_taken(&first) {
        return first;
    }
    let numbered = (2_u32..).map(|n| format!("{first}-{n}"));
    numbered.into_iter().find(|s| !is_taken(s)).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_named_after_the_import_and_numbered() {
        let check = |name: &str, taken: &[&str], expected: &str| {
            assert_eq!(fresh_source(name, |s| taken.contains(&s)), expected, "{name}");
        };
        check("Orders 2026", &[], "import:orders-2026");
        check("Bestellungen – März", &[], "import:bestellungen-m-rz");
        check("  ", &[], "import:file");
        check("orders", &["import:orders"], "import:orders-2");
        check("orders", &["import:orders", "import:orders-2"], "import:orders-3");
    }

    #[test]
    fn an_import_is_called_after_its_file() {
        let check = |file: &str, expected: &str| assert_eq!(name_of(file), expected, "{file}");
        check("Orders.csv", "Orders");
        check("Orders.CSV.gz", "Orders");
        check("orders.2026.ndjson", "orders.2026");
        check("orders", "orders");
        check(".csv", "import");
    }
}
