//! The linear pass: what it sees and what it leaves.

use crate::customer::Customer;
use crate::segment::Segment;
use crate::state::{StateError, StateReader, put_bytes};

/// One linear pass over all customers. It runs in parallel over buckets, each customer whole and
/// once, within a bucket in the order of ids.
pub trait Pass: Sync {
    /// Name in encoded states, logs and spans; changes when the meaning does.
    const NAME: &'static str;
    /// What it gathers.
    type State: PassState;
    /// What the codes of one segment mean to it.
    type Local;

    /// Nothing gathered yet.
    fn start(&self) -> Self::State;
    /// Before the first customer of a segment.
    fn enter(&self, segment: &Segment) -> Self::Local;
    /// One whole customer. Customers of several segments may alternate, each with the `Local` of
    /// its own.
    fn customer(&self, local: &mut Self::Local, customer: Customer<'_>, state: &mut Self::State);
    /// After the last customer of a segment: for instance local codes become hashes.
    fn leave(&self, local: Self::Local, segment: &Segment, state: &mut Self::State) {
        let _ = (local, segment, state);
    }
}

/// What a pass gathers: small, mergeable, portable.
///
/// Merging is associative, and states of separate customers merge to the state of all of them.
pub trait PassState: Send + Sized {
    /// Version of the encoding.
    const VERSION: u16;
    /// Adds what another state gathered from other customers.
    fn merge(&mut self, other: Self);
    /// Appends the bytes, without version.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads all of the bytes.
    fn decode(bytes: &[u8]) -> Result<Self, StateError>;
}

/// Appends a state of a tuple: version, count, bytes.
fn put_part<S: PassState>(state: &S, out: &mut Vec<u8>) {
    out.extend_from_slice(&S::VERSION.to_le_bytes());
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    put_bytes(out, &bytes);
}

fn read_part<S: PassState>(reader: &mut StateReader<'_>) -> Result<S, StateError> {
    let found = reader.u16()?;
    if found != S::VERSION {
        return Err(StateError::Version { found, expected: S::VERSION });
    }
    S::decode(reader.bytes()?)
}

macro_rules! tuple {
    ($name:literal: $($pass:ident $at:tt),*) => {
        impl<$($pass: Pass),*> Pass for ($($pass,)*) {
            const NAME: &'static str = $name;
            type State = ($($pass::State,)*);
            type Local = ($($pass::Local,)*);

            fn start(&self) -> Self::State {
                ($(self.$at.start(),)*)
            }

            fn enter(&self, segment: &Segment) -> Self::Local {
                ($(self.$at.enter(segment),)*)
            }

            #[inline]
            fn customer(&self, local: &mut Self::Local, customer: Customer<'_>, state: &mut Self::State) {
                $(self.$at.customer(&mut local.$at, customer.clone(), &mut state.$at);)*
            }

            fn leave(&self, local: Self::Local, segment: &Segment, state: &mut Self::State) {
                $(self.$at.leave(local.$at, segment, &mut state.$at);)*
            }
        }

        impl<$($pass: PassState),*> PassState for ($($pass,)*) {
            const VERSION: u16 = 1;

            fn merge(&mut self, other: Self) {
                $(self.$at.merge(other.$at);)*
            }

            fn encode(&self, out: &mut Vec<u8>) {
                $(put_part(&self.$at, out);)*
            }

            fn decode(bytes: &[u8]) -> Result<Self, StateError> {
                let mut reader = StateReader::new(bytes);
                let state = ($(read_part::<$pass>(&mut reader)?,)*);
                reader.end()?;
                Ok(state)
            }
        }
    };
}

tuple!("two passes": A 0, B 1);
tuple!("three passes": A 0, B 1, C 2);
tuple!("four passes": A 0, B 1, C 2, D 3);
tuple!("five passes": A 0, B 1, C 2, D 3, E 4);
