//! One person's export as a page: one file without anything from elsewhere, to be read, printed and kept.

use crate::format;
use askama::Template;
use std::io::Write;
use throughline_interactions::{Interaction, Timestamp, Zone};
use throughline_pipeline::Engine;
use throughline_rights::{PersonFile, RightsError};

#[derive(Template)]
#[template(path = "person.html")]
struct Head<'a> {
    interactions: String,
    file: &'a PersonFile,
    zone: Option<&'a Zone>,
    name: String,
    follow_ups: Vec<Vec<(String, String)>>,
    questions: Vec<Vec<(String, String)>>,
    recipients: Vec<Vec<(String, String)>>,
}

#[derive(Template)]
#[template(path = "person_part.html")]
struct Part {
    rows: Vec<Row>,
}

/// One interaction in words.
struct Row {
    /// Set where a month begins.
    month: String,
    at: String,
    event: String,
    source: String,
    /// What is said of it, by name.
    facts: Vec<(String, String)>,
    text: String,
}

/// The lists that rooms above keep, as names and values.
fn listed(file: &PersonFile, list: &str) -> Vec<Vec<(String, String)>> {
    let zone = Zone::new(&file.workspace.zone).ok();
    let said = |v: &serde_json::Value| match v {
        serde_json::Value::String(s) => match Timestamp::parse(s, None) {
            Ok(at) if s.ends_with('Z') => format::minute(at.instant, zone.as_ref()),
            _ => s.clone(),
        },
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let all = file.elsewhere.get(list).and_then(|l| l.as_array());
    let members = all.into_iter().flatten().filter_map(|o| o.as_object());
    members
        .map(|o| {
            let each = o.iter().map(|(k, v)| (format::name(k), said(v)));
            each.filter(|(_, v)| !v.is_empty()).collect()
        })
        .collect()
}

fn row(i: &Interaction, zone: Option<&Zone>, month: &mut String) -> Row {
    let at = i.zone.as_ref().or(zone);
    let now = month_of(i.occurred_at, at);
    let heading = if *month == now { String::new() } else { now.clone() };
    *month = now;
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut say = |name: &str, value: String| {
        if !value.is_empty() {
            facts.push((name.to_owned(), value));
        }
    };
    say("Channel", i.channel.clone());
    say("Where", i.touchpoint.clone());
    say("Amount", i.money.as_ref().map(format::money).unwrap_or_default());
    say("Answer", i.score.as_ref().map(format::score).unwrap_or_default());
    if let Some(p) = &i.promise {
        say("Promised", format!("{} by {}", format::name(&p.kind), format::minute(p.due, at)));
    }
    for (purpose, allowed) in &i.consent {
        say("Consent", format!("{purpose}: {}", if *allowed { "yes" } else { "no" }));
    }
    for r in &i.refs {
        say(&format::name(&r.kind), r.value.clone());
    }
    for identifier in &i.identifiers {
        say(&format::name(&identifier.kind), identifier.value.clone());
    }
    for (name, value) in &i.properties {
        say(&format::name(name), value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    Row {
        month: heading,
        at: format::minute(i.occurred_at, at),
        event: i.event.clone(),
        source: i.source.as_str().to_owned(),
        facts,
        text: i.text.clone().unwrap_or_default(),
    }
}

/// A month in words: `March 2026`.
fn month_of(at: Timestamp, zone: Option<&Zone>) -> String {
    let zone = zone.map_or(jiff::tz::TimeZone::UTC, |z| z.time_zone().clone());
    let at = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default().to_zoned(zone);
    at.strftime("%B %Y").to_string()
}

/// Writes it while it is read.
pub fn write_page(file: &PersonFile, engine: &Engine, out: &mut dyn Write) -> Result<(), RightsError> {
    let failed = |e: askama::Error| RightsError::Write(std::io::Error::other(e));
    let zone = Zone::new(&file.workspace.zone).ok();
    let zone = zone.as_ref();
    let name = crate::console::name_of(&file.profile.row);
    let (follow_ups, questions) = (listed(file, "follow_ups"), listed(file, "questions_asked"));
    let interactions = format::counted(file.interactions() as u64, "interaction", "interactions");
    let head = Head { interactions, file, zone, name, follow_ups, questions, recipients: listed(file, "recipients") };
    out.write_all(head.render().map_err(failed)?.as_bytes())?;
    let mut month = String::new();
    file.pages::<RightsError>(engine, |page| {
        let rows = page.iter().map(|i| row(i, zone, &mut month)).collect();
        out.write_all(Part { rows }.render().map_err(failed)?.as_bytes())?;
        Ok(())
    })?;
    if !file.aside.is_empty() {
        out.write_all(b"<h2>Messages that were kept aside</h2><p>They came, and nobody took them in: another message had their id, or they did not fit.</p>")?;
        let rows = file.aside.iter().map(|i| row(i, zone, &mut month)).collect();
        out.write_all(Part { rows }.render().map_err(failed)?.as_bytes())?;
    }
    out.write_all(b"</main></body></html>\n")?;
    Ok(())
}
