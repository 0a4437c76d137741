//! Squashing the stacks into base files, in three steps so that the slow one needs no hold on the
//! timeline: plan, write, adopt.

use super::{Timeline, TimelineError, files};
use crate::bytes::bytes_of;
use crate::encode::encode;
use crate::merge::{Layer, merge};
use crate::names::Names;
use crate::segment::Segment;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a flush did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flushed {
    /// The files hold everything up to this ledger position.
    pub covers: u64,
    /// Buckets that were written.
    pub buckets: usize,
    /// Interactions in them.
    pub rows: usize,
    /// Bytes written.
    pub bytes: usize,
}

/// A flush to be done: a frozen view of the buckets that changed. It may be written on another
/// thread while the timeline goes on.
#[derive(Debug)]
#[must_use = "a plan does nothing until it is written and adopted"]
pub struct FlushPlan {
    dir: PathBuf,
    workspace: u32,
    buckets: u16,
    /// The generation it starts from.
    after: u64,
    generation: u64,
    covers: u64,
    stacks: Vec<(u16, Arc<Vec<Layer>>)>,
}

/// Files that are written and durable, and named by no manifest yet.
#[derive(Debug)]
#[must_use = "files are in vain until they are adopted"]
pub struct Written {
    plan: FlushPlan,
    /// As many as the plan has stacks; `None` for a bucket without rows.
    segments: Vec<Option<Arc<Segment>>>,
}

impl FlushPlan {
    /// Writes the new base files, on as many threads as cores.
    pub fn write(self) -> Result<Written, TimelineError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(self.stacks.len()).max(1);
        let next = AtomicUsize::new(0);
        let segments: Mutex<Vec<Option<Arc<Segment>>>> = Mutex::new(vec![None; self.stacks.len()]);
        let failed: Mutex<Option<TimelineError>> = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some((bucket, stack)) = self.stacks.get(at) else { return };
                        match self.write_bucket(*bucket, stack) {
                            Ok(segment) => segments.lock().unwrap_or_else(PoisonError::into_inner)[at] = segment,
                            Err(error) => {
                                next.store(self.stacks.len(), Ordering::Relaxed);
                                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                                return;
                            }
                        }
                    }
                });
            }
        });
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        files::sync_dir(&self.dir)?;
        let segments = segments.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Written { plan: self, segments })
    }

    fn write_bucket(&self, bucket: u16, stack: &[Layer]) -> Result<Option<Arc<Segment>>, TimelineError> {
        let writer = merge(stack, &[], &BTreeMap::new(), &Names::default())?;
        if writer.rows() == 0 {
            return Ok(None);
        }
        let words = encode(&writer, self.workspace, bucket, self.buckets, self.covers)?;
        drop(writer);
        Ok(Some(Arc::new(files::write(&self.dir, bucket, self.generation, bytes_of(&words))?)))
    }
}

impl Timeline {
    /// Writes new base files for the buckets that changed, then the manifest, then removes the
    /// files that are no longer named. Erased customers are in no file afterwards.
    pub fn flush(&mut self) -> Result<Flushed, TimelineError> {
        match self.plan_flush()? {
            Some(plan) => self.adopt(plan.write()?),
            None => Ok(Flushed { covers: self.covers, ..Flushed::default() }),
        }
    }

    /// A plan of what has to be written; `None` if the files already say it all.
    pub fn plan_flush(&mut self) -> Result<Option<FlushPlan>, TimelineError> {
        self.settle()?;
        let stacks: Vec<(u16, Arc<Vec<Layer>>)> = (0..self.buckets)
            .zip(&self.stacks)
            .filter(|(bucket, stack)| !self.is_flushed(*bucket, stack))
            .map(|(bucket, stack)| (bucket, Arc::clone(stack)))
            .collect();
        if stacks.is_empty() && self.covers == self.manifest.covers {
            return Ok(None);
        }
        self.planned += 1;
        Ok(Some(FlushPlan {
            dir: self.dir.clone(),
            workspace: self.workspace,
            buckets: self.buckets,
            after: self.manifest.generation,
            generation: self.planned,
            covers: self.covers,
            stacks,
        }))
    }

    fn is_flushed(&self, bucket: u16, stack: &[Layer]) -> bool {
        match stack {
            [] => self.manifest.files[bucket as usize].is_none(),
            [base] => base.segment.is_mapped() && base.hidden_customers == 0,
            _ => false,
        }
    }

    /// Makes written files the valid ones. What was applied since the plan stays above them.
    pub fn adopt(&mut self, written: Written) -> Result<Flushed, TimelineError> {
        let Written { plan, segments } = written;
        if plan.after != self.manifest.generation || plan.dir != self.dir {
            drop(segments);
            for (bucket, _) in &plan.stacks {
                let _ = std::fs::remove_file(plan.dir.join(files::name(*bucket, plan.generation)));
            }
            return Err(TimelineError::Overtaken);
        }
        let mut manifest = self.manifest.clone();
        manifest.generation = plan.generation;
        manifest.covers = plan.covers;
        for ((bucket, _), segment) in plan.stacks.iter().zip(&segments) {
            manifest.files[*bucket as usize] = segment.as_ref().map(|_| plan.generation);
        }
        manifest.write(&self.dir)?;
        self.manifest = manifest;
        let mut flushed = Flushed { covers: plan.covers, buckets: plan.stacks.len(), ..Flushed::default() };
        for ((bucket, before), segment) in plan.stacks.iter().zip(segments) {
            if let Some(segment) = &segment {
                flushed.rows += segment.rows();
                flushed.bytes += segment.as_bytes().len();
            }
            let now = &mut self.stacks[*bucket as usize];
            *now = Arc::new(replaced(before, now, segment));
        }
        // The cached snapshot holds the layers that were just replaced.
        self.snapshot = None;
        files::sweep(&self.dir, &self.manifest)?;
        Ok(flushed)
    }
}

/// The stack `now`, with the layers of `before` replaced by the one segment that holds what was
/// visible in them. What has been hidden in them since is hidden in it.
fn replaced(before: &[Layer], now: &[Layer], segment: Option<Arc<Segment>>) -> Vec<Layer> {
    let same = |a: &Layer, b: &Layer| Arc::ptr_eq(&a.segment, &b.segment);
    let mut base = segment.map(Layer::whole);
    if let Some(base) = &mut base {
        for old in before {
            match now.iter().find(|layer| same(layer, old)) {
                Some(layer) => layer.hidden_since(old).for_each(|id| {
                    base.hide(id);
                }),
                // Taken into a newer layer, or nothing of it left.
                None => old.visible().for_each(|customer| {
                    base.hide(customer.id);
                }),
            }
        }
    }
    let newer = now.iter().filter(|layer| !before.iter().any(|old| same(layer, old))).cloned();
    base.into_iter().chain(newer).filter(|layer| layer.visible_customers() > 0).collect()
}
