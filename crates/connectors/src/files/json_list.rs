//! One list in JSON as lines: `[{…}, {…}]` becomes an object on each line, element by element, so
//! that a list of any length is read like NDJSON. Rows are then numbered by their place in the list.
//! A list that stands alone in an object, as in `{"orders": [{…}, {…}]}`, is read in the same way.

use std::io::{self, Read};

/// True if a file begins like a list, or like an object around one. `start` is its beginning: lines
/// of objects, the first of which may begin with a list, end within it.
pub(crate) fn is_list(start: &[u8]) -> bool {
    let text = start.trim_ascii_start();
    match text.first() {
        Some(b'[') => true,
        Some(b'{') => wraps_list(text) && !ends_before_more(text),
        _ => false,
    }
}

/// `{"key": [{`
fn wraps_list(text: &[u8]) -> bool {
    let after_key = || {
        let key = text[1..].trim_ascii_start().strip_prefix(b"\"")?;
        let end = key.iter().position(|b| *b == b'"')?;
        key[end + 1..].trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"[")
    };
    after_key().is_some_and(|list| list.trim_ascii_start().starts_with(b"{"))
}

/// The first object ends, and something follows: these are lines.
fn ends_before_more(text: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, b) in text.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return !text[at + 1..].trim_ascii().is_empty();
                }
            }
            _ => {}
        }
    }
    false
}

/// Reads a list and gives lines.
pub(crate) struct ListLines<R> {
    inner: R,
    raw: Vec<u8>,
    lines: Vec<u8>,
    at: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    done: bool,
}

impl<R: Read> ListLines<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            raw: vec![0; 64 << 10],
            lines: Vec::new(),
            at: 0,
            depth: 0,
            in_string: false,
            escaped: false,
            done: false,
        }
    }

    fn take(&mut self, b: u8) {
        if self.in_string {
            // A line break inside a string is no JSON; it must not become two lines either.
            if self.depth > 0 {
                self.lines.push(if b == b'\n' { b' ' } else { b });
            }
            match b {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match b {
            b'[' if self.depth == 0 => self.depth = 1,
            // What stands around the list.
            _ if self.depth == 0 => self.in_string = b == b'"',
            b',' if self.depth == 1 => self.lines.push(b'\n'),
            b'[' | b'{' => {
                self.depth += 1;
                self.lines.push(b);
            }
            b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                self.done = self.depth == 0;
                self.lines.push(if self.done { b'\n' } else { b });
            }
            _ if b.is_ascii_whitespace() => {
                if self.depth > 1 {
                    self.lines.push(b' ');
                }
            }
            _ => {
                self.in_string = b == b'"';
                self.lines.push(b);
            }
        }
    }
}

impl<R: Read> Read for ListLines<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.lines.len() {
            self.at = 0;
            self.lines.clear();
            if self.done {
                return Ok(0);
            }
            let n = self.inner.read(&mut self.raw)?;
            if n == 0 {
                return Ok(0);
            }
            let raw = std::mem::take(&mut self.raw);
            for &b in &raw[..n] {
                if self.done {
                    break;
                }
                self.take(b);
            }
            self.raw = raw;
        }
        let n = buf.len().min(self.lines.len() - self.at);
        buf[..n].copy_from_slice(&self.lines[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_a_line() {
        let check = |list: &str, expected: &[&str]| {
            let mut text = String::new();
            ListLines::new(list.as_bytes()).read_to_string(&mut text).unwrap();
            assert_eq!(text.lines().collect::<Vec<_>>(), expected, "{list}");
        };
        check(r#"[{"a":1},{"a":2}]"#, &[r#"{"a":1}"#, r#"{"a":2}"#]);
        check(
            " [ {\n  \"a\": [1, 2],\n  \"b\": {\"c\": \"x, y]\"}\n}\n] ",
            &[r#"{   "a": [1, 2],   "b": {"c": "x, y]"} }"#],
        );
        check(r#"["a\"b,c", 2]"#, &[r#""a\"b,c""#, "2"]);
        check("[]", &[""]);
        check(r#"[{"a":1},{"a":"#, &[r#"{"a":1}"#, r#"{"a":"#]);
        check(r#"[{"a":1}] and more"#, &[r#"{"a":1}"#]);
        check(r#"{"or[ders": [{"a":1}, {"a":2}], "next": [3]}"#, &[r#"{"a":1}"#, r#"{"a":2}"#]);
    }

    #[test]
    fn lists_are_told_from_lines() {
        let check = |text: &str, expected: bool| assert_eq!(is_list(text.as_bytes()), expected, "{text}");
        check("[1]", true);
        check(" {\n \"orders\": [\n {\"id\": 1}]\n}\n", true);
        check("{\"orders\":[{\"id\":1},{\"id\"", true);
        check("{\"items\":[{\"sku\":1}],\"id\":5}\n{\"items\":[]}\n", false);
        check("{\"tags\":[\"a\"],\"id\":5}", false);
        check("{\"id\":5}\n", false);
        check("", false);
    }
}
