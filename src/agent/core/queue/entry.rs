//! A batch that waits: what is known of it without its bytes, and where these are.

use std::sync::Arc;
use std::time::Duration;

use crate::publish::batch::Batch;
use crate::publish::spool::FileName;

/// Where a batch is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In memory alone; it is to be written.
    Memory,
    /// In memory alone, for good: the disk's bound has no room for it.
    NoRoom,
    /// Being written.
    Writing,
    /// A piece of a batch whose file is still there.
    Piece,
    /// In a file of so many bytes.
    Disk(u64),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: FileName,
    /// Its bytes, unless they are on disk alone.
    pub(super) held: Option<Arc<Batch>>,
    /// Where it goes; unknown of a file that nobody read yet.
    pub(super) namespace: Option<Arc<str>>,
    /// Not tried yet.
    pub(super) fresh: bool,
    pub(super) place: Place,
    /// The file of the batch that it is a piece of; it stays until each piece is safe elsewhere or settled.
    pub(super) cover: Option<FileName>,
    /// Writing was begun: a file may be there, even if that failed.
    pub(super) attempted: bool,
    /// It is not sent before, boot time: it waits for its file.
    pub(super) not_before: Duration,
    /// Its file is not read before, boot time: that failed.
    pub(super) unreadable_until: Duration,
    /// It is not sent before, boot time: it alone failed. Zero: it never did.
    pub(super) aside_until: Duration,
    /// Since when its timestamp is too far ahead of the clock, boot time.
    pub(super) ahead_since: Option<Duration>,
}

impl Entry {
    /// A batch in memory.
    pub(super) fn in_memory(batch: Batch, id: u64, place: Place) -> Self {
        Entry {
            name: FileName::of(&batch, id),
            namespace: Some(batch.shared_namespace()),
            held: Some(Arc::new(batch)),
            fresh: true,
            place,
            cover: None,
            attempted: false,
            not_before: Duration::ZERO,
            unreadable_until: Duration::ZERO,
            aside_until: Duration::ZERO,
            ahead_since: None,
        }
    }

    /// A batch of which only the file is known.
    pub(super) fn on_disk(name: FileName, bytes: u64) -> Self {
        Entry {
            name,
            held: None,
            namespace: None,
            fresh: false,
            place: Place::Disk(bytes),
            cover: None,
            attempted: true,
            not_before: Duration::ZERO,
            unreadable_until: Duration::ZERO,
            aside_until: Duration::ZERO,
            ahead_since: None,
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.name.id
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.held.as_ref().map_or(0, |batch| batch.bytes())
    }

    /// Nothing but its file is to be remembered.
    pub(super) fn is_idle(&self, now: Duration) -> bool {
        let waits = !self.fresh && self.held.is_none() && self.cover.is_none();
        let plain = self.unreadable_until <= now && self.aside_until.is_zero();
        waits && plain && matches!(self.place, Place::Disk(_))
    }

    /// It survives the end of the process.
    pub(super) fn is_safe(&self) -> bool {
        matches!(self.place, Place::Disk(_)) || self.cover.is_some()
    }

    /// Order of age: the oldest is least.
    pub(super) fn age(&self) -> (i64, u64) {
        (self.name.newest, self.name.id)
    }
}
