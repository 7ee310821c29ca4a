//! The end: the open window goes out, the rest is tried once more, and what is safe on disk stays there.

use std::time::Duration;

use super::Core;
use super::account::Reason;
use super::notices::Level;
use crate::clock::Now;

/// At shutdown the rest is sent for so long: longer than an attempt that hangs, well inside the unit's
/// TimeoutStopSec of 30 s.
const FLUSH_FOR: Duration = Duration::from_secs(20);

impl Core {
    pub(super) fn stop(&mut self, now: Now) {
        if self.stopping_until.is_some() {
            return;
        }
        self.stopping_until = Some(now.boot + FLUSH_FOR);
        self.stop_draining();
        self.seal_recovered(true, now);
        let spans = self.schedule.drain();
        let last = spans.len().saturating_sub(1);
        for (index, span) in spans.into_iter().enumerate() {
            let mut minutes = self.heartbeats.closed(span.label, self.period_secs());
            if index == last {
                // The minute that is still open has its heartbeat now.
                minutes.extend(self.heartbeats.shutdown());
            }
            self.close_with(span, &minutes, now);
        }
        self.queue.refresh(now.boot);
    }

    pub(super) fn may_exit(&mut self, now: Now) -> bool {
        let Some(until) = self.stopping_until else {
            return false;
        };
        let written = self.journals.rests() || !self.queue.disk_is_well();
        let rests = self.queue.rests(until) && self.queue.disk_rests(now.boot) && written;
        if self.exited || (!rests && now.boot < until) {
            return false;
        }
        self.exited = true;
        self.account.refused_readings = self.aggregator.refused();
        let rest = self.waiting.clear() + self.queue.clear();
        self.account.drop(Reason::Shutdown, rest);
        self.unsent = rest;
        let level = if rest > 0 { Level::Error } else { Level::Info };
        self.notices.close();
        self.notices
            .insist(level, format!("account: {}", self.account));
        true
    }
}
