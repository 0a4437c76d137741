//! A pass of the timeline as a node of a query plan, over an explicit list of buckets.
//!
//! A pass must see whole people, so it never stands above an ordinary scan, which is split by byte
//! ranges. Its leaf is the list itself: for each bucket, nought to many immutable segment files
//! with their size and etag. A partition is some of the buckets, one after the other; its rows are
//! encoded partial states, and [`merge_partials`] refuses a bucket that is missing or came twice.

mod codec;
mod run;

pub use codec::PassCodec;
pub use run::{NamedPass, PassFault, PassRegistry, merge_partials};

use deltalake::arrow::array::{BinaryArray, RecordBatch, UInt16Array};
use deltalake::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake::datafusion::common::tree_node::TreeNodeRecursion;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::{SendableRecordBatchStream, TaskContext};
use deltalake::datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use deltalake::datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use deltalake::datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use deltalake::datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt};
use std::sync::Arc;

/// A segment file of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFile {
    /// Where it is: `file:///…` or an object-store URL that the session knows.
    pub url: String,
    /// Its bytes; another size is another file.
    pub size: u64,
    /// Its etag, if the store gives one; another etag is another file.
    pub etag: Option<String>,
    /// Customers in it that have moved or gone, ascending: the pass does not see them.
    pub hidden: Vec<u64>,
}

/// The segments of one bucket. No customer may stand in two of them unhidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketFiles {
    /// The bucket.
    pub bucket: u16,
    /// Its files, perhaps none.
    pub files: Vec<SegmentFile>,
}

/// The plan node.
#[derive(Debug)]
pub struct PassExec {
    pub(crate) pass: Arc<dyn NamedPass>,
    pub(crate) buckets: Arc<Vec<BucketFiles>>,
    /// How many buckets there are in all; the node may hold a part of them.
    pub(crate) of: u16,
    pub(crate) partitions: usize,
    properties: Arc<PlanProperties>,
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("bucket", DataType::UInt16, false),
        Field::new("state", DataType::Binary, false),
    ]))
}

impl PassExec {
    /// A pass over buckets, as `partitions` streams: no more than there are cores, because each
    /// is worked off at full speed.
    pub fn new(pass: Arc<dyn NamedPass>, buckets: Vec<BucketFiles>, of: u16, partitions: usize) -> Self {
        let partitions = partitions.clamp(1, buckets.len().max(1));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema()),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { pass, buckets: Arc::new(buckets), of, partitions, properties: Arc::new(properties) }
    }
}

impl DisplayAs for PassExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PassExec: pass={}, buckets={} of {}", self.pass.name(), self.buckets.len(), self.of)
    }
}

impl ExecutionPlan for PassExec {
    fn name(&self) -> &str {
        "PassExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion, DataFusionError>,
    ) -> Result<TreeNodeRecursion, DataFusionError> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        if children.is_empty() { Ok(self) } else { Err(DataFusionError::Internal("a pass has no inputs".to_owned())) }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        if children.is_empty() { Ok(self) } else { Err(DataFusionError::Internal("a pass has no inputs".to_owned())) }
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        let (all, pass, of) = (self.buckets.clone(), self.pass.clone(), self.of);
        let mine = (partition..all.len()).step_by(self.partitions);
        let states = futures::stream::iter(mine.collect::<Vec<_>>()).then(move |index| {
            let (all, pass, context) = (all.clone(), pass.clone(), context.clone());
            async move {
                let bucket = all[index].bucket;
                let state = run::run_bucket(pass, &all[index], of, &context).await?;
                let columns: Vec<Arc<dyn deltalake::arrow::array::Array>> =
                    vec![Arc::new(UInt16Array::from(vec![bucket])), Arc::new(BinaryArray::from_vec(vec![&state]))];
                RecordBatch::try_new(schema(), columns).map_err(DataFusionError::from)
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), states.map_err(|e| e))))
    }
}
