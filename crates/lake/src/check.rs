//! How large the lake is, and whether every byte of it is what the log says.

use crate::decode::{Names, push_rows};
use crate::encode::{batch_order, long_column};
use crate::error::{FileFault, LakeError};
use crate::file::{DataFile, Wanted, read_file, store_path};
use crate::sweep::list_data;
use crate::table::{Inner, Lake};
use deltalake::ObjectStoreError;
use deltalake::logstore::object_store::ObjectStoreExt;
use throughline_timeline::bucket_of;

/// The size of the lake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LakeStats {
    /// Files of the present version.
    pub files: usize,
    /// Rows of the present version.
    pub rows: u64,
    /// Bytes of the present version.
    pub bytes: u64,
    /// Bytes on disk that wait for the vacuum.
    pub unnamed_bytes: u64,
    /// Version of the table.
    pub version: u64,
    /// Ledger position up to which every row is here.
    pub covered: Option<u64>,
    /// The most files in one bucket: what a compaction would bring down.
    pub most_files_in_a_bucket: usize,
}

/// What [`Lake::verify`] found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Files read to the last byte.
    pub files: usize,
    /// Rows decoded.
    pub rows: u64,
    /// Every fault, each naming its file and what to do.
    pub faults: Vec<LakeError>,
}

impl Lake {
    /// How large the lake is.
    pub async fn stats(&self) -> Result<LakeStats, LakeError> {
        let snapshot = self.inner.snapshot().await?;
        let on_disk: u64 = list_data(&self.inner).await?.iter().map(|o| o.size).sum();
        let bytes = snapshot.files.iter().map(|f| f.bytes).sum();
        let of_bucket = snapshot.files.chunk_by(|a, b| a.bucket == b.bucket).map(<[DataFile]>::len);
        Ok(LakeStats {
            files: snapshot.files.len(),
            rows: snapshot.files.iter().map(|f| f.rows).sum(),
            bytes,
            unnamed_bytes: on_disk.saturating_sub(bytes),
            version: snapshot.version,
            covered: snapshot.covered,
            most_files_in_a_bucket: of_bucket.max().unwrap_or_default(),
        })
    }

    /// Reads every file of the present version to the last byte and compares it with the log. A
    /// damaged file is a fault in the answer; an error is a store or a log that cannot be read.
    pub async fn verify(&self) -> Result<Verified, LakeError> {
        let snapshot = self.inner.snapshot().await?;
        let mut verified = Verified::default();
        for file in &snapshot.files {
            match verify_file(&self.inner, file).await {
                Ok(rows) => verified.rows += rows,
                Err(fault @ LakeError::File { .. }) => verified.faults.push(fault),
                Err(other) => return Err(other),
            }
            verified.files += 1;
        }
        Ok(verified)
    }
}

async fn verify_file(inner: &Inner, file: &DataFile) -> Result<u64, LakeError> {
    let wrong = |fault| LakeError::file(&file.path, fault);
    let found = match inner.store.head(&store_path(&file.path)).await {
        Ok(meta) => meta.size,
        Err(ObjectStoreError::NotFound { .. }) => return Err(wrong(FileFault::Missing)),
        Err(source) => {
            return Err(LakeError::Store { doing: "look at", path: file.path.clone(), source });
        }
    };
    if found != file.bytes {
        return Err(wrong(FileFault::Size { found, expected: file.bytes }));
    }
    let bytes = match inner.store.get(&store_path(&file.path)).await {
        Ok(found) => found.bytes().await,
        Err(source) => Err(source),
    };
    let bytes = bytes.map_err(|source| LakeError::Store { doing: "read", path: file.path.clone(), source })?;
    let told = file.path.strip_suffix(".parquet").and_then(|p| p.rsplit_once('-')).map(|(_, crc)| crc);
    if told != Some(format!("{:08x}", crc32fast::hash(&bytes)).as_str()) {
        return Err(wrong(FileFault::Damaged("its bytes are not those that were written".to_owned())));
    }
    drop(bytes);
    let mut rows = 0_usize;
    let mut last = None;
    for batch in read_file(&inner.store, file, &Wanted::All, &[]).await? {
        push_rows(&batch, &mut Names::default(), &mut Vec::new()).map_err(wrong)?;
        let customers = long_column(&batch, "customer").ok_or_else(|| wrong(FileFault::Column("customer")))?;
        if let Some(i) = customers.iter().position(|c| bucket_of(*c as u64, inner.options.buckets) != file.bucket) {
            return Err(wrong(FileFault::Bucket(rows + i)));
        }
        for (i, key) in batch_order(&batch).map_err(|c| wrong(FileFault::Column(c)))?.into_iter().enumerate() {
            if last.is_some_and(|before| before > key) {
                return Err(wrong(FileFault::Order(rows + i)));
            }
            last = Some(key);
        }
        rows += batch.num_rows();
    }
    if rows as u64 != file.rows {
        return Err(wrong(FileFault::Rows { found: rows as u64, expected: file.rows }));
    }
    Ok(rows as u64)
}
