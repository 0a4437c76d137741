//! What the data cannot tell, and what would settle it: how many answers, by a formula that is said.

use super::brief::Facts;
use super::frame::sentence;
use super::news_words::untold;
use crate::format;
use throughline_value::planning::{answers_for_share, needed_to_tell_apart};

/// A share is worth telling when it is known to so much, either way.
const REACH: f64 = 0.1;
/// The share of unhappy answers where too few have come to go by.
const USUALLY_UNHAPPY: f64 = 0.15;
/// So many answers are enough to go by.
const FEW: u64 = 20;
/// Of so many who are asked, about one answers.
const ASKED_PER_ANSWER: u64 = 7;

/// Something that cannot be known yet.
pub(crate) struct Unknown {
    pub(crate) what: String,
    pub(crate) settles: String,
    /// Why it is so many.
    pub(crate) formula: String,
    /// Where customers can be asked, if answers settle it.
    pub(crate) ask: Option<String>,
}

/// What the data cannot tell. `ask` gives the page on which customers of a figure are asked, at most
/// so many.
pub(super) fn unknown(facts: &Facts, ask: &dyn Fn(&str, u64) -> Option<String>) -> Vec<Unknown> {
    let mut all = Vec::new();
    let mut put = |what: String, settles: String, formula: String, ask: Option<String>| {
        all.push(Unknown { what: sentence(&what), settles: sentence(&settles), formula, ask });
    };
    let asking = |more: u64| ask("started", more.saturating_mul(ASKED_PER_ANSWER));
    let answers = facts.map.answered.instances;
    let share = match answers {
        n if n >= FEW => facts.map.dissatisfied.instances as f64 / n as f64,
        _ => USUALLY_UNHAPPY,
    };
    let so_far = match answers {
        0 => "nobody has been asked".to_owned(),
        n => format!("{} so far", format::counted(n, "answer", "answers")),
    };

    // At a half, where it takes most, so that the number holds whatever comes.
    let needed = answers_for_share(0.5, REACH);
    if answers < needed {
        let more = needed - answers;
        put(
            "how many are unhappy, to about ten points".to_owned(),
            format!("{so_far}; about {} would tell", format::counted(more, "more answer", "more answers")),
            format!(
                "{needed} answers know any share to ±10 points with 95 % confidence (Wilson’s interval at a half)."
            ),
            asking(more),
        );
    }
    if let Some((met, known)) = late(facts)
        && let Some(needed) = answers_to_blame(share, met, known)
        && answers < needed
    {
        let more = needed - answers;
        put(
            "whether a promise that is not kept makes customers unhappy twice as often".to_owned(),
            format!("{so_far}; about {} would tell", format::counted(more, "more answer", "more answers")),
            format!(
                "Two groups, {} and {}, of whom {} and {} would be unhappy: {needed} answers show that 8 times in 10 with 5 % error (Fleiss, Levin & Paik 2003, 4.19).",
                format::percent(met as f64 / known as f64),
                format::percent(1.0 - met as f64 / known as f64),
                format::percent(2.0 * share),
                format::percent(share)
            ),
            asking(more),
        );
    }
    for (designed, stage) in facts.definition.stages.iter().zip(&facts.map.stages) {
        if let Some(event) = designed.events.first()
            && !stage.measured
            && !designed.next_instance
            && !designed.optional
        {
            put(
                format!("whether customers get as far as “{}”", stage.name),
                format!("no “{event}” has arrived; a file or a sender that tells it would settle this"),
                String::new(),
                None,
            );
        }
    }
    let promised: u64 = facts.map.promises.iter().map(|p| p.readings.first().map_or(0, |r| r.promised.instances)).sum();
    if promised == 0 && !facts.definition.promises.is_empty() {
        put(
            "whether promises are kept".to_owned(),
            "no interaction says until when something was promised; a column with that day would".to_owned(),
            String::new(),
            None,
        );
    }
    let unseen =
        facts.definition.outcomes.iter().filter(|o| !o.events.is_empty() && !facts.found.units.contains_key(&o.key));
    let unseen: Vec<String> = unseen.map(|o| format!("{} (no “{}” has arrived)", o.name, o.events[0])).collect();
    if !unseen.is_empty() {
        put(
            format!("who was {}", unseen.join(" or ")),
            "a file or a sender that tells it would settle this; if it never happened, nothing is missing".to_owned(),
            String::new(),
            None,
        );
    }
    if facts.calls.usual_days.is_none() {
        let missing = 30_u64.saturating_sub(facts.calls.returns);
        put(
            "after how many days customers usually come back".to_owned(),
            format!(
                "{} so far; {} more would tell",
                format::counted(facts.calls.returns, "return", "returns"),
                format::count(missing)
            ),
            "Thirty returns, and thirty customers who are still followed, are the fewest from which the day is read off the curve (Kaplan–Meier).".to_owned(),
            None,
        );
    }
    let untold = untold(&facts.news);
    if !untold.is_empty() {
        put(
            "whether this week differs from others".to_owned(),
            format!(
                "too few cases or whole weeks of {untold}; six weeks before the last one, and five cases a week, \
                 would tell"
            ),
            String::new(),
            None,
        );
    }
    all
}

/// Of the first promise whose fate is known: how often it was not kept, and of how many.
fn late(facts: &Facts) -> Option<(u64, u64)> {
    let readings = facts.map.promises.iter().filter_map(|p| p.readings.first());
    let fates = readings.map(|r| {
        let met = r.broken.instances + r.not_delivered.instances;
        (met, met + r.kept.instances)
    });
    fates.into_iter().find(|(met, known)| *met > 0 && met < known)
}

/// Answers in all with which a doubled risk shows, where so many of so many are exposed.
fn answers_to_blame(share: f64, exposed: u64, known: u64) -> Option<u64> {
    let ratio = (known - exposed) as f64 / exposed as f64;
    let first = needed_to_tell_apart(2.0 * share, share, ratio)?;
    Some((first as f64 * (1.0 + ratio)).ceil() as u64)
}
