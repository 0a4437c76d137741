//! Reading encoded states.

/// Why an encoded state cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not the bytes of a state.
    #[error("not a pass state")]
    Magic,
    /// Another version of the program wrote it.
    #[error("pass state of version {found}, and this program reads version {expected}")]
    Version {
        /// As read.
        found: u16,
        /// As understood.
        expected: u16,
    },
    /// Of another pass.
    #[error("state of pass `{found}`, expected `{expected}`")]
    Pass {
        /// As read.
        found: String,
        /// As asked.
        expected: &'static str,
    },
    /// Cut short, or with something behind it, or damaged.
    #[error("pass state is damaged")]
    Damaged,
}

/// Reads little-endian numbers one after the other; every reading beyond the end is
/// [`StateError::Damaged`].
#[derive(Debug, Clone)]
pub struct StateReader<'a> {
    bytes: &'a [u8],
}

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident: $t:ty,)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self) -> Result<$t, StateError> {
            let (head, rest) = self.bytes.split_first_chunk().ok_or(StateError::Damaged)?;
            self.bytes = rest;
            Ok(<$t>::from_le_bytes(*head))
        })*
    };
}

impl<'a> StateReader<'a> {
    /// From the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    numbers! {
        /// One byte.
        u8: u8,
        /// Two bytes.
        u16: u16,
        /// Four bytes.
        u32: u32,
        /// Eight bytes.
        u64: u64,
        /// Eight bytes, signed.
        i64: i64,
        /// Eight bytes, a float by its bits.
        f64: f64,
    }

    /// A count (`u64`) of things that take at least `each` bytes; refused when so many cannot follow.
    pub fn count(&mut self, each: usize) -> Result<usize, StateError> {
        let n = usize::try_from(self.u64()?).map_err(|_| StateError::Damaged)?;
        if n.checked_mul(each.max(1)).is_none_or(|bytes| bytes > self.bytes.len()) {
            return Err(StateError::Damaged);
        }
        Ok(n)
    }

    /// Bytes behind their count.
    pub fn bytes(&mut self) -> Result<&'a [u8], StateError> {
        let n = self.count(1)?;
        let (head, rest) = self.bytes.split_at(n);
        self.bytes = rest;
        Ok(head)
    }

    /// Text behind its count.
    pub fn text(&mut self) -> Result<&'a str, StateError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| StateError::Damaged)
    }

    /// Everything was read.
    pub fn end(&self) -> Result<(), StateError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(StateError::Damaged) }
    }
}

/// Writes bytes behind their count, as [`StateReader::bytes`] and [`StateReader::text`] read them.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}
