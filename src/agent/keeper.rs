//! What outlives a restart, to and from the state directory: a task that carries, as the others do.

use std::io;

use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;

use crate::agent::core::Event;
use crate::agent::core::account::Totals;
use crate::agent::core::kept::{Keep, Kept, Stored};
use crate::host::state::StateDir;

const HEARTBEAT: &str = "heartbeat";
const SERIES: &str = "series.json";
const DRAIN: &str = "drain.json";
const ACCOUNT: &str = "account.json";
/// One window's worth, and what comes at the end.
const WAITING_MAX: usize = 4;

/// What was kept, and what of it could not be read: then we start without.
pub(super) async fn load(state: &StateDir) -> (Kept, Vec<String>) {
    let mut kept = Kept::default();
    let mut problems = Vec::new();
    match read(state, HEARTBEAT, |text| text.trim().parse().ok()).await {
        Ok(minute) => kept.heartbeat = minute,
        Err(why) => problems.push(why),
    }
    match read(state, SERIES, |text| serde_json::from_str(text).ok()).await {
        Ok(series) => kept.series = series.unwrap_or_default(),
        Err(why) => problems.push(why),
    }
    match read(state, DRAIN, |text| serde_json::from_str(text).ok()).await {
        Ok(drain) => kept.drain = drain,
        Err(why) => problems.push(why),
    }
    (kept, problems)
}

/// The account of the run before, and why it could not be read.
pub(super) async fn load_totals(state: &StateDir) -> (Option<Totals>, Option<String>) {
    match read(state, ACCOUNT, |text| serde_json::from_str(text).ok()).await {
        Ok(totals) => (totals, None),
        Err(why) => (None, Some(why)),
    }
}

/// Writes the account.
pub(super) async fn keep_totals(state: &StateDir, totals: &Totals) -> io::Result<()> {
    // Numbers and words always have a JSON form.
    let bytes = serde_json::to_vec(totals).unwrap_or_default();
    state.store(ACCOUNT, bytes).await
}

async fn read<T>(
    state: &StateDir,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, String> {
    let shown = state.path().join(name);
    let loaded = state.load(name).await;
    let bytes = loaded.map_err(|error| format!("cannot read {}: {error}", shown.display()))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let read = std::str::from_utf8(&bytes).ok().and_then(parse);
    read.map(Some).ok_or_else(|| {
        format!(
            "{} is not what we wrote there; starting without",
            shown.display()
        )
    })
}

/// Starts the task. It ends, with all written, when the sender is dropped.
pub(super) fn start(state: StateDir, events: Sender<Event>) -> (Sender<Keep>, JoinHandle<()>) {
    let (keeps, mut given) = channel(WAITING_MAX);
    let task = tokio::spawn(async move {
        while let Some(keep) = given.recv().await {
            let stored = store(&state, keep).await;
            // At the end the loop is gone, and nobody waits for the event.
            let _ = events.send(Event::Stored(stored)).await;
        }
    });
    (keeps, task)
}

async fn store(state: &StateDir, keep: Keep) -> Stored {
    let (file, bytes) = match keep {
        Keep::Heartbeat(minute) => (HEARTBEAT, format!("{minute}\n").into_bytes()),
        Keep::Drain(drain) => (DRAIN, serde_json::to_vec(&drain).unwrap_or_default()),
        Keep::Series(series) => (SERIES, serde_json::to_vec(&series).unwrap_or_default()),
    };
    let shown = state.path().join(file);
    let stored = state.store(file, bytes).await;
    let failed = |error| format!("cannot write {}: {error}", shown.display());
    Stored {
        file,
        problem: stored.err().map(failed),
    }
}
