//! What a parser could not understand, for the log and for the count of parse errors.

use super::words;

/// A device that calls everything by new names would else fill the log at each pass.
const KEPT_MAX: usize = 20;
/// In characters; oddities quote the device.
const LENGTH_MAX: usize = 200;

/// What could not be understood in an otherwise readable answer; each is one short sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oddities(Vec<String>);

impl Oddities {
    /// Nothing odd so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes one, as one line without control characters; the same twice is noted once, and no more than 20 are kept.
    pub fn push(&mut self, oddity: impl AsRef<str>) {
        if self.0.len() >= KEPT_MAX {
            return;
        }
        let oddity = words::plain(oddity.as_ref(), LENGTH_MAX);
        if !self.0.contains(&oddity) {
            self.0.push(oddity);
        }
    }

    /// Whether all was understood.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are, 20 at most.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// In the order in which they were met.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        self.0.iter()
    }
}

impl IntoIterator for Oddities {
    type Item = String;
    type IntoIter = std::vec::IntoIter<String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Oddities {
    type Item = &'a String;
    type IntoIter = std::slice::Iter<'a, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
