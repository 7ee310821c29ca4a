//! A timer of the kernel's own on the boot clock.
//!
//! The runtime's timer lies on a wheel of slots: a sleep of a second wakes the process twice on the way. This one wakes
//! it once, at the microsecond, and goes on through a suspend (timerfd_create(2)).
//!
//! Kernels before 3.15 have no such timer. There it is one on the monotonic clock, which stands still while the machine
//! is suspended: set for the time that is left, it comes late by the suspend.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;

use crate::clock;

/// Wakes its one task at a moment of boot time.
#[derive(Debug)]
pub struct Timer {
    fd: AsyncFd<OwnedFd>,
    clock: TimerfdClockId,
    set: Option<Duration>,
}

impl Timer {
    /// A timer that is not set. Needs a runtime.
    ///
    /// # Errors
    /// What the kernel says: no descriptor is left.
    pub fn new() -> io::Result<Self> {
        Timer::on(TimerfdClockId::Boottime).or_else(|error| match Errno::from_io_error(&error) {
            Some(Errno::INVAL) => Timer::on(TimerfdClockId::Monotonic),
            _ => Err(error),
        })
    }

    fn on(clock: TimerfdClockId) -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(clock, flags)?;
        // Deprecated for types whose descriptor may change; an OwnedFd's never does.
        #[allow(deprecated)]
        let fd = AsyncFd::new(fd)?;
        Ok(Timer {
            fd,
            clock,
            set: None,
        })
    }

    /// Returns at this moment, boot time; at once when it has passed. May be dropped and asked again.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn at(&mut self, moment: Duration) -> io::Result<()> {
        if self.set != Some(moment) {
            self.arm(moment)?;
        }
        loop {
            let mut ready = self.fd.readable().await?;
            // What was ready may have been the moment before this one: then there is nothing to read yet.
            let expired = ready.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut [0; 8])?));
            if let Ok(read) = expired {
                self.set = None;
                return read.map(|_| ());
            }
        }
    }

    fn arm(&mut self, moment: Duration) -> io::Result<()> {
        let (time, flags) = match self.clock {
            TimerfdClockId::Boottime => (moment, TimerfdTimerFlags::ABSTIME),
            _ => {
                let left = moment.saturating_sub(clock::now().boot);
                (left, TimerfdTimerFlags::empty())
            }
        };
        let value = Timespec {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            // Zero of both would switch it off.
            tv_nsec: i64::from(time.subsec_nanos().max(1)),
        };
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: value,
        };
        timerfd_settime(&self.fd, flags, &once)?;
        self.set = Some(moment);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCKS: [TimerfdClockId; 2] = [TimerfdClockId::Boottime, TimerfdClockId::Monotonic];

    #[tokio::test]
    async fn it_returns_at_its_moment_not_before_and_again() {
        for clock in CLOCKS {
            let mut timer = Timer::on(clock).unwrap();
            for _ in 0..3 {
                let moment = clock::now().boot + Duration::from_millis(5);
                timer.at(moment).await.unwrap();
                assert!(clock::now().boot >= moment, "{clock:?}");
            }
            timer.at(Duration::ZERO).await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_earlier_moment_replaces_the_one_that_was_asked_for() {
        for clock in CLOCKS {
            let mut timer = Timer::on(clock).unwrap();
            let far = clock::now().boot + Duration::from_secs(3600);
            let given_up = tokio::time::timeout(Duration::from_millis(1), timer.at(far)).await;
            assert!(given_up.is_err());
            let near = clock::now().boot + Duration::from_millis(2);
            timer.at(near).await.unwrap();
            assert!(clock::now().boot >= near, "{clock:?}");
        }
    }
}
