//! What an answer makes of a batch.

use std::sync::Arc;
use std::time::Duration;

use super::Queue;
use super::entry::Place;
use crate::model::datum::Datum;
use crate::publish::outcome::Outcome;

/// Between two batches of the backlog.
const TRICKLE: Duration = Duration::from_millis(200);
/// First and longest bound of the back-off; the wait is drawn evenly below it (full jitter).
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MOST: Duration = Duration::from_secs(60);
/// After a denial: a role is mended by people, in minutes.
pub(super) const PROBE_EVERY: Duration = Duration::from_secs(30);

/// A server is left alone as long as it asks, but no longer than this: CloudWatch asks for seconds, and what asks for
/// hours is a proxy or a portal that may be gone by then. Alarms of five periods of a minute do not miss a recovery.
pub const RETRY_AFTER_MOST: Duration = Duration::from_secs(300);

/// A batch that fails again while others are accepted is left alone for so long: something on the way dislikes it, a
/// filter perhaps, and those behind it have their turn.
const ASIDE_FOR: Duration = Duration::from_secs(600);

/// What became of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// So many datums were accepted.
    Sent(usize),
    /// It stays.
    Kept,
    /// It stays with all others of this namespace, which alone is denied.
    Barred(Arc<str>),
    /// It was halved.
    Split,
    /// This one datum is the bad one; it is given up.
    Refused(Box<Datum>),
    /// Nobody waits for this answer.
    Unknown,
}

impl Queue {
    /// An answer came, perhaps with a time for which the server asks to be left alone.
    pub fn settle(
        &mut self,
        id: u64,
        outcome: Outcome,
        retry_after: Option<Duration>,
        now: Duration,
    ) -> Settled {
        self.asked_from = retry_after.map(|wait| now + wait.min(RETRY_AFTER_MOST));
        if self.in_flight == Some(id) {
            self.in_flight = None;
        }
        let Some(index) = self.entries.iter().position(|entry| entry.id() == id) else {
            return Settled::Unknown;
        };
        let settled = self.settle_entry(index, outcome, now);
        self.shelve(now);
        settled
    }

    fn settle_entry(&mut self, index: usize, outcome: Outcome, now: Duration) -> Settled {
        match outcome {
            Outcome::Sent => {
                self.failures = 0;
                self.sent += 1;
                self.probe_from = None;
                self.backlog_from = now + TRICKLE;
                let entry = self.entries.swap_remove(index);
                self.retire(&entry);
                self.accept(entry.namespace.clone());
                if !entry.fresh {
                    self.backlog_sent += entry.name.datums as u64;
                }
                Settled::Sent(entry.name.datums)
            }
            Outcome::Denied if self.is_denied_alone(index) => {
                let namespace = self.bar(index, now);
                self.keep(index);
                namespace.map_or(Settled::Kept, Settled::Barred)
            }
            Outcome::Unreachable { .. } | Outcome::Denied if self.alone_fails(index) => {
                self.backlog_from = now + TRICKLE;
                self.entries[index].aside_until = now + ASIDE_FOR;
                self.keep(index);
                Settled::Kept
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

    /// This batch of the backlog failed before, and others were accepted since: it is not the way that is bad.
    fn alone_fails(&mut self, index: usize) -> bool {
        let entry = &self.entries[index];
        if entry.fresh {
            return false;
        }
        if entry.aside_until > Duration::ZERO {
            return true;
        }
        let before = self.failed_last.filter(|(id, _)| *id == entry.id());
        let (_, sent) = *self
            .failed_last
            .insert(before.unwrap_or((entry.id(), self.sent)));
        sent < self.sent
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

    fn back_off(&mut self, now: Duration) {
        let bound = BACKOFF_FIRST
            .saturating_mul(1 << self.failures.min(10))
            .min(BACKOFF_MOST);
        self.failures += 1;
        self.backlog_from = now + bound.mul_f64(self.jitter.f64());
    }
}
