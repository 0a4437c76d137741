//! What a statement is given.

use super::{Result, ToSql};
use crate::value::ValueRef;

/// Values for a statement, in the order of its parameters: `params![…]`, an array, or `[]` for none.
pub trait Params {
    /// Hands each value over.
    #[doc(hidden)]
    fn each(&self, take: &mut dyn FnMut(ValueRef<'_>) -> Result<()>) -> Result<()>;
}

impl Params for &[&dyn ToSql] {
    fn each(&self, take: &mut dyn FnMut(ValueRef<'_>) -> Result<()>) -> Result<()> {
        self.iter().try_for_each(|v| take(v.to_sql()?))
    }
}

// `[]` says nothing about what it could have held, and so has a type of its own.
impl Params for [&(dyn ToSql + Send + Sync); 0] {
    fn each(&self, _: &mut dyn FnMut(ValueRef<'_>) -> Result<()>) -> Result<()> {
        Ok(())
    }
}

macro_rules! arrays {
    ($($n:literal)*) => {$(
        impl<T: ToSql> Params for [T; $n] {
            fn each(&self, take: &mut dyn FnMut(ValueRef<'_>) -> Result<()>) -> Result<()> {
                self.iter().try_for_each(|v| take(v.to_sql()?))
            }
        }
    )*};
}
arrays!(1 2 3 4 5 6 7 8);

macro_rules! tuples {
    ($($t:ident $i:tt),+) => {
        impl<$($t: ToSql),+> Params for ($($t,)+) {
            fn each(&self, take: &mut dyn FnMut(ValueRef<'_>) -> Result<()>) -> Result<()> {
                $(take(self.$i.to_sql()?)?;)+
                Ok(())
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);

/// Values of different types for a statement.
#[macro_export]
macro_rules! params {
    () => { &[] as &[&dyn $crate::sql::ToSql] };
    ($($value:expr),+ $(,)?) => { &[$(&$value as &dyn $crate::sql::ToSql),+] as &[&dyn $crate::sql::ToSql] };
}
