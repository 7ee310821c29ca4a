//! When all is well again for long enough, each reading arrived, or was counted by a reason that what happened allows.

use std::collections::BTreeMap;
use std::time::Duration;

use fwmetrics::agent::core::account::Reason;

use super::Runner;
use crate::simulated::course::Net;
use crate::simulated::disk::Mood;
use crate::simulated::tally::Tally;

/// Windows that ended so long ago are sealed.
const SEALED: Duration = Duration::from_secs(5);
/// A disk that failed was tried again by then: after half a minute, and an operation that takes too long.
const DISK_TRIED: Duration = Duration::from_secs(45);
/// A disk bound below this may be met.
const SMALL: u64 = 1 << 20;

impl Runner {
    /// All is well until nothing waits.
    pub fn recover(&mut self) {
        (self.net, self.mood) = (Net::Well, Mood::Well);
        if self.disk_failed {
            self.run(DISK_TRIED);
        }
        // Each call takes 0.4 s at most, the next of the backlog goes 0.2 s after it, and a fresh one between two;
        // before that the longest patience: with a clock ahead, 15 minutes; with a file that could not be read, 10.
        let files = self.disk.files.len() as u64;
        let bound = self.now.boot + Duration::from_secs(1800 + 3 * files);
        self.run_until(bound, |runner| runner.rests() && runner.is_settled());
        // Each second a window waits for a moment.
        let bound = self.now.boot + Duration::from_secs(10) + 2 * self.setup.period;
        self.run_until(bound, Runner::rests);
        let (waiting, left) = (self.core.waiting(), self.disk.files.len());
        assert!(self.rests(), "{waiting} datums and {left} files wait on");
        self.settle();
    }

    /// SIGTERM, and all is where it should be.
    pub fn finish(&mut self) -> Tally {
        self.recover();
        self.stop();
        self.settle();
        let account = self.core.account();
        assert_eq!(account.owed(), 0, "{account}");
        assert_eq!(self.core.unsent(), 0, "{account}");
        let files = &self.disk.files;
        assert!(files.is_empty(), "{:?}", files.keys());
        let journals = &self.disk.journals;
        assert!(journals.is_empty(), "{:?}", journals.keys());
        let totals = self.disk.totals.as_ref().expect("written at the end");
        let whole = (totals.sealed, totals.sent, totals.on_disk);
        assert_eq!(whole, (account.sealed, account.sent, 0));
        let mut tally = self.tally.clone();
        tally.windows = self.windows();
        tally.twice = self.ledger.twice;
        tally.killed = self.ledger.killed;
        tally.given_up = self.ledger.given_up;
        tally.dropped = account.dropped.clone();
        tally
    }

    /// Windows so far, by what was read.
    pub fn windows(&self) -> u64 {
        self.ledger.recorded / self.setup.period.as_secs()
    }

    /// What may be given up, and counted, because of the endpoint, the disk and the limits.
    pub(super) fn allow_moods(&mut self) {
        if self.net == Net::Poisoned {
            self.allowed.insert(Reason::Invalid);
        }
        if self
            .setup
            .limits
            .disk_bytes
            .is_some_and(|most| most < SMALL)
        {
            // What finds no room there, as when the files are of a future that a clock jumped to, is in memory alone.
            let reasons = [Reason::DiskFull, Reason::MemoryFull];
            self.allowed.extend(reasons);
        }
        if self.mood != Mood::Well {
            self.disk_failed = true;
            self.allowed.extend([Reason::MemoryFull, Reason::Shutdown]);
        }
    }

    fn settle(&mut self) {
        let since = self.dropped_since();
        for (reason, datums) in &since {
            let word = reason.word();
            let allowed = self.allowed.contains(reason);
            assert!(allowed, "{datums} datums given up without a cause: {word}");
        }
        let lost = since.get(&Reason::Lost).copied().unwrap_or(0);
        let unwritten = self.in_memory;
        assert!(lost <= unwritten, "{lost} lost, {unwritten} unwritten");
        let missing = self.ledger.missing(self.sealed_before());
        let first = self.ledger.oldest();
        assert!(
            self.is_settled(),
            "{missing} readings are missing, the oldest {first:?}; given up {since:?}"
        );
        self.ledger.give_up(self.sealed_before());
        self.settled = self.core.account().dropped.clone();
        self.in_memory = 0;
        self.repeatable.clear();
        (self.repeats_allowed, self.disk_failed, self.pressed) = (false, false, false);
        self.allowed.clear();
        self.allow_moods();
    }

    fn run_until(&mut self, bound: Duration, is_so: impl Fn(&Runner) -> bool) {
        while self.now.boot < bound && !is_so(self) {
            self.run(Duration::from_millis(70));
        }
    }

    /// Nothing waits, and nothing is left on disk but journals that this process knows.
    fn rests(&self) -> bool {
        let mut journals = self.disk.journals.keys();
        let known = journals.all(|name| self.known_journals.contains(name));
        self.core.waiting() == 0 && self.disk.files.is_empty() && known
    }

    /// The readings that are missing are no more than what was given up holds: one a second.
    fn is_settled(&self) -> bool {
        let missing = self.ledger.missing(self.sealed_before()) as u64;
        missing <= self.dropped_in_all() * self.setup.period.as_secs()
    }

    pub(super) fn dropped_in_all(&self) -> u64 {
        self.dropped_since().values().sum()
    }

    fn dropped_since(&self) -> BTreeMap<Reason, u64> {
        let before = |reason| self.settled.get(reason).copied().unwrap_or(0);
        let dropped = self.core.account().dropped.iter();
        let since =
            dropped.map(|(reason, datums)| (*reason, datums.saturating_sub(before(reason))));
        since.filter(|(_, datums)| *datums > 0).collect()
    }

    fn sealed_before(&self) -> Duration {
        self.now.boot.saturating_sub(self.setup.period + SEALED)
    }
}
