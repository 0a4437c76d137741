//! Values in recipes: where one word will do, one word is enough.

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// A table that has a shorter form: the name of a column, or a list of them.
pub trait Shorthand: Sized {
    /// The table that a name alone stands for.
    fn short(name: &str) -> Self;

    /// The table that a list of names stands for, where there is one.
    fn list(_names: Vec<String>) -> Option<Self> {
        None
    }
}

/// A table or its shorter form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShortOr<T>(pub T);

impl<T: Shorthand> Shorthand for ShortOr<T> {
    fn short(name: &str) -> Self {
        Self(T::short(name))
    }

    fn list(names: Vec<String>) -> Option<Self> {
        T::list(names).map(Self)
    }
}

impl<'de, T: Shorthand + Deserialize<'de>> Deserialize<'de> for ShortOr<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Short<T>(PhantomData<T>);
        impl<'de, T: Shorthand + Deserialize<'de>> Visitor<'de> for Short<T> {
            type Value = ShortOr<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a column in quotes, or a table in braces")
            }

            fn visit_str<E: Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(ShortOr(T::short(v)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(ShortOr)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                let names = Vec::<String>::deserialize(SeqAccessDeserializer::new(seq))?;
                T::list(names)
                    .map(ShortOr)
                    .ok_or_else(|| A::Error::custom("a list has no meaning here; name one column"))
            }
        }
        d.deserialize_any(Short(PhantomData))
    }
}

/// One, or a list of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Many<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Many<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one, or a list in square brackets")
            }

            fn visit_str<E: Error>(self, v: &str) -> Result<Self::Value, E> {
                T::deserialize(serde::de::value::StrDeserializer::new(v)).map(|one| OneOrMany(vec![one]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|one| OneOrMany(vec![one]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::<T>::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }
        }
        d.deserialize_any(Many(PhantomData))
    }
}

/// Where a value comes from: the name of a column, or a table.
pub type Value = ShortOr<ValueTable>;

/// Where a value comes from and how it is read. Exactly one of `column`, `constant`, `sum`,
/// `times` and `count` says where from.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueTable {
    /// The column; of several, the first that is not empty.
    pub column: Option<OneOrMany<String>>,
    /// The same words for every row.
    pub constant: Option<String>,
    /// The sum of these columns, over all looked-up rows.
    pub sum: Option<OneOrMany<String>>,
    /// The product of these columns, summed over all looked-up rows.
    pub times: Option<OneOrMany<String>>,
    /// How many rows of this file were looked up.
    pub count: Option<String>,
    /// What the words of the file mean.
    pub map: Option<BTreeMap<String, String>>,
    /// Taken where the cell is empty, or the map does not name its word.
    pub default: Option<String>,
    /// How it is read.
    #[serde(rename = "as")]
    pub read_as: Option<ReadAs>,
    /// Cut off the beginning where it stands there.
    pub trim_prefix: Option<String>,
    /// Cut off the end where it stands there.
    pub trim_suffix: Option<String>,
    /// The cell holds several values with this between them.
    pub split: Option<String>,
    /// Taken only where this column is empty.
    pub unless: Option<String>,
}

/// How a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadAs {
    /// As it stands.
    Text,
    /// A whole number; 17850.0 is one.
    Integer,
    /// A number.
    Number,
    /// yes/no, true/false, 1/0.
    Boolean,
}

impl Shorthand for ValueTable {
    fn short(column: &str) -> Self {
        Self { column: Some(OneOrMany(vec![column.to_owned()])), ..Self::default() }
    }
}

/// A word: a text stands for itself, a table says where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Word(pub ValueTable);

impl Word {
    /// The word itself, where it is the same for every row.
    pub fn constant(&self) -> Option<&str> {
        self.0.constant.as_deref()
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word in quotes, or a table such as { column = \"status\" }")
            }

            fn visit_str<E: Error>(self, v: &str) -> Result<Self::Value, E> {
                Ok(Word(ValueTable { constant: Some(v.to_owned()), ..ValueTable::default() }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                ValueTable::deserialize(MapAccessDeserializer::new(map)).map(Word)
            }
        }
        d.deserialize_any(Either)
    }
}
