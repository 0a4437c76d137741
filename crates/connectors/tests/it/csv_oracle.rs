//! The CSV reader against a well-known one.

use crate::world::World;
use proptest::prelude::*;
use throughline_connectors::files::recipe::FileRecipe;
use throughline_connectors::files::{Formats, Request, UnpackLimits};

fn read(world: &World, columns: usize) -> Vec<Result<Vec<String>, String>> {
    let file = FileRecipe { columns: Some((0..columns).map(|i| format!("c{i}")).collect()), ..FileRecipe::default() };
    let path = world.0.path().join("x.csv");
    let request = Request { path: &path, wanted: &[], whole: true, file: &file, limits: &UnpackLimits::default() };
    let mut reader = Formats::standard().open(&request).unwrap();
    let mut out = Vec::new();
    while let Some(next) = reader.next() {
        out.push(next.map(|r| r.cells().map(str::to_owned).collect()).map_err(|f| f.code.to_owned()));
    }
    out
}

fn cell() -> impl Strategy<Value = String> {
    "[a-c\"\n\r,;é €]{0,8}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_written_is_read(rows in prop::collection::vec(prop::collection::vec(cell(), 3), 0..20), always in any::<bool>()) {
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut w = csv::WriterBuilder::new().quote_style(style).from_writer(Vec::new());
        for row in &rows {
            w.write_record(row).unwrap();
        }
        let world = World::new(&[("x.csv", &w.into_inner().unwrap())]);
        let got: Vec<_> = read(&world, 3).into_iter().map(Result::unwrap).collect();
        prop_assert_eq!(got, rows);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in "[ab\"\n\r,\\x00é]{0,200}") {
        let world = World::new(&[("x.csv", format!("h\n{bytes}").as_bytes())]);
        for row in read(&world, 2).into_iter().flatten() {
            prop_assert_eq!(row.len(), 2);
        }
    }

    #[test]
    fn text_without_quotes_is_read_like_elsewhere(bytes in "[ab\n,é]{1,200}") {
        let world = World::new(&[("x.csv", bytes.as_bytes())]);
        let got: Vec<_> = read(&world, 2).into_iter().flatten().collect();
        let mut oracle = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_bytes());
        let expected: Vec<Vec<String>> = oracle
            .records()
            .map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
            .filter(|r| r.len() == 2)
            .collect();
        prop_assert_eq!(got, expected);
    }
}

#[test]
fn rows_longer_than_a_buffer_are_read() {
    let long = "x\"\n".repeat(300_000);
    let text = format!("1,\"{}\"\n2,b\n3,c", long.replace('"', "\"\""));
    let world = World::new(&[("x.csv", text.as_bytes())]);
    let got = read(&world, 2);
    assert_eq!(got.len(), 3);
    assert_eq!(got[0].as_ref().unwrap()[1], long);
    assert_eq!(got[2].as_ref().unwrap(), &["3", "c"]);
}
