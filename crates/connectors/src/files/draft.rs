//! From a row to a draft of an interaction.

use crate::files::plan::{ACTORS, DIRECTIONS};
use crate::files::plan::{Choice, MoneyPlan, PromisePlan, Rule, ScorePlan, TimePlan};
use crate::files::row::{Row, number};
use crate::files::time::{self, Read};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use throughline_interactions::{Currency, Draft, Fault, Identifier, Money, Precision, Promise, Ref, Score, Zone};

/// Zones that rows named, each looked up once.
#[derive(Debug, Default)]
pub(crate) struct Zones(RefCell<HashMap<String, Zone>>);

impl Zones {
    fn get(&self, name: &str, column: &str) -> Result<Zone, Fault> {
        if let Some(zone) = self.0.borrow().get(name) {
            return Ok(zone.clone());
        }
        let zone = Zone::new(name).map_err(|e| Fault::at(column, "unknown_zone", e.to_string()))?;
        self.0.borrow_mut().insert(name.to_owned(), zone.clone());
        Ok(zone)
    }
}

/// The event of a row: it is part of the id, so it is read first.
pub(crate) fn event(row: Row<'_>, rule: &Rule) -> Result<String, Fault> {
    match row.value(&rule.event)? {
        Some(event) => Ok(event.trim().to_owned()),
        None => {
            Err(Fault::at(&rule.title, "missing", "the event is empty; add a condition with `when`, or a `default`"))
        }
    }
}

/// Reads everything else that a rule asks for.
pub(crate) fn draft(row: Row<'_>, rule: &Rule, zones: &Zones, event: String) -> Result<Draft, Fault> {
    let (zone, occurred) = read_time(row, &rule.occurred_at, zones, false)?;
    if let (None, Some(cell)) = (&occurred, rule.occurred_at.cells.first()) {
        return Err(Fault::at(
            &cell.name,
            "missing",
            "the time is empty; add `when` with this column to leave such rows out",
        ));
    }
    let word = |plan: &Option<_>| -> Result<String, Fault> {
        match plan {
            Some(plan) => Ok(row.value(plan)?.map_or_else(String::new, std::borrow::Cow::into_owned)),
            None => Ok(String::new()),
        }
    };
    let mut draft = Draft {
        // What is only told has no time of its own; it takes that of its arrival.
        occurred_at: occurred.map(|o| o.time.instant),
        ambiguous_time: occurred.is_some_and(|o| o.time.ambiguous),
        event,
        channel: word(&rule.channel)?,
        touchpoint: word(&rule.touchpoint)?,
        direction: choose(row, &rule.direction, DIRECTIONS)?,
        actor: choose(row, &rule.actor, ACTORS)?,
        money: rule.money.as_ref().map(|m| money(row, m)).transpose()?.flatten(),
        score: rule.score.as_ref().map(|s| score(row, s)).transpose()?.flatten(),
        promise: rule.promise.as_ref().map(|p| promise(row, p, zones)).transpose()?.flatten(),
        zone,
        ..Draft::default()
    };
    for (kind, value) in &rule.identifiers {
        row.values(value, &mut |text| {
            let new = Identifier { kind: kind.clone(), value: text.into_owned() };
            if !draft.identifiers.contains(&new) {
                draft.identifiers.push(new);
            }
        })?;
    }
    for (kind, value) in &rule.refs {
        row.values(value, &mut |text| {
            let new = Ref { kind: kind.clone(), value: text.into_owned() };
            if !draft.refs.contains(&new) {
                draft.refs.push(new);
            }
        })?;
    }
    let mut text: Option<String> = None;
    for value in &rule.text {
        row.verbatim(value, &mut |part| match &mut text {
            Some(text) => {
                text.push('\n');
                text.push_str(part);
            }
            None => text = Some(part.to_owned()),
        })?;
    }
    draft.text = text;
    for (purpose, value) in &rule.consent {
        match row.value(value)?.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None => {}
            Some("true" | "yes" | "y" | "1" | "t") => drop(draft.consent.insert(purpose.clone(), true)),
            Some("false" | "no" | "n" | "0" | "f") => drop(draft.consent.insert(purpose.clone(), false)),
            Some(_) => {
                return Err(Fault::at(
                    &format!("consent.{purpose}"),
                    "invalid_boolean",
                    "consent is neither yes nor no; use `map` to say what the words mean",
                ));
            }
        }
    }
    for (name, value) in &rule.properties {
        if let Some(json) = row.json(value)? {
            draft.properties.insert(name.clone(), json);
        }
    }
    Ok(draft)
}

fn choose<T: Copy>(row: Row<'_>, choice: &Choice<T>, of: &[(&str, T)]) -> Result<T, Fault> {
    let plan = match choice {
        Choice::Always(t) => return Ok(*t),
        Choice::Read(plan) => plan,
    };
    let word = row.value(plan)?.unwrap_or_default();
    of.iter().find(|(n, _)| *n == word).map(|(_, t)| *t).ok_or_else(|| {
        let names: Vec<_> = of.iter().map(|(n, _)| *n).collect();
        let word: String = word.chars().take(60).collect();
        Fault::whole(
            "unknown_value",
            format!("`{word}` is not one of {}; use `map` to say what it means", names.join(", ")),
        )
    })
}

/// The zone of a time, and the time where its cell is not empty.
fn read_time(row: Row<'_>, plan: &TimePlan, zones: &Zones, day: bool) -> Result<(Option<Zone>, Option<Read>), Fault> {
    if plan.cells.is_empty() {
        return Ok((None, None));
    }
    let (text, cell) = row.first_of(&plan.cells);
    if text.is_empty() {
        return Ok((None, None));
    }
    let clock = plan.clock.as_ref().map_or("", |c| row.first(c).trim());
    let together = if clock.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(format!("{text} {clock}")) };
    let format = match &plan.day_format {
        Some(day) if clock.is_empty() => day,
        _ => &plan.format,
    };
    let zone = match &plan.zone {
        None => None,
        Some(Choice::Always(zone)) => Some(zone.clone()),
        Some(Choice::Read(value)) => match row.value(value)? {
            Some(name) => Some(zones.get(&name, &cell.name)?),
            None => None,
        },
    };
    let read =
        time::read(&together, format, zone.as_ref(), day).map_err(|e| Fault::at(&cell.name, "invalid_time", e))?;
    Ok((zone, Some(read)))
}

fn money(row: Row<'_>, plan: &MoneyPlan) -> Result<Option<Money>, Fault> {
    let Some(text) = row.value(&plan.amount)? else { return Ok(None) };
    let cell = plan.amount.cell();
    let name = cell.map_or("money", |c| c.name.as_str());
    let currency = match &plan.currency {
        Choice::Always(currency) => *currency,
        Choice::Read(value) => {
            let code = row.value(value)?.unwrap_or_default();
            let column = value.cell().map_or(name, |c| c.name.as_str());
            Currency::new(&code).map_err(|e| Fault::at(column, "invalid_money", e.to_string()))?
        }
    };
    // What was summed or multiplied is written with a point already.
    let amount = match cell {
        Some(cell) if plan.amount.is_plain() => number(&text, cell)?,
        _ => crate::files::decimal::Decimal::parse(&text, false)
            .ok_or_else(|| Fault::at(name, "invalid_number", format!("`{text}` is not a number such as 1234.56")))?,
    };
    let amount = if plan.negate { amount.negated() } else { amount };
    Money::from_decimal(&amount.to_string(), currency)
        .map(Some)
        .map_err(|e| Fault::at(name, "invalid_money", e.to_string()))
}

fn score(row: Row<'_>, plan: &ScorePlan) -> Result<Option<Score>, Fault> {
    let Some(text) = row.value(&plan.value)? else { return Ok(None) };
    let cell = plan.value.cell();
    let name = cell.map_or("score", |c| c.name.as_str());
    let decimal = match cell {
        Some(cell) if plan.value.is_plain() => number(&text, cell)?.to_string(),
        _ => text.into_owned(),
    };
    let value = decimal.parse::<f64>().map_err(|_| {
        Fault::at(name, "invalid_number", format!("`{}` is not a number", decimal.chars().take(60).collect::<String>()))
    })?;
    Score::new(plan.kind.clone(), value, plan.scale)
        .map(Some)
        .map_err(|e| Fault::at(name, "invalid_score", e.to_string()))
}

fn promise(row: Row<'_>, plan: &PromisePlan, zones: &Zones) -> Result<Option<Promise>, Fault> {
    let day = plan.precision == Some(Precision::Day);
    let (_, Some(due)) = read_time(row, &plan.due, zones, day)? else { return Ok(None) };
    let told = if due.day_only { Precision::Day } else { Precision::Instant };
    Ok(Some(Promise { kind: plan.kind.clone(), due: due.time.instant, precision: plan.precision.unwrap_or(told) }))
}
