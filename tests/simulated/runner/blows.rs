//! What happens at once: kills, restarts, jumps of the clock, sleep, bits that flip.

use std::collections::HashSet;
use std::time::Duration;

use fwmetrics::agent::core::Event;
use fwmetrics::agent::core::account::{Reason, Totals};
use fwmetrics::publish::spool::decode;

use super::{Runner, wire};
use crate::simulated::EPOCH_MS;
use crate::simulated::course::Blow;

/// The end of a process takes at most so long.
const END: Duration = Duration::from_secs(40);

/// Operations that the disk has before it gets to what is due: a removal and a write, of 20 ms each, and some more.
const WRITTEN_WITHIN: Duration = Duration::from_millis(100);

impl Runner {
    pub(super) fn blow(&mut self, blow: Blow) {
        self.write(|| format!("{blow:?}"));
        self.trouble = self.now.boot;
        match blow {
            Blow::Kill => self.kill(),
            Blow::Restart => self.restart(),
            Blow::Jump(secs) => {
                self.jumped_back |= secs < 0;
                self.tally.jumps += 1;
                self.now.wall_ms = (self.now.wall_ms + secs * 1000).max(EPOCH_MS);
                self.allowed.extend([Reason::TooNew, Reason::TooOld]);
            }
            Blow::Suspend(secs) => {
                self.tally.suspends += 1;
                self.advance(self.now.boot + Duration::from_secs(secs));
            }
            Blow::Rot => self.rot(),
        }
    }

    fn kill(&mut self) {
        self.tally.kills += 1;
        self.disk.crash(&mut self.rng);
        let unwritten = self.core.waiting().saturating_sub(self.disk.datums());
        self.in_memory += unwritten.max(self.unwritten_by_account());
        self.allowed.insert(Reason::Lost);
        let (in_batches, in_journals) = self.on_disk();
        self.repeatable.extend(&in_batches);
        // A window that was sent while the disk took nothing may have left a journal that does not know it.
        self.repeats_allowed |= self.disk_failed;
        self.only_the_newest_are_gone(&in_batches, &in_journals);
        self.ledger.kill(&(&in_batches | &in_journals));
        self.again();
    }

    /// On a disk that is well a kill costs what was read since the last checkpoint, or what is being written.
    fn only_the_newest_are_gone(&mut self, in_batches: &HashSet<u64>, in_journals: &HashSet<u64>) {
        let close = self.setup.period + self.setup.close_after;
        let longest = self.setup.checkpoint.min(close) + WRITTEN_WITHIN;
        let there = |pass| in_batches.contains(&pass) || in_journals.contains(&pass);
        let gone = self.ledger.oldest_without(there);
        let mut others = self.allowed.iter();
        let counted = others.any(|reason| !matches!(reason, Reason::Lost | Reason::Invalid));
        let well = !self.disk_failed && !self.pressed && !counted;
        let Some((pass, read)) = gone.filter(|_| well) else {
            return;
        };
        let before = self.now.boot - read;
        self.tally.before_kill = self.tally.before_kill.max(before);
        assert!(
            before <= longest,
            "pass {pass}, read {before:?} before the kill, is gone"
        );
    }

    /// Passes in files of batches, and of journals. Those in one that rotted are given up when it is read.
    fn on_disk(&self) -> (HashSet<u64>, HashSet<u64>) {
        let files = self.disk.files.values();
        let batches = files.filter_map(|bytes| decode(bytes).ok());
        let journals = self.disk.journals.values();
        let in_journals = journals.flat_map(|bytes| wire::passes_in_journal(bytes));
        let in_batches = batches.flat_map(|batch| wire::passes(&batch));
        (in_batches.collect(), in_journals.collect())
    }

    /// Datums in files that rotted.
    fn rotten_datums(&self) -> u64 {
        let files = self.disk.files.iter();
        let rotten = files.filter(|(_, bytes)| decode(bytes).is_err());
        rotten.map(|(name, _)| name.datums as u64).sum()
    }

    /// Datums in memory alone when the account was written last; it says so, even if they were written
    /// after it.
    fn unwritten_by_account(&self) -> u64 {
        let of = |totals: &Totals| {
            let settled = totals.sent + totals.dropped.values().sum::<u64>() + totals.on_disk;
            totals.sealed - settled
        };
        self.disk.totals.as_ref().map_or(0, of)
    }

    fn restart(&mut self) {
        self.tally.restarts += 1;
        self.stop();
        if self.disk_failed {
            // The last word to the disk may not have come through: the next one goes on from an older account.
            self.allowed.insert(Reason::Lost);
            self.in_memory += self.core.account().sealed;
            self.repeats_allowed = true;
        }
        let unsent = self.core.unsent();
        assert!(unsent == 0 || self.disk_failed, "{unsent} datums unsent");
        // It said so in its last line; on a disk that takes nothing the next one cannot know.
        let counted = unsent as u64 + self.dropped_in_all() + self.rotten_datums();
        let (in_batches, in_journals) = self.on_disk();
        let gone = self.ledger.kill(&(&in_batches | &in_journals));
        let most = counted * self.setup.period.as_secs();
        assert!(gone <= most, "{gone} readings of {counted} datums");
        self.again();
    }

    /// SIGTERM.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        self.step(Event::Stop);
        self.run(END);
        assert!(self.exited, "it ends within its time");
    }

    fn rot(&mut self) {
        if self.disk.files.is_empty() {
            return;
        }
        self.tally.rotten += 1;
        let which = self.rng.usize(..self.disk.files.len());
        let file = self.disk.files.values_mut().nth(which);
        let bytes = file.expect("one of them");
        let bit = self.rng.usize(..bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        self.allowed.insert(Reason::Corrupt);
    }
}
