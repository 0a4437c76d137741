//! The columns of the table, in one list from which the Arrow schema, the Delta schema and the
//! file schema follow. Nothing personal is a column: hashes, codes and numbers only.

use deltalake::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::{ArrayType, DataType as DeltaType, StructField, StructType};
use std::sync::{Arc, LazyLock};

/// The partition column: the low bits of the customer at the time of writing.
pub(crate) const BUCKET: &str = "bucket";

/// What a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Long,
    Text,
    Double,
    Flag,
    Time,
    Hashes,
    Subjects,
}

/// Name, kind, may be null. `bucket` stands in the path of a file, not in the file.
const COLUMNS: [(&str, Kind, bool); 26] = [
    ("workspace", Kind::Int, false),
    (BUCKET, Kind::Int, false),
    ("customer", Kind::Long, false),
    ("node", Kind::Long, false),
    ("position", Kind::Long, false),
    ("occurred_at", Kind::Time, false),
    ("source_seq", Kind::Long, false),
    ("message_prefix", Kind::Long, false),
    ("message_hash", Kind::Long, false),
    ("event", Kind::Text, false),
    ("channel", Kind::Text, true),
    ("actor", Kind::Text, false),
    ("direction", Kind::Text, false),
    ("money_minor", Kind::Long, true),
    ("currency", Kind::Text, true),
    ("score_kind", Kind::Text, true),
    ("score", Kind::Double, true),
    ("score_min", Kind::Double, true),
    ("score_max", Kind::Double, true),
    ("has_text", Kind::Flag, false),
    ("promise_kind", Kind::Text, true),
    ("promise_due", Kind::Time, true),
    ("promise_deadline", Kind::Time, true),
    ("promise_day_deadline", Kind::Time, true),
    ("subjects", Kind::Subjects, true),
    ("attributes", Kind::Hashes, true),
];

/// The version of the columns and of what they mean: a property of the table and of every file.
pub(crate) const FORMAT: &str = "1";

/// Where [`FORMAT`] stands.
pub(crate) const FORMAT_KEY: &str = "throughline.format";

/// The fields of one subject.
pub(crate) fn subject_fields() -> Fields {
    Fields::from(vec![Field::new("kind", DataType::Utf8, false), Field::new("hash", DataType::Int64, false)])
}

/// The item of `subjects`.
pub(crate) fn subject_item() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Struct(subject_fields()), false))
}

/// The item of `attributes`.
pub(crate) fn hash_item() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Int64, false))
}

/// Microseconds UTC.
pub(crate) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

fn arrow_type(kind: Kind) -> DataType {
    match kind {
        Kind::Int => DataType::Int32,
        Kind::Long => DataType::Int64,
        Kind::Text => DataType::Utf8,
        Kind::Double => DataType::Float64,
        Kind::Flag => DataType::Boolean,
        Kind::Time => time_type(),
        Kind::Hashes => DataType::List(hash_item()),
        Kind::Subjects => DataType::List(subject_item()),
    }
}

fn delta_type(kind: Kind) -> DeltaType {
    match kind {
        Kind::Int => DeltaType::INTEGER,
        Kind::Long => DeltaType::LONG,
        Kind::Text => DeltaType::STRING,
        Kind::Double => DeltaType::DOUBLE,
        Kind::Flag => DeltaType::BOOLEAN,
        Kind::Time => DeltaType::TIMESTAMP,
        Kind::Hashes => ArrayType::new(DeltaType::LONG, false).into(),
        Kind::Subjects => {
            let subject = StructType::try_new([
                StructField::not_null("kind", DeltaType::STRING),
                StructField::not_null("hash", DeltaType::LONG),
            ]);
            ArrayType::new(subject.expect("two names that differ"), false).into()
        }
    }
}

fn schema(with_bucket: bool) -> SchemaRef {
    let fields: Vec<Field> = COLUMNS
        .iter()
        .filter(|(name, ..)| with_bucket || *name != BUCKET)
        .map(|(name, kind, nullable)| Field::new(*name, arrow_type(*kind), *nullable))
        .collect();
    Arc::new(Schema::new(fields))
}

/// The columns inside a file: all but the bucket.
pub(crate) fn file_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| schema(false));
    SCHEMA.clone()
}

/// The columns of the table as queries see them.
pub(crate) fn table_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| schema(true));
    SCHEMA.clone()
}

/// The columns as Delta declares them.
pub(crate) fn delta_columns() -> Vec<StructField> {
    COLUMNS.iter().map(|(name, kind, nullable)| StructField::new(*name, delta_type(*kind), *nullable)).collect()
}
