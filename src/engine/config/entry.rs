//! Pieces that the layers of both files are made of.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{fmt, marker::PhantomData};

/// A word or a table: `handoff = "overlay"`, `handoff = { to = "..." }`.
#[derive(Clone, Debug)]
pub(super) enum WordOr<T> {
    Word(String),
    Table(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WordOr<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = WordOr<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a table")
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Self::Value, E> {
                Ok(WordOr::Word(word.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(WordOr::Table)
            }
        }
        from.deserialize_any(Either(PhantomData))
    }
}

/// A priority: one of four words, or a number from 0 to 100.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Priority(pub u8);

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Priority;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("critical, high, normal, low or a number from 0 to 100")
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<Priority, E> {
                const WORDS: [&str; 4] = ["critical", "high", "normal", "low"];
                let at = WORDS.iter().position(|known| *known == word);
                let value = at.and_then(|at| [90, 70, 50, 30].get(at).copied());
                value.map(Priority).ok_or_else(|| E::unknown_variant(word, &WORDS))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Priority, E> {
                let value = u8::try_from(number).ok().filter(|value| *value <= 100);
                value.map(Priority).ok_or_else(|| E::custom("a priority is a number from 0 to 100"))
            }
        }
        from.deserialize_any(Either)
    }
}

/// Takes over each of the named fields where the upper layer has one.
macro_rules! overlay {
    ($base:expr, $over:expr; $($field:ident),+ $(,)?) => {
        $(if $over.$field.is_some() { $base.$field = $over.$field; })+
    };
}
pub(super) use overlay;

/// A share written as 0 to 1, in whole units of `one`; `None` when it is outside.
#[expect(clippy::cast_possible_truncation, reason = "bounded by the check before it")]
pub(super) fn share(value: f64, one: u32) -> Option<i64> {
    (0.0..=1.0).contains(&value).then(|| (value * f64::from(one)).round() as i64)
}
