//! Batches that wait to be sent: which one next, and what an answer makes of it.
//!
//! The freshest window is always tried first and on time, then the backlog, newest first, at a trickle: alarms
//! recover at once. A batch is kept unchanged from its first attempt on.
//!
//! The spool's place is here: what `push` takes in goes to disk, what is settled leaves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::agent::core::account::Reason;
use crate::clock::Now;
use crate::model::datum::Datum;
use crate::model::limits::NEWEST_SECS;
use crate::publish::batch::Batch;
use crate::publish::outcome::Outcome;

/// Between two batches of the backlog.
const TRICKLE: Duration = Duration::from_millis(200);
/// First and longest bound of the back-off; the wait is drawn evenly below it (full jitter).
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MOST: Duration = Duration::from_secs(60);
/// After a denial: a role is mended by people, in minutes.
const PROBE_EVERY: Duration = Duration::from_secs(30);

/// Settings of the queue.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of batches held.
    pub memory_bytes: usize,
    /// Seconds after which a datum is no longer sent.
    pub oldest_secs: i64,
    /// Ceiling for all sends.
    pub requests_per_second: std::num::NonZeroU32,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    batch: Arc<Batch>,
    /// Not tried yet.
    fresh: bool,
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
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// An empty queue; the seed decides the jitter.
    #[must_use]
    pub fn new(limits: Limits, seed: u64) -> Self {
        Queue {
            limits,
            entries: Vec::new(),
            next_id: 0,
            in_flight: None,
            failures: 0,
            backlog_from: Duration::ZERO,
            probe_from: None,
            pacer: Pacer::new(limits.requests_per_second),
            jitter: fastrand::Rng::with_seed(seed),
        }
    }

    /// Takes in batches; returns how many datums had to go for want of room.
    pub fn push(&mut self, batches: Vec<Batch>) -> usize {
        for batch in batches {
            self.enter(batch, true);
        }
        self.make_room()
    }

    /// Datums in the queue.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.batch.datums().len())
            .sum()
    }

    /// Bytes in the queue.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.batch.bytes()).sum()
    }

    /// Gives up what is too old, or stamped too far ahead, to be sent.
    pub fn expire(&mut self, now: Now) -> Vec<(Reason, usize)> {
        let wall = now.wall_secs();
        let oldest = wall - self.limits.oldest_secs;
        let mut gone = Vec::new();
        self.entries.retain(|entry| {
            let newest = entry.batch.newest();
            let reason = if newest < oldest {
                Reason::TooOld
            } else if newest >= wall + NEWEST_SECS {
                Reason::TooNew
            } else {
                return true;
            };
            if self.in_flight == Some(entry.id) {
                return true;
            }
            gone.push((reason, entry.batch.datums().len()));
            false
        });
        gone
    }

    /// The batch to send now, if any; it is in flight from here on.
    pub fn next(&mut self, now: Duration) -> Option<(u64, Arc<Batch>)> {
        if self.in_flight.is_some() || self.probe_from.is_some_and(|from| now < from) {
            return None;
        }
        let backlog_too = now >= self.backlog_from;
        let chosen = self
            .entries
            .iter()
            .filter(|entry| entry.fresh || backlog_too)
            .max_by_key(|entry| {
                (
                    entry.fresh,
                    entry.batch.newest(),
                    std::cmp::Reverse(entry.id),
                )
            })?;
        let chosen = (chosen.id, Arc::clone(&chosen.batch));
        if !self.pacer.may(now) {
            return None;
        }
        self.in_flight = Some(chosen.0);
        Some(chosen)
    }

    /// When [`Queue::next`] is worth asking again; `None` while there is nothing to send, or an answer is awaited.
    #[must_use]
    pub fn wake(&self, now: Duration) -> Option<Duration> {
        if self.in_flight.is_some() || self.entries.is_empty() {
            return None;
        }
        let fresh = self.entries.iter().any(|entry| entry.fresh);
        let from = if fresh { now } else { self.backlog_from };
        let from = self.probe_from.map_or(from, |probe| probe.max(from));
        Some(from.max(self.pacer.free_from))
    }

    /// An answer came.
    pub fn settle(&mut self, id: u64, outcome: Outcome, now: Duration) -> Settled {
        if self.in_flight == Some(id) {
            self.in_flight = None;
        }
        let Some(index) = self.entries.iter().position(|entry| entry.id == id) else {
            return Settled::Unknown;
        };
        match outcome {
            Outcome::Sent => {
                self.failures = 0;
                self.probe_from = None;
                self.backlog_from = now + TRICKLE;
                Settled::Sent(self.entries.swap_remove(index).batch.datums().len())
            }
            Outcome::Throttled | Outcome::Unreachable { .. } => {
                self.entries[index].fresh = false;
                self.probe_from = None;
                self.back_off(now);
                Settled::Kept
            }
            Outcome::Denied => {
                self.entries[index].fresh = false;
                self.probe_from = Some(now + PROBE_EVERY);
                Settled::Kept
            }
            Outcome::TooLarge | Outcome::Invalid => self.halve(index),
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

    /// The end: how many datums are given up.
    pub fn clear(&mut self) -> usize {
        let rest = self.waiting();
        self.entries.clear();
        rest
    }

    fn halve(&mut self, index: usize) -> Settled {
        let entry = self.entries.swap_remove(index);
        match Arc::unwrap_or_clone(entry.batch).halve() {
            Err(datum) => Settled::Refused(Box::new(datum)),
            Ok(halves) => {
                for half in halves {
                    self.enter(half, true);
                }
                Settled::Split
            }
        }
    }

    fn enter(&mut self, batch: Batch, fresh: bool) {
        self.next_id += 1;
        self.entries.push(Entry {
            id: self.next_id,
            batch: Arc::new(batch),
            fresh,
        });
    }

    fn back_off(&mut self, now: Duration) {
        let bound = BACKOFF_FIRST
            .saturating_mul(1 << self.failures.min(10))
            .min(BACKOFF_MOST);
        self.failures += 1;
        self.backlog_from = now + bound.mul_f64(self.jitter.f64());
    }

    /// Oldest out first, but never the one in flight.
    fn make_room(&mut self) -> usize {
        let mut gone = 0;
        while self.bytes() > self.limits.memory_bytes {
            let oldest = self
                .entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| self.in_flight != Some(entry.id))
                .min_by_key(|(_, entry)| (entry.batch.newest(), entry.id));
            let Some((index, _)) = oldest else { break };
            gone += self.entries.remove(index).batch.datums().len();
        }
        gone
    }
}

/// The ceiling for all sends: governor on our clock.
struct Pacer {
    clock: CoreClock,
    limiter: RateLimiter<NotKeyed, InMemoryState, CoreClock, NoOpMiddleware<Duration>>,
    free_from: Duration,
}

/// A clock that is set, not read.
#[derive(Debug, Clone)]
struct CoreClock(Arc<AtomicU64>);

impl Clock for CoreClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

impl Pacer {
    fn new(requests_per_second: std::num::NonZeroU32) -> Self {
        let clock = CoreClock(Arc::new(AtomicU64::new(0)));
        let limiter =
            RateLimiter::direct_with_clock(Quota::per_second(requests_per_second), clock.clone());
        Pacer {
            clock,
            limiter,
            free_from: Duration::ZERO,
        }
    }

    fn may(&mut self, now: Duration) -> bool {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.clock.0.store(nanos, Ordering::Relaxed);
        match self.limiter.check() {
            Ok(()) => true,
            Err(not_until) => {
                self.free_from = now + not_until.wait_time_from(now);
                false
            }
        }
    }
}
