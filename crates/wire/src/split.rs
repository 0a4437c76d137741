//! Cuts a body into the text of its interactions without understanding them, so that a broken one
//! harms none of its neighbours: an array is cut at the commas of its first level, lines at their ends.

use serde_json::Value;
use std::ops::Range;
use throughline_interactions::{Fault, limits};

/// The deepest nesting that an interaction may have.
const DEPTH: usize = 64;

/// Why a body as a whole cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsplit {
    /// There is nothing.
    Empty,
    /// It does not begin like JSON.
    NotJson,
    /// A bracket or a quotation mark is never closed.
    Unfinished,
    /// Something stands after the end.
    Trailing,
    /// What should hold the list holds something else.
    NotAList,
}

impl Unsplit {
    /// What is wrong, in words.
    pub fn message(self) -> &'static str {
        match self {
            Self::Empty => "the body is empty",
            Self::NotJson => "the body is not JSON: it begins with neither { nor [",
            Self::Unfinished => "the body ends in the middle of its JSON",
            Self::Trailing => "the body goes on after the end of its JSON",
            Self::NotAList => "what should be a list is none",
        }
    }
}

/// One interaction in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands.
    pub text: Range<usize>,
    /// Nested deeper than [`DEPTH`].
    pub too_deep: bool,
}

/// Text of one interaction beyond which it is not even parsed; white space explains a part of it.
const TEXT_BYTES: usize = 4 * limits::HTTP_BYTES;

impl Piece {
    /// Not nested too deep, nor too long to be looked at.
    pub fn is_bounded(&self) -> bool {
        !self.too_deep && self.text.len() <= TEXT_BYTES
    }

    /// What it says, or why that cannot be told.
    pub fn read(&self, body: &[u8]) -> Result<Value, Fault> {
        let text = &body[self.text.clone()];
        if self.too_deep {
            return Err(Fault::whole("too_deep", format!("the interaction is nested more than {DEPTH} levels deep")));
        }
        if text.len() > TEXT_BYTES {
            let message =
                format!("the interaction has {} bytes; at most {} are taken here", text.len(), limits::HTTP_BYTES);
            return Err(Fault::whole("too_large", message));
        }
        serde_json::from_slice(text).map_err(|e| match std::str::from_utf8(text) {
            Err(at) => Fault::whole("invalid_utf8", format!("the text is not UTF-8 after byte {}", at.valid_up_to())),
            Ok(_) => Fault::whole("invalid_json", format!("this is not JSON: {e}")),
        })
    }
}

/// A body in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What is to be read, each by itself.
    pub pieces: Vec<Piece>,
    /// Where the list stands in an object that is around it.
    pub list: Option<Range<usize>>,
}

/// The pieces of a body: one object, an array, `{"<name>": […]}`, or a line each.
pub fn split(body: &[u8], name: &str) -> Result<Split, Unsplit> {
    let plain = |pieces| Split { pieces, list: None };
    let start = skip_space(body, if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 });
    match body.get(start) {
        None => Err(Unsplit::Empty),
        Some(b'[') => {
            let (pieces, end) = elements(body, start)?;
            if skip_space(body, end) < body.len() { Err(Unsplit::Trailing) } else { Ok(plain(pieces)) }
        }
        Some(b'{') => match value_end(body, start) {
            Some((end, too_deep)) if skip_space(body, end) == body.len() => {
                match list_inside(body, start, name.as_bytes()) {
                    Some(at) if body[at] == b'[' => {
                        elements(body, at).map(|(pieces, end)| Split { pieces, list: Some(at..end) })
                    }
                    Some(_) => Err(Unsplit::NotAList),
                    None => Ok(plain(vec![Piece { text: start..end, too_deep }])),
                }
            }
            Some(_) => Ok(plain(lines(body, start))),
            None => several_lines(body, start).map(plain).ok_or(Unsplit::Unfinished),
        },
        Some(_) => several_lines(body, start).map(plain).ok_or(Unsplit::NotJson),
    }
}

/// The lines of a body, if one of them looks like an interaction.
fn several_lines(body: &[u8], start: usize) -> Option<Vec<Piece>> {
    let pieces = lines(body, start);
    let whole = |p: &Piece| body[p.text.start] == b'{' && body[p.text.end - 1] == b'}';
    (pieces.len() > 1 && pieces.iter().any(whole)).then_some(pieces)
}

fn lines(body: &[u8], start: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = start;
    for line in body[start..].split(|b| *b == b'\n') {
        let text = line.trim_ascii();
        if !text.is_empty() {
            let from = at + line.len() - line.trim_ascii_start().len();
            let too_deep = value_end(text, 0).is_some_and(|(_, deep)| deep);
            pieces.push(Piece { text: from..from + text.len(), too_deep });
        }
        at += line.len() + 1;
    }
    pieces
}

/// The elements of the array that begins at `start`, and where it ends.
fn elements(body: &[u8], start: usize) -> Result<(Vec<Piece>, usize), Unsplit> {
    let mut pieces = Vec::new();
    let mut at = skip_space(body, start + 1);
    if body.get(at) == Some(&b']') {
        return Ok((pieces, at + 1));
    }
    loop {
        let (end, too_deep) = element_end(body, at).ok_or(Unsplit::Unfinished)?;
        let text = body[at..end].trim_ascii_end();
        pieces.push(Piece { text: at..at + text.len(), too_deep });
        match body[end] {
            b',' => at = skip_space(body, end + 1),
            _ => return Ok((pieces, end + 1)),
        }
    }
}

/// Where the element at `at` ends: at a comma or a closing bracket of its own level.
fn element_end(body: &[u8], at: usize) -> Option<(usize, bool)> {
    let (mut depth, mut deepest, mut i) = (0_usize, 0, at);
    loop {
        match *body.get(i)? {
            b'"' => i = string_end(body, i)?,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if depth > 0 => depth -= 1,
            b',' | b']' if depth == 0 => return Some((i, deepest > DEPTH)),
            _ => {}
        }
        i += 1;
    }
}

/// Where the object or list at `at` ends, and whether it is too deep.
fn value_end(body: &[u8], at: usize) -> Option<(usize, bool)> {
    let (mut depth, mut deepest, mut i) = (0_usize, 0, at);
    loop {
        match *body.get(i)? {
            b'"' => i = string_end(body, i)?,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((i + 1, deepest > DEPTH));
                }
            }
            _ => {}
        }
        i += 1;
    }
}

/// The place of the closing quotation mark of the string that opens at `at`.
fn string_end(body: &[u8], at: usize) -> Option<usize> {
    let mut i = at + 1;
    loop {
        i += memchr::memchr2(b'"', b'\\', body.get(i..)?)?;
        if body[i] == b'"' {
            return Some(i);
        }
        i += 2;
    }
}

/// Where the value of a member begins on the first level of the object at `at`.
fn list_inside(body: &[u8], at: usize, name: &[u8]) -> Option<usize> {
    let (mut depth, mut i) = (0_usize, at);
    loop {
        match *body.get(i)? {
            b'"' => {
                let end = string_end(body, i)?;
                let colon = skip_space(body, end + 1);
                if depth == 1 && &body[i + 1..end] == name && body.get(colon) == Some(&b':') {
                    let value = skip_space(body, colon + 1);
                    return (value < body.len()).then_some(value);
                }
                i = end;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1).filter(|d| *d > 0)?,
            _ => {}
        }
        i += 1;
    }
}

fn skip_space(body: &[u8], at: usize) -> usize {
    body[at.min(body.len())..].iter().position(|b| !b.is_ascii_whitespace()).map_or(body.len(), |n| at + n)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn check(body: &str, expected: Result<&[&str], Unsplit>) {
        let got = split(body.as_bytes(), "interactions")
            .map(|s| s.pieces.into_iter().map(|p| &body[p.text]).collect::<Vec<_>>());
        assert_eq!(got, expected.map(<[&str]>::to_vec), "{body}");
    }

    #[test]
    fn every_form_of_a_body() {
        check(r#"{"a":1}"#, Ok(&[r#"{"a":1}"#]));
        check(r#" [ {"a":"]},"} , 7,[1,2] ] "#, Ok(&[r#"{"a":"]},"}"#, "7", "[1,2]"]));
        check("[]", Ok(&[]));
        check(r#"{"sent_at":"x","interactions":[{"a":"\"],["},NaN]}"#, Ok(&[r#"{"a":"\"],["}"#, "NaN"]));
        check("{\"a\":1}\n\n{\"b\":\r\n{\"c\":2}\r\n", Ok(&["{\"a\":1}", "{\"b\":", "{\"c\":2}"]));
        check("{\"a\":\n{\"b\":1}\n", Ok(&["{\"a\":", "{\"b\":1}"]));
        check("rubbish\n{\"b\":1}", Ok(&["rubbish", "{\"b\":1}"]));
        check(r#"{"properties":{"interactions":[1]}}"#, Ok(&[r#"{"properties":{"interactions":[1]}}"#]));
        check(r#"{"interactions":{}}"#, Err(Unsplit::NotAList));
        check("", Err(Unsplit::Empty));
        check(" \n", Err(Unsplit::Empty));
        check("hello", Err(Unsplit::NotJson));
        check(r#"[{"a":1},{"#, Err(Unsplit::Unfinished));
        check(r#"{"a":"#, Err(Unsplit::Unfinished));
        check("[1] 2", Err(Unsplit::Trailing));
        check(r#"[{"a":1},,{"b":2}]"#, Ok(&[r#"{"a":1}"#, "", r#"{"b":2}"#]));
    }

    #[test]
    fn depth_is_judged_item_by_item() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        let body = format!(r#"[{{"a":1}},{{"p":{deep}}}]"#);
        let got: Vec<bool> =
            split(body.as_bytes(), "interactions").unwrap().pieces.iter().map(|p| p.too_deep).collect();
        assert_eq!(got, [false, true]);
    }

    #[test]
    fn nothing_makes_it_panic() {
        let alphabet = b"{}[]\",:\\ \n1a\xff";
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let mut body = Vec::new();
            for _ in 0..(state % 24) {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                body.push(alphabet[(state >> 33) as usize % alphabet.len()]);
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            for piece in split(&body, "a").map(|s| s.pieces).unwrap_or_default() {
                assert!(piece.text.end <= body.len());
            }
        }
    }
}
