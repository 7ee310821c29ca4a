//! The schema of a table of the configuration: stated by the part that owns the table, checked in one place.

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
    /// One of these numbers.
    OneOfInts(&'static [i64]),
    /// A list of patterns with `*`, `?` and `[...]`.
    Patterns,
    /// A list of texts, each of which passes the check.
    TextList(TextCheck),
    /// A list of dimension sets.
    DimensionSets,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub kind: KeyKind,
    /// Its default as TOML; empty when there is none.
    pub default: &'static str,
    /// What it does, units included.
    pub doc: &'static str,
}

impl Key {
    /// A key.
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
            default,
            doc,
        }
    }
}

/// One table with its keys.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The table's name; empty for the top level.
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

/// Any text.
///
/// # Errors
/// None.
pub fn any_text(_: &str) -> Result<(), String> {
    Ok(())
}

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
