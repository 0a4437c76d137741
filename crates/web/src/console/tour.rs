//! The tour of the demo: four steps from where it hurts to what came of doing something. Its state is
//! `?tour=` in the address, so it works without scripts, can be left at any step and shared.

use super::findings_view::{Card, cards, title};
use super::frame::percent_encoded;
use crate::accounts::{Initiative, initiatives};
use crate::errors::Problem;
use crate::format;
use crate::guard::{Visit, Who};
use crate::state::Web;
use throughline_journeys::Definition;
use throughline_journeys::pain_points::Findings;

/// Key of the demo's own workspace: a brand of one's own has no tour.
const SHOP: &str = "northwind";

/// The panel on a page.
pub(crate) struct Tour {
    /// 1–4.
    pub(crate) step: usize,
    pub(crate) steps: Vec<Step>,
    pub(crate) head: String,
    pub(crate) words: Vec<String>,
    /// A name and what is said of it.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The page without the panel.
    pub(crate) close: String,
}

/// One of the four.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) href: String,
    pub(crate) is_here: bool,
}

impl Tour {
    /// The panel, if the visitor takes the tour.
    pub(crate) async fn of(web: &Web, visit: &Visit) -> Result<Option<Self>, Problem> {
        let Some(step) = is_offered(visit).then(|| step_of(visit)).flatten() else { return Ok(None) };
        let workspace = visit.workspace()?.id;
        let known = web
            .ask(move |e| {
                let Some(journey) = e.journeys(workspace)?.into_iter().next() else { return Ok(None) };
                let found = e.pain_points(workspace, &journey.key)?;
                let map = e.map(workspace, &journey.key)?;
                let somebody = match chosen(&found) {
                    Some(f) => e.pain_point_person(workspace, &journey.key, f.key, f.outcome)?,
                    None => None,
                };
                let tried = initiatives(e.store(), workspace)?.into_iter().find(|i| i.journey == journey.key);
                Ok(Some((journey, found, map.started.instances, somebody, tried)))
            })
            .await?;
        let Some((journey, found, started, somebody, tried)) = known else { return Ok(None) };
        let path = visit.link(&format!("/journeys/{}/people", journey.key));
        let people = |figure: &str| {
            format!("{path}{}figure={}", if path.contains('?') { '&' } else { '?' }, percent_encoded(figure))
        };
        let all = cards(&found, None, &journey, &people);
        // The one that explains most, as `chosen`.
        let card = chosen(&found).and_then(|f| all.iter().find(|c| c.title == title(&f.name, &journey)));
        let map = format!("/journeys/{}", journey.key);
        let behind = card.map_or_else(|| visit.link(&map), |c| c.people.clone());
        let story = somebody.map_or_else(|| behind.clone(), |id| visit.link(&format!("/customers/{id:016x}")));
        let last = tried.as_ref().map_or(behind, |i| visit.link(&format!("/initiatives/{}", i.id)));
        let pages = [visit.link(&map), visit.link(&map), story, last];
        let names = ["Where it hurts", "How sure it is", "Whom it hurt", "What helped"];
        let steps = names.into_iter().zip(pages).enumerate().map(|(at, (name, page))| Step {
            name,
            href: with_step(&page, at + 1),
            is_here: at + 1 == step,
        });
        let (head, words, facts) = match step {
            1 => where_it_hurts(started, card, &found),
            2 => how_sure(card, &journey, &found),
            3 => whom_it_hurt(card, somebody.is_some()),
            _ => what_helped(card, tried.as_ref()),
        };
        let close = without_step(visit.uri.path_and_query().map_or("/", |p| p.as_str()));
        Ok(Some(Self { step, steps: steps.collect(), head, words, facts, close }))
    }

    /// The way on, if there is one.
    pub(crate) fn next(&self) -> Option<&Step> {
        self.steps.get(self.step)
    }
}

/// Whether the visitor can take it.
pub(crate) fn is_offered(visit: &Visit) -> bool {
    matches!(visit.who, Who::Demo) && visit.chosen().is_some_and(|w| w.key == SHOP)
}

/// The first step's address on the page of a journey.
pub(crate) fn with_step(page: &str, step: usize) -> String {
    format!("{page}{}tour={step}", if page.contains('?') { '&' } else { '?' })
}

fn step_of(visit: &Visit) -> Option<usize> {
    let query = visit.uri.query()?;
    let step = query.split('&').find_map(|pair| pair.strip_prefix("tour="))?;
    step.parse().ok().filter(|step| (1..=4).contains(step))
}

fn without_step(address: &str) -> String {
    let Some((path, query)) = address.split_once('?') else { return address.to_owned() };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("tour=")).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// The finding that is told: the first one that explains another away, or the first.
fn chosen(found: &Findings) -> Option<&throughline_journeys::pain_points::Finding> {
    let own = || found.findings.iter().enumerate().filter(|(_, f)| f.shadow_of.is_none());
    let casts = |place: usize| found.findings.iter().any(|f| f.shadow_of == Some(place));
    own().find(|(place, _)| casts(*place)).or_else(|| own().next()).map(|(_, f)| f)
}

type Said = (String, Vec<String>, Vec<(&'static str, String)>);

fn where_it_hurts(started: u64, card: Option<&Card>, found: &Findings) -> Said {
    let mut words = vec![format!(
        "This is a made-up shop, and {} of its customers. Stages run across; below each stands how long it took, how it felt and what became of promises.",
        format::counted(started, "order", "orders")
    )];
    words.push(match card {
        Some(c) => format!(
            "Nobody told it where to look. Of {} comparisons it shows what is very unlikely to be chance; the numbers on the stages lead to it. Among them: {}.",
            format::count(found.tested as u64),
            c.title
        ),
        None => "While the shop streams in there is too little to say what hurts, and so nothing is said. Stay a minute.".to_owned(),
    });
    ("Where it hurts".to_owned(), words, Vec::new())
}

fn how_sure(card: Option<&Card>, journey: &Definition, found: &Findings) -> Said {
    let mut facts = Vec::new();
    let mut words = Vec::new();
    if let Some(c) = card {
        facts.push(("How much", format!("{}.", c.ratio)));
        facts.push(("Of how many", c.hover.clone()));
        facts.push(("How sure", format!("{}.", c.sure)));
        if !c.shadows.is_empty() {
            let names = c.shadows.iter().take(3).map(|s| s.0.as_str()).collect::<Vec<_>>().join(", ");
            facts.push((
                "Not to blame",
                format!("{names}: looks as bad from afar, and no longer does once this one is known. It stands in its shadow."),
            ));
        }
    }
    match found.undecided.first() {
        Some(u) => facts.push((
            "We cannot tell yet",
            format!(
                "{}: anything from {}× to {}× as often, and only {} met it. So no page says that it hurts.",
                title(&u.name, journey),
                format::decimal(u.low, 1),
                format::decimal(u.high, 1),
                format::counted(u.exposed, "order", "orders")
            ),
        )),
        None => {
            words.push("What cannot be told from chance is not shown; Today lists what cannot be known yet.".to_owned())
        }
    }
    (card.map_or_else(|| "Nothing to be sure of yet".to_owned(), |c| c.title.clone()), words, facts)
}

fn whom_it_hurt(card: Option<&Card>, is_there: bool) -> Said {
    let words = match card.filter(|_| is_there) {
        Some(c) => vec![
            format!("Every number opens the people behind it. This is one of {}: “{}”.", c.customers, c.title),
            "One column of time over all channels: what they did, what they were promised and when it came, what they said.".to_owned(),
        ],
        None => vec!["Nobody is behind a finding yet. Stay a minute.".to_owned()],
    };
    ("One customer’s story".to_owned(), words, Vec::new())
}

fn what_helped(card: Option<&Card>, tried: Option<&Initiative>) -> Said {
    let Some(c) = card else {
        let words = vec!["Nothing was found that one could do something about yet.".to_owned()];
        return ("Do something about it".to_owned(), words, Vec::new());
    };
    let Some(tried) = tried else {
        let words = vec![format!(
            "These are {}. Give them to somebody as a follow-up until a day, or take them along as a file.",
            c.customers
        )];
        return ("Do something about it".to_owned(), words, Vec::new());
    };
    let words = vec![
        format!("On {} the shop did something: {}.", super::initiatives::shown_day(&tried.starts), tried.what),
        "Whom it hurt before and after stands side by side, with intervals, and whether those changed more who could be helped by it. It is called what it is: an association, because nobody drew lots.".to_owned(),
        format!("Against any other finding you do the same: its people as a follow-up with a day, as a file, with a question, or an initiative of your own. Behind “{}” are {}.", c.title, c.customers),
    ];
    ("What helped".to_owned(), words, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_comes_and_goes() {
        let check = |address: &str, without: &str| assert_eq!(without_step(address), without);
        check("/journeys/a?tour=2", "/journeys/a");
        check("/journeys/a?figure=x&tour=3&page=2", "/journeys/a?figure=x&page=2");
        check("/today", "/today");
        assert_eq!(with_step("/a?workspace=w", 2), "/a?workspace=w&tour=2");
        assert_eq!(with_step("/a", 1), "/a?tour=1");
    }
}
