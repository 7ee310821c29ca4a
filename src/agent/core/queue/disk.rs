//! The queue's side of the spool: what is written, read and removed next, one operation at a time, and what its end
//! means. What the disk refuses is left alone for a while; a disk that takes no batch still gives those that it has.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::entry::{Entry, Place};
use super::failed::{Failed, UnderWay, is_over};
use super::files::Leaving;
use super::op::{After, Done, Listing, Loaded, Op};
use super::{Queue, Reason};
use crate::agent::core::account::{Account, Totals};
use crate::publish::spool::FileName;

/// A batch is not sent before it is written, but waits no longer than this: a disk that is slower loses to time.
pub(super) const WRITE_PATIENCE: Duration = Duration::from_secs(2);
/// A disk that failed is tried again after this.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// A file that could not be read is tried again after this; others have their turn before.
const REREAD_AFTER: Duration = Duration::from_secs(600);
/// Files removed in one operation.
const REMOVED_AT_ONCE: usize = 64;

/// What is known of the disk.
#[derive(Debug)]
pub(super) struct Disk {
    /// Its bound in bytes; `None`: there is no spool.
    pub(super) most: Option<u64>,
    pub(super) listed: bool,
    under_way: Option<UnderWay>,
    failed: Failed,
    /// Our bytes when the disk had no space for the last write: others have the rest of it.
    pub(super) full_at: Option<u64>,
    /// The batch to be written next, encoded.
    pub(super) prepared: Option<(FileName, Vec<u8>)>,
    /// The batch that is wanted in memory.
    pub(super) wanted: Option<FileName>,
    /// Files of batches that were halved, which cover their pieces.
    pub(super) covers: Vec<(FileName, u64)>,
    pub(super) removals: Leaving,
    pub(super) rejected_bytes: u64,
    /// Bytes of the journals of open windows.
    pub(super) journal_bytes: u64,
}

impl Disk {
    pub(super) fn new(most: Option<u64>) -> Self {
        Disk {
            most,
            listed: false,
            under_way: None,
            failed: Failed::default(),
            full_at: None,
            prepared: None,
            wanted: None,
            covers: Vec::new(),
            removals: Leaving::default(),
            rejected_bytes: 0,
            journal_bytes: 0,
        }
    }

    /// There is a spool, and it takes batches and lets them go, as far as it was tried.
    pub(super) fn is_well(&self) -> bool {
        let Failed {
            list,
            write,
            remove,
            journal,
            ..
        } = self.failed;
        self.most.is_some() && list.or(write).or(remove).or(journal).is_none()
    }

    /// From when on a file can be read; `None` while that needs an event first.
    pub(super) fn readable_from(&self) -> Option<Duration> {
        let free = self.listed && self.under_way.is_none();
        free.then(|| self.failed.load.unwrap_or_default())
    }

    /// The next operation may begin.
    fn is_free(&self) -> bool {
        self.most.is_some() && self.under_way.is_none()
    }

    /// A batch may be written, where there is room.
    pub(super) fn may_write(&self, now: Duration) -> bool {
        self.is_free() && self.listed && is_over(self.failed.write, now)
    }
}

impl Queue {
    /// There is a spool, well or not.
    #[must_use]
    pub fn has_spool(&self) -> bool {
        self.disk.most.is_some()
    }

    /// There is a spool, and it takes batches and lets them go, as far as it was tried.
    #[must_use]
    pub fn disk_is_well(&self) -> bool {
        self.disk.is_well()
    }

    /// Nothing is left to be done on disk, or nothing can be.
    #[must_use]
    pub fn disk_rests(&self, now: Duration) -> bool {
        let disk = &self.disk;
        if disk.most.is_none() || disk.under_way.is_some() {
            return disk.under_way.is_none();
        }
        if !disk.listed {
            return !is_over(disk.failed.list, now);
        }
        let written = !self.has_unwritten() || !is_over(disk.failed.write, now);
        written && (disk.removals.is_empty() || !is_over(disk.failed.remove, now))
    }

    fn has_unwritten(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.place == Place::Memory)
    }

    /// When the disk is worth trying again.
    pub(super) fn disk_wake(&self, now: Duration) -> Option<Duration> {
        let (disk, failed) = (&self.disk, &self.disk.failed);
        if disk.under_way.is_some() {
            return None;
        }
        if !disk.listed {
            return failed.list;
        }
        let remove = failed.remove.filter(|_| !disk.removals.is_empty());
        let write = failed.write.filter(|_| self.has_unwritten());
        // What is to be written may wait for what is to be removed.
        let write = write.map(|from| remove.map_or(from, |removed| removed.max(from)));
        // Where the moment is past, what could be done was begun.
        let ahead = write.into_iter().chain(remove).filter(|from| *from > now);
        ahead.min()
    }

    /// The spool was looked at, and the next operation may begin: one that is not the queue's.
    #[must_use]
    pub fn lends_disk(&self, now: Duration) -> bool {
        self.lends_disk_from().is_some_and(|from| from <= now)
    }

    /// When it may begin; `None` while that needs an event first.
    #[must_use]
    pub fn lends_disk_from(&self) -> Option<Duration> {
        let disk = &self.disk;
        let free = disk.listed && disk.is_free();
        free.then(|| disk.failed.journal.unwrap_or_default())
    }

    /// An operation that is not the queue's begins.
    pub fn lend_disk(&mut self) {
        self.disk.under_way = Some(UnderWay::Journal);
    }

    /// An operation that was not the queue's ended.
    pub fn disk_lent<T>(&mut self, ended: Result<T, String>, now: Duration) -> Result<T, String> {
        self.disk
            .under_way
            .take_if(|op| matches!(op, UnderWay::Journal));
        self.disk.failed.journal = ended.is_err().then(|| now + RETRY_AFTER);
        if ended.is_err() {
            self.wait_for_no_file();
        }
        ended
    }

    /// The journals of open windows take so much of the bound.
    pub fn set_journal_bytes(&mut self, bytes: u64) {
        self.disk.journal_bytes = bytes;
    }

    /// So much is set aside.
    pub fn set_rejected_bytes(&mut self, bytes: u64) {
        self.disk.rejected_bytes = bytes;
    }

    /// Whether a batch is safe on disk, or settled.
    #[must_use]
    pub fn is_safe(&self, name: &FileName) -> bool {
        let entry = self.entries.iter().find(|entry| entry.name == *name);
        entry.is_none_or(Entry::is_safe)
    }

    /// Whether a batch waits, wherever.
    #[must_use]
    pub fn holds(&self, name: &FileName) -> bool {
        self.idle.holds(*name) || self.entries.iter().any(|entry| entry.name == *name)
    }

    /// Gives up a batch that is made again; how many datums it held.
    pub fn discard(&mut self, name: &FileName) -> usize {
        if let Some(bytes) = self.idle.remove(*name) {
            self.disk.removals.push(*name, bytes);
            return name.datums;
        }
        let index = self.entries.iter().position(|entry| entry.name == *name);
        let Some(index) = index else { return 0 };
        let entry = self.entries.swap_remove(index);
        self.retire(&entry);
        entry.name.datums
    }

    /// Files that wait to be removed go before anything else is done.
    pub fn remove_op(&mut self, account: &Account, now: Duration) -> Option<Op> {
        if self.disk.removals.is_empty() || !is_over(self.disk.failed.remove, now) {
            return None;
        }
        let names = self.disk.removals.first(REMOVED_AT_ONCE);
        self.disk.under_way = Some(UnderWay::Remove(names.clone()));
        Some(Op::Remove(names, self.totals(account)))
    }

    /// What to do on disk now, if anything; it is under way from here on.
    pub fn op(&mut self, now: Duration, account: &Account) -> Option<Op> {
        if !self.disk.is_free() {
            return None;
        }
        let op = self.choose_op(now, account)?;
        self.disk.under_way = Some(match &op {
            Op::List => UnderWay::List,
            Op::Write(name, bytes) => UnderWay::Write(*name, bytes.len() as u64),
            Op::Load(name) => UnderWay::Load(*name),
            Op::Remove(names, _) => UnderWay::Remove(names.clone()),
            Op::Journal(_) => UnderWay::Journal,
        });
        Some(op)
    }

    fn choose_op(&mut self, now: Duration, account: &Account) -> Option<Op> {
        if !self.disk.listed {
            return is_over(self.disk.failed.list, now).then_some(Op::List);
        }
        let may_write = is_over(self.disk.failed.write, now);
        let prepared = self.disk.prepared.take();
        let fits = |disk: &Disk, used: u64, bytes: &[u8]| {
            let most = disk.most.min(disk.full_at.or(disk.most));
            disk.removals.is_empty() || used + bytes.len() as u64 <= most.unwrap_or(0)
        };
        match prepared {
            Some((name, bytes)) if may_write && fits(&self.disk, self.spool_bytes(), &bytes) => {
                if let Some(entry) = self.entry(name.id) {
                    entry.place = Place::Writing;
                    entry.attempted = true;
                    return Some(Op::Write(name, bytes));
                }
            }
            // What was given up for it has to be gone first.
            prepared => self.disk.prepared = prepared,
        }
        if !self.disk.removals.is_empty() && is_over(self.disk.failed.remove, now) {
            return Some(Op::Remove(
                self.disk.removals.first(REMOVED_AT_ONCE),
                self.totals(account),
            ));
        }
        let may_load = is_over(self.disk.failed.load, now);
        self.disk.wanted.filter(|_| may_load).map(Op::Load)
    }

    /// The account as it is to be kept.
    #[must_use]
    pub fn totals(&self, account: &Account) -> Totals {
        Totals {
            sealed: account.sealed,
            sent: account.sent,
            dropped: account.dropped_by_word(),
            on_disk: self.safe() + self.unlisted,
        }
    }

    /// An operation ended.
    pub fn done(&mut self, done: Done, now: Duration) -> After {
        let Some(op) = self.disk.under_way.take() else {
            return After::Nothing;
        };
        let kind = op.kind();
        let ended = match (op, done) {
            (UnderWay::List, Done::Listed(listed)) => {
                listed.map(|listing| self.listed(listing, now))
            }
            (UnderWay::Write(name, bytes), Done::Wrote(wrote)) => {
                self.wrote(name, bytes, wrote.is_ok());
                self.disk.full_at = None;
                wrote.map(|()| After::Nothing)
            }
            (UnderWay::Write(name, bytes), Done::Full(why)) => {
                self.wrote(name, bytes, false);
                self.disk.full_at = Some(self.spool_bytes());
                Err(why)
            }
            (UnderWay::Load(name), Done::Loaded(loaded)) => self.loaded(name, loaded, now),
            (UnderWay::Remove(names), Done::Removed(removed)) => removed.map(|()| {
                self.removed(&names, now);
                After::Nothing
            }),
            // An answer to another question: there is none.
            _ => Ok(After::Nothing),
        };
        self.shelve(now);
        match ended {
            Ok(after) => {
                *self.disk.failed.of(kind) = None;
                after
            }
            Err(why) => {
                *self.disk.failed.of(kind) = Some(now + RETRY_AFTER);
                self.wait_for_no_file();
                After::Trouble(why)
            }
        }
    }

    fn removed(&mut self, names: &[FileName], now: Duration) {
        let before = self.disk.removals.bytes();
        self.disk.removals.gone(names);
        if self.disk.removals.bytes() < before
            && let Some(until) = &mut self.disk.failed.write
        {
            // There is room now.
            *until = now.min(*until);
        }
    }

    fn listed(&mut self, listing: Listing, now: Duration) -> After {
        self.disk.listed = true;
        self.disk.rejected_bytes = listing.rejected_bytes;
        let kept = self.disk.covers.iter().map(|(name, _)| *name);
        let kept: HashSet<FileName> = kept.chain(self.disk.removals.names()).collect();
        let entries = self.entries.iter_mut();
        let mut entries: HashMap<u64, &mut Entry> =
            entries.map(|entry| (entry.id(), entry)).collect();
        let (mut datums, mut idle) = (0, Vec::new());
        for (name, bytes) in listing.files {
            if kept.contains(&name) {
                continue;
            }
            if let Some(entry) = entries.get_mut(&name.id) {
                entry.place = Place::Disk(bytes);
                continue;
            }
            datums += name.datums as u64;
            idle.push((name, bytes));
        }
        let files = idle.len();
        self.idle.fill(idle, now);
        After::Found {
            expected: std::mem::take(&mut self.unlisted),
            datums,
            files,
            set_aside: listing.set_aside,
            journals: listing.journals,
        }
    }

    fn wrote(&mut self, name: FileName, bytes: u64, well: bool) {
        let Some(entry) = self.entry(name.id) else {
            // Settled meanwhile.
            self.disk.removals.push(name, bytes);
            return;
        };
        entry.not_before = Duration::ZERO;
        entry.place = match well {
            true => Place::Disk(bytes),
            false => Place::Memory,
        };
        if well {
            entry.cover = None;
            if !entry.fresh && self.in_flight != Some(name.id) {
                self.release(name.id);
            }
            self.uncover();
        }
    }

    fn loaded(
        &mut self,
        name: FileName,
        loaded: Result<Loaded, String>,
        now: Duration,
    ) -> Result<After, String> {
        let gone = |reason, why: String| After::Gone(name, reason, why);
        let after = match loaded {
            Err(why) => {
                if let Some(entry) = self.take_up(name) {
                    entry.unreadable_until = now + REREAD_AFTER;
                }
                return Err(why);
            }
            Ok(Loaded::Batch(batch)) if FileName::of(&batch, name.id) == name => {
                if let Some(entry) = self.take_up(name) {
                    entry.namespace = Some(batch.shared_namespace());
                    entry.held = Some(Arc::new(*batch));
                }
                return Ok(After::Nothing);
            }
            Ok(Loaded::Batch(_)) => gone(Reason::Corrupt, "its name is another batch's".into()),
            Ok(Loaded::Spoilt(why, rejected_bytes)) => {
                self.disk.rejected_bytes = rejected_bytes;
                gone(Reason::Corrupt, why.to_string())
            }
            Ok(Loaded::Missing) => gone(Reason::Lost, "the file is gone".into()),
        };
        let Some(_) = self.take_up(name) else {
            return Ok(After::Nothing);
        };
        let index = self.entries.iter().position(|entry| entry.name == name);
        if let Some(index) = index {
            let entry = self.entries.swap_remove(index);
            self.retire(&entry);
        }
        Ok(after)
    }

    /// Something goes on with this file: an entry from here on.
    fn take_up(&mut self, name: FileName) -> Option<&mut Entry> {
        if let Some(bytes) = self.idle.remove(name) {
            let fresh = self.last_call;
            let entry = Entry::on_disk(name, bytes);
            self.entries.push(Entry { fresh, ..entry });
        }
        self.entries.iter_mut().find(|entry| entry.name == name)
    }

    pub(super) fn entry(&mut self, id: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id() == id)
    }
}
