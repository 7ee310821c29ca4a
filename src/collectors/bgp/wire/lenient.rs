//! JSON whose types vary from release to release: what is not as wanted reads as not there.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One value that may be anything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Scalar {
    Number(u64),
    Text(String),
    Truth(bool),
    /// Null, negative, a list, an object, or not there.
    #[default]
    Other,
}

impl Scalar {
    /// As a number, written as one or as text.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Scalar::Number(number) => Some(*number),
            Scalar::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        match self {
            Scalar::Truth(truth) => *truth,
            Scalar::Text(text) => text == "true",
            _ => false,
        }
    }
}

/// An object by its keys; anything else is empty. Of equal keys the last one counts.
#[derive(Debug, Clone)]
pub(super) struct Table<T>(pub(super) BTreeMap<String, T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table(BTreeMap::new())
    }
}

/// An object with known fields; anything else is its default.
#[derive(Debug, Clone, Default)]
pub(super) struct Object<T>(pub(super) T);

/// A list; anything else is empty.
#[derive(Debug, Clone)]
pub(super) struct List<T>(pub(super) Vec<T>);

struct Any<W>(PhantomData<W>);

/// What is made of each shape that JSON has.
trait Shapes<'de>: Default {
    fn scalar(_: Scalar) -> Self {
        Self::default()
    }
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Self::default())
    }
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| Self::default())
    }
}

impl<'de, W: Shapes<'de>> Visitor<'de> for Any<W> {
    type Value = W;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
    fn visit_bool<E>(self, truth: bool) -> Result<W, E> {
        Ok(W::scalar(Scalar::Truth(truth)))
    }
    fn visit_u64<E>(self, number: u64) -> Result<W, E> {
        Ok(W::scalar(Scalar::Number(number)))
    }
    fn visit_i64<E>(self, number: i64) -> Result<W, E> {
        let number = u64::try_from(number).map(Scalar::Number);
        Ok(W::scalar(number.unwrap_or_default()))
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked, and `as` saturates
    fn visit_f64<E>(self, number: f64) -> Result<W, E> {
        let number = (number >= 0.0).then_some(Scalar::Number(number as u64));
        Ok(W::scalar(number.unwrap_or_default()))
    }
    fn visit_str<E>(self, text: &str) -> Result<W, E> {
        Ok(W::scalar(Scalar::Text(text.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<W, E> {
        Ok(W::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<W, A::Error> {
        W::map(map)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<W, A::Error> {
        W::list(list)
    }
}

impl Shapes<'_> for Scalar {
    fn scalar(scalar: Scalar) -> Self {
        scalar
    }
}

impl<'de, T: Deserialize<'de>> Shapes<'de> for Table<T> {
    fn map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut all = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            all.insert(key, value);
        }
        Ok(Table(all))
    }
}

impl<'de, T: Deserialize<'de> + Default> Shapes<'de> for Object<T> {
    fn map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Shapes<'de> for List<T> {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = list.next_element()? {
            all.push(value);
        }
        Ok(List(all))
    }
}

macro_rules! deserialize {
    ($($name:ident $(<$t:ident: $bound:path>)?),*) => {$(
        impl<'de $(, $t: Deserialize<'de> + $bound)?> Deserialize<'de> for $name$(<$t>)? {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any(Any(PhantomData))
            }
        }
    )*};
}

deserialize!(Scalar, Table<T: Sized>, Object<T: Default>, List<T: Sized>);
