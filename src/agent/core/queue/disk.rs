//! The queue's side of the spool: what is written, read and removed next, one operation at a time, and what its end
//! means. A disk that fails is left alone for a while; until then batches are in memory alone.

use std::sync::Arc;
use std::time::Duration;

use super::entry::{Entry, Place};
use super::{Queue, Reason};
use crate::agent::core::account::{Account, Totals};
use crate::publish::batch::Batch;
use crate::publish::spool::{FileName, Unreadable, encode};

/// A batch is not sent before it is written, but waits no longer than this: a disk that is slower loses to time.
pub(super) const WRITE_PATIENCE: Duration = Duration::from_secs(2);
/// A disk that failed is tried again after this.
const RETRY_AFTER: Duration = Duration::from_secs(30);
/// A file that could not be read is tried again after this; others have their turn before.
const REREAD_AFTER: Duration = Duration::from_secs(600);
/// Files removed in one operation.
const REMOVED_AT_ONCE: usize = 64;

/// Something to do on disk. The next comes when this one has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Say what is there.
    List,
    /// Write a batch.
    Write(FileName, Vec<u8>),
    /// Read a batch.
    Load(FileName),
    /// Write the totals, then remove files, so that none is gone and not on the account.
    Remove(Vec<FileName>, Totals),
}

/// How an operation ended; a text is the disk's trouble.
#[derive(Debug)]
pub enum Done {
    /// What there is.
    Listed(Result<Listing, String>),
    /// Written.
    Wrote(Result<(), String>),
    /// Read.
    Loaded(Result<Loaded, String>),
    /// Totals written, and files removed.
    Removed(Result<(), String>),
}

/// What there is in the spool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Batches, with the bytes of each file.
    pub files: Vec<(FileName, u64)>,
    /// Bytes of what is set aside.
    pub rejected_bytes: u64,
    /// Files that were set aside: strangers and half-written ones.
    pub set_aside: u64,
}

/// What reading a file gave.
#[derive(Debug)]
pub enum Loaded {
    /// The batch.
    Batch(Box<Batch>),
    /// No batch; the file was set aside, where there are now so many bytes.
    Spoilt(Unreadable, u64),
    /// No file.
    Missing,
}

/// What the end of an operation is to the account and the log.
#[derive(Debug, PartialEq)]
pub enum After {
    /// Nothing.
    Nothing,
    /// The spool holds so many datums of an earlier run in so many files; others were set aside.
    Found {
        /// Datums that the totals of that run said to be there.
        expected: u64,
        /// Datums.
        datums: u64,
        /// Files that hold them.
        files: usize,
        /// Strangers.
        set_aside: u64,
    },
    /// This batch is gone, and why.
    Gone(FileName, Reason, String),
    /// The disk failed.
    Trouble(String),
}

/// What is remembered of an operation until it ends.
#[derive(Debug)]
enum UnderWay {
    List,
    Write(FileName, u64),
    Load(FileName),
    Remove(Vec<FileName>),
}

/// What is known of the disk.
#[derive(Debug)]
pub(super) struct Disk {
    /// Its bound in bytes; `None`: there is no spool.
    most: Option<u64>,
    listed: bool,
    under_way: Option<UnderWay>,
    failed_until: Option<Duration>,
    /// The batch to be written next, encoded.
    prepared: Option<(FileName, Vec<u8>)>,
    /// The batch that is wanted in memory.
    pub(super) wanted: Option<FileName>,
    /// Files of batches that were halved, which cover their pieces.
    covers: Vec<(FileName, u64)>,
    removals: Vec<(FileName, u64)>,
    rejected_bytes: u64,
}

impl Disk {
    pub(super) fn new(most: Option<u64>) -> Self {
        Disk {
            most,
            listed: false,
            under_way: None,
            failed_until: None,
            prepared: None,
            wanted: None,
            covers: Vec::new(),
            removals: Vec::new(),
            rejected_bytes: 0,
        }
    }

    /// There is a spool, and the last operation did not fail.
    pub(super) fn is_well(&self) -> bool {
        self.most.is_some() && self.failed_until.is_none()
    }

    /// From when on a file can be read; `None` while that needs an event first.
    pub(super) fn readable_from(&self) -> Option<Duration> {
        let free = self.listed && self.under_way.is_none();
        free.then(|| self.failed_until.unwrap_or_default())
    }

    fn is_free(&self, now: Duration) -> bool {
        let healed = self.failed_until.is_none_or(|until| until <= now);
        self.most.is_some() && self.under_way.is_none() && healed
    }
}

impl Queue {
    /// There is a spool, well or not.
    #[must_use]
    pub fn has_spool(&self) -> bool {
        self.disk.most.is_some()
    }

    /// Bytes in the spool, as far as they are known: batches, files to be removed, and what is set aside.
    #[must_use]
    pub fn spool_bytes(&self) -> u64 {
        let batches = self.entries.iter().map(|entry| match entry.place {
            Place::Disk(bytes) => bytes,
            _ => 0,
        });
        let files = self.disk.covers.iter().chain(&self.disk.removals);
        batches.sum::<u64>() + files.map(|(_, bytes)| bytes).sum::<u64>() + self.disk.rejected_bytes
    }

    /// Datums that survive the end of the process.
    #[must_use]
    pub fn safe(&self) -> usize {
        let safe = self.entries.iter().filter(|entry| entry.is_safe());
        safe.map(|entry| entry.name.datums).sum()
    }

    /// Nothing is left to be done on disk, or nothing can be.
    #[must_use]
    pub fn disk_rests(&self) -> bool {
        let disk = &self.disk;
        let idle = disk.under_way.is_none() && disk.removals.is_empty();
        let written = !self
            .entries
            .iter()
            .any(|entry| entry.place == Place::Memory);
        !disk.is_well() && disk.under_way.is_none() || idle && written && disk.listed
    }

    /// When the disk is worth trying again.
    pub(super) fn disk_wake(&self) -> Option<Duration> {
        let disk = &self.disk;
        let unwritten = || {
            self.entries
                .iter()
                .any(|entry| entry.place == Place::Memory)
        };
        let work = !disk.listed || !disk.removals.is_empty() || unwritten();
        disk.failed_until
            .filter(|_| disk.under_way.is_none() && work)
    }

    /// Makes room on disk for the batch to be written next, oldest out; how many datums are given up for it.
    pub fn make_disk_room(&mut self, now: Duration) -> usize {
        let Some(most) = self.disk.most.filter(|_| self.disk.is_free(now)) else {
            return 0;
        };
        if !self.disk.listed || self.disk.prepared.is_some() {
            return 0;
        }
        let unwritten = self.entries.iter_mut();
        let unwritten = unwritten.filter(|entry| entry.place == Place::Memory);
        let Some(entry) = unwritten.max_by_key(|entry| (entry.fresh, entry.age())) else {
            return 0;
        };
        let Some(batch) = &entry.held else { return 0 };
        let (name, bytes) = (entry.name, encode(batch));
        let (gone, fits) = self.evict(name, bytes.len() as u64, most);
        if fits {
            self.disk.prepared = Some((name, bytes));
        } else if let Some(entry) = self.entry(name.id) {
            entry.place = Place::NoRoom;
        }
        gone
    }

    /// Files older than this one go until there is room for it.
    fn evict(&mut self, name: FileName, bytes: u64, most: u64) -> (usize, bool) {
        let leaving: u64 = self.disk.removals.iter().map(|(_, bytes)| bytes).sum();
        let mut used = self.spool_bytes() - leaving;
        let mut gone = 0;
        while used + bytes > most {
            let in_flight = self.in_flight;
            let older = self.entries.iter().enumerate().filter(|(_, entry)| {
                let on_disk = matches!(entry.place, Place::Disk(_));
                on_disk && in_flight != Some(entry.id()) && entry.age() < (name.newest, name.id)
            });
            let Some((index, _)) = older.min_by_key(|(_, entry)| entry.age()) else {
                return (gone, false);
            };
            let entry = self.entries.remove(index);
            if let Place::Disk(bytes) = entry.place {
                used -= bytes;
            }
            gone += entry.name.datums;
            self.retire(&entry);
        }
        (gone, true)
    }

    /// What to do on disk now, if anything; it is under way from here on.
    pub fn op(&mut self, now: Duration, account: &Account) -> Option<Op> {
        if !self.disk.is_free(now) {
            return None;
        }
        let op = self.choose_op(account)?;
        self.disk.under_way = Some(match &op {
            Op::List => UnderWay::List,
            Op::Write(name, bytes) => UnderWay::Write(*name, bytes.len() as u64),
            Op::Load(name) => UnderWay::Load(*name),
            Op::Remove(names, _) => UnderWay::Remove(names.clone()),
        });
        Some(op)
    }

    fn choose_op(&mut self, account: &Account) -> Option<Op> {
        if !self.disk.listed {
            return Some(Op::List);
        }
        let prepared = self.disk.prepared.take();
        let fits = |disk: &Disk, used: u64, bytes: &[u8]| {
            disk.removals.is_empty() || used + bytes.len() as u64 <= disk.most.unwrap_or(0)
        };
        match prepared {
            Some((name, bytes)) if fits(&self.disk, self.spool_bytes(), &bytes) => {
                if let Some(entry) = self.entry(name.id) {
                    entry.place = Place::Writing;
                    entry.attempted = true;
                    return Some(Op::Write(name, bytes));
                }
            }
            // What was given up for it has to be gone first.
            prepared => self.disk.prepared = prepared,
        }
        if !self.disk.removals.is_empty() {
            return Some(Op::Remove(self.removed_next(), self.totals(account)));
        }
        self.disk.wanted.map(Op::Load)
    }

    fn removed_next(&self) -> Vec<FileName> {
        let next = self.disk.removals.iter().take(REMOVED_AT_ONCE);
        next.map(|(name, _)| *name).collect()
    }

    /// The account as it is to be kept.
    #[must_use]
    pub fn totals(&self, account: &Account) -> Totals {
        Totals {
            sealed: account.sealed,
            sent: account.sent,
            dropped: account.dropped_by_word(),
            on_disk: self.safe() as u64 + self.unlisted,
        }
    }

    /// An operation ended.
    pub fn done(&mut self, done: Done, now: Duration) -> After {
        let Some(op) = self.disk.under_way.take() else {
            return After::Nothing;
        };
        let ended = match (op, done) {
            (UnderWay::List, Done::Listed(listed)) => listed.map(|listing| self.listed(listing)),
            (UnderWay::Write(name, bytes), Done::Wrote(wrote)) => {
                self.wrote(name, bytes, wrote.is_ok());
                wrote.map(|()| After::Nothing)
            }
            (UnderWay::Load(name), Done::Loaded(loaded)) => self.loaded(name, loaded, now),
            (UnderWay::Remove(names), Done::Removed(removed)) => {
                removed.map(|()| self.removed(&names))
            }
            // An answer to another question: there is none.
            _ => Ok(After::Nothing),
        };
        match ended {
            Ok(after) => {
                self.disk.failed_until = None;
                after
            }
            Err(why) => {
                self.disk.failed_until = Some(now + RETRY_AFTER);
                self.wait_for_no_file();
                After::Trouble(why)
            }
        }
    }

    fn listed(&mut self, listing: Listing) -> After {
        self.disk.listed = true;
        self.disk.rejected_bytes = listing.rejected_bytes;
        let (mut datums, mut files) = (0, 0);
        for (name, bytes) in listing.files {
            let kept = self.disk.covers.iter().chain(&self.disk.removals);
            if kept.into_iter().any(|(known, _)| *known == name) {
                continue;
            }
            if let Some(entry) = self.entry(name.id) {
                entry.place = Place::Disk(bytes);
                continue;
            }
            datums += name.datums as u64;
            files += 1;
            self.entries.push(Entry::on_disk(name, bytes));
        }
        After::Found {
            expected: std::mem::take(&mut self.unlisted),
            datums,
            files,
            set_aside: listing.set_aside,
        }
    }

    fn wrote(&mut self, name: FileName, bytes: u64, well: bool) {
        let Some(entry) = self.entry(name.id) else {
            // Settled meanwhile.
            self.disk.removals.push((name, bytes));
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
                if let Some(entry) = self.entry(name.id) {
                    entry.unreadable_until = now + REREAD_AFTER;
                }
                return Err(why);
            }
            Ok(Loaded::Batch(batch)) if FileName::of(&batch, name.id) == name => {
                if let Some(entry) = self.entry(name.id) {
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
        let index = self.entries.iter().position(|entry| entry.name == name);
        let Some(index) = index else {
            return Ok(After::Nothing);
        };
        let entry = self.entries.swap_remove(index);
        self.retire(&entry);
        Ok(after)
    }

    fn removed(&mut self, names: &[FileName]) -> After {
        let removals = &mut self.disk.removals;
        removals.retain(|(name, _)| !names.contains(name));
        After::Nothing
    }

    /// Settled, one way or the other: its file may go.
    pub(super) fn retire(&mut self, entry: &Entry) {
        match entry.place {
            Place::Disk(bytes) => self.disk.removals.push((entry.name, bytes)),
            // Its end will tell.
            Place::Writing => {}
            _ if entry.attempted => self.disk.removals.push((entry.name, 0)),
            _ => {}
        }
        self.uncover();
    }

    /// It falls to pieces: its file, or that of the batch it is itself a piece of, covers them.
    pub(super) fn cover_of(&mut self, whole: &Entry) -> Option<FileName> {
        match whole.place {
            Place::Disk(bytes) => {
                self.disk.covers.push((whole.name, bytes));
                Some(whole.name)
            }
            _ => whole.cover,
        }
    }

    /// Files that cover nothing any more go.
    pub(super) fn uncover(&mut self) {
        let entries = &self.entries;
        let covers = |name: &FileName| entries.iter().any(|entry| entry.cover == Some(*name));
        let (kept, bare) = self
            .disk
            .covers
            .drain(..)
            .partition(|(name, _)| covers(name));
        self.disk.covers = kept;
        let bare: Vec<(FileName, u64)> = bare;
        self.disk.removals.extend(bare);
    }

    /// Lets go of the bytes of a batch that is on disk.
    pub(super) fn release(&mut self, id: u64) {
        if let Some(entry) = self.entry(id)
            && matches!(entry.place, Place::Disk(_))
        {
            entry.held = None;
        }
    }

    pub(super) fn entry(&mut self, id: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id() == id)
    }
}
