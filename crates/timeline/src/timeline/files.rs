//! Names, opening and removing of the files of a timeline.

use super::TimelineError;
use super::manifest::{self, Manifest};
use crate::format::Corrupt;
use crate::merge::Layer;
use crate::segment::Segment;
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

pub(super) fn io(action: &'static str, file: &Path) -> impl FnOnce(std::io::Error) -> TimelineError {
    let file = file.to_owned();
    move |source| TimelineError::Io { action, file, source }
}

/// The file of a bucket as written by a generation.
pub(super) fn name(bucket: u16, generation: u64) -> String {
    format!("bucket-{bucket:05}-{generation:012}.segment")
}

/// The generation in the name of a bucket's file.
fn generation_in(name: &str) -> Option<u64> {
    name.strip_prefix("bucket-")?.strip_suffix(".segment")?.split_once('-')?.1.parse().ok()
}

/// Takes the directory for this process; makes it if need be.
pub(super) fn lock(dir: &Path, buckets: u16) -> Result<File, TimelineError> {
    if !buckets.is_power_of_two() {
        return Err(TimelineError::Buckets(buckets));
    }
    std::fs::create_dir_all(dir).map_err(io("create", dir))?;
    let path = dir.join("lock");
    let file = File::options().create(true).append(true).open(&path).map_err(io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(TimelineError::InUse(dir.to_owned())),
        Err(TryLockError::Error(e)) => Err(io("lock", &path)(e)),
    }
}

pub(super) fn sync_dir(dir: &Path) -> Result<(), TimelineError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(io("sync", dir))
}

/// Writes a segment under its name, durable but not yet named by a manifest, and maps it.
pub(super) fn write(dir: &Path, bucket: u16, generation: u64, bytes: &[u8]) -> Result<Segment, TimelineError> {
    let path = dir.join(name(bucket, generation));
    let mut file = File::create(&path).map_err(io("create", &path))?;
    file.write_all(bytes).map_err(io("write", &path))?;
    file.sync_all().map_err(io("sync", &path))?;
    Ok(Segment::open(&path)?)
}

/// One stack a bucket, of its base file alone.
pub(super) fn open_all(dir: &Path, manifest: &Manifest) -> Result<Vec<Arc<Vec<Layer>>>, TimelineError> {
    let buckets = manifest.files.len() as u16;
    let mut stacks = Vec::with_capacity(manifest.files.len());
    for (bucket, generation) in manifest.files.iter().enumerate() {
        let Some(generation) = generation else {
            stacks.push(Arc::default());
            continue;
        };
        let path = dir.join(name(bucket as u16, *generation));
        let segment = Segment::open(&path)?;
        if (segment.workspace(), segment.bucket(), segment.buckets()) != (manifest.workspace, bucket as u16, buckets) {
            return Err(Corrupt::new(&path, "section `header` names another workspace or bucket").into());
        }
        stacks.push(Arc::new(vec![Layer::whole(Arc::new(segment))]));
    }
    Ok(stacks)
}

/// The highest generation that any file of the directory has.
pub(super) fn newest(dir: &Path) -> Result<u64, TimelineError> {
    let mut newest = 0;
    for entry in std::fs::read_dir(dir).map_err(io("list", dir))? {
        let name = entry.map_err(io("list", dir))?.file_name();
        newest = newest.max(name.to_str().and_then(generation_in).unwrap_or(0));
    }
    Ok(newest)
}

/// Removes every segment that the manifest does not name; gives their number. Snapshots that
/// still read one keep their mapping.
pub(super) fn sweep(dir: &Path, manifest: &Manifest) -> Result<usize, TimelineError> {
    let named: Vec<String> =
        (0_u16..).zip(&manifest.files).filter_map(|(bucket, generation)| Some(name(bucket, (*generation)?))).collect();
    let mut removed = 0;
    for entry in std::fs::read_dir(dir).map_err(io("list", dir))? {
        let entry = entry.map_err(io("list", dir))?;
        let file = entry.file_name();
        let Some(file) = file.to_str() else { continue };
        let ours = generation_in(file).is_some() || file == manifest::NEW;
        if ours && !named.iter().any(|n| n == file) {
            std::fs::remove_file(entry.path()).map_err(io("remove", &entry.path()))?;
            removed += 1;
        }
    }
    if removed > 0 {
        sync_dir(dir)?;
    }
    Ok(removed)
}
