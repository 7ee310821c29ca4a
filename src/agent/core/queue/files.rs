//! The queue's files: room for them under the bound, and which of them may go.

use std::collections::VecDeque;
use std::time::Duration;

use super::Queue;
use super::entry::{Entry, Place};
use super::idle::Age;
use crate::publish::spool::{FileName, encode};

/// Files that are to be removed, in order, with their bytes.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    files: VecDeque<(FileName, u64)>,
    bytes: u64,
}

impl Leaving {
    pub(super) fn push(&mut self, name: FileName, bytes: u64) {
        self.files.push_back((name, bytes));
        self.bytes += bytes;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Bytes of all of them.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn names(&self) -> impl Iterator<Item = FileName> + '_ {
        self.files.iter().map(|(name, _)| *name)
    }

    /// The first so many.
    pub(super) fn first(&self, most: usize) -> Vec<FileName> {
        self.names().take(most).collect()
    }

    /// The first are removed: those that [`Leaving::first`] gave. What came since is behind them.
    pub(super) fn gone(&mut self, names: &[FileName]) {
        let done = names.len().min(self.files.len());
        let gone = self.files.drain(..done).map(|(_, bytes)| bytes);
        self.bytes -= gone.sum::<u64>();
    }

    /// The sum is that of what is there.
    pub(super) fn sum_holds(&self) -> bool {
        self.files.iter().map(|(_, bytes)| bytes).sum::<u64>() == self.bytes
    }
}

impl Queue {
    /// Bytes in the spool, as far as they are known: batches, files to be removed, journals, and what is set aside.
    #[must_use]
    pub fn spool_bytes(&self) -> u64 {
        let batches = self.entries.iter().map(|entry| match entry.place {
            Place::Disk(bytes) => bytes,
            _ => 0,
        });
        let covers = self.disk.covers.iter().map(|(_, bytes)| bytes);
        let leaving = self.disk.removals.bytes() + self.disk.rejected_bytes;
        let beside = leaving + self.disk.journal_bytes;
        batches.sum::<u64>() + self.idle.bytes() + covers.sum::<u64>() + beside
    }

    /// Datums that survive the end of the process.
    #[must_use]
    pub fn safe(&self) -> u64 {
        let safe = self.entries.iter().filter(|entry| entry.is_safe());
        let datums = safe.map(|entry| entry.name.datums as u64).sum::<u64>();
        datums + self.idle.datums()
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
        let full_at = self.disk.full_at.filter(|_| self.disk_gives_way());
        let most = full_at.map_or(most, |full| full.min(most));
        let (gone, fits) = self.evict(name, bytes.len() as u64, most);
        // On a full disk it is tried all the same: others may have made room.
        if fits || full_at.is_some() {
            self.disk.prepared = Some((name, bytes));
        } else if let Some(entry) = self.entry(name.id) {
            entry.place = Place::NoRoom;
        }
        gone
    }

    /// On a full disk batches gather in memory. Before that is full too, the oldest go: files that are older than all in
    /// memory, so that newer ones find room on disk. Oldest out first, wherever it is.
    fn disk_gives_way(&self) -> bool {
        self.bytes() > self.pressed_bytes() && self.oldest_is_idle()
    }

    /// Batches in memory may take so many bytes. On a full disk the last quarter is for those that come while older
    /// ones leave it.
    pub(super) fn memory_most(&self) -> usize {
        let ours_on_full_disk = self.disk_is_full() && self.idle.len() > 0;
        match ours_on_full_disk && !self.oldest_is_idle() {
            true => self.pressed_bytes(),
            false => self.limits.memory_bytes,
        }
    }

    fn pressed_bytes(&self) -> usize {
        self.limits.memory_bytes / 4 * 3
    }

    /// The oldest of what is not under way is a file.
    fn oldest_is_idle(&self) -> bool {
        let unwritten = self.entries.iter();
        let unwritten = unwritten.filter(|entry| entry.place == Place::Memory);
        let oldest_here = unwritten.map(Entry::age).min();
        let oldest_there = self.idle.oldest().map(|(name, _)| (name.newest, name.id));
        oldest_there.is_some() && oldest_there < oldest_here
    }

    /// The disk had no space for the last write.
    #[must_use]
    pub fn disk_is_full(&self) -> bool {
        self.disk.full_at.is_some()
    }

    /// Files older than this one go until there is room for it; none where all of them would not do.
    fn evict(&mut self, name: FileName, bytes: u64, most: u64) -> (usize, bool) {
        let used = self.spool_bytes() - self.disk.removals.bytes();
        let mut over = (used + bytes).saturating_sub(most);
        if over == 0 {
            return (0, true);
        }
        let age = (name.newest, name.id);
        let active: u64 = self.active_older(age).map(|(_, _, bytes)| bytes).sum();
        if active + self.idle.bytes_older(age) < over {
            return (0, false);
        }
        let mut gone = 0;
        while over > 0 {
            let Some((datums, bytes)) = self.evict_oldest(age) else {
                break;
            };
            over = over.saturating_sub(bytes);
            gone += datums;
        }
        (gone, true)
    }

    /// Gives up the oldest batch on disk that is older than this: its datums and bytes.
    fn evict_oldest(&mut self, than: Age) -> Option<(usize, u64)> {
        let active = self.active_older(than).min();
        let idle = self.idle.oldest();
        let idle = idle.filter(|(name, _)| (name.newest, name.id) < than);
        if let Some((name, bytes)) = idle
            && active.is_none_or(|(age, _, _)| (name.newest, name.id) < age)
        {
            self.idle.remove(name);
            self.disk.removals.push(name, bytes);
            return Some((name.datums, bytes));
        }
        let (_, index, bytes) = active?;
        let entry = self.entries.swap_remove(index);
        self.retire(&entry);
        Some((entry.name.datums, bytes))
    }

    /// Entries on disk that are older and not in flight: age, place in the list, bytes.
    fn active_older(&self, than: Age) -> impl Iterator<Item = (Age, usize, u64)> + '_ {
        let entries = self.entries.iter().enumerate();
        entries.filter_map(move |(index, entry)| {
            let Place::Disk(bytes) = entry.place else {
                return None;
            };
            let in_flight = self.in_flight == Some(entry.id());
            (entry.age() < than && !in_flight).then_some((entry.age(), index, bytes))
        })
    }

    /// Settled, one way or the other: its file may go.
    pub(super) fn retire(&mut self, entry: &Entry) {
        match entry.place {
            Place::Disk(bytes) => self.disk.removals.push(entry.name, bytes),
            // Its end will tell.
            Place::Writing => {}
            _ if entry.attempted => self.disk.removals.push(entry.name, 0),
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
        if self.disk.covers.is_empty() {
            return;
        }
        let entries = &self.entries;
        let covers = |name: &FileName| entries.iter().any(|entry| entry.cover == Some(*name));
        let (kept, bare) = self
            .disk
            .covers
            .drain(..)
            .partition(|(name, _)| covers(name));
        self.disk.covers = kept;
        let bare: Vec<(FileName, u64)> = bare;
        for (name, bytes) in bare {
            self.disk.removals.push(name, bytes);
        }
    }

    /// Lets go of the bytes of a batch that is on disk.
    pub(super) fn release(&mut self, id: u64) {
        if let Some(entry) = self.entry(id)
            && matches!(entry.place, Place::Disk(_))
        {
            entry.held = None;
        }
    }
}
