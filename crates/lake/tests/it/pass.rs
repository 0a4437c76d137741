use crate::world::{BUCKETS, rows};
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes_with_extension_codec,
};
use deltalake::datafusion::physical_plan::{ExecutionPlan, collect};
use deltalake::datafusion::prelude::SessionContext;
use std::path::Path;
use std::sync::Arc;
use throughline_lake::{BucketFiles, PassCodec, PassExec, PassFault, PassRegistry, SegmentFile, merge_partials};
use throughline_timeline::{
    Customer, Pass, PassState, Row, ScanError, ScanOptions, Segment, SegmentBuilder, Snapshot, StateError, StateReader,
    bucket_of,
};

/// Counts customers and their interactions of one event.
#[derive(Debug, Clone)]
struct CountEvent(String);

#[derive(Debug, PartialEq)]
struct Counted {
    people: u64,
    events: u64,
}

impl PassState for Counted {
    const VERSION: u16 = 1;

    fn merge(&mut self, other: Self) {
        self.people += other.people;
        self.events += other.events;
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.people.to_le_bytes());
        out.extend_from_slice(&self.events.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Result<Self, StateError> {
        let mut reader = StateReader::new(bytes);
        let state = Self { people: reader.u64()?, events: reader.u64()? };
        reader.end()?;
        Ok(state)
    }
}

impl Pass for CountEvent {
    const NAME: &'static str = "count-event";
    type State = Counted;
    type Local = Option<u16>;

    fn start(&self) -> Counted {
        Counted { people: 0, events: 0 }
    }

    fn enter(&self, segment: &Segment) -> Option<u16> {
        segment.event_code(&self.0)
    }

    fn customer(&self, local: &mut Option<u16>, customer: Customer<'_>, state: &mut Counted) {
        let events = (0..customer.len()).filter(|i| Some(customer.event(*i)) == *local).count();
        state.people += 1;
        state.events += events as u64;
    }
}

fn registry() -> Arc<PassRegistry> {
    let mut registry = PassRegistry::default();
    registry.register(|parameters| String::from_utf8(parameters.to_vec()).ok().map(CountEvent));
    Arc::new(registry)
}

fn write_segment(folder: &Path, name: &str, bucket: u16, rows: impl Iterator<Item = Row>) -> SegmentFile {
    let mut builder = SegmentBuilder::new(7, bucket, BUCKETS);
    rows.for_each(|r| builder.push(r));
    let path = folder.join(name);
    std::fs::write(&path, builder.finish(0).unwrap().as_bytes()).unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    SegmentFile { url: format!("file://{}", path.display()), size, etag: None, hidden: Vec::new() }
}

/// Bucket 0 has two files, bucket 1 none, the others one.
fn world(folder: &Path) -> (Vec<Row>, Vec<BucketFiles>) {
    let all: Vec<Row> = rows(0..2000, 60).into_iter().filter(|r| bucket_of(r.customer, BUCKETS) != 1).collect();
    let mut buckets = Vec::new();
    for bucket in 0..BUCKETS {
        let of = |half: u64| {
            let rows = all.iter().filter(move |r| bucket_of(r.customer, BUCKETS) == bucket);
            rows.filter(move |r| bucket != 0 || r.customer >> 5 & 1 == half).cloned()
        };
        let files = match bucket {
            0 => vec![write_segment(folder, "0a", 0, of(0)), write_segment(folder, "0b", 0, of(1))],
            1 => Vec::new(),
            b => vec![write_segment(folder, &b.to_string(), b, of(0))],
        };
        buckets.push(BucketFiles { bucket, files });
    }
    (all, buckets)
}

async fn run(plan: PassExec, registry: &Arc<PassRegistry>) -> Result<Counted, PassFault> {
    let context = SessionContext::new().task_ctx();
    let codec = PassCodec::new(registry.clone());
    // Every plan is encoded, decoded and executed.
    let bytes = physical_plan_to_bytes_with_extension_codec(Arc::new(plan), &codec).unwrap();
    let plan: Arc<dyn ExecutionPlan> = physical_plan_from_bytes_with_extension_codec(&bytes, &context, &codec).unwrap();
    assert_eq!(plan.properties().partitioning.partition_count(), 2);
    let batches = collect(plan, context).await.map_err(|e| {
        let deltalake::datafusion::error::DataFusionError::External(fault) = e.find_root() else { panic!("{e}") };
        PassFault::Unknown(fault.to_string())
    })?;
    merge_partials(&CountEvent("Delivered".to_owned()), &batches, BUCKETS)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_travels_in_a_plan_and_every_bucket_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let (all, buckets) = world(folder.path());
    let registry = registry();
    let plan = |buckets: Vec<BucketFiles>| {
        PassExec::new(registry.pass("count-event", b"Delivered").unwrap(), buckets, BUCKETS, 2)
    };
    let expected =
        Snapshot::of_rows(all, BUCKETS).scan(&CountEvent("Delivered".to_owned()), &ScanOptions::default()).unwrap();
    assert!(expected.people > 20 && expected.events > 100);
    assert_eq!(run(plan(buckets.clone()), &registry).await.unwrap(), expected);

    let missing = run(plan(buckets[..3].to_vec()), &registry).await.unwrap_err();
    assert!(matches!(missing, PassFault::Merge(ScanError::Missing { bucket: 3, .. })), "{missing}");
    let doubled = [buckets.clone(), buckets[2..3].to_vec()].concat();
    let doubled = run(plan(doubled), &registry).await.unwrap_err();
    assert!(matches!(doubled, PassFault::Merge(ScanError::Doubled { bucket: 2, .. })), "{doubled}");

    let mut halved = buckets.clone();
    let again = halved[0].files[0].clone();
    halved[0].files.push(again);
    let said = run(plan(halved), &registry).await.unwrap_err().to_string();
    assert!(said.contains("a customer stands in two segments of bucket 0"), "{said}");
    let mut changed = buckets.clone();
    changed[2].files[0].size += 1;
    let said = run(plan(changed), &registry).await.unwrap_err().to_string();
    assert!(said.contains("has changed since the plan was made"), "{said}");
    let mut foreign = buckets;
    foreign[2].files = std::mem::take(&mut foreign[3].files);
    let said = run(plan(foreign), &registry).await.unwrap_err().to_string();
    assert!(said.contains("is of bucket 3, not 2"), "{said}");
    assert!(matches!(registry.pass("nothing", b""), Err(PassFault::Unknown(_))));
}
