//! Which batch is sent next, and from when on: the freshest window first, then the backlog, newest first.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use super::Queue;
use super::entry::{Entry, Place};
use crate::publish::batch::Batch;
use crate::publish::spool::FileName;

/// The greatest goes first: fresh or not, newest timestamp, then the lowest number.
type Rank = (bool, i64, Reverse<u64>);

fn rank(fresh: bool, name: FileName) -> Rank {
    (fresh, name.newest, Reverse(name.id))
}

impl Queue {
    /// The batch to send now, if any; it is in flight from here on.
    pub fn next(&mut self, now: Duration) -> Option<(u64, Arc<Batch>)> {
        self.disk.wanted = None;
        if self.in_flight.is_some() || self.silent_until().is_some_and(|until| now < until) {
            return None;
        }
        if self.held_back().is_some_and(|until| now < until) {
            return None;
        }
        let active = self
            .entries
            .iter()
            .filter(|entry| self.ready_from(entry, now).is_some_and(|from| from <= now));
        let active = active.max_by_key(|entry| rank(entry.fresh, entry.name));
        let idle = self
            .next_idle(now)
            .filter(|_| self.idle_from(now).is_some_and(|from| from <= now));
        let rank_of = |entry: &Entry| rank(entry.fresh, entry.name);
        let chosen = match (active, idle) {
            (Some(entry), Some(idle)) if rank_of(entry) < rank(self.last_call, idle) => Err(idle),
            (Some(entry), _) => Ok(entry),
            (None, idle) => Err(idle?),
        };
        let wanted = match chosen {
            Ok(entry) => match &entry.held {
                Some(batch) => {
                    let chosen = (entry.id(), Arc::clone(batch));
                    return self.sent_now(chosen, now);
                }
                None => entry.name,
            },
            Err(idle) => idle,
        };
        self.disk.wanted = Some(wanted);
        self.release_read(now);
        None
    }

    fn sent_now(&mut self, chosen: (u64, Arc<Batch>), now: Duration) -> Option<(u64, Arc<Batch>)> {
        if !self.pacer.may(now) {
            return None;
        }
        self.in_flight = Some(chosen.0);
        Some(chosen)
    }

    /// When [`Queue::next`] or [`Queue::op`] is worth asking again; `None` while only an event brings anything new.
    #[must_use]
    pub fn wake(&self, now: Duration) -> Option<Duration> {
        let wakes = [self.send_wake(now), self.disk_wake(now)];
        wakes.into_iter().flatten().min()
    }

    fn send_wake(&self, now: Duration) -> Option<Duration> {
        if self.in_flight.is_some() {
            return None;
        }
        let ready = self.entries.iter();
        let ready = ready.filter_map(|entry| self.ready_from(entry, now));
        let idle = self.idle.newest_ready().and_then(|_| self.idle_from(now));
        let barred = self.idle.newest_barred().and_then(|_| {
            let from = self.barred.as_ref()?.until;
            Some(self.idle_from(now)?.max(from))
        });
        let from = ready.chain(idle).chain(barred).min()?;
        let from = self.silent_until().map_or(from, |until| until.max(from));
        let from = self.held_back().map_or(from, |until| until.max(from));
        Some(from.max(self.pacer.free_from()))
    }

    /// Until when nothing at all is sent.
    pub(super) fn silent_until(&self) -> Option<Duration> {
        self.probe_from.max(self.asked_from)
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
        let there = match entry.held {
            Some(_) => entry.not_before,
            None => self.disk.readable_from()?.max(entry.unreadable_until),
        };
        let there = there.max(entry.aside_until);
        let there = there.max(self.barred_until(entry).unwrap_or_default());
        Some(self.turn(entry.fresh, now).max(there))
    }

    /// The idle file to be sent next; of a barred namespace one now and then.
    fn next_idle(&self, now: Duration) -> Option<FileName> {
        let barred = self.barred.as_ref().filter(|barred| barred.until <= now);
        let barred = barred.and_then(|_| self.idle.newest_barred());
        let ready = self.idle.newest_ready();
        ready
            .into_iter()
            .chain(barred)
            .max_by_key(|name| rank(false, *name))
    }

    /// From when on an idle file can be read and sent, as [`Queue::ready_from`].
    fn idle_from(&self, now: Duration) -> Option<Duration> {
        let there = self.disk.readable_from()?;
        Some(self.turn(self.last_call, now).max(there))
    }

    fn turn(&self, fresh: bool, now: Duration) -> Duration {
        if fresh { now } else { self.backlog_from }
    }

    /// A newer window is there: what was not sent by now is backlog, and waits on disk. Those numbered from `first` on
    /// are that window's.
    pub(super) fn overtake(&mut self, first: u64) {
        let new = self.entries.iter().filter(|entry| entry.id() >= first);
        let Some(newest) = new.map(|entry| entry.name.newest).max() else {
            return;
        };
        let in_flight = self.in_flight;
        for entry in &mut self.entries {
            let old = entry.fresh && entry.id() < first && entry.name.newest < newest;
            if !old || in_flight == Some(entry.id()) {
                continue;
            }
            entry.fresh = false;
            if matches!(entry.place, Place::Disk(_)) {
                entry.held = None;
            }
        }
    }

    /// Lets go of what was read from disk before something newer came: that one is read now.
    fn release_read(&mut self, now: Duration) {
        for entry in &mut self.entries {
            if !entry.fresh && matches!(entry.place, Place::Disk(_)) {
                entry.held = None;
            }
        }
        self.shelve(now);
    }

    /// Entries of which only the file is left go to the idle ones.
    pub(super) fn shelve(&mut self, now: Duration) {
        if self.last_call {
            // What was tried at shutdown is told from what was not by being an entry.
            return;
        }
        self.release_barred(now);
        let idle: Vec<Entry> = self
            .entries
            .extract_if(.., |entry| entry.is_idle(now))
            .collect();
        for entry in idle {
            if let Place::Disk(bytes) = entry.place {
                let since = entry.ahead_since.unwrap_or(now);
                let barred = self.barred_until(&entry).is_some();
                self.idle.insert(entry.name, bytes, since, barred);
            }
        }
    }
}
