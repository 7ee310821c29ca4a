//! Whether a status file is still written: by its change from pass to pass, on a clock that never jumps. Pure.
//!
//! OpenVPN leaves its file behind when it ends, so an old one says nothing of now. How often it is written is not in it
//! (`--status FILE n`), and is learnt from three changes.

use std::time::Duration;

/// Three times OpenVPN's default of 60 s: until the time between two writings is known.
const UNKNOWN_MAX: Duration = Duration::from_secs(180);
/// Missed writings after which the file is stale.
const MISSED_MAX: u32 = 3;
/// A busy daemon may be this late.
const LATE_MAX: Duration = Duration::from_secs(10);

/// What is known of one file.
#[derive(Debug, Clone)]
pub struct Freshness {
    stamp: String,
    /// When it was last seen to have changed; at first, when it was first looked at.
    changed: Duration,
    /// How old it was then by the wall clock, at the first look.
    age: Duration,
    /// That was a change, and no first look.
    has_changed: bool,
    /// Times between the last changes, the newest first: a daemon that starts writes at once, whatever its rhythm.
    gaps: [Option<Duration>; 2],
}

/// What a look brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Written since the last look, or looked at for the first time.
    New,
    /// As before, and not yet due for another writing.
    Same,
    /// Not written for so long.
    Stale(Duration),
}

impl Freshness {
    /// First looked at `now` (boot time), `age` after it was written by the wall clock.
    #[must_use]
    pub fn new(stamp: &str, age: Duration, now: Duration) -> (Self, Look) {
        let fresh = Freshness {
            stamp: stamp.to_owned(),
            changed: now,
            age,
            has_changed: false,
            gaps: [None; 2],
        };
        let look = if age > UNKNOWN_MAX {
            Look::Stale(age)
        } else {
            Look::New
        };
        (fresh, look)
    }

    /// Looked at again.
    pub fn look(&mut self, stamp: &str, now: Duration) -> Look {
        let age = now.saturating_sub(self.changed) + self.age;
        let is_stale = age > self.limit();
        if stamp == self.stamp {
            return if is_stale {
                Look::Stale(age)
            } else {
                Look::Same
            };
        }
        // The time before the first change is a part of a gap, and a pause is none.
        let gap = (self.has_changed && !is_stale).then_some(age);
        self.gaps = [gap, self.gaps[0]];
        self.has_changed = true;
        (self.changed, self.age) = (now, Duration::ZERO);
        stamp.clone_into(&mut self.stamp);
        Look::New
    }

    fn limit(&self) -> Duration {
        let missed = |gap: Duration| gap.saturating_mul(MISSED_MAX).max(LATE_MAX);
        match self.gaps {
            [Some(gap), Some(before)] => missed(gap.max(before)),
            _ => UNKNOWN_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The looks at these seconds, of a file first written `age` before second 1000.
    fn looks(age: u64, at: &[(u64, &str)]) -> Vec<Look> {
        let secs = Duration::from_secs;
        let (mut fresh, first) = Freshness::new("a", secs(age), secs(1000));
        let looks = at.iter().map(|(at, stamp)| fresh.look(stamp, secs(*at)));
        [first].into_iter().chain(looks).collect()
    }

    fn stale(secs: u64) -> Look {
        Look::Stale(Duration::from_secs(secs))
    }

    #[test]
    fn before_its_rhythm_is_known_it_has_three_minutes() {
        use Look::{New, Same};
        assert_eq!(
            looks(0, &[(1005, "a"), (1180, "a"), (1181, "a")]),
            [New, Same, Same, stale(181)]
        );
        assert_eq!(
            looks(3600, &[(1005, "a"), (1010, "b")]),
            [stale(3600), stale(3605), New]
        );
    }

    #[test]
    fn after_three_changes_three_are_missed_before_it_is_stale() {
        use Look::{New, Same};
        let a_minute = [(1002, "b"), (1062, "c"), (1242, "c"), (1243, "c")];
        assert_eq!(looks(58, &a_minute), [New, New, New, Same, stale(181)]);
        let five = [
            (1002, "b"),
            (1007, "c"),
            (1012, "d"),
            (1027, "d"),
            (1028, "d"),
            (1030, "e"),
        ];
        assert_eq!(looks(0, &five), [New, New, New, New, Same, stale(16), New]);
        let second = [
            (1001, "b"),
            (1002, "c"),
            (1003, "d"),
            (1013, "d"),
            (1014, "d"),
        ];
        assert_eq!(looks(0, &second), [New, New, New, New, Same, stale(11)]);
    }

    #[test]
    fn a_daemon_that_is_started_anew_writes_out_of_its_rhythm() {
        use Look::{New, Same};
        let anew = [
            (1002, "b"),
            (1062, "c"),
            (1122, "d"),
            (1127, "e"),
            (1180, "e"),
            (1187, "f"),
        ];
        assert_eq!(looks(0, &anew), [New, New, New, New, New, Same, New]);
    }

    #[test]
    fn a_pause_is_not_its_rhythm() {
        let after = [
            (1001, "b"),
            (1006, "c"),
            (4000, "d"),
            (4100, "d"),
            (4181, "d"),
        ];
        let looks = looks(0, &after);
        assert_eq!(looks[3..], [Look::New, Look::Same, stale(181)]);
    }
}
