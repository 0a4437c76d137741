//! Every statement of every room, on a real PostgreSQL: the schema is made by the migrations as they
//! are, and each statement found in the sources is prepared there. A word that only SQLite knows
//! fails here.

use crate::cluster::Postgres;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The string literals of a Rust source, unescaped; comments are passed over.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'', 'r']) {
        let (kind, tail) = rest[at..].split_at(1);
        rest = match kind {
            "/" if tail.starts_with('/') => tail.split_once('\n').map_or("", |(_, r)| r),
            "'" if tail.starts_with("\"'") => &tail[2..],
            "'" if tail.starts_with("\\\"'") => &tail[3..],
            "r" if tail.starts_with("#\"") => {
                let (text, after) = tail[2..].split_once("\"#").unwrap_or((tail, ""));
                found.push(text.to_owned());
                after
            }
            "\"" => {
                let mut text = String::new();
                let mut chars = tail.char_indices();
                let mut end = tail.len();
                while let Some((i, c)) = chars.next() {
                    match c {
                        '"' => {
                            end = i + 1;
                            break;
                        }
                        '\\' => match chars.next() {
                            Some((_, '\n')) => text.push(' '),
                            Some((_, 'n')) => text.push('\n'),
                            Some((_, other)) => text.push(other),
                            None => {}
                        },
                        other => text.push(other),
                    }
                }
                found.push(text);
                &tail[end..]
            }
            _ => tail,
        };
    }
    found
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Statements of a source, with the names that the code puts in put in.
fn statements(source: &str) -> Vec<String> {
    // What only the code's tests run need not be portable.
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let constant = |name: &str| {
        let declared = source.find(&format!("const {name}: &str ="))?;
        literals(&source[declared..]).into_iter().next()
    };
    literals(source)
        .into_iter()
        .filter(|s| {
            let first = s.split_whitespace().next().unwrap_or_default();
            ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&first) && s.split_whitespace().count() > 3
        })
        .map(|s| match constant("COLUMNS") {
            Some(columns) => s.replace("{COLUMNS}", &columns),
            None => s,
        })
        .map(|s| {
            s.replace("{column}", "search")
                .replace("{table}", "web_keys")
                .replace("FROM {}", "FROM web_keys")
                .replace("VALUES ({})", "SELECT * FROM web_keys")
        })
        .collect()
}

#[test]
fn every_statement_is_known_to_postgresql() {
    let Some(server) = Postgres::start() else { return };
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut files, mut schemas) = (Vec::new(), BTreeSet::new());
    for room in fs::read_dir(&crates).unwrap().flatten() {
        let source = room.path().join("src");
        // The lake speaks DataFusion's SQL, to Parquet.
        if !source.exists() || room.file_name() == "lake" {
            continue;
        }
        sources(&source, &mut files);
        if let Ok(migrations) = fs::read_dir(source.join("migrations")) {
            schemas.extend(migrations.flatten().map(|m| m.path()));
        }
    }
    // Rooms in the order of their references: the store first, the pages last.
    assert!(schemas.len() >= 4, "{schemas:?}");
    let (made, said) = server
        .run("CREATE TABLE store_migrations (room TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (room, number))");
    assert!(made, "{said}");
    for schema in &schemas {
        // How SQLite is to lay a table out is taken away before the server reads it.
        let (made, said) = server.run(&fs::read_to_string(schema).unwrap().replace(") WITHOUT ROWID", ")"));
        assert!(made, "{}: {said}", schema.display());
    }
    let mut all = BTreeSet::new();
    for file in &files {
        for statement in statements(&fs::read_to_string(file).unwrap()) {
            all.insert((file.strip_prefix(&crates).unwrap().to_owned(), statement));
        }
    }
    assert!(all.len() > 60, "only {} statements were found in the sources", all.len());
    let strange: Vec<String> = all
        .iter()
        .enumerate()
        .filter_map(|(i, (file, statement))| {
            let (known, said) = server.run(&format!("PREPARE s{i} AS {statement}"));
            (!known).then(|| format!("{}: {statement}\n    {}", file.display(), said.trim()))
        })
        .collect();
    assert!(strange.is_empty(), "{} of {} statements:\n{}", strange.len(), all.len(), strange.join("\n"));
    println!("{} statements of {} sources", all.len(), files.len());
}
