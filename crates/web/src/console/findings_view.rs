//! Findings in words, with their intervals drawn.

use super::compare::finding_then;
use crate::figures::{Asked, pain_name, parse_figure};
use crate::format;
use throughline_interactions::{Currency, Money};
use throughline_journeys::pain_points::{Finding, Findings, Key, Name, Revenue, Unpriced};
use throughline_journeys::{Definition, Part};
use throughline_value::Estimate;
use throughline_value::words::NOT_PROVEN;

/// One finding on the strip.
pub(crate) struct Card {
    pub(crate) number: usize,
    pub(crate) title: String,
    pub(crate) also: String,
    /// `3.1× as likely upset, 2.6–3.7`.
    pub(crate) ratio: String,
    pub(crate) plot: Plot,
    pub(crate) affected: String,
    pub(crate) affected_range: String,
    /// How it stood on the other side of a comparison.
    pub(crate) then: Option<String>,
    /// What it puts at risk, where that is measured.
    pub(crate) money: Option<AtRisk>,
    pub(crate) sure: String,
    pub(crate) people: String,
    pub(crate) customers: String,
    pub(crate) hover: String,
    pub(crate) stage: String,
    /// What this one explains.
    pub(crate) shadows: Vec<(String, String)>,
    /// What else whoever met it is more likely to be: in words, and whom that is.
    pub(crate) besides: Vec<(String, String)>,
    /// Its name in addresses.
    pub(crate) figure: String,
}

/// Gross margin that a finding puts at risk.
pub(crate) struct AtRisk {
    /// `€ 14 300 at risk`; empty where no more than chance can be told.
    pub(crate) amount: String,
    /// The interval and the horizon.
    pub(crate) detail: String,
}

/// What all findings cost together, or why that is not told.
pub(crate) enum Together {
    /// In words: how much, where it is more than chance, the interval, until when, and who is not in it.
    Measured { amount: Option<String>, interval: String, horizon: String, left_out: String },
    /// Why not; and whether the owner can settle it by saying what the margin is.
    Unmeasured { reason: String, wants_margin: bool },
}

/// The sum above the findings.
pub(crate) fn together(found: &Findings) -> Together {
    match &found.revenue {
        Revenue::Measured { currency, horizon_days, total, left_out } => Together::Measured {
            amount: (total.low > 0.0).then(|| amount(total.value, currency)),
            interval: amounts(total, currency),
            horizon: horizon(*horizon_days),
            left_out: match left_out {
                0 => String::new(),
                n => format!(
                    "; without {} whom nobody unharmed is like enough to be compared with",
                    format::counted(*n, "customer", "customers")
                ),
            },
        },
        Revenue::Unmeasured { reason } => {
            Together::Unmeasured { reason: reason.to_string(), wants_margin: *reason == Unpriced::NoMargin }
        }
    }
}

pub(crate) fn horizon(days: u32) -> String {
    match days {
        365 => "twelve months".to_owned(),
        days if days % 30 == 0 && days > 30 => format!("{} months", days / 30),
        days => format!("{days} days"),
    }
}

/// An amount in minor units without its cents: an estimate has none.
pub(crate) fn amount(minor: f64, currency: &str) -> String {
    let Ok(currency) = Currency::new(currency) else { return format::decimal(minor, 0) };
    let unit = 10_i64.pow(currency.decimals());
    format::money(&Money { minor: (minor / unit as f64).round() as i64 * unit, currency })
}

pub(crate) fn amounts(e: &Estimate, currency: &str) -> String {
    format!("{}–\u{2060}{}", amount(e.low, currency), amount(e.high, currency))
}

/// What one finding costs, in words.
fn money(f: &Finding, revenue: &Revenue) -> Option<AtRisk> {
    let (Some(loss), Revenue::Measured { currency, horizon_days, .. }) = (&f.revenue, revenue) else { return None };
    let (interval, horizon) = (amounts(loss, currency), horizon(*horizon_days));
    Some(match loss.low > 0.0 {
        true => AtRisk {
            amount: format!("{} at risk", amount(loss.value, currency)),
            detail: format!("{interval} within {horizon}"),
        },
        false => AtRisk {
            amount: String::new(),
            detail: format!("at risk within {horizon}: no more than chance, {interval}"),
        },
    })
}

/// The interval as a drawing, on a logarithmic axis from 1×.
pub(crate) struct Plot {
    pub(crate) low: String,
    pub(crate) value: String,
    pub(crate) high: String,
    /// Places and words of the marks.
    pub(crate) marks: Vec<(String, String)>,
}

/// Factors beyond this are not told as numbers.
const MOST_SAID: f64 = 100.0;
/// Left end, width and largest factor of the axis.
const LEFT: f64 = 10.0;
const WIDTH: f64 = 276.0;

/// The findings that stand by themselves, those they explain under them.
pub(crate) fn cards(
    found: &Findings,
    other: Option<(&Findings, &str)>,
    definition: &Definition,
    people: &dyn Fn(&str) -> String,
) -> Vec<Card> {
    let own = |f: &&Finding| f.shadow_of.is_none();
    let widest = found.findings.iter().filter(own).take(3).filter_map(|f| f.high.or(f.ratio)).fold(4.0, f64::max);
    let top = widest.log2().ceil().clamp(2.0, 6.0);
    let mut out: Vec<Card> = Vec::new();
    let mut keys: Vec<Key> = Vec::new();
    for (place, f) in found.findings.iter().enumerate().filter(|(_, f)| own(f)) {
        // One thing that hurts in several ways is one card; what it puts at risk stands there once.
        if let Some(at) = keys.iter().position(|k| *k == f.key) {
            let Card { ratio, people, .. } = card(0, f, definition, top, people);
            out[at].besides.push((ratio, people));
            continue;
        }
        keys.push(f.key);
        let shadows = found
            .findings
            .iter()
            .filter(|s| s.shadow_of == Some(place))
            .map(|s| (title(&s.name, definition), people(&pain_name(s))))
            .collect();
        let money = money(f, &found.revenue);
        let then = other.map(|(then, side)| super::frame::sentence(&finding_then(f, then, side)));
        out.push(Card { money, shadows, then, ..card(out.len() + 1, f, definition, top, people) });
    }
    out
}

fn card(number: usize, f: &Finding, definition: &Definition, top: f64, people: &dyn Fn(&str) -> String) -> Card {
    let interval = match f.high {
        Some(high) => format::range(f.low, high, 1),
        None => format!("at least {}", format::decimal(f.low, 1)),
    };
    let as_likely = format!("as likely to be {}", f.outcome.word(definition));
    let ratio = match f.ratio {
        // Nobody or hardly anybody alike ended so without it: more digits would be pretence.
        _ if f.low > MOST_SAID => format!("more than {MOST_SAID}× {as_likely}"),
        Some(r) => format!("{}× {as_likely}, {interval}", format::decimal(r, 1)),
        None => format!("{}× {as_likely} at the least", format::decimal(f.low, 1)),
    };
    let unit = definition.subject.as_deref().unwrap_or("journey");
    Card {
        number,
        title: title(&f.name, definition),
        also: f.aliases.iter().map(|n| title(n, definition).to_lowercase()).collect::<Vec<_>>().join(", "),
        ratio,
        plot: plot(f, top),
        affected: format::counted(f.affected.value.round() as u64, "customer", "customers"),
        affected_range: format!(
            "{}–\u{2060}{}",
            format::count(f.affected.low.max(0.0).round() as u64),
            format::count(f.affected.high.max(0.0).round() as u64)
        ),
        sure: format!("{}, {NOT_PROVEN}", super::frame::sentence(f.certainty)),
        people: people(&pain_name(f)),
        customers: format::counted(f.customers, "customer", "customers"),
        hover: format!(
            "{} of {} {unit}s that met it ended so; {} would have, had they been like those alike that did not meet it. False discovery rate q = {}.",
            format::count(f.exposed_events),
            format::count(f.exposed),
            format::count(f.expected.round() as u64),
            if f.q < 0.0001 { "below 0.0001".to_owned() } else { format!("{:.4}", f.q) }
        ),
        stage: f.stage.clone(),
        money: None,
        then: None,
        shadows: Vec::new(),
        besides: Vec::new(),
        figure: pain_name(f),
    }
}

fn plot(f: &Finding, top: f64) -> Plot {
    let x = |ratio: f64| format!("{:.1}", LEFT + WIDTH * (ratio.max(1.0).log2() / top).min(1.0));
    let marks = (0..=top as u32).map(|e| (x(f64::from(1 << e)), format!("{}×", 1 << e))).collect();
    let value = f.ratio.unwrap_or(f.low);
    Plot { low: x(f.low), value: x(value), high: x(f.high.unwrap_or(f64::MAX)), marks }
}

/// A finding's name in words.
pub(crate) fn title(name: &Name, definition: &Definition) -> String {
    let value = &name.value;
    match name.kind.as_str() {
        "promise" => format!("Promised {value} not kept in time"),
        "stage" => {
            let stage = definition.stages.iter().find(|s| s.key == *value);
            let shown = stage.map(|s| s.name.as_str()).filter(|n| !n.is_empty()).unwrap_or(value);
            format!("“{shown}” not reached yet")
        }
        "event" => format!("After “{value}”"),
        "repeated" => format!("“{value}” a second time"),
        "channel" => format!("On the channel {value}"),
        "touchpoint" => format!("At {value}"),
        "property" if name.dimension.is_empty() => format!("Property {value}"),
        _ => format!("{} {value}", format::name(&name.dimension)),
    }
}

/// What goes well, and how much less often people are unhappy with it.
pub(super) fn bright_spot(f: &Finding, definition: &Definition) -> (String, String) {
    let ratio = f.ratio.map_or_else(|| format::decimal(f.low, 1), |r| format::decimal(r, 1));
    let interval = format::range(f.low, f.high.unwrap_or(1.0), 1);
    let said =
        format!("{ratio}× as likely to be unhappy, {interval}; {}", format::counted(f.exposed, "answer", "answers"));
    (title(&f.name, definition), said)
}

/// What stood out on the other side and does so no longer.
pub(crate) fn gone(found: &Findings, then: &Findings, definition: &Definition) -> Vec<String> {
    let stands = |f: &Finding| found.findings.iter().any(|g| g.key == f.key && g.outcome == f.outcome);
    let left = then.findings.iter().filter(|f| f.shadow_of.is_none() && !stands(f));
    left.map(|f| title(&f.name, definition)).collect()
}

/// The words above the people of a finding.
pub(crate) fn words_of(found: &Findings, definition: &Definition, name: &str) -> String {
    let finding = found.findings.iter().find(|f| pain_name(f) == name);
    finding.map_or_else(
        || "People behind a finding".to_owned(),
        |f| format!("{} and {}", title(&f.name, definition), f.outcome.word(definition)),
    )
}

/// The words above the people of an outcome, or of a share of what an initiative changed; `None` for
/// other figures.
pub(crate) fn words_of_outcome(definition: &Definition, name: &str) -> Option<String> {
    match parse_figure(definition, name)? {
        Asked::Outcome(outcome) => Some(super::frame::sentence(outcome.word(definition))),
        Asked::Effect(e) => {
            let word = e.outcome.word(definition);
            let which = match e.part {
                Part::Exposure => "met it".to_owned(),
                Part::Exposed => format!("met it and {word}"),
                Part::Unexposed => format!("did not meet it and {word}"),
                Part::Overall => word.to_owned(),
            };
            let when = if e.is_after { "after the initiative began" } else { "before the initiative began" };
            Some(super::frame::sentence(&format!("{which}, {when}")))
        }
        Asked::WorthCalling => Some("Worth a call".to_owned()),
        Asked::Figure(_) | Asked::Pain(..) | Asked::Week(..) => None,
    }
}
