//! What another system delivers, read by a recipe: one object of JSON, or a list of them, is a file with
//! so many rows.

use crate::{Formats, ImportsError};
use serde_json::Value;
use throughline_connectors::files::recipe::Recipe;
use throughline_connectors::files::{Import, ImportOptions};
use throughline_interactions::{Fault, Interaction, SourceId, Timestamp, WorkspaceId};

/// At most so many interactions are made of one delivery.
const MOST: usize = 10_000;

/// Reads what was delivered. The interactions stand under `source`, whatever the recipe says; each that
/// cannot be made tells why, by itself.
pub fn read_delivery(
    recipe: &str,
    body: &Value,
    workspace: WorkspaceId,
    source: &SourceId,
    now: Timestamp,
) -> Result<Vec<Result<Interaction, Fault>>, ImportsError> {
    let folder = tempfile::tempdir().map_err(disk)?;
    let path = file_of(recipe)?;
    std::fs::write(folder.path().join(&path), body.to_string()).map_err(disk)?;
    let mut import = open(recipe, folder.path(), ImportOptions::new(workspace, now))?;
    let mut read = Vec::new();
    loop {
        let batch = import.next_batch(MOST).map_err(refused)?;
        let taken = batch.interactions.into_iter().map(|i| Ok(Interaction { source: source.clone(), ..i }));
        let rejected = batch.rejects.into_iter().map(|r| {
            let at = r.column.as_deref().unwrap_or_default();
            Err(Fault::at(at, "unreadable", r.reason))
        });
        read.extend(taken.chain(rejected));
        if batch.done || read.len() >= MOST {
            return Ok(read);
        }
    }
}

/// Whether a recipe can read deliveries: it is one, and about one file of JSON.
pub fn check_delivery_recipe(recipe: &str) -> Result<(), ImportsError> {
    let folder = tempfile::tempdir().map_err(disk)?;
    std::fs::write(folder.path().join(file_of(recipe)?), "{}").map_err(disk)?;
    open(recipe, folder.path(), ImportOptions::new(WorkspaceId(0), Timestamp(0))).map(drop)
}

const ORIGIN: &str = "the recipe";

fn open(recipe: &str, folder: &std::path::Path, options: ImportOptions) -> Result<Import, ImportsError> {
    Import::of_text(recipe, ORIGIN, folder, Formats::standard(), options).map_err(refused)
}

/// The name of its file, which is only a name.
fn file_of(recipe: &str) -> Result<String, ImportsError> {
    let recipe = Recipe::parse(recipe, ORIGIN).map_err(|e| ImportsError::Refused(e.to_string()))?;
    let mut files = recipe.files.values();
    let (Some(file), None) = (files.next(), files.next()) else {
        return Err(ImportsError::Refused("a recipe for deliveries is about one file: the delivery".to_owned()));
    };
    let is_name = !file.path.is_empty()
        && file.path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        && !file.path.starts_with('.');
    let is_json = file.format.as_deref() == Some("ndjson") || file.path.ends_with(".json");
    match is_name && is_json {
        true => Ok(file.path.clone()),
        false => Err(ImportsError::Refused(format!(
            "the file of a recipe for deliveries is called like delivery.json, not `{}`",
            file.path
        ))),
    }
}

fn disk(source: std::io::Error) -> ImportsError {
    ImportsError::Io { verb: "write a delivery to", path: std::env::temp_dir(), source }
}

fn refused(error: anyhow::Error) -> ImportsError {
    ImportsError::Refused(format!("{error:#}"))
}
