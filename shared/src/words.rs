//! Enums of the API whose values are words. Each reads from its word alone; anything else, of
//! whatever type, is refused with the words that would be right.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// A type whose values are words.
pub(crate) trait Word: Copy + 'static {
    /// Every value.
    const WORDS: &'static [Self];
    /// The word of a value.
    fn word(self) -> &'static str;
}

/// Declares enums of words, each in snake case: `Student = "student"`.
macro_rules! words {
    ($( $(#[$meta:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident = $text:literal ),+ $(,)? } )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
        // The description's macro cannot read a name that comes through this one.
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(rename_all = "snake_case"))]
        pub enum $name { $( $(#[$doc])* #[serde(rename = $text)] $variant ),+ }

        impl $name {
            /// Every value, in the order of their declarations.
            pub const ALL: &[Self] = &[ $( Self::$variant ),+ ];
            /// The value as it is sent and stored.
            pub const fn as_str(self) -> &'static str { match self { $( Self::$variant => $text ),+ } }
            /// The value of a word.
            pub fn named(word: &str) -> Option<Self> { $crate::words::named(word) }
        }

        impl $crate::words::Word for $name {
            const WORDS: &'static [Self] = Self::ALL;
            fn word(self) -> &'static str { self.as_str() }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::words::read(deserializer)
            }
        }
    )+ };
}

pub(crate) use words;

/// The value of a word.
pub(crate) fn named<T: Word>(word: &str) -> Option<T> {
    T::WORDS.iter().copied().find(|value| value.word() == word)
}

/// Reads a word.
pub(crate) fn read<'de, D: Deserializer<'de>, T: Word>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_str(WordVisitor(PhantomData))
}

struct WordVisitor<T>(PhantomData<T>);

impl<T: Word> Visitor<'_> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of ")?;
        for (number, value) in T::WORDS.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}`{}`", value.word())?;
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        named(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use crate::api::auth::Role;

    #[test]
    fn a_word_reads_and_prints_the_same() {
        for role in Role::ALL {
            let text = format!("\"{}\"", role.as_str());
            assert_eq!(serde_json::to_string(role).unwrap(), text);
            assert_eq!(serde_json::from_str::<Role>(&text).unwrap(), *role);
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_right_words() {
        for wrong in [
            r#""teacher""#,
            r#""Student""#,
            r#""""#,
            "5",
            "true",
            "null",
            "[]",
            r#"{"student":null}"#,
        ] {
            let error = serde_json::from_str::<Role>(wrong).unwrap_err();
            assert!(error.is_data(), "{wrong}: {error}");
            let error = error.to_string();
            let right = "`student`, `mentor`, `parent`, `admin`";
            assert!(error.contains(right), "{wrong}: {error}");
        }
    }
}
