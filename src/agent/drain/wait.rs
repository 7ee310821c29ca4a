//! When a firewall is drained: a rule and what was read, and the time as an argument.
//!
//! Unknown is not gone. A firewall whose sessions cannot be read is waited for until the cap.

use std::time::Duration;

use super::gauge::{Gauge, Gauges, Reading};
use crate::config;

/// So many readings in a row must say that the sessions are gone: one alone may be that of a source which starts anew.
const LOW_READINGS: u32 = 2;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The cap.
    pub wait_max: Duration,
    /// Fewer than this share of the sessions at the start count as none, percent.
    pub sessions_percent: u32,
    /// So many and fewer count as none.
    pub own_sessions: u32,
    /// No new session for so long counts as none.
    pub quiet: Duration,
    /// Tunnels and remote-access users must be gone too, where they are read.
    pub waits_for_tunnels: bool,
}

impl Rule {
    /// As it is configured.
    #[must_use]
    pub fn of(drain: &config::Drain) -> Self {
        Rule {
            wait_max: Duration::from_secs(drain.wait_max_secs),
            sessions_percent: drain.sessions_percent,
            own_sessions: drain.own_sessions,
            quiet: Duration::from_secs(drain.quiet_secs),
            waits_for_tunnels: drain.wait_for_tunnels,
        }
    }
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Hardly any session is left.
    Gone,
    /// None began for long enough.
    Quiet,
    /// The cap.
    Cap,
}

/// One wait.
#[derive(Debug, Clone)]
pub struct Wait {
    rule: Rule,
    /// Boot time.
    began: Duration,
    /// Sessions at the start, as soon as they are known.
    first: Option<f64>,
    gauges: Gauges,
    /// Readings in a row that say that the sessions are gone.
    low: u32,
    /// No session began since then.
    quiet_since: Option<Duration>,
}

impl Wait {
    /// Begins, or goes on with a wait that began then, boot time, with so many sessions.
    #[must_use]
    pub fn new(rule: Rule, began: Duration, first: Option<f64>, gauges: Gauges) -> Self {
        Wait {
            rule,
            began,
            first,
            gauges,
            low: 0,
            quiet_since: None,
        }
    }

    /// The sessions at the start are those of the newest reading, where it is fresh.
    pub fn count(&mut self, now: Duration) {
        let fresh = self.gauges.fresh(Gauge::Sessions, now);
        self.first = self.first.or(fresh.map(|reading| reading.value));
    }

    /// From now on it goes by this rule.
    pub fn change(&mut self, rule: Rule) {
        self.rule = rule;
        // They were counted by the other one.
        self.low = 0;
    }

    /// Its gauges, to tell which collectors are to be heard of tunnels, and which were.
    pub fn gauges_mut(&mut self) -> &mut Gauges {
        &mut self.gauges
    }

    /// A reading came.
    pub fn take(&mut self, gauge: Gauge, reading: Reading) {
        if !reading.value.is_finite() {
            return;
        }
        let unbroken = self.gauges.fresh(gauge, reading.at).is_some();
        self.gauges.put(gauge, reading);
        match gauge {
            Gauge::Sessions => {
                self.first.get_or_insert(reading.value);
                let before = if unbroken { self.low } else { 0 };
                self.low = match reading.value < self.below() {
                    true => before + 1,
                    false => 0,
                };
            }
            Gauge::NewSessions if reading.value > 0.0 => self.quiet_since = None,
            Gauge::NewSessions => {
                let before = self.quiet_since.filter(|_| unbroken);
                self.quiet_since = before.or(Some(reading.at.max(self.began)));
            }
            Gauge::Tunnels | Gauge::Users => {}
        }
    }

    /// Whether it is over, and why.
    #[must_use]
    pub fn over(&self, now: Duration) -> Option<Why> {
        let read = |gauge| self.gauges.fresh(gauge, now).is_some();
        if read(Gauge::Sessions) && self.tunnels_are_gone(now) {
            if self.low >= LOW_READINGS {
                return Some(Why::Gone);
            }
            if read(Gauge::NewSessions) && self.quiet_for(now) >= Some(self.rule.quiet) {
                return Some(Why::Quiet);
            }
        }
        (self.left(now).is_zero()).then_some(Why::Cap)
    }

    fn tunnels_are_gone(&self, now: Duration) -> bool {
        let gone = |gauge| self.gauges.is_none(gauge, now);
        !self.waits_to_hear()
            && (!self.rule.waits_for_tunnels || (gone(Gauge::Tunnels) && gone(Gauge::Users)))
    }

    /// Whether there are tunnels is not known yet, and matters.
    #[must_use]
    pub fn waits_to_hear(&self) -> bool {
        self.rule.waits_for_tunnels && !self.gauges.know_tunnels()
    }

    /// How long no session began.
    #[must_use]
    pub fn quiet_for(&self, now: Duration) -> Option<Duration> {
        Some(now.saturating_sub(self.quiet_since?))
    }

    /// Fewer sessions than this are none.
    #[must_use]
    pub fn below(&self) -> f64 {
        let own = f64::from(self.rule.own_sessions) + 1.0;
        let share = self.first.unwrap_or_default() * f64::from(self.rule.sessions_percent) / 100.0;
        own.max(share.ceil())
    }

    /// Time to the cap.
    #[must_use]
    pub fn left(&self, now: Duration) -> Duration {
        (self.began + self.rule.wait_max).saturating_sub(now)
    }

    /// When it is over at the latest, boot time, or may be over before.
    #[must_use]
    pub fn wake(&self, now: Duration) -> Duration {
        let cap = self.began + self.rule.wait_max;
        let quiet = self.quiet_since.map(|since| since + self.rule.quiet);
        // Past it something else is waited for.
        quiet.filter(|at| *at > now).unwrap_or(cap).min(cap)
    }

    /// What it goes by.
    #[must_use]
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The newest readings.
    #[must_use]
    pub fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    /// Sessions at the start, where they are known.
    #[must_use]
    pub fn first(&self) -> Option<f64> {
        self.first
    }

    /// When it began, boot time.
    #[must_use]
    pub fn began(&self) -> Duration {
        self.began
    }
}
