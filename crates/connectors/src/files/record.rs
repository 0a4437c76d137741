//! Records: the rows of a file, whatever its format, and the register of formats.

use crate::files::recipe::FileRecipe;
use crate::files::unpack::UnpackLimits;
use crate::files::{csv, ndjson};
use std::path::Path;

/// One row of a file: its cells as text, in the order of [`RecordReader::columns`]. An empty cell
/// and an absent one are the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The line of the file on which it begins, from 1; the number of the row where the format
    /// has no lines.
    pub line: u64,
    text: String,
    ends: Vec<u32>,
    raw: Option<Box<str>>,
}

/// Stands between the values of a cell that holds several, such as a list in JSON.
pub const SEPARATOR: char = '\u{1f}';

impl Record {
    /// A record of these cells.
    pub fn new<'a>(line: u64, cells: impl IntoIterator<Item = &'a str>) -> Self {
        let mut record = Self { line, ..Self::default() };
        for cell in cells {
            record.text.push_str(cell);
            record.ends.push(u32::try_from(record.text.len()).unwrap_or(u32::MAX));
        }
        record
    }

    /// A record of packed cells: `ends[i]` is where cell `i` ends in `text`.
    pub(crate) fn packed(line: u64, text: String, ends: Vec<u32>) -> Self {
        Self { line, text, ends, raw: None }
    }

    /// Keeps the row as it stood in the file, for the rejects and for ids made of the whole row.
    pub fn with_raw(mut self, raw: String) -> Self {
        self.raw = Some(raw.into_boxed_str());
        self
    }

    /// How many cells there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True for a row without cells.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Cell `i`; empty beyond the last.
    #[inline]
    pub fn cell(&self, i: usize) -> &str {
        let Some(&end) = self.ends.get(i) else { return "" };
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start as usize..end as usize]
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.cell(i))
    }

    /// The row as it stood in the file where the reader kept it.
    pub fn kept_raw(&self) -> Option<&str> {
        self.raw.as_deref()
    }

    /// The row as it stood in the file, or written again as a line of CSV.
    pub fn raw(&self) -> String {
        self.raw.as_deref().map_or_else(|| csv::line_of(self.cells()), str::to_owned)
    }
}

/// Why a row could not be read.
#[derive(Clone, PartialEq, Eq)]
pub struct RecordFault {
    /// Line, or row where the format has no lines.
    pub line: u64,
    /// The column it is about, where there is one.
    pub column: Option<String>,
    /// Stable, in snake case.
    pub code: &'static str,
    /// A sentence for people.
    pub reason: String,
    /// The row as far as it could be read.
    pub raw: String,
    /// Nothing behind this row can be read.
    pub fatal: bool,
}

impl std::fmt::Debug for RecordFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {:?}: {} ({})", self.line, self.column, self.reason, self.code)
    }
}

/// Reads the rows of one file, one after the other.
pub trait RecordReader: Send {
    /// The names of the cells. A reader may leave out columns that were not asked for.
    fn columns(&self) -> &[String];

    /// The next row; `None` at the end. After a fault that is not fatal the next row follows.
    fn next(&mut self) -> Option<Result<Record, RecordFault>>;

    /// Bytes of the file read so far (packed bytes for a packed file).
    fn bytes_read(&self) -> u64;
}

/// What a reader is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The file.
    pub path: &'a Path,
    /// The columns that the recipe names, without repeats; all columns are wanted where
    /// `whole` is set.
    pub wanted: &'a [String],
    /// The whole row is needed, because ids are made of it.
    pub whole: bool,
    /// What the recipe says about the file.
    pub file: &'a FileRecipe,
    /// Guards against packed bombs.
    pub limits: &'a UnpackLimits,
}

/// Opens a file of one format.
pub type Opener = Box<dyn Fn(&Request<'_>) -> anyhow::Result<Box<dyn RecordReader>> + Send + Sync>;

struct Format {
    name: &'static str,
    endings: &'static [&'static str],
    open: Opener,
}

/// The formats that can be read. CSV and NDJSON are built in; the binary adds Parquet.
pub struct Formats(Vec<Format>);

impl Default for Formats {
    fn default() -> Self {
        Self::standard()
    }
}

impl Formats {
    /// CSV (also tab-separated) and NDJSON.
    pub fn standard() -> Self {
        Self(Vec::new())
            .with("csv", &["csv", "tsv", "txt", "tab"], Box::new(|r| Ok(Box::new(csv::CsvReader::open(r)?))))
            .with("ndjson", &["ndjson", "jsonl", "json"], Box::new(|r| Ok(Box::new(ndjson::NdjsonReader::open(r)?))))
    }

    /// Adds a format by its name in recipes and the endings of its files.
    pub fn with(mut self, name: &'static str, endings: &'static [&'static str], open: Opener) -> Self {
        self.0.retain(|f| f.name != name);
        self.0.push(Format { name, endings, open });
        self
    }

    /// Opens a file in the format that the recipe names or that its name tells.
    pub fn open(&self, request: &Request<'_>) -> anyhow::Result<Box<dyn RecordReader>> {
        let names = || self.0.iter().map(|f| f.name).collect::<Vec<_>>().join(", ");
        let format =
            match &request.file.format {
                Some(name) => self.0.iter().find(|f| f.name == name).ok_or_else(|| {
                    anyhow::anyhow!("`{name}` is not a format that can be read; there are {}", names())
                })?,
                None => {
                    let name = request.path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
                    let plain = name.strip_suffix(".gz").unwrap_or(&name);
                    let ending = plain.rsplit_once('.').map_or("", |(_, e)| e);
                    // A workbook is read as the text of its sheet; other archives get the unpacker's advice.
                    let ending = if matches!(ending, "zip" | "xlsx" | "xlsm" | "xls") { "csv" } else { ending };
                    self.0.iter().find(|f| f.endings.contains(&ending)).ok_or_else(|| {
                        anyhow::anyhow!(
                            "the format cannot be told from the name `{name}`; set `format` to one of {}",
                            names()
                        )
                    })?
                }
            };
        (format.open)(request)
    }
}
