//! The spool and the account: what the disk says, and what outlives a restart of both.
//!
//! The totals are written before a file is removed. So a process that is killed between the two leaves a file that is
//! no longer expected: its datums are sealed again, and sent again. A file that is expected and not there was lost.

use super::Core;
use super::account::{Account, Reason, Totals};
use super::notices::Level;
use super::queue::op::{After, Done, Op};
use crate::clock::Now;

impl Core {
    /// The account of the run before, where it is one; the datums that it left on disk are still waiting.
    pub(super) fn resumed(totals: Option<&Totals>) -> (Account, u64) {
        let totals = totals.cloned().unwrap_or_default();
        match Account::resume(&totals) {
            Some(account) => (account, totals.on_disk),
            None => (Account::default(), 0),
        }
    }

    /// An operation on disk ended.
    pub(super) fn disk_done(&mut self, done: Done, now: Now) {
        let after = match done {
            Done::Journaled(ended) => trouble(self.journaled(ended, now)),
            Done::ReadJournal(read) => trouble(self.journal_read(read, now)),
            done => self.queue.done(done, now.boot),
        };
        match after {
            After::Trouble(why) => {
                let text = format!(
                    "{why}: unsent batches wait in memory alone; make the directory of [spool] dir writable"
                );
                self.notices.change_of(Level::Warn, "spool", "failed", text);
                return;
            }
            After::Nothing => {}
            After::Found {
                expected,
                datums,
                files,
                set_aside,
                journals,
            } => {
                self.journals.found(journals);
                self.balance(expected, datums);
                self.set_aside += set_aside;
                self.say_found(datums, files, set_aside);
            }
            After::Gone(name, reason, why) => {
                self.account.drop(reason, name.datums);
                self.set_aside += u64::from(reason == Reason::Corrupt);
                let text = format!(
                    "gave up {} datums of the spooled batch {name}: {why}",
                    name.datums
                );
                self.notices.say(Level::Error, text);
            }
        }
        if self.queue.disk_is_well() {
            self.notices
                .over("spool", "the spool takes unsent batches again");
        }
    }

    /// Datums that are there, and not expected: those that seemed to be lost with the process before, or news.
    pub(super) fn count_again(&mut self, datums: u64) {
        let back = datums.min(self.presumed_lost);
        self.presumed_lost -= back;
        self.account.found(back);
        self.account.sealed += datums - back;
    }

    /// What is on disk against what was expected there.
    fn balance(&mut self, expected: u64, found: u64) {
        self.count_again(found.saturating_sub(expected));
        let lost = expected.saturating_sub(found);
        self.account
            .drop(Reason::Lost, usize::try_from(lost).unwrap_or(usize::MAX));
        if lost > 0 {
            let text = format!("{lost} datums that waited in the spool are no longer there");
            self.notices.say(Level::Error, text);
        }
    }

    fn say_found(&mut self, datums: u64, files: usize, set_aside: u64) {
        if files > 0 {
            let text = format!(
                "the spool holds {datums} datums in {files} batches: they are sent behind each fresh window"
            );
            self.notices.say(Level::Info, text);
        }
        if set_aside > 0 {
            let text = format!("{set_aside} files in the spool are no batches: moved to rejected/");
            self.notices.say(Level::Warn, text);
        }
    }

    /// What is to be done on disk now.
    pub(super) fn disk_op(&mut self, now: Now) -> Option<Op> {
        self.queue.set_journal_bytes(self.journals.bytes());
        let gone = self.queue.make_disk_room(now.boot);
        if gone > 0 {
            self.account.drop(Reason::DiskFull, gone);
            let (state, what) = match self.queue.disk_is_full() {
                false => ("bound", "[spool] disk_bytes"),
                true => ("full", "memory, and the disk of [spool] dir is full"),
            };
            let text = format!("unsent datums fill {what}: the oldest are dropped");
            self.notices.change_of(Level::Error, "disk", state, text);
        }
        let lent = self.queue.lends_disk(now.boot);
        let op = lent.then(|| self.journal_op(now)).flatten();
        if matches!(op, Some(Op::Journal(_))) {
            self.queue.lend_disk();
        }
        op.or_else(|| self.queue.op(now.boot, &self.account))
    }

    /// The last word to the disk, where there is one.
    pub(super) fn last_op(&self) -> Option<Op> {
        let totals = self.queue.totals(&self.account);
        let spool = self.queue.has_spool();
        spool.then_some(Op::Remove(Vec::new(), totals))
    }
}

fn trouble(ended: Result<(), String>) -> After {
    ended.map_or_else(After::Trouble, |()| After::Nothing)
}
