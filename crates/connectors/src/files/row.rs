//! One row before a rule: the values that its recipe asks for.

use crate::files::decimal::Decimal;
use crate::files::lookup::Lookup;
use crate::files::plan::{Cell, ConditionPlan, JoinPlan, Origin, Place, ValuePlan};
use crate::files::recipe::{Many, ReadAs};
use crate::files::record::{Record, SEPARATOR};
use serde_json::Value;
use std::borrow::Cow;
use throughline_interactions::Fault;

/// A row with the rows that were looked up for it.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) record: &'a Record,
    /// From the plan's index of a column to the record's.
    pub(crate) columns: &'a [usize],
    /// Words that mean an empty cell.
    pub(crate) empty: &'a [String],
    pub(crate) lookups: &'a [Lookup],
    pub(crate) joins: &'a [JoinPlan],
    /// The rows that each join found.
    pub(crate) matches: &'a [Vec<u32>],
}

/// Looks up the rows of join `i` for this row.
pub(crate) fn look_up(row: Row<'_>, i: usize, out: &mut Vec<u32>) {
    let join = &row.joins[i];
    let lookup = &row.lookups[join.lookup];
    out.clear();
    row.each(&join.on, &mut |key| {
        let found = lookup.find(key.trim());
        if join.many == Some(Many::First) { out.extend(found.take(1)) } else { out.extend(found) }
    });
}

impl<'a> Row<'a> {
    fn own(&self, i: usize) -> &'a str {
        let cell = self.record.cell(self.columns[i]);
        if !self.empty.is_empty() && self.empty.iter().any(|e| e == cell.trim()) { "" } else { cell }
    }

    /// Calls with every value of a column that is not empty.
    pub(crate) fn each(&self, cell: &Cell, f: &mut dyn FnMut(&'a str)) {
        let mut values = |text: &'a str| {
            for value in text.split(SEPARATOR) {
                if !value.is_empty() {
                    f(value);
                }
            }
        };
        match cell.place {
            Place::Own(i) => values(self.own(i)),
            Place::Joined { join, column } => {
                let lookup = &self.lookups[self.joins[join].lookup];
                for row in &self.matches[join] {
                    values(lookup.cell(*row as usize, column));
                }
            }
        }
    }

    /// The first value of a column; empty where there is none.
    pub(crate) fn first(&self, cell: &Cell) -> &'a str {
        let text = match cell.place {
            Place::Own(i) => self.own(i),
            Place::Joined { join, column } => match self.matches[join].first() {
                Some(row) => self.lookups[self.joins[join].lookup].cell(*row as usize, column),
                None => "",
            },
        };
        text.split_once(SEPARATOR).map_or(text, |(first, _)| first)
    }

    /// The first of several columns that is not empty, with its name.
    pub(crate) fn first_of<'c>(&self, cells: &'c [Cell]) -> (&'a str, &'c Cell) {
        for cell in cells {
            let text = self.first(cell).trim();
            if !text.is_empty() {
                return (text, cell);
            }
        }
        ("", &cells[0])
    }

    /// True when the row meets the condition; of several values one is enough.
    pub(crate) fn holds(&self, c: &ConditionPlan) -> bool {
        let any = |test: &dyn Fn(&str) -> bool| {
            if c.cell.several {
                let mut found = false;
                self.each(&c.cell, &mut |v| found |= test(v.trim()));
                found
            } else {
                test(self.first(&c.cell).trim())
            }
        };
        let one_of = |list: &[String]| any(&|v| list.iter().any(|l| l == v));
        let starts = |list: &[String]| any(&|v| list.iter().any(|l| v.starts_with(l.as_str())));
        let number = |test: &dyn Fn(f64) -> bool| {
            any(&|v| Decimal::parse_amount(v, c.cell.comma).and_then(|d| d.to_string().parse().ok()).is_some_and(test))
        };
        c.empty.is_none_or(|empty| any(&|v| !v.is_empty()) != empty)
            && c.is.as_deref().is_none_or(one_of)
            && c.is_not.as_deref().is_none_or(|l| !one_of(l))
            && c.starts_with.as_deref().is_none_or(starts)
            && c.not_starts_with.as_deref().is_none_or(|l| !starts(l))
            && c.above.is_none_or(|n| number(&|v| v > n))
            && c.below.is_none_or(|n| number(&|v| v < n))
    }

    /// The one value; `None` where it is empty.
    pub(crate) fn value(&self, v: &'a ValuePlan) -> Result<Option<Cow<'a, str>>, Fault> {
        if v.unless.as_ref().is_some_and(|c| !self.first(c).trim().is_empty()) {
            return Ok(None);
        }
        match &v.origin {
            Origin::Cells(cells) => {
                let (text, cell) = self.first_of(cells);
                finish(v, text, cell)
            }
            _ => self.made(v),
        }
    }

    /// Calls with every value, without repeats in a row.
    pub(crate) fn values(&self, v: &'a ValuePlan, f: &mut dyn FnMut(Cow<'a, str>)) -> Result<(), Fault> {
        if v.unless.as_ref().is_some_and(|c| !self.first(c).trim().is_empty()) {
            return Ok(());
        }
        let Origin::Cells(cells) = &v.origin else {
            if let Some(text) = self.made(v)? {
                f(text);
            }
            return Ok(());
        };
        let mut result = Ok(());
        let mut found = false;
        for cell in cells {
            self.each(cell, &mut |text| {
                let mut take = |part: &'a str| {
                    if part.trim().is_empty() || result.is_err() {
                        return;
                    }
                    found = true;
                    match finish(v, part.trim(), cell) {
                        Ok(Some(text)) => f(text),
                        Ok(None) => {}
                        Err(fault) => result = Err(fault),
                    }
                };
                match &v.split {
                    Some(between) => text.split(between.as_str()).for_each(take),
                    None => take(text),
                }
            });
            if found {
                return result;
            }
        }
        if let Some(default) = &v.default {
            f(Cow::Borrowed(default));
        }
        result
    }

    /// Text as it stands, spaces and all.
    pub(crate) fn verbatim(&self, v: &'a ValuePlan, f: &mut dyn FnMut(&'a str)) -> Result<(), Fault> {
        match &v.origin {
            Origin::Cells(cells)
                if v.map.is_none() && v.default.is_none() && v.unless.is_none() && v.split.is_none() =>
            {
                for cell in cells {
                    let mut found = false;
                    self.each(cell, &mut |text| {
                        if !text.trim().is_empty() {
                            found = true;
                            f(text);
                        }
                    });
                    if found {
                        break;
                    }
                }
                Ok(())
            }
            _ => self.values(v, &mut |text| {
                // Mapped words are few and live as long as the plan.
                if let Cow::Borrowed(text) = text {
                    f(text);
                }
            }),
        }
    }

    /// A value that is not read from a cell alone.
    fn made(&self, v: &'a ValuePlan) -> Result<Option<Cow<'a, str>>, Fault> {
        let made: Option<Cow<'a, str>> = match &v.origin {
            Origin::Constant(text) => Some(Cow::Borrowed(text)),
            Origin::Count(join) => Some(Cow::Owned(self.matches[*join].len().to_string())),
            Origin::Sum(cells) => {
                let mut sum = None;
                let mut result = Ok(());
                for cell in cells {
                    self.each(cell, &mut |text| match add(sum, number(text, cell), cell) {
                        Ok(total) => sum = Some(total),
                        Err(fault) => result = Err(fault),
                    });
                }
                result?;
                sum.map(|d| Cow::Owned(d.to_string()))
            }
            Origin::Times(cells) => self.product(cells)?.map(|d| Cow::Owned(d.to_string())),
            Origin::Cells(_) => None,
        };
        Ok(made.or(v.default.as_deref().map(Cow::Borrowed)))
    }

    /// The product of columns, summed over the rows of the list among them; an empty cell leaves
    /// its row out.
    fn product(&self, cells: &[Cell]) -> Result<Option<Decimal>, Fault> {
        let list = cells.iter().find_map(|c| match c.place {
            Place::Joined { join, .. } if c.several => Some(join),
            _ => None,
        });
        let rows = list.map_or(1, |join| self.matches[join].len());
        let mut sum = None;
        for k in 0..rows {
            let mut product = Some(Decimal::ONE);
            for cell in cells {
                let text = match cell.place {
                    Place::Joined { join, column } if Some(join) == list => {
                        self.lookups[self.joins[join].lookup].cell(self.matches[join][k] as usize, column)
                    }
                    _ => self.first(cell),
                };
                if text.trim().is_empty() {
                    product = None;
                    break;
                }
                product = product.unwrap_or(Decimal::ZERO).times(number(text, cell)?);
                if product.is_none() {
                    return Err(Fault::at(
                        &cell.name,
                        "invalid_number",
                        format!("`{}` makes too large a product", clip(text)),
                    ));
                }
            }
            if let Some(product) = product {
                sum = Some(add(sum, Ok(product), &cells[0])?);
            }
        }
        Ok(sum)
    }

    /// A property in JSON: one value, or a list of several different ones.
    pub(crate) fn json(&self, v: &'a ValuePlan) -> Result<Option<Value>, Fault> {
        let made = matches!(v.origin, Origin::Sum(_) | Origin::Times(_) | Origin::Count(_));
        let read_as = if made && v.read_as == ReadAs::Text { ReadAs::Number } else { v.read_as };
        let typed = |text: Cow<'_, str>| match read_as {
            ReadAs::Integer => text.parse::<i64>().map_or_else(|_| Value::String(text.into_owned()), Value::from),
            ReadAs::Number => match text.parse::<i64>() {
                Ok(n) => Value::from(n),
                Err(_) => text.parse::<f64>().map_or(Value::Null, Value::from),
            },
            ReadAs::Boolean => Value::Bool(text == "true"),
            ReadAs::Text => Value::String(text.into_owned()),
        };
        let several = v.split.is_some() || matches!(&v.origin, Origin::Cells(c) if c.iter().any(|c| c.several));
        if !several {
            return Ok(self.value(v)?.map(typed));
        }
        let mut list = Vec::new();
        self.values(v, &mut |text| {
            let value = typed(text);
            if !list.contains(&value) {
                list.push(value);
            }
        })?;
        Ok(if list.len() < 2 { list.pop() } else { Some(Value::Array(list)) })
    }
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A running sum.
fn add(sum: Option<Decimal>, term: Result<Decimal, Fault>, cell: &Cell) -> Result<Decimal, Fault> {
    sum.unwrap_or(Decimal::ZERO)
        .plus(term?)
        .ok_or_else(|| Fault::at(&cell.name, "invalid_number", format!("the sum of `{}` is too large", cell.name)))
}

/// Reads a number as its file writes it.
pub(crate) fn number(text: &str, cell: &Cell) -> Result<Decimal, Fault> {
    Decimal::parse_amount(text, cell.comma).ok_or_else(|| {
        let form = if cell.comma { "1.234,56" } else { "1234.56" };
        Fault::at(&cell.name, "invalid_number", format!("`{}` is not a number such as {form}", clip(text)))
    })
}

/// Applies what the recipe says about reading a cell.
fn finish<'a>(v: &'a ValuePlan, text: &'a str, cell: &Cell) -> Result<Option<Cow<'a, str>>, Fault> {
    let text = match &v.trim_prefix {
        Some(prefix) => text.strip_prefix(prefix.as_str()).unwrap_or(text).trim_start(),
        None => text,
    };
    let text = match &v.trim_suffix {
        Some(suffix) => text.strip_suffix(suffix.as_str()).unwrap_or(text),
        None => text,
    };
    if text.is_empty() {
        return Ok(v.default.as_deref().map(Cow::Borrowed));
    }
    if let Some(map) = &v.map {
        return match map.get(text).or(v.default.as_ref()) {
            Some(word) => Ok(Some(Cow::Borrowed(word))),
            None => Err(Fault::at(
                &cell.name,
                "unmapped_value",
                format!("`{}` is not in the map of `{}`; add it there, or set `default`", clip(text), cell.name),
            )),
        };
    }
    Ok(Some(match v.read_as {
        ReadAs::Text => Cow::Borrowed(text),
        ReadAs::Number if cell.comma => Cow::Owned(number(text, cell)?.to_string()),
        ReadAs::Number => number(text, cell).map(|_| Cow::Borrowed(text))?,
        ReadAs::Integer => match number(text, cell)?.whole() {
            Some(n) => Cow::Owned(n.to_string()),
            None => {
                return Err(Fault::at(&cell.name, "invalid_number", format!("`{}` is not a whole number", clip(text))));
            }
        },
        ReadAs::Boolean => Cow::Borrowed(match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "t" => "true",
            "false" | "no" | "n" | "0" | "f" => "false",
            _ => {
                return Err(Fault::at(
                    &cell.name,
                    "invalid_boolean",
                    format!("`{}` is neither yes nor no; use `map` to say what it means", clip(text)),
                ));
            }
        }),
    }))
}
