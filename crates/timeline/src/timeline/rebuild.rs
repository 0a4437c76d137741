//! Making the timelines anew from the rows of the lake.

use super::flush::Flushed;
use super::{Timeline, TimelineError, files};
use crate::builder::SegmentBuilder;
use crate::merge::Layer;
use crate::names::Names;
use crate::row::{Row, bucket_of};
use std::sync::Arc;

/// Why a rebuild stopped. The timeline is then as before.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError<E: std::error::Error + 'static> {
    /// The rows could not be read.
    #[error("cannot read the rows of a bucket")]
    Rows(#[source] E),
    /// They could not be written.
    #[error(transparent)]
    Timeline(#[from] TimelineError),
}

impl Timeline {
    /// Replaces everything by the rows that `rows_of` gives for each bucket, one bucket after the
    /// other, straight into files. Rows sorted by customer and order go through columns; others
    /// are sorted in memory, a bucket at a time. `covers` is the ledger position that the rows
    /// reach.
    pub fn rebuild<I, E>(
        &mut self,
        covers: u64,
        mut rows_of: impl FnMut(u16) -> Result<I, E>,
    ) -> Result<Flushed, RebuildError<E>>
    where
        I: IntoIterator<Item = Result<Row, E>>,
        E: std::error::Error + 'static,
    {
        self.planned += 1;
        let generation = self.planned;
        let mut manifest = self.manifest.clone();
        manifest.generation = generation;
        manifest.covers = covers;
        let mut stacks: Vec<Arc<Vec<Layer>>> = Vec::with_capacity(self.buckets as usize);
        let mut flushed = Flushed { covers, buckets: self.buckets as usize, ..Flushed::default() };
        for bucket in 0..self.buckets {
            let mut builder = SegmentBuilder::new(self.workspace, bucket, self.buckets);
            for row in rows_of(bucket).map_err(RebuildError::Rows)? {
                let row = row.map_err(RebuildError::Rows)?;
                let found = bucket_of(row.customer, self.buckets);
                if found != bucket {
                    return Err(TimelineError::WrongBucket { bucket, found }.into());
                }
                builder.push(row);
            }
            manifest.files[bucket as usize] = None;
            if builder.rows() == 0 {
                stacks.push(Arc::default());
                continue;
            }
            let built = builder.finish(covers).map_err(TimelineError::from)?;
            let segment = files::write(&self.dir, bucket, generation, built.as_bytes())?;
            flushed.rows += segment.rows();
            flushed.bytes += built.as_bytes().len();
            manifest.files[bucket as usize] = Some(generation);
            stacks.push(Arc::new(vec![Layer::whole(Arc::new(segment))]));
        }
        files::sync_dir(&self.dir)?;
        manifest.write(&self.dir)?;
        self.manifest = manifest;
        self.stacks = stacks;
        self.touched.iter_mut().for_each(|t| t.clear());
        (self.waiting_rows, self.waiting_bytes, self.names) = (0, 0, Names::default());
        self.covers = covers;
        self.version = self.version.max(generation << 32) + 1;
        self.snapshot = None;
        files::sweep(&self.dir, &self.manifest)?;
        Ok(flushed)
    }
}
