//! Whole messages from a socket.

use super::Failure;
use super::message::{ServerError, tag};
use super::socket::Socket;
use std::io::{Read, Write};
use std::ops::Range;

/// No message of the server is longer: a row is far below.
const LONGEST: usize = 1 << 30;

/// Messages to a server and back.
pub(super) struct Stream {
    socket: Socket,
    /// What came and is not read yet stands at `read..`.
    input: Vec<u8>,
    read: usize,
    /// What is to be sent.
    pub(super) out: Vec<u8>,
}

impl Stream {
    pub(super) fn new(socket: Socket) -> Self {
        Self { socket, input: Vec::new(), read: 0, out: Vec::new() }
    }

    /// Sends what is to be sent.
    pub(super) fn send(&mut self) -> Result<(), Failure> {
        let sent = self.socket.write_all(&self.out).and_then(|()| self.socket.flush());
        self.out.clear();
        Ok(sent?)
    }

    /// The next message: its letter, and where its body stands until the next is received. What is said
    /// beside the matter is passed over.
    pub(super) fn receive(&mut self) -> Result<(u8, Range<usize>), Failure> {
        loop {
            self.fill(5)?;
            let head = &self.input[self.read..self.read + 5];
            let (tag, length) = (head[0], u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize);
            if !(4..=LONGEST).contains(&length) {
                return Err(Failure::protocol("what answers is no PostgreSQL server"));
            }
            self.fill(1 + length)?;
            let body = self.read + 5..self.read + 1 + length;
            self.read = body.end;
            match tag {
                tag::NOTICE => {
                    let notice = ServerError::read(&self.input[body])?;
                    tracing::debug!(%notice, "PostgreSQL says");
                }
                tag::NOTIFICATION => {}
                tag => return Ok((tag, body)),
            }
        }
    }

    pub(super) fn body(&self, body: Range<usize>) -> &[u8] {
        &self.input[body]
    }

    /// Waits until there are so many bytes.
    fn fill(&mut self, wanted: usize) -> Result<(), Failure> {
        while self.input.len() - self.read < wanted {
            if self.read > 0 {
                self.input.drain(..self.read);
                self.read = 0;
            }
            let had = self.input.len();
            self.input.resize(had + (64 << 10).max(wanted - had), 0);
            let got = self.socket.read(&mut self.input[had..]);
            self.input.truncate(had + *got.as_ref().unwrap_or(&0));
            match got {
                Ok(0) => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                Ok(_) => {}
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    /// Whether the connection stands and nothing has come that nobody asked for.
    pub(super) fn is_quiet(&self) -> bool {
        self.read == self.input.len() && self.socket.is_quiet()
    }
}
