//! Columns: what they hold, and values in the form in which they are compared.

use std::collections::{HashMap, HashSet};

/// What a column holds, and so how its values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Part of a person's name.
    Name,
    /// Words: a street, a town.
    Text,
    /// Digits whose order matters: a number of a house, a post code, an account.
    Digits,
    /// A day, as `yyyymmdd`.
    Date,
    /// One of few values: a state, a sex.
    Category,
    /// Never compared.
    Ignored,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// Records to be compared. Values are normalised ([`Table::push`]); an empty one is missing.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, as many values as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// Words in the name of a column of names.
const NAMES: &[&str] = &["name", "surname", "vorname", "nachname", "nom", "prenom", "apellido", "nombre"];

/// Words in the name of a column of names that are no person's.
const NOT_OF_PEOPLE: &[&str] = &[
    "street", "road", "city", "company", "employer", "business", "product", "file", "user", "shop", "store", "brand",
    "school",
];

/// Words for nothing.
const MISSING: &[&str] = &["null", "none", "nan", "n/a", "na", "unknown", "nil"];

impl Table {
    /// An empty table.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; what is too much is left out, what is missing is empty.
    pub fn push<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) {
        let mut row: Vec<String> = Vec::with_capacity(self.columns.len());
        row.extend(values.into_iter().zip(&self.columns).map(|(value, c)| normal(value, c.kind)));
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// Guesses what columns hold by their names and the values of `rows`, as they stand in a file.
    pub fn guess(names: &[String], rows: &[Vec<String>]) -> Vec<Column> {
        let each = names.iter().enumerate();
        each.map(|(at, name)| {
            let values: Vec<&str> =
                rows.iter().filter_map(|r| r.get(at)).map(|v| v.trim()).filter(|v| !v.is_empty()).collect();
            Column { name: name.clone(), kind: kind_of(name, &values) }
        })
        .collect()
    }
}

fn kind_of(name: &str, values: &[&str]) -> Kind {
    let n = values.len();
    if n == 0 {
        return Kind::Ignored;
    }
    let share = |is: fn(&str) -> bool| values.iter().filter(|v| is(v)).count() as f64 / n as f64;
    let distinct = values.iter().collect::<HashSet<_>>().len();
    if share(|v| date(v).is_some()) > 0.9 {
        return Kind::Date;
    }
    if distinct <= 60.min(n / 4) && values.iter().all(|v| v.len() <= 20) {
        return Kind::Category;
    }
    let lower = name.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_name = says(NAMES) && !says(NOT_OF_PEOPLE);
    let has_digits = |v: &str| {
        v.bytes().any(|b| b.is_ascii_digit()) && v.bytes().filter(u8::is_ascii_alphabetic).count() <= 4 && v.len() <= 20
    };
    match is_name {
        true => Kind::Name,
        false if share(has_digits) > 0.9 => Kind::Digits,
        false => Kind::Text,
    }
}

/// A day in one of the orders in which files have it, as `yyyymmdd`.
fn date(value: &str) -> Option<String> {
    let value = value.split(['T', ' ']).next()?;
    let parts: Vec<&str> = value.split(['-', '/', '.']).collect();
    let [year, month, day] = match parts.as_slice() {
        [whole] if whole.len() == 8 && whole.is_ascii() => [&whole[..4], &whole[4..6], &whole[6..]],
        [y, m, d] if y.len() == 4 => [*y, *m, *d],
        [d, m, y] if y.len() == 4 => [*y, *m, *d],
        _ => return None,
    };
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.len() <= 4);
    let (y, m, d) = (number(year)?, number(month)?, number(day)?);
    ((1800..2200).contains(&y) && (1..=31).contains(&m) && (1..=31).contains(&d)).then(|| format!("{y:04}{m:02}{d:02}"))
}

/// Letters with marks as the letter alone, for names that are written with and without.
fn plain(c: char) -> Option<char> {
    Some(match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' | 'č' | 'ć' => 'c',
        'è' | 'é' | 'ê' | 'ë' | 'ě' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ñ' | 'ň' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => 'o',
        'š' | 'ś' => 's',
        'ù' | 'ú' | 'û' | 'ü' | 'ů' => 'u',
        'ý' | 'ÿ' => 'y',
        'ž' | 'ź' | 'ż' => 'z',
        '\'' | '’' | '`' => return None,
        c => c,
    })
}

/// A value as it is compared.
pub(crate) fn normal(value: &str, kind: Kind) -> String {
    let value = value.trim();
    let lower = value.to_lowercase();
    if MISSING.contains(&lower.as_str()) {
        return String::new();
    }
    match kind {
        Kind::Ignored => String::new(),
        Kind::Date => date(value).unwrap_or_else(|| lower.chars().filter(char::is_ascii_digit).collect()),
        Kind::Digits => lower.chars().filter(|c| c.is_alphanumeric()).collect(),
        Kind::Name | Kind::Text | Kind::Category => {
            let plain = lower.chars().filter_map(plain).map(|c| if c.is_alphanumeric() { c } else { ' ' });
            plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}

/// How often each value of a column occurs, as a share of those that are there.
pub(crate) fn frequencies(table: &Table, column: usize) -> HashMap<&str, f64> {
    let mut counts: HashMap<&str, f64> = HashMap::new();
    let mut n = 0.0;
    for value in table.rows.iter().map(|r| r[column].as_str()).filter(|v| !v.is_empty()) {
        *counts.entry(value).or_default() += 1.0;
        n += 1.0;
    }
    counts.values_mut().for_each(|c| *c /= n);
    counts
}
