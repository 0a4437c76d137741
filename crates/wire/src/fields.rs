//! Fields of an event, by name and of a type.

use serde_json::{Map, Value};
use throughline_interactions::{Fault, Timestamp, Zone};

pub(crate) type Fields = Map<String, Value>;

/// An object, or what should have been one.
pub(crate) fn object(value: Value, what: &str) -> Result<Fields, Fault> {
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(Fault::whole("wrong_type", format!("{what} is a JSON object"))),
    }
}

/// An object under a name; an empty one where there is nothing of the kind.
pub(crate) fn take_object(fields: &mut Fields, name: &str) -> Fields {
    match fields.remove(name) {
        Some(Value::Object(inner)) => inner,
        _ => Fields::new(),
    }
}

/// A text or a number as a text, trimmed; nothing where it is empty.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        _ => return None,
    };
    Some(text).filter(|t| !t.is_empty())
}

/// The first of several names that holds a text or a number.
pub(crate) fn text_of(fields: &Fields, names: &[&str]) -> Option<String> {
    names.iter().find_map(|n| fields.get(*n).and_then(as_text))
}

/// A number, or a text that is one.
pub(crate) fn number_of(fields: &Fields, names: &[&str]) -> Option<f64> {
    names.iter().find_map(|n| match fields.get(*n)? {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    })
}

/// A time as text or in milliseconds since 1970, as JavaScript counts; what says no zone is UTC.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(s) => {
            let utc = Zone::new("UTC").expect("UTC is a zone");
            Timestamp::parse(s, Some(&utc)).ok().map(|t| t.instant)
        }
        Value::Number(n) => {
            let millis = n.as_f64()?;
            Timestamp((millis * 1000.0) as i64).in_range("").ok()
        }
        _ => None,
    }
}

/// The time under the first of several names that holds anything; a fault where it is none.
pub(crate) fn time_of(fields: &Fields, names: &[&str]) -> Result<Option<Timestamp>, Fault> {
    let found = names.iter().find_map(|n| fields.get(*n).filter(|v| !v.is_null()).map(|v| (*n, v)));
    let Some((name, value)) = found else { return Ok(None) };
    time(value).map(Some).ok_or_else(|| {
        let shown: String = value.to_string().chars().take(60).collect();
        Fault::at(
            name,
            "invalid_time",
            format!("`{name}` is {shown}, which is no time; write it like 2026-03-01T09:30:00Z"),
        )
    })
}

/// Whether an event bears one of these names, in any case.
pub(crate) fn is_one_of(event: &str, names: &[&str]) -> bool {
    names.iter().any(|n| n.eq_ignore_ascii_case(event))
}
