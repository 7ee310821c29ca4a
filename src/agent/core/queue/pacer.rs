//! The ceiling for all sends: governor on our clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

pub(super) struct Pacer {
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
    pub(super) fn new(requests_per_second: std::num::NonZeroU32) -> Self {
        let clock = CoreClock(Arc::new(AtomicU64::new(0)));
        let limiter =
            RateLimiter::direct_with_clock(Quota::per_second(requests_per_second), clock.clone());
        Pacer {
            clock,
            limiter,
            free_from: Duration::ZERO,
        }
    }

    /// Whether a call may go out now; then it is counted.
    pub(super) fn may(&mut self, now: Duration) -> bool {
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

    /// When it is worth asking again.
    pub(super) fn free_from(&self) -> Duration {
        self.free_from
    }
}
