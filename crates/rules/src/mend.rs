//! How what does not fit a plan is made to fit: a few steps on the fields of an event, the same for all
//! that came, and if wanted for all that will come.

use crate::field::{get, set, take};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use throughline_interactions::{Currency, Interaction, Money};

/// Steps for the interactions of one event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mend {
    /// Of this event …
    pub event: String,
    /// … from this source; from any where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// In this order.
    pub steps: Vec<Step>,
}

/// One step. A field is a path in the properties, such as `price` or `shipping.city`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Step {
    /// The field gets another name, where that is free.
    Rename {
        /// Its name.
        field: String,
        /// The new one.
        to: String,
    },
    /// A text becomes the number that it spells, where there is one way to read it.
    Number {
        /// Of this field.
        field: String,
    },
    /// A number, or true or false, becomes text.
    Text {
        /// Of this field.
        field: String,
    },
    /// The field is set where it is missing.
    Fill {
        /// This field.
        field: String,
        /// To this.
        value: Value,
    },
    /// The field is left out.
    Remove {
        /// This field.
        field: String,
    },
    /// The field's number is what the interaction was worth, where nothing says it yet.
    Worth {
        /// Of this field.
        field: String,
        /// In this currency.
        currency: String,
    },
    /// The event gets another name.
    Event {
        /// The new one.
        name: String,
    },
}

impl Step {
    /// In words, as a sentence without its end.
    pub fn in_words(&self) -> String {
        match self {
            Self::Rename { field, to } => format!("`{field}` is called `{to}`"),
            Self::Number { field } => format!("`{field}` becomes a number"),
            Self::Text { field } => format!("`{field}` becomes text"),
            Self::Fill { field, value } => format!("`{field}` is {value} where it is missing"),
            Self::Remove { field } => format!("`{field}` is left out"),
            Self::Worth { field, currency } => format!("`{field}` is its worth in {currency}"),
            Self::Event { name } => format!("it is called \u{201c}{name}\u{201d}"),
        }
    }
}

impl Mend {
    /// True for interactions it is meant for.
    pub fn is_for(&self, i: &Interaction) -> bool {
        self.event == i.event && self.source.as_deref().is_none_or(|s| s == i.source.as_str())
    }

    /// Takes the steps; says whether anything changed.
    pub fn apply(&self, i: &mut Interaction) -> bool {
        // Every step is taken, also after one that changed something.
        let changed = self.steps.iter().filter(|step| step.apply(i)).count();
        changed > 0
    }

    /// In words.
    pub fn in_words(&self) -> String {
        self.steps.iter().map(Step::in_words).collect::<Vec<_>>().join(", ")
    }
}

impl Step {
    fn apply(&self, i: &mut Interaction) -> bool {
        let p = &mut i.properties;
        match self {
            Self::Rename { field, to } => {
                if get(p, to).is_some() {
                    return false;
                }
                let Some(value) = take(p, field) else { return false };
                set(p, to, value);
                true
            }
            Self::Number { field } => match get(p, field).and_then(Value::as_str).and_then(number) {
                Some(n) => {
                    set(p, field, Value::Number(n));
                    true
                }
                None => false,
            },
            Self::Text { field } => match get(p, field) {
                Some(value @ (Value::Number(_) | Value::Bool(_))) => {
                    let text = value.to_string();
                    set(p, field, Value::String(text));
                    true
                }
                _ => false,
            },
            Self::Fill { field, value } => {
                let is_missing = get(p, field).is_none_or(Value::is_null);
                if is_missing {
                    set(p, field, value.clone());
                }
                is_missing
            }
            Self::Remove { field } => take(p, field).is_some(),
            Self::Worth { field, currency } => {
                let amount = match get(p, field) {
                    Some(Value::Number(n)) => n.to_string(),
                    Some(Value::String(s)) => match number(s) {
                        Some(n) => n.to_string(),
                        None => return false,
                    },
                    _ => return false,
                };
                let money = Currency::new(currency).ok().and_then(|c| Money::from_decimal(&amount, c).ok());
                let is_news = i.money.is_none() && money.is_some();
                if is_news {
                    i.money = money;
                }
                is_news
            }
            Self::Event { name } => {
                let is_news = i.event != *name && !name.trim().is_empty();
                if is_news {
                    i.event = name.trim().to_owned();
                }
                is_news
            }
        }
    }
}

/// The number that a text spells: `12.50`, `12,50`, `€ 1.299,00`, `1 299,00 kr`. `None` where it could be
/// two (`1,299`), or none.
fn number(text: &str) -> Option<serde_json::Number> {
    let is_unit = |c: char| !c.is_ascii_digit() && !matches!(c, '-' | '.' | ',' | '\'');
    let plain: String = text.trim_matches(|c: char| is_unit(c)).chars().filter(|c| !c.is_whitespace()).collect();
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |d| ("-", d));
    if digits.is_empty() || !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let marks: Vec<(usize, char)> = digits.char_indices().filter(|(_, c)| !c.is_ascii_digit()).collect();
    if marks.iter().any(|(_, c)| !matches!(c, '.' | ',' | '\'')) {
        return None;
    }
    let decimal = match marks.as_slice() {
        [] => None,
        [(at, '.')] if digits.len() - at - 1 != 3 => Some(*at),
        [(at, ',')] if digits.len() - at - 1 != 3 => Some(*at),
        [(_, '.' | ',')] => return None,
        [rest @ .., (at, last)] => {
            // Several of one kind part thousands; the last of another kind parts the fraction.
            let is_fraction = rest.iter().all(|(_, c)| c != last) && *last != '\'';
            is_fraction.then_some(*at)
        }
    };
    let (whole, fraction) = decimal.map_or((digits, ""), |at| (&digits[..at], &digits[at + 1..]));
    let groups: Vec<&str> = whole.split(['.', ',', '\'']).collect();
    if groups.len() > 1 && (groups[0].len() > 3 || groups[1..].iter().any(|g| g.len() != 3)) {
        return None;
    }
    let whole = groups.concat();
    if fraction.is_empty() {
        return format!("{sign}{whole}").parse::<i64>().ok().map(Into::into);
    }
    serde_json::Number::from_f64(format!("{sign}{whole}.{fraction}").parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_where_there_is_one_way() {
        for (text, expected) in [
            ("12.50", Some("12.5")),
            ("12,50", Some("12.5")),
            ("€ 1.299,00", Some("1299.0")),
            ("1'299.95 CHF", Some("1299.95")),
            ("1,234,567", Some("1234567")),
            ("1 299,00 kr", Some("1299.0")),
            ("-7", Some("-7")),
            ("0.125", None),
            ("1,299", None),
            ("1.2.3", None),
            ("12,34,56.0", None),
            ("abc", None),
            ("", None),
            ("-", None),
            ("12e5", None),
        ] {
            assert_eq!(number(text).map(|n| n.to_string()).as_deref(), expected, "{text}");
        }
    }
}
