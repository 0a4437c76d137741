//! Columns in the making: rows arrive sorted by customer and then by order, names get codes as
//! they are met, and `encode.rs` sorts the dictionaries at the end.

use crate::customer::Customer;
use crate::format::Kind;
use crate::held::Held;
use crate::names::{HashedMap, Names};

/// A column of which few rows have a value.
pub(crate) struct Sparse<T> {
    pub rows: Vec<u32>,
    pub values: Vec<T>,
}

impl<T> Default for Sparse<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), values: Vec::new() }
    }
}

impl<T> Sparse<T> {
    fn push(&mut self, row: u32, value: T) {
        self.rows.push(row);
        self.values.push(value);
    }
}

/// Lists of which few rows have any: `ends` holds the running length per row that has one.
pub(crate) struct Lists<T> {
    pub rows: Vec<u32>,
    pub ends: Vec<u32>,
    pub values: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), ends: Vec::new(), values: Vec::new() }
    }
}

impl<T> Lists<T> {
    fn extend(&mut self, row: u32, values: impl Iterator<Item = T>) {
        let before = self.values.len();
        self.values.extend(values);
        if self.values.len() > before {
            self.rows.push(row);
            self.ends.push(self.values.len() as u32);
        }
    }
}

/// The columns of one segment, before its dictionaries are sorted.
#[derive(Default)]
pub(crate) struct Writer {
    pub customers: Vec<u64>,
    /// First row of each customer.
    pub starts: Vec<u32>,
    pub events: Vec<u32>,
    pub seconds: Vec<u32>,
    pub micros: Sparse<u32>,
    pub seq: Sparse<u32>,
    pub prefix: Vec<u64>,
    pub hash: Vec<u64>,
    pub position: Vec<u64>,
    pub node: Sparse<u64>,
    pub channels: Vec<u32>,
    pub flags: Vec<u8>,
    pub money: Sparse<(i64, u32)>,
    pub score: Sparse<(u32, [f32; 3])>,
    pub promise: Sparse<(u32, [i64; 3])>,
    pub subjects: Lists<(u32, u64)>,
    pub attributes: Lists<u32>,
    pub attribute_codes: HashedMap<u32>,
    pub attribute_hashes: Vec<u64>,
    pub event_names: Names,
    pub channel_names: Names,
    pub score_names: Names,
    pub promise_names: Names,
    pub subject_names: Names,
    pub currency_names: Names,
    /// A time that does not fit, in microseconds: the segment cannot be made.
    pub unfit_time: Option<i64>,
}

/// What the codes of one origin mean to a writer, filled as they are met.
#[derive(Default)]
pub(crate) struct Tables {
    event: Table,
    channel: Table,
    score: Table,
    promise: Table,
    subject: Table,
    currency: Table,
    attribute: Table,
}

#[derive(Default)]
struct Table(Vec<u32>);

impl Table {
    #[inline]
    fn get(&mut self, code: u32, make: impl FnOnce() -> u32) -> u32 {
        let at = code as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, u32::MAX);
        }
        if self.0[at] == u32::MAX {
            self.0[at] = make();
        }
        self.0[at]
    }
}

impl Writer {
    pub fn rows(&self) -> usize {
        self.seconds.len()
    }

    /// Makes room for so many customers and rows.
    pub fn reserve(&mut self, customers: usize, rows: usize) {
        self.customers.reserve(customers);
        self.starts.reserve(customers);
        for column in [&mut self.events, &mut self.channels, &mut self.seconds] {
            column.reserve(rows);
        }
        for column in [&mut self.prefix, &mut self.hash, &mut self.position] {
            column.reserve(rows);
        }
        self.flags.reserve(rows);
    }

    /// Begins a customer; ids ascend.
    pub fn begin(&mut self, customer: u64) {
        debug_assert!(self.customers.last().is_none_or(|last| *last < customer), "customers ascend");
        self.customers.push(customer);
        self.starts.push(self.rows() as u32);
    }

    fn time(&mut self, row: u32, micros: i64) {
        match u32::try_from(micros.div_euclid(1_000_000)) {
            Ok(seconds) => self.seconds.push(seconds),
            Err(_) => {
                self.seconds.push(0);
                self.unfit_time.get_or_insert(micros);
            }
        }
        let rest = micros.rem_euclid(1_000_000) as u32;
        if rest != 0 {
            self.micros.push(row, rest);
        }
    }

    fn node(&mut self, row: u32, node: u64) {
        if self.customers.last() != Some(&node) {
            self.node.push(row, node);
        }
    }

    fn attribute(codes: &mut HashedMap<u32>, hashes: &mut Vec<u64>, hash: u64) -> u32 {
        *codes.entry(hash).or_insert_with(|| {
            hashes.push(hash);
            hashes.len() as u32 - 1
        })
    }

    /// Appends a row of `names` to the customer begun last.
    pub fn push_held(&mut self, held: &Held, names: &Names, tables: &mut Tables) {
        let row = self.rows() as u32;
        self.time(row, held.order.occurred_at.0);
        self.events.push(tables.event.get(held.event, || self.event_names.code_of(names.name(held.event))));
        self.channels.push(tables.channel.get(held.channel, || self.channel_names.code_of(names.name(held.channel))));
        self.flags.push(held.flags);
        if held.order.source_seq != 0 {
            self.seq.push(row, held.order.source_seq);
        }
        self.prefix.push(held.order.message_prefix);
        self.hash.push(held.order.message_hash);
        self.position.push(held.position);
        self.node(row, held.node);
        let Some(rest) = &held.rest else { return };
        if let Some((minor, currency)) = rest.money {
            let code = tables.currency.get(currency, || self.currency_names.code_of(names.name(currency)));
            self.money.push(row, (minor, code));
        }
        if let Some((kind, values)) = rest.score {
            let code = tables.score.get(kind, || self.score_names.code_of(names.name(kind)));
            self.score.push(row, (code, values));
        }
        if let Some((kind, times)) = rest.promise {
            let code = tables.promise.get(kind, || self.promise_names.code_of(names.name(kind)));
            self.promise.push(row, (code, times));
        }
        self.subjects.extend(
            row,
            rest.subjects
                .iter()
                .map(|&(kind, hash)| (tables.subject.get(kind, || self.subject_names.code_of(names.name(kind))), hash)),
        );
        let (codes, hashes) = (&mut self.attribute_codes, &mut self.attribute_hashes);
        self.attributes.extend(row, rest.attributes.iter().map(|&hash| Self::attribute(codes, hashes, hash)));
    }

    /// Appends a whole customer of a segment, whose id stays: columns are copied by the piece.
    pub fn push_whole(&mut self, from: &Customer<'_>, tables: &mut Tables) {
        self.begin(from.id);
        let base = self.rows();
        let segment = from.segment();
        let rows = from.rows();
        let place = |row: usize| (base + row - rows.start) as u32;
        self.seconds.extend_from_slice(from.seconds());
        for event in from.event_codes().iter() {
            self.events.push(tables.event.get(event.into(), || self.event_names.code(segment.event_name(event))));
        }
        for channel in from.channel_codes().iter() {
            let name = || self.channel_names.code(segment.channel_name(channel));
            self.channels.push(tables.channel.get(channel.into(), name));
        }
        self.flags.extend_from_slice(&segment.raw(Kind::Flags)[rows.clone()]);
        self.prefix.extend_from_slice(&segment.column(Kind::Prefix)[rows.clone()]);
        self.hash.extend_from_slice(&segment.column(Kind::Hash)[rows.clone()]);
        self.position.extend_from_slice(&segment.column(Kind::Position)[rows.clone()]);
        let (micros, seqs, nodes) =
            (segment.column(Kind::Micros), segment.column(Kind::Seq), segment.column(Kind::Node));
        for (row, at) in segment.slots(Kind::MicrosRows, micros.len(), rows.clone()) {
            self.micros.push(place(row), micros[at]);
        }
        for (row, at) in segment.slots(Kind::SeqRows, seqs.len(), rows.clone()) {
            self.seq.push(place(row), seqs[at]);
        }
        for (row, at) in segment.slots(Kind::NodeRows, nodes.len(), rows.clone()) {
            self.node.push(place(row), nodes[at]);
        }
        for kind in [Kind::MoneyRows, Kind::ScoreRows, Kind::PromiseRows, Kind::SubjectRows, Kind::AttributeRows] {
            for (row, _) in segment.slots(kind, segment.values_of(kind), rows.clone()) {
                let i = row - rows.start;
                match kind {
                    Kind::MoneyRows => self.money_from(place(row), from, i, tables),
                    Kind::ScoreRows => self.score_from(place(row), from, i, tables),
                    Kind::PromiseRows => self.promise_from(place(row), from, i, tables),
                    Kind::SubjectRows => self.subjects_from(place(row), from, i, tables),
                    _ => self.attributes_from(place(row), from, i, tables),
                }
            }
        }
    }

    /// Appends row `i` of a customer of a segment to the customer begun last.
    pub fn push_from(&mut self, from: &Customer<'_>, i: usize, tables: &mut Tables) {
        let row = self.rows() as u32;
        let segment = from.segment();
        let order = from.order(i);
        self.time(row, order.occurred_at.0);
        let event = from.event(i);
        self.events.push(tables.event.get(event.into(), || self.event_names.code(segment.event_name(event))));
        let channel = from.channel(i);
        self.channels
            .push(tables.channel.get(channel.into(), || self.channel_names.code(segment.channel_name(channel))));
        self.flags.push(from.flags(i));
        if order.source_seq != 0 {
            self.seq.push(row, order.source_seq);
        }
        self.prefix.push(order.message_prefix);
        self.hash.push(order.message_hash);
        self.position.push(from.position(i));
        self.node(row, from.node(i));
        self.money_from(row, from, i, tables);
        self.score_from(row, from, i, tables);
        self.promise_from(row, from, i, tables);
        self.subjects_from(row, from, i, tables);
        self.attributes_from(row, from, i, tables);
    }

    fn money_from(&mut self, row: u32, from: &Customer<'_>, i: usize, tables: &mut Tables) {
        if let Some((minor, currency)) = from.money(i) {
            let name = from.segment().currencies().get(currency as usize);
            let code = tables.currency.get(currency.into(), || self.currency_names.code(name.map_or("", |n| n)));
            self.money.push(row, (minor, code));
        }
    }

    fn score_from(&mut self, row: u32, from: &Customer<'_>, i: usize, tables: &mut Tables) {
        if let Some(score) = from.score(i) {
            let name = from.segment().score_kinds().get(score.kind as usize);
            let code = tables.score.get(score.kind.into(), || self.score_names.code(name.map_or("", |n| n)));
            self.score.push(row, (code, [score.value, score.min, score.max]));
        }
    }

    fn promise_from(&mut self, row: u32, from: &Customer<'_>, i: usize, tables: &mut Tables) {
        if let Some(promise) = from.promise(i) {
            let name = from.segment().promise_kinds().get(promise.kind as usize);
            let code = tables.promise.get(promise.kind.into(), || self.promise_names.code(name.map_or("", |n| n)));
            self.promise.push(row, (code, [promise.due, promise.deadline, promise.day_deadline]));
        }
    }

    fn subjects_from(&mut self, row: u32, from: &Customer<'_>, i: usize, tables: &mut Tables) {
        let kinds = from.segment().subject_kinds();
        self.subjects.extend(
            row,
            from.subjects(i).map(|(kind, hash)| {
                let name = kinds.get(kind as usize);
                (tables.subject.get(kind.into(), || self.subject_names.code(name.map_or("", |n| n))), hash)
            }),
        );
    }

    fn attributes_from(&mut self, row: u32, from: &Customer<'_>, i: usize, tables: &mut Tables) {
        let known = from.segment().attribute_hashes();
        let (codes, hashes) = (&mut self.attribute_codes, &mut self.attribute_hashes);
        self.attributes.extend(
            row,
            from.attributes(i).iter().map(|&code| {
                tables
                    .attribute
                    .get(code, || Self::attribute(codes, hashes, known.get(code as usize).copied().unwrap_or_default()))
            }),
        );
    }
}
