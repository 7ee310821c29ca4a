//! The only file that reads a clock; everyone else is given the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    /// CLOCK_BOOTTIME: never jumps, goes on through a suspend. All elapsed time is measured on it.
    pub boot: Duration,
    /// The wall clock, milliseconds since the Unix epoch: labels windows, may jump.
    pub wall_ms: i64,
}

impl Now {
    /// The wall clock in whole seconds.
    #[must_use]
    pub fn wall_secs(self) -> i64 {
        self.wall_ms.div_euclid(1000)
    }
}

/// Reads both clocks.
#[must_use]
#[allow(clippy::disallowed_methods)] // the one place
pub fn now() -> Now {
    let boot = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    // A clock before 1970 is an unset clock: the epoch is as good a label as any.
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Now {
        // The kernel never hands out a negative boot time, nor 10^9 nanoseconds.
        boot: Duration::new(
            u64::try_from(boot.tv_sec).unwrap_or_default(),
            u32::try_from(boot.tv_nsec).unwrap_or_default(),
        ),
        wall_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
    }
}

/// CLOCK_MONOTONIC in microseconds: systemd wants it of one who reloads (sd_notify(3), `MONOTONIC_USEC`).
#[must_use]
pub fn monotonic_usec() -> u64 {
    let monotonic = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    // The kernel never hands out a negative time since boot.
    let secs = u64::try_from(monotonic.tv_sec).unwrap_or_default();
    let micros = u64::try_from(monotonic.tv_nsec / 1000).unwrap_or_default();
    secs * 1_000_000 + micros
}

/// A moment of the wall clock in RFC 3339, UTC, whole seconds.
#[must_use]
pub fn rfc3339(unix_secs: i64) -> String {
    let since_epoch = Duration::from_secs(u64::try_from(unix_secs).unwrap_or_default());
    humantime::format_rfc3339_seconds(UNIX_EPOCH + since_epoch).to_string()
}
