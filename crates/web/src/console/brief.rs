//! What Today and the Monday page both say: what changed, whom to call, what hurts, what waits, what
//! is steady, and what behaviour tells without asking anybody. What cannot be known yet stands in
//! `unknown.rs`.

use super::customers::name_of;
use super::findings_view::cards;
use super::frame::{percent_encoded, sentence};
use super::news_words::{Sentence, sentences, steady};
use super::unknown::{Unknown, unknown};
use crate::accounts::follow_ups;
use crate::format;
use std::sync::Arc;
use throughline_customers::CustomerRow;
use throughline_imports::{Imports, RunState};
use throughline_interactions::{Currency, Money, Timestamp, Zone};
use throughline_journeys::pain_points::Findings;
use throughline_journeys::{CallReason, Definition, Map, WorthCalling};
use throughline_news::{News, look};
use throughline_pipeline::{Calls, Engine, EngineError, Workspace};
use throughline_value::shares::Share;

/// People on the page; the others are told as a number.
const SHOWN: usize = 12;
/// Findings on the page.
const FINDINGS: usize = 3;
/// Follow-ups that are looked through.
const FOLLOW_UPS: u32 = 500;

/// What it is made of.
pub(crate) struct Facts {
    workspace: Workspace,
    pub(super) definition: Definition,
    pub(super) map: Arc<Map>,
    pub(super) calls: Arc<Calls>,
    rows: Vec<(WorthCalling, CustomerRow)>,
    pub(super) found: Arc<Findings>,
    pub(super) news: News,
    waits: Vec<Wait>,
}

/// Somebody worth a call.
pub(crate) struct CallLine {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) reach: String,
    pub(crate) why: Vec<String>,
    pub(crate) spent: String,
}

/// How often an outcome came about that nobody has to be asked about.
pub(crate) struct Told {
    pub(crate) what: String,
    pub(crate) share: String,
    pub(crate) words: String,
    pub(crate) href: String,
}

/// Something that waits for somebody: in words, and where.
pub(crate) struct Wait {
    pub(crate) words: String,
    pub(crate) href: String,
}

/// Everything that is said.
#[derive(Default)]
pub(crate) struct Brief {
    pub(crate) until: String,
    pub(crate) changed: Vec<Sentence>,
    pub(crate) steady: String,
    pub(crate) calls: Vec<CallLine>,
    pub(crate) others: u64,
    /// Title, how much, the people or the journey.
    pub(crate) findings: Vec<(String, String, String)>,
    pub(crate) told: Vec<Told>,
    pub(crate) unknown: Vec<Unknown>,
    pub(crate) waits: Vec<Wait>,
    pub(crate) journey: String,
    /// Everybody worth a call, and where they can be asked.
    pub(crate) everybody: String,
    pub(crate) ask: String,
    pub(crate) opens_people: bool,
}

/// Gathers it; `None` before anything has happened. `opens_people` for readers who may see customers,
/// `sees_data` for those who look after the data.
pub(crate) fn gather(
    e: &Engine,
    imports: &Imports,
    workspace: &Workspace,
    now: Timestamp,
    opens_people: bool,
    sees_data: bool,
) -> Result<Option<Facts>, EngineError> {
    let id = workspace.id;
    let Some(definition) = e.journeys(id)?.into_iter().next() else { return Ok(None) };
    let map = e.map(id, &definition.key)?;
    if map.started.instances == 0 {
        return Ok(None);
    }
    let calls = e.worth_calling(id, &definition.key)?;
    let mut rows = Vec::new();
    for person in calls.people.iter().take(if opens_people { SHOWN } else { 0 }) {
        match e.customer(id, person.customer) {
            Ok(profile) => rows.push((person.clone(), profile.row)),
            // Merged or erased since.
            Err(EngineError::NotFound(_)) => {}
            Err(other) => return Err(other),
        }
    }
    let found = e.pain_points(id, &definition.key)?;
    let news = look(e, id)?;
    let waits = waits(e, imports, workspace, now, opens_people, sees_data)?;
    Ok(Some(Facts { workspace: workspace.clone(), definition, map, calls, rows, found, news, waits }))
}

/// What waits: follow-ups that are due, files that nobody has decided about, what was kept aside.
fn waits(
    e: &Engine,
    imports: &Imports,
    workspace: &Workspace,
    now: Timestamp,
    opens_people: bool,
    sees_data: bool,
) -> Result<Vec<Wait>, EngineError> {
    let mut all = Vec::new();
    let mut add = |n: u64, words: String, href: &str| {
        if n > 0 {
            all.push(Wait { words: sentence(&words), href: href.to_owned() });
        }
    };
    if opens_people {
        let today = format::iso_day(now, Zone::new(&workspace.zone).ok().as_ref());
        let all = follow_ups(e.store(), workspace.id, FOLLOW_UPS)?;
        let due = all.iter().filter(|f| f.done_at.is_none() && f.due <= today).count() as u64;
        add(due, format!("{} due", format::counted(due, "follow-up is", "follow-ups are")), "/follow-ups");
    }
    if sees_data {
        let waiting = |state| matches!(state, RunState::Uploaded | RunState::Stopped | RunState::Failed);
        let runs = imports.runs(workspace.id).map_err(|e| EngineError::Refused(e.to_string()))?;
        let files = runs.iter().filter(|r| waiting(r.state)).count() as u64;
        add(files, format!("{} for a decision", format::counted(files, "file waits", "files wait")), "/data/import");
        let aside = e.waiting_aside(workspace.id)?;
        let words = format!("{} kept aside", format::counted(aside, "interaction is", "interactions are"));
        add(aside, words, if opens_people { "/data/aside" } else { "/data" });
    }
    Ok(all)
}

impl Facts {
    /// Says it. `link` makes of a path of the console what a reader can follow.
    pub(crate) fn brief(&self, zone: Option<&Zone>, opens_people: bool, link: &dyn Fn(&str) -> String) -> Brief {
        let key = &self.definition.key;
        let journey = link(&format!("/journeys/{key}"));
        let people = |figure: &str| link(&format!("/journeys/{key}/people?figure={}", percent_encoded(figure)));
        let findings = cards(&self.found, None, &self.definition, &people)
            .into_iter()
            .take(FINDINGS)
            .map(|c| (c.title, c.ratio, if opens_people { c.people } else { journey.clone() }))
            .collect();
        let calls: Vec<CallLine> = self.rows.iter().map(|(p, row)| self.call(p, row, link)).collect();
        let mut changed = sentences(&self.news, &self.workspace.currency, zone);
        for sentence in &mut changed {
            sentence.people = if opens_people { link(&sentence.people) } else { String::new() };
        }
        let ask = |figure: &str, most: u64| {
            let path = format!("/journeys/{key}/ask?figure={}&most={most}", percent_encoded(figure));
            opens_people.then(|| link(&path))
        };
        let waits = self.waits.iter().map(|w| Wait { words: w.words.clone(), href: link(&w.href) }).collect();
        Brief {
            until: format::minute(self.calls.end, zone),
            others: self.calls.total.saturating_sub(calls.len() as u64),
            changed,
            steady: steady(&self.news),
            told: self.told(&people),
            everybody: people("worth-calling"),
            ask: ask("worth-calling", 0).unwrap_or_default(),
            unknown: unknown(self, &ask),
            calls,
            findings,
            waits,
            journey,
            opens_people,
        }
    }

    fn call(&self, person: &WorthCalling, row: &CustomerRow, link: &dyn Fn(&str) -> String) -> CallLine {
        let name = name_of(row);
        let reach = row
            .identifiers
            .iter()
            .filter(|i| matches!(i.kind.as_str(), "phone" | "email") && i.value != name)
            .map(|i| i.value.clone())
            .collect::<Vec<_>>();
        let spent = Currency::new(&person.currency)
            .map(|currency| format::money(&Money { minor: person.spent, currency }))
            .unwrap_or_default();
        CallLine {
            href: link(&format!("/customers/{:016x}", row.id)),
            name,
            reach: reach.join(" · "),
            why: person.reasons.iter().map(|r| sentence(&self.reason(*r))).collect(),
            spent,
        }
    }

    fn reason(&self, reason: CallReason) -> String {
        let days = |n: u32| match n {
            0 => "today".to_owned(),
            n => format!("{} ago", format::counted(n.into(), "day", "days")),
        };
        match reason {
            CallReason::Overdue { rule, days: n } => {
                let kind = self.definition.promises.get(rule as usize).map_or("promise", |p| p.kind.as_str());
                match n {
                    0 => format!("waits for what was promised ({kind}) until today"),
                    n => format!(
                        "waits for what was promised ({kind}): {} overdue",
                        format::counted(n.into(), "day", "days")
                    ),
                }
            }
            CallReason::Unhappy { days: n } => format!("was unhappy {}, and nobody has turned to them since", days(n)),
            CallReason::Met { outcome, days: n } => {
                let word = self.definition.outcomes.get(outcome as usize).map_or("", |o| o.name.as_str());
                format!("{word}: {}, and nobody has turned to them since", days(n))
            }
            CallReason::StaysAway { times, days: n } => {
                let usual = self.calls.usual_days.unwrap_or_default();
                format!(
                    "came {}, the last time {}; eight of ten who come back do so within {}",
                    format::counted(times.into(), "time", "times"),
                    days(n),
                    format::counted(usual.into(), "day", "days")
                )
            }
        }
    }

    /// The designed outcomes with how often they came about.
    fn told(&self, people: &dyn Fn(&str) -> String) -> Vec<Told> {
        let unit = self.definition.subject.as_deref().unwrap_or("journey");
        let each = self.definition.outcomes.iter().filter_map(|outcome| {
            let (known, bad) = *self.found.units.get(&outcome.key)?;
            let share = Share { events: bad, n: known }.estimate()?;
            Some(Told {
                what: sentence(&outcome.name),
                share: format!("{} ({})", format::percent(share.value), format::percent_interval(&share)),
                words: format!("{} of {}", format::count(bad), format::counted(known, unit, &format!("{unit}s"))),
                href: people(&format!("outcome.{}", outcome.key)),
            })
        });
        each.collect()
    }
}
