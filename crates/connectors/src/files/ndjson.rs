//! NDJSON: one JSON object per line, or one list of objects; `a.b` names a field inside a field.

use crate::files::json_list::{ListLines, is_list};
use crate::files::record::{Record, RecordFault, RecordReader, Request, SEPARATOR};
use crate::files::unpack::{self, Plain};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lines above this size are rejected.
const MAX_LINE: usize = 4 << 20;

/// From so many bytes it is told whether they are lines or a list.
const LOOK: u64 = 256 << 10;

/// Fails once, as reading before it did.
struct Broken(Option<std::io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Reads NDJSON. Its columns are the paths that were asked for.
pub struct NdjsonReader {
    input: BufReader<Box<dyn Read + Send>>,
    read: Arc<AtomicU64>,
    columns: Vec<String>,
    line: u64,
    ended: bool,
}

impl NdjsonReader {
    /// Opens a file.
    pub fn open(request: &Request<'_>) -> anyhow::Result<Self> {
        let Plain { mut bytes, read } = unpack::open(request.path, request.limits)?;
        let mut start = Vec::new();
        let told = (&mut bytes).take(LOOK).read_to_end(&mut start);
        anyhow::ensure!(told.is_err() || !start.is_empty(), "the file is empty");
        // A file that cannot be unpacked at all says so with its first row.
        let rest: Box<dyn Read + Send> = match told {
            Ok(_) => bytes,
            Err(error) => Box::new(Broken(Some(error))),
        };
        if start.starts_with(b"\xef\xbb\xbf") {
            start.drain(..3);
        }
        let is_list = is_list(&start);
        let whole = std::io::Cursor::new(start).chain(rest);
        let lines: Box<dyn Read + Send> = if is_list { Box::new(ListLines::new(whole)) } else { Box::new(whole) };
        let input = BufReader::with_capacity(256 << 10, lines);
        Ok(Self { input, read, columns: request.wanted.to_vec(), line: 0, ended: false })
    }

    /// The next line into `out`, at most [`MAX_LINE`] bytes of it; its whole length, 0 at the end.
    fn line(&mut self, out: &mut Vec<u8>) -> std::io::Result<usize> {
        let mut length = 0;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(length);
            }
            let (n, done) = match buffer.iter().position(|b| *b == b'\n') {
                Some(n) => (n + 1, true),
                None => (buffer.len(), false),
            };
            out.extend_from_slice(&buffer[..n.min(MAX_LINE.saturating_sub(out.len()))]);
            length += n;
            self.input.consume(n);
            if done {
                return Ok(length);
            }
        }
    }

    fn parse(&self, bytes: Vec<u8>, length: usize) -> Result<Record, RecordFault> {
        let line = self.line;
        let fault = |code, reason: String, raw: &[u8]| RecordFault {
            line,
            column: None,
            code,
            reason,
            raw: String::from_utf8_lossy(&raw[..raw.len().min(64 * 1024)]).trim_end().to_owned(),
            fatal: false,
        };
        if length > MAX_LINE {
            return Err(fault(
                "too_large",
                format!("the line has {length} bytes; at most {MAX_LINE} are read"),
                &bytes,
            ));
        }
        let text = String::from_utf8(bytes).map_err(|e| {
            let at = e.utf8_error().valid_up_to() + 1;
            fault("invalid_utf8", format!("byte {at} of the line is not valid UTF-8"), e.as_bytes())
        })?;
        let value: Value = serde_json::from_str(&text).map_err(|e| {
            fault("invalid_json", format!("is not JSON at character {}: {}", e.column(), plain(&e)), text.as_bytes())
        })?;
        if !value.is_object() {
            return Err(fault("invalid_json", "each line must be one JSON object".to_owned(), text.as_bytes()));
        }
        let mut cells = String::new();
        let mut ends = Vec::with_capacity(self.columns.len());
        for path in &self.columns {
            let start = cells.len();
            collect(&value, path, &mut cells, start);
            if cells[start..].contains('\0') {
                let mut nul = fault("nul_byte", "holds a NUL byte, which text cannot have".to_owned(), text.as_bytes());
                nul.column = Some(path.clone());
                return Err(nul);
            }
            ends.push(u32::try_from(cells.len()).unwrap_or(u32::MAX));
        }
        let raw = text.trim_end_matches(['\n', '\r']).to_owned();
        Ok(Record::packed(line, cells, ends).with_raw(raw))
    }
}

/// The message without its place, which is said in words of ours.
fn plain(e: &serde_json::Error) -> String {
    let text = e.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(m, _)| m.to_owned())
}

/// Appends what stands at `path`; the values of a list follow each other.
fn collect(value: &Value, path: &str, out: &mut String, start: usize) {
    let mut push = |text: &str| {
        if out.len() > start {
            out.push(SEPARATOR);
        }
        out.push_str(text);
    };
    match value {
        Value::Array(list) => {
            for v in list {
                collect(v, path, out, start);
            }
        }
        Value::Object(fields) if !path.is_empty() => {
            // A field's own name may hold points: the longest name that fits wins.
            if let Some(v) = fields.get(path) {
                return collect(v, "", out, start);
            }
            for (i, _) in path.match_indices('.') {
                if let Some(v) = fields.get(&path[..i]) {
                    return collect(v, &path[i + 1..], out, start);
                }
            }
        }
        _ if !path.is_empty() => {}
        Value::Null => {}
        Value::Bool(b) => push(if *b { "true" } else { "false" }),
        Value::Number(n) => push(&n.to_string()),
        Value::String(s) => push(s),
        Value::Object(_) => push(&value.to_string()),
    }
}

impl RecordReader for NdjsonReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self) -> Option<Result<Record, RecordFault>> {
        while !self.ended {
            let mut bytes = Vec::new();
            self.line += 1;
            match self.line(&mut bytes) {
                Ok(0) => self.ended = true,
                Ok(length) if bytes.iter().all(u8::is_ascii_whitespace) && length <= MAX_LINE => {}
                Ok(length) => return Some(self.parse(bytes, length)),
                Err(e) => {
                    self.ended = true;
                    return Some(Err(RecordFault {
                        line: self.line,
                        column: None,
                        code: "broken_file",
                        reason: format!("nothing behind this line could be read: {e}"),
                        raw: String::new(),
                        fatal: true,
                    }));
                }
            }
        }
        None
    }

    fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}
