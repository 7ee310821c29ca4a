//! One look at one session table, and the records made of it.

use std::fmt::Display;
use std::path::Path;

use super::{metrics, wire};
use crate::collector::CollectError;
use crate::host::files::FileId;
use crate::model::reading::{Raw, Readings, Record};

/// What was seen of one network namespace's table.
#[derive(Debug)]
pub(super) struct Table {
    /// Entries.
    pub(super) entries: u64,
    /// Failures per CPU; `None` where the kernel has no /proc/net/stat/nf_conntrack.
    pub(super) failures: Option<Vec<wire::Failures>>,
    /// The inode of that file is the namespace's own (fs/proc/proc_net.c, fs/proc/generic.c), seen through whatever
    /// path: tells whether two entries name one namespace.
    pub(super) id: Option<FileId>,
}

/// A failure to read or parse a file.
pub(super) fn failed(verb: &str, path: &Path, why: &dyn Display) -> CollectError {
    CollectError::Failed(format!("cannot {verb} {}: {why}", path.display()))
}

/// Records a table; `origin` is the entry of `netns` that named it, `None` the process's own.
pub(super) fn record(out: &mut Readings, table: &Table, max: Option<u64>, origin: Option<&str>) {
    let from = |record: Record| match origin {
        Some(origin) => record.origin(origin),
        None => record,
    };
    let entries = as_f64(table.entries);
    out.push(from(Record::new(&metrics::ENTRIES, Raw::Level(entries))));
    if let Some(max) = max.filter(|max| *max > 0) {
        let percent = entries / as_f64(max) * 100.0;
        let utilization = Record::new(&metrics::UTILIZATION, Raw::Level(percent));
        out.push(from(utilization));
    }
    // A namespace made anew under an old name starts its counters anew: which it is belongs to the member.
    let namespace = table
        .id
        .filter(|_| origin.is_some())
        .map_or_else(String::new, |id| format!("{} ", id.inode));
    for (cpu, failures) in table.failures.iter().flatten().enumerate() {
        for (column, total) in [("drop", failures.drop), ("early_drop", failures.early_drop)] {
            let record = Record::new(&metrics::FAILURES, Raw::Total(total));
            out.push(from(record.member(format!("{namespace}{cpu} {column}"))));
        }
    }
}

#[allow(clippy::cast_precision_loss)] // entries stay far below 2^53
fn as_f64(number: u64) -> f64 {
    number as f64
}
