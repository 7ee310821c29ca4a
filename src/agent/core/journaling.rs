//! Journals and windows: what is written when, and what a journal of an earlier run becomes.

use std::time::Duration;

use super::journals::{Ended, is_settled};
use super::kept::series_key;
use super::notices::Level;
use super::queue::op::{LoadedJournal, Op};
use super::{Core, Held};
use crate::aggregate::window::Window;
use crate::clock::{Now, rfc3339};
use crate::model::datum::Resolution;
use crate::publish::journal::{Journal, JournalName};

/// A window of an earlier run is sealed when the metadata service was asked who we are, or after this: without that
/// nobody knows whether it goes out for the fleet.
const IDENTITY_PATIENCE: Duration = Duration::from_secs(2);

/// A window that an earlier run left, and what it was.
#[derive(Debug)]
pub(super) struct Recovered {
    journal: JournalName,
    window: Window,
    period_secs: i64,
    /// Minutes whose heartbeats were to go out with it.
    minutes: Vec<i64>,
    /// Its minute had its heartbeat before it was begun.
    beaten: bool,
    /// Sealed at the latest then, boot time.
    until: Duration,
}

impl Core {
    /// What is to be done for the journals now.
    pub(super) fn journal_op(&mut self, now: Now) -> Option<Op> {
        if let Some(op) = self.journals.read_op(now.boot) {
            return Some(Op::Journal(op));
        }
        // The files of a window that is sealed again are gone before it is.
        if self.cleaning {
            let op = self.queue.remove_op(&self.account, now.boot);
            self.cleaning = op.is_some();
            return op.or_else(|| self.journal_op(now));
        }
        let period_secs = self.period_secs();
        let queue = &self.queue;
        self.journals.drop_settled(|name| !queue.holds(name));
        let beats = &self.heartbeats;
        let beaten = |label| beats.has(label);
        let windows = &mut self.windows;
        let write = self
            .journals
            .write_op(windows, period_secs, now.boot, beaten);
        let op = write.or_else(|| {
            let queue = &self.queue;
            self.journals.forget_op(|name| queue.is_safe(name))
        });
        op.map(Op::Journal)
    }

    /// Journals were written or removed.
    pub(super) fn journaled(
        &mut self,
        ended: Result<bool, String>,
        now: Now,
    ) -> Result<(), String> {
        let well = self.queue.disk_lent(ended, now.boot);
        if let Ended::Gone(name) = self.journals.done(well.as_ref().ok().copied(), now.boot) {
            let held = self.windows.iter_mut().find(|held| held.journal == name);
            if let Some(held) = held {
                held.window.forget_journal();
            }
        }
        well.map(drop)
    }

    /// A journal of an earlier run was read.
    pub(super) fn journal_read(
        &mut self,
        read: Result<LoadedJournal, String>,
        now: Now,
    ) -> Result<(), String> {
        let read = self.queue.disk_lent(read, now.boot);
        let Ended::Read(name) = self
            .journals
            .done(read.as_ref().ok().map(|_| true), now.boot)
        else {
            return read.map(drop);
        };
        match read? {
            LoadedJournal::Missing => {}
            LoadedJournal::Spoilt(why, rejected_bytes) => {
                self.queue.set_rejected_bytes(rejected_bytes);
                self.set_aside += 1;
                let text = format!(
                    "the journal {name} of a window that was open cannot be read: {why}; moved to rejected/"
                );
                self.notices.say(Level::Error, text);
            }
            LoadedJournal::Journal(journal) => self.recover(name, &journal, now),
        }
        Ok(())
    }

    /// A window that an earlier run left goes on, or is sealed; unless all its batches are there.
    fn recover(&mut self, name: JournalName, journal: &Journal, now: Now) {
        if is_settled(journal, |batch| self.queue.holds(batch)) {
            // Its heartbeats are in these, whether that was noted or not.
            for minute in &journal.minutes {
                self.heartbeats.resume(*minute);
                self.last_beat = self.last_beat.max(Some(*minute));
            }
            return self.journals.forget(name);
        }
        for batch in journal.batches.iter().flatten() {
            // It was counted when it was found; it is counted again when it is sealed again.
            self.account.sealed -= self.queue.discard(batch) as u64;
            self.cleaning = true;
        }
        let label = journal.label;
        let mut window = Window::new(label, true);
        let unknown = resume(&mut window, journal);
        if unknown > 0 {
            let text = format!(
                "{unknown} series of the journal {name} are none of this version's: left out"
            );
            self.notices.say(Level::Warn, text);
        }
        let open = self.schedule.open();
        let still_open = open.label == label && journal.period_secs == self.period_secs();
        let goes_on = still_open && journal.batches.is_none() && self.stopping_until.is_none();
        let held = self.windows.iter_mut();
        let mut held = held.filter(|held| held.number == open.number);
        let held = held.next();
        // One that goes on already is enough: a clock that went back may have left two of one label.
        let taken = held
            .as_ref()
            .is_some_and(|held| self.journals.has(held.journal));
        let goes_on = goes_on && !taken;
        let what = if goes_on {
            "goes on"
        } else {
            "is sealed and sent"
        };
        let text = format!(
            "the window of {} was open when an earlier run ended: it {what} with what was kept of it",
            rfc3339(label)
        );
        self.notices.say(Level::Info, text);
        if goes_on {
            self.journals.adopt(name, journal.whole_bytes, true);
            if let Some(held) = held {
                resume(&mut held.window, journal);
                (held.journal, held.journal_due) = (name, now.boot);
                return;
            }
            self.windows.push_back(Held {
                number: open.number,
                window,
                journal: name,
                journal_due: now.boot,
            });
            return;
        }
        self.journals.adopt(name, journal.whole_bytes, false);
        self.recovered.push(Recovered {
            journal: name,
            window,
            period_secs: journal.period_secs,
            minutes: journal.minutes.clone(),
            beaten: journal.beaten,
            until: now.boot + IDENTITY_PATIENCE,
        });
    }

    /// Seals the windows of an earlier run, oldest first, once it is known who we are or nobody said so in time.
    pub(super) fn seal_recovered(&mut self, known: bool, now: Now) {
        if self.journals.reading() || self.cleaning {
            return;
        }
        let due = |recovered: &mut Recovered| known || recovered.until <= now.boot;
        let mut due: Vec<Recovered> = self.recovered.extract_if(.., due).collect();
        due.sort_unstable_by_key(|recovered| recovered.window.label);
        for recovered in due {
            let Recovered {
                journal,
                window,
                period_secs,
                minutes,
                beaten,
                ..
            } = recovered;
            let minutes = match beaten {
                true => minutes,
                false => self.beats_again(window.label, period_secs, minutes),
            };
            let resolution = Resolution::of(period_secs);
            let before = self.account.sealed;
            self.seal_as(journal, window, resolution, &minutes, now);
            let sealed = self.account.sealed - before;
            self.account.sealed = before;
            self.count_again(sealed);
        }
    }

    /// The heartbeats that go out with a window that is sealed again: those that were lost with it, or are due by it.
    fn beats_again(&mut self, label: i64, period_secs: i64, lost: Vec<i64>) -> Vec<i64> {
        let minute = label.div_euclid(60) * 60;
        // The window that ends a minute has its heartbeat: it was made, and is not in a batch.
        let ends = self.last_beat == Some(minute) && label + period_secs >= minute + 60;
        let again = if lost.is_empty() && ends {
            vec![minute]
        } else {
            lost
        };
        if !again.is_empty() || self.last_beat.is_some_and(|last| minute <= last) {
            return again;
        }
        self.heartbeats.closed(label, period_secs)
    }

    /// When the journals have something to do.
    pub(super) fn journal_wake(&self) -> Option<Duration> {
        // Until all journals are read, and what is made again is gone, that is not up to the time.
        let barred = self.journals.reading() || self.cleaning;
        let recovered = self.recovered.iter().filter(|_| !barred);
        let recovered = recovered.map(|recovered| recovered.until);
        let disk = self.queue.lends_disk_from();
        let due = disk.and_then(|from| Some(self.journals.wake(&self.windows)?.max(from)));
        recovered.chain(due).min()
    }
}

/// Puts what a journal holds into a window; how many series nobody knows any more.
fn resume(window: &mut Window, journal: &Journal) -> usize {
    let mut unknown = 0;
    for kept in &journal.series {
        let own = kept
            .own
            .as_ref()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        match series_key(kept.target.as_deref(), &kept.metric, own) {
            Some(key) => window.resume(key, kept.expected, kept.is_block, &kept.values),
            None => unknown += 1,
        }
    }
    unknown
}
