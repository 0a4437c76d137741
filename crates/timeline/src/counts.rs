//! The plainest pass: how much there is, and how far people get along an ordered list of steps.

use crate::customer::{Codes, Customer};
use crate::pass::{Pass, PassState};
use crate::segment::Segment;
use crate::state::{StateError, StateReader, put_bytes};
use std::collections::BTreeMap;

/// Counts interactions and customers, interactions per event, the first and the last time, and
/// how many customers reach each of `steps` in their order. A step may name several events, any of
/// which will do. One interaction never fills two steps.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Names of the events that fill each step.
    pub steps: Vec<Vec<String>>,
}

impl Counts {
    /// Counts without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Steps of one event each.
    pub fn with_steps(steps: &[&str]) -> Self {
        Self { steps: steps.iter().map(|s| vec![(*s).to_owned()]).collect() }
    }
}

/// A step and how many customers reached it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// Customers that did this step after all earlier ones.
    pub customers: u64,
    /// Customers that did the step before and never this one.
    pub lost: u64,
}

/// What [`Counts`] gathers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CountsState {
    /// Interactions.
    pub rows: u64,
    /// Customers.
    pub customers: u64,
    /// Interactions per event.
    pub events: BTreeMap<String, u64>,
    /// The earliest interaction, whole seconds since 1970; `None` without interactions.
    pub first: Option<u32>,
    /// The latest interaction, whole seconds since 1970.
    pub last: Option<u32>,
    /// Customers that reached each step.
    pub steps: Vec<u64>,
}

impl CountsState {
    /// Each step with the customers lost before it; nobody is lost before the first.
    pub fn drop_off(&self) -> Vec<Reached> {
        let mut before = self.steps.first().copied().unwrap_or(0);
        self.steps
            .iter()
            .map(|&customers| Reached { customers, lost: std::mem::replace(&mut before, customers) - customers })
            .collect()
    }
}

/// What a segment's codes mean to [`Counts`].
pub struct Local {
    /// Interactions per event code. Four tables side by side, so that a run of one event does not
    /// wait for its own last count.
    counts: Vec<[u64; 4]>,
    /// Per step, which event codes fill it.
    fills: Vec<Vec<bool>>,
    /// No event of the first step in the whole segment.
    no_steps: bool,
}

impl Pass for Counts {
    const NAME: &'static str = "counts";
    type State = CountsState;
    type Local = Local;

    fn start(&self) -> CountsState {
        CountsState { steps: vec![0; self.steps.len()], ..CountsState::default() }
    }

    fn enter(&self, segment: &Segment) -> Local {
        // 256 entries at least, so that a byte is always within.
        let size = segment.events().len().max(BYTE);
        let fills: Vec<Vec<bool>> = self
            .steps
            .iter()
            .map(|step| {
                let mut fills = vec![false; size];
                for code in step.iter().filter_map(|name| segment.event_code(name)) {
                    fills[code as usize] = true;
                }
                fills
            })
            .collect();
        let no_steps = fills.first().is_none_or(|first| !first.contains(&true));
        Local { counts: vec![[0; 4]; size], fills, no_steps }
    }

    #[inline]
    fn customer(&self, local: &mut Local, customer: Customer<'_>, state: &mut CountsState) {
        state.customers += 1;
        state.rows += customer.len() as u64;
        if let (Some(&first), Some(&last)) = (customer.seconds().first(), customer.seconds().last()) {
            state.first = Some(state.first.map_or(first, |f| f.min(first)));
            state.last = Some(state.last.map_or(last, |l| l.max(last)));
        }
        let fills = if local.no_steps { &[][..] } else { &local.fills[..] };
        let reached = match (customer.event_codes(), local.counts.first_chunk_mut::<BYTE>()) {
            // Tables of 256, so that a byte needs no look at their end.
            (Codes::Narrow(codes), Some(counts)) => {
                tally(counts, codes);
                reached(codes, fills, |fills, code| fills.first_chunk::<BYTE>().is_some_and(|f| f[code as usize]))
            }
            (Codes::Wide(codes), _) => {
                tally(&mut local.counts, codes);
                reached(codes, fills, |fills, code| fills[code as usize])
            }
            (Codes::Narrow(_), None) => 0,
        };
        state.steps.iter_mut().take(reached).for_each(|n| *n += 1);
    }

    fn leave(&self, local: Local, segment: &Segment, state: &mut CountsState) {
        for (name, counts) in segment.events().iter().zip(&local.counts) {
            let n: u64 = counts.iter().sum();
            if n > 0 {
                *state.events.entry(name.to_string()).or_default() += n;
            }
        }
    }
}

/// How many values a byte has.
const BYTE: usize = 256;

/// Adds one interaction per code.
#[inline]
fn tally<T: Copy + Into<usize>>(counts: &mut [[u64; 4]], codes: &[T]) {
    let mut fours = codes.chunks_exact(4);
    for four in &mut fours {
        for (lane, &code) in four.iter().enumerate() {
            counts[code.into()][lane] += 1;
        }
    }
    for &code in fours.remainder() {
        counts[code.into()][0] += 1;
    }
}

/// How many steps a story reaches, one interaction for each.
#[inline]
fn reached<T: Copy>(codes: &[T], steps: &[Vec<bool>], fills: impl Fn(&[bool], T) -> bool) -> usize {
    let mut left = codes;
    for (reached, step) in steps.iter().enumerate() {
        match left.iter().position(|&code| fills(step, code)) {
            Some(at) => left = &left[at + 1..],
            None => return reached,
        }
    }
    steps.len()
}

impl PassState for CountsState {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.customers += other.customers;
        for (name, n) in other.events {
            *self.events.entry(name).or_default() += n;
        }
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.into_iter().chain(other.last).max();
        if self.steps.len() < other.steps.len() {
            self.steps.resize(other.steps.len(), 0);
        }
        for (mine, theirs) in self.steps.iter_mut().zip(other.steps) {
            *mine += theirs;
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.rows.to_le_bytes());
        out.extend_from_slice(&self.customers.to_le_bytes());
        for time in [self.first, self.last] {
            out.push(u8::from(time.is_some()));
            out.extend_from_slice(&time.unwrap_or(0).to_le_bytes());
        }
        out.extend_from_slice(&(self.steps.len() as u64).to_le_bytes());
        self.steps.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
        out.extend_from_slice(&(self.events.len() as u64).to_le_bytes());
        for (name, n) in &self.events {
            put_bytes(out, name.as_bytes());
            out.extend_from_slice(&n.to_le_bytes());
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = StateReader::new(bytes);
        let (rows, customers) = (reader.u64()?, reader.u64()?);
        let mut times = [None; 2];
        for time in &mut times {
            let known = reader.u8()?;
            let value = reader.u32()?;
            *time = match known {
                0 => None,
                1 => Some(value),
                _ => return Err(StateError::Damaged),
            };
        }
        let steps = (0..reader.count(8)?).map(|_| reader.u64()).collect::<Result<_, _>>()?;
        let mut events = BTreeMap::new();
        for _ in 0..reader.count(16)? {
            let name = reader.text()?.to_owned();
            events.insert(name, reader.u64()?);
        }
        reader.end()?;
        Ok(Self { rows, customers, events, first: times[0], last: times[1], steps })
    }
}
