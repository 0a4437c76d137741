//! One Parquet file of the table: written whole and sorted, read by row group with the rest pruned.

use crate::encode::{FileOrder, batch_order, long_column};
use crate::error::{FileFault, LakeError};
use crate::redirects::Nodes;
use crate::schema::{FORMAT, FORMAT_KEY, file_schema};
use bytes::Bytes;
use deltalake::ObjectStoreError;
use deltalake::Path;
use deltalake::arrow::array::{BooleanArray, RecordBatch};
use deltalake::arrow::error::ArrowError;
use deltalake::logstore::ObjectStoreRef;
use deltalake::logstore::object_store::ObjectStoreExt;
use deltalake::parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use deltalake::parquet::arrow::arrow_reader::{ArrowPredicateFn, ArrowReaderOptions, RowFilter};
use deltalake::parquet::arrow::async_reader::AsyncFileReader;
use deltalake::parquet::arrow::{ArrowWriter, ParquetRecordBatchStreamBuilder, ProjectionMask};
use deltalake::parquet::basic::{Compression, Encoding, ZstdLevel};
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::metadata::{KeyValue, ParquetMetaData, ParquetMetaDataReader, SortingColumn};
use deltalake::parquet::file::properties::{EnabledStatistics, WriterProperties};
use deltalake::parquet::schema::types::ColumnPath;
use futures::TryStreamExt;
use futures::future::BoxFuture;
use std::ops::Range;
use std::sync::Arc;
use throughline_interactions::Timestamp;

/// Rows of a row group: about a thousand customers, so that minimum and maximum find one of them.
const GROUP_ROWS: usize = 64 * 1024;
/// Rows decoded at a time.
const BATCH_ROWS: usize = 32 * 1024;

/// A data file as the log describes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DataFile {
    /// Relative to the table.
    pub path: String,
    pub bucket: u16,
    pub bytes: u64,
    pub rows: u64,
    /// Smallest and largest stored customer, as signed numbers.
    pub customers: (i64, i64),
}

impl DataFile {
    pub(crate) fn may_hold(&self, customer: u64) -> bool {
        (self.customers.0..=self.customers.1).contains(&(customer as i64))
    }
}

fn writer_properties() -> WriterProperties {
    let column = |name: &str| ColumnPath::from(name);
    let sorted = |index| SortingColumn { column_idx: index, descending: false, nulls_first: false };
    let index_of = |name: &str| file_schema().index_of(name).expect("a column of the list") as i32;
    let mut builder = WriterProperties::builder()
        .set_created_by("throughline".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(column("customer"), EnabledStatistics::Page)
        .set_sorting_columns(Some(vec![
            sorted(index_of("customer")),
            sorted(index_of("occurred_at")),
            sorted(index_of("source_seq")),
        ]))
        .set_key_value_metadata(Some(vec![KeyValue::new(FORMAT_KEY.to_owned(), FORMAT.to_owned())]));
    // Times and positions are near each other; hashes are neither near nor repeated.
    for name in ["occurred_at", "position", "source_seq"] {
        builder = builder
            .set_column_dictionary_enabled(column(name), false)
            .set_column_encoding(column(name), Encoding::DELTA_BINARY_PACKED);
    }
    for name in ["message_prefix", "message_hash"] {
        builder = builder
            .set_column_dictionary_enabled(column(name), false)
            .set_column_statistics_enabled(column(name), EnabledStatistics::None);
    }
    builder = builder.set_column_compression(column("message_hash"), Compression::UNCOMPRESSED);
    for name in ["subjects.list.element.kind", "subjects.list.element.hash", "attributes.list.element"] {
        builder = builder.set_column_statistics_enabled(
            ColumnPath::new(name.split('.').map(str::to_owned).collect()),
            EnabledStatistics::None,
        );
    }
    builder.build()
}

/// A sorted batch as the bytes of a file.
pub(crate) fn encode_file(batch: &RecordBatch) -> Result<Vec<u8>, LakeError> {
    let failed = |source| LakeError::Parquet { doing: "encode a lake file", source };
    let mut writer =
        ArrowWriter::try_new(Vec::with_capacity(1 << 16), file_schema(), Some(writer_properties())).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    writer.into_inner().map_err(failed)
}

/// The statistics of a sorted batch as the log keeps them.
pub(crate) fn statistics(batch: &RecordBatch) -> Result<(DataStatistics, String), LakeError> {
    let order = batch_order(batch)
        .map_err(|c| LakeError::columns("read back a column")(ArrowError::SchemaError(c.to_owned())))?;
    let range = |value: fn(&FileOrder) -> i64| {
        let values = || order.iter().map(value);
        (values().min().unwrap_or_default(), values().max().unwrap_or_default())
    };
    let customers = range(|o| o.0);
    let (first, last) = range(|o| o.1);
    let positions = range(|o| o.5);
    // The protocol keeps milliseconds, rounded outwards.
    let millis = |micros: i64| Timestamp(micros * 1000).to_string();
    let json = serde_json::json!({
        "numRecords": batch.num_rows(),
        "minValues": { "customer": customers.0, "position": positions.0, "occurred_at": millis(first.div_euclid(1000)) },
        "maxValues": { "customer": customers.1, "position": positions.1, "occurred_at": millis(-(-last).div_euclid(1000)) },
        "nullCount": { "customer": 0, "position": 0, "occurred_at": 0 },
    });
    Ok((DataStatistics { rows: batch.num_rows() as u64, customers }, json.to_string()))
}

/// What is known of a batch after looking at it once.
pub(crate) struct DataStatistics {
    pub rows: u64,
    pub customers: (i64, i64),
}

/// Which rows of a file are wanted.
#[derive(Clone)]
pub(crate) enum Wanted {
    /// All.
    All,
    /// Those stored under one of the customers, carrying one of the nodes, or of one of the positions.
    Of { customers: Arc<Nodes>, nodes: Arc<Nodes>, positions: Arc<Nodes> },
}

/// How a damaged file is told from a missing one.
pub(crate) fn parquet_fault(path: &str, error: &ParquetError) -> LakeError {
    if let ParquetError::External(source) = error
        && let Some(ObjectStoreError::NotFound { .. }) = source.downcast_ref::<ObjectStoreError>()
    {
        return LakeError::file(path, FileFault::Missing);
    }
    LakeError::file(path, FileFault::Damaged(error.to_string()))
}

/// Row groups that may hold one of the customers.
fn groups_of(metadata: &ParquetMetaData, customers: &Nodes) -> Option<Vec<usize>> {
    let schema = file_schema();
    let converter = StatisticsConverter::try_new("customer", &schema, metadata.file_metadata().schema_descr()).ok()?;
    let minima = converter.row_group_mins(metadata.row_groups().iter()).ok()?;
    let maxima = converter.row_group_maxes(metadata.row_groups().iter()).ok()?;
    let ranges = RecordBatch::try_from_iter([("min", minima), ("max", maxima)]).ok()?;
    let (minima, maxima) = (long_column(&ranges, "min")?, long_column(&ranges, "max")?);
    let holds = |g: &usize| customers.iter().any(|&c| (minima[*g]..=maxima[*g]).contains(&(c as i64)));
    Some((0..metadata.num_row_groups()).filter(holds).collect())
}

/// A file in the object store, read by ranges.
struct Stored {
    store: ObjectStoreRef,
    path: Path,
    bytes: u64,
}

impl AsyncFileReader for Stored {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        Box::pin(async move { Ok(self.store.get_range(&self.path, range).await?) })
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        Box::pin(async move { Ok(self.store.get_ranges(&self.path, &ranges).await?) })
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        Box::pin(async move {
            let bytes = self.bytes;
            let reader = ParquetMetaDataReader::new()
                .with_metadata_options(options.map(|o| o.metadata_options().clone()))
                .with_prefetch_hint(Some(64 * 1024));
            Ok(Arc::new(reader.load_and_finish(self, bytes).await?))
        })
    }
}

/// Reads the wanted rows of a file, in its order. `columns` names those to decode, all if empty.
pub(crate) async fn read_file(
    store: &ObjectStoreRef,
    file: &DataFile,
    wanted: &Wanted,
    columns: &[&str],
) -> Result<Vec<RecordBatch>, LakeError> {
    let fault = |e: ParquetError| parquet_fault(&file.path, &e);
    let reader = Stored { store: store.clone(), path: store_path(&file.path), bytes: file.bytes };
    let mut builder = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(fault)?.with_batch_size(BATCH_ROWS);
    for field in file_schema().fields() {
        if builder.schema().field_with_name(field.name()).is_err() {
            return Err(LakeError::file(&file.path, FileFault::Damaged(format!("no column `{}`", field.name()))));
        }
    }
    if let Wanted::Of { customers, nodes, positions } = wanted {
        if nodes.is_empty()
            && positions.is_empty()
            && let Some(groups) = groups_of(builder.metadata(), customers)
        {
            builder = builder.with_row_groups(groups);
        }
        let mask = ProjectionMask::columns(builder.parquet_schema(), ["customer", "node", "position"]);
        let (customers, nodes, positions) = (customers.clone(), nodes.clone(), positions.clone());
        let predicate = ArrowPredicateFn::new(mask, move |batch: RecordBatch| {
            let missing = || ArrowError::SchemaError("customer, node and position".to_owned());
            let customer = long_column(&batch, "customer").ok_or_else(missing)?;
            let node = long_column(&batch, "node").ok_or_else(missing)?;
            let position = long_column(&batch, "position").ok_or_else(missing)?;
            let keep = customer.iter().zip(node).zip(position).map(|((c, n), p)| {
                customers.contains(&(*c as u64)) || nodes.contains(&(*n as u64)) || positions.contains(&(*p as u64))
            });
            Ok(keep.collect::<Vec<bool>>().into()) as Result<BooleanArray, ArrowError>
        });
        builder = builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)]));
    }
    if !columns.is_empty() {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    builder.build().map_err(fault)?.try_collect().await.map_err(fault)
}

/// The path of an object under the table.
pub(crate) fn store_path(path: &str) -> Path {
    Path::parse(path).unwrap_or_else(|_| Path::from(path))
}

/// Puts an object.
pub(crate) async fn put(store: &ObjectStoreRef, path: &str, bytes: Vec<u8>) -> Result<(), LakeError> {
    store.put(&store_path(path), bytes.into()).await.map(|_| ()).map_err(|source| LakeError::Store {
        doing: "write",
        path: path.to_owned(),
        source,
    })
}
