//! From a path to plain bytes: gzip is unpacked, a workbook becomes text, bombs and archives are
//! refused.

use crate::files::workbook;
use anyhow::Context;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Guards against a small file that unpacks to a huge one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Unpacked bytes per packed byte.
    pub ratio: u64,
    /// Unpacked bytes in all.
    pub total: u64,
}

impl Default for UnpackLimits {
    /// 200 to 1 and 256 GiB. Text exports pack 5 to 30 to 1.
    fn default() -> Self {
        Self { ratio: 200, total: 256 << 30 }
    }
}

/// Below this size the ratio says nothing.
const RATIO_FROM: u64 = 16 << 20;

/// The bytes of a file, unpacked, and how many of its own bytes have been read.
pub(crate) struct Plain {
    pub(crate) bytes: Box<dyn Read + Send>,
    pub(crate) read: Arc<AtomicU64>,
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plain({} bytes read)", self.read.load(Ordering::Relaxed))
    }
}

struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

struct Guarded<R> {
    inner: R,
    packed: Arc<AtomicU64>,
    unpacked: u64,
    limits: UnpackLimits,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::other("the gzip file ends in the middle, it was cut off: fetch it again")
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                io::Error::other(format!("the gzip file is damaged ({e}): fetch it again"))
            }
            _ => e,
        })?;
        self.unpacked += n as u64;
        let packed = self.packed.load(Ordering::Relaxed).max(1);
        if self.unpacked > RATIO_FROM && self.unpacked / packed > self.limits.ratio {
            return Err(io::Error::other(format!(
                "the gzip file unpacks to more than {} times its size and is refused as a bomb; raise the ratio if you trust it",
                self.limits.ratio
            )));
        }
        if self.unpacked > self.limits.total {
            return Err(io::Error::other(format!(
                "the gzip file unpacks to more than {} bytes and is refused; raise the limit if you trust it",
                self.limits.total
            )));
        }
        Ok(n)
    }
}

/// Opens a file, plain or gzip by its first bytes.
pub(crate) fn open(path: &Path, limits: &UnpackLimits) -> anyhow::Result<Plain> {
    let name = || path.display().to_string();
    let mut file = File::open(path).with_context(|| format!("open the file `{}`", name()))?;
    anyhow::ensure!(!file.metadata().is_ok_and(|m| m.is_dir()), "`{}` is a folder, not a file", name());
    let mut start = Vec::with_capacity(4);
    (&mut file).take(4).read_to_end(&mut start).with_context(|| format!("read the file `{}`", name()))?;
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        let read = Arc::new(AtomicU64::new(0));
        let bytes = workbook::open(path, limits, Arc::clone(&read))?;
        return Ok(Plain { bytes, read });
    }
    if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        anyhow::bail!(
            "`{}` is an old Excel workbook (.xls), or one with a password: save it as .xlsx or CSV, without a password",
            name()
        );
    }
    if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
        anyhow::bail!("`{}` is UTF-16 text, which is not read: save it as UTF-8", name());
    }
    let packed = start.starts_with(&[0x1f, 0x8b]);
    let read = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: io::Cursor::new(start).chain(file), read: Arc::clone(&read) };
    let bytes: Box<dyn Read + Send> = if packed {
        let inner = MultiGzDecoder::new(BufReader::with_capacity(64 << 10, counted));
        Box::new(Guarded { inner, packed: Arc::clone(&read), unpacked: 0, limits: limits.clone() })
    } else {
        Box::new(counted)
    };
    Ok(Plain { bytes, read })
}
