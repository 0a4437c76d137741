//! SQL over the history. One function builds every session: its limits, its functions, its tables.

use crate::encode::to_batch;
use crate::error::LakeError;
use crate::redirects::Redirects;
use crate::schema::{BUCKET, table_schema};
use crate::table::{Inner, Lake, LakeOptions, Snapshot};
use deltalake::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use deltalake::arrow::datatypes::{DataType, Int64Type, SchemaRef};
use deltalake::datafusion::datasource::MemTable;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::memory_pool::FairSpillPool;
use deltalake::datafusion::execution::runtime_env::RuntimeEnvBuilder;
use deltalake::datafusion::logical_expr::{ColumnarValue, Expr, ScalarUDF, Volatility, cast, create_udf};
use deltalake::datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext, col, lit};
use std::sync::Arc;
use throughline_timeline::Row;

/// What a session is to see beside the files of the lake.
#[derive(Debug, Clone, Default)]
pub struct SessionView {
    /// Who rows belong to now.
    pub redirects: Redirects,
    /// Later rows that are not in the lake yet; those that are already covered are left out.
    pub tail: Vec<Row>,
}

/// A session over one version of the lake. While it lives, the files of that version stay.
pub struct LakeSession {
    context: SessionContext,
    inner: Arc<Inner>,
    snapshot: Arc<Snapshot>,
}

impl Lake {
    /// The session of every query: table `interactions`, one row an interaction, under the
    /// customer it belongs to now, the tail included.
    pub async fn session(&self, view: SessionView) -> Result<LakeSession, LakeError> {
        let snapshot = self.inner.snapshot().await?;
        let context = context(&self.inner.options)?;
        let stored = snapshot.table.table_provider().await.map_err(LakeError::Query)?;
        snapshot
            .table
            .update_datafusion_session(&context.state())
            .map_err(LakeError::delta("open the lake for SQL"))?;
        let mut interactions = context.read_table(stored).map_err(LakeError::Query)?;
        interactions = interactions.select(columns()).map_err(LakeError::Query)?;
        let tail: Vec<&Row> = view.tail.iter().filter(|r| snapshot.covered.is_none_or(|c| r.position > c)).collect();
        if !tail.is_empty() {
            let batch = to_batch(self.inner.workspace, &tail)?;
            let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(LakeError::Query)?;
            let later = context.read_table(Arc::new(table)).map_err(LakeError::Query)?;
            let later =
                later.with_column(BUCKET, lit(0)).and_then(|t| t.select(columns())).map_err(LakeError::Query)?;
            interactions = interactions.union(later).map_err(LakeError::Query)?;
        }
        let whole = whole_people(interactions, view.redirects, self.inner.options.buckets).map_err(LakeError::Query)?;
        context.register_table("interactions", whole.into_view()).map_err(LakeError::Query)?;
        Ok(LakeSession { context, inner: self.inner.clone(), snapshot })
    }
}

/// Limits: memory, partitions at once, rows at a time.
fn context(options: &LakeOptions) -> Result<SessionContext, LakeError> {
    let config = SessionConfig::new()
        .with_target_partitions(options.partitions.max(1))
        .with_batch_size(8192)
        .with_information_schema(true);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(options.memory_limit)))
        .build_arc()
        .map_err(LakeError::Query)?;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

/// All columns, in the order and with the types of the table.
fn columns() -> Vec<Expr> {
    table_schema().fields().iter().map(|f| cast(col(f.name()), f.data_type().clone()).alias(f.name())).collect()
}

/// Puts every row under its customer now, and into that customer's bucket.
fn whole_people(rows: DataFrame, redirects: Redirects, buckets: u16) -> Result<DataFrame, DataFusionError> {
    let rows = if redirects.is_empty() {
        rows
    } else {
        let now = customer_now(redirects).call(vec![col("node"), col("customer")]);
        rows.with_column("customer", now)?
    };
    let bucket = deltalake::datafusion::logical_expr::binary_expr(
        col("customer"),
        deltalake::datafusion::logical_expr::Operator::BitwiseAnd,
        lit(i64::from(buckets) - 1),
    );
    rows.with_column(BUCKET, cast(bucket, DataType::Int32))
}

/// `customer_now(node, customer)`: the customer that a row belongs to now.
fn customer_now(redirects: Redirects) -> ScalarUDF {
    let long = || DataType::Int64;
    create_udf(
        "customer_now",
        vec![long(), long()],
        long(),
        Volatility::Immutable,
        Arc::new(move |arguments| {
            let arrays = ColumnarValue::values_to_arrays(arguments)?;
            let [nodes, customers] = arrays.as_slice() else {
                return Err(DataFusionError::Internal("customer_now takes two arguments".to_owned()));
            };
            let (nodes, customers) = (nodes.as_primitive::<Int64Type>(), customers.as_primitive::<Int64Type>());
            let now: Int64Array = nodes
                .values()
                .iter()
                .zip(customers.values())
                .map(|(n, c)| redirects.customer_now(*n as u64, *c as u64) as i64)
                .collect();
            Ok(ColumnarValue::Array(Arc::new(now) as ArrayRef))
        }),
    )
}

/// The rows that a query answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Names and types of its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
}

impl LakeSession {
    /// The version of the table.
    pub fn version(&self) -> u64 {
        self.snapshot.version
    }

    /// Answers a query. Only queries: nothing is created, changed or set.
    pub async fn sql(&self, query: &str) -> Result<Answer, LakeError> {
        self.answer(query).await.map_err(|error| match self.inner.erased(&self.snapshot) {
            true => LakeError::Erased { version: self.snapshot.version },
            false => LakeError::Query(error),
        })
    }

    async fn answer(&self, query: &str) -> Result<Answer, DataFusionError> {
        let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let frame = self.context.sql_with_options(query, only_queries).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let batches = frame.collect().await?;
        Ok(Answer { schema, batches })
    }

    /// The context, for plans that SQL cannot say.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }
}
