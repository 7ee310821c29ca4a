//! The aggregator: passes in, values of series out, and the windows they are gathered in.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::aggregate::counter::{Counters, Dropped, Fine};
use crate::aggregate::fold::Folding;
use crate::aggregate::sources::{Newest, Series, SourceKey};
use crate::aggregate::window::{SeriesKey, Target};
use crate::model::dimension::{OwnDimension, legal_value};
use crate::model::metric::Metric;
use crate::model::names::{
    CAPACITY_INPUTS, CAPACITY_UTILIZATION, DATAPLANE_CPU_UTILIZATION, HA_ACTIVE,
};
use crate::model::reading::{Feed, Fold, Kind, Readings, Record};
use crate::model::selection::Selection;

/// A collector as the aggregator knows it; its number is its place in the list.
#[derive(Debug, Clone)]
pub struct Source {
    /// The collector's name.
    pub collector: &'static str,
    /// The firewall it reads.
    pub target: Target,
    /// Its sampling period.
    pub period: Duration,
}

/// One finished pass.
#[derive(Debug)]
pub struct Pass<'a> {
    /// The collector's number.
    pub source: usize,
    /// When it was due, boot time: the grid.
    pub due: Duration,
    /// When it was read, boot time: rates are over the time that really passed.
    pub at: Duration,
    /// What it recorded, also when it failed half way.
    pub readings: &'a Readings,
    /// It ended in an error.
    pub failed: bool,
}

/// One value (or block) of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Emitted {
    /// The series.
    pub key: SeriesKey,
    /// The user named its tunnel or peer.
    pub expected: bool,
    /// The value.
    pub fine: Fine,
    /// For a derived metric: the input that decided.
    pub bound_by: Option<&'static str>,
}

/// What was refused, for the self metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Refused {
    /// Readings dropped because their counter started again.
    pub resets: u64,
    /// Readings that were no legal number.
    pub invalid: u64,
    /// Readings whose dimension value had nothing visible.
    pub nameless: u64,
}

/// Within the aggregator tunnels of two collectors stay apart even under one name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct InnerKey {
    series: SeriesKey,
    collector: Option<&'static str>,
}

/// What one pass gave to one series.
struct Fresh {
    folding: Folding,
    fold: Fold,
    increases: bool,
    expected: bool,
}

/// All series of all targets.
#[derive(Debug)]
pub struct Aggregator {
    sources: Vec<Source>,
    selection: Selection,
    counters: Counters,
    series: HashMap<InnerKey, Series>,
    tunnel_owners: BTreeMap<(Target, String), BTreeSet<&'static str>>,
    refused: Refused,
}

impl Aggregator {
    /// An aggregator for these collectors.
    #[must_use]
    pub fn new(sources: Vec<Source>, selection: Selection) -> Self {
        Aggregator {
            sources,
            selection,
            counters: Counters::default(),
            series: HashMap::new(),
            tunnel_owners: BTreeMap::new(),
            refused: Refused::default(),
        }
    }

    /// What was refused so far.
    #[must_use]
    pub fn refused(&self) -> Refused {
        self.refused
    }

    /// Takes in a pass and hands out the values that are published of it.
    pub fn pass(&mut self, pass: &Pass<'_>) -> Vec<Emitted> {
        let Some(source) = self.sources.get(pass.source).cloned() else {
            return Vec::new();
        };
        let fresh = self.fold_members(&source, pass);
        let mut touched: BTreeMap<InnerKey, bool> = BTreeMap::new();
        for ((key, origin), fresh) in fresh {
            let from = SourceKey {
                period: source.period,
                collector: pass.source,
                origin,
            };
            *touched.entry(key.clone()).or_default() |= fresh.expected;
            self.series
                .entry(key)
                .or_insert_with(|| Series::new(fresh.fold, fresh.increases))
                .contribute(from, pass.due, fresh.folding);
        }
        if pass.failed {
            for series in self.series.values_mut() {
                series.fail(pass.source, pass.due);
            }
        }
        self.emit(&source.target, pass, touched)
    }

    /// Members of the pass, folded per series and origin.
    fn fold_members(
        &mut self,
        source: &Source,
        pass: &Pass<'_>,
    ) -> BTreeMap<(InnerKey, Option<String>), Fresh> {
        let mut fresh: BTreeMap<(InnerKey, Option<String>), Fresh> = BTreeMap::new();
        for record in pass.readings.records() {
            let fine = match self.counters.advance(pass.source, record, pass.at) {
                Ok(fine) => fine,
                Err(dropped) => {
                    self.count(dropped);
                    continue;
                }
            };
            for feed in record.reading.feeds {
                for key in self.keys(source, record, feed) {
                    add(
                        &mut fresh,
                        (key, record.origin.clone()),
                        record,
                        feed.fold,
                        &fine,
                    );
                }
            }
        }
        fresh
    }

    /// The series a record belongs to: the coarse one, and the fine one when it goes out.
    fn keys(&mut self, source: &Source, record: &Record, feed: &Feed) -> Vec<InnerKey> {
        let metric = feed.metric;
        let key = |own| SeriesKey {
            target: source.target.clone(),
            metric,
            own,
        };
        let mut keys = vec![InnerKey {
            series: key(None),
            collector: None,
        }];
        let Some((dimension, value)) = &record.own else {
            return keys;
        };
        if metric.detail.dimension() != Some(*dimension) || !self.selection.fine(metric) {
            return keys;
        }
        let Some(value) = legal_value(value) else {
            self.refused.nameless += 1;
            return keys;
        };
        let collector = (*dimension == OwnDimension::Tunnel).then_some(source.collector);
        if collector.is_some() {
            self.tunnel_owners
                .entry((source.target.clone(), value.clone()))
                .or_default()
                .insert(source.collector);
        }
        keys.push(InnerKey {
            series: key(Some((*dimension, value))),
            collector,
        });
        keys
    }

    /// Values of the touched series, and what is derived from them.
    fn emit(
        &mut self,
        target: &Target,
        pass: &Pass<'_>,
        touched: BTreeMap<InnerKey, bool>,
    ) -> Vec<Emitted> {
        let mut emitted = Vec::new();
        let mut cpu = None;
        for (key, expected) in touched {
            let taken = self
                .series
                .get_mut(&key)
                .and_then(|series| series.take(pass.source, pass.due));
            let Some(fine) = taken else { continue };
            if key.series.own.is_none() && key.series.metric == &DATAPLANE_CPU_UTILIZATION {
                cpu = Some(fine.clone());
            }
            if self.goes_out(&key.series) {
                let key = self.outward(key);
                emitted.push(Emitted {
                    key,
                    expected,
                    fine,
                    bound_by: None,
                });
            }
        }
        if let Some(capacity) = cpu.and_then(|cpu| self.capacity(target, pass.due, &cpu)) {
            emitted.push(capacity);
        }
        // Decided after the pass, so that a pass that carries the change of state obeys it already.
        if self.is_passive(target) {
            emitted.retain(|value| !value.key.metric.active_only);
        }
        emitted
    }

    fn goes_out(&self, key: &SeriesKey) -> bool {
        match key.own {
            Some(_) => self.selection.fine(key.metric),
            None => self.selection.coarse(key.metric),
        }
    }

    /// A tunnel name that two collectors use becomes `collector/name` for both.
    fn outward(&self, key: InnerKey) -> SeriesKey {
        let mut series = key.series;
        if let (Some(collector), Some((_, value))) = (key.collector, &mut series.own) {
            let owners = self
                .tunnel_owners
                .get(&(series.target.clone(), value.clone()));
            if owners.is_some_and(|owners| owners.len() > 1) {
                *value = legal_value(&format!("{collector}/{value}")).unwrap_or_default();
            }
        }
        series
    }

    /// `CapacityUtilization` for this value of the dataplane CPU, unless an input is withheld.
    fn capacity(&self, target: &Target, at: Duration, cpu: &Fine) -> Option<Emitted> {
        if !self.selection.coarse(&CAPACITY_UTILIZATION) {
            return None;
        }
        let mut highest: Option<(f64, &'static str)> = None;
        for input in CAPACITY_INPUTS {
            match self
                .coarse(target, input)
                .and_then(|series| series.newest(at))
            {
                Some(Newest::Withheld) => return None,
                Some(Newest::Value(value)) if highest.is_none_or(|(most, _)| value > most) => {
                    highest = Some((value, input));
                }
                _ => {}
            }
        }
        let raised = |cpu: f64| highest.map_or(cpu, |(most, _)| cpu.max(most));
        let fine = match cpu {
            Fine::Value(value) => Fine::Value(raised(*value)),
            Fine::Block(values) => Fine::Block(values.iter().copied().map(raised).collect()),
        };
        let newest_cpu = crate::aggregate::fold::newest(cpu)?;
        let bound_by = match highest {
            Some((most, input)) if most > newest_cpu => input,
            _ => DATAPLANE_CPU_UTILIZATION.name,
        };
        let key = SeriesKey {
            target: target.clone(),
            metric: &CAPACITY_UTILIZATION,
            own: None,
        };
        Some(Emitted {
            key,
            expected: false,
            fine,
            bound_by: Some(bound_by),
        })
    }

    fn is_passive(&self, target: &Target) -> bool {
        self.coarse(target, HA_ACTIVE).and_then(Series::last) == Some(0.0)
    }

    /// The coarse series of this name. A handful of look-ups a second over some hundred series.
    fn coarse(&self, target: &Target, name: &str) -> Option<&Series> {
        self.series
            .iter()
            .find(|(key, _)| {
                key.series.own.is_none()
                    && key.series.metric.name == name
                    && key.series.target == *target
            })
            .map(|(_, series)| series)
    }

    fn count(&mut self, dropped: Dropped) {
        match dropped {
            Dropped::Seed | Dropped::NoGrowth => {}
            Dropped::Reset => self.refused.resets += 1,
            Dropped::Invalid => self.refused.invalid += 1,
        }
    }

    /// The metric is one that can be published at all.
    #[must_use]
    pub fn selects(&self, metric: &Metric) -> bool {
        self.selection.any(metric)
    }
}

fn add(
    fresh: &mut BTreeMap<(InnerKey, Option<String>), Fresh>,
    key: (InnerKey, Option<String>),
    record: &Record,
    fold: Fold,
    fine: &Fine,
) {
    let folding = Folding::of(fine);
    match fresh.get_mut(&key) {
        Some(known) => {
            known.folding = known.folding.clone().and(folding);
            known.expected |= record.expected;
        }
        None => {
            let increases = matches!(record.reading.kind, Kind::Counter(_));
            let expected = record.expected;
            fresh.insert(
                key,
                Fresh {
                    folding,
                    fold,
                    increases,
                    expected,
                },
            );
        }
    }
}
