//! One customer before the rules: in which segments, and until when that is certain.
//!
//! Every condition answers with [`Standing`]: whether it holds, and the first moment at which it may not
//! any more (or may at last) though nothing new is heard. An AND that does not hold stays so while any
//! one of its conditions does not, so the latest of their moments counts; an AND that holds ends with the
//! first of them. OR is its mirror.

use crate::compile::{Look, Node, Rules, currency_code};
use crate::moment::{Standing, later, sooner};
use crate::rule::{Ago, Bound, ScoreOf, Test, Which, Window};
use crate::words::any_in;
use throughline_interactions::Timestamp;
use throughline_timeline::Customer;

/// What the rows of the timelines do not say about somebody.
pub trait Person {
    /// What was told last of a trait.
    fn told(&self, name: &str) -> Option<String>;
    /// Whether their last word on a purpose allows it.
    fn allows(&self, purpose: &str) -> bool;
    /// Whether there is an identifier of this kind.
    fn is_known_by(&self, kind: &str) -> bool;
    /// The words of the interaction at a position of the ledger.
    fn text(&self, position: u64) -> Option<String>;
}

/// In which segments somebody is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// One bit for each of [`Rules::ids`], in their order, 64 to a word.
    pub bits: Vec<u64>,
    /// The first moment at which this may change without a new fact; `None` for never.
    pub until: Option<Timestamp>,
}

impl Judgement {
    /// Whether somebody is in the segment at a place.
    pub fn is_in(&self, place: usize) -> bool {
        self.bits.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

/// Memory that is used again from one customer to the next.
#[derive(Debug, Default)]
pub struct Trial {
    hits: Vec<Vec<u32>>,
    results: Vec<Standing>,
    best: Vec<Option<i64>>,
    leaving: Vec<i64>,
    judgement: Judgement,
}

struct Court<'a> {
    customer: &'a Customer<'a>,
    person: &'a dyn Person,
    now: i64,
    hits: &'a [Vec<u32>],
    results: &'a [Standing],
}

const NEVER: Standing = Standing { is_in: false, until: None };

fn certain(is_in: bool) -> Standing {
    Standing { is_in, until: None }
}

impl Rules {
    /// Judges a whole customer by all rules. `look` is of the segment in which the customer is.
    pub fn judge<'t>(
        &self,
        look: &Look,
        customer: &Customer<'_>,
        person: &dyn Person,
        now: Timestamp,
        trial: &'t mut Trial,
    ) -> &'t Judgement {
        trial.hits.resize_with(self.atoms(), Vec::new);
        look.gather(customer, &mut trial.hits);
        trial.results.clear();
        for root in &self.roots {
            let court = Court { customer, person, now: now.0, hits: &trial.hits, results: &trial.results };
            let standing = court.judge(root, &mut trial.best, &mut trial.leaving);
            trial.results.push(standing);
        }
        let judgement = &mut trial.judgement;
        judgement.bits.clear();
        judgement.bits.resize(self.roots.len().div_ceil(64), 0);
        let mut until = None;
        for (place, standing) in trial.results.iter().enumerate() {
            judgement.bits[place / 64] |= u64::from(standing.is_in) << (place % 64);
            until = sooner(until, standing.until);
        }
        judgement.until = until.map(Timestamp);
        judgement
    }
}

impl Court<'_> {
    fn judge(&self, node: &Node, best: &mut Vec<Option<i64>>, leaving: &mut Vec<i64>) -> Standing {
        match node {
            Node::All(of) => self.every(of, true, best, leaving),
            Node::Any(of) => self.every(of, false, best, leaving),
            Node::Not(of) => {
                let s = self.judge(of, best, leaving);
                Standing { is_in: !s.is_in, ..s }
            }
            Node::Did { at, times, when } => self.did(*at, *times, *when, leaving),
            Node::Sum { at, currency, minor, when } => {
                let Some(code) = currency_code(self.customer.segment(), *currency) else {
                    return certain(minor.holds(0));
                };
                let (mut sum, mut until) = (0_i128, None);
                for &i in &self.hits[*at] {
                    let Some((worth, _)) = self.customer.money(i as usize).filter(|(_, c)| *c == code) else {
                        continue;
                    };
                    let s = self.standing(i, *when);
                    until = sooner(until, s.until);
                    sum += if s.is_in { i128::from(worth) } else { 0 };
                }
                let sum = i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX });
                Standing { is_in: minor.holds(sum), until }
            }
            Node::Last { at, ago } => self.last(*at, *ago),
            Node::Sequence { steps, within, when, then_not } => self.sequence(steps, *within, *when, *then_not, best),
            Node::Score(score) => self.score(score),
            Node::Said { at, phrases, when } => self.said(*at, phrases, *when),
            Node::Trait { name, test } => certain(self.person.told(name).is_some_and(|v| test.holds(&v))),
            Node::Allows(purpose) => certain(self.person.allows(purpose)),
            Node::Known(kind) => certain(self.person.is_known_by(kind)),
            Node::In(place) => place.map_or(NEVER, |p| self.results[p]),
        }
    }

    /// AND, and OR as its mirror: `wanted` is what every condition has to be for the outcome to be it.
    fn every(&self, of: &[Node], wanted: bool, best: &mut Vec<Option<i64>>, leaving: &mut Vec<i64>) -> Standing {
        let mut all = Standing { is_in: wanted, until: None };
        for node in of {
            let s = self.judge(node, best, leaving);
            match (s.is_in == wanted, all.is_in == wanted) {
                (true, true) => all.until = sooner(all.until, s.until),
                (false, true) => all = s,
                (false, false) => all.until = later(all.until, s.until),
                (true, false) => {}
            }
            if all.is_in != wanted && all.until.is_none() {
                break;
            }
        }
        all
    }

    fn standing(&self, i: u32, when: Window) -> Standing {
        when.standing(self.customer.micros(i as usize), self.now)
    }

    fn did(&self, at: usize, times: Bound<u64>, when: Window, leaving: &mut Vec<i64>) -> Standing {
        leaving.clear();
        let (mut count, mut enters) = (0_u64, None);
        for &i in &self.hits[at] {
            let s = self.standing(i, when);
            if s.is_in {
                count += 1;
                // Rows are in the order of time, and so are their ends.
                leaving.extend(s.until);
            } else {
                enters = sooner(enters, s.until);
            }
        }
        let is_in = times.holds(count);
        // When so many of those that count have left the window.
        let after = |gone: u64| gone.checked_sub(1).and_then(|n| leaving.get(n as usize).copied());
        let until = match times {
            Bound::AtLeast(n) if is_in => after(count - n + 1),
            Bound::AtMost(n) if !is_in => after(count - n),
            Bound::AtLeast(_) | Bound::AtMost(_) => enters,
            Bound::Exactly(_) => sooner(leaving.first().copied(), enters),
        };
        Standing { is_in, until }
    }

    fn last(&self, at: usize, ago: Ago) -> Standing {
        let micros = |i: &u32| self.customer.micros(*i as usize);
        let hits = &self.hits[at];
        let known = hits.partition_point(|i| micros(i) <= self.now);
        let ahead = hits.get(known).map(micros);
        let Some(last) = hits[..known].last().map(micros) else { return Standing { is_in: false, until: ahead } };
        let (is_in, changes) = match ago {
            Ago::AtLeast(span) => {
                let from = last.saturating_add(span.micros());
                (self.now >= from, (self.now < from).then_some(from))
            }
            Ago::AtMost(span) => {
                let to = last.saturating_add(span.micros());
                (self.now <= to, (self.now <= to).then_some(to.saturating_add(1)))
            }
        };
        Standing { is_in, until: sooner(changes, ahead) }
    }

    /// The latest beginning of each number of steps is kept: whoever began later has more time left.
    fn sequence(
        &self,
        steps: &[usize],
        within: Option<i64>,
        when: Window,
        then_not: Option<(usize, i64)>,
        best: &mut Vec<Option<i64>>,
    ) -> Standing {
        let last = steps.len() - 1;
        best.clear();
        best.resize(last, None);
        let mut all = NEVER;
        // The interactions of all steps, merged in the order of the story.
        let mut cursors = [0_usize; 16];
        loop {
            let ahead = |step: usize| self.hits[steps[step]].get(cursors[step]).copied();
            let Some(i) = (0..steps.len()).filter_map(ahead).min() else { return all };
            let at = self.customer.micros(i as usize);
            for step in (0..steps.len()).rev() {
                if self.hits[steps[step]].get(cursors[step]) != Some(&i) {
                    continue;
                }
                cursors[step] += 1;
                let begun = match step {
                    0 => Some(at),
                    _ => best[step - 1].filter(|b| within.is_none_or(|w| at - b <= w)),
                };
                let Some(begun) = begun else { continue };
                if step < last {
                    best[step] = best[step].max(Some(begun));
                    continue;
                }
                let mut s = self.standing(i, when);
                if let Some((not, span)) = then_not {
                    s = self.and_then_not(s, i, at, not, span);
                }
                all = match (all.is_in, s.is_in) {
                    (false, false) => Standing { is_in: false, until: sooner(all.until, s.until) },
                    (true, true) => Standing { is_in: true, until: later(all.until, s.until) },
                    (false, true) => s,
                    (true, false) => all,
                };
            }
        }
    }

    /// A last step counts once the time is over in which something did not follow it.
    fn and_then_not(&self, last: Standing, i: u32, at: i64, not: usize, span: i64) -> Standing {
        let end = at.saturating_add(span);
        let hits = &self.hits[not];
        let next = hits.get(hits.partition_point(|h| *h <= i));
        if next.is_some_and(|n| self.customer.micros(*n as usize) <= end) {
            return NEVER;
        }
        match (last.is_in, self.now > end) {
            (_, true) => last,
            // It lies ahead, or its time is not over: nothing can come of it before both are.
            (true, false) => Standing { is_in: false, until: Some(end.saturating_add(1)) },
            (false, false) => last,
        }
    }

    fn score(&self, score: &ScoreOf) -> Standing {
        let kinds = self.customer.segment().score_kinds();
        let Some(kind) = kinds.iter().position(|k| **k == *score.kind) else { return NEVER };
        let (mut until, mut found): (_, Option<f64>) = (None, None);
        let mut n = 0_u32;
        for i in self.customer.scored() {
            let Some(answer) = self.customer.score(i).filter(|s| s.kind as usize == kind) else { continue };
            if !self.customer.actor(i).is_counted() {
                continue;
            }
            let s = self.standing(i as u32, score.when);
            until = sooner(until, s.until);
            if s.is_in {
                n += 1;
                let value = f64::from(answer.value);
                found = Some(match (score.which, found) {
                    (Which::Last, _) | (_, None) => value,
                    (Which::Lowest, Some(f)) => f.min(value),
                    (Which::Highest, Some(f)) => f.max(value),
                    (Which::Average, Some(f)) => f + value,
                });
            }
        }
        let mean = |f: f64| if score.which == Which::Average { f / f64::from(n) } else { f };
        // Answers are held with the precision of 32 bits.
        let value = found.map(|f| mean(f) as f32);
        let bound = match score.value {
            Bound::AtLeast(v) => Bound::AtLeast(v as f32),
            Bound::AtMost(v) => Bound::AtMost(v as f32),
            Bound::Exactly(v) => Bound::Exactly(v as f32),
        };
        Standing { is_in: value.is_some_and(|v| bound.holds(v)), until }
    }

    fn said(&self, at: usize, phrases: &[Vec<String>], when: Window) -> Standing {
        let mut all = NEVER;
        // The newest first: where it holds for ever, nothing older needs to be read.
        for &i in self.hits[at].iter().rev() {
            if !self.customer.has_text(i as usize) {
                continue;
            }
            let s = self.standing(i, when);
            if !s.is_in && s.until.is_none() {
                continue;
            }
            let text = self.person.text(self.customer.position(i as usize));
            if !text.is_some_and(|t| any_in(phrases, &t)) {
                continue;
            }
            all = match (all.is_in, s.is_in) {
                (false, false) => Standing { is_in: false, until: sooner(all.until, s.until) },
                (true, true) => Standing { is_in: true, until: later(all.until, s.until) },
                (false, true) => s,
                (true, false) => all,
            };
            if all.is_in && all.until.is_none() {
                break;
            }
        }
        all
    }
}

impl Test {
    /// Whether a value passes.
    pub fn holds(&self, value: &str) -> bool {
        let small = value.trim().to_lowercase();
        match self {
            Self::Told => true,
            Self::OneOf(of) => of.iter().any(|v| v.trim().to_lowercase() == small),
            Self::Contains(part) => small.contains(&part.trim().to_lowercase()),
            Self::Begins(part) => small.starts_with(&part.trim().to_lowercase()),
            Self::Number(bound) => small.parse::<f64>().is_ok_and(|n| n.is_finite() && bound.holds(n)),
        }
    }
}
