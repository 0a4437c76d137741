//! Excel workbooks: the sheet that people see becomes rows like those of any other file.
//!
//! The fixture was written by openpyxl: a sheet with one cell, a hidden sheet, and one of orders
//! with a title above the table, cells merged downwards, dates, texts with commas and quotes,
//! formulas without a result, and a formatted cell far below.

use std::io::Write;
use std::path::{Path, PathBuf};
use throughline_connectors::files::Formats;
use throughline_connectors::files::guess::{Role, Sample, guess};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/orders.xlsx")
}

#[test]
fn the_visible_sheet_is_read_like_a_table() {
    let sample = Sample::read(&fixture(), &Formats::standard()).unwrap();
    assert_eq!(sample.columns, ["Order number", "Ordered on", "E-mail", "Product", "Total", "Gift"]);
    assert_eq!(sample.file.skip_before_header, 1, "{:?}", sample.notices);
    let rows: Vec<Vec<&str>> = sample.rows.iter().map(|r| r.cells().collect()).collect();
    assert_eq!(
        rows,
        [
            ["1001", "2026-03-01 10:30:00", "ana@example.org", "lamp, blue", "12.5", "true"],
            ["1001", "2026-03-01 10:30:00", "ana@example.org", "shade \"L\"", "30", "false"],
            ["1002", "2026-03-02", "bo@example.org", "bulb", "4", ""],
            ["1003", "2026-03-03 23:59:59", "cy@example.org", "", "", "true"],
        ]
    );
    let roles: Vec<Role> = guess(&sample).columns.iter().map(|c| c.role).collect();
    assert_eq!(roles[..3], [Role::Order, Role::Time, Role::Email]);
}

/// A zip archive with one file.
fn archive(name: &str, contents: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(contents).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn what_is_no_workbook_is_said_in_words() {
    let whole = std::fs::read(fixture()).unwrap();
    let check = |bytes: &[u8], expected: &str| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("book.xlsx");
        std::fs::write(&path, bytes).unwrap();
        let error = format!("{:#}", Sample::read(&path, &Formats::standard()).unwrap_err());
        assert!(error.contains(expected), "{error}");
    };
    check(&whole[..whole.len() / 2], "it is damaged");
    check(&archive("orders.csv", b"id,at\n1,2026-03-01\n"), "no Excel workbook");
    // Zeros that unpack to two thousand times their size.
    check(&archive("xl/workbook.xml", &vec![0; 100 << 20]), "refused as a bomb");
    check(b"", "the file is empty");
}
