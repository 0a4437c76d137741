//! Reading rows under the customer they belong to now.

use crate::decode::{Names, push_rows};
use crate::error::{FileFault, LakeError};
use crate::file::{DataFile, Wanted, read_file};
use crate::redirects::{Nodes, Redirects};
use crate::table::{Inner, Lake, Snapshot};
use std::sync::Arc;
use throughline_timeline::{Row, bucket_of};

/// A consistent view of one version. While it lives, its files stay on disk — except for those of
/// an erased person, after which it answers [`LakeError::Erased`].
pub struct Reader {
    pub(crate) inner: Arc<Inner>,
    pub(crate) snapshot: Arc<Snapshot>,
}

impl Lake {
    /// A reader of the present version.
    pub async fn reader(&self) -> Result<Reader, LakeError> {
        Ok(Reader { inner: self.inner.clone(), snapshot: self.inner.snapshot().await? })
    }

    /// See [`Reader::read_bucket`].
    pub async fn read_bucket(&self, bucket: u16, redirects: &Redirects) -> Result<Vec<Row>, LakeError> {
        self.reader().await?.read_bucket(bucket, redirects).await
    }

    /// See [`Reader::scan_customer`].
    pub async fn scan_customer(&self, customer: u64, redirects: &Redirects) -> Result<Vec<Row>, LakeError> {
        self.reader().await?.scan_customer(customer, redirects).await
    }
}

impl Reader {
    /// The version of the table.
    pub fn version(&self) -> u64 {
        self.snapshot.version
    }

    /// The ledger position up to which this version has every row.
    pub fn covered_position(&self) -> Option<u64> {
        self.snapshot.covered
    }

    /// All rows of the customers who now belong to a bucket, sorted by customer and then in the
    /// order of the story. Rows that a redirect brings are fetched from wherever they are stored;
    /// rows that it takes away are left out. Nobody is halved.
    pub async fn read_bucket(&self, bucket: u16, redirects: &Redirects) -> Result<Vec<Row>, LakeError> {
        let buckets = self.inner.options.buckets;
        let coming = Arc::new(redirects.nodes_where(|customer| bucket_of(customer, buckets) == bucket));
        let mut rows = Vec::new();
        let mut names = Names::default();
        for file in &self.snapshot.files {
            let wanted = if file.bucket == bucket {
                Wanted::All
            } else if coming.is_empty() {
                continue;
            } else {
                Wanted::Of { customers: Arc::default(), nodes: coming.clone(), positions: Arc::default() }
            };
            self.read(file, &wanted, &mut names, &mut rows).await?;
        }
        settle(&mut rows, redirects, |customer| bucket_of(customer, buckets) == bucket);
        Ok(rows)
    }

    /// All rows of one customer, in the order of the story.
    pub async fn scan_customer(&self, customer: u64, redirects: &Redirects) -> Result<Vec<Row>, LakeError> {
        let coming = Arc::new(redirects.nodes_where(|now| now == customer));
        let own: Arc<Nodes> = Arc::new([customer].into_iter().collect());
        let bucket = bucket_of(customer, self.inner.options.buckets);
        let mut rows = Vec::new();
        let mut names = Names::default();
        for file in &self.snapshot.files {
            let own_may_be_here = file.bucket == bucket && file.may_hold(customer);
            if own_may_be_here || !coming.is_empty() {
                let wanted = Wanted::Of { customers: own.clone(), nodes: coming.clone(), positions: Arc::default() };
                self.read(file, &wanted, &mut names, &mut rows).await?;
            }
        }
        settle(&mut rows, redirects, |now| now == customer);
        Ok(rows)
    }

    async fn read(
        &self,
        file: &DataFile,
        wanted: &Wanted,
        names: &mut Names,
        rows: &mut Vec<Row>,
    ) -> Result<(), LakeError> {
        let batches = read_file(&self.inner.store, file, wanted, &[]).await.map_err(|e| self.explain(e))?;
        for batch in &batches {
            push_rows(batch, names, rows).map_err(|fault| LakeError::file(&file.path, fault))?;
        }
        Ok(())
    }

    fn explain(&self, error: LakeError) -> LakeError {
        match error {
            LakeError::File { fault: FileFault::Missing, .. } if self.inner.erased(&self.snapshot) => {
                LakeError::Erased { version: self.snapshot.version }
            }
            other => other,
        }
    }
}

/// Puts rows under their customer now, keeps those that pass and sorts them.
fn settle(rows: &mut Vec<Row>, redirects: &Redirects, passes: impl Fn(u64) -> bool) {
    rows.retain_mut(|row| {
        row.customer = redirects.customer_now(row.node, row.customer);
        passes(row.customer)
    });
    rows.sort_unstable_by_key(|r| (r.customer, r.order, r.position));
}
