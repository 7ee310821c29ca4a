//! The schema of a table of the configuration: stated by the part that owns the table, checked in one place.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Checks a text; the error says what would be right.
pub type TextCheck = fn(&str) -> Result<(), String>;

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum KeyKind {
    /// `true` or `false`.
    Bool,
    /// Any text that passes the check.
    Text(TextCheck),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number in this range, ends included.
    Int {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number, whole or with a fraction, in this range, ends included.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// One of these numbers.
    OneOfInts(&'static [i64]),
    /// A list of patterns with `*`, `?` and `[...]`.
    Patterns,
    /// A list of texts, each of which passes the check.
    TextList(TextCheck),
    /// A text that passes the check, or a list of such texts: read by [`one_or_more`].
    OneOrMore(TextCheck),
    /// A list of some of these dimension sets, by the names of their dimensions.
    DimensionSets(&'static [&'static [&'static str]]),
}

/// What holds where a key is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Nothing: the key's doc says what happens then.
    None,
    /// This, as TOML.
    Toml(&'static str),
    /// This whole number.
    Whole(i64),
}

impl Preset {
    /// As TOML; none where there is none.
    #[must_use]
    pub fn toml(self) -> Option<String> {
        match self {
            Preset::None => None,
            Preset::Toml(text) => Some(text.to_owned()),
            Preset::Whole(number) => Some(number.to_string()),
        }
    }
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: KeyKind,
    /// Its default.
    pub default: Preset,
    /// What it does, units included.
    pub doc: &'static str,
    /// A value as TOML to begin from; for keys without a default.
    pub example: &'static str,
    /// An ECMA 262 expression that every right text matches, for editors; empty when there is none. The check of its
    /// kind has the last word: it may refuse what this lets pass, never the other way round.
    pub pattern: &'static str,
    /// A fault does not show what is written.
    pub is_private: bool,
}

impl Key {
    /// A key; its default as TOML, empty when there is none.
    #[must_use]
    pub const fn new(
        name: &'static str,
        kind: KeyKind,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Key {
            name,
            kind,
            default: if default.is_empty() {
                Preset::None
            } else {
                Preset::Toml(default)
            },
            doc,
            example: "",
            pattern: "",
            is_private: false,
        }
    }

    /// The same key with a value to begin from, as TOML.
    #[must_use]
    pub const fn example(self, example: &'static str) -> Self {
        Key { example, ..self }
    }

    /// The same key with an expression that every right text matches.
    #[must_use]
    pub const fn pattern(self, pattern: &'static str) -> Self {
        Key { pattern, ..self }
    }

    /// The same key; what is written there may be a secret by mistake, and is not shown.
    #[must_use]
    pub const fn private(self) -> Self {
        Key {
            is_private: true,
            ..self
        }
    }

    /// The same key with this whole number for a default.
    #[must_use]
    pub const fn preset(self, number: i64) -> Self {
        Key {
            default: Preset::Whole(number),
            ..self
        }
    }
}

/// One table with its keys.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The table's name; empty for the top level.
    pub name: &'static str,
    /// What it is about, in a sentence.
    pub about: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// One table of the whole configuration, as gathered: defaults are those that hold in this very table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its dotted path; empty for the top level.
    pub path: String,
    /// What it is about, in a sentence.
    pub about: &'static str,
    /// Standing there empty, it already says something: that this collector runs.
    pub is_request: bool,
    /// There may be several of it: `[[path]]`.
    pub is_list: bool,
    /// Its keys.
    pub keys: Vec<Key>,
}

impl Table {
    /// The line that begins it.
    #[must_use]
    pub fn header(&self) -> String {
        match self.is_list {
            true => format!("[[{}]]", self.path),
            false => format!("[{}]", self.path),
        }
    }
}

/// A text, or a list of texts, as a list.
///
/// # Errors
/// When it is neither.
pub fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Texts;
    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a list of texts")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, texts: A) -> Result<Vec<String>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(texts))
        }
    }
    from.deserialize_any(Texts)
}

/// Any text.
///
/// # Errors
/// None.
pub fn any_text(_: &str) -> Result<(), String> {
    Ok(())
}

/// The pattern of [`visible_text`].
pub const VISIBLE: &str = r"\S";

/// The pattern of [`absolute_path`].
pub const ABSOLUTE: &str = "^/";

/// Text with something visible in it.
///
/// # Errors
/// When it is blank.
pub fn visible_text(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("a text that is not blank".to_owned());
    }
    Ok(())
}

/// An absolute path.
///
/// # Errors
/// When it does not begin with a slash.
pub fn absolute_path(text: &str) -> Result<(), String> {
    if text.starts_with('/') {
        return Ok(());
    }
    Err("an absolute path, such as \"/\"".to_owned())
}
