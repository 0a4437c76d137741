//! A consistent view of a workspace's customers.

use crate::builder::SegmentBuilder;
use crate::customer::Customer;
use crate::format::Corrupt;
use crate::merge::{Layer, fault_of};
use crate::row::{Row, bucket_of};
use crate::segment::Segment;
use std::sync::Arc;

/// A consistent view: in every bucket each customer is seen whole and once. Cheap to clone; it
/// stays as it is while the timeline moves on.
#[derive(Debug, Clone)]
pub struct Snapshot {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    workspace: u32,
    version: u64,
    covers: u64,
    buckets: Vec<Arc<Vec<Layer>>>,
}

impl Snapshot {
    pub(crate) fn new(workspace: u32, version: u64, covers: u64, buckets: Vec<Arc<Vec<Layer>>>) -> Self {
        Self { inner: Arc::new(Inner { workspace, version, covers, buckets }) }
    }

    /// A snapshot of rows in memory, for tests and oracles. `buckets` is a power of two.
    ///
    /// # Panics
    /// If a time does not fit or a bucket has more than 65,536 different names of one sort.
    pub fn of_rows(rows: Vec<Row>, buckets: u16) -> Snapshot {
        assert!(buckets.is_power_of_two(), "buckets are a power of two");
        let mut builders: Vec<_> = (0..buckets).map(|b| SegmentBuilder::new(0, b, buckets)).collect();
        let covers = rows.iter().map(|r| r.position).max().unwrap_or(0);
        for row in rows {
            builders[bucket_of(row.customer, buckets) as usize].push(row);
        }
        let layers = builders
            .into_iter()
            .map(|b| Arc::new(vec![Layer::whole(Arc::new(b.finish(covers).expect("rows fit a segment")))]))
            .collect();
        Self::new(0, 1, covers, layers)
    }

    /// The workspace.
    pub fn workspace(&self) -> u32 {
        self.inner.workspace
    }

    /// Changes whenever the content does, within one opening of a timeline.
    pub fn version(&self) -> u64 {
        self.inner.version
    }

    /// The ledger position up to which it knows everything.
    pub fn covers(&self) -> u64 {
        self.inner.covers
    }

    /// How many buckets.
    pub fn buckets(&self) -> u16 {
        self.inner.buckets.len() as u16
    }

    pub(crate) fn layers(&self, bucket: u16) -> &[Layer] {
        self.inner.buckets.get(bucket as usize).map_or(&[], |layers| layers)
    }

    /// All segments that hold rows of this view, hidden ones among them.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.inner.buckets.iter().flat_map(|b| b.iter()).map(|layer| layer.segment.as_ref())
    }

    /// How many customers.
    pub fn customers(&self) -> usize {
        self.inner.buckets.iter().flat_map(|b| b.iter()).map(Layer::visible_customers).sum()
    }

    /// How many interactions.
    pub fn rows(&self) -> usize {
        self.inner.buckets.iter().flat_map(|b| b.iter()).map(Layer::visible_rows).sum()
    }

    /// How many interactions a bucket has.
    pub fn bucket_rows(&self, bucket: u16) -> usize {
        self.layers(bucket).iter().map(Layer::visible_rows).sum()
    }

    /// One customer's story. Its bytes may turn out to be damaged: see [`Snapshot::check`].
    pub fn customer(&self, id: u64) -> Option<Customer<'_>> {
        let bucket = bucket_of(id, self.buckets());
        self.layers(bucket).iter().rev().find_map(|layer| layer.customer(id))
    }

    /// One customer's rows, in the order of the story, sets sorted; `None` if nothing is known.
    pub fn customer_rows(&self, id: u64) -> Result<Option<Vec<Row>>, Corrupt> {
        let rows = self.customer(id).map(|c| (0..c.len()).map(|i| c.to_row(i)).collect());
        self.check(id)?;
        Ok(rows)
    }

    /// Fails if damaged bytes were met in the files where this customer could be, so that what
    /// was read from [`Snapshot::customer`] until now is not to be believed.
    pub fn check(&self, id: u64) -> Result<(), Corrupt> {
        fault_of(self.layers(bucket_of(id, self.buckets())).iter())
    }

    /// The ids of all customers of a bucket, ascending.
    pub fn customer_ids(&self, bucket: u16) -> Vec<u64> {
        let mut ids: Vec<u64> = self.layers(bucket).iter().flat_map(|l| l.visible().map(|c| c.id)).collect();
        ids.sort_unstable();
        ids
    }
}
