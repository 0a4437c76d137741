//! Rows to columns, and the order of the rows in a file.

use crate::error::LakeError;
use crate::schema::{file_schema, hash_item, subject_fields, subject_item, time_type};
use deltalake::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int32Array, Int64Array, Int64Builder, ListArray, RecordBatch,
    StringBuilder, StructArray, TimestampMicrosecondArray, UInt32Array,
};
use deltalake::arrow::buffer::OffsetBuffer;
use deltalake::arrow::compute::take_record_batch;
use deltalake::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use std::sync::Arc;
use throughline_interactions::{Actor, Direction, WorkspaceId};
use throughline_timeline::Row;

/// The word of an actor, the same as in JSON.
pub(crate) fn actor_name(actor: Actor) -> &'static str {
    match actor {
        Actor::Human => "human",
        Actor::Agent => "agent",
        Actor::Bot => "bot",
        Actor::Prefetch => "prefetch",
        Actor::System => "system",
        Actor::Internal => "internal",
    }
}

/// The word of a direction, the same as in JSON.
pub(crate) fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
}

fn longs(rows: &[&Row], value: impl Fn(&Row) -> i64) -> ArrayRef {
    Arc::new(rows.iter().map(|r| value(r)).collect::<Int64Array>())
}

fn doubles(rows: &[&Row], value: impl Fn(&Row) -> Option<f64>) -> ArrayRef {
    Arc::new(rows.iter().map(|r| value(r)).collect::<Float64Array>())
}

fn times(rows: &[&Row], value: impl Fn(&Row) -> Option<i64>) -> ArrayRef {
    let array: TimestampMicrosecondArray = rows.iter().map(|r| value(r)).collect();
    Arc::new(array.with_data_type(time_type()))
}

fn texts<'a>(rows: &[&'a Row], value: impl Fn(&'a Row) -> Option<&'a str>) -> ArrayRef {
    let mut builder = StringBuilder::with_capacity(rows.len(), rows.len() * 8);
    for row in rows {
        builder.append_option(value(row));
    }
    Arc::new(builder.finish())
}

fn subjects(rows: &[&Row]) -> ArrayRef {
    let mut kinds = StringBuilder::new();
    let mut hashes = Int64Builder::new();
    for row in rows {
        for (kind, hash) in &row.subjects {
            kinds.append_value(kind);
            hashes.append_value(*hash as i64);
        }
    }
    let items = StructArray::new(subject_fields(), vec![Arc::new(kinds.finish()), Arc::new(hashes.finish())], None);
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(|r| r.subjects.len()));
    Arc::new(ListArray::new(subject_item(), offsets, Arc::new(items), None))
}

fn attributes(rows: &[&Row]) -> ArrayRef {
    let items: Int64Array = rows.iter().flat_map(|r| r.attributes.iter().map(|h| *h as i64)).collect();
    let offsets = OffsetBuffer::from_lengths(rows.iter().map(|r| r.attributes.len()));
    Arc::new(ListArray::new(hash_item(), offsets, Arc::new(items), None))
}

/// The rows as the columns of a file, in the order given.
pub(crate) fn to_batch(workspace: WorkspaceId, rows: &[&Row]) -> Result<RecordBatch, LakeError> {
    let n = rows.len();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![workspace.0 as i32; n])),
        longs(rows, |r| r.customer as i64),
        longs(rows, |r| r.node as i64),
        longs(rows, |r| r.position as i64),
        times(rows, |r| Some(r.order.occurred_at.0)),
        longs(rows, |r| i64::from(r.order.source_seq)),
        longs(rows, |r| r.order.message_prefix as i64),
        longs(rows, |r| r.order.message_hash as i64),
        texts(rows, |r| Some(&r.event)),
        texts(rows, |r| (!r.channel.is_empty()).then_some(&*r.channel)),
        texts(rows, |r| Some(actor_name(r.actor))),
        texts(rows, |r| Some(direction_name(r.direction))),
        Arc::new(rows.iter().map(|r| r.money.map(|m| m.minor)).collect::<Int64Array>()),
        texts(rows, |r| r.money.as_ref().map(|m| m.currency.as_str())),
        texts(rows, |r| r.score.as_ref().map(|s| &*s.kind)),
        doubles(rows, |r| r.score.as_ref().map(|s| f64::from(s.value))),
        doubles(rows, |r| r.score.as_ref().map(|s| f64::from(s.min))),
        doubles(rows, |r| r.score.as_ref().map(|s| f64::from(s.max))),
        Arc::new(BooleanArray::from(rows.iter().map(|r| r.has_text).collect::<Vec<_>>())),
        texts(rows, |r| r.promise.as_ref().map(|p| &*p.kind)),
        times(rows, |r| r.promise.as_ref().map(|p| p.due.0)),
        times(rows, |r| r.promise.as_ref().map(|p| p.deadline.0)),
        times(rows, |r| r.promise.as_ref().map(|p| p.day_deadline.0)),
        subjects(rows),
        attributes(rows),
    ];
    RecordBatch::try_new(file_schema(), columns).map_err(LakeError::columns("build the columns of a lake file"))
}

/// What a row is sorted by in a file: the customer as a signed number, because that is how Parquet
/// and every reader compare it, then the order of the story.
pub(crate) type FileOrder = (i64, i64, i64, u64, u64, i64);

pub(crate) fn file_order(row: &Row) -> FileOrder {
    let o = row.order;
    (
        row.customer as i64,
        o.occurred_at.0,
        i64::from(o.source_seq),
        o.message_prefix,
        o.message_hash,
        row.position as i64,
    )
}

/// A long column of a batch.
pub(crate) fn long_column<'a>(batch: &'a RecordBatch, name: &'static str) -> Option<&'a [i64]> {
    let column = batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
    (column.null_count() == 0).then_some(column.values())
}

fn time_column(batch: &RecordBatch) -> Option<&[i64]> {
    let column = batch.column_by_name("occurred_at")?.as_primitive_opt::<TimestampMicrosecondType>()?;
    (column.null_count() == 0).then_some(column.values())
}

/// The file order of every row of a batch.
pub(crate) fn batch_order(batch: &RecordBatch) -> Result<Vec<FileOrder>, &'static str> {
    let customer = long_column(batch, "customer").ok_or("customer")?;
    let occurred_at = time_column(batch).ok_or("occurred_at")?;
    let source_seq = long_column(batch, "source_seq").ok_or("source_seq")?;
    let prefix = long_column(batch, "message_prefix").ok_or("message_prefix")?;
    let hash = long_column(batch, "message_hash").ok_or("message_hash")?;
    let position = long_column(batch, "position").ok_or("position")?;
    Ok((0..batch.num_rows())
        .map(|i| (customer[i], occurred_at[i], source_seq[i], prefix[i] as u64, hash[i] as u64, position[i]))
        .collect())
}

/// The rows named by `indices`, in file order.
pub(crate) fn take_sorted(
    batch: &RecordBatch,
    order: &[FileOrder],
    mut indices: Vec<u32>,
) -> Result<RecordBatch, LakeError> {
    indices.sort_unstable_by_key(|&i| order[i as usize]);
    take_record_batch(batch, &UInt32Array::from(indices)).map_err(LakeError::columns("sort the rows of a lake file"))
}
