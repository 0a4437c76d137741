//! The owner of one workspace's hot tier: base files in a directory, and above them in memory what
//! has come since.
//!
//! Each bucket is a stack of layers: the base file and newer segments in memory. A customer is
//! visible in exactly one layer; when something happens to a customer, the whole customer is
//! written into a newer layer and hidden in the older one. So a merge of two people, an unmerge
//! and an erasure are the same small step as a new interaction, and a pass never sees half a
//! person. [`Timeline::flush`] squashes the stacks into new base files.

mod error;
mod files;
mod flush;
mod manifest;
mod rebuild;

pub use error::TimelineError;
pub use flush::{FlushPlan, Flushed, Written};
pub use rebuild::RebuildError;

use crate::builder::BuildError;
use crate::encode::encode;
use crate::held::Held;
use crate::merge::{Layer, Touched, fault_of, merge};
use crate::names::Names;
use crate::row::{Row, bucket_of};
use crate::segment::Segment;
use crate::snapshot::Snapshot;
use manifest::Manifest;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that wait unencoded before they are settled into a layer without being asked.
const SETTLE_ROWS: usize = 65_536;

/// All rows of a node go from one customer to another: a merge of people, or its undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The node whose rows go.
    pub node: u64,
    /// The customer that has them.
    pub from: u64,
    /// The customer that gets them.
    pub to: u64,
}

/// What one batch of the pipeline changes. Rows come first, then moves in their order, then
/// erasures: a row may therefore name its customer as of its own moment or as of the end of the
/// batch.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The ledger position up to which everything is known afterwards.
    pub position: u64,
    /// New rows, in any order.
    pub rows: Vec<Row>,
    /// Nodes that changed their customer.
    pub moved: Vec<Moved>,
    /// Customers that are gone for good.
    pub erased: Vec<u64>,
}

/// What was found when a timeline was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Everything up to this ledger position is known; 0 for an empty timeline.
    pub covers: u64,
    /// How many times it was flushed.
    pub generation: u64,
    /// How many interactions.
    pub rows: usize,
    /// How many customers.
    pub customers: usize,
    /// Files of an unfinished flush that were removed.
    pub removed: usize,
}

/// The mutable owner of one workspace's hot tier. One process at a time; readers take a
/// [`Timeline::snapshot`].
#[derive(Debug)]
pub struct Timeline {
    dir: PathBuf,
    workspace: u32,
    buckets: u16,
    /// What the directory says.
    manifest: Manifest,
    /// The generation last given to a plan.
    planned: u64,
    covers: u64,
    version: u64,
    /// Per bucket, oldest first; the base file, if any, is the first.
    stacks: Vec<Arc<Vec<Layer>>>,
    /// Per bucket, what is not settled into a layer yet.
    touched: Vec<BTreeMap<u64, Touched>>,
    waiting_rows: usize,
    waiting_bytes: usize,
    /// Beyond so many waiting rows they are settled without being asked.
    settle_at: usize,
    names: Names,
    snapshot: Option<Snapshot>,
    /// Held for as long as this lives.
    lock: File,
}

impl Timeline {
    /// Opens the timelines in `dir`, or begins empty ones. Files that no manifest names, left by
    /// an unfinished flush, are removed.
    pub fn open(dir: &Path, workspace: u32, buckets: u16) -> Result<(Self, Opened), TimelineError> {
        let lock = files::lock(dir, buckets)?;
        Self::read(dir, workspace, buckets, lock)
    }

    /// Forgets what is in memory and reads the files again, as [`Timeline::open`] does. Nothing of them
    /// may be being written. Whoever remembers a version sees another one.
    pub fn open_again(&mut self) -> Result<Opened, TimelineError> {
        let lock = self.lock.try_clone().map_err(files::io("lock", &self.dir.join("lock")))?;
        let (mut again, opened) = Self::read(&self.dir, self.workspace, self.buckets, lock)?;
        again.version = again.version.max(self.version + 1);
        again.planned = again.planned.max(self.planned);
        *self = again;
        Ok(opened)
    }

    fn read(dir: &Path, workspace: u32, buckets: u16, lock: File) -> Result<(Self, Opened), TimelineError> {
        let manifest = match Manifest::read(dir)? {
            Some(manifest) => manifest,
            None => Manifest::new(workspace, buckets),
        };
        if (manifest.workspace, manifest.files.len()) != (workspace, buckets as usize) {
            let buckets = manifest.files.len() as u16;
            return Err(TimelineError::Other { dir: dir.to_owned(), workspace: manifest.workspace, buckets });
        }
        let stacks = files::open_all(dir, &manifest)?;
        let removed = files::sweep(dir, &manifest)?;
        let timeline = Self::with(dir, manifest, stacks, lock);
        let opened = Opened {
            covers: timeline.covers,
            generation: timeline.manifest.generation,
            rows: timeline.stacks.iter().flat_map(|s| s.iter()).map(Layer::visible_rows).sum(),
            customers: timeline.stacks.iter().flat_map(|s| s.iter()).map(Layer::visible_customers).sum(),
            removed,
        };
        Ok((timeline, opened))
    }

    /// Begins anew in `dir`, whatever lies there, damaged or not: what `throughline rebuild` does
    /// before [`Timeline::rebuild`]. The old files are removed by the next flush or rebuild.
    pub fn open_empty(dir: &Path, workspace: u32, buckets: u16) -> Result<Self, TimelineError> {
        let lock = files::lock(dir, buckets)?;
        let mut manifest = Manifest::new(workspace, buckets);
        manifest.generation = files::newest(dir)?;
        let stacks = (0..buckets).map(|_| Arc::default()).collect();
        Ok(Self::with(dir, manifest, stacks, lock))
    }

    fn with(dir: &Path, manifest: Manifest, stacks: Vec<Arc<Vec<Layer>>>, lock: File) -> Self {
        let buckets = manifest.files.len() as u16;
        Self {
            dir: dir.to_owned(),
            workspace: manifest.workspace,
            buckets,
            planned: manifest.generation,
            covers: manifest.covers,
            version: manifest.generation << 32,
            manifest,
            stacks,
            touched: (0..buckets).map(|_| BTreeMap::new()).collect(),
            waiting_rows: 0,
            waiting_bytes: 0,
            settle_at: SETTLE_ROWS,
            names: Names::default(),
            snapshot: None,
            lock,
        }
    }

    /// Everything up to this ledger position is known.
    pub fn covers(&self) -> u64 {
        self.covers
    }

    /// How many buckets.
    pub fn buckets(&self) -> u16 {
        self.buckets
    }

    /// Rows that are in memory and not in a base file yet, the stories of changed customers
    /// included.
    pub fn recent_rows(&self) -> usize {
        self.waiting_rows + self.overlays().map(Layer::visible_rows).sum::<usize>()
    }

    /// Bytes of memory, about; mapped files are not counted.
    pub fn memory(&self) -> usize {
        self.waiting_bytes + self.stacks.iter().flat_map(|s| s.iter()).map(Layer::memory).sum::<usize>()
    }

    fn overlays(&self) -> impl Iterator<Item = &Layer> {
        self.stacks.iter().flat_map(|s| s.iter()).filter(|l| !l.segment.is_mapped())
    }

    /// Takes the changes of one batch. They are in the next [`Timeline::snapshot`].
    pub fn apply(&mut self, changes: Changes) -> Result<(), TimelineError> {
        let Changes { position, rows, moved, erased } = changes;
        if position < self.covers {
            return Err(TimelineError::Backwards { position, covers: self.covers });
        }
        for row in &rows {
            let micros = row.order.occurred_at.0;
            if u32::try_from(micros.div_euclid(1_000_000)).is_err() {
                return Err(TimelineError::Build(BuildError::Time { micros }));
            }
        }
        for moved in &moved {
            self.lift(moved.from)?;
        }
        self.covers = position;
        if rows.is_empty() && moved.is_empty() && erased.is_empty() {
            return Ok(());
        }
        self.version += 1;
        for row in rows {
            let held = Held::new(row, &mut self.names);
            self.wait(held);
        }
        for Moved { node, from, to } in moved {
            if from == to {
                continue;
            }
            let Some(touched) = self.touched[bucket_of(from, self.buckets) as usize].get_mut(&from) else { continue };
            let (going, staying) = std::mem::take(&mut touched.rows).into_iter().partition(|r: &Held| r.node == node);
            touched.rows = staying;
            let going: Vec<Held> = going;
            for mut row in going {
                self.forget(&row);
                row.customer = to;
                self.wait(row);
            }
        }
        for id in erased {
            let gone = Touched { whole: true, rows: Vec::new() };
            if let Some(old) = self.touched[bucket_of(id, self.buckets) as usize].insert(id, gone) {
                old.rows.iter().for_each(|row| self.forget(row));
            }
        }
        if self.waiting_rows > self.settle_at && self.settle().is_err() {
            // The changes are taken; the next snapshot tells what is wrong.
            self.settle_at = self.waiting_rows * 2;
        }
        Ok(())
    }

    fn wait(&mut self, row: Held) {
        self.waiting_rows += 1;
        self.waiting_bytes += row.size();
        let bucket = bucket_of(row.customer, self.buckets) as usize;
        self.touched[bucket].entry(row.customer).or_default().rows.push(row);
    }

    fn forget(&mut self, row: &Held) {
        self.waiting_rows -= 1;
        self.waiting_bytes -= row.size();
    }

    /// Brings all rows of a customer out of the layers; what is known does not change.
    fn lift(&mut self, id: u64) -> Result<(), TimelineError> {
        let bucket = bucket_of(id, self.buckets) as usize;
        if self.touched[bucket].get(&id).is_some_and(|t| t.whole) {
            return Ok(());
        }
        let stack = Arc::clone(&self.stacks[bucket]);
        let names = &mut self.names;
        let rows: Vec<Held> = match stack.iter().rev().find_map(|layer| layer.customer(id)) {
            Some(customer) => (0..customer.len()).map(|i| Held::of(&customer, i, names)).collect(),
            None => Vec::new(),
        };
        fault_of(stack.iter())?;
        rows.into_iter().for_each(|row| self.wait(row));
        self.touched[bucket].entry(id).or_default().whole = true;
        Ok(())
    }

    /// A consistent view of everything applied. Cheap when nothing changed; otherwise the changed
    /// customers are encoded first.
    pub fn snapshot(&mut self) -> Result<Snapshot, TimelineError> {
        self.settle()?;
        if let Some(snapshot) = &self.snapshot
            && (snapshot.version(), snapshot.covers()) == (self.version, self.covers)
        {
            return Ok(snapshot.clone());
        }
        let snapshot = Snapshot::new(self.workspace, self.version, self.covers, self.stacks.clone());
        self.snapshot = Some(snapshot.clone());
        Ok(snapshot)
    }

    /// Writes the waiting rows into new layers.
    fn settle(&mut self) -> Result<(), TimelineError> {
        for bucket in 0..self.buckets {
            if !self.touched[bucket as usize].is_empty() {
                self.settle_bucket(bucket)?;
            }
        }
        (self.waiting_rows, self.waiting_bytes, self.settle_at) = (0, 0, SETTLE_ROWS);
        self.names = Names::default();
        Ok(())
    }

    fn settle_bucket(&mut self, bucket: u16) -> Result<(), TimelineError> {
        let at = bucket as usize;
        let stack = Arc::clone(&self.stacks[at]);
        let touched = &mut self.touched[at];
        touched.values_mut().for_each(Touched::sort);
        let mut rows = 0;
        for (id, one) in touched.iter() {
            rows += one.rows.len();
            if !one.whole {
                rows += stack.iter().find_map(|l| l.customer(*id)).map_or(0, |c| c.len());
            }
        }
        // Newer layers that are not much larger are taken in, so that sizes grow by a factor and
        // their number with the logarithm.
        let mut keep = stack.len();
        while keep > 0
            && !stack[keep - 1].segment.is_mapped()
            && stack[keep - 1].visible_rows() <= rows.saturating_mul(2)
        {
            keep -= 1;
            rows += stack[keep].visible_rows();
        }
        let (kept, folded) = stack.split_at(keep);
        let writer = merge(folded, kept, touched, &self.names)?;
        let mut layers = kept.to_vec();
        for id in touched.keys() {
            layers.iter_mut().any(|layer| layer.hide(*id));
        }
        layers.retain(|layer| layer.visible_customers() > 0);
        if writer.rows() > 0 {
            let words = encode(&writer, self.workspace, bucket, self.buckets, self.covers)?;
            layers.push(Layer::whole(Arc::new(Segment::of_words(words)?)));
        }
        self.stacks[at] = Arc::new(layers);
        let settled = std::mem::take(&mut self.touched[at]);
        for row in settled.values().flat_map(|t| &t.rows) {
            self.waiting_rows -= 1;
            self.waiting_bytes -= row.size();
        }
        Ok(())
    }
}
