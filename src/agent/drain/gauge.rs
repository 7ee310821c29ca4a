//! The newest readings that a drain goes by, each with how long it stands. What is not read any more, or not yet, is
//! unknown.

use std::time::Duration;

use crate::aggregate::aggregator::Emitted;
use crate::aggregate::counter::Fine;
use crate::config::Wanted;
use crate::model::metric::Metric;
use crate::model::names::tunnels::TUNNELS_UP;
use crate::model::names::{ACTIVE_SESSIONS, NEW_SESSIONS_PER_SECOND, REMOTE_ACCESS_TUNNELS};
use crate::model::selection::Selection;

/// A reading stands for so many half periods of its source; the aggregator's rule for folding.
const FRESH_HALF_PERIODS: u32 = 5;
/// And for so long at least: a pass of a second that comes late says nothing yet.
const FRESH_LEAST: Duration = Duration::from_secs(10);

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gauge {
    /// Sessions in the table.
    Sessions,
    /// Sessions begun in a second.
    NewSessions,
    /// Tunnels that are up.
    Tunnels,
    /// Remote-access users with a tunnel.
    Users,
}

impl Gauge {
    /// All of them.
    pub const ALL: [Gauge; 4] = [
        Gauge::Sessions,
        Gauge::NewSessions,
        Gauge::Tunnels,
        Gauge::Users,
    ];

    /// The metric whose coarse series it is.
    #[must_use]
    pub fn metric(self) -> &'static Metric {
        match self {
            Gauge::Sessions => &ACTIVE_SESSIONS,
            Gauge::NewSessions => &NEW_SESSIONS_PER_SECOND,
            Gauge::Tunnels => &TUNNELS_UP,
            Gauge::Users => &REMOTE_ACCESS_TUNNELS,
        }
    }
}

/// A value and how long it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The value.
    pub value: f64,
    /// When it was read, boot time.
    pub at: Duration,
    /// Time between two of them.
    pub period: Duration,
}

impl Reading {
    /// It still says how things are.
    #[must_use]
    pub fn is_fresh(&self, now: Duration) -> bool {
        let age = now.saturating_sub(self.at);
        age <= FRESH_LEAST || age * 2 <= self.period * FRESH_HALF_PERIODS
    }
}

/// The newest reading of each gauge.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gauges {
    newest: [Option<Reading>; Gauge::ALL.len()],
    /// Collectors that may know of tunnels, and when each got through, boot time; `None` before it first does.
    readers: Vec<(usize, Option<Duration>)>,
}

impl Gauges {
    /// The newest reading, fresh or not; `None` where there never was one.
    #[must_use]
    pub fn last(&self, gauge: Gauge) -> Option<Reading> {
        self.newest[gauge as usize]
    }

    /// The newest reading where it is fresh.
    #[must_use]
    pub fn fresh(&self, gauge: Gauge, now: Duration) -> Option<Reading> {
        self.last(gauge).filter(|reading| reading.is_fresh(now))
    }

    /// Keeps a reading.
    pub fn put(&mut self, gauge: Gauge, reading: Reading) {
        self.newest[gauge as usize] = Some(reading);
    }

    /// Tunnels are known once these collectors had a pass that did not fail.
    pub fn wait_for(&mut self, collectors: impl IntoIterator<Item = usize>) {
        let silent = collectors.into_iter().map(|collector| (collector, None));
        self.readers.extend(silent);
    }

    /// A pass of this collector ended then, boot time.
    pub fn passed(&mut self, collector: usize, failed: bool, at: Duration) {
        let mut readers = self.readers.iter_mut();
        if let Some((_, through)) = readers.find(|(reader, _)| *reader == collector) {
            // One that fails got through at no time that counts.
            *through = match failed {
                true => through.map(|_| Duration::ZERO),
                false => Some(at),
            };
        }
    }

    /// Nobody waits for it any more.
    pub fn forget(&mut self, collector: usize) {
        self.readers.retain(|(reader, _)| *reader != collector);
    }

    /// All collectors that may know of tunnels were heard.
    #[must_use]
    pub fn know_tunnels(&self) -> bool {
        self.readers.iter().all(|(_, through)| through.is_some())
    }

    /// Known to be none: never read, read as none, or read no more by all who could and got through since. That is a VPN
    /// which was taken down or is configured no longer, and the member that is not the active one.
    #[must_use]
    pub fn is_none(&self, gauge: Gauge, now: Duration) -> bool {
        match self.last(gauge) {
            None => true,
            Some(reading) if reading.is_fresh(now) => reading.value <= 0.0,
            Some(reading) => {
                let since = |at| !reading.is_fresh(at);
                self.readers
                    .iter()
                    .all(|(_, through)| through.is_some_and(since))
            }
        }
    }
}

/// This collector reads tunnels or remote-access users, and they are selected.
#[must_use]
pub fn reads_tunnels(wanted: &Wanted, selection: &Selection) -> bool {
    [Gauge::Tunnels, Gauge::Users]
        .map(Gauge::metric)
        .iter()
        .any(|metric| selection.coarse(metric) && wanted.reads(metric))
}

/// The gauge and the reading that a value of a series is, read at this moment of boot time; whoever asks knows whose
/// series it is.
#[must_use]
pub fn reading(value: &Emitted, at: Duration) -> Option<(Gauge, Reading)> {
    let mut gauges = Gauge::ALL.into_iter();
    let of = |gauge: &Gauge| value.key.own.is_none() && value.key.metric == gauge.metric();
    let gauge = gauges.find(of)?;
    let value_of = match (&value.fine, gauge) {
        (Fine::Value(value), _) => *value,
        // One new session in any of its seconds is one.
        (Fine::Block(values), Gauge::NewSessions) => values.iter().copied().reduce(f64::max)?,
        (Fine::Block(values), _) => *values.last()?,
    };
    let reading = Reading {
        value: value_of,
        at,
        period: value.period,
    };
    Some((gauge, reading))
}
