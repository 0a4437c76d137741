//! CSV: RFC 4180 with any delimiter, quotes that may hold line ends, and a reader that finds its
//! way again behind a broken row.
//!
//! A quote that is never closed, or is followed by text, spoils only the line on which its row
//! begins: reading goes on with the next line.

mod scan;

use crate::files::recipe::Encoding;
use crate::files::record::{Record, RecordFault, RecordReader, Request};
use crate::files::unpack::{self, Plain};
use anyhow::Context;
use scan::{Cells, Scan};
use std::io::Read;
use std::sync::atomic::Ordering;

/// Rows above this size are rejected; an interaction may have 1 MB.
const MAX_ROW: usize = 4 << 20;
/// So far the end of a quoted text is looked for before it counts as never closed.
const MAX_QUOTED: usize = 64 << 20;
const CHUNK: usize = 256 << 10;

/// Reads CSV.
#[derive(Debug)]
pub struct CsvReader {
    input: Plain,
    buffer: Vec<u8>,
    start: usize,
    at_end: bool,
    broken: Option<std::io::Error>,
    line: u64,
    delimiter: u8,
    quotes: bool,
    encoding: Encoding,
    columns: Vec<String>,
    cells: Cells,
}

/// What stands next in the file, before it is read as text.
enum Raw {
    Cells { line: u64, bytes: std::ops::Range<usize> },
    Fault(RecordFault),
    End,
}

impl CsvReader {
    /// Opens a file and reads its header.
    pub fn open(request: &Request<'_>) -> anyhow::Result<Self> {
        let file = request.file;
        let input = unpack::open(request.path, request.limits)?;
        let tabs = request.path.file_name().is_some_and(|n| {
            let n = n.to_string_lossy().to_ascii_lowercase();
            let n = n.strip_suffix(".gz").unwrap_or(&n);
            n.ends_with(".tsv") || n.ends_with(".tab")
        });
        let delimiter = match file.delimiter.as_deref() {
            None if tabs => b'\t',
            None => b',',
            Some("tab" | "\t") => b'\t',
            Some(d) if d.len() == 1 && !matches!(d, "\"" | "\n" | "\r") => d.as_bytes()[0],
            Some(d) => {
                anyhow::bail!("`delimiter = \"{d}\"` is not one character; write \",\", \";\", \"|\" or \"tab\"")
            }
        };
        let mut reader = Self {
            input,
            buffer: Vec::with_capacity(CHUNK),
            start: 0,
            at_end: false,
            broken: None,
            line: 1,
            delimiter,
            quotes: file.quotes.unwrap_or(true),
            encoding: file.encoding,
            columns: Vec::new(),
            cells: Cells::default(),
        };
        reader.fill();
        if reader.buffer.starts_with(b"\xef\xbb\xbf") {
            reader.start = 3;
        }
        for _ in 0..file.skip_before_header {
            reader.raw();
        }
        match &file.columns {
            Some(names) => reader.columns.clone_from(names),
            None => reader.columns = reader.header()?,
        }
        for _ in 0..file.skip_after_header {
            reader.raw();
        }
        Ok(reader)
    }

    fn header(&mut self) -> anyhow::Result<Vec<String>> {
        let raw = self.raw();
        if let Some(e) = self.broken.take() {
            return Err(e).context("read the header");
        }
        match raw {
            Raw::Cells { line, bytes } => match self.record(line, bytes, None) {
                Ok(record) => Ok(record.cells().map(|c| c.trim().to_owned()).collect()),
                Err(fault) => anyhow::bail!("the header cannot be read: {}", fault.reason),
            },
            Raw::Fault(fault) => anyhow::bail!("the header cannot be read: line {}: {}", fault.line, fault.reason),
            Raw::End => anyhow::bail!("the file is empty, not even a header is there"),
        }
    }

    /// Reads more; false when the end had been reached before. The buffer doubles, so that a long row costs no more
    /// than its length.
    fn fill(&mut self) -> bool {
        if self.at_end {
            return false;
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        let held = self.buffer.len();
        let want = held.max(CHUNK);
        self.buffer.resize(held + want, 0);
        let mut got = 0;
        while got < want {
            match self.input.bytes.read(&mut self.buffer[held + got..]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(n) => got += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.broken = Some(e);
                    self.at_end = true;
                    break;
                }
            }
        }
        self.buffer.truncate(held + got);
        true
    }

    /// The cells of the next row that is not blank.
    fn raw(&mut self) -> Raw {
        loop {
            let rest = &self.buffer[self.start..];
            // The tail of a file that broke off is no row.
            let last = self.at_end && self.broken.is_none();
            match scan::row(rest, last, self.delimiter, self.quotes, &mut self.cells) {
                Scan::More if rest.len() <= MAX_QUOTED && self.fill() => {}
                Scan::More if self.at_end => return Raw::End,
                Scan::More => return self.resync(scan::Trouble::Unclosed { cell: self.cells.ends.len(), lines: 0 }),
                Scan::Bad(trouble) => return self.resync(trouble),
                Scan::Row { bytes, lines } => {
                    let line = self.line;
                    let range = self.start..self.start + bytes;
                    self.start += bytes;
                    self.line += lines;
                    let blank = self.cells.ends.len() == 1 && self.cells.bytes.is_empty() && bytes <= 2;
                    if !blank {
                        return Raw::Cells { line, bytes: range };
                    }
                }
            }
        }
    }

    /// Reports a broken row and goes on at the line behind the one on which it began.
    fn resync(&mut self, trouble: scan::Trouble) -> Raw {
        let line = self.line;
        let mut first = Vec::new();
        loop {
            let rest = &self.buffer[self.start..];
            let (upto, done) = match rest.iter().position(|b| *b == b'\n') {
                Some(n) => (n + 1, true),
                None => (rest.len(), false),
            };
            first.extend_from_slice(&rest[..upto.min(4096usize.saturating_sub(first.len()))]);
            self.start += upto;
            if done || !self.fill() {
                break;
            }
        }
        self.line += 1;
        let (cell, at, reason) = match trouble {
            scan::Trouble::Unclosed { cell, lines } => {
                (cell, line + lines, "a quote is opened here and never closed; close it, or set `quotes = false` if quotes are plain text".to_owned())
            }
            scan::Trouble::AfterQuote { cell, lines } => (
                cell,
                line + lines,
                "a closing quote is followed by text; a quote inside quoted text is written twice, and a missing one swallows the next line".to_owned(),
            ),
        };
        Raw::Fault(RecordFault {
            line: at,
            column: self.columns.get(cell).cloned(),
            code: "broken_quotes",
            reason,
            raw: String::from_utf8_lossy(&first).trim_end().to_owned(),
            fatal: false,
        })
    }

    /// Reads the scanned cells as text.
    fn record(&mut self, line: u64, row: std::ops::Range<usize>, width: Option<usize>) -> Result<Record, RecordFault> {
        let fault = |this: &Self, cell: Option<usize>, code, reason: String| RecordFault {
            line,
            column: cell.and_then(|c| this.columns.get(c).cloned()),
            code,
            reason,
            raw: String::from_utf8_lossy(&this.buffer[row.start..row.end.min(row.start + 64 * 1024)])
                .trim_end()
                .to_owned(),
            fatal: false,
        };
        if row.len() > MAX_ROW {
            let reason = format!("the row has {} bytes; at most {MAX_ROW} are read", row.len());
            return Err(fault(self, None, "too_large", reason));
        }
        if let Some(width) = width.filter(|w| *w != self.cells.ends.len()) {
            let n = self.cells.ends.len();
            let hint = if n == 1 { "; is `delimiter` right?" } else { "" };
            return Err(fault(
                self,
                None,
                "wrong_cells",
                format!("the row has {n} cells, the header names {width}{hint}"),
            ));
        }
        let (text, ends) = match self.encoding {
            Encoding::Utf8 => {
                let cells = &self.cells;
                match std::str::from_utf8(&cells.bytes) {
                    Ok(text) if cells.ends.iter().all(|e| text.is_char_boundary(*e as usize)) => {
                        (text.to_owned(), cells.ends.clone())
                    }
                    _ => {
                        let bad = cells.bad_utf8();
                        let reason =
                            "is not valid UTF-8; set `encoding` to \"windows-1252\" or \"latin-1\" if the whole file is".to_owned();
                        return Err(fault(self, bad, "invalid_utf8", reason));
                    }
                }
            }
            Encoding::Latin1 => self.cells.decoded(|b| encoding_rs::mem::decode_latin1(b)),
            Encoding::Windows1252 => self.cells.decoded(|b| {
                let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(b);
                text
            }),
        };
        if let Some(at) = text.bytes().position(|b| b == 0) {
            let cell = ends.iter().position(|e| (*e as usize) > at);
            return Err(fault(self, cell, "nul_byte", "holds a NUL byte, which text cannot have".to_owned()));
        }
        Ok(Record::packed(line, text, ends))
    }
}

impl RecordReader for CsvReader {
    fn columns(&self) -> &[String] {
        &self.columns
    }

    fn next(&mut self) -> Option<Result<Record, RecordFault>> {
        match self.raw() {
            Raw::Cells { line, bytes } => Some(self.record(line, bytes, Some(self.columns.len()))),
            Raw::Fault(fault) => Some(Err(fault)),
            Raw::End => self.broken.take().map(|e| {
                self.start = self.buffer.len();
                Err(RecordFault {
                    line: self.line,
                    column: None,
                    code: "broken_file",
                    reason: format!("nothing behind this line could be read: {e}"),
                    raw: String::new(),
                    fatal: true,
                })
            }),
        }
    }

    fn bytes_read(&self) -> u64 {
        self.input.read.load(Ordering::Relaxed)
    }
}

/// The first rows of a text as they would be cut by a delimiter; rows that cannot be cut are left out,
/// as is the last one of a text that goes on. Letters that are not UTF-8 are replaced.
pub(crate) fn first_rows(text: &[u8], whole: bool, delimiter: u8, most: usize) -> Vec<Vec<String>> {
    let (mut cells, mut rest, mut rows) = (Cells::default(), text, Vec::new());
    while rows.len() < most {
        match scan::row(rest, whole, delimiter, true, &mut cells) {
            Scan::More => break,
            Scan::Row { bytes, .. } => {
                rest = &rest[bytes..];
                let (text, ends) = cells.decoded(String::from_utf8_lossy);
                let record = Record::packed(0, text, ends);
                if record.len() > 1 || !record.cell(0).is_empty() {
                    rows.push(record.cells().map(str::to_owned).collect());
                }
            }
            Scan::Bad(_) => match rest.iter().position(|b| *b == b'\n') {
                Some(n) => rest = &rest[n + 1..],
                None => break,
            },
        }
    }
    rows
}

/// Writes cells as one line of CSV without a line end, quoting where needed.
pub(crate) fn line_of<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (i, cell) in cells.enumerate() {
        if i > 0 {
            line.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    line
}
