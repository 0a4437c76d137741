//! Answers as text: JSON and CSV.

use crate::error::LakeError;
use crate::session::Answer;
use deltalake::arrow::array::{AsArray, RecordBatch};
use deltalake::arrow::csv::WriterBuilder as CsvBuilder;
use deltalake::arrow::datatypes::{DataType, Int64Type};
use deltalake::arrow::json::ArrayWriter;

impl Answer {
    /// Rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// An array of objects, one a row; null values are left out.
    pub fn to_json(&self) -> Result<Vec<u8>, LakeError> {
        let failed = || LakeError::columns("write an answer as JSON");
        let mut writer = ArrayWriter::new(Vec::new());
        writer.write_batches(&self.batches.iter().collect::<Vec<_>>()).map_err(failed())?;
        writer.finish().map_err(failed())?;
        let bytes = writer.into_inner();
        Ok(if bytes.is_empty() { b"[]".to_vec() } else { bytes })
    }

    /// A heading and a line for each row. Lists are not a matter of CSV; choose plain columns.
    pub fn to_csv(&self) -> Result<Vec<u8>, LakeError> {
        let failed = || LakeError::columns("write an answer as CSV");
        let mut out = Vec::new();
        let mut writer = CsvBuilder::new().with_header(true).build(&mut out);
        if self.batches.is_empty() {
            writer.write(&RecordBatch::new_empty(self.schema.clone())).map_err(failed())?;
        }
        for batch in &self.batches {
            writer.write(batch).map_err(failed())?;
        }
        drop(writer);
        Ok(out)
    }

    /// One column of whole numbers; `None` if it is something else or has a null.
    pub fn longs(&self, column: &str) -> Option<Vec<i64>> {
        let mut all = Vec::with_capacity(self.rows());
        for batch in &self.batches {
            let array = batch.column_by_name(column)?;
            let array = deltalake::arrow::compute::cast(array, &DataType::Int64).ok()?;
            let longs = array.as_primitive::<Int64Type>();
            all.extend(longs.iter().collect::<Option<Vec<i64>>>()?);
        }
        Some(all)
    }
}
