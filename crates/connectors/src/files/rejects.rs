//! The file of rejects: what was not taken, for a person with a spreadsheet.

use crate::files::import::Reject;
use std::io::{self, Write};

/// Rows longer than this are cut in the file of rejects.
const MAX_RAW: usize = 32 << 10;

/// Writes `file,line,column,reason,raw` as CSV. A cell that a spreadsheet would take for a formula
/// gets an apostrophe before it.
#[derive(Debug)]
pub struct RejectsWriter<W: Write> {
    to: W,
    written: u64,
}

impl<W: Write> RejectsWriter<W> {
    /// Writes the header.
    pub fn new(mut to: W) -> io::Result<Self> {
        to.write_all(b"file,line,column,reason,raw\r\n")?;
        Ok(Self { to, written: 0 })
    }

    /// Writes one.
    pub fn write(&mut self, reject: &Reject) -> io::Result<()> {
        let line = reject.line.to_string();
        let mut end = reject.raw.len().min(MAX_RAW);
        while !reject.raw.is_char_boundary(end) {
            end -= 1;
        }
        let raw = if end < reject.raw.len() { format!("{}…", &reject.raw[..end]) } else { reject.raw.clone() };
        let cells = [&reject.file, &line, reject.column.as_deref().unwrap_or(""), &reject.reason, &raw];
        let text = cells.map(quoted).join(",");
        self.written += 1;
        writeln!(self.to, "{text}\r")
    }

    /// How many have been written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Hands back what was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.to.flush()?;
        Ok(self.to)
    }
}

/// A cell in quotes that no spreadsheet runs.
fn quoted(cell: &str) -> String {
    // Some spreadsheets look past leading spaces and control signs.
    let formula = cell.starts_with(['\t', '\r', '\n'])
        || cell.trim_start().starts_with(['=', '+', '-', '@', '|', '＝', '＋', '－', '＠']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, cell.replace('"', "\"\""))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let mut w = RejectsWriter::new(Vec::new()).unwrap();
        for raw in ["=cmd|' /C calc'!A0", "+1", "  @x", "-2+3", "\t=1", "a,\"b\"\n=c", "plain"] {
            w.write(&Reject {
                file: "orders.csv".into(),
                line: 3,
                column: None,
                code: "invalid_time".into(),
                reason: "`x` is not a time".into(),
                raw: raw.into(),
            })
            .unwrap();
        }
        let text = String::from_utf8(w.finish().unwrap()).unwrap();
        let rows: Vec<Vec<String>> = csv::Reader::from_reader(text.as_bytes())
            .records()
            .map(|r| r.unwrap().iter().map(str::to_owned).collect())
            .collect();
        let raws: Vec<&str> = rows.iter().map(|r| r[4].as_str()).collect();
        assert_eq!(raws, ["'=cmd|' /C calc'!A0", "'+1", "'  @x", "'-2+3", "'\t=1", "a,\"b\"\n=c", "plain"]);
        assert_eq!(rows[0][..4], ["orders.csv", "3", "", "`x` is not a time"]);
    }
}
