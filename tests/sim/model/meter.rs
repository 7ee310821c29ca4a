//! A cumulative counter that grows with time.

/// A cumulative counter. When a field of it or the state of its owner is changed through [`Simulator::change`], what it
/// has counted so far is kept, so it never jumps.
///
/// [`Simulator::change`]: super::super::Simulator::change
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meter {
    /// What it grows by each second.
    pub per_second: u64,
    /// What it had counted at `since`.
    pub carried: u64,
    /// Unix second from which it grows.
    pub since: i64,
    /// It stands still: its tunnel is down.
    pub stopped: bool,
}

impl Meter {
    /// One that starts at `since` with nothing counted.
    pub fn new(per_second: u64, since: i64) -> Self {
        Self {
            per_second,
            carried: 0,
            since,
            stopped: false,
        }
    }

    /// Its value in a second; `jitter` makes the growth uneven and never makes it fall.
    pub fn at(&self, second: i64, jitter: u64) -> u64 {
        let elapsed = u64::try_from(second - self.since).unwrap_or(0);
        if self.stopped || self.per_second == 0 {
            return self.carried;
        }
        self.carried + self.per_second * elapsed + jitter % self.per_second
    }

    /// Goes on from what `before` had counted, if it no longer grows as that did.
    pub(super) fn go_on(&mut self, before: &Self, second: i64, jitter: u64) {
        let same = (self.per_second, self.stopped) == (before.per_second, before.stopped);
        // A test that sets the count itself means it.
        let set = (self.carried, self.since) != (before.carried, before.since);
        if !same && !set {
            self.carried = before.at(second, jitter);
            self.since = second;
        }
    }

    /// Counts from nothing.
    pub(super) fn reset(&mut self, second: i64) {
        self.carried = 0;
        self.since = second;
    }
}
