//! Values between Rust and the database: whole numbers, numbers, texts, nothing. There are no blobs.

use crate::sql::Error;
use std::borrow::Cow;

/// A value that owns its text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number; a truth value is 0 or 1.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
}

/// A value where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// Nothing.
    Null,
    /// A whole number; a truth value is 0 or 1.
    Integer(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(&'a str),
}

/// What kind of value something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Nothing.
    Null,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// A text.
    Text,
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "nothing",
            Self::Integer => "a whole number",
            Self::Real => "a number",
            Self::Text => "a text",
        })
    }
}

impl ValueRef<'_> {
    /// What kind of value this is.
    pub fn data_type(self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Integer(_) => Type::Integer,
            Self::Real(_) => Type::Real,
            Self::Text(_) => Type::Text,
        }
    }
}

/// What can be given to a statement.
pub trait ToSql {
    /// The value as the database takes it; an error for a whole number that is too large for it.
    fn to_sql(&self) -> Result<ValueRef<'_>, Error>;
}

/// What a column can be read as.
pub trait FromSql: Sized {
    /// The value as this type; `None` where it is of another kind or too large.
    fn from_sql(value: ValueRef<'_>) -> Option<Self>;
}

macro_rules! whole_numbers {
    ($($t:ty),*) => {$(
        impl ToSql for $t {
            fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
                Ok(ValueRef::Integer(i64::from(*self)))
            }
        }
        impl FromSql for $t {
            fn from_sql(value: ValueRef<'_>) -> Option<Self> {
                i64::from_sql(value)?.try_into().ok()
            }
        }
    )*};
}
whole_numbers!(i8, i16, i32, u8, u16, u32);

macro_rules! large_numbers {
    ($($t:ty),*) => {$(
        impl ToSql for $t {
            fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
                i64::try_from(*self).map(ValueRef::Integer).map_err(|e| Error::ToSqlConversionFailure(e.into()))
            }
        }
        impl FromSql for $t {
            fn from_sql(value: ValueRef<'_>) -> Option<Self> {
                i64::from_sql(value)?.try_into().ok()
            }
        }
    )*};
}
large_numbers!(u64, usize);

impl ToSql for i64 {
    fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
        Ok(ValueRef::Integer(*self))
    }
}

impl FromSql for i64 {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Integer(n) => Some(n),
            _ => None,
        }
    }
}

impl ToSql for bool {
    fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
        Ok(ValueRef::Integer(i64::from(*self)))
    }
}

impl FromSql for bool {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        i64::from_sql(value).map(|n| n != 0)
    }
}

impl ToSql for f64 {
    fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
        Ok(ValueRef::Real(*self))
    }
}

impl FromSql for f64 {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Real(n) => Some(n),
            ValueRef::Integer(n) => Some(n as Self),
            _ => None,
        }
    }
}

impl ToSql for str {
    fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
        Ok(ValueRef::Text(self))
    }
}

impl ToSql for String {
    fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
        Ok(ValueRef::Text(self))
    }
}

impl ToSql for Cow<'_, str> {
    fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
        Ok(ValueRef::Text(self))
    }
}

impl FromSql for String {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
        Ok(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(n) => ValueRef::Integer(*n),
            Self::Real(n) => ValueRef::Real(*n),
            Self::Text(text) => ValueRef::Text(text),
        })
    }
}

impl FromSql for Value {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        Some(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(n) => Self::Integer(n),
            ValueRef::Real(n) => Self::Real(n),
            ValueRef::Text(text) => Self::Text(text.to_owned()),
        })
    }
}

impl<T: ToSql + ?Sized> ToSql for &T {
    fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
        (**self).to_sql()
    }
}

impl<T: ToSql> ToSql for Option<T> {
    fn to_sql(&self) -> Result<ValueRef<'_>, Error> {
        self.as_ref().map_or(Ok(ValueRef::Null), ToSql::to_sql)
    }
}

impl<T: FromSql> FromSql for Option<T> {
    fn from_sql(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Null => Some(None),
            other => T::from_sql(other).map(Some),
        }
    }
}
