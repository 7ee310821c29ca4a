//! The heartbeat: one per wall-clock minute, whatever the period, stamped with the minute's start.

use std::collections::VecDeque;

/// Minutes remembered, so that a clock that goes back does not make one twice.
const REMEMBERED: usize = 180;

/// Which minutes have had theirs.
#[derive(Debug, Default)]
pub struct Heartbeats {
    made: VecDeque<i64>,
    open: Option<i64>,
}

impl Heartbeats {
    /// A minute of the time before a restart had its heartbeat already.
    pub fn resume(&mut self, minute: i64) {
        self.made.push_back(minute);
    }

    /// The minute that holds this moment (Unix seconds) had its heartbeat.
    #[must_use]
    pub fn has(&self, secs: i64) -> bool {
        self.made.contains(&(secs.div_euclid(60) * 60))
    }

    /// The newest minute that had its heartbeat.
    #[must_use]
    pub fn last(&self) -> Option<i64> {
        self.made.back().copied()
    }

    /// A window closed: the minutes (Unix seconds of their starts) whose heartbeat is due.
    pub fn closed(&mut self, label: i64, period_secs: i64) -> Vec<i64> {
        let minute = label.div_euclid(60) * 60;
        let mut due = Vec::new();
        if let Some(open) = self.open.take().filter(|open| *open != minute) {
            due.extend(self.make(open));
        }
        if label + period_secs >= minute + 60 {
            due.extend(self.make(minute));
        } else {
            self.open = Some(minute);
        }
        due
    }

    /// Shutdown: the minute that is still open has its heartbeat now.
    pub fn shutdown(&mut self) -> Option<i64> {
        let open = self.open.take()?;
        self.make(open)
    }

    fn make(&mut self, minute: i64) -> Option<i64> {
        if self.made.contains(&minute) {
            return None;
        }
        if self.made.len() == REMEMBERED {
            self.made.pop_front();
        }
        self.made.push_back(minute);
        Some(minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_a_minute_makes_one() {
        let mut heartbeats = Heartbeats::default();
        assert_eq!(heartbeats.closed(600, 60), [600]);
        assert_eq!(heartbeats.closed(660, 60), [660]);
        assert_eq!(heartbeats.shutdown(), None);
    }

    #[test]
    fn a_restart_within_the_minute_makes_no_second_one() {
        let mut before = Heartbeats::default();
        assert!(before.closed(600, 10).is_empty());
        assert_eq!(before.shutdown(), Some(600));
        let mut after = Heartbeats::default();
        after.resume(before.last().unwrap());
        assert!(after.closed(650, 10).is_empty());
        assert_eq!(after.closed(660, 60), [660]);
    }

    #[test]
    fn short_windows_make_one_a_minute_when_it_ends() {
        let mut heartbeats = Heartbeats::default();
        let made: Vec<i64> = (600..720)
            .step_by(10)
            .flat_map(|l| heartbeats.closed(l, 10))
            .collect();
        assert_eq!(made, [600, 660]);
    }

    #[test]
    fn a_minute_cut_short_by_shutdown_or_a_jump_is_made_once() {
        let mut heartbeats = Heartbeats::default();
        assert!(heartbeats.closed(600, 10).is_empty());
        assert_eq!(heartbeats.closed(4200, 10), [600]);
        assert_eq!(heartbeats.shutdown(), Some(4200));
        assert!(heartbeats.closed(650, 10).is_empty());
    }
}
