//! The shape of the house: which room may use which, where the heavy dependencies stand, and how
//! files are named.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The longest chain of our crates.
const LONGEST_CHAIN: usize = 7;
/// A source file is split by subject before it has more lines.
const MOST_LINES: usize = 600;
/// What has no name yet stays where it is used.
const NAMES_THAT_SAY_NOTHING: [&str; 10] =
    ["common", "core", "helper", "helpers", "manager", "misc", "service", "util", "utils", "mod"];

/// Dependencies, by the beginning of their names, that one room alone may name.
const KEPT_IN_ONE_ROOM: [(&str, &str); 10] = [
    ("datafusion", "lake"),
    ("arrow", "lake"),
    ("parquet", "lake"),
    ("deltalake", "lake"),
    ("delta_kernel", "lake"),
    ("object_store", "lake"),
    ("axum", "web"),
    ("askama", "web"),
    ("rusqlite", "store"),
    ("memmap2", "timeline"),
];

/// Rooms that may link the lake, and with it DataFusion.
const MAY_LINK_THE_LAKE: [&str; 2] = ["lake", "throughline"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()))
}

fn check(faults: &[String], what: &str) {
    let mut list = String::new();
    faults.iter().for_each(|fault| write!(list, "\n  {fault}").expect("a String takes everything"));
    assert!(faults.is_empty(), "{what}:{list}");
}

/// One crate: its own name for a folder, and what its manifest names.
struct Room {
    name: String,
    folder: PathBuf,
    manifest: toml::Table,
    /// Our own rooms, as compiled into the product.
    uses: BTreeSet<String>,
    /// Our own rooms, in tests and examples only.
    uses_in_tests: BTreeSet<String>,
    /// Other people's crates, of every kind.
    dependencies: BTreeSet<String>,
}

/// The tables of a manifest that list dependencies, those of a target included.
fn dependency_tables<'a>(manifest: &'a toml::Table, kind: &str) -> Vec<&'a toml::Table> {
    let of_targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(|t| t.values());
    let all = of_targets.filter_map(toml::Value::as_table).chain([manifest]);
    all.filter_map(|table| table.get(kind)?.as_table()).collect()
}

fn rooms() -> Vec<Room> {
    let mut rooms = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).expect("the folder of crates is there") {
        let folder = entry.expect("the folder can be listed").path();
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            continue;
        }
        let manifest: toml::Table =
            toml::from_str(&read(&manifest)).unwrap_or_else(|e| panic!("{}: {e}", manifest.display()));
        let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        let named = |kind: &str| -> BTreeSet<String> {
            let tables = dependency_tables(&manifest, kind);
            let renamed = |key: &String, value: &toml::Value| {
                value.get("package").and_then(|p| p.as_str()).unwrap_or(key).to_owned()
            };
            tables.iter().flat_map(|t| t.iter().map(|(k, v)| renamed(k, v)).collect::<Vec<_>>()).collect()
        };
        let ours = |names: BTreeSet<String>| -> BTreeSet<String> {
            names.iter().filter_map(|n| n.strip_prefix("throughline-")).map(str::to_owned).collect()
        };
        let (normal, dev, build) = (named("dependencies"), named("dev-dependencies"), named("build-dependencies"));
        let all = normal.iter().chain(&dev).chain(&build);
        rooms.push(Room {
            dependencies: all.filter(|n| !n.starts_with("throughline")).cloned().collect(),
            uses: ours(normal.union(&build).cloned().collect()),
            uses_in_tests: ours(dev),
            name,
            folder,
            manifest,
        });
    }
    rooms.sort_by(|a, b| a.name.cmp(&b.name));
    rooms
}

/// `docs/dependency-order.txt`: rooms from the lowest, with the rooms they use.
fn written_order() -> Vec<(String, BTreeSet<String>)> {
    read(&root().join("docs/dependency-order.txt"))
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (room, uses) = line.split_once(':').unwrap_or_else(|| panic!("`{line}` has no colon"));
            (room.to_owned(), uses.split_whitespace().map(str::to_owned).collect())
        })
        .collect()
}

/// Every file below the crates with this ending, as paths seen from the root.
fn files(ending: &str) -> Vec<PathBuf> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the source can be listed") {
            let path = entry.expect("a folder of the source can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path.strip_prefix(&root).expect("found below the root").to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_written_order_is_the_order_of_the_manifests() {
    let (order, rooms) = (written_order(), rooms());
    let mut faults = Vec::new();
    for room in rooms.iter().filter(|r| !order.iter().any(|(name, _)| *name == r.name)) {
        faults.push(format!("`{}` does not stand in docs/dependency-order.txt", room.name));
    }
    for (place, (name, uses)) in order.iter().enumerate() {
        let Some(room) = rooms.iter().find(|r| r.name == *name) else {
            faults.push(format!("`{name}` stands in docs/dependency-order.txt, but is no crate"));
            continue;
        };
        let below = |other: &String| order[..place].iter().any(|(lower, _)| lower == other);
        for new in room.uses.difference(uses) {
            faults.push(format!("`{name}` uses `{new}`, which its line does not say"));
        }
        for old in uses.difference(&room.uses) {
            faults.push(format!("`{name}` does not use `{old}`, as its line says"));
        }
        for upwards in room.uses.union(&room.uses_in_tests).filter(|used| !below(used)) {
            faults.push(format!("`{name}` uses `{upwards}`, which stands below it in the file"));
        }
    }
    check(&faults, "docs/dependency-order.txt and the manifests differ");
}

#[test]
fn the_longest_chain_is_short() {
    let mut lengths: BTreeMap<String, usize> = BTreeMap::new();
    for (room, uses) in written_order() {
        let below = uses.iter().map(|used| lengths.get(used).copied().unwrap_or_default()).max().unwrap_or_default();
        lengths.insert(room, below + 1);
    }
    let too_long: Vec<String> = lengths
        .iter()
        .filter(|(_, length)| **length > LONGEST_CHAIN)
        .map(|(room, length)| format!("`{room}` ends a chain of {length} crates; {LONGEST_CHAIN} are enough"))
        .collect();
    check(&too_long, "a chain of crates is too long");
}

#[test]
fn heavy_dependencies_stand_in_one_room() {
    let mut faults = Vec::new();
    for room in rooms() {
        for dependency in &room.dependencies {
            for (beginning, keeper) in KEPT_IN_ONE_ROOM {
                if dependency.starts_with(beginning) && room.name != keeper {
                    faults.push(format!("`{}` names {dependency}; only `{keeper}` may", room.name));
                }
            }
        }
        let links_the_lake = room.uses.contains("lake") || room.uses_in_tests.contains("lake");
        if links_the_lake && !MAY_LINK_THE_LAKE.contains(&&*room.name) {
            faults.push(format!("`{}` uses the lake, and would build DataFusion with every change", room.name));
        }
    }
    check(&faults, "a dependency has left its room");
}

#[test]
fn every_manifest_follows_the_workspace() {
    let mut faults = Vec::new();
    for room in rooms() {
        let package = room.manifest.get("package").and_then(toml::Value::as_table);
        let name = package.and_then(|p| p.get("name")).and_then(toml::Value::as_str).unwrap_or_default();
        let expected = match &*room.name {
            "throughline" => "throughline".to_owned(),
            room => format!("throughline-{room}"),
        };
        if name != expected {
            faults.push(format!("crates/{} is called `{name}`; its package is `{expected}`", room.name));
        }
        let inherits = |section: Option<&toml::Value>| {
            section.and_then(|s| s.get("workspace")).and_then(toml::Value::as_bool).unwrap_or_default()
        };
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            if !inherits(package.and_then(|p| p.get(key))) {
                faults.push(format!("crates/{}: write `{key}.workspace = true`", room.name));
            }
        }
        if !inherits(room.manifest.get("lints")) {
            faults.push(format!("crates/{}: write `[lints] workspace = true`", room.name));
        }
    }
    check(&faults, "a manifest goes its own way");
}

#[test]
fn every_room_says_what_it_is_for() {
    let mut faults = Vec::new();
    for room in rooms() {
        let entrances = ["src/lib.rs", "src/main.rs"].map(|f| room.folder.join(f));
        let Some(entrance) = entrances.iter().find(|f| f.is_file()) else {
            faults.push(format!("crates/{} has neither lib.rs nor main.rs", room.name));
            continue;
        };
        let text = read(entrance);
        let said: String =
            text.lines().take_while(|l| l.starts_with("//!")).map(|l| l.trim_start_matches("//!")).collect();
        let file = format!("crates/{}/src/{}", room.name, entrance.file_name().unwrap_or_default().to_string_lossy());
        if said.trim().is_empty() {
            faults.push(format!("{file} does not open with `//!`: say what this room is for"));
        } else if !said.contains("Read ") && text.lines().filter(|l| l.contains("mod ")).count() > 1 {
            faults.push(format!("{file}: say which file to read first"));
        }
    }
    check(&faults, "a room does not say what it is for");
}

#[test]
fn files_have_names_that_say_something() {
    let mut faults = Vec::new();
    for file in ["rs", "sql", "html"].into_iter().flat_map(files) {
        let words = file.with_extension("");
        for word in words.iter().map(|w| w.to_string_lossy()) {
            if NAMES_THAT_SAY_NOTHING.contains(&&*word.to_lowercase()) {
                faults.push(format!("{}: `{word}` says nothing of what is in it", file.display()));
            }
        }
    }
    check(&faults, "a file is named after nothing");
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = files("rs")
        .into_iter()
        .map(|file| (read(&root().join(&file)).lines().count(), file))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, file)| format!("{} has {lines} lines; split it by subject", file.display()))
        .collect();
    check(&long, "a file is too long");
}

#[test]
fn exceptions_from_lints_have_reasons_and_no_test_is_put_aside() {
    let mut faults = Vec::new();
    for file in files("rs") {
        let text = read(&root().join(&file));
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let at = format!("{}:{}", file.display(), number + 1);
            if line.starts_with("#[ignore") {
                faults.push(format!("{at}: a test that cannot run prints `skipped: reason` and returns"));
            }
            let attribute =
                || lines[number..].iter().take(6).take_while(|l| !l.starts_with("fn ")).any(|l| l.contains("reason ="));
            if (line.starts_with("#[allow(") || line.starts_with("#![allow(")) && !attribute() {
                faults.push(format!("{at}: write `#[expect(…, reason = \"…\")]`"));
            }
        }
    }
    check(&faults, "something is passed over in silence");
}
