//! Columns back to rows.

use crate::encode::{actor_name, direction_name, long_column};
use crate::error::FileFault;
use deltalake::arrow::array::{Array, AsArray, RecordBatch, StringArray};
use deltalake::arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type, TimestampMicrosecondType};
use std::collections::HashMap;
use std::sync::Arc;
use throughline_interactions::{Actor, Currency, Direction, Money, OrderKey, Timestamp};
use throughline_timeline::{Row, RowPromise, RowScore};

/// Names that are shared among rows: few different ones, many uses.
#[derive(Default)]
pub(crate) struct Names(HashMap<Box<str>, Arc<str>>);

impl Names {
    fn get(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let shared: Arc<str> = Arc::from(name);
        self.0.insert(Box::from(name), shared.clone());
        shared
    }
}

const ACTORS: [Actor; 6] = [Actor::Human, Actor::Agent, Actor::Bot, Actor::Prefetch, Actor::System, Actor::Internal];
const DIRECTIONS: [Direction; 2] = [Direction::In, Direction::Out];

fn longs<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a [i64], FileFault> {
    long_column(batch, name).ok_or(FileFault::Column(name))
}

fn texts<'a>(batch: &'a RecordBatch, name: &'static str) -> Result<&'a StringArray, FileFault> {
    batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>()).ok_or(FileFault::Column(name))
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}

/// A column that may be null.
struct Sparse<'a, T: ArrowPrimitiveType>(&'a deltalake::arrow::array::PrimitiveArray<T>);

impl<'a, T: ArrowPrimitiveType> Sparse<'a, T> {
    fn of(batch: &'a RecordBatch, name: &'static str) -> Result<Self, FileFault> {
        batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<T>()).map(Self).ok_or(FileFault::Column(name))
    }

    fn get(&self, row: usize) -> Option<T::Native> {
        self.0.is_valid(row).then(|| self.0.value(row))
    }
}

type Subjects = Vec<(Arc<str>, u64)>;

fn subjects(batch: &RecordBatch, names: &mut Names) -> Result<Vec<Subjects>, FileFault> {
    let fault = || FileFault::Column("subjects");
    let lists = batch.column_by_name("subjects").and_then(|c| c.as_list_opt::<i32>()).ok_or_else(fault)?;
    let items = lists.values().as_struct_opt().ok_or_else(fault)?;
    let kinds = items.column_by_name("kind").and_then(|c| c.as_string_opt::<i32>()).ok_or_else(fault)?;
    let hashes = items.column_by_name("hash").and_then(|c| c.as_primitive_opt::<Int64Type>()).ok_or_else(fault)?;
    let offsets = lists.value_offsets();
    Ok((0..lists.len())
        .map(|row| {
            if lists.is_null(row) {
                return Vec::new();
            }
            (offsets[row] as usize..offsets[row + 1] as usize)
                .map(|i| (names.get(kinds.value(i)), hashes.value(i) as u64))
                .collect()
        })
        .collect())
}

fn attributes(batch: &RecordBatch) -> Result<Vec<Vec<u64>>, FileFault> {
    let fault = || FileFault::Column("attributes");
    let lists = batch.column_by_name("attributes").and_then(|c| c.as_list_opt::<i32>()).ok_or_else(fault)?;
    let hashes = lists.values().as_primitive_opt::<Int64Type>().ok_or_else(fault)?.values();
    let offsets = lists.value_offsets();
    Ok((0..lists.len())
        .map(|row| {
            if lists.is_null(row) {
                return Vec::new();
            }
            hashes[offsets[row] as usize..offsets[row + 1] as usize].iter().map(|h| *h as u64).collect()
        })
        .collect())
}

/// Appends the rows of a batch to `out`. Row numbers in a fault count from the batch's start.
pub(crate) fn push_rows(batch: &RecordBatch, names: &mut Names, out: &mut Vec<Row>) -> Result<(), FileFault> {
    let customer = longs(batch, "customer")?;
    let node = longs(batch, "node")?;
    let position = longs(batch, "position")?;
    let occurred_at = Sparse::<TimestampMicrosecondType>::of(batch, "occurred_at")?;
    let source_seq = longs(batch, "source_seq")?;
    let prefix = longs(batch, "message_prefix")?;
    let hash = longs(batch, "message_hash")?;
    let (event, channel) = (texts(batch, "event")?, texts(batch, "channel")?);
    let (actor, direction) = (texts(batch, "actor")?, texts(batch, "direction")?);
    let money = Sparse::<Int64Type>::of(batch, "money_minor")?;
    let currency = texts(batch, "currency")?;
    let score_kind = texts(batch, "score_kind")?;
    let score = Sparse::<Float64Type>::of(batch, "score")?;
    let score_min = Sparse::<Float64Type>::of(batch, "score_min")?;
    let score_max = Sparse::<Float64Type>::of(batch, "score_max")?;
    let has_text =
        batch.column_by_name("has_text").and_then(|c| c.as_boolean_opt()).ok_or(FileFault::Column("has_text"))?;
    let promise_kind = texts(batch, "promise_kind")?;
    let due = Sparse::<TimestampMicrosecondType>::of(batch, "promise_due")?;
    let deadline = Sparse::<TimestampMicrosecondType>::of(batch, "promise_deadline")?;
    let day_deadline = Sparse::<TimestampMicrosecondType>::of(batch, "promise_day_deadline")?;
    let mut subjects = subjects(batch, names)?;
    let mut attributes = attributes(batch)?;

    out.reserve(batch.num_rows());
    for i in 0..batch.num_rows() {
        let fault = |what| FileFault::Value(what, i);
        let money = match (money.get(i), text(currency, i)) {
            (Some(minor), Some(code)) => {
                Some(Money { minor, currency: Currency::new(code).map_err(|_| fault("currency"))? })
            }
            (None, None) => None,
            _ => return Err(fault("amount of money")),
        };
        let score = match (text(score_kind, i), score.get(i), score_min.get(i), score_max.get(i)) {
            (Some(kind), Some(value), Some(min), Some(max)) => {
                Some(RowScore { kind: names.get(kind), value: value as f32, min: min as f32, max: max as f32 })
            }
            (None, None, None, None) => None,
            _ => return Err(fault("score")),
        };
        let promise = match (text(promise_kind, i), due.get(i), deadline.get(i), day_deadline.get(i)) {
            (Some(kind), Some(due), Some(deadline), Some(day)) => Some(RowPromise {
                kind: names.get(kind),
                due: Timestamp(due),
                deadline: Timestamp(deadline),
                day_deadline: Timestamp(day),
            }),
            (None, None, None, None) => None,
            _ => return Err(fault("promise")),
        };
        let actor = text(actor, i);
        let direction = text(direction, i);
        out.push(Row {
            customer: customer[i] as u64,
            node: node[i] as u64,
            order: OrderKey {
                occurred_at: Timestamp(occurred_at.get(i).ok_or_else(|| fault("time"))?),
                source_seq: u32::try_from(source_seq[i]).map_err(|_| fault("index at the source"))?,
                message_prefix: prefix[i] as u64,
                message_hash: hash[i] as u64,
            },
            position: position[i] as u64,
            event: names.get(text(event, i).ok_or_else(|| fault("event"))?),
            channel: names.get(text(channel, i).unwrap_or_default()),
            actor: *ACTORS.iter().find(|a| Some(actor_name(**a)) == actor).ok_or_else(|| fault("actor"))?,
            direction: *DIRECTIONS
                .iter()
                .find(|d| Some(direction_name(**d)) == direction)
                .ok_or_else(|| fault("direction"))?,
            money,
            score,
            has_text: has_text.value(i),
            promise,
            subjects: std::mem::take(&mut subjects[i]),
            attributes: std::mem::take(&mut attributes[i]),
        });
    }
    Ok(())
}
