//! The line to the service manager: ready, alive, stopping, and a word on how it goes.

use std::time::Duration;

use tracing::{error, warn};

use crate::agent::core::Core;
use crate::clock::{self, Now};
use crate::host::systemd::ServiceManager;

/// How often the status is told where no watchdog asks for signs of life.
const STATUS_EVERY: Duration = Duration::from_secs(30);

/// A sign that was withheld comes as soon as nothing holds us up: the next but one would be too late for the watchdog.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Tells the service manager, where there is one.
#[derive(Debug)]
pub(super) struct Lifeline {
    manager: ServiceManager,
    every: Duration,
    next: Duration,
    held_up: bool,
}

impl Lifeline {
    /// As the environment says.
    pub(super) fn from_environment() -> Self {
        let manager = ServiceManager::from_environment().unwrap_or_else(|error| {
            warn!("cannot use NOTIFY_SOCKET: {error}; the service manager is told nothing");
            ServiceManager::default()
        });
        let half = |watchdog: Duration| watchdog / 2;
        Lifeline {
            every: manager.watchdog().map_or(STATUS_EVERY, half),
            manager,
            next: Duration::ZERO,
            held_up: false,
        }
    }

    /// A configuration is read; [`Lifeline::ready`] ends it, whichever is in force then.
    pub(super) fn reloading(&self, core: &Core) {
        let since = clock::monotonic_usec();
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={since}\n"), core);
    }

    /// All is built and the first passes are under way, or a reload ended.
    pub(super) fn ready(&self, core: &Core) {
        self.tell("READY=1\n", core);
    }

    /// The end has begun.
    pub(super) fn stopping(&self, core: &Core) {
        self.tell("STOPPING=1\n", core);
    }

    /// When the next sign of life is due, boot time.
    pub(super) fn wake(&self) -> Duration {
        self.next
    }

    /// The sign of life, where it is due; withheld when something holds us up, so that the watchdog acts.
    pub(super) fn beat(&mut self, core: &Core, now: Now) {
        if now.boot < self.next {
            return;
        }
        match core.overdue(now) {
            None => {
                // By signs of life alone: other words mean nothing to the watchdog, and may not put them off.
                self.next = now.boot + self.every;
                self.held_up = false;
                self.tell("WATCHDOG=1\n", core);
            }
            Some(why) => {
                if !std::mem::replace(&mut self.held_up, true) {
                    error!("{why}; the watchdog is told nothing until it does");
                }
                self.next = now.boot + LOOK_AGAIN.min(self.every);
                self.tell("", core);
            }
        }
    }

    fn tell(&self, first: &str, core: &Core) {
        // A manager that does not read its socket is no reason to stop.
        let _ = self
            .manager
            .tell(&format!("{first}STATUS={}\n", core.status()));
    }
}
