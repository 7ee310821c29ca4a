//! The files of the spool, looked at from outside.

use std::path::{Path, PathBuf};

/// A batch's file, as its name says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spooled {
    /// The newest timestamp in it.
    pub(crate) newest: i64,
    /// Its number.
    pub(crate) id: String,
    /// How many datums it holds.
    pub(crate) datums: u64,
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Spooled {
    fn parse(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".batch")?;
        let mut parts = name.split('-');
        let newest = parts.next()?.parse().ok()?;
        let id = parts.next()?.to_owned();
        let datums = parts.next()?.parse().ok()?;
        Some(Spooled {
            newest,
            id,
            datums,
            path,
        })
    }

    /// The path of a file of the same batch with another number.
    pub(crate) fn numbered(&self, id: u64) -> PathBuf {
        let name = format!("{:012}-{id:016x}-{}.batch", self.newest, self.datums);
        self.path.with_file_name(name)
    }
}

/// All batches there are, oldest first.
pub(crate) fn spooled(state: &Path) -> Vec<Spooled> {
    let Ok(entries) = std::fs::read_dir(state.join("spool")) else {
        return Vec::new();
    };
    let files = entries.filter_map(|entry| Spooled::parse(entry.ok()?.path()));
    let mut files: Vec<Spooled> = files.collect();
    files.sort();
    files
}

/// How many files were set aside.
pub(crate) fn set_aside(state: &Path) -> usize {
    std::fs::read_dir(state.join("spool/rejected")).map_or(0, Iterator::count)
}
