//! Reading: which segment holds a position, and frames in order or by position.
//!
//! All reads are `pread` into small buffers, so that a large ledger does not count as memory of
//! this process.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::cipher::{Cipher, Undecrypted};
use crate::error::{LedgerError, Problem};
use crate::frame::{self, Frame, FrameHeader};
use crate::segment::Segment;

/// Sealed segments are opened when they are read; so many stay open.
const OPEN_FILES: usize = 32;
/// Buffer for reading in order.
pub(crate) const SEQUENTIAL: usize = 1 << 20;
/// Buffer for reading by position: about one stride of ordinary frames.
const BY_POSITION: usize = 32 << 10;

/// All segments of a ledger, as readers see them.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) dir: PathBuf,
    segments: RwLock<Vec<Arc<Segment>>>,
    files: Mutex<VecDeque<(u64, Arc<File>)>>,
    /// Readers share it for one `pread`; an erasure takes it alone for one `pwrite`.
    pub(crate) erasing: RwLock<()>,
    pub(crate) cipher: Option<Arc<dyn Cipher>>,
}

impl Log {
    pub(crate) fn new(dir: &Path, segments: Vec<Arc<Segment>>, cipher: Option<Arc<dyn Cipher>>) -> Self {
        Log {
            dir: dir.to_owned(),
            segments: RwLock::new(segments),
            files: Mutex::new(VecDeque::new()),
            erasing: RwLock::new(()),
            cipher,
        }
    }

    pub(crate) fn add(&self, segment: Arc<Segment>) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        segments.push(segment);
    }

    pub(crate) fn segment_count(&self) -> usize {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The segment of a position, and the last position it may hold.
    pub(crate) fn segment_of(&self, position: u64) -> Option<(Arc<Segment>, u64)> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.first <= position);
        let segment = segments.get(after.checked_sub(1)?)?;
        let end = segments.get(after).map_or(u64::MAX, |next| next.first - 1);
        Some((Arc::clone(segment), end))
    }

    fn file(&self, segment: &Segment) -> Result<Arc<File>, LedgerError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, file)) = files.iter().find(|(first, _)| *first == segment.first) {
            return Ok(Arc::clone(file));
        }
        let file = File::open(&segment.path).map_err(|source| LedgerError::io("open", &segment.path, source))?;
        let file = Arc::new(file);
        if files.len() == OPEN_FILES {
            files.pop_front();
        }
        files.push_back((segment.first, Arc::clone(&file)));
        Ok(file)
    }

    /// Visits the headers of `from..=to`, all of them durable.
    pub(crate) fn headers(&self, from: u64, to: u64, mut visit: impl FnMut(FrameHeader)) -> Result<(), LedgerError> {
        if from > to {
            return Ok(());
        }
        let mut cursor = Cursor::new(self, SEQUENTIAL);
        cursor.seek(from)?;
        for _ in from..=to {
            visit(cursor.next_header()?);
        }
        Ok(())
    }

    /// Reads from `from` to at most `to`, until `max_frames` or `max_bytes` of payload; at least
    /// one frame.
    pub(crate) fn frames(
        &self,
        from: u64,
        to: u64,
        max_frames: usize,
        max_bytes: usize,
    ) -> Result<Vec<Frame>, LedgerError> {
        let mut frames = Vec::new();
        if from > to {
            return Ok(frames);
        }
        let mut cursor = Cursor::new(self, SEQUENTIAL.min(max_bytes.max(BY_POSITION)));
        cursor.seek(from)?;
        let mut bytes = 0;
        for _ in from..=to {
            if frames.len() >= max_frames || (bytes >= max_bytes && !frames.is_empty()) {
                break;
            }
            let frame = cursor.next_frame()?;
            bytes += frame.payload.len();
            frames.push(frame);
        }
        Ok(frames)
    }

    /// Reads single frames; the answer is in the order of the question.
    pub(crate) fn frames_at(&self, positions: &[u64]) -> Result<Vec<Frame>, LedgerError> {
        let mut order: Vec<usize> = (0..positions.len()).collect();
        order.sort_unstable_by_key(|&slot| positions[slot]);
        let mut cursor = Cursor::new(self, BY_POSITION);
        let mut found: Vec<Option<Frame>> = vec![None; positions.len()];
        let mut previous: Option<usize> = None;
        for slot in order {
            found[slot] = match previous {
                Some(same) if positions[same] == positions[slot] => found[same].clone(),
                _ => {
                    cursor.seek(positions[slot])?;
                    Some(cursor.next_frame()?)
                }
            };
            previous = Some(slot);
        }
        Ok(found.into_iter().flatten().collect())
    }
}

/// A place in the log that moves forwards.
pub(crate) struct Cursor<'log> {
    log: &'log Log,
    place: Option<Place>,
    buffer: Buffer,
}

struct Place {
    segment: Arc<Segment>,
    file: Arc<File>,
    end: u64,
    position: u64,
    offset: u64,
}

impl<'log> Cursor<'log> {
    pub(crate) fn new(log: &'log Log, chunk: usize) -> Self {
        Cursor { log, place: None, buffer: Buffer::new(chunk) }
    }

    /// Goes to a durable position.
    pub(crate) fn seek(&mut self, position: u64) -> Result<(), LedgerError> {
        let near = self.place.as_ref().is_some_and(|place| {
            place.position <= position && position <= place.end && place.segment.nearest(position).0 <= place.position
        });
        if !near {
            self.enter(position)?;
        }
        while self.place.as_ref().is_some_and(|place| place.position < position) {
            self.next_header()?;
        }
        Ok(())
    }

    fn enter(&mut self, position: u64) -> Result<(), LedgerError> {
        let (segment, end) = self.log.segment_of(position).ok_or(LedgerError::NoSuchPosition { position, last: 0 })?;
        let same = self.place.as_ref().is_some_and(|place| place.segment.first == segment.first);
        if !same {
            self.buffer.forget();
        }
        let (position, offset) = segment.nearest(position);
        let file = self.log.file(&segment)?;
        self.place = Some(Place { segment, file, end, position, offset });
        Ok(())
    }

    /// The frame's header and where the frame starts in its segment.
    pub(crate) fn next_with_offset(&mut self) -> Result<(FrameHeader, Arc<Segment>, u64), LedgerError> {
        let (header, _) = self.advance(false)?;
        let place = self.place.as_ref().expect("advance leaves a place");
        Ok((header, Arc::clone(&place.segment), place.offset - header.disk_len()))
    }

    pub(crate) fn next_header(&mut self) -> Result<FrameHeader, LedgerError> {
        Ok(self.advance(false)?.0)
    }

    pub(crate) fn next_frame(&mut self) -> Result<Frame, LedgerError> {
        let (header, payload) = self.advance(true)?;
        Ok(Frame { header, payload })
    }

    fn advance(&mut self, payload: bool) -> Result<(FrameHeader, Vec<u8>), LedgerError> {
        if let Some(place) = &self.place
            && place.position > place.end
        {
            let next = place.position;
            self.enter(next)?;
        }
        let place = self.place.as_mut().expect("a cursor is read after it was sent somewhere");
        let path = &place.segment.path;
        let failed = |source| LedgerError::io("read", path, source);
        let (file, gate, offset) = (&place.file, &self.log.erasing, place.offset);
        let damage = |problem| place.segment.damage(place.offset, place.position, problem);
        let bytes = self.buffer.at(file, gate, offset, frame::HEADER).map_err(failed)?;
        let bytes = bytes.ok_or_else(|| damage(Problem::CutShort))?;
        let mut header = FrameHeader::decode(bytes).map_err(damage)?;
        if header.position != place.position {
            return Err(damage(Problem::WrongPosition { found: header.position }).into());
        }
        let mut content = Vec::new();
        if payload && !header.erased {
            let length = header.disk_len() as usize;
            let whole = self.buffer.at(file, gate, offset, length).map_err(failed)?;
            let whole = whole.ok_or_else(|| damage(Problem::CutShort))?;
            // Reading more may have met an erasure: the header counts that came with the payload.
            header = FrameHeader::decode(whole).map_err(damage)?;
            let bytes = &whole[frame::HEADER..];
            header.check_payload(bytes).map_err(damage)?;
            if !header.erased {
                content.extend_from_slice(bytes);
            }
            if !header.erased && header.encrypted {
                let decrypted = self.log.cipher.as_ref().map(|c| c.decrypt(header.binding(), &mut content));
                decrypted.unwrap_or(Err(Undecrypted)).map_err(|Undecrypted| damage(Problem::Undecrypted))?;
            }
        }
        place.offset += header.disk_len();
        place.position += 1;
        Ok((header, content))
    }
}

/// A window on a file.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: u64,
    chunk: usize,
}

impl Buffer {
    pub(crate) fn new(chunk: usize) -> Self {
        Buffer { bytes: Vec::new(), start: 0, chunk }
    }

    pub(crate) fn forget(&mut self) {
        self.bytes.clear();
    }

    /// `length` bytes at `offset`, or none if the file ends before.
    pub(crate) fn at(
        &mut self,
        file: &File,
        erasing: &RwLock<()>,
        offset: u64,
        length: usize,
    ) -> io::Result<Option<&[u8]>> {
        let inside = offset >= self.start && offset + length as u64 <= self.start + self.bytes.len() as u64;
        if !inside {
            self.bytes.resize(self.chunk.max(length), 0);
            self.start = offset;
            let _shared = erasing.read().unwrap_or_else(PoisonError::into_inner);
            let filled = fill(file, &mut self.bytes, offset)?;
            self.bytes.truncate(filled);
        }
        let from = (offset - self.start) as usize;
        Ok(self.bytes.get(from..from + length))
    }
}

fn fill(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
