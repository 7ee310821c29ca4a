//! What we say of ourselves: a pass's success and duration, and our totals once a window.

use std::time::Duration;

use super::account::Reason;
use super::schedule::Tick;
use super::{Core, PassDone};
use crate::aggregate::aggregator::{Emitted, End, Pass};
use crate::aggregate::window::Target;
use crate::clock::Now;
use crate::model::dimension::OwnDimension;
use crate::model::reading::{Raw, Reading, Readings, Record};
use crate::self_metrics as own;

impl Core {
    pub(super) fn observe_pass(&mut self, done: &PassDone, tick: Tick, now: Now) {
        let planned = &self.setup.collectors[&done.collector];
        if !planned.published {
            return;
        }
        let name = planned.name;
        let up = f64::from(u8::from(done.error.is_none()));
        let took_ms = done.took.as_secs_f64() * 1000.0;
        let mut readings = Readings::default();
        for (reading, level) in [
            (&own::COLLECTOR_UP, up),
            (&own::COLLECTOR_DURATION, took_ms),
        ] {
            let record = Record::new(reading, Raw::Level(level)).member(name);
            readings.push(record.own(OwnDimension::Collector, name));
        }
        let source = self.self_source(&planned.target.clone());
        let emitted = self.pass_of_self(source, tick.due, &readings);
        self.record(tick, tick.due, now, emitted);
    }

    /// An error code that is seen for the first time began at 0, which its counter must be told.
    fn seed_new_codes(&mut self, now: Now) {
        let mut readings = Readings::default();
        for code in self.account.errors.keys() {
            if self.seeded_codes.insert(code.clone()) {
                readings.push(by(&own::PUBLISH_ERRORS, OwnDimension::Code, code, 0));
            }
        }
        let source = self.self_source(&None);
        self.pass_of_self(source, now.boot, &readings);
    }

    /// Our totals, once a window.
    pub(super) fn observe_self(&mut self, now: Now) -> Vec<Emitted> {
        self.seed_new_codes(now);
        let mut readings = Readings::default();
        let account = &self.account;
        for (reading, total) in [
            (&own::DATUMS_SENT, account.sent),
            (&own::SERIES_REFUSED, account.refused_series),
        ] {
            readings.push(Record::new(reading, Raw::Total(total)));
        }
        for reason in Reason::ALL {
            let dropped = account.dropped.get(&reason).copied().unwrap_or(0);
            let record = by(
                &own::DATUMS_DROPPED,
                OwnDimension::Reason,
                reason.word(),
                dropped,
            );
            readings.push(record);
        }
        for (code, errors) in &account.errors {
            readings.push(by(&own::PUBLISH_ERRORS, OwnDimension::Code, code, *errors));
        }
        #[allow(clippy::cast_precision_loss)] // datums in memory and on disk
        let waiting = Raw::Level(self.waiting() as f64);
        readings.push(Record::new(&own::DATUMS_WAITING, waiting));
        if let Some(skew) = self.clock.skew_secs() {
            readings.push(Record::new(&own::CLOCK_SKEW, Raw::Level(skew)));
        }
        let source = self.self_source(&None);
        self.pass_of_self(source, now.boot, &readings)
    }

    fn pass_of_self(&mut self, source: usize, due: Duration, readings: &Readings) -> Vec<Emitted> {
        self.aggregator.pass(&Pass {
            source,
            due,
            at: due,
            readings,
            end: End::Ok,
        })
    }

    fn self_source(&self, target: &Target) -> usize {
        // Every target of a collector has one, and this machine.
        self.ours.get(target).copied().unwrap_or(usize::MAX)
    }
}

/// A total told apart by a word.
fn by(reading: &'static Reading, own: OwnDimension, word: &str, total: u64) -> Record {
    Record::new(reading, Raw::Total(total))
        .member(word)
        .own(own, word)
}
