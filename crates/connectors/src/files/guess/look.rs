//! How an unknown file is written, and its first rows.

use super::column::Evidence;
use crate::files::csv;
use crate::files::json_list::{ListLines, is_list};
use crate::files::recipe::{Decimal, Encoding, FileRecipe};
use crate::files::record::{Formats, Record, Request};
use crate::files::unpack::{self, UnpackLimits};
use anyhow::Context;
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Read;
use std::path::Path;

/// Rows of a sample.
const ROWS: usize = 2_000;
/// Bytes from which the way of writing is told.
const START: u64 = 512 << 10;
/// More columns are not asked about; the rest are left out.
const MOST_COLUMNS: usize = 300;

/// The first rows of a file, and how it is written.
#[derive(Debug, Clone)]
pub struct Sample {
    /// How it is to be read, as a recipe says it.
    pub file: FileRecipe,
    /// Its columns.
    pub columns: Vec<String>,
    /// Its first rows.
    pub rows: Vec<Record>,
    /// What was noticed, for people: a sentence each, without a final period.
    pub notices: Vec<String>,
}

impl Sample {
    /// Reads the beginning of a file. Its format is told by its name, the rest by its contents.
    pub fn read(path: &Path, formats: &Formats) -> anyhow::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let ending = name.to_ascii_lowercase();
        let ending = ending.strip_suffix(".gz").unwrap_or(&ending).rsplit_once('.').map_or("", |(_, e)| e);
        let mut file = FileRecipe { path: name.clone(), ..FileRecipe::default() };
        let mut notices = Vec::new();
        let mut wanted = Vec::new();
        // Parquet is read from its end; of everything else the first bytes say what it is.
        let ending = if matches!(ending, "parquet" | "pq") { "parquet" } else { inside(path, &name, ending)? };
        match ending {
            "json" => {
                file.format = (!is_json(&name)).then(|| "ndjson".to_owned());
                wanted = paths(&start(path)?)?;
            }
            "parquet" => {}
            _ => {
                let told = matches!(ending, "csv" | "tsv" | "txt" | "tab" | "xlsx" | "xlsm" | "xls");
                file.format = (!told || is_json(&name)).then(|| "csv".to_owned());
                written(&start(path)?, &mut file, &mut notices)?;
            }
        }
        let limits = UnpackLimits::default();
        let mut reader = formats.open(&Request { path, wanted: &wanted, whole: true, file: &file, limits: &limits })?;
        let mut columns: Vec<String> = reader.columns().to_vec();
        let (mut rows, mut faults) = (Vec::new(), 0_usize);
        while rows.len() < ROWS {
            match reader.next() {
                None => break,
                Some(Ok(row)) => rows.push(row),
                Some(Err(fault)) if fault.fatal => {
                    notices.push(format!("the file cannot be read to its end: {}", fault.reason));
                    break;
                }
                Some(Err(fault)) => {
                    if faults == 0 {
                        notices.push(format!("line {} cannot be read: {}", fault.line, fault.reason));
                    }
                    faults += 1;
                }
            }
        }
        anyhow::ensure!(!rows.is_empty(), "there are no rows in `{name}`{}", first_of(&notices));
        if faults > 1 {
            notices.push(format!("{faults} of the first rows cannot be read; they would go to the rejects"));
        }
        if columns.len() > MOST_COLUMNS {
            notices.push(format!(
                "{} columns are too many to ask about; the first {MOST_COLUMNS} are shown",
                columns.len()
            ));
            columns.truncate(MOST_COLUMNS);
        }
        file.decimal = decimal(&rows, columns.len());
        if file.decimal == Decimal::Comma {
            notices.push("numbers are written with a comma before their decimals, such as 1.234,56".to_owned());
        }
        Ok(Self { file, columns, rows, notices })
    }
}

impl Sample {
    /// Whether a column says the same on all lines of what another one numbers, where there are
    /// several lines: the total of an order, and not the price of its lines.
    pub fn repeats_within(&self, number: usize, column: usize) -> bool {
        let mut seen: HashMap<&str, (&str, bool)> = HashMap::new();
        let mut again = 0;
        for row in &self.rows {
            let (key, cell) = (row.cell(number).trim(), row.cell(column).trim());
            if key.is_empty() {
                continue;
            }
            match seen.entry(key) {
                Entry::Occupied(e) if e.get().0 != cell => return false,
                Entry::Occupied(mut e) => {
                    again += usize::from(!e.get().1);
                    e.get_mut().1 = true;
                }
                Entry::Vacant(e) => drop(e.insert((cell, false))),
            }
        }
        // Two lines of one order may cost the same by chance.
        again >= 3 || (again > 0 && again * 2 >= seen.len())
    }
}

fn is_json(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let plain = lower.strip_suffix(".gz").unwrap_or(&lower);
    [".ndjson", ".jsonl", ".json"].iter().any(|e| plain.ends_with(e))
}

/// What a file is by its first bytes, where its ending says something else; what is no table is refused
/// in words.
fn inside<'a>(path: &Path, name: &str, ending: &'a str) -> anyhow::Result<&'a str> {
    let bytes = start(path)?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii_start();
    let begins = |what: &[u8]| text.len() >= what.len() && text[..what.len()].eq_ignore_ascii_case(what);
    let no_table = [
        (&b"%pdf"[..], "is a PDF, which holds pages and no table: export it as CSV or Excel where it came from"),
        (b"<!doctype", "is a web page: open it in a spreadsheet and save it as CSV or .xlsx"),
        (b"<html", "is a web page: open it in a spreadsheet and save it as CSV or .xlsx"),
        (b"<table", "is a web page: open it in a spreadsheet and save it as CSV or .xlsx"),
        (b"<?xml", "is XML, which is not read: export it as CSV or Excel where it came from"),
        (b"par1", "is Parquet, whatever its ending says: rename it to end in .parquet"),
        (b"\x89png", "is a picture"),
        (b"\xff\xd8\xff", "is a picture, and cannot be read as a table"),
    ];
    if let Some((_, why)) = no_table.iter().find(|(what, _)| begins(what)) {
        anyhow::bail!("`{name}` {why}");
    }
    let json = matches!(ending, "ndjson" | "jsonl" | "json");
    let looks = text.starts_with(b"{") || text.starts_with(b"[");
    // A column may be called `{`; a line that is an object is one.
    let object = |t: &[u8]| {
        let line = t.split(|b| *b == b'\n').next().unwrap_or_default();
        serde_json::from_slice::<Value>(line).is_ok_and(|v| v.is_object())
    };
    let table = || {
        let line = text.split(|b| *b == b'\n').next().unwrap_or_default();
        !looks && [b',', b';', b'\t'].iter().any(|d| line.contains(d))
    };
    Ok(match (json, looks) {
        (false, true) if object(text) || text.starts_with(b"[") && text[1..].trim_ascii_start().starts_with(b"{") => {
            "json"
        }
        (true, _) if table() => "csv",
        (true, _) => "json",
        (false, _) => ending,
    })
}

fn first_of(notices: &[String]) -> String {
    notices.first().map_or_else(String::new, |n| format!(": {n}"))
}

fn start(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let input = unpack::open(path, &UnpackLimits::default())?.bytes;
    input.take(START).read_to_end(&mut bytes).with_context(|| format!("read the file `{}`", path.display()))?;
    anyhow::ensure!(!bytes.is_empty(), "the file is empty");
    Ok(bytes)
}

/// Finds out delimiter, encoding and header of a text file.
fn written(bytes: &[u8], file: &mut FileRecipe, notices: &mut Vec<String>) -> anyhow::Result<()> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Err(e) = std::str::from_utf8(text)
        && e.error_len().is_some()
    {
        file.encoding = Encoding::Windows1252;
        notices.push("the letters are not UTF-8; they are read as Windows' western European ones".to_owned());
    }
    let whole = (bytes.len() as u64) < START;
    let rows = |delimiter: u8| csv::first_rows(text, whole, delimiter, 200);
    // The sign that cuts most rows into the same number of cells, and into more than one.
    let agreement = |rows: &[Vec<String>]| {
        let mut widths: Vec<usize> = rows.iter().map(Vec::len).collect();
        widths.sort_unstable();
        let width = widths.chunk_by(|a, b| a == b).max_by_key(|c| (c.len(), c[0])).map_or(0, |c| c[0]);
        let agreeing = widths.iter().filter(|w| **w == width).count();
        (if width > 1 { agreeing * 1_000 / widths.len().max(1) } else { 0 }, width)
    };
    let best =
        [b',', b';', b'\t', b'|'].into_iter().map(|d| (agreement(&rows(d)), d)).max_by_key(|(a, d)| (*a, *d == b','));
    let Some(((_, width), delimiter)) = best else { return Ok(()) };
    file.delimiter = Some(if delimiter == b'\t' { "tab".to_owned() } else { char::from(delimiter).to_string() });
    let rows = rows(delimiter);
    anyhow::ensure!(!rows.is_empty(), "there are no rows in the file");
    // Titles above the table have fewer cells, or hardly any filled.
    let is_whole =
        |row: &Vec<String>| row.len() == width && row.iter().filter(|c| !c.trim().is_empty()).count() * 2 > width;
    let header = rows.iter().position(is_whole).unwrap_or(0);
    if header > 0 {
        file.skip_before_header = header as u32;
        notices.push(format!("the names of the columns stand on line {}; what is above is left out", header + 1));
    }
    let looks = |row: &[String]| row.iter().filter(|c| is_data(c)).count();
    let below: Vec<&Vec<String>> = rows.iter().skip(header + 1).filter(|r| r.len() == width).take(50).collect();
    let usual =
        below.iter().skip(1).map(|r| looks(r)).sum::<usize>() as f64 / below.len().saturating_sub(1).max(1) as f64;
    if looks(&rows[header]) as f64 >= (usual * 0.8).max(1.0) {
        file.columns = Some((1..=width).map(|n| format!("column {n}")).collect());
        notices.push("the file seems to have no names of columns; they are numbered".to_owned());
        return Ok(());
    }
    // A second line of names holds no data either, where the lines below do.
    if let Some(second) = below.first()
        && below.len() > 2
        && usual >= 1.0
        && looks(second) == 0
    {
        file.skip_after_header = 1;
        notices.push("a second line of names is left out".to_owned());
    }
    Ok(())
}

/// Numbers, times and addresses are data, never names.
fn is_data(cell: &str) -> bool {
    let cell = cell.trim();
    let e = Evidence::of(std::iter::once(cell));
    !cell.is_empty() && (e.numbers > 0 || e.emails > 0 || e.time.is_some())
}

/// Whether numbers have a comma before their decimals.
fn decimal(rows: &[Record], columns: usize) -> Decimal {
    let (mut commas, mut points) = (0, 0);
    for column in 0..columns {
        let e = Evidence::of(rows.iter().take(500).map(|r| r.cell(column).trim()));
        if e.mostly(e.numbers) {
            commas += e.commas;
            points += e.points;
        }
    }
    if commas > points { Decimal::Comma } else { Decimal::Point }
}

/// The paths of plain values in lines of JSON, in the order in which they first appear.
fn paths(bytes: &[u8]) -> anyhow::Result<Vec<String>> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = Vec::new();
    let text = match is_list(text) {
        true => {
            ListLines::new(text).read_to_end(&mut lines)?;
            lines.as_slice()
        }
        false => text,
    };
    let mut found: Vec<String> = Vec::new();
    let complete =
        if (bytes.len() as u64) < START { text.len() } else { text.iter().rposition(|b| *b == b'\n').unwrap_or(0) };
    for line in text[..complete].split(|b| *b == b'\n').filter(|l| !l.iter().all(u8::is_ascii_whitespace)).take(500) {
        if let Ok(Value::Object(object)) = serde_json::from_slice(line) {
            walk(&object, "", 0, &mut found);
        }
    }
    anyhow::ensure!(!found.is_empty(), "no line of the file is an object in JSON");
    Ok(found)
}

fn walk(object: &serde_json::Map<String, Value>, before: &str, depth: usize, found: &mut Vec<String>) {
    for (name, value) in object {
        // A point inside a name cannot be told from a path.
        if name.contains('.') {
            continue;
        }
        let path = if before.is_empty() { name.clone() } else { format!("{before}.{name}") };
        match value {
            Value::Object(inner) if depth < 3 => walk(inner, &path, depth + 1, found),
            Value::Null | Value::Object(_) => {}
            _ if found.contains(&path) || found.len() > MOST_COLUMNS => {}
            _ => found.push(path),
        }
    }
}
