//! Batches that wait to be sent: which one next, and what an answer makes of it.
//!
//! The freshest window is always tried first and on time, then the backlog, newest first, at a trickle: alarms
//! recover at once. A batch is kept unchanged from its first attempt on.
//!
//! With a spool each batch is written before it is sent, and leaves memory when it has to wait: then its file is all
//! there is, and it is read again when its turn comes.

mod disk;
mod entry;
mod files;
pub mod op;
mod pacer;

use std::sync::Arc;
use std::time::Duration;

use crate::agent::core::account::Reason;
use crate::clock::Now;
use crate::model::datum::Datum;
use crate::model::limits::NEWEST_SECS;
use crate::publish::batch::Batch;
use crate::publish::outcome::Outcome;
use crate::publish::spool::FileName;

use disk::{Disk, WRITE_PATIENCE};
use entry::{Entry, Place};
use pacer::Pacer;

/// Between two batches of the backlog.
const TRICKLE: Duration = Duration::from_millis(200);
/// First and longest bound of the back-off; the wait is drawn evenly below it (full jitter).
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MOST: Duration = Duration::from_secs(60);
/// After a denial: a role is mended by people, in minutes.
const PROBE_EVERY: Duration = Duration::from_secs(30);

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

/// What became of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// So many datums were accepted.
    Sent(usize),
    /// It stays.
    Kept,
    /// It was halved.
    Split,
    /// This one datum is the bad one; it is given up.
    Refused(Box<Datum>),
    /// Nobody waits for this answer.
    Unknown,
}

/// The queue.
pub struct Queue {
    limits: Limits,
    entries: Vec<Entry>,
    next_id: u64,
    in_flight: Option<u64>,
    failures: u32,
    backlog_from: Duration,
    probe_from: Option<Duration>,
    pacer: Pacer,
    jitter: fastrand::Rng,
    disk: Disk,
    /// Datums that an earlier run left on disk, as long as nobody looked.
    unlisted: u64,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("entries", &self.entries.len())
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
            next_id: now.wall_ms.max(0).unsigned_abs() << 20,
            in_flight: None,
            failures: 0,
            backlog_from: Duration::ZERO,
            probe_from: None,
            pacer: Pacer::new(limits.requests_per_second),
            jitter: fastrand::Rng::with_seed(seed),
            disk: Disk::new(limits.disk_bytes),
            unlisted,
        }
    }

    /// Takes in batches; returns their names, and how many datums had to go for want of room.
    pub fn push(&mut self, batches: Vec<Batch>, now: Duration) -> (Vec<FileName>, usize) {
        let names = batches.into_iter().map(|batch| {
            let entry = self.enter(batch, Place::Memory);
            entry.not_before = now + WRITE_PATIENCE;
            entry.name
        });
        let names = names.collect();
        if !self.disk.is_well() {
            self.wait_for_no_file();
        }
        (names, self.make_room())
    }

    /// Datums in the queue.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let datums = self.entries.iter().map(|entry| entry.name.datums as u64);
        datums.sum::<u64>() + self.unlisted
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entries.iter().map(Entry::bytes).sum()
    }

    /// Gives up what is too old to be sent; what is stamped too far ahead waits for the clock, and is given up too.
    pub fn expire(&mut self, now: Now) -> Vec<(Reason, usize)> {
        let wall = now.wall_secs();
        let oldest = wall - self.limits.oldest_secs;
        for entry in &mut self.entries {
            let ahead = entry.name.newest >= wall + NEWEST_SECS;
            let since = entry.ahead_since.unwrap_or(now.boot);
            entry.ahead_since = ahead.then_some(since);
        }
        let in_flight = self.in_flight;
        let why = |entry: &mut Entry| match entry.ahead_since {
            _ if in_flight == Some(entry.id()) => None,
            _ if entry.name.newest < oldest => Some(Reason::TooOld),
            Some(since) if now.boot >= since + CLOCK_PATIENCE => Some(Reason::TooNew),
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

    /// The batch to send now, if any; it is in flight from here on.
    pub fn next(&mut self, now: Duration) -> Option<(u64, Arc<Batch>)> {
        self.disk.wanted = None;
        if self.in_flight.is_some() || self.probe_from.is_some_and(|from| now < from) {
            return None;
        }
        if self.held_back().is_some_and(|until| now < until) {
            return None;
        }
        let chosen = self
            .entries
            .iter()
            .filter(|entry| self.ready_from(entry, now).is_some_and(|from| from <= now))
            .max_by_key(|entry| {
                let (newest, id) = entry.age();
                (entry.fresh, newest, std::cmp::Reverse(id))
            })?;
        let Some(batch) = &chosen.held else {
            self.disk.wanted = Some(chosen.name);
            return None;
        };
        let chosen = (chosen.id(), Arc::clone(batch));
        if !self.pacer.may(now) {
            return None;
        }
        self.in_flight = Some(chosen.0);
        Some(chosen)
    }

    /// When [`Queue::next`] or [`Queue::op`] is worth asking again; `None` while only an event brings anything new.
    #[must_use]
    pub fn wake(&self, now: Duration) -> Option<Duration> {
        let wakes = [self.send_wake(now), self.disk_wake()];
        wakes.into_iter().flatten().min()
    }

    fn send_wake(&self, now: Duration) -> Option<Duration> {
        if self.in_flight.is_some() {
            return None;
        }
        let ready = self.entries.iter();
        let from = ready
            .filter_map(|entry| self.ready_from(entry, now))
            .min()?;
        let from = self.probe_from.map_or(from, |probe| probe.max(from));
        let from = self.held_back().map_or(from, |until| until.max(from));
        Some(from.max(self.pacer.free_from()))
    }

    /// Until when the freshest window waits for its file: nothing goes before it.
    fn held_back(&self) -> Option<Duration> {
        let fresh = self.entries.iter().filter(|entry| entry.fresh);
        fresh.map(|entry| entry.not_before).max()
    }

    /// From when on it can be sent; `None` while that needs an event first.
    fn ready_from(&self, entry: &Entry, now: Duration) -> Option<Duration> {
        if entry.ahead_since.is_some() {
            return None;
        }
        let its_turn = if entry.fresh { now } else { self.backlog_from };
        let there = match entry.held {
            Some(_) => entry.not_before,
            None => self.disk.readable_from()?.max(entry.unreadable_until),
        };
        Some(its_turn.max(there))
    }

    /// An answer came.
    pub fn settle(&mut self, id: u64, outcome: Outcome, now: Duration) -> Settled {
        if self.in_flight == Some(id) {
            self.in_flight = None;
        }
        let Some(index) = self.entries.iter().position(|entry| entry.id() == id) else {
            return Settled::Unknown;
        };
        match outcome {
            Outcome::Sent => {
                self.failures = 0;
                self.probe_from = None;
                self.backlog_from = now + TRICKLE;
                let entry = self.entries.swap_remove(index);
                self.retire(&entry);
                Settled::Sent(entry.name.datums)
            }
            Outcome::Throttled | Outcome::Unreachable { .. } => {
                self.probe_from = None;
                self.back_off(now);
                self.keep(index);
                Settled::Kept
            }
            Outcome::Denied => {
                self.probe_from = Some(now + PROBE_EVERY);
                self.keep(index);
                Settled::Kept
            }
            Outcome::TooLarge | Outcome::Invalid => self.halve(index),
        }
    }

    /// It was tried in vain: from now on it waits on disk.
    fn keep(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        entry.fresh = false;
        match entry.place {
            Place::Piece => entry.place = Place::Memory,
            Place::Disk(_) => entry.held = None,
            _ => {}
        }
    }

    /// Everything gets one more attempt: shutdown.
    pub fn refresh(&mut self, now: Duration) {
        self.probe_from = None;
        self.failures = 0;
        self.backlog_from = now;
        for entry in &mut self.entries {
            entry.fresh = true;
        }
    }

    /// At shutdown: all is settled, or what is left is safe on disk and was tried, or cannot be sent before `until`.
    #[must_use]
    pub fn rests(&self, until: Duration) -> bool {
        let tried = self.failures >= LAST_FAILURES || !self.entries.iter().any(|entry| entry.fresh);
        let safe = self.entries.iter().all(Entry::is_safe);
        let denied = self.probe_from.is_some_and(|from| from >= until);
        self.in_flight.is_none() && (self.entries.is_empty() || safe && tried || denied)
    }

    /// The end: how many datums are given up; what is safe on disk stays.
    pub fn clear(&mut self) -> usize {
        let lost = self.entries.extract_if(.., |entry| !entry.is_safe());
        lost.map(|entry| entry.name.datums).sum()
    }

    fn halve(&mut self, index: usize) -> Settled {
        let mut entry = self.entries.swap_remove(index);
        let Some(batch) = entry.held.take() else {
            // What was sent is held.
            return Settled::Unknown;
        };
        match Arc::unwrap_or_clone(batch).halve() {
            Err(datum) => {
                self.retire(&entry);
                Settled::Refused(Box::new(datum))
            }
            Ok(halves) => {
                let cover = self.cover_of(&entry);
                for half in halves {
                    let place = if cover.is_some() {
                        Place::Piece
                    } else {
                        Place::Memory
                    };
                    self.enter(half, place).cover = cover;
                }
                if cover != Some(entry.name) {
                    self.retire(&entry);
                }
                Settled::Split
            }
        }
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

    fn back_off(&mut self, now: Duration) {
        let bound = BACKOFF_FIRST
            .saturating_mul(1 << self.failures.min(10))
            .min(BACKOFF_MOST);
        self.failures += 1;
        self.backlog_from = now + bound.mul_f64(self.jitter.f64());
    }

    /// Oldest out first, to where they are on disk already or for good, but never the one in flight.
    fn make_room(&mut self) -> usize {
        let mut gone = 0;
        while self.bytes() > self.limits.memory_bytes {
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
