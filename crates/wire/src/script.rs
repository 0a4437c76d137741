//! What our own script on a page sends: native interactions, each with the page it came from under
//! `context`.

use crate::commerce::{about, fill};
use crate::device::describe;
use crate::fields::{as_text, object, take_object, text_of};
use crate::setting::{say_why, setting};
use crate::{Around, Envelope, Event, corrected, place};
use serde_json::Value;
use throughline_interactions::{Actor, Draft, Fault, Identifier, Zone, limits, parse_interaction};

/// Reads one event. `index` is its place in the request; `visitor` is what the browser's cookie says.
pub fn event(
    value: Value,
    index: u32,
    envelope: &Envelope,
    around: &Around<'_>,
    visitor: Option<&str>,
) -> Result<Event, Fault> {
    let mut item = object(value, "an event")?;
    let mut context = envelope.context.clone();
    context.extend(take_object(&mut item, "context"));
    let mut draft = parse_interaction(Value::Object(item), index)?;
    let at = draft.occurred_at.map(|at| corrected(at, envelope.sent_at, around.received_at));
    draft.occurred_at = at.map(|(at, _)| at);
    if let Some(visitor) = visitor
        && !draft.identifiers.iter().any(|i| i.kind == "anonymous_id")
    {
        draft.identifiers.push(Identifier::new("anonymous_id", visitor));
    }
    if draft.zone.is_none() {
        draft.zone = text_of(&context, &["timezone"]).and_then(|z| Zone::new(&z).ok());
    }
    if draft.channel.is_empty() {
        draft.channel = "web".to_owned();
    }
    let said = |of: &str, name: &str| context.get(of).and_then(|c| as_text(c.get(name)?));
    if draft.touchpoint.is_empty() {
        let path = said("page", "path").filter(|p| p.len() <= limits::VALUE);
        draft.touchpoint = path.unwrap_or_default();
    }
    if let Some(name) = said("campaign", "name") {
        about(&mut draft, "campaign", name);
    }
    // Whoever says so is believed; a script that says nothing is known by its browser's name.
    let seen = setting(&draft.event, &context, None);
    if draft.actor == Actor::Human && seen.actor == Actor::Bot {
        draft.actor = Actor::Bot;
        say_why(&mut draft.properties, seen.reason);
    }
    place::put(&mut draft.properties, around, None, true);
    let agent = text_of(&context, &["userAgent"]);
    describe(&mut draft.properties, agent.as_deref(), text_of(&context, &["timezone"]).as_deref());
    // What a page tells by the names of Segment's specifications; what it says itself goes first.
    let mut told = Draft { event: draft.event.clone(), ..Draft::default() };
    fill(&mut told, &draft.properties, around.currency);
    draft.money = draft.money.take().or(told.money);
    draft.score = draft.score.take().or(told.score);
    draft.text = draft.text.take().or(told.text);
    draft.promise = draft.promise.take().or(told.promise);
    told.refs.into_iter().for_each(|r| about(&mut draft, &r.kind, r.value));
    if !context.is_empty() {
        draft.properties.entry("context").or_insert(Value::Object(context));
    }
    Ok(Event { draft, corrected: at.is_none_or(|(_, corrected)| corrected) })
}
