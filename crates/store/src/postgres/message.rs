//! Messages of PostgreSQL's protocol, version 3
//! (<https://www.postgresql.org/docs/15/protocol-message-formats.html>): a letter, a length, a body.

use super::Failure;

/// What comes from the server, as far as anything is done with it.
pub(super) mod tag {
    pub const AUTHENTICATION: u8 = b'R';
    pub const COMMAND_COMPLETE: u8 = b'C';
    pub const DATA_ROW: u8 = b'D';
    pub const EMPTY_QUERY: u8 = b'I';
    pub const ERROR: u8 = b'E';
    pub const NO_DATA: u8 = b'n';
    pub const NOTICE: u8 = b'N';
    pub const NOTIFICATION: u8 = b'A';
    pub const PARAMETER: u8 = b'S';
    pub const PORTAL_SUSPENDED: u8 = b's';
    pub const READY: u8 = b'Z';
    pub const ROW_DESCRIPTION: u8 = b'T';
    pub const BACKEND_KEY: u8 = b'K';
    pub const PARSE_COMPLETE: u8 = b'1';
    pub const BIND_COMPLETE: u8 = b'2';
    pub const CLOSE_COMPLETE: u8 = b'3';
    pub const PARAMETER_DESCRIPTION: u8 = b't';
}

/// Appends a message whose body `write` writes.
pub(super) fn put(out: &mut Vec<u8>, tag: u8, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    sized(out, write);
}

/// Appends a length, itself included, and the body.
fn sized(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = (out.len() - at) as u32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

/// A text with the zero at its end.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().filter(|b| *b != 0));
    out.push(0);
}

/// Asks for TLS.
pub(super) fn ssl_request(out: &mut Vec<u8>) {
    sized(out, |out| out.extend_from_slice(&80_877_103_u32.to_be_bytes()));
}

/// The first message of a session.
pub(super) fn startup(out: &mut Vec<u8>, parameters: &[(&str, &str)]) {
    sized(out, |out| {
        out.extend_from_slice(&196_608_u32.to_be_bytes());
        for (name, value) in parameters {
            text(out, name);
            text(out, value);
        }
        out.push(0);
    });
}

/// Several statements at once.
pub(super) fn query(out: &mut Vec<u8>, sql: &str) {
    put(out, b'Q', |out| text(out, sql));
}

/// Prepares a statement under a name, and asks what its rows look like. The types of its parameters are
/// the server's to find.
pub(super) fn parse_and_describe(out: &mut Vec<u8>, name: &str, sql: &str) {
    put(out, b'P', |out| {
        text(out, name);
        text(out, sql);
        out.extend_from_slice(&0_u16.to_be_bytes());
    });
    put(out, b'D', |out| {
        out.push(b'S');
        text(out, name);
    });
}

/// Forgets a prepared statement.
pub(super) fn close(out: &mut Vec<u8>, name: &str) {
    put(out, b'C', |out| {
        out.push(b'S');
        text(out, name);
    });
}

/// Begins a statement's parameters, all of them and all results as text. Where their number will stand
/// is returned, for [`bound`].
pub(super) fn bind(out: &mut Vec<u8>, name: &str) -> usize {
    let at = out.len();
    out.push(b'B');
    out.extend_from_slice(&[0; 4]);
    text(out, "");
    text(out, name);
    out.extend_from_slice(&0_u16.to_be_bytes());
    out.extend_from_slice(&0_u16.to_be_bytes());
    at
}

/// Ends what [`bind`] began at `at`, after so many parameters.
pub(super) fn bound(out: &mut Vec<u8>, at: usize, name: &str, parameters: u16) {
    out.extend_from_slice(&0_u16.to_be_bytes());
    let length = (out.len() - at - 1) as u32;
    out[at + 1..at + 5].copy_from_slice(&length.to_be_bytes());
    let number = at + 5 + 1 + name.len() + 1 + 2;
    out[number..number + 2].copy_from_slice(&parameters.to_be_bytes());
}

/// Runs what was bound; at most so many rows, 0 for all.
pub(super) fn execute(out: &mut Vec<u8>, most: u32) {
    put(out, b'E', |out| {
        out.push(0);
        out.extend_from_slice(&most.to_be_bytes());
    });
}

/// Asks for the answers so far.
pub(super) fn flush(out: &mut Vec<u8>) {
    put(out, b'H', |_| {});
}

/// Ends a run of messages: after an error the server goes on here.
pub(super) fn sync(out: &mut Vec<u8>) {
    put(out, b'S', |_| {});
}

/// Says good-bye.
pub(super) fn terminate(out: &mut Vec<u8>) {
    put(out, b'X', |_| {});
}

/// Reads the fields of a message's body.
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl<'b> Fields<'b> {
    pub(super) fn bytes(&mut self, n: usize) -> Result<&'b [u8], Failure> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or_else(|| Failure::protocol("a message is cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Failure> {
        Ok(self.bytes(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Failure> {
        let b = self.bytes(2)?;
        Ok(u16::from_be_bytes([b[0], b[1]]))
    }

    pub(super) fn i32(&mut self) -> Result<i32, Failure> {
        let b = self.bytes(4)?;
        Ok(i32::from_be_bytes([b[0], b[1], b[2], b[3]]))
    }

    pub(super) fn text(&mut self) -> Result<&'b str, Failure> {
        let end = self.0.iter().position(|b| *b == 0).ok_or_else(|| Failure::protocol("a text does not end"))?;
        let taken = self.bytes(end + 1)?;
        std::str::from_utf8(&taken[..end]).map_err(|_| Failure::protocol("a text is no UTF-8"))
    }
}

/// What the server says is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerError {
    /// Five letters and digits that say what kind of error it is
    /// (<https://www.postgresql.org/docs/15/errcodes-appendix.html>).
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// More of it.
    pub detail: String,
    /// What to do.
    pub hint: String,
    /// The session ends with it.
    pub is_fatal: bool,
}

impl ServerError {
    pub(super) fn read(body: &[u8]) -> Result<Self, Failure> {
        let mut fields = Fields(body);
        let mut error = Self::default();
        loop {
            match fields.byte()? {
                0 => return Ok(error),
                b'C' => fields.text()?.clone_into(&mut error.code),
                b'M' => fields.text()?.clone_into(&mut error.message),
                b'D' => fields.text()?.clone_into(&mut error.detail),
                b'H' => fields.text()?.clone_into(&mut error.hint),
                b'V' => error.is_fatal = matches!(fields.text()?, "FATAL" | "PANIC"),
                _ => {
                    fields.text()?;
                }
            }
        }
    }
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.message, self.code)?;
        if !self.detail.is_empty() {
            write!(f, "; {}", self.detail)?;
        }
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}
