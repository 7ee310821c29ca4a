//! The spool's task: carries out one operation after the other, and says how each ended.

use std::io::{self, ErrorKind};

use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

use crate::agent::core::Event;
use crate::agent::core::account::Totals;
use crate::agent::core::queue::op::{Done, JournalOp, Listing, Loaded, LoadedJournal, Op};
use crate::agent::keeper;
use crate::host::spool::{Found, SpoolDir, Taken};
use crate::host::state::StateDir;
use crate::publish::journal::{self, JournalName};
use crate::publish::spool::{FileName, decode};

/// One operation under way, and the last.
const OPS_MAX: usize = 2;

/// Takes the directory for this process, or says who has it.
///
/// # Errors
/// Another instance has it. That the disk does not let us take it is no error here: each operation says so until it
/// heals.
pub(super) async fn take(spool: &SpoolDir, state: &StateDir) -> Result<(), String> {
    let dir = state.path().display();
    match spool.take().await {
        Ok(()) | Err(Taken::Failed(_)) => Ok(()),
        Err(Taken::ByAnother(pid)) => {
            let who = pid.map_or_else(
                || "another process".to_owned(),
                |pid| format!("process {pid}"),
            );
            Err(format!(
                "another fwmetrics runs with {dir}: {who}; stop it, or give this one a [spool] dir of its own"
            ))
        }
    }
}

/// Starts the task. It ends, with all done, when the sender is dropped.
pub(super) fn start(
    spool: SpoolDir,
    state: StateDir,
    events: Sender<Event>,
) -> (Sender<Op>, JoinHandle<()>) {
    let (ops, mut given) = channel(OPS_MAX);
    let task = tokio::spawn(async move {
        while let Some(op) = given.recv().await {
            let done = carry_out(&spool, &state, op).await;
            // At the end the loop is gone, and nobody waits for the event.
            let _ = events.send(Event::Disk(done)).await;
        }
    });
    (ops, task)
}

async fn carry_out(spool: &SpoolDir, state: &StateDir, op: Op) -> Done {
    let dir = state.path().join("spool");
    let trouble = |error: io::Error| format!("cannot use {}: {error}", dir.display());
    match op {
        Op::List => Done::Listed(spool.list(is_ours).await.map(listing).map_err(trouble)),
        Op::Write(name, bytes) => match spool.write(name.to_string(), bytes).await {
            Err(error) if is_full(&error) => Done::Full(trouble(error)),
            wrote => Done::Wrote(wrote.map_err(trouble)),
        },
        Op::Load(name) => Done::Loaded(load(spool, name).await.map_err(trouble)),
        Op::Remove(names, totals) => {
            Done::Removed(remove(spool, state, &names, &totals).await.map_err(trouble))
        }
        Op::Journal(op) => journal_op(spool, op, trouble).await,
    }
}

async fn journal_op(
    spool: &SpoolDir,
    op: JournalOp,
    trouble: impl Fn(io::Error) -> String,
) -> Done {
    let ended = match op {
        JournalOp::Read(name) => {
            let loaded = load_journal(spool, name).await;
            return Done::ReadJournal(loaded.map_err(trouble));
        }
        JournalOp::Begin(name, bytes) => {
            let begun = spool.write(name.to_string(), bytes).await;
            begun.map(|()| true)
        }
        JournalOp::Append(name, written, bytes) => {
            spool.append(name.to_string(), written, bytes).await
        }
        JournalOp::Forget(names) => {
            let names = names.iter().map(ToString::to_string);
            let removed = spool.remove(names.collect()).await;
            removed.map(|()| true)
        }
    };
    Done::Journaled(ended.map_err(trouble))
}

/// The disk, or our share of it, has no space: that of our own files helps.
fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

fn is_ours(name: &str) -> bool {
    FileName::parse(name).is_some() || JournalName::parse(name).is_some()
}

fn listing(found: Found) -> Listing {
    let files = &found.files;
    let batch = |(name, bytes): &(String, u64)| Some((FileName::parse(name)?, *bytes));
    let journal = |(name, bytes): &(String, u64)| Some((JournalName::parse(name)?, *bytes));
    Listing {
        files: files.iter().filter_map(batch).collect(),
        journals: files.iter().filter_map(journal).collect(),
        rejected_bytes: found.rejected_bytes,
        set_aside: found.set_aside,
    }
}

async fn load(spool: &SpoolDir, name: FileName) -> io::Result<Loaded> {
    let Some(bytes) = read(spool, name.to_string()).await? else {
        return Ok(Loaded::Missing);
    };
    match decode(&bytes) {
        Ok(batch) => Ok(Loaded::Batch(Box::new(batch))),
        Err(why) => {
            let rejected_bytes = spool.reject(name.to_string()).await?;
            Ok(Loaded::Spoilt(why, rejected_bytes))
        }
    }
}

async fn load_journal(spool: &SpoolDir, name: JournalName) -> io::Result<LoadedJournal> {
    let Some(bytes) = read(spool, name.to_string()).await? else {
        return Ok(LoadedJournal::Missing);
    };
    match journal::decode(&bytes) {
        Ok(journal) => Ok(LoadedJournal::Journal(Box::new(journal))),
        Err(why) => {
            let rejected_bytes = spool.reject(name.to_string()).await?;
            Ok(LoadedJournal::Spoilt(why, rejected_bytes))
        }
    }
}

/// A file's bytes, where it is there.
async fn read(spool: &SpoolDir, name: String) -> io::Result<Option<Vec<u8>>> {
    match spool.read(name).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // No file, or longer than any of ours: its first bytes are no whole one either.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidData | ErrorKind::IsADirectory
            ) =>
        {
            Ok(Some(Vec::new()))
        }
        Err(error) => Err(error),
    }
}

/// The totals first; on a full disk the files first, for they make room.
async fn remove(
    spool: &SpoolDir,
    state: &StateDir,
    names: &[FileName],
    totals: &Totals,
) -> io::Result<()> {
    let kept = keeper::keep_totals(state, totals).await;
    if let Err(error) = &kept
        && error.kind() == ErrorKind::TimedOut
    {
        return kept;
    }
    if !names.is_empty() {
        let names = names.iter().map(ToString::to_string);
        spool.remove(names.collect()).await?;
    }
    match kept {
        Err(_) => keeper::keep_totals(state, totals).await,
        Ok(()) => Ok(()),
    }
}
