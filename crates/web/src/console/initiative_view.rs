//! What an initiative changed, in words: shares before and after with their intervals, the verdict
//! or why there is none yet, and money.

use super::findings_view::{amount, amounts, horizon};
use super::frame::sentence;
use super::initiatives::aim_words;
use crate::accounts::{Aim, Initiative};
use crate::figures::effect_name;
use crate::format;
use throughline_interactions::{Timestamp, Zone};
use throughline_journeys::pain_points::Revenue;
use throughline_journeys::{Change, Part};
use throughline_pipeline::Answered;
use throughline_value::Estimate;
use throughline_value::planning::needed_against;
use throughline_value::shares::Share;

const DAY: i64 = 86_400_000_000;

/// What stands on the page.
pub(crate) struct View {
    /// In a sentence, and what makes it so.
    pub(crate) verdict: String,
    pub(crate) why: String,
    /// `high` for better, `low` for worse, nothing otherwise.
    pub(crate) mood: &'static str,
    pub(crate) rows: Vec<Row>,
    /// The difference in differences, with its interval; empty where it cannot be told.
    pub(crate) beyond: String,
    /// Lines about money.
    pub(crate) money: Vec<String>,
    /// How it was counted.
    pub(crate) counted: String,
}

/// One share, before and after.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) is_aim: bool,
    pub(crate) before: Side,
    pub(crate) after: Side,
    /// `−4.1 points, −6.0–−2.2`; empty where it cannot be told.
    pub(crate) difference: String,
    /// Places of the drawing, 0–100.
    pub(crate) target: Option<String>,
}

/// One side of a row.
pub(crate) struct Side {
    /// `12 %`; a dash for nobody.
    pub(crate) share: String,
    pub(crate) interval: String,
    /// `34 of 280`, and whom that is.
    pub(crate) words: String,
    pub(crate) href: String,
    /// Places of the drawing, 0–100: the interval and the share.
    pub(crate) plot: Option<(String, String, String)>,
}

/// Puts it into words. `window` is the first moment and the days; `word` is what whoever had the
/// outcome is; `people` gives the address of a figure's people.
pub(crate) fn view(
    of: &Initiative,
    answered: &Answered,
    window: (i64, u32),
    word: &str,
    currency: &str,
    zone: Option<&Zone>,
    people: &dyn Fn(&str) -> String,
) -> View {
    let effect = &answered.effect;
    let all = [
        (Aim::Exposure, Part::Exposure, &effect.exposure),
        (Aim::Exposed, Part::Exposed, &effect.exposed),
        (Aim::Overall, Part::Overall, &effect.overall),
    ];
    let aimed = all.iter().find(|(aim, ..)| *aim == of.aim).map_or(&effect.exposure, |(.., change)| *change);
    let widest = [&effect.exposure, &effect.exposed, &effect.unexposed, &effect.overall]
        .iter()
        .flat_map(|c| [c.before.estimate(), c.after.estimate()])
        .flatten()
        .map(|e| e.high)
        .fold(of.target, f64::max)
        .max(0.05);
    let place = |share: f64| format!("{:.1}", (share / widest * 100.0).clamp(0.0, 100.0));
    let side = |share: Share, is_after: bool, part: Part| {
        let estimate = share.estimate();
        Side {
            share: estimate.map_or_else(|| "–".to_owned(), |e| format::percent(e.value)),
            interval: estimate.map_or_else(String::new, |e| format::percent_interval(&e)),
            words: format!("{} of {}", format::count(share.events), format::count(share.n)),
            href: people(&effect_name(&of.figure, window.0, window.1, is_after, part)),
            plot: estimate.map(|e| (place(e.low), place(e.value), place(e.high))),
        }
    };
    let row = |name: String, aim: Option<Aim>, part: Part, change: &Change| Row {
        name: sentence(&name),
        is_aim: aim == Some(of.aim),
        before: side(change.before, false, part),
        after: side(change.after, true, part),
        difference: change.difference.as_ref().map_or_else(String::new, points),
        target: (aim == Some(of.aim)).then(|| place(of.target)),
    };
    let mut rows: Vec<Row> =
        all.iter().map(|(aim, part, change)| row(aim_words(*aim, word), Some(*aim), *part, change)).collect();
    rows.insert(2, row(format!("{word}, of those who do not meet it"), None, Part::Unexposed, &effect.unexposed));
    let Told { verdict, why, mood } = verdict(of, answered, aimed, window, zone);
    View {
        verdict,
        why,
        mood,
        rows,
        beyond: effect.beyond_others.as_ref().map_or_else(String::new, points),
        money: money(of, answered, aimed, currency),
        counted: format!(
            "Either window has {}, and a customer counts once in each, with the first start there. Customers are followed for {} to see whether they meet it, and for {} to see how it ends; those who started too late for that are left out. Intervals are of 95 %: Wilson’s for a share, Newcombe’s (1998) for a difference.",
            format::counted(effect.window_days.into(), "day", "days"),
            format::counted(effect.follow.exposure_days.into(), "day", "days"),
            format::counted(effect.follow.outcome_days.into(), "day", "days"),
        ),
    }
}

/// `−4.1 points (−6.0 to −2.2)`.
fn points(e: &Estimate) -> String {
    let e = e.times(100.0);
    format!(
        "{}\u{a0}points ({} to {})",
        format::signed(e.value, 1),
        format::signed(e.low, 1),
        format::signed(e.high, 1)
    )
}

struct Told {
    verdict: String,
    why: String,
    mood: &'static str,
}

fn told(verdict: impl Into<String>, why: impl Into<String>) -> Told {
    Told { verdict: verdict.into(), why: why.into(), mood: "" }
}

/// The last moment at which the aimed share of the whole window can be counted.
fn due(of: &Initiative, answered: &Answered, window: (i64, u32)) -> i64 {
    let follow = match of.aim {
        Aim::Exposure => answered.effect.follow.exposure_days,
        _ => answered.effect.follow.outcome_days,
    };
    window.0 + i64::from(window.1 + follow) * DAY
}

fn verdict(of: &Initiative, answered: &Answered, change: &Change, window: (i64, u32), zone: Option<&Zone>) -> Told {
    let day = |micros: i64| format::day(Timestamp(micros), zone);
    if answered.end.0 < window.0 {
        return told(
            format!("Nothing to compare yet: it begins on {}.", day(window.0)),
            format!("The data reach until {}.", day(answered.end.0)),
        );
    }
    let (Some(before), target) = (change.before.estimate(), of.target) else {
        return told(
            "There is nothing to compare with.",
            format!(
                "Of the {} before it began, nobody can be followed; a later start, or older data, would settle it.",
                format::counted(window.1.into(), "day", "days")
            ),
        );
    };
    let due = due(of, answered, window);
    let over = answered.end.0 >= due;
    let needed = match before.value > target {
        true => needed_against(before.value, target, change.before.n),
        false => None,
    };
    let aim = format!("from {} to {}", format::percent(before.value), format::percent(target));
    if over && let Some(d) = change.difference.filter(|d| !d.contains(0.0)) {
        let fell = d.value < 0.0;
        let (from, to) = (before.value, change.after.estimate().map_or(0.0, |e| e.value));
        return Told {
            verdict: format!(
                "It {} from {} to {}: {}.",
                if fell { "fell" } else { "rose" },
                format::percent(from),
                format::percent(to),
                points(&d)
            ),
            why: "This is an association, not a proof: whatever else changed at that time changed it too. Holding it back from some customers, drawn by lot, would prove it.".to_owned(),
            mood: if fell { "high" } else { "low" },
        };
    }
    let seen = change.after.n;
    match needed {
        None if before.value <= target => told(
            format!("The target is reached before it begins: {} already.", format::percent(before.value)),
            "A lower target, or another share, would tell more.",
        ),
        None => told(
            "We cannot tell, however long it runs.",
            format!(
                "Before it began, {} can be followed: too few to tell a fall {aim} from chance. A window of more days before would settle it, or a bolder target.",
                format::counted(change.before.n, "customer", "customers")
            ),
        ),
        Some(needed) if seen < needed => {
            let more = needed - seen;
            let by = by_day(answered, change, window, due, more);
            let late = by.is_none_or(|at| at > due);
            told(
                format!(
                    "We cannot tell yet: about {} more{}.",
                    format::counted(more, "customer", "customers"),
                    by.map_or_else(String::new, |at| format!(", by about {}", day(at)))
                ),
                format!(
                    "To tell a fall {aim} from chance takes about {} after the start (5 % error, 8 times in 10); {} can be followed so far.{}",
                    format::counted(needed, "customer", "customers"),
                    format::count(seen),
                    if late { " That is after its end: a later end would settle it, or a bolder target." } else { "" }
                ),
            )
        }
        Some(needed) if over => told(
            "No change that chance does not explain.",
            format!(
                "A fall {aim} would have shown with a chance of 8 in 10 among {}; {} were followed.",
                format::counted(needed, "customer", "customers"),
                format::count(seen)
            ),
        ),
        Some(_) => told(
            format!("Enough customers are in, but the verdict falls on {}.", day(due)),
            "Whoever looks every day and stops at the first good number finds one in most worlds where nothing changed. What is known so far stands below.",
        ),
    }
}

/// When so many more customers will have been followed, at the pace since the start.
fn by_day(answered: &Answered, change: &Change, window: (i64, u32), due: i64, more: u64) -> Option<i64> {
    let after = &answered.effect.windows[1];
    let follow = due - window.0 - i64::from(window.1) * DAY;
    let elapsed = (answered.end.0.min(window.0 + i64::from(window.1) * DAY) - window.0).max(DAY);
    if after.started == 0 {
        return None;
    }
    // Of those who start, so many can be counted in the end; by the pace before where nobody can yet.
    let [before, _] = answered.effect.windows;
    let counted = change.before.n as f64 / before.started.max(1) as f64;
    let pace = after.started as f64 * counted.clamp(0.01, 1.0) / elapsed as f64;
    let wait = change.after.n as f64 + more as f64;
    let at = window.0 as f64 + wait / pace + follow as f64;
    (at < 1e17).then_some((at as i64).max(answered.end.0 + DAY))
}

/// What it costs, what it saves and when it has paid for itself.
fn money(of: &Initiative, answered: &Answered, change: &Change, currency: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let [before, after] = answered.effect.windows;
    let of_window = |revenue: &Revenue, started: u64| match revenue {
        Revenue::Measured { horizon_days, total, .. } if started > 0 => {
            Some((*total, total.times(1.0 / started as f64), *horizon_days))
        }
        _ => None,
    };
    let why = |revenue: &Revenue| match revenue {
        Revenue::Unmeasured { reason } => reason.to_string(),
        Revenue::Measured { .. } => "nobody started".to_owned(),
    };
    let first = of_window(&answered.revenue[0], before.started);
    match &first {
        Some((total, _, days)) => lines.push(format!(
            "At risk of the {} who started before: {} ({}) of gross margin within {}.",
            format::counted(before.started, "customer", "customers"),
            amount(total.value, currency),
            amounts(total, currency),
            horizon(*days)
        )),
        None => {
            lines.push(format!("What it put at risk before cannot be told in money: {}.", why(&answered.revenue[0])))
        }
    }
    let second = of_window(&answered.revenue[1], after.started);
    match &second {
        Some((total, _, days)) => lines.push(format!(
            "Of the {} who started after: {} ({}) within {}.",
            format::counted(after.started, "customer", "customers"),
            amount(total.value, currency),
            amounts(total, currency),
            horizon(*days)
        )),
        None if first.is_some() => {
            lines.push(format!("After it began it cannot be told in money yet: {}.", why(&answered.revenue[1])));
        }
        None => {}
    }
    if of.cost == 0 {
        return lines;
    }
    let cost = of.cost as f64;
    let saved = match (&first, &second) {
        (Some((_, a, _)), Some((_, b, _))) => {
            let value = a.value - b.value;
            let low = value - (a.value - a.low).hypot(b.high - b.value);
            let high = value + (a.high - a.value).hypot(b.value - b.low);
            Some(Estimate::new(value, low, high, a.n + b.n))
        }
        _ => None,
    };
    match saved {
        Some(s) if s.low > 0.0 => lines.push(format!(
            "It has paid its {} after about {} who start ({} to {}).",
            amount(cost, currency),
            format::counted((cost / s.value).ceil() as u64, "customer", "customers"),
            format::count((cost / s.high).ceil() as u64),
            format::count((cost / s.low).ceil() as u64)
        )),
        _ => {
            let share = change.before.estimate().map(|e| e.value).filter(|v| *v > of.target);
            let certain = first.as_ref().filter(|(total, ..)| total.low > 0.0);
            let hoped = certain.zip(share).map(|((_, each, _), v)| each.value * (1.0 - of.target / v));
            lines.push(match hoped.filter(|h| *h > 0.0) {
                Some(each) => format!(
                    "Whether it pays cannot be told yet. If it reaches its target, and what is at risk falls alike, it has paid its {} after about {} who start.",
                    amount(cost, currency),
                    format::counted((cost / each).ceil() as u64, "customer", "customers")
                ),
                None => format!("It costs {}; whether that pays cannot be told yet.", amount(cost, currency)),
            });
        }
    }
    lines
}
