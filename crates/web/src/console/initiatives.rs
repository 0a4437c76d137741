//! What is tried against a pain point: the list, a new one, one of them with what changed, its end.

use super::findings_view::title;
use super::follow_ups::Assigning;
use super::frame::{Frame, Room, page, percent_encoded, sentence};
use super::initiative_view::{View, view};
use crate::accounts::{
    Aim, Initiative, InitiativeState, begin_initiative, change_initiative, initiative, initiatives, note,
};
use crate::errors::Problem;
use crate::figures::{self, pain_name, parse_figure};
use crate::format;
use crate::guard::{Signed, Visit};
use crate::state::Web;
use crate::texts;
use crate::view::{AskedPart, joined, met_query, met_words};
use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use serde::Deserialize;
use throughline_interactions::{Currency, Money, Timestamp, WorkspaceId, Zone};
use throughline_journeys::Definition;
use throughline_journeys::pain_points::{Findings, Outcome};
use throughline_pipeline::{Asked, Engine, EngineError, Met, View as Looked};

/// Days of an initiative, unless somebody says otherwise.
const USUAL_DAYS: i64 = 56;

#[derive(Template)]
#[template(path = "initiatives.html")]
struct InitiativesPage {
    frame: Frame,
    lines: Vec<Line>,
    findings: Vec<(String, String)>,
}

/// One line of the list.
struct Line {
    href: String,
    what: String,
    title: String,
    owner: String,
    when: String,
    cost: String,
    state: &'static str,
}

/// Lists them, those that are running first.
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let id = workspace.id;
    let all = web.accounts(move |s| initiatives(s, id)).await?;
    let frame = Frame::new(&web, visit, Room::Initiatives, "Initiatives").await?;
    let lines = all.iter().map(|i| Line {
        href: frame.to(format!("/initiatives/{}", i.id)),
        what: i.what.clone(),
        title: i.title.clone(),
        owner: i.owner.clone(),
        when: format!("{} – {}", shown_day(&i.starts), shown_day(&i.ends)),
        cost: cost(i.cost, &workspace.currency),
        state: i.state.as_str(),
    });
    let lines = lines.collect();
    // Where there is none yet, what one could be about stands there instead.
    let findings = match all.is_empty() && frame.acts() {
        true => {
            let found = web
                .ask(move |e| match e.journeys(id)?.into_iter().next() {
                    Some(journey) => Ok(Some((e.pain_points(id, &journey.key)?, journey))),
                    None => Ok(None),
                })
                .await?;
            found.map_or_else(Vec::new, |(found, journey)| about(&found, &journey, &frame))
        }
        false => Vec::new(),
    };
    page(&InitiativesPage { frame, lines, findings })
}

/// The findings that stand by themselves, each pain point once, with the way to a new initiative.
fn about(found: &Findings, journey: &Definition, frame: &Frame) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    let own = found.findings.iter().filter(|f| f.shadow_of.is_none());
    let each = own.filter(|f| {
        let is_new = !keys.contains(&f.key);
        keys.push(f.key);
        is_new
    });
    each.take(5)
        .map(|f| {
            let path = format!("/initiatives/new?journey={}&figure={}", journey.key, percent_encoded(&pain_name(f)));
            (title(&f.name, journey), frame.to(path))
        })
        .collect()
}

pub(super) fn cost(minor: i64, currency: &str) -> String {
    match (minor, Currency::new(currency)) {
        (0, _) | (_, Err(_)) => "–".to_owned(),
        (minor, Ok(currency)) => format::money(&Money { minor, currency }),
    }
}

/// `1 Mar 2026`; the day as it stands where it is none.
pub(super) fn shown_day(iso: &str) -> String {
    iso.parse::<Date>().map_or_else(|_| iso.to_owned(), |d| d.strftime("%-d %b %Y").to_string())
}

#[derive(Template)]
#[template(path = "initiative_new.html")]
struct NewPage {
    frame: Frame,
    journey: Definition,
    figure: String,
    /// Those it is about, as the form gives them back: the name of the field and what stands in it.
    met: Option<(&'static str, String)>,
    title: String,
    assigning: Assigning,
    currency: String,
    typed: Typed,
    picks: Vec<Pick>,
    fault: String,
}

/// A share that can come down.
struct Pick {
    value: &'static str,
    words: String,
    /// What it was before, in words; empty for nobody.
    before: String,
    is_chosen: bool,
}

/// What stands in the fields.
#[derive(Default)]
struct Typed {
    what: String,
    cost: String,
    aim: String,
    target: String,
    starts: String,
    ends: String,
}

#[derive(Clone, Deserialize)]
pub(crate) struct About {
    journey: String,
    figure: String,
    #[serde(skip)]
    met: Option<Met>,
}

/// Shows the form for a new one about a pain point.
pub(crate) async fn new(
    State(web): State<Web>,
    visit: Visit,
    query: Result<Query<About>, QueryRejection>,
    part: Result<Query<AskedPart>, QueryRejection>,
) -> Result<Response, Problem> {
    let (Query(about), Query(part)) = (query?, part?);
    let about = About { met: part.met()?, ..about };
    show_new(&web, visit, about, Typed::default(), "").await
}

/// What an initiative can be about, read from its names.
struct Subject {
    journey: Definition,
    title: String,
    asked: Asked,
    outcome: Outcome,
}

fn subject(e: &Engine, workspace: WorkspaceId, about: &About) -> Result<Subject, EngineError> {
    let About { journey, figure, met } = about;
    let missing = || EngineError::NotFound(format!("pain point `{figure}` in journey `{journey}`"));
    let journey = e.journeys(workspace)?.into_iter().find(|d| d.key == *journey).ok_or_else(missing)?;
    let Some(figures::Asked::Pain(key, outcome)) = parse_figure(&journey, figure) else { return Err(missing()) };
    let view = Looked { met: met.clone(), ..Looked::default() };
    let found = e.pain_points_within(workspace, &journey.key, &view)?;
    let finding = found.findings.iter().find(|f| f.key == key && f.outcome == outcome).ok_or_else(missing)?;
    // `Late delivery (carrier dhl)`, `Late delivery (not carrier dhl)`.
    let of = met.as_ref().map_or_else(String::new, |met| format!(" ({})", met_words(met)));
    let title = title(&finding.name, &journey) + &of;
    let asked = Asked { journey: journey.key.clone(), key, outcome, start: 0, days: 0, met: met.clone() };
    Ok(Subject { journey, title, asked, outcome })
}

async fn show_new(web: &Web, visit: Visit, about: About, typed: Typed, fault: &str) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let id = workspace.id;
    let figure = about.figure.clone();
    let met =
        about.met.as_ref().map(|m| (if m.with { "only" } else { "without" }, format!("{}={}", m.dimension, m.value)));
    let zone = Zone::new(&workspace.zone).ok();
    let now = web.now();
    let (subject, effect) = web
        .ask(move |e| {
            let subject = subject(e, id, &about)?;
            // What the shares were in the weeks before now: the target is chosen beside them.
            let end = e.worth_calling(id, &subject.journey.key)?.end;
            let asked = Asked { start: end.0.min(now.0), days: USUAL_DAYS as u32, ..subject.asked.clone() };
            let effect = e.effect(id, &asked)?;
            Ok((subject, effect))
        })
        .await?;
    let frame = Frame::new(web, visit, Room::Initiatives, "A new initiative").await?;
    let assigning = Assigning::new(web, &frame, subject.title.clone(), 0).await?;
    let of = |aim: Aim| match aim {
        Aim::Exposure => effect.effect.exposure.before,
        Aim::Exposed => effect.effect.exposed.before,
        Aim::Overall => effect.effect.overall.before,
    };
    let share = |aim: Aim| of(aim).estimate().map(|e| e.value);
    let typed = match typed.starts.is_empty() {
        false => typed,
        true => {
            let today = now;
            Typed {
                aim: Aim::Exposure.as_str().to_owned(),
                // Half of what it was: a fall that a few weeks can show.
                target: share(Aim::Exposure).map_or_else(String::new, |s| format::decimal(s * 50.0, 1)),
                starts: format::iso_day(today, zone.as_ref()),
                ends: format::iso_day(Timestamp(today.0 + USUAL_DAYS * 86_400_000_000), zone.as_ref()),
                ..typed
            }
        }
    };
    let word = subject.outcome.word(&subject.journey);
    let pick = |aim: Aim| Pick {
        value: aim.as_str(),
        words: sentence(&aim_words(aim, word)),
        before: share(aim).map_or_else(String::new, |s| format!("{} in the weeks before", format::percent(s))),
        is_chosen: typed.aim == aim.as_str(),
    };
    page(&NewPage {
        picks: Aim::ALL.into_iter().map(pick).collect(),
        journey: subject.journey,
        figure,
        met,
        title: subject.title,
        assigning,
        currency: workspace.currency,
        typed,
        fault: sentence(fault),
        frame,
    })
}

/// Begins one.
pub(crate) async fn create(State(web): State<Web>, visit: Visit, form: Signed) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let field = |name: &str, most: usize| form.get(name).trim().chars().take(most).collect::<String>();
    let met = AskedPart::of(field("only", 400), field("without", 400)).met()?;
    let about = About { journey: field("journey", 60), figure: field("figure", 200), met };
    let typed = Typed {
        what: field("what", 500),
        cost: field("cost", 40),
        aim: field("aim", 20),
        target: field("target", 20),
        starts: field("starts", 10),
        ends: field("ends", 10),
    };
    let owner = field("owner", 200);
    let made = match read(&typed, &owner, &workspace.currency) {
        Ok(made) => made,
        Err(fault) => return show_new(&web, visit, about, typed, fault).await,
    };
    let (id, of) = (workspace.id, about.clone());
    let subject = web.ask(move |e| subject(e, id, &of)).await?;
    let today = format::iso_day(web.now(), Zone::new(&workspace.zone).ok().as_ref());
    let state = if typed.starts <= today { InitiativeState::Running } else { InitiativeState::Planned };
    let made = Initiative {
        id: 0,
        workspace: workspace.id,
        title: subject.title,
        what: typed.what,
        owner,
        cost: made.cost,
        journey: about.journey,
        figure: about.figure,
        met: about.met,
        aim: made.aim,
        target: made.target,
        starts: typed.starts,
        ends: typed.ends,
        state,
        created_at: web.now(),
        created_by: visit.name(),
        changed_at: web.now(),
        changed_by: visit.name(),
    };
    let entry = visit.act(web.now(), "began an initiative", format!("{}: {}", made.title, made.what));
    let kept = web
        .accounts(move |s| {
            s.write(|tx| {
                let id = begin_initiative(tx, &made)?;
                note(tx, &entry)?;
                Ok(id)
            })
        })
        .await?;
    Ok(Redirect::to(&visit.link(&format!("/initiatives/{kept}"))).into_response())
}

/// What a form says, of the right type.
struct Read {
    cost: i64,
    aim: Aim,
    target: f64,
}

fn read(typed: &Typed, owner: &str, currency: &str) -> Result<Read, &'static str> {
    let (Ok(starts), Ok(ends)) = (typed.starts.parse::<Date>(), typed.ends.parse::<Date>()) else {
        return Err(texts::BAD_DUE);
    };
    let days = starts.duration_until(ends).as_hours() / 24;
    if !(7..=1_830).contains(&days) {
        return Err(texts::BAD_END);
    }
    if typed.what.is_empty() || owner.is_empty() {
        return Err(texts::BAD_INITIATIVE);
    }
    let aim = Aim::new(&typed.aim).ok_or(texts::BAD_INITIATIVE)?;
    let target = typed.target.trim_end_matches('%').trim().replace(',', ".").parse::<f64>();
    let target = target.ok().filter(|t| (0.0..=100.0).contains(t)).ok_or(texts::BAD_TARGET)? / 100.0;
    let cost = match typed.cost.is_empty() {
        true => 0,
        false => {
            let currency = Currency::new(currency).map_err(|_| texts::BAD_COST)?;
            let plain: String = typed.cost.chars().filter(|c| !c.is_whitespace()).collect();
            let money = Money::from_decimal(&plain.replace(',', "."), currency).map_err(|_| texts::BAD_COST)?;
            money.minor
        }
    };
    if cost < 0 {
        return Err(texts::BAD_COST);
    }
    Ok(Read { cost, aim, target })
}

#[derive(Template)]
#[template(path = "initiative.html")]
struct InitiativePage {
    frame: Frame,
    of: Initiative,
    cost: String,
    starts: String,
    ends: String,
    aim: String,
    target: String,
    view: View,
    /// The ways on: the name of the state and the word on the button.
    ways: Vec<(&'static str, &'static str)>,
    pain: String,
    changed: String,
}

/// Shows one with what changed since it began.
pub(crate) async fn show(State(web): State<Web>, visit: Visit, Path(number): Path<u64>) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let id = workspace.id;
    let of = web.accounts(move |s| initiative(s, id, number)).await?;
    let of = of.ok_or_else(|| Problem::NotFound(texts::NO_SUCH_INITIATIVE.to_owned()))?;
    let zone = Zone::new(&workspace.zone).ok();
    let (journey, figure) = (of.journey.clone(), of.figure.clone());
    let (start, days) = window(&of, zone.as_ref());
    let met = of.met.clone();
    let (definition, answered) = web
        .ask(move |e| {
            let missing = || EngineError::NotFound(format!("journey `{journey}`"));
            let definition = e.journeys(id)?.into_iter().find(|d| d.key == journey).ok_or_else(missing)?;
            let Some(figures::Asked::Pain(key, outcome)) = parse_figure(&definition, &figure) else {
                return Err(EngineError::NotFound(format!("pain point `{figure}` in journey `{journey}`")));
            };
            let asked = Asked { journey, key, outcome, start, days, met };
            let answered = e.effect(id, &asked)?;
            Ok(((definition, outcome), answered))
        })
        .await?;
    let (definition, outcome) = definition;
    let frame = Frame::new(&web, visit, Room::Initiatives, of.what.clone()).await?;
    let word = outcome.word(&definition);
    let people = |figure: &str| {
        let path = frame.to(format!("/journeys/{}/people", of.journey));
        let figure = percent_encoded(figure);
        let query = joined(&format!("figure={figure}"), &of.met.as_ref().map_or_else(String::new, met_query));
        format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' })
    };
    let view = view(&of, &answered, (start, days), word, &workspace.currency, zone.as_ref(), &people);
    let ways = of.state.next().iter().map(|s| (s.as_str(), button(*s))).collect();
    page(&InitiativePage {
        cost: cost(of.cost, &workspace.currency),
        starts: shown_day(&of.starts),
        ends: shown_day(&of.ends),
        aim: aim_words(of.aim, word),
        target: format::percent(of.target),
        pain: people(&of.figure),
        changed: format!("{} by {}", format::day(of.changed_at, zone.as_ref()), of.changed_by),
        view,
        ways,
        of,
        frame,
    })
}

fn button(state: InitiativeState) -> &'static str {
    match state {
        InitiativeState::Planned => "Plan it",
        InitiativeState::Running => "Start it today",
        InitiativeState::Ended => "End it",
        InitiativeState::Stopped => "Stop it",
    }
}

/// The share that is to come down, in words.
pub(super) fn aim_words(aim: Aim, word: &str) -> String {
    match aim {
        Aim::Exposure => "customers who meet it".to_owned(),
        Aim::Exposed => format!("{word}, of those who meet it"),
        Aim::Overall => format!("{word}, of all"),
    }
}

/// The first moment of its first day, and how many days it lasts.
fn window(of: &Initiative, zone: Option<&Zone>) -> (i64, u32) {
    let zone = zone.map_or(jiff::tz::TimeZone::UTC, |z| z.time_zone().clone());
    let moment = |day: &str| day.parse::<Date>().ok().and_then(|d| d.to_zoned(zone.clone()).ok());
    let start = moment(&of.starts).map_or(0, |z| z.timestamp().as_microsecond());
    let days = match (of.starts.parse::<Date>(), of.ends.parse::<Date>()) {
        (Ok(from), Ok(to)) => from.duration_until(to).as_hours() / 24,
        _ => USUAL_DAYS,
    };
    (start, u32::try_from(days).unwrap_or(1).max(1))
}

/// Starts, ends or stops one.
pub(crate) async fn change(
    State(web): State<Web>,
    visit: Visit,
    Path(number): Path<u64>,
    form: Signed,
) -> Result<Response, Problem> {
    let workspace = visit.workspace()?.clone();
    let (id, at, by) = (workspace.id, web.now(), visit.name());
    let of = web.accounts(move |s| initiative(s, id, number)).await?;
    let of = of.ok_or_else(|| Problem::NotFound(texts::NO_SUCH_INITIATIVE.to_owned()))?;
    let to = InitiativeState::new(form.get("state")).filter(|to| of.state.next().contains(to));
    let to = to.ok_or_else(|| Problem::Refused(texts::INITIATIVE_IS_OVER.to_owned()))?;
    let entry = visit.act(at, &format!("set an initiative to {}", to.as_str()), format!("{}: {}", of.title, of.what));
    let day = format::iso_day(at, Zone::new(&workspace.zone).ok().as_ref());
    let done = web
        .accounts(move |s| {
            s.write(|tx| {
                let done = change_initiative(tx, &of, to, &day, &by, at)?;
                if done {
                    note(tx, &entry)?;
                }
                Ok(done)
            })
        })
        .await?;
    match done {
        true => Ok(Redirect::to(&visit.link(&format!("/initiatives/{number}"))).into_response()),
        false => Err(Problem::Refused(texts::INITIATIVE_IS_OVER.to_owned())),
    }
}
