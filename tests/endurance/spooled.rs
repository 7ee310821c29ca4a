//! The spool as it lies on the disk when nobody writes there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fwmetrics::publish::batch::Batch;
use fwmetrics::publish::spool::{FileName, decode};

/// What is there.
#[derive(Debug, Default, Clone)]
pub struct Spooled {
    pub batches: Vec<FileName>,
    /// Half-written files, by name.
    pub halves: Vec<String>,
    /// Neither: a journal, for example.
    pub others: Vec<String>,
}

/// Looks at names alone.
pub fn look(state: &Path) -> Spooled {
    let mut spooled = Spooled::default();
    let Ok(entries) = fs::read_dir(state.join("spool")) else {
        return spooled;
    };
    // A file may go while we look.
    for entry in entries.filter_map(Result::ok) {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let name = entry.file_name().into_string().expect("names are text");
        match FileName::parse(&name) {
            Some(batch) => spooled.batches.push(batch),
            None if is_half(&name) => spooled.halves.push(name),
            None => spooled.others.push(name),
        }
    }
    spooled.batches.sort();
    spooled
}

/// Written beside, and not yet put in place.
pub fn is_half(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".new")
}

/// Names in a directory; none when it is not there.
pub fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let names = entries.filter_map(Result::ok);
    names
        .map(|entry| entry.file_name().into_string().expect("names are text"))
        .collect()
}

/// Reads the batches that are not known yet. Each must be whole: a kill leaves no half file under a full name.
pub fn learn(state: &Path, spooled: &Spooled, known: &mut BTreeMap<FileName, Batch>) {
    for name in &spooled.batches {
        known.entry(*name).or_insert_with(|| {
            let bytes = fs::read(state.join("spool").join(name.to_string())).unwrap();
            decode(&bytes).unwrap_or_else(|why| panic!("{name}: {why}"))
        });
    }
}

/// Bytes of all files in the spool and beside it.
pub fn bytes(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(of).sum()
}
