//! The other network namespaces of a pass: each is read, whatever became of the others, and each counts once.

use std::time::Duration;

use super::named::Named;
use super::pidfile::PidFile;
use super::settings::Entry;
use super::table::{self, Table};
use crate::collector::CollectError;
use crate::host::files::{FileId, Root};
use crate::model::reading::Readings;

/// One entry of `netns`.
#[derive(Debug)]
pub(super) struct Namespace {
    /// As configured: the origin of its readings.
    pub(super) text: String,
    pub(super) door: Door,
    /// Its readings were taken in the last pass.
    counted: bool,
}

/// How it is read.
#[derive(Debug)]
pub(super) enum Door {
    Named(Named),
    PidFile(PidFile),
}

impl Namespace {
    pub(super) fn new(text: String, root: Root, netfilter: bool) -> Result<Self, String> {
        let door = match Entry::parse(&text)? {
            Entry::Name(name) => Door::Named(Named::new(name, root, netfilter)),
            Entry::PidFile(file) => Door::PidFile(PidFile::new(file, root)),
        };
        Ok(Namespace {
            text,
            door,
            counted: false,
        })
    }

    async fn look(&mut self, wait: Duration) -> Result<Table, CollectError> {
        match &mut self.door {
            Door::Named(named) => named.look(wait).await,
            Door::PidFile(file) => file.look(wait).await,
        }
    }
}

/// What became of a pass over the namespaces.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Namespaces whose tables were read.
    pub(super) read: usize,
    /// Those without connection tracking.
    pub(super) absent: Vec<String>,
    /// Those that could not be read.
    pub(super) failed: Vec<String>,
}

/// Reads and records all; `own` is the process's own namespace.
pub(super) async fn read_all(
    namespaces: &mut [Namespace],
    out: &mut Readings,
    max: Option<u64>,
    own: Option<FileId>,
    wait: Duration,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut seen: Vec<(FileId, String)> = Vec::new();
    seen.extend(own.map(|id| (id, "fwmetrics itself".to_owned())));
    // Of two entries that name one namespace, the one that counted goes on counting: while the other's last readings
    // are still fresh, a change would count the namespace twice.
    let mut order: Vec<&mut Namespace> = namespaces.iter_mut().collect();
    order.sort_by_key(|namespace| !namespace.counted);
    for namespace in order {
        namespace.counted = false;
        let table = match namespace.look(wait).await {
            Ok(table) => table,
            Err(CollectError::Absent(why)) => {
                outcome.absent.push(why);
                continue;
            }
            Err(CollectError::Failed(why)) => {
                outcome.failed.push(why);
                continue;
            }
        };
        outcome.read += 1;
        let twin = table
            .id
            .and_then(|id| seen.iter().find(|(other, _)| *other == id));
        if let Some((_, other)) = twin {
            let text = &namespace.text;
            out.note(format!(
                "netns {text:?} is the network namespace of {other}: counted once"
            ));
            continue;
        }
        namespace.counted = true;
        seen.extend(table.id.map(|id| (id, format!("{:?}", namespace.text))));
        table::record(out, &table, max, Some(&namespace.text));
    }
    outcome
}
