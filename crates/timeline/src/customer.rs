//! One customer's story in a segment.

use crate::format::{BLOCK_ROWS, Kind, SAMPLE};
use crate::held;
use crate::row::{Row, RowPromise, RowScore};
use crate::segment::Segment;
use std::ops::Range;
use std::sync::Arc;
use throughline_interactions::{Actor, Currency, Direction, Money, OrderKey, Timestamp};

/// Event codes of consecutive rows: one byte each when the segment has at most 256 events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codes<'a> {
    /// At most 256 events.
    Narrow(&'a [u8]),
    /// More.
    Wide(&'a [u16]),
}

impl<'a> Codes<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Narrow(codes) => codes.len(),
            Self::Wide(codes) => codes.len(),
        }
    }

    /// True for none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code at `i`.
    #[inline]
    pub fn get(&self, i: usize) -> u16 {
        match self {
            Self::Narrow(codes) => codes[i].into(),
            Self::Wide(codes) => codes[i],
        }
    }

    /// All codes in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + 'a {
        let codes = *self;
        (0..codes.len()).map(move |i| codes.get(i))
    }
}

/// An answer on a scale; `kind` is a code of [`Segment::score_kinds`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentScore {
    /// Code of what was asked.
    pub kind: u16,
    /// The answer.
    pub value: f32,
    /// The lowest answer that could be given.
    pub min: f32,
    /// The highest answer that could be given.
    pub max: f32,
}

/// A promise; `kind` is a code of [`Segment::promise_kinds`], times are microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentPromise {
    /// Code of what was promised.
    pub kind: u16,
    /// The named time, read as an instant.
    pub due: i64,
    /// The last instant at which it is kept, as declared.
    pub deadline: i64,
    /// The end of the local day of `due`.
    pub day_deadline: i64,
}

/// A whole customer: every interaction, in the order of the story. `i` is `0..len()` below, and
/// a method panics for an `i` beyond.
#[derive(Debug, Clone)]
pub struct Customer<'a> {
    /// The customer's id.
    pub id: u64,
    segment: &'a Segment,
    rows: Range<usize>,
}

impl<'a> Customer<'a> {
    /// How many interactions; at least one.
    #[inline]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// False: a customer without interactions is not in a segment.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where the codes belong.
    pub fn segment(&self) -> &'a Segment {
        self.segment
    }

    #[inline]
    fn row(&self, i: usize) -> usize {
        debug_assert!(i < self.len(), "an interaction of this customer");
        self.rows.start + i
    }

    /// Where its rows lie in the segment.
    #[inline]
    pub(crate) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Event codes, one per interaction.
    #[inline]
    pub fn event_codes(&self) -> Codes<'a> {
        self.codes(Kind::Events, self.segment.events().len())
    }

    /// Channel codes, one per interaction.
    #[inline]
    pub fn channel_codes(&self) -> Codes<'a> {
        self.codes(Kind::Channels, self.segment.channels().len())
    }

    #[inline]
    fn codes(&self, kind: Kind, names: usize) -> Codes<'a> {
        if names <= 256 {
            Codes::Narrow(&self.segment.raw(kind)[self.rows.clone()])
        } else {
            Codes::Wide(&self.segment.column::<u16>(kind)[self.rows.clone()])
        }
    }

    /// The event's code.
    #[inline]
    pub fn event(&self, i: usize) -> u16 {
        self.code(Kind::Events, self.segment.events().len(), i)
    }

    #[inline]
    fn code(&self, kind: Kind, names: usize, i: usize) -> u16 {
        let row = self.row(i);
        if names <= 256 { self.segment.raw(kind)[row].into() } else { self.segment.column::<u16>(kind)[row] }
    }

    /// Whole seconds since 1970, one per interaction, ascending.
    #[inline]
    pub fn seconds(&self) -> &'a [u32] {
        &self.segment.column::<u32>(Kind::Seconds)[self.rows.clone()]
    }

    /// False if none of the blocks in which this customer's rows lie has an event of this code:
    /// then the customer has none. True says nothing.
    #[inline]
    pub fn may_have(&self, event: u16) -> bool {
        (self.rows.start / BLOCK_ROWS..=(self.rows.end.max(1) - 1) / BLOCK_ROWS)
            .any(|block| self.segment.block_has(block, event))
    }

    /// Microseconds since 1970, exactly.
    #[inline]
    pub fn micros(&self, i: usize) -> i64 {
        let seconds = i64::from(self.segment.column::<u32>(Kind::Seconds)[self.row(i)]);
        seconds * 1_000_000 + i64::from(self.sparse::<u32>(Kind::MicrosRows, Kind::Micros, i).unwrap_or(0))
    }

    #[inline]
    fn sparse<T: crate::bytes::Plain>(&self, rows: Kind, values: Kind, i: usize) -> Option<T> {
        let values = self.segment.column::<T>(values);
        self.segment.slot(rows, values.len(), self.row(i)).map(|at| values[at])
    }

    /// The channel's code.
    #[inline]
    pub fn channel(&self, i: usize) -> u16 {
        self.code(Kind::Channels, self.segment.channels().len(), i)
    }

    #[inline]
    pub(crate) fn flags(&self, i: usize) -> u8 {
        self.segment.raw(Kind::Flags)[self.row(i)]
    }

    /// Who acted.
    #[inline]
    pub fn actor(&self, i: usize) -> Actor {
        held::actor(self.flags(i))
    }

    /// Which way it went.
    #[inline]
    pub fn direction(&self, i: usize) -> Direction {
        held::direction(self.flags(i))
    }

    /// Something was said.
    #[inline]
    pub fn has_text(&self, i: usize) -> bool {
        held::has_text(self.flags(i))
    }

    /// Minor units and the code of the currency.
    #[inline]
    pub fn money(&self, i: usize) -> Option<(i64, u16)> {
        let minor = self.segment.column::<i64>(Kind::MoneyMinor);
        let at = self.segment.slot(Kind::MoneyRows, minor.len(), self.row(i))?;
        Some((minor[at], *self.segment.column::<u16>(Kind::MoneyCurrency).get(at)?))
    }

    /// An answer on a scale.
    #[inline]
    pub fn score(&self, i: usize) -> Option<SegmentScore> {
        let values = self.segment.column::<[f32; 3]>(Kind::ScoreValue);
        let at = self.segment.slot(Kind::ScoreRows, values.len(), self.row(i))?;
        let [value, min, max] = values[at];
        Some(SegmentScore { kind: *self.segment.column::<u16>(Kind::ScoreKind).get(at)?, value, min, max })
    }

    /// A promise.
    #[inline]
    pub fn promise(&self, i: usize) -> Option<SegmentPromise> {
        let times = self.segment.column::<[i64; 3]>(Kind::PromiseTimes);
        let at = self.segment.slot(Kind::PromiseRows, times.len(), self.row(i))?;
        let [due, deadline, day_deadline] = times[at];
        let kind = *self.segment.column::<u16>(Kind::PromiseKind).get(at)?;
        Some(SegmentPromise { kind, due, deadline, day_deadline })
    }

    #[inline]
    fn list(&self, rows: Kind, offsets: Kind, i: usize) -> Range<usize> {
        let offsets = self.segment.column::<u32>(offsets);
        match self.segment.slot(rows, offsets.len().saturating_sub(1), self.row(i)) {
            Some(at) => offsets[at] as usize..offsets[at + 1] as usize,
            None => 0..0,
        }
    }

    /// Personal references: the code of the kind and the keyed hash of the value, ascending.
    #[inline]
    pub fn subjects(&self, i: usize) -> impl Iterator<Item = (u16, u64)> + 'a {
        let range = self.list(Kind::SubjectRows, Kind::SubjectOffsets, i);
        let kinds = self.segment.column::<u16>(Kind::SubjectKinds).get(range.clone()).unwrap_or_default();
        let hashes = self.segment.column::<u64>(Kind::SubjectHashes).get(range).unwrap_or_default();
        kinds.iter().copied().zip(hashes.iter().copied())
    }

    /// Every personal reference of the story: the interaction, the code of the kind and the keyed
    /// hash of the value. Quicker than asking each interaction.
    pub fn all_subjects(&self) -> impl Iterator<Item = (usize, u16, u64)> + 'a {
        let offsets = self.segment.column::<u32>(Kind::SubjectOffsets);
        let kinds = self.segment.column::<u16>(Kind::SubjectKinds);
        let hashes = self.segment.column::<u64>(Kind::SubjectHashes);
        self.places(Kind::SubjectRows, offsets.len().saturating_sub(1)).flat_map(move |(i, at)| {
            let range = offsets[at] as usize..offsets[at + 1] as usize;
            let kinds = kinds.get(range.clone()).unwrap_or_default();
            kinds.iter().zip(hashes.get(range).unwrap_or_default()).map(move |(&kind, &hash)| (i, kind, hash))
        })
    }

    /// The interactions with an answer, ascending.
    pub fn scored(&self) -> impl Iterator<Item = usize> + 'a {
        let values = self.segment.column::<[f32; 3]>(Kind::ScoreValue).len();
        self.places(Kind::ScoreRows, values).map(|(i, _)| i)
    }

    /// The interactions with a promise, ascending.
    pub fn promising(&self) -> impl Iterator<Item = usize> + 'a {
        let values = self.segment.column::<[i64; 3]>(Kind::PromiseTimes).len();
        self.places(Kind::PromiseRows, values).map(|(i, _)| i)
    }

    /// The interactions with a value in a sparse column of so many values, and its place.
    fn places(&self, rows: Kind, values: usize) -> impl Iterator<Item = (usize, usize)> + 'a {
        let first = self.rows.start;
        let range = if values == 0 { first..first } else { self.rows.clone() };
        self.segment.slots(rows, values, range).map(move |(row, at)| (row - first, at))
    }

    /// Attributes as local codes, places in [`Segment::attribute_hashes`], ascending.
    #[inline]
    pub fn attributes(&self, i: usize) -> &'a [u32] {
        let range = self.list(Kind::AttributeRows, Kind::AttributeOffsets, i);
        self.segment.column::<u32>(Kind::AttributeCodes).get(range).unwrap_or_default()
    }

    /// The node of the strongest identifier.
    #[inline]
    pub fn node(&self, i: usize) -> u64 {
        self.sparse(Kind::NodeRows, Kind::Node, i).unwrap_or(self.id)
    }

    /// Ledger position.
    #[inline]
    pub fn position(&self, i: usize) -> u64 {
        self.segment.column::<u64>(Kind::Position)[self.row(i)]
    }

    /// Place in the story, exactly.
    pub fn order(&self, i: usize) -> OrderKey {
        let row = self.row(i);
        OrderKey {
            occurred_at: Timestamp(self.micros(i)),
            source_seq: self.sparse(Kind::SeqRows, Kind::Seq, i).unwrap_or(0),
            message_prefix: self.segment.column::<u64>(Kind::Prefix)[row],
            message_hash: self.segment.column::<u64>(Kind::Hash)[row],
        }
    }

    /// The interaction as it entered, sets sorted.
    pub fn to_row(&self, i: usize) -> Row {
        let name = |names: &[Box<str>], code: u16| -> Arc<str> { names.get(code as usize).map_or("", |n| n).into() };
        let segment = self.segment;
        let hashes = segment.attribute_hashes();
        Row {
            customer: self.id,
            node: self.node(i),
            order: self.order(i),
            position: self.position(i),
            event: segment.event_name(self.event(i)).into(),
            channel: segment.channel_name(self.channel(i)).into(),
            actor: self.actor(i),
            direction: self.direction(i),
            money: self.money(i).and_then(|(minor, currency)| {
                let currency = Currency::new(segment.currencies().get(currency as usize)?).ok()?;
                Some(Money { minor, currency })
            }),
            score: self.score(i).map(|s| RowScore {
                kind: name(segment.score_kinds(), s.kind),
                value: s.value,
                min: s.min,
                max: s.max,
            }),
            has_text: self.has_text(i),
            promise: self.promise(i).map(|p| RowPromise {
                kind: name(segment.promise_kinds(), p.kind),
                due: Timestamp(p.due),
                deadline: Timestamp(p.deadline),
                day_deadline: Timestamp(p.day_deadline),
            }),
            subjects: self.subjects(i).map(|(kind, hash)| (name(segment.subject_kinds(), kind), hash)).collect(),
            attributes: self.attributes(i).iter().filter_map(|&code| hashes.get(code as usize).copied()).collect(),
        }
    }
}

/// The customers of a segment, by id.
#[derive(Debug, Clone)]
pub struct Customers<'a> {
    segment: &'a Segment,
    ids: &'a [u64],
    starts: &'a [u64],
    index: usize,
    row: usize,
}

impl<'a> Customers<'a> {
    pub(crate) fn new(segment: &'a Segment) -> Self {
        Self { segment, ids: segment.ids(), starts: segment.column(Kind::Starts), index: 0, row: 0 }
    }

    /// From the customer at `index`.
    pub(crate) fn from(segment: &'a Segment, index: usize) -> Self {
        let mut all = Self::new(segment);
        if index >= all.ids.len() {
            all.index = all.ids.len();
            return all;
        }
        let sample = index / SAMPLE;
        all.row = segment.column::<u32>(Kind::StartSamples)[sample] as usize;
        all.index = sample * SAMPLE;
        while all.index < index {
            all.row = all.end();
            all.index += 1;
        }
        all
    }

    /// The first row after the customer that begins at `self.row`.
    #[inline]
    fn end(&self) -> usize {
        let from = self.row + 1;
        let mut word = from / 64;
        let Some(&first) = self.starts.get(word) else { return self.segment.rows() };
        let mut bits = first & (u64::MAX << (from % 64));
        while bits == 0 {
            word += 1;
            match self.starts.get(word) {
                Some(&next) => bits = next,
                None => return self.segment.rows(),
            }
        }
        word * 64 + bits.trailing_zeros() as usize
    }

    /// The place of the next customer in [`Segment::ids`].
    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.index
    }
}

impl<'a> Iterator for Customers<'a> {
    type Item = Customer<'a>;

    #[inline]
    fn next(&mut self) -> Option<Customer<'a>> {
        let id = *self.ids.get(self.index)?;
        let end = self.end();
        if self.row >= end {
            // Only damaged boundaries give fewer stories than customers.
            self.index = self.ids.len();
            return None;
        }
        let rows = self.row..end;
        self.row = end;
        self.index += 1;
        Some(Customer { id, segment: self.segment, rows })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.ids.len() - self.index))
    }
}
