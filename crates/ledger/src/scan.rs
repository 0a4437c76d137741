//! Reading a segment that may be damaged: one frame after the other, and where the next sound
//! frame starts after a damaged one.

use std::fs::File;
use std::io;
use std::sync::RwLock;

use crate::error::Problem;
use crate::frame::{self, FrameHeader, MAGIC, MAX_PAYLOAD};
use crate::log::{Buffer, SEQUENTIAL};

/// How closely a frame is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Only its header.
    Header,
    /// Its header and its payload.
    Payload,
    /// Also that an erased payload is zeros.
    Zeros,
}

/// A file of frames.
pub(crate) struct Scan {
    file: File,
    buffer: Buffer,
    erasing: RwLock<()>,
    pub(crate) length: u64,
}

impl Scan {
    pub(crate) fn new(file: File) -> io::Result<Scan> {
        let length = file.metadata()?.len();
        Ok(Scan { file, buffer: Buffer::new(SEQUENTIAL), erasing: RwLock::new(()), length })
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// The frame at `offset`, which must be number `position` if one is given.
    pub(crate) fn frame(
        &mut self,
        offset: u64,
        position: Option<u64>,
        depth: Depth,
    ) -> io::Result<Result<FrameHeader, Problem>> {
        let Some(bytes) = self.buffer.at(&self.file, &self.erasing, offset, frame::HEADER)? else {
            return Ok(Err(Problem::CutShort));
        };
        let header = match FrameHeader::decode(bytes) {
            Ok(header) => header,
            Err(problem) => return Ok(Err(problem)),
        };
        if let Some(position) = position
            && header.position != position
        {
            return Ok(Err(Problem::WrongPosition { found: header.position }));
        }
        if header.payload_len as usize > MAX_PAYLOAD || offset + header.disk_len() > self.length {
            return Ok(Err(Problem::CutShort));
        }
        if depth == Depth::Header {
            return Ok(Ok(header));
        }
        let length = header.disk_len() as usize;
        let Some(bytes) = self.buffer.at(&self.file, &self.erasing, offset, length)? else {
            return Ok(Err(Problem::CutShort));
        };
        let payload = &bytes[frame::HEADER..];
        if let Err(problem) = header.check_payload(payload) {
            return Ok(Err(problem));
        }
        if depth == Depth::Zeros && header.erased && payload.iter().any(|&byte| byte != 0) {
            return Ok(Err(Problem::NotZeroed));
        }
        Ok(Ok(header))
    }

    /// The next sound frame after `position` that starts at or after `offset`.
    pub(crate) fn next_sound(&mut self, offset: u64, position: u64) -> io::Result<Option<(u64, FrameHeader)>> {
        let mut start = offset;
        while start + frame::HEADER as u64 <= self.length {
            let window = SEQUENTIAL.min((self.length - start) as usize);
            let found = match self.buffer.at(&self.file, &self.erasing, start, window)? {
                None => return Ok(None),
                Some(bytes) => candidate(bytes),
            };
            let Some(at) = found else {
                // The last byte may be the first half of the magic.
                start += (window - 1).max(1) as u64;
                continue;
            };
            let place = start + at as u64;
            if let Ok(header) = self.frame(place, None, Depth::Payload)?
                && header.position > position
            {
                return Ok(Some((place, header)));
            }
            start = place + 1;
        }
        Ok(None)
    }
}

fn candidate(bytes: &[u8]) -> Option<usize> {
    // Long stretches of zeros are what a torn tail mostly is.
    bytes.windows(2).position(|pair| pair == MAGIC)
}
