//! Records of a foreign Parquet file, as text: what the file import reads.

use crate::error::{FileFault, LakeError};
use deltalake::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use deltalake::arrow::datatypes::{DataType, FieldRef};
use deltalake::arrow::error::ArrowError;
use deltalake::arrow::json::writer::{EncoderOptions, make_encoder};
use deltalake::arrow::util::display::{ArrayFormatter, FormatOptions};
use deltalake::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 4096;

/// The records of a Parquet file in the order of the file, each value as text: numbers in digits,
/// times as RFC 3339 (without an offset if the file has none), bytes as UTF-8 or else in
/// hexadecimal, lists and structures as JSON.
pub struct ParquetRecords {
    path: String,
    columns: Vec<String>,
    reader: ParquetRecordBatchReader,
    ready: VecDeque<Vec<Option<String>>>,
    rows: u64,
    rows_read: u64,
    bytes: u64,
}

/// Opens a Parquet file on this machine.
pub fn open_parquet(path: &Path) -> Result<ParquetRecords, LakeError> {
    let name = path.display().to_string();
    let failed = |source| LakeError::Disk { doing: "open", path: name.clone(), source };
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let unreadable = |e: deltalake::parquet::errors::ParquetError| LakeError::Foreign {
        path: name.clone(),
        fault: FileFault::Damaged(e.to_string()),
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(unreadable)?.with_batch_size(BATCH_ROWS);
    let rows = builder.metadata().file_metadata().num_rows().max(0) as u64;
    let columns = builder.schema().fields().iter().map(|f| f.name().clone()).collect();
    let reader = builder.build().map_err(unreadable)?;
    Ok(ParquetRecords { path: name, columns, reader, ready: VecDeque::new(), rows, rows_read: 0, bytes })
}

impl ParquetRecords {
    /// Names of the columns, in the order of the values.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Records in the file.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes behind us, in proportion to the records that were given out.
    pub fn bytes_read(&self) -> u64 {
        let given = self.rows_read - self.ready.len() as u64;
        (u128::from(self.bytes) * u128::from(given) / u128::from(self.rows.max(1))) as u64
    }

    fn damaged(&self, error: &ArrowError) -> LakeError {
        LakeError::Foreign { path: self.path.clone(), fault: FileFault::Damaged(error.to_string()) }
    }
}

impl Iterator for ParquetRecords {
    type Item = Result<Vec<Option<String>>, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(Ok(record));
            }
            let records = match self.reader.next()?.and_then(|batch| records(&batch)) {
                Ok(records) => records,
                Err(error) => return Some(Err(self.damaged(&error))),
            };
            self.rows_read += records.len() as u64;
            self.ready = records.into();
        }
    }
}

fn records(batch: &RecordBatch) -> Result<Vec<Vec<Option<String>>>, ArrowError> {
    let mut records: Vec<Vec<Option<String>>> = vec![Vec::with_capacity(batch.num_columns()); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        for (record, value) in records.iter_mut().zip(texts(field, column)?) {
            record.push(value);
        }
    }
    Ok(records)
}

fn texts(field: &FieldRef, column: &ArrayRef) -> Result<Vec<Option<String>>, ArrowError> {
    match column.data_type() {
        t if t.is_nested() => as_json(field, column),
        DataType::Binary => Ok(column.as_binary::<i32>().iter().map(|v| v.map(bytes_as_text)).collect()),
        DataType::LargeBinary => Ok(column.as_binary::<i64>().iter().map(|v| v.map(bytes_as_text)).collect()),
        DataType::BinaryView => Ok(column.as_binary_view().iter().map(|v| v.map(bytes_as_text)).collect()),
        _ => {
            let options = FormatOptions::new();
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options)?;
            (0..column.len())
                .map(|row| match column.is_valid(row) {
                    true => formatter.value(row).try_to_string().map(Some),
                    false => Ok(None),
                })
                .collect()
        }
    }
}

fn bytes_as_text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
    }
}

fn as_json(field: &FieldRef, column: &ArrayRef) -> Result<Vec<Option<String>>, ArrowError> {
    let options = EncoderOptions::default();
    let mut encoder = make_encoder(field, column.as_ref(), &options)?;
    Ok((0..column.len())
        .map(|row| {
            if encoder.is_null(row) {
                return None;
            }
            let mut json = Vec::new();
            encoder.encode(row, &mut json);
            Some(String::from_utf8_lossy(&json).into_owned())
        })
        .collect())
}
