//! Has keepalived write its state and reads it: the PID file, the process, the signal, the dump.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::dump::{self, Look, Stamp};
use super::process::{self, Held, Way};
use super::wire::Instance;
use crate::collector::CollectError;
use crate::host::blocking::Blocking;
use crate::host::files::Root;

/// keepalived writes within 2 ms as a rule; later looks are rarer.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
const SLOW: &str = "the disk does not answer";

/// Where to look.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) root: Root,
    /// The first that is there counts.
    pub(super) pid_files: Vec<String>,
    pub(super) dump: String,
}

/// What keepalived wrote when it was asked.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) instances: Vec<Instance>,
    /// Unix time.
    pub(super) written: Duration,
    /// Of another process than the answer before.
    pub(super) anew: bool,
}

/// Asks keepalived.
#[derive(Debug)]
pub(super) struct Asker {
    places: Arc<Places>,
    blocking: Blocking,
    /// For a whole pass.
    wait: Duration,
    /// Who answered last.
    last: Option<Arc<Held>>,
}

struct Asked {
    held: Arc<Held>,
    way: Way,
    /// The dump that was there before.
    before: Option<Stamp>,
}

impl Asker {
    pub(super) fn new(places: Places, wait: Duration) -> Self {
        Asker {
            places: Arc::new(places),
            blocking: Blocking::default(),
            wait,
            last: None,
        }
    }

    /// It has answered before.
    pub(super) fn has_answered(&self) -> bool {
        self.last.is_some()
    }

    /// One question and its answer; `Absent` where there is no PID file.
    pub(super) async fn ask(&mut self) -> Result<Answer, CollectError> {
        let (places, last) = (Arc::clone(&self.places), self.last.clone());
        let asked = self
            .off(self.wait / 3, move || begin(&places, last))
            .await?;
        let (instances, written) = self.written(&asked).await?;
        let before = self.last.replace(Arc::clone(&asked.held));
        Ok(Answer {
            instances,
            written,
            anew: before.is_some_and(|before| !Arc::ptr_eq(&before, &asked.held)),
        })
    }

    /// Looks until there is another dump than before, and a whole one.
    async fn written(&self, asked: &Asked) -> Result<(Vec<Instance>, Duration), CollectError> {
        let (mut pause, mut paused, mut torn) = (FIRST_PAUSE, Duration::ZERO, false);
        // By its own pauses: a deadline would cut a look short, and the next one would find the door shut.
        while paused < self.wait * 4 / 9 {
            tokio::time::sleep(pause).await;
            paused += pause;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let (path, uid, before) = (self.dump(), asked.way.uid, asked.before);
            let look = move || dump::look(&path, uid, before).map_err(CollectError::Failed);
            match self.off(self.wait / 3, look).await? {
                Look::Old => {}
                Look::Torn => torn = true,
                Look::New(instances, written) => return Ok((instances, written)),
            }
        }
        Err(self.silence(asked, torn).await)
    }

    /// Why there is no dump.
    async fn silence(&self, asked: &Asked, torn: bool) -> CollectError {
        let (places, held) = (Arc::clone(&self.places), Arc::clone(&asked.held));
        let way = asked.way;
        let pending = move || Ok(held.is_pending(&places.root, way));
        let pending = self.off(self.wait / 9, pending).await;
        let (pid, dump) = (asked.held.pid, self.dump());
        let dump = dump.display();
        CollectError::Failed(match pending {
            Ok(true) => format!(
                "keepalived (process {pid}) does not take up the request for its state: it is stopped or hangs"
            ),
            _ if torn => format!("{dump} stays incomplete: keepalived hangs, or its disk is full"),
            _ => format!(
                "keepalived (process {pid}) was asked for its state and did not write {dump}: it has no VRRP instance (then disable the collector vrrp), or writes elsewhere (its TMPDIR or PrivateTmp=): mend [collectors.vrrp] dump; or fwmetrics has a /tmp of its own: enable the drop-in vrrp.conf"
            ),
        })
    }

    /// Off the runtime's thread, in this time.
    async fn off<T: Send + 'static>(
        &self,
        wait: Duration,
        work: impl FnOnce() -> Result<T, CollectError> + Send + 'static,
    ) -> Result<T, CollectError> {
        let done = self.blocking.within(wait, SLOW, move || Ok(work())).await;
        done.unwrap_or_else(|error| {
            let what = "cannot read keepalived's PID file and dump";
            Err(CollectError::Failed(format!("{what}: {error}")))
        })
    }

    fn dump(&self) -> PathBuf {
        self.places.root.path(&self.places.dump)
    }
}

/// Finds keepalived and asks it, unless an earlier request still waits: real-time signals queue, and a keepalived that is
/// stopped for an hour would write hundreds of dumps when it goes on.
fn begin(places: &Places, last: Option<Arc<Held>>) -> Result<Asked, CollectError> {
    let (pid, file) = process::named(&places.root, &places.pid_files)?;
    let held = process::hold(&places.root, pid, &file, last).map_err(CollectError::Failed)?;
    let way = held.way(&file).map_err(CollectError::Failed)?;
    let path = places.root.path(&places.dump);
    let before = Stamp::of(&path).map_err(|error| {
        CollectError::Failed(format!("cannot look for {}: {error}", path.display()))
    })?;
    if !held.is_pending(&places.root, way) {
        held.request(way).map_err(CollectError::Failed)?;
    }
    Ok(Asked { held, way, before })
}
