//! Which values of an interaction are dimensions that findings may bear.
//!
//! It is a rule of the value alone, never of what arrived before, so that a rebuild gives the same
//! rows: texts of up to 64 bytes that do not look like an address, an id or a name; true and false;
//! numbers, which fall into steps of 1, 2, 5.

use crate::Ref;
use serde_json::{Map, Value};

/// The longest text that is taken for a category.
const LONGEST: usize = 64;

/// Names of properties that tell who somebody is, not what happened.
const PERSONAL: &[&str] = &[
    "name",
    "first_name",
    "last_name",
    "full_name",
    "firstname",
    "lastname",
    "email",
    "phone",
    "address",
    "street",
    "url",
    "referrer",
    "path",
    "title",
    "search",
    "ip",
    "user_agent",
    "useragent",
    "token",
    "password",
    "birthday",
    "date_of_birth",
    "username",
    "handle",
    "query",
    "latitude",
    "longitude",
];

/// Calls `take(prefix, name, value)` for every dimension that an interaction is about, by its
/// touchpoint, references and properties; the dimension is the prefix followed by the name.
pub fn dimensions(
    touchpoint: &str,
    refs: &[Ref],
    properties: &Map<String, Value>,
    mut take: impl FnMut(&str, &str, &str),
) {
    if is_category(touchpoint) {
        take("touchpoint", "", touchpoint);
    }
    for r in refs.iter().filter(|r| !Ref::is_personal(&r.kind)) {
        if !r.value.is_empty() {
            take("ref:", &r.kind, &r.value);
        }
    }
    for (name, value) in properties {
        let lower = name.to_ascii_lowercase();
        if name.len() > LONGEST
            || PERSONAL.contains(&lower.as_str())
            || lower == "id"
            || lower.ends_with("_id")
            || name.ends_with("Id")
        {
            continue;
        }
        match value {
            Value::String(s) if is_category(s) => take("property:", name, s),
            Value::Bool(b) => take("property:", name, if *b { "true" } else { "false" }),
            Value::Number(n) => {
                if let Some(step) = n.as_f64().and_then(step) {
                    take("property:", name, &step);
                }
            }
            _ => {}
        }
    }
}

fn is_category(s: &str) -> bool {
    let digits = s.bytes().filter(u8::is_ascii_digit).count();
    !s.trim().is_empty() && s.len() <= LONGEST && !s.contains(['@', '\n', '\r']) && !s.contains("://") && digits <= 8
}

/// Whole numbers up to 20 stand for themselves, others fall into steps of 1, 2, 5.
fn step(x: f64) -> Option<String> {
    if !x.is_finite() {
        return None;
    }
    if x.fract() == 0.0 && x.abs() <= 20.0 {
        return Some(format!("{x}"));
    }
    let size = x.abs();
    if size < 1e-9 {
        return Some("0".to_owned());
    }
    let unit = 10_f64.powi(size.log10().floor() as i32);
    let low = [5.0, 2.0, 1.0].into_iter().map(|m| m * unit).find(|l| size >= *l).unwrap_or(unit);
    let high = if low / unit >= 5.0 {
        10.0 * unit
    } else if low / unit >= 2.0 {
        5.0 * unit
    } else {
        2.0 * unit
    };
    let sign = if x < 0.0 { "−" } else { "" };
    Some(format!("{sign}{low}–{high}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fall_into_steps() {
        let check = |x: f64, expected: &str| assert_eq!(step(x).as_deref(), Some(expected), "{x}");
        check(3.0, "3");
        check(-3.0, "-3");
        check(21.0, "20–50");
        check(59.9, "50–100");
        check(1234.5, "1000–2000");
        check(0.3, "0.2–0.5");
        check(-75.5, "−50–100");
        assert_eq!(step(f64::NAN), None);
    }

    #[test]
    fn values_that_name_somebody_are_no_category() {
        for s in ["ana@example.org", "https://a.b", "4f0e1d22-9d01-4455-8a6b-1b2c3d4e5f60", "", "a\nb"] {
            assert!(!is_category(s), "{s}");
        }
        assert!(is_category("SPRING-25"));
    }
}
