//! One row from a buffer.

use std::borrow::Cow;

/// The cells of one row, packed.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<u32>,
}

impl Cells {
    fn close(&mut self) {
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    fn each(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let cell = &self.bytes[start..*end as usize];
            start = *end as usize;
            cell
        })
    }

    /// The first cell that is not UTF-8.
    pub(super) fn bad_utf8(&self) -> Option<usize> {
        self.each().position(|c| std::str::from_utf8(c).is_err())
    }

    /// The cells as text by another encoding.
    pub(super) fn decoded<'a>(&'a self, decode: impl Fn(&'a [u8]) -> Cow<'a, str>) -> (String, Vec<u32>) {
        let mut text = String::with_capacity(self.bytes.len());
        let mut ends = Vec::with_capacity(self.ends.len());
        for cell in self.each() {
            text.push_str(&decode(cell));
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        (text, ends)
    }
}

/// What a buffer begins with.
#[derive(Debug)]
pub(super) enum Scan {
    /// A whole row of so many bytes and line ends.
    Row { bytes: usize, lines: u64 },
    /// The row does not end in this buffer.
    More,
    /// Quotes that cannot be read.
    Bad(Trouble),
}

/// What is wrong with quotes, in which cell, so many lines below the beginning of the row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    Unclosed { cell: usize, lines: u64 },
    AfterQuote { cell: usize, lines: u64 },
}

/// Reads the row at the beginning of `buffer`; `last` when nothing follows it.
pub(super) fn row(buffer: &[u8], last: bool, delimiter: u8, quotes: bool, cells: &mut Cells) -> Scan {
    cells.bytes.clear();
    cells.ends.clear();
    if buffer.is_empty() {
        return Scan::More;
    }
    let (mut at, mut lines) = (0, 0_u64);
    loop {
        if quotes && buffer.get(at) == Some(&b'"') {
            let opened = Trouble::Unclosed { cell: cells.ends.len(), lines };
            at += 1;
            loop {
                let Some(n) = buffer[at..].iter().position(|b| *b == b'"') else {
                    return if last { Scan::Bad(opened) } else { Scan::More };
                };
                let quoted = &buffer[at..at + n];
                lines += quoted.iter().filter(|b| **b == b'\n').count() as u64;
                cells.bytes.extend_from_slice(quoted);
                at += n + 1;
                match buffer.get(at) {
                    Some(b'"') => {
                        cells.bytes.push(b'"');
                        at += 1;
                    }
                    None if !last => return Scan::More,
                    None => break,
                    Some(b) if *b == delimiter || matches!(b, b'\n' | b'\r') => break,
                    Some(_) => return Scan::Bad(Trouble::AfterQuote { cell: cells.ends.len(), lines }),
                }
            }
        } else {
            let rest = &buffer[at..];
            let n = rest.iter().position(|b| *b == delimiter || *b == b'\n' || *b == b'\r').unwrap_or(rest.len());
            cells.bytes.extend_from_slice(&rest[..n]);
            at += n;
        }
        cells.close();
        match (buffer.get(at), buffer.get(at + 1)) {
            (None, _) if last => return Scan::Row { bytes: at, lines: lines + 1 },
            (None, _) => return Scan::More,
            (Some(b'\n'), _) => return Scan::Row { bytes: at + 1, lines: lines + 1 },
            (Some(b'\r'), Some(b'\n')) => return Scan::Row { bytes: at + 2, lines: lines + 1 },
            (Some(b'\r'), None) if !last => return Scan::More,
            (Some(b'\r'), _) => return Scan::Row { bytes: at + 1, lines: lines + 1 },
            (Some(_), _) => at += 1,
        }
    }
}
