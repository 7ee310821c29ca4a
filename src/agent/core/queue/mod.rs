//! Batches that wait to be sent: which one next, and what an answer makes of it.
//!
//! The freshest window is always tried first and on time, then the backlog, newest first, at a trickle: alarms
//! recover at once. A batch is kept unchanged from its first attempt on.
//!
//! With a spool each batch is written before it is sent, and leaves memory when it has to wait: then its file is all
//! there is, and it is read again when its turn comes. Entries are batches with which something goes on, a few; the
//! thousands of a long outage are idle files.

mod barred;
mod disk;
mod entry;
mod failed;
mod files;
mod idle;
pub mod op;
mod order;
mod pacer;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use crate::agent::core::account::Reason;
use crate::clock::Now;
use crate::model::limits::NEWEST_SECS;
use crate::publish::batch::Batch;
use crate::publish::spool::FileName;

use barred::Barred;
use disk::{Disk, WRITE_PATIENCE};
use entry::{Entry, Place};
use idle::Idle;
use pacer::Pacer;
pub use settle::{RETRY_AFTER_MOST, Settled};

/// A clock that was not set when we started is set by then; until then spooled batches seem to be of the future.
const CLOCK_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// At shutdown, what is on disk is no longer tried after so many failures in a row.
const LAST_FAILURES: u32 = 3;

/// Settings of the queue.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of batches held in memory.
    pub memory_bytes: usize,
    /// Bytes of files in the spool; `None`: there is no spool.
    pub disk_bytes: Option<u64>,
    /// Seconds after which a datum is no longer sent.
    pub oldest_secs: i64,
    /// Ceiling for all sends.
    pub requests_per_second: std::num::NonZeroU32,
}

/// What waits behind the fresh window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Batches.
    pub batches: usize,
    /// Their datums.
    pub datums: u64,
    /// Newest timestamp of the oldest of them, Unix seconds.
    pub oldest: i64,
}

/// The queue.
pub struct Queue {
    limits: Limits,
    entries: Vec<Entry>,
    idle: Idle,
    next_id: u64,
    in_flight: Option<u64>,
    failures: u32,
    backlog_from: Duration,
    probe_from: Option<Duration>,
    /// The namespace that is denied while another is not.
    barred: Option<Barred>,
    /// The namespace of the batch that was accepted last.
    accepted: Option<Arc<str>>,
    /// The server asked to be left alone until then, boot time.
    asked_from: Option<Duration>,
    pacer: Pacer,
    jitter: fastrand::Rng,
    disk: Disk,
    /// Datums that an earlier run left on disk, as long as nobody looked.
    unlisted: u64,
    /// Batches sent.
    sent: u64,
    /// The batch of the backlog that failed last, and how many were sent before.
    failed_last: Option<(u64, u64)>,
    /// Datums sent of the backlog.
    backlog_sent: u64,
    /// At shutdown idle files go out as if they were fresh, once.
    last_call: bool,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("entries", &self.entries.len())
            .field("idle", &self.idle.len())
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// An empty queue; the seed decides the jitter. An earlier run left `unlisted` datums in the spool. Its files are
    /// numbered by the wall clock, so that no number is given again.
    #[must_use]
    pub fn new(limits: Limits, seed: u64, unlisted: u64, now: Now) -> Self {
        Queue {
            limits,
            entries: Vec::new(),
            idle: Idle::default(),
            next_id: now.wall_ms.max(0).unsigned_abs() << 20,
            in_flight: None,
            failures: 0,
            backlog_from: Duration::ZERO,
            probe_from: None,
            barred: None,
            accepted: None,
            asked_from: None,
            pacer: Pacer::new(limits.requests_per_second),
            jitter: fastrand::Rng::with_seed(seed),
            disk: Disk::new(limits.disk_bytes),
            unlisted,
            sent: 0,
            failed_last: None,
            backlog_sent: 0,
            last_call: false,
        }
    }

    /// Takes in batches; returns their names, and how many datums had to go for want of room.
    pub fn push(&mut self, batches: Vec<Batch>, now: Duration) -> (Vec<FileName>, usize) {
        let first = self.next_id + 1;
        let names = batches.into_iter().map(|batch| {
            let entry = self.enter(batch, Place::Memory);
            entry.not_before = now + WRITE_PATIENCE;
            entry.name
        });
        let names = names.collect();
        self.overtake(first);
        if !self.disk.is_well() {
            self.wait_for_no_file();
        }
        let gone = self.make_room();
        self.shelve(now);
        (names, gone)
    }

    /// Other limits from now on. Whether there is a spool was decided at start.
    pub fn limit(&mut self, limits: Limits) {
        if limits.requests_per_second != self.limits.requests_per_second {
            self.pacer = Pacer::new(limits.requests_per_second);
        }
        if let (Some(most), Some(bytes)) = (&mut self.disk.most, limits.disk_bytes) {
            *most = bytes;
        }
        self.limits = limits;
    }

    /// Datums in the queue.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let datums = self.entries.iter().map(|entry| entry.name.datums as u64);
        datums.sum::<u64>() + self.idle.datums() + self.unlisted
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entries.iter().map(Entry::bytes).sum()
    }

    /// What waits behind the fresh window, if anything.
    #[must_use]
    pub fn backlog(&self) -> Option<Backlog> {
        let active = self.entries.iter().filter(|entry| !entry.fresh);
        let oldest = active.clone().map(|entry| entry.name.newest);
        let oldest_idle = self.idle.oldest().map(|(name, _)| name.newest);
        let datums: u64 = active.clone().map(|entry| entry.name.datums as u64).sum();
        Some(Backlog {
            batches: active.count() + self.idle.len(),
            datums: datums + self.idle.datums(),
            oldest: oldest.chain(oldest_idle).min()?,
        })
    }

    /// Datums sent of the backlog since the start.
    #[must_use]
    pub fn backlog_sent(&self) -> u64 {
        self.backlog_sent
    }

    /// Batches with which something goes on, and files with which nothing does.
    #[must_use]
    pub fn active_and_idle(&self) -> (usize, usize) {
        (self.entries.len(), self.idle.len())
    }

    /// The sums that are kept are those of what is there; for tests, as it looks at everything.
    #[must_use]
    pub fn sums_hold(&self) -> bool {
        self.idle.sums_hold() && self.disk.removals.sum_holds()
    }

    /// Gives up what is too old to be sent; what is stamped too far ahead waits for the clock, and is given up too.
    pub fn expire(&mut self, now: Now) -> Vec<(Reason, usize)> {
        let wall = now.wall_secs();
        let oldest = wall.saturating_sub(self.limits.oldest_secs);
        let ahead_from = wall.saturating_add(NEWEST_SECS);
        let mut gone = self.expire_active(oldest, ahead_from, now.boot);
        self.idle.clock(ahead_from, now.boot);
        while let Some((name, bytes)) = self.idle.pop_older(oldest) {
            self.disk.removals.push(name, bytes);
            gone.push((Reason::TooOld, name.datums));
        }
        for (name, bytes) in self.idle.pop_too_new(now.boot) {
            self.disk.removals.push(name, bytes);
            gone.push((Reason::TooNew, name.datums));
        }
        gone
    }

    fn expire_active(
        &mut self,
        oldest: i64,
        ahead_from: i64,
        now: Duration,
    ) -> Vec<(Reason, usize)> {
        for entry in &mut self.entries {
            let ahead = entry.name.newest >= ahead_from;
            let since = entry.ahead_since.unwrap_or(now);
            entry.ahead_since = ahead.then_some(since);
        }
        let in_flight = self.in_flight;
        let why = |entry: &mut Entry| match entry.ahead_since {
            _ if in_flight == Some(entry.id()) => None,
            _ if entry.name.newest < oldest => Some(Reason::TooOld),
            Some(since) if now >= since + CLOCK_PATIENCE => Some(Reason::TooNew),
            _ => None,
        };
        let gone: Vec<Entry> = self
            .entries
            .extract_if(.., |entry| why(entry).is_some())
            .collect();
        let counted = gone.into_iter().filter_map(|mut entry| {
            self.retire(&entry);
            why(&mut entry).map(|reason| (reason, entry.name.datums))
        });
        counted.collect()
    }

    /// Everything gets one more attempt: shutdown.
    pub fn refresh(&mut self, now: Duration) {
        self.probe_from = None;
        if let Some(barred) = &mut self.barred {
            barred.until = now;
        }
        self.failures = 0;
        self.backlog_from = now;
        self.last_call = true;
        if !self.disk.is_well() {
            // What is not sent now is lost: it is tried once more, whatever was asked.
            self.asked_from = None;
        }
        for entry in &mut self.entries {
            entry.fresh = true;
            entry.aside_until = Duration::ZERO;
        }
    }

    /// At shutdown: all is settled, or what is left is safe on disk and was tried, or cannot be sent before `until`.
    #[must_use]
    pub fn rests(&self, until: Duration) -> bool {
        let barred = |entry: &Entry| self.barred_until(entry).is_some_and(|from| from >= until);
        let untried = |entry: &Entry| entry.fresh && entry.ahead_since.is_none() && !barred(entry);
        let untried = self.entries.iter().any(untried)
            || self.last_call && self.idle.newest_ready().is_some();
        let tried = self.failures >= LAST_FAILURES || !untried;
        let mut entries = self.entries.iter();
        let safe = entries.all(|entry| entry.is_safe() || barred(entry));
        let silent = self.silent_until().is_some_and(|from| from >= until);
        self.in_flight.is_none() && (safe && tried || silent)
    }

    /// The end: how many datums are given up; what is safe on disk stays.
    pub fn clear(&mut self) -> usize {
        let lost = self.entries.extract_if(.., |entry| !entry.is_safe());
        lost.map(|entry| entry.name.datums).sum()
    }

    fn enter(&mut self, batch: Batch, place: Place) -> &mut Entry {
        self.next_id += 1;
        let entry = Entry::in_memory(batch, self.next_id, place);
        self.entries.push_mut(entry)
    }

    /// The disk does not write now: nothing waits for it.
    fn wait_for_no_file(&mut self) {
        for entry in &mut self.entries {
            entry.not_before = Duration::ZERO;
        }
    }

    /// Oldest out first, to where they are on disk already or for good, but never the one in flight.
    fn make_room(&mut self) -> usize {
        let mut gone = 0;
        while self.bytes() > self.memory_most() {
            let in_flight = self.in_flight;
            let held = self
                .entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.held.is_some() && in_flight != Some(entry.id()));
            let oldest =
                held.min_by_key(|(_, entry)| (!matches!(entry.place, Place::Disk(_)), entry.age()));
            let Some((index, entry)) = oldest else { break };
            if matches!(entry.place, Place::Disk(_)) {
                self.entries[index].held = None;
                continue;
            }
            let entry = self.entries.remove(index);
            gone += entry.name.datums;
            self.retire(&entry);
        }
        gone
    }
}
