//! The file formats that an import reads: those of the connectors, and Parquet by the lake.

use throughline_connectors::files::{Formats, Record, RecordFault, RecordReader};
use throughline_lake::{ParquetRecords, open_parquet};

/// All of them.
pub fn formats() -> Formats {
    Formats::standard().with(
        "parquet",
        &["parquet", "pq"],
        Box::new(|request| {
            let records = open_parquet(request.path)?;
            Ok(Box::new(ParquetReader { records, row: 0, done: false }))
        }),
    )
}

struct ParquetReader {
    records: ParquetRecords,
    row: u64,
    done: bool,
}

impl RecordReader for ParquetReader {
    fn columns(&self) -> &[String] {
        self.records.columns()
    }

    fn next(&mut self) -> Option<Result<Record, RecordFault>> {
        if self.done {
            return None;
        }
        self.row += 1;
        match self.records.next()? {
            Ok(cells) => Some(Ok(Record::new(self.row, cells.iter().map(|c| c.as_deref().unwrap_or(""))))),
            Err(e) => {
                self.done = true;
                Some(Err(RecordFault {
                    line: self.row,
                    column: None,
                    code: "damaged_file",
                    reason: e.to_string(),
                    raw: String::new(),
                    fatal: true,
                }))
            }
        }
    }

    fn bytes_read(&self) -> u64 {
        self.records.bytes_read()
    }
}
