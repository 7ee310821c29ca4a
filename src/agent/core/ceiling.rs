//! The ceiling of log lines: no fault, and no name that a device invents, floods the journal. What finds no room is
//! counted, and one line says how much that was.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Lines a minute, debug ones apart.
pub(super) const LINES_MOST: u32 = 60;
/// Of these, of one subject: a thousand bad datums leave room to say that a role was revoked.
pub(super) const OF_ONE_MOST: u32 = 30;
const MINUTE: Duration = Duration::from_secs(60);
/// Subjects told apart among those without room; more are counted each time.
const WITHHELD_MAX: usize = 1000;

/// Counts lines by minutes of the boot clock.
#[derive(Debug, Default)]
pub(super) struct Ceiling {
    since: Duration,
    written: u32,
    /// Lines of each subject in this minute; never more than lines.
    of: HashMap<u64, u32>,
    /// Subjects whose new state found no room in this minute: it is tried again and again.
    withheld: HashSet<u64>,
    left_out: u64,
    /// Since start.
    total: u64,
}

impl Ceiling {
    /// Time passed; how many lines the minute that ended left out.
    pub(super) fn at(&mut self, now: Duration) -> u64 {
        if now.saturating_sub(self.since) < MINUTE {
            return 0;
        }
        self.since = now;
        self.written = 0;
        self.of.clear();
        self.withheld.clear();
        self.told()
    }

    /// How many lines were left out since that was told last.
    pub(super) fn told(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// Whether there is room for a line of this subject; then it takes it, else it is counted.
    pub(super) fn admits(&mut self, subject: u64) -> bool {
        let of_it = self.of.get(&subject).copied().unwrap_or(0);
        if self.written < LINES_MOST && of_it < OF_ONE_MOST {
            self.written += 1;
            self.of.insert(subject, of_it + 1);
            return true;
        }
        self.left_out += 1;
        self.total += 1;
        false
    }

    /// The same for a state that is told until it finds room: counted once a minute.
    pub(super) fn admits_state(&mut self, subject: u64) -> bool {
        if self.withheld.contains(&subject) {
            return false;
        }
        let admitted = self.admits(subject);
        if !admitted && self.withheld.len() < WITHHELD_MAX {
            self.withheld.insert(subject);
        }
        admitted
    }

    /// Lines left out since start.
    pub(super) fn total(&self) -> u64 {
        self.total
    }
}
