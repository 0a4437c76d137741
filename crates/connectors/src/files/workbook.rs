//! An Excel workbook as the text of a table: the first sheet that people can see and that holds
//! something, row by row as CSV, so that everything that finds out how a text file is written works
//! on it too.
//!
//! Dates become ISO text, whole numbers lose their point, what a formula could not work out is
//! empty, and every row of cells that were merged downwards has their value. The sheet is read on a
//! thread of its own and never stands in memory as a whole; the workbook's table of texts does.

use crate::files::csv::line_of;
use crate::files::unpack::UnpackLimits;
use anyhow::{Context, bail};
use calamine::{DataRef, Dimensions, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Rows are handed over when they have so many bytes.
const PART: usize = 64 << 10;
/// A row without any filled cell ends the table once so many of them follow each other: sheets are
/// often formatted far below their last row.
const EMPTY_ROWS: usize = 1_000;
/// Below this size nothing is a bomb.
const SMALL: u64 = 64 << 20;

/// The text of a sheet, as it is being read.
struct SheetText {
    parts: Receiver<io::Result<Vec<u8>>>,
    part: Vec<u8>,
    at: usize,
}

impl Read for SheetText {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.at == self.part.len() {
            match self.parts.recv() {
                Ok(part) => (self.part, self.at) = (part?, 0),
                Err(_) => return Ok(0),
            }
        }
        let n = buf.len().min(self.part.len() - self.at);
        buf[..n].copy_from_slice(&self.part[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Opens the sheet of a workbook. `read` is told how far it is, in bytes of the file.
pub(crate) fn open(path: &Path, limits: &UnpackLimits, read: Arc<AtomicU64>) -> anyhow::Result<Box<dyn Read + Send>> {
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("open the file `{name}`"))?;
    let size = file.metadata().map_or(0, |m| m.len());
    refuse_bombs(&file, size, limits).with_context(|| format!("open the workbook `{name}`"))?;
    let mut workbook = Xlsx::new(BufReader::new(file)).map_err(|e| in_words(&name, &e))?;
    let sheet = first_sheet(&mut workbook, &name)?;
    let (send, parts) = sync_channel(4);
    let work = move || {
        let result = sheet_text(&mut workbook, &sheet, size, &read, &send);
        if let Err(e) = result {
            // Whoever reads has the words, or is gone.
            let _ = send.send(Err(io::Error::other(format!("the sheet `{sheet}` cannot be read on: {e}"))));
        }
        read.store(size, Ordering::Relaxed);
    };
    std::thread::Builder::new().name("workbook".into()).spawn(work).context("start a thread for the workbook")?;
    Ok(Box::new(SheetText { parts, part: Vec::new(), at: 0 }))
}

fn in_words(name: &str, e: &XlsxError) -> anyhow::Error {
    match e {
        XlsxError::Password => anyhow::anyhow!("the workbook `{name}` is protected by a password: save it without one"),
        XlsxError::FileNotFound(_) => anyhow::anyhow!(
            "`{name}` is a zip archive but no Excel workbook: unpack it, or save the sheet as CSV (a single file may be packed with gzip)"
        ),
        other => anyhow::anyhow!("the workbook `{name}` cannot be read: {other}"),
    }
}

/// What the parts of the workbook unpack to, by their own word, must be likely.
fn refuse_bombs(file: &File, size: u64, limits: &UnpackLimits) -> anyhow::Result<()> {
    let mut archive = match zip::ZipArchive::new(BufReader::new(file)) {
        Ok(archive) => archive,
        Err(e) => bail!("it is damaged ({e}): fetch it again"),
    };
    let mut unpacked = 0_u64;
    for i in 0..archive.len() {
        unpacked = unpacked.saturating_add(archive.by_index_raw(i).map_or(0, |f| f.size()));
    }
    if unpacked > SMALL && (unpacked / size.max(1) > limits.ratio || unpacked > limits.total) {
        bail!("it unpacks to {unpacked} bytes and is refused as a bomb; save the sheet as CSV if you trust it");
    }
    Ok(())
}

/// The first visible sheet with more than one filled cell.
fn first_sheet(workbook: &mut Xlsx<BufReader<File>>, name: &str) -> anyhow::Result<String> {
    let sheets: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|s| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible)
        .map(|s| s.name.clone())
        .collect();
    for sheet in &sheets {
        let mut cells = workbook.worksheet_cells_reader(sheet).map_err(|e| in_words(name, &e))?;
        let mut filled = 0;
        while let Some(cell) = cells.next_cell().map_err(|e| in_words(name, &e))? {
            filled += usize::from(!matches!(cell.get_value(), DataRef::Empty));
            if filled > 1 {
                return Ok(sheet.clone());
            }
        }
    }
    match sheets.as_slice() {
        [] => bail!("the workbook `{name}` has no sheet that can be seen"),
        _ => bail!("there are no rows in the workbook `{name}`"),
    }
}

/// Cells that were merged downwards: until which row, and their value.
type Merged = HashMap<u32, (u32, String)>;

fn sheet_text(
    workbook: &mut Xlsx<BufReader<File>>,
    sheet: &str,
    size: u64,
    read: &AtomicU64,
    send: &SyncSender<io::Result<Vec<u8>>>,
) -> Result<(), XlsxError> {
    let merged: HashMap<(u32, u32), u32> = match workbook.merge_cells_by_sheet_name(sheet) {
        Ok(regions) => regions.iter().filter(|r| is_downwards(r)).map(|r| (r.start, r.end.0)).collect(),
        Err(_) => HashMap::new(),
    };
    let mut cells = workbook.worksheet_cells_reader(sheet)?;
    let rows = u64::from(cells.dimensions().end.0) + 1;
    let (mut row, mut line, mut text) = (0_u32, Vec::<String>::new(), Vec::<u8>::new());
    let mut below = Merged::new();
    let mut width = 0;
    loop {
        let next = cells.next_cell()?;
        let at = next.as_ref().map(calamine::Cell::get_position);
        // A row is complete when the next cell stands in another.
        while at.is_none_or(|(r, _)| r > row) {
            let ends = at.is_none_or(|(r, _)| (r - row) as usize > EMPTY_ROWS);
            fill(&mut line, row, &mut below);
            width = width.max(line.len());
            line.resize(width, String::new());
            text.extend_from_slice(line_of(line.iter().map(String::as_str)).as_bytes());
            text.push(b'\n');
            line.clear();
            if text.len() >= PART || ends {
                read.store(size * u64::from(row + 1).min(rows) / rows, Ordering::Relaxed);
                // An error means that nobody reads on.
                if send.send(Ok(std::mem::take(&mut text))).is_err() {
                    return Ok(());
                }
            }
            if ends {
                return Ok(());
            }
            row += 1;
        }
        let Some(cell) = next else { return Ok(()) };
        let (r, column) = cell.get_position();
        let value = value(cell.get_value());
        if let Some(until) = merged.get(&(r, column)) {
            below.insert(column, (*until, value.clone()));
        }
        if line.len() <= column as usize {
            line.resize(column as usize + 1, String::new());
        }
        line[column as usize] = value;
    }
}

fn is_downwards(region: &Dimensions) -> bool {
    region.end.0 > region.start.0
}

/// Puts the values of cells that were merged downwards into a row.
fn fill(line: &mut Vec<String>, row: u32, below: &mut Merged) {
    below.retain(|_, (until, _)| *until >= row);
    for (column, (_, value)) in below.iter() {
        let column = *column as usize;
        if line.len() <= column {
            line.resize(column + 1, String::new());
        }
        if line[column].is_empty() {
            line[column].clone_from(value);
        }
    }
}

fn value(data: &DataRef<'_>) -> String {
    match data {
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(x) => x.to_string(),
        DataRef::String(s) => s.clone(),
        DataRef::SharedString(s) => (*s).to_owned(),
        DataRef::Bool(b) => b.to_string(),
        DataRef::DateTime(at) if at.is_datetime() => {
            let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
            let day = format!("{year:04}-{month:02}-{day:02}");
            // Half a second is how far a float is off at times.
            match (hour, minute, second, milli) {
                (0, 0, 0, 0) => day,
                (_, _, _, 0) => format!("{day} {hour:02}:{minute:02}:{second:02}"),
                _ => format!("{day} {hour:02}:{minute:02}:{second:02}.{milli:03}"),
            }
        }
        DataRef::DateTime(length) => length.as_f64().to_string(),
        DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => s.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}
