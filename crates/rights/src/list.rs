//! Reading a file that names people: one identifier a line, with its kind or without, by comma, semicolon,
//! tab or bar, or a JSON object a line.
//!
//! A line that cannot be used is told with its number and the reason, and never with what stands in it: the
//! reason is kept, what stood there is not.

use std::collections::BTreeMap;
use throughline_interactions::Identifier;

/// The largest file that is read, in bytes.
pub const LARGEST: usize = 32 << 20;
/// The most lines.
pub const MOST_LINES: usize = 500_000;
/// The longest value of an identifier, in bytes.
const LONGEST: usize = 512;
/// What a value may be of which nobody said what it is.
const GUESSES: [&str; 5] = ["user_id", "anonymous_id", "device_id", "loyalty_card", "cookie"];

/// A file that cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListFault {
    /// Nothing is in it.
    #[error("the file is empty; write one identifier a line")]
    Empty,
    /// It is something else.
    #[error("this is no text; save it as text or CSV in UTF-8")]
    NoText,
    /// It is larger than is taken.
    #[error("the file is over {0}; split it")]
    TooLarge(String),
}

/// One line that can be used.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 1.
    pub line: u64,
    /// What stands in it. Of a line without kinds all that it may be, the likeliest first.
    pub identifiers: Vec<Identifier>,
    /// Nobody said of what kind it is.
    pub is_guess: bool,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("line", &self.line).field("is_guess", &self.is_guess).finish_non_exhaustive()
    }
}

/// A file as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// Lines that can be used.
    pub entries: Vec<Entry>,
    /// Lines that cannot, with the reason.
    pub bad: BTreeMap<u64, String>,
}

impl List {
    /// Reads a file.
    pub fn read(bytes: &[u8]) -> Result<Self, ListFault> {
        if bytes.len() > LARGEST {
            return Err(ListFault::TooLarge(format!("{} MB", LARGEST >> 20)));
        }
        let utf16 = match bytes {
            [0xff, 0xfe, rest @ ..] => Some(rest.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect()),
            [0xfe, 0xff, rest @ ..] => Some(rest.chunks_exact(2).map(|c| u16::from_be_bytes([c[0], c[1]])).collect()),
            _ => None,
        };
        let text;
        let bytes = match utf16 {
            Some(units) => {
                let units: Vec<u16> = units;
                text = String::from_utf16(&units).map_err(|_| ListFault::NoText)?;
                text.as_bytes()
            }
            None => bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes),
        };
        if bytes.contains(&0) {
            return Err(ListFault::NoText);
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(ListFault::Empty);
        }
        let mut list = Self::default();
        let mut columns: Option<Vec<Column>> = None;
        let mut separator = None;
        let mut is_first = true;
        // Old spreadsheets end lines with a carriage return alone.
        let ends: fn(&u8) -> bool = if bytes.contains(&b'\n') { |b| *b == b'\n' } else { |b| *b == b'\r' };
        for (number, line) in bytes.split(ends).enumerate() {
            let number = number as u64 + 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if number as usize > MOST_LINES {
                return Err(ListFault::TooLarge(format!("{MOST_LINES} lines")));
            }
            let Ok(line) = std::str::from_utf8(line) else {
                list.bad.insert(number, "it is not written in UTF-8; save the file in UTF-8".to_owned());
                is_first = false;
                continue;
            };
            let line = line.trim_end_matches('\r');
            if line.trim_start().starts_with('{') {
                list.take(number, of_json(line));
                is_first = false;
                continue;
            }
            let separator = *separator.get_or_insert_with(|| separator_of(line));
            let cells = cells(line, separator);
            if std::mem::take(&mut is_first)
                && let Some(found) = header(&cells)
            {
                columns = Some(found);
                continue;
            }
            list.take(number, of_cells(&cells, columns.as_deref()));
        }
        if list.entries.is_empty() && list.bad.is_empty() {
            return Err(ListFault::Empty);
        }
        Ok(list)
    }

    fn take(&mut self, line: u64, read: Result<(Vec<Identifier>, bool), &'static str>) {
        let checked = read.and_then(|(identifiers, is_guess)| {
            if identifiers.iter().any(|i| i.value.len() > LONGEST) {
                return Err("it is longer than any identifier");
            }
            match identifiers.is_empty() {
                true => Err("there is no identifier in it"),
                false => Ok(Entry { line, identifiers, is_guess }),
            }
        });
        match checked {
            Ok(entry) => self.entries.push(entry),
            Err(reason) => drop(self.bad.insert(line, reason.to_owned())),
        }
    }
}

/// What a column of a file with a header holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Kind,
    Value,
    Of(String),
    Other,
}

/// The kind that a name means, however it is written.
fn kind_of(name: &str) -> Option<String> {
    let name = name.trim().to_lowercase().replace([' ', '-'], "_");
    Some(match name.as_str() {
        "email" | "e_mail" | "mail" | "email_address" | "e_mail_address" => "email".to_owned(),
        "phone" | "telephone" | "tel" | "mobile" | "phone_number" => "phone".to_owned(),
        "user_id" | "userid" | "user" | "customer_id" | "customer_number" | "account" => "user_id".to_owned(),
        "anonymous_id" | "device_id" | "cookie" | "loyalty_card" | "visit" | "order" | "parcel" => name,
        _ => return None,
    })
}

/// The columns, if the first line is a header.
fn header(cells: &[String]) -> Option<Vec<Column>> {
    let column = |cell: &String| match cell.trim().to_lowercase().as_str() {
        "kind" | "type" | "identifier_kind" => Column::Kind,
        "value" | "identifier" | "id" => Column::Value,
        _ => kind_of(cell).map_or(Column::Other, Column::Of),
    };
    let columns: Vec<Column> = cells.iter().map(column).collect();
    let names = |c: &Column| *c != Column::Other;
    // `email;zoe@example.org` is a line like any other.
    let is_header = columns.iter().any(names)
        && cells.iter().zip(&columns).all(|(cell, c)| names(c) || !cell.contains(['@', '+']))
        && !(columns.len() == 2 && matches!(columns[0], Column::Of(_)) && columns[1] == Column::Other);
    is_header.then_some(columns)
}

fn separator_of(line: &str) -> char {
    [';', '\t', '|', ','].into_iter().find(|s| line.contains(*s)).unwrap_or(',')
}

/// Cells by a separator; quotes as in CSV, doubled within.
fn cells(line: &str, separator: char) -> Vec<String> {
    let (mut all, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' if quoted || cell.trim().is_empty() => quoted = !quoted,
            c if c == separator && !quoted => all.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    all.push(cell);
    all.iter().map(|c| c.trim().to_owned()).collect()
}

type Read = Result<(Vec<Identifier>, bool), &'static str>;

fn of_cells(cells: &[String], columns: Option<&[Column]>) -> Read {
    const NO_KIND: &str = "its kind is not known; write email, phone, user_id or another kind before it";
    if let Some(columns) = columns {
        let cell = |want: &Column| {
            let at = columns.iter().position(|c| c == want)?;
            cells.get(at).filter(|c| !c.is_empty())
        };
        let mut all: Vec<Identifier> = columns
            .iter()
            .zip(cells)
            .filter_map(|(c, value)| match c {
                Column::Of(kind) if !value.is_empty() => Some(Identifier::new(kind, value)),
                _ => None,
            })
            .collect();
        match (cell(&Column::Kind), cell(&Column::Value)) {
            (Some(kind), Some(value)) => all.push(Identifier::new(&kind_of(kind).unwrap_or(kind.clone()), value)),
            (None, Some(value)) if all.is_empty() => return Ok(guess(value)),
            _ => {}
        }
        return Ok((all, false));
    }
    let mut full = cells.iter().filter(|c| !c.is_empty());
    match (full.next(), full.next(), full.next()) {
        (None, ..) => Ok((Vec::new(), false)),
        (Some(one), None, _) => Ok(match one.split_once([':', '=']) {
            Some((kind, value)) if kind_of(kind).is_some() => {
                (vec![Identifier::new(&kind_of(kind).unwrap_or_default(), value.trim())], false)
            }
            _ => guess(one),
        }),
        (Some(kind), Some(value), None) => match kind_of(kind) {
            Some(kind) => Ok((vec![Identifier::new(&kind, value)], false)),
            None => Err(NO_KIND),
        },
        _ => Err("it has more than two columns, and the first line does not say what they are"),
    }
}

/// What a bare value may be.
fn guess(value: &str) -> (Vec<Identifier>, bool) {
    if value.contains('@') {
        return (vec![Identifier::new("email", value)], false);
    }
    let is_number = value.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '/' | '.'));
    if value.starts_with('+') && is_number {
        return (vec![Identifier::new("phone", value)], false);
    }
    let phone = is_number.then_some("phone");
    (GUESSES.into_iter().chain(phone).map(|kind| Identifier::new(kind, value)).collect(), true)
}

fn of_json(line: &str) -> Read {
    let value: serde_json::Value = serde_json::from_str(line).map_err(|_| "it is no JSON object")?;
    let members = value.as_object().ok_or("it is no JSON object")?;
    let text = |v: &serde_json::Value| match v {
        serde_json::Value::String(s) => Some(s.trim().to_owned()).filter(|s| !s.is_empty()),
        serde_json::Value::Number(n) => Some(n.to_string()),
        _ => None,
    };
    if let (Some(kind), Some(value)) = (members.get("kind").and_then(text), members.get("value").and_then(text)) {
        return Ok((vec![Identifier::new(&kind_of(&kind).unwrap_or(kind), &value)], false));
    }
    let named = members.iter().filter_map(|(k, v)| Some(Identifier::new(&kind_of(k)?, &text(v)?)));
    Ok((named.collect(), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as kind:value, several by a bar; a guess with a question mark; a bad one as !.
    fn check(file: &[u8], expected: &[&str]) {
        let list = List::read(file).unwrap();
        let mut all: BTreeMap<u64, String> = list.bad.keys().map(|l| (*l, "!".to_owned())).collect();
        for e in &list.entries {
            let each: Vec<String> = e.identifiers.iter().map(|i| format!("{}:{}", i.kind, i.value)).collect();
            all.insert(e.line, if e.is_guess { format!("{}?", each[0]) } else { each.join("|") });
        }
        assert_eq!(all.into_values().collect::<Vec<_>>(), expected, "{}", String::from_utf8_lossy(file));
    }

    #[test]
    fn any_way_of_writing_a_list_is_read() {
        check(b"zoe@example.org\nbo@example.org", &["email:zoe@example.org", "email:bo@example.org"]);
        check(b"kind,value\nemail,zoe@example.org\nuser_id,7", &["email:zoe@example.org", "user_id:7"]);
        check(
            b"email;zoe@example.org\r\n\r\nphone;+49 30 1234567\r\n",
            &["email:zoe@example.org", "phone:+49 30 1234567"],
        );
        check(b"email:zoe@example.org\nuser_id=7\n", &["email:zoe@example.org", "user_id:7"]);
        check(
            b"E-Mail\tCustomer ID\tNote\nzoe@example.org\t7\tleft\n\t8\t\n",
            &["email:zoe@example.org|user_id:7", "user_id:8"],
        );
        check(
            b"\xef\xbb\xbf\"zoe@example.org\"\n+49 30 1234567\n4711",
            &["email:zoe@example.org", "phone:+49 30 1234567", "user_id:4711?"],
        );
        check(
            b"{\"kind\":\"email\",\"value\":\"zoe@example.org\"}\n{\"userId\":7}\n{\"name\":\"x\"}\n{",
            &["email:zoe@example.org", "user_id:7", "!", "!"],
        );
        check(b"a@b.org\rc@d.org\r", &["email:a@b.org", "email:c@d.org"]);
        let utf16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain("zo\u{eb}@example.org\n".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        check(&utf16, &["email:zo\u{eb}@example.org"]);
    }

    #[test]
    fn what_cannot_be_used_is_told_by_its_line() {
        check(b"zo\xeb@example.org\nbo@example.org", &["!", "email:bo@example.org"]);
        check(b"shoe_size,42\nemail,bo@example.org", &["!", "email:bo@example.org"]);
        check(b"a,b,c\nbo@example.org", &["!", "email:bo@example.org"]);
        let long = format!("{}@example.org\nbo@example.org", "z".repeat(600));
        check(long.as_bytes(), &["!", "email:bo@example.org"]);
        for (file, fault) in [
            (&b""[..], ListFault::Empty),
            (b"\xef\xbb\xbf \r\n", ListFault::Empty),
            (b"PK\x03\x04\0\0", ListFault::NoText),
        ] {
            assert_eq!(List::read(file), Err(fault));
        }
    }
}
