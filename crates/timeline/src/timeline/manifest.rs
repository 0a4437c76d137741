//! The manifest: which file of each bucket is valid, and up to which ledger position. Text, so
//! that a person can read it, with a checksum in its last line.

use super::TimelineError;
use super::files::{io, sync_dir};
use crate::format::Corrupt;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;

pub(super) const NAME: &str = "manifest";
pub(super) const NEW: &str = "manifest.new";
const FIRST: &str = "throughline timeline manifest 1";

/// What a directory holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub workspace: u32,
    pub generation: u64,
    pub covers: u64,
    /// Per bucket the generation of its file, if it has any rows.
    pub files: Vec<Option<u64>>,
}

impl Manifest {
    pub fn new(workspace: u32, buckets: u16) -> Self {
        Self { workspace, generation: 0, covers: 0, files: vec![None; buckets as usize] }
    }

    fn to_text(&self) -> String {
        let mut out = format!(
            "{FIRST}\nworkspace {}\nbuckets {}\ngeneration {}\ncovers {}\n",
            self.workspace,
            self.files.len(),
            self.generation,
            self.covers
        );
        for (bucket, generation) in self.files.iter().enumerate() {
            if let Some(generation) = generation {
                let _ = writeln!(out, "file {bucket} {generation}");
            }
        }
        let crc = crc32fast::hash(out.as_bytes());
        let _ = writeln!(out, "crc {crc:08x}");
        out
    }

    fn of_text(text: &str) -> Option<Self> {
        let at = text.rfind("crc ")?;
        let (body, crc) = text.split_at(at);
        if crc != format!("crc {:08x}\n", crc32fast::hash(body.as_bytes())) {
            return None;
        }
        let mut lines = body.lines();
        if lines.next() != Some(FIRST) {
            return None;
        }
        let mut number = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix(' ')?.parse::<u64>().ok();
        let workspace = u32::try_from(number("workspace")?).ok()?;
        let buckets = usize::from(u16::try_from(number("buckets")?).ok()?);
        let generation = number("generation")?;
        let covers = number("covers")?;
        let mut files = vec![None; buckets];
        for line in lines {
            let (bucket, generation) = line.strip_prefix("file ")?.split_once(' ')?;
            *files.get_mut(bucket.parse::<usize>().ok()?)? = Some(generation.parse().ok()?);
        }
        Some(Self { workspace, generation, covers, files })
    }

    /// The manifest of a directory, if it has one.
    pub fn read(dir: &Path) -> Result<Option<Self>, TimelineError> {
        let path = dir.join(NAME);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) if e.kind() == std::io::ErrorKind::InvalidData => String::new(),
            Err(e) => return Err(io("read", &path)(e)),
        };
        match Self::of_text(&text) {
            Some(manifest) => Ok(Some(manifest)),
            None => Err(Corrupt::new(&path, "section `manifest` is damaged").into()),
        }
    }

    /// Makes it the manifest of the directory, at once and for good.
    pub fn write(&self, dir: &Path) -> Result<(), TimelineError> {
        let (new, path) = (dir.join(NEW), dir.join(NAME));
        let mut file = File::create(&new).map_err(io("create", &new))?;
        file.write_all(self.to_text().as_bytes()).map_err(io("write", &new))?;
        file.sync_all().map_err(io("sync", &new))?;
        std::fs::rename(&new, &path).map_err(io("rename", &new))?;
        sync_dir(dir)
    }
}

#[cfg(test)]
mod tests {
    use super::Manifest;

    #[test]
    fn a_changed_byte_is_noticed() {
        let manifest = Manifest { workspace: 3, generation: 7, covers: 99, files: vec![None, Some(7), Some(2), None] };
        let text = manifest.to_text();
        assert_eq!(Manifest::of_text(&text), Some(manifest));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert_eq!(std::str::from_utf8(&bytes).ok().and_then(Manifest::of_text), None, "byte {at}");
        }
    }
}
