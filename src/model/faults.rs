//! Faults of a configuration: gathered, not thrown, so that a user sees them all at once.

use std::fmt;

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of the file, from 1.
    Line(usize),
    /// An environment variable.
    Environment(String),
    /// The file as a whole.
    File,
    /// Another file that this one names, and the line in it where there is one.
    Other(String, Option<usize>),
}

/// One fault: where, which key, what is wrong, what would be right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Line or variable.
    pub place: Place,
    /// Dotted path of the key.
    pub key: String,
    /// What is wrong.
    pub wrong: String,
    /// What would be right.
    pub remedy: String,
}

/// All faults of one configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The file as the user named it; `None` when there is none.
    pub file: Option<String>,
    /// In the order of their places.
    pub list: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match (&fault.place, &self.file) {
                (Place::Environment(name), _) => write!(f, "environment {name}")?,
                (Place::Line(line), Some(file)) => write!(f, "{file}:{line}")?,
                (Place::Line(line), None) => write!(f, "line {line}")?,
                (Place::File, file) => f.write_str(file.as_deref().unwrap_or("configuration"))?,
                (Place::Other(file, Some(line)), _) => write!(f, "{file}:{line}")?,
                (Place::Other(file, None), _) => f.write_str(file)?,
            }
            if fault.key.is_empty() {
                write!(f, ": {}", fault.wrong)?;
            } else {
                write!(f, ": {}: {}", fault.key, fault.wrong)?;
            }
            if !fault.remedy.is_empty() {
                write!(f, "; {}", fault.remedy)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
