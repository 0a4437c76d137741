//! A folder with a recipe and files, and what an import makes of them.

use std::path::{Path, PathBuf};
use throughline_connectors::files::{Formats, Import, ImportOptions, Progress, Reject};
use throughline_interactions::{Interaction, Timestamp, WorkspaceId};

/// A folder that goes with the test.
pub struct World(pub tempfile::TempDir);

/// Everything that an import handed out.
pub struct Imported {
    pub interactions: Vec<Interaction>,
    pub rejects: Vec<Reject>,
    pub progress: Progress,
}

pub fn options() -> ImportOptions {
    ImportOptions::new(WorkspaceId(1), Timestamp::parse("2026-06-01T00:00:00Z", None).unwrap().instant)
}

pub fn drain(mut import: Import, batch: usize) -> Imported {
    let mut out = Imported { interactions: Vec::new(), rejects: Vec::new(), progress: Progress::default() };
    loop {
        let next = import.next_batch(batch).unwrap();
        out.interactions.extend(next.interactions);
        out.rejects.extend(next.rejects);
        out.progress = next.progress;
        if next.done {
            let p = &out.progress;
            assert_eq!(p.rows, p.taken + p.rejected + p.repeated + p.skipped, "every row is accounted for");
            return out;
        }
    }
}

impl World {
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        Self(dir)
    }

    pub fn open(&self, recipe: &str, options: ImportOptions) -> anyhow::Result<Import> {
        Import::of_text(recipe, "recipe.toml", self.0.path(), Formats::standard(), options)
    }

    pub fn import(&self, recipe: &str) -> Imported {
        drain(self.open(recipe, options()).unwrap(), 100)
    }

    pub fn refusal(&self, recipe: &str) -> String {
        match self.open(recipe, options()) {
            Ok(_) => "opened".to_owned(),
            Err(e) => format!("{e:#}").replace(&self.0.path().display().to_string(), "…"),
        }
    }
}

/// The repository's examples.
pub fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name).join("recipe.toml")
}

/// The folder of real data, or the printed reason why the test is skipped.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: the data set `{name}` is not at {}", path.display());
    None
}

/// Imports real data by an example's recipe.
pub fn import_example(name: &str) -> Option<Imported> {
    let data = real_data(name)?;
    let options = ImportOptions { data: Some(data), ..options() };
    Some(drain(Import::open(&example(name), Formats::standard(), options).unwrap(), 5_000))
}
