//! The bytes of a segment, in memory or mapped, and the view of them as columns.

use memmap2::Mmap;

/// Bytes aligned to eight.
pub(crate) enum Bytes {
    Memory(Vec<u64>),
    Mapped(Mmap),
}

impl Bytes {
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Memory(words) => bytes_of(words),
            Self::Mapped(map) => map,
        }
    }

    pub fn is_mapped(&self) -> bool {
        matches!(self, Self::Mapped(_))
    }
}

mod sealed {
    pub trait Sealed {}
}

/// Numbers for which every pattern of bits is a value and which have no padding.
pub(crate) trait Plain: Copy + sealed::Sealed + 'static {}

macro_rules! plain {
    ($($t:ty),*) => { $(impl sealed::Sealed for $t {} impl Plain for $t {})* };
}
plain!(u8, u16, u32, u64, i64, [f32; 3], [i64; 3]);

/// The bytes of a column.
pub(crate) fn bytes_of<T: Plain>(column: &[T]) -> &[u8] {
    // SAFETY: `Plain` types have no padding, so all bytes are initialised; the length is theirs.
    unsafe { std::slice::from_raw_parts(column.as_ptr().cast::<u8>(), std::mem::size_of_val(column)) }
}

/// The bytes of a column, to be written.
pub(crate) fn bytes_of_mut(column: &mut [u64]) -> &mut [u8] {
    // SAFETY: every pattern of bits is a `u64`; the length is the slice's own.
    unsafe { std::slice::from_raw_parts_mut(column.as_mut_ptr().cast::<u8>(), std::mem::size_of_val(column)) }
}

/// The column that `bytes` hold; bytes beyond the last whole value are left out.
///
/// `bytes` must be aligned to eight, which sections are; otherwise the column is empty.
pub(crate) fn column<T: Plain>(bytes: &[u8]) -> &[T] {
    if !bytes.as_ptr().addr().is_multiple_of(align_of::<T>()) {
        debug_assert!(false, "a section is aligned");
        return &[];
    }
    // SAFETY: aligned (checked above), within `bytes`, and every pattern of bits is a `T`.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<T>(), bytes.len() / size_of::<T>()) }
}
