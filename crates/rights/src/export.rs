//! An export as JSON, written while it is read.
//!
//! The layout is `throughline-person/1`: members may be added to it, and none changes its meaning. Times
//! are RFC 3339 in UTC.

use crate::work::Rights;
use crate::{PersonFile, RightsError};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::Write;
use throughline_interactions::{Interaction, WorkspaceId};
use throughline_pipeline::Engine;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The name of the layout.
pub const FORMAT: &str = "throughline-person/1";

/// What everything but the interactions says, as members of an object.
fn head(file: &PersonFile) -> Vec<(&'static str, Value)> {
    let row = &file.profile.row;
    let identifiers = file.profile.identifiers.iter().map(|i| {
        json!({"kind": i.identifier.kind, "value": i.identifier.value, "first_seen": i.first_seen,
               "last_seen": i.last_seen, "interactions": i.interactions})
    });
    let evidence = file.profile.links.iter().map(|l| {
        json!({"a": {"kind": l.a.kind, "value": l.a.value}, "b": {"kind": l.b.kind, "value": l.b.value},
               "stood_in_one_interaction_at": l.occurred_at, "taken_apart": l.cut})
    });
    let sources = file
        .sources
        .iter()
        .map(|(name, s)| json!({"source": name, "interactions": s.interactions, "first": s.first, "last": s.last}));
    let allowed = file.allowed.iter().map(|w| json!({"purpose": w.purpose, "allowed": w.allowed, "since": w.since}));
    let consents = file.consents.iter().map(|c| {
        json!({"purpose": c.purpose, "allowed": c.allowed, "at": c.at, "source": c.source, "message_id": c.message_id})
    });
    let affairs = file.affairs.iter().map(|(kind, value, n)| json!({"kind": kind, "value": value, "interactions": n}));
    let promises = file.promises.iter().map(|p| {
        let about = p.about.as_ref().map(|(kind, value)| json!({"kind": kind, "value": value}));
        json!({"kind": p.kind, "made_at": p.made_at, "due": p.due, "is_day": p.is_day, "deadline": p.deadline,
               "kept_at": p.kept_at, "about": about})
    });
    let scores = file.scores.iter().map(|s| json!({"at": s.at, "score": s.score}));
    let list = |values: &mut dyn Iterator<Item = Value>| Value::Array(values.collect());
    vec![
        ("format", FORMAT.into()),
        ("made_at", json!(file.made_at)),
        ("workspace", json!({"key": file.workspace.key, "name": file.workspace.name, "zone": file.workspace.zone})),
        (
            "person",
            json!({"id": format!("{:016x}", row.id), "name": row.name, "first_seen": row.first_seen,
                   "last_seen": row.last_seen, "interactions": file.interactions()}),
        ),
        ("identifiers", list(&mut identifiers.into_iter())),
        ("evidence", list(&mut evidence.into_iter())),
        ("traits", json!(file.profile.traits)),
        ("needs_and_likes", json!({"stated": file.known.stated, "inferred": file.known.inferred})),
        (
            "worked_out",
            json!({"figures": file.known.computed, "language": file.known.language, "zone": file.known.zone}),
        ),
        ("segments", json!(file.segments)),
        ("consents", json!({"now": list(&mut allowed.into_iter()), "history": list(&mut consents.into_iter())})),
        ("sources", list(&mut sources.into_iter())),
        ("orders_and_other_affairs", list(&mut affairs.into_iter())),
        ("promises", list(&mut promises.into_iter())),
        ("answers", list(&mut scores.into_iter())),
        ("retention", json!(file.retention)),
        ("elsewhere", Value::Object(file.elsewhere.clone())),
        ("kept_aside", list(&mut file.aside.iter().map(received))),
    ]
}

/// An interaction as it was received.
fn received(i: &Interaction) -> Value {
    let mut value: Value = serde_json::from_slice(&i.to_payload()).unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.remove("workspace");
    }
    value
}

/// Writes one person as JSON, an interaction a line.
pub fn write_json(file: &PersonFile, engine: &Engine, out: &mut dyn Write) -> Result<(), RightsError> {
    write(file, engine, out, "\n")
}

fn write(file: &PersonFile, engine: &Engine, out: &mut dyn Write, end: &str) -> Result<(), RightsError> {
    out.write_all(b"{")?;
    for (name, value) in head(file) {
        write!(out, "\"{name}\":{value},{end}")?;
    }
    write!(out, "\"interactions\":[")?;
    let mut is_first = true;
    file.pages::<RightsError>(engine, |page| {
        for i in page {
            write!(out, "{}{end}{}", if std::mem::take(&mut is_first) { "" } else { "," }, received(&i))?;
        }
        Ok(())
    })?;
    write!(out, "{end}]}}{end}")?;
    Ok(())
}

impl Rights {
    /// Hands over the people that a file of identifiers finds now, one after the other.
    fn each(
        &self,
        workspace: WorkspaceId,
        run: u64,
        mut take: impl FnMut(usize, &PersonFile) -> Result<(), RightsError>,
    ) -> Result<u64, RightsError> {
        let (found, mut once) = (self.found(workspace, run)?, HashSet::new());
        let job = self.engine().job("exporting the people that a file names", "lines", Some(found.len() as u64));
        for (done, node) in found.into_iter().enumerate() {
            // Erased or merged since the file was brought.
            if let Some(id) = self.engine().known_by(workspace, node)?
                && once.insert(id)
            {
                let file = PersonFile::gather(self.engine(), self.elsewhere(), workspace, id)?;
                take(once.len(), &file)?;
            }
            job.done(done as u64 + 1);
        }
        let n = once.len() as u64;
        job.finish(&format!("{n} people"));
        Ok(n)
    }
}

/// Writes the people that a file names as a ZIP of one JSON file each; how many.
pub fn write_zip(rights: &Rights, workspace: WorkspaceId, run: u64, out: &mut dyn Write) -> Result<u64, RightsError> {
    let failed = |e: zip::result::ZipError| RightsError::Write(std::io::Error::other(e));
    let mut zip = ZipWriter::new_stream(out);
    let n = rights.each(workspace, run, |number, file| {
        let options = SimpleFileOptions::default().large_file(true);
        zip.start_file(format!("person-{number:06}.json"), options).map_err(failed)?;
        write_json(file, rights.engine(), &mut zip)
    })?;
    zip.finish().map_err(failed)?;
    Ok(n)
}

/// Writes the people that a file names, one a line; how many.
pub fn write_ndjson(
    rights: &Rights,
    workspace: WorkspaceId,
    run: u64,
    out: &mut dyn Write,
) -> Result<u64, RightsError> {
    rights.each(workspace, run, |_, file| {
        write(file, rights.engine(), out, "")?;
        out.write_all(b"\n")?;
        Ok(())
    })
}
