//! The queue's files: room for them under the bound, and which of them may go.

use std::time::Duration;

use super::Queue;
use super::entry::{Entry, Place};
use crate::publish::spool::{FileName, encode};

impl Queue {
    /// Bytes in the spool, as far as they are known: batches, files to be removed, journals, and what is set aside.
    #[must_use]
    pub fn spool_bytes(&self) -> u64 {
        let batches = self.entries.iter().map(|entry| match entry.place {
            Place::Disk(bytes) => bytes,
            _ => 0,
        });
        let files = self.disk.covers.iter().chain(&self.disk.removals);
        let beside = self.disk.rejected_bytes + self.disk.journal_bytes;
        batches.sum::<u64>() + files.map(|(_, bytes)| bytes).sum::<u64>() + beside
    }

    /// Datums that survive the end of the process.
    #[must_use]
    pub fn safe(&self) -> usize {
        let safe = self.entries.iter().filter(|entry| entry.is_safe());
        safe.map(|entry| entry.name.datums).sum()
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

    /// Files older than this one go until there is room for it; none where all of them would not do.
    fn evict(&mut self, name: FileName, bytes: u64, most: u64) -> (usize, bool) {
        let leaving: u64 = self.disk.removals.iter().map(|(_, bytes)| bytes).sum();
        let used = self.spool_bytes() - leaving;
        let mut over = (used + bytes).saturating_sub(most);
        let older: u64 = self.older(name).map(|(_, _, bytes)| bytes).sum();
        if older < over {
            return (0, false);
        }
        let mut gone = 0;
        while over > 0 {
            let oldest = self.older(name).min();
            let Some((_, index, bytes)) = oldest else {
                break;
            };
            let entry = self.entries.remove(index);
            over = over.saturating_sub(bytes);
            gone += entry.name.datums;
            self.retire(&entry);
        }
        (gone, true)
    }

    /// Batches on disk that are older and not under way: age, place in the list, bytes.
    fn older(&self, name: FileName) -> impl Iterator<Item = ((i64, u64), usize, u64)> + '_ {
        let entries = self.entries.iter().enumerate();
        entries.filter_map(move |(index, entry)| {
            let Place::Disk(bytes) = entry.place else {
                return None;
            };
            let younger = entry.age() >= (name.newest, name.id);
            let under_way = self.in_flight == Some(entry.id());
            (!younger && !under_way).then_some((entry.age(), index, bytes))
        })
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
}
