//! CloudWatch's clock, learnt from the `Date` of its answers: how far ours is from it, and time by it where
//! `[cloudwatch] correct_clock` asks for that.
//!
//! `Date` has whole seconds (RFC 9110, 5.6.7), so an answer tells an interval: at some moment of the call's flight
//! CloudWatch's clock was in [Date, Date + 1 s). It is held against the boot clock, which nobody sets: a wall clock
//! that is put right later changes nothing, and is never corrected twice.
//!
//! One `Date` may lie. So a correction takes two answers in a row that agree, both of a short flight; it begins at 2 s,
//! ends below 1 s, and is refused beyond a day. Only answers in CloudWatch's own protocol bring a `Date` here.

use std::time::Duration;

use crate::clock::Now;

/// A correction begins here. A `Date` and a flight of [`FLIGHT_MOST`] tell the time within 1.5 s.
const BEGIN_MS: i64 = 2_000;
/// And ends below this: a clock at the edge does not change hands with each answer.
const END_MS: i64 = 1_000;
/// A clock further off than a day is set by people: nothing is guessed from the answers then.
const MOST_MS: i64 = 24 * 3_600_000;
/// What the answers agreed on is old after this, longer than anything waits for a clock: it must not keep back for good
/// what would bring new answers.
const AGREED_FOR: Duration = Duration::from_secs(1200);
/// A call that took longer says too little.
const FLIGHT_MOST: Duration = Duration::from_secs(2);

/// CloudWatch's clock less the boot clock, in milliseconds: somewhere in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Offset {
    least_ms: i64,
    most_ms: i64,
}

impl Offset {
    /// From a `Date`, Unix seconds, and the boot times between which it was written.
    fn of(date: i64, sent: Duration, answered: Duration) -> Self {
        let date_ms = date.saturating_mul(1000);
        Offset {
            least_ms: date_ms.saturating_sub(millis(answered)),
            most_ms: date_ms.saturating_add(1000).saturating_sub(millis(sent)),
        }
    }

    /// What is in both.
    fn and(self, other: Self) -> Option<Self> {
        let both = Offset {
            least_ms: self.least_ms.max(other.least_ms),
            most_ms: self.most_ms.min(other.most_ms),
        };
        (both.least_ms <= both.most_ms).then_some(both)
    }

    fn middle_ms(self) -> i64 {
        self.least_ms + (self.most_ms - self.least_ms) / 2
    }

    /// How far this wall clock is ahead of CloudWatch's.
    fn skew_ms(self, now: Now) -> i64 {
        let server_ms = self.middle_ms().saturating_add(millis(now.boot));
        now.wall_ms.saturating_sub(server_ms)
    }
}

/// What an answer made of the correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    AsBefore,
    Begun,
    Changed,
    Ended,
    /// More than a day.
    Refused,
}

/// What is known of CloudWatch's clock.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    /// Windows are labelled by it where ours is wrong.
    corrects: bool,
    /// When the call in flight was begun, boot time.
    sent: Option<Duration>,
    last: Option<Offset>,
    /// What the last two answers that agreed say, and since when, boot time: CloudWatch's clock less the boot clock, in
    /// milliseconds.
    agreed: Option<(i64, Duration)>,
    /// The correction: CloudWatch's clock less the boot clock, in milliseconds.
    held_ms: Option<i64>,
    /// How far the wall clock, as it is, was ahead at the last answer.
    skew_ms: Option<i64>,
}

impl ServerClock {
    pub(super) fn new(corrects: bool) -> Self {
        ServerClock {
            corrects,
            ..ServerClock::default()
        }
    }

    /// A call begins.
    pub(super) fn asked(&mut self, now: Duration) {
        self.sent = Some(now);
    }

    /// The same moment, by CloudWatch's clock where a correction is in force.
    pub(super) fn corrected(&self, now: Now) -> Now {
        let wall_ms = self.held_ms.map(|held| held + millis(now.boot));
        Now {
            wall_ms: wall_ms.unwrap_or(now.wall_ms),
            ..now
        }
    }

    /// The same moment by CloudWatch's clock where that is behind: what is stamped too far ahead of it is not sent. It
    /// makes nothing too old that this clock does not.
    pub(super) fn judging(&self, now: Now) -> Now {
        let fresh = self
            .agreed
            .filter(|(_, since)| now.boot.saturating_sub(*since) < AGREED_FOR);
        let theirs = fresh.map(|(agreed_ms, _)| agreed_ms + millis(now.boot));
        Now {
            wall_ms: theirs.map_or(now.wall_ms, |theirs| theirs.min(now.wall_ms)),
            ..now
        }
    }

    /// Milliseconds that the wall clock, as it is, was ahead at the last answer.
    pub(super) fn skew_ms(&self) -> i64 {
        self.skew_ms.unwrap_or(0)
    }

    /// A correction is in force.
    pub(super) fn is_corrected(&self) -> bool {
        self.held_ms.is_some()
    }

    /// Seconds that the wall clock, as it is, was ahead at the last answer.
    #[allow(clippy::cast_precision_loss)] // tenths of seconds
    pub(super) fn skew_secs(&self) -> Option<f64> {
        let tenths = |ms: i64| (ms as f64 / 100.0).round() / 10.0;
        self.skew_ms.map(tenths)
    }

    /// Seconds that are added to the wall clock now.
    #[allow(clippy::cast_precision_loss)] // milliseconds within a day, or what people set
    pub(super) fn correction_secs(&self, now: Now) -> f64 {
        (self.corrected(now).wall_ms - now.wall_ms) as f64 / 1000.0
    }

    /// An answer with this `Date` came; `now` is the wall clock as it is.
    pub(super) fn answered(&mut self, date: i64, now: Now) -> Verdict {
        let sent = self.sent.take().unwrap_or(now.boot).min(now.boot);
        let seen = Offset::of(date, sent, now.boot);
        self.skew_ms = Some(seen.skew_ms(now));
        if now.boot - sent > FLIGHT_MOST {
            return Verdict::AsBefore;
        }
        let agreed = self.last.replace(seen).and_then(|last| last.and(seen));
        let Some(both) = agreed else {
            return Verdict::AsBefore;
        };
        let believed = both.skew_ms(now).saturating_abs() <= MOST_MS;
        // The latest that it may be: what may be taken is sent.
        self.agreed = believed.then_some((both.most_ms, now.boot));
        match self.corrects {
            true => self.judge(both, now),
            false => Verdict::AsBefore,
        }
    }

    fn judge(&mut self, both: Offset, now: Now) -> Verdict {
        let skew_ms = both.skew_ms(now).saturating_abs();
        match self.held_ms {
            None if skew_ms < BEGIN_MS => Verdict::AsBefore,
            Some(_) if skew_ms < END_MS => {
                self.held_ms = None;
                Verdict::Ended
            }
            Some(held) if (both.least_ms..=both.most_ms).contains(&held) => Verdict::AsBefore,
            _ if skew_ms > MOST_MS => Verdict::Refused,
            None => {
                self.held_ms = Some(both.middle_ms());
                Verdict::Begun
            }
            Some(held) => {
                // Just inside: a drift moves it by some milliseconds a window.
                let inside = held.clamp(both.least_ms, both.most_ms);
                let jumped = (inside - held).abs() >= BEGIN_MS;
                let (moved, verdict) = match jumped {
                    true => (both.middle_ms(), Verdict::Changed),
                    false => (inside, Verdict::AsBefore),
                };
                self.held_ms = Some(moved);
                verdict
            }
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUE_MS: i64 = 1_795_219_200_000;

    /// A machine whose wall clock is ahead by so much, against a CloudWatch whose clock is right.
    struct Bench {
        clock: ServerClock,
        boot_ms: u64,
        ahead_ms: i64,
        /// How far the boot clock fell behind CloudWatch's.
        lost_ms: i64,
    }

    impl Bench {
        fn new(ahead_ms: i64) -> Self {
            Bench {
                clock: ServerClock::new(true),
                boot_ms: 500_000,
                ahead_ms,
                lost_ms: 0,
            }
        }

        fn now(&self) -> Now {
            let true_ms = TRUE_MS + i64::try_from(self.boot_ms).unwrap();
            Now {
                boot: Duration::from_millis(self.boot_ms),
                wall_ms: true_ms + self.ahead_ms,
            }
        }

        /// One call a minute, answered after `flight_ms` with what CloudWatch's clock says `off_ms` of the way.
        fn call(&mut self, flight_ms: u64, date: impl Fn(i64) -> i64) -> Verdict {
            self.boot_ms += 60_007;
            self.clock.asked(self.now().boot);
            let half_way_ms = i64::try_from(self.boot_ms + flight_ms / 2).unwrap();
            let stamped_ms = TRUE_MS + half_way_ms + self.lost_ms;
            self.boot_ms += flight_ms;
            self.clock
                .answered(date(stamped_ms.div_euclid(1000)), self.now())
        }

        /// What the corrected clock is wrong by.
        fn error_ms(&self) -> i64 {
            self.clock.corrected(self.now()).wall_ms - (self.now().wall_ms - self.ahead_ms)
        }
    }

    fn right(date: i64) -> i64 {
        date
    }

    #[test]
    fn two_answers_that_agree_begin_it_and_it_is_right_within_half_a_second() {
        for ahead_ms in [3_600_000, -3_600_000, 2_700, -2_700, 86_000_000] {
            let mut bench = Bench::new(ahead_ms);
            assert_eq!(bench.call(40, right), Verdict::AsBefore, "{ahead_ms}");
            assert_eq!(bench.error_ms(), ahead_ms);
            assert_eq!(bench.call(40, right), Verdict::Begun, "{ahead_ms}");
            for _ in 0..200 {
                assert!(bench.error_ms().abs() <= 520, "{ahead_ms}");
                assert_eq!(bench.call(40, right), Verdict::AsBefore);
            }
        }
    }

    #[test]
    fn a_small_skew_is_measured_and_left_alone() {
        for ahead_ms in [0, 400, -400, 1400, -1400] {
            let mut bench = Bench::new(ahead_ms);
            for _ in 0..50 {
                assert_eq!(bench.call(40, right), Verdict::AsBefore, "{ahead_ms}");
                let skew_ms = bench.clock.skew_ms.unwrap();
                assert!((skew_ms - ahead_ms).abs() <= 520, "{skew_ms}");
                assert_eq!(bench.error_ms(), ahead_ms);
            }
        }
    }

    #[test]
    fn a_step_of_the_wall_clock_changes_nothing_and_ends_it_when_it_is_right() {
        let mut bench = Bench::new(-7_200_000);
        bench.call(40, right);
        bench.call(40, right);
        let before = bench.error_ms();
        // Wrong otherwise, then put right.
        bench.ahead_ms = 5_000_000;
        assert_eq!(bench.error_ms(), before);
        assert_eq!(bench.call(40, right), Verdict::AsBefore);
        bench.ahead_ms = 100;
        assert_eq!(bench.error_ms(), before);
        assert_eq!(bench.call(40, right), Verdict::Ended);
        assert_eq!(bench.error_ms(), 100);
    }

    #[test]
    fn dates_that_lie_move_nothing() {
        let lies: [&dyn Fn(i64) -> i64; 4] = [&|_| 0, &|_| 4_102_444_800, &|_| i64::MAX, &|date| {
            date + 86_500
        }];
        for lie in lies {
            let mut bench = Bench::new(30);
            for _ in 0..5 {
                let verdict = bench.call(40, lie);
                assert_ne!(verdict, Verdict::Begun);
                assert_eq!(bench.error_ms(), 30);
            }
            // Nor a correction that is in force.
            let mut bench = Bench::new(60_000);
            bench.call(40, right);
            assert_eq!(bench.call(40, right), Verdict::Begun);
            for _ in 0..5 {
                bench.call(40, lie);
                assert!(bench.error_ms().abs() <= 520);
            }
        }
        // One lie within the day is one answer, and takes a second that agrees.
        let mut bench = Bench::new(30);
        for round in 0..20 {
            let verdict = bench.call(40, |date| date + 3600 * i64::from(round % 2 == 0));
            assert_eq!(verdict, Verdict::AsBefore);
        }
    }

    #[test]
    fn the_bounds_hold_at_their_edges() {
        // The middle of two answers lies within half a second of the truth, so the edges are tried outside of that.
        for (ahead_ms, begins) in [
            (1_400, false),
            (2_600, true),
            (MOST_MS - 600, true),
            (MOST_MS + 600, false),
        ] {
            let mut bench = Bench::new(ahead_ms);
            bench.call(0, right);
            let verdict = bench.call(0, right);
            assert_eq!(verdict == Verdict::Begun, begins, "{ahead_ms}: {verdict:?}");
        }
        for (flight_ms, begins) in [(1_999, true), (2_000, true), (2_001, false)] {
            let mut bench = Bench::new(60_000);
            bench.call(flight_ms, right);
            let verdict = bench.call(flight_ms, right);
            assert_eq!(verdict == Verdict::Begun, begins, "{flight_ms} ms");
        }
    }

    #[test]
    fn a_drift_is_followed_by_steps_that_move_no_label() {
        let mut bench = Bench::new(60_000);
        bench.call(40, right);
        bench.call(40, right);
        let mut last = bench.clock.held_ms.unwrap();
        for _ in 0..600 {
            // 100 parts in a million: the boot clock loses 6 ms a minute.
            bench.lost_ms += 6;
            assert_eq!(bench.call(40, right), Verdict::AsBefore);
            let held = bench.clock.held_ms.unwrap();
            // A window's end may be half a second off its boundary.
            assert!((held - last).abs() < 250, "{}", held - last);
            last = held;
        }
        let error_ms = bench.error_ms() - bench.lost_ms;
        assert!(error_ms.abs() <= 1_050, "{error_ms}");
    }

    #[test]
    fn a_machine_that_was_paused_is_followed() {
        let mut bench = Bench::new(60_000);
        bench.call(40, right);
        bench.call(40, right);
        // Its clocks stood still for ten minutes, CloudWatch's did not.
        bench.lost_ms += 600_000;
        assert_eq!(bench.call(40, right), Verdict::AsBefore);
        assert_eq!(bench.call(40, right), Verdict::Changed);
        assert!((bench.error_ms() - 600_000).abs() <= 520);
    }
}
