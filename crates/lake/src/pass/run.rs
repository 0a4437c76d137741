//! Which passes there are, running one over a bucket, and merging what came back.

use super::{BucketFiles, SegmentFile};
use deltalake::Path as StorePath;
use deltalake::arrow::array::{AsArray, RecordBatch};
use deltalake::datafusion::datasource::object_store::ObjectStoreUrl;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::TaskContext;
use deltalake::logstore::object_store::ObjectStoreExt;
use std::collections::HashMap;
use std::iter::Peekable;
use std::sync::Arc;
use throughline_timeline::{Partial, Pass, ScanError, Segment, SegmentError, StateError};

/// Why a pass over a bucket, or the merge of its states, gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum PassFault {
    /// No pass of that name is registered.
    #[error("no pass is called `{0}`")]
    Unknown(String),
    /// The parameters of a pass cannot be read.
    #[error("the parameters of pass `{0}` cannot be read")]
    Parameters(String),
    /// A file is another one than the plan was made for.
    #[error("segment `{url}` has changed since the plan was made: {what}")]
    Changed {
        /// The file.
        url: String,
        /// What is different.
        what: String,
    },
    /// A file belongs to another bucket.
    #[error("segment `{url}` is of bucket {found}, not {expected}")]
    Bucket {
        /// The file.
        url: String,
        /// Its bucket, as it says.
        found: u16,
        /// The bucket of the plan.
        expected: u16,
    },
    /// A person stands in two files of a bucket: each would be half of them.
    #[error("a customer stands in two segments of bucket {0}")]
    Halved(u16),
    /// The session keeps no temporary files, where a distant segment would be copied to.
    #[error("this session has no room for temporary files")]
    Spool,
    /// A file cannot be read.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The states are not those of all buckets, each once.
    #[error(transparent)]
    Merge(#[from] ScanError),
    /// The plan answered something that is not a list of states.
    #[error("the plan did not answer with states")]
    Answer,
}

impl From<PassFault> for DataFusionError {
    fn from(fault: PassFault) -> Self {
        DataFusionError::External(Box::new(fault))
    }
}

/// A pass that can be named, sent and run.
pub trait NamedPass: std::fmt::Debug + Send + Sync {
    /// The name under which it is registered.
    fn name(&self) -> &'static str;
    /// What tells it from other passes of the name.
    fn parameters(&self) -> &[u8];
    /// Runs over the segments of a bucket and encodes the partial state. `hidden` goes with
    /// `segments`, ids ascending.
    fn run(&self, bucket: u16, of: u16, segments: &[Segment], hidden: &[&[u64]]) -> Result<Vec<u8>, PassFault>;
}

struct Named<P> {
    pass: P,
    parameters: Vec<u8>,
}

impl<P> std::fmt::Debug for Named<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Named").field("pass", &std::any::type_name::<P>()).finish_non_exhaustive()
    }
}

impl<P: Pass + Send + Sync> NamedPass for Named<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn parameters(&self) -> &[u8] {
        &self.parameters
    }

    fn run(&self, bucket: u16, of: u16, segments: &[Segment], hidden: &[&[u64]]) -> Result<Vec<u8>, PassFault> {
        let mut state = self.pass.start();
        let mut locals: Vec<P::Local> = segments.iter().map(|s| self.pass.enter(s)).collect();
        let mut cursors: Vec<Peekable<_>> = segments
            .iter()
            .zip(hidden)
            .map(|(s, hidden)| s.iter().filter(move |c| hidden.binary_search(&c.id).is_err()).peekable())
            .collect();
        let mut last = None;
        loop {
            let next = cursors.iter_mut().enumerate().filter_map(|(at, c)| c.peek().map(|c| (c.id, at))).min();
            let Some((id, at)) = next else { break };
            if last == Some(id) {
                return Err(PassFault::Halved(bucket));
            }
            last = Some(id);
            if let Some(customer) = cursors[at].next() {
                self.pass.customer(&mut locals[at], customer, &mut state);
            }
        }
        for (local, segment) in locals.into_iter().zip(segments) {
            self.pass.leave(local, segment, &mut state);
            if let Some(fault) = segment.fault() {
                return Err(SegmentError::from(fault.clone()).into());
            }
        }
        Ok(Partial { buckets: vec![bucket], of, state }.encode(P::NAME))
    }
}

type Make = Box<dyn Fn(&[u8]) -> Result<Arc<dyn NamedPass>, PassFault> + Send + Sync>;

/// The passes that a plan may name. Every role of a cluster registers the same.
#[derive(Default)]
pub struct PassRegistry {
    passes: HashMap<&'static str, Make>,
}

impl std::fmt::Debug for PassRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.passes.keys()).finish()
    }
}

impl PassRegistry {
    /// Registers a pass under its name; `make` reads its parameters, `None` if it cannot.
    pub fn register<P: Pass + Send + Sync + 'static>(
        &mut self,
        make: impl Fn(&[u8]) -> Option<P> + Send + Sync + 'static,
    ) {
        let named = move |parameters: &[u8]| {
            let pass = make(parameters).ok_or_else(|| PassFault::Parameters(P::NAME.to_owned()))?;
            Ok(Arc::new(Named { pass, parameters: parameters.to_vec() }) as Arc<dyn NamedPass>)
        };
        self.passes.insert(P::NAME, Box::new(named));
    }

    /// The pass of a name with parameters.
    pub fn pass(&self, name: &str, parameters: &[u8]) -> Result<Arc<dyn NamedPass>, PassFault> {
        self.passes.get(name).ok_or_else(|| PassFault::Unknown(name.to_owned()))?(parameters)
    }
}

/// One state of all buckets. Fails unless each of the `of` buckets is there exactly once.
pub fn merge_partials<P: Pass>(pass: &P, batches: &[RecordBatch], of: u16) -> Result<P::State, PassFault> {
    let mut parts = Vec::new();
    for batch in batches {
        let states = batch.column_by_name("state").and_then(|c| c.as_binary_opt::<i32>()).ok_or(PassFault::Answer)?;
        for bytes in states.iter() {
            parts.push(Partial::decode(P::NAME, bytes.ok_or(PassFault::Answer)?)?);
        }
    }
    Ok(Partial::merge(parts, pass.start(), of)?)
}

/// Opens the files of a bucket and runs the pass over them.
pub(super) async fn run_bucket(
    pass: Arc<dyn NamedPass>,
    files: &BucketFiles,
    of: u16,
    context: &TaskContext,
) -> Result<Vec<u8>, DataFusionError> {
    let mut segments = Vec::with_capacity(files.files.len());
    let mut spooled = Vec::new();
    for file in &files.files {
        let path = match local_path(&file.url) {
            Some(path) => {
                check(file, context).await?;
                path
            }
            None => {
                let bytes = check(file, context).await?.bytes().await.map_err(DataFusionError::from)?;
                let spool = context.runtime_env().disk_manager.create_tmp_file("a timeline segment")?;
                let path = spool.path().ok_or(PassFault::Spool)?.to_owned();
                std::fs::write(&path, bytes)?;
                spooled.push(spool);
                path
            }
        };
        let segment = Segment::open(&path).map_err(PassFault::from)?;
        if segment.bucket() != files.bucket || segment.buckets() != of {
            let (found, expected) = (segment.bucket(), files.bucket);
            return Err(PassFault::Bucket { url: file.url.clone(), found, expected }.into());
        }
        segments.push(segment);
    }
    let hidden: Vec<Vec<u64>> = files.files.iter().map(|f| f.hidden.clone()).collect();
    let bucket = files.bucket;
    let state = tokio::task::spawn_blocking(move || {
        let hidden: Vec<&[u64]> = hidden.iter().map(Vec::as_slice).collect();
        pass.run(bucket, of, &segments, &hidden)
    });
    let state = state.await.map_err(|e| DataFusionError::External(Box::new(e)))?;
    drop(spooled);
    Ok(state?)
}

fn local_path(url: &str) -> Option<std::path::PathBuf> {
    let url = deltalake::table::builder::parse_table_uri(url).ok()?;
    (url.scheme() == "file").then(|| url.to_file_path().ok())?
}

/// Asks the store for the file and refuses another one than the plan names.
async fn check(
    file: &SegmentFile,
    context: &TaskContext,
) -> Result<deltalake::logstore::object_store::GetResult, DataFusionError> {
    let url =
        deltalake::table::builder::parse_table_uri(&file.url).map_err(|e| DataFusionError::External(Box::new(e)))?;
    let root = ObjectStoreUrl::parse(&file.url[..file.url.len() - url.path().len()])?;
    let store = context.runtime_env().object_store(&root)?;
    let path = StorePath::from_url_path(url.path()).map_err(|e| DataFusionError::External(Box::new(e)))?;
    let found = store.get(&path).await.map_err(DataFusionError::from)?;
    let changed = |what: String| PassFault::Changed { url: file.url.clone(), what };
    if found.meta.size != file.size {
        return Err(changed(format!("{} bytes instead of {}", found.meta.size, file.size)).into());
    }
    if file.etag.is_some() && found.meta.e_tag != file.etag {
        return Err(changed("another etag".to_owned()).into());
    }
    Ok(found)
}
