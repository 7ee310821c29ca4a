//! The register of series: each has a number, and is found by it while passes come in.

use std::time::Duration;

use hashbrown::HashMap;

use crate::aggregate::counter::Fine;
use crate::aggregate::fold::Folding;
use crate::aggregate::sources::{End, Series, SourceKey};
use crate::aggregate::window::{SeriesKey, Target};
use crate::model::reading::Fold;
use crate::model::selection::Selection;

/// The number of a series; none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number(u64);

/// Within the aggregator tunnels of two collectors stay apart even under one name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InnerKey {
    /// The series, as it is called when one collector uses the name.
    pub series: SeriesKey,
    /// The collector, where it is a tunnel's.
    pub collector: Option<&'static str>,
}

/// A series and what the pass at hand did to it.
#[derive(Debug)]
pub struct Held {
    /// Which series.
    pub key: InnerKey,
    /// Its values go out by themselves; else they only decide about others.
    pub published: bool,
    /// Its contributions.
    pub series: Series,
    /// The user named its tunnel or peer, as the pass at hand says.
    pub expected: bool,
    touched: bool,
}

/// All series of all targets.
#[derive(Debug, Default)]
pub struct Register {
    held: HashMap<Number, Held>,
    /// Coarse series, found by name: rules look at them at every pass.
    coarse: HashMap<(Target, &'static str), Number>,
    fine: HashMap<InnerKey, Number>,
    /// The series that each source feeds, in the order of their keys.
    fed: HashMap<usize, Vec<Number>>,
    given: u64,
}

impl Register {
    /// The number of a series; a new one is made when there is none.
    pub fn open(&mut self, key: InnerKey, published: bool, fold: Fold, increases: bool) -> Number {
        let next = Number(self.given);
        let number = match key.series.own {
            None => {
                let name = (key.series.target.clone(), key.series.metric.name);
                *self.coarse.entry(name).or_insert(next)
            }
            Some(_) => *self.fine.entry(key.clone()).or_insert(next),
        };
        if number == next {
            self.given += 1;
            let held = Held {
                key,
                published,
                series: Series::new(fold, increases),
                expected: false,
                touched: false,
            };
            self.held.insert(number, held);
        }
        number
    }

    /// All these series are still there.
    #[must_use]
    pub fn has(&self, numbers: &[Number]) -> bool {
        numbers.iter().all(|number| self.held.contains_key(number))
    }

    /// The coarse series of this name.
    #[must_use]
    pub fn coarse(&self, target: &Target, name: &'static str) -> Option<&Series> {
        let number = self.coarse.get(&(target.clone(), name))?;
        self.held.get(number).map(|held| &held.series)
    }

    /// Takes in a member of the pass due at `at`.
    pub fn add(
        &mut self,
        number: Number,
        source: SourceKey<'_>,
        at: Duration,
        expected: bool,
        folding: Folding,
    ) {
        let Some(held) = self.held.get_mut(&number) else {
            return;
        };
        held.touched = true;
        held.expected |= expected;
        if held.series.add(source, at, folding) {
            self.feed(source.collector, number);
        }
    }

    fn feed(&mut self, source: usize, number: Number) {
        let key = |number: &Number| self.held.get(number).map(|held| &held.key);
        let fed = self.fed.entry(source).or_default();
        let place = fed.binary_search_by(|other| key(other).cmp(&key(&number)));
        if let Err(place) = place {
            fed.insert(place, number);
        }
    }

    /// Ends a pass of this source: what it did not bring is failed, gone or forgotten. `touched` gets the series that it
    /// touched, in order, with the value where one is made now.
    pub fn settle(
        &mut self,
        source: usize,
        at: Duration,
        end: End,
        mut touched: impl FnMut(&Held, Option<Fine>),
    ) {
        let Some(mut fed) = self.fed.remove(&source) else {
            return;
        };
        fed.retain(|number| {
            let Some(held) = self.held.get_mut(number) else {
                return false;
            };
            held.series.settle(source, at, end);
            if std::mem::take(&mut held.touched) {
                let fine = held.series.take(source, at);
                touched(held, fine);
                held.expected = false;
            }
            let feeds = held.series.is_fed_by(source);
            if held.series.is_empty() {
                self.forget(*number);
            }
            feeds
        });
        self.fed.insert(source, fed);
    }

    /// This source feeds no series any more; those that it alone fed are gone.
    pub fn leave(&mut self, source: usize, at: Duration) {
        self.settle(source, at, End::Absent, |_, _| {});
        self.fed.remove(&source);
    }

    /// Another selection: which coarse series go out by themselves, and which fine ones there are.
    pub fn select(&mut self, selection: &Selection) {
        self.held.retain(|_, held| {
            let metric = held.key.series.metric;
            if held.key.series.own.is_some() {
                return selection.fine(metric);
            }
            held.published = selection.coarse(metric);
            true
        });
        self.fine.retain(|key, _| selection.fine(key.series.metric));
    }

    fn forget(&mut self, number: Number) {
        let Some(held) = self.held.remove(&number) else {
            return;
        };
        let key = held.key;
        match key.series.own {
            None => self
                .coarse
                .remove(&(key.series.target, key.series.metric.name)),
            Some(_) => self.fine.remove(&key),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::fold::Partial;
    use crate::model::metric::Metric;
    use crate::model::names::{ACTIVE_SESSIONS, RX_DROPS};

    fn open(register: &mut Register, metric: &'static Metric) -> Number {
        let series = SeriesKey {
            target: None,
            metric,
            own: None,
        };
        let key = InnerKey {
            series,
            collector: None,
        };
        register.open(key, true, Fold::Sum, false)
    }

    fn add(register: &mut Register, number: Number, source: usize) {
        let key = SourceKey {
            period: Duration::from_secs(1),
            collector: source,
            origin: None,
        };
        let folding = Folding::Moment(Partial::of(1.0));
        register.add(number, key, Duration::ZERO, false, folding);
    }

    /// The metrics that a pass touched.
    fn settle(register: &mut Register, source: usize, end: End) -> Vec<&'static str> {
        let mut metrics = Vec::new();
        register.settle(source, Duration::ZERO, end, |held, _| {
            metrics.push(held.key.series.metric.name);
        });
        metrics
    }

    #[test]
    fn a_pass_hands_out_what_it_touched_in_order() {
        let mut register = Register::default();
        let drops = open(&mut register, &RX_DROPS);
        let sessions = open(&mut register, &ACTIVE_SESSIONS);
        add(&mut register, drops, 0);
        add(&mut register, sessions, 0);
        assert_eq!(settle(&mut register, 1, End::Ok), [""; 0]);
        assert_eq!(
            settle(&mut register, 0, End::Ok),
            [ACTIVE_SESSIONS.name, RX_DROPS.name]
        );
        add(&mut register, drops, 0);
        assert_eq!(settle(&mut register, 0, End::Ok), [RX_DROPS.name]);
    }

    #[test]
    fn a_series_goes_with_its_last_source_and_comes_back_under_another_number() {
        let mut register = Register::default();
        let old = open(&mut register, &RX_DROPS);
        for source in [0, 1] {
            add(&mut register, old, source);
            settle(&mut register, source, End::Ok);
        }
        settle(&mut register, 0, End::Absent);
        assert!(register.has(&[old]));
        assert_eq!(open(&mut register, &RX_DROPS), old);
        settle(&mut register, 1, End::Absent);
        assert!(!register.has(&[old]));
        assert!(register.coarse(&None, RX_DROPS.name).is_none());
        assert_ne!(open(&mut register, &RX_DROPS), old);
    }
}
