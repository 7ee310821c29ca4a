//! The aggregator: passes in, values of series out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::aggregate::counter::{Counters, Dropped, Fine};
use crate::aggregate::derived;
use crate::aggregate::fold::Folding;
use crate::aggregate::sources::{Newest, Series, SourceKey};
use crate::aggregate::window::{SeriesKey, Target};
use crate::model::dimension::{OwnDimension, legal_value};
use crate::model::names::{
    CAPACITY_INPUTS, CAPACITY_UTILIZATION, DATAPLANE_CPU_UTILIZATION, HA_ACTIVE,
};
use crate::model::reading::{Feed, Fold, Kind, Readings, Record};
use crate::model::selection::Selection;

/// Owners of a tunnel's name are forgotten when they have not used it for so long.
const NAME_KEPT_FOR: Duration = Duration::from_secs(3600);

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

/// How a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It read what there is.
    Ok,
    /// None of its sources is there.
    Absent,
    /// A source could not be read.
    Failed,
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
    /// How it ended.
    pub end: End,
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
    /// It is the increase of a counter: a total is their sum.
    pub increases: bool,
    /// For a derived metric: the input that decided.
    pub bound_by: Option<&'static str>,
}

/// What was refused, for the account.
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

/// A series and where it was read.
type FreshKey = (InnerKey, Option<String>);

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
    /// Coarse series, found by name: rules look at them at every pass.
    coarse: HashMap<(Target, &'static str), Series>,
    fine: HashMap<InnerKey, Series>,
    /// Which collectors use a tunnel's name, and when last.
    tunnel_owners: BTreeMap<(Target, String), BTreeMap<&'static str, Duration>>,
    /// Metrics whose newest reading is not to be relied on yet.
    provisional: HashSet<(Target, &'static str)>,
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
            coarse: HashMap::new(),
            fine: HashMap::new(),
            tunnel_owners: BTreeMap::new(),
            provisional: HashSet::new(),
            refused: Refused::default(),
        }
    }

    /// What was refused so far.
    #[must_use]
    pub fn refused(&self) -> Refused {
        self.refused
    }

    /// The dataplane's CPU of this target is being read.
    #[must_use]
    pub fn reads_cpu(&self, target: &Target, at: Duration) -> bool {
        let cpu = self.newest(target, DATAPLANE_CPU_UTILIZATION.name, at);
        matches!(cpu, Some(Newest::Value(_)))
    }

    /// Takes in a pass and hands out the values that are published of it.
    pub fn pass(&mut self, pass: &Pass<'_>) -> Vec<Emitted> {
        let Some(source) = self.sources.get(pass.source).cloned() else {
            return Vec::new();
        };
        self.mark_provisional(&source.target, pass.readings);
        let fresh = self.fold_members(&source, pass);
        let mut touched: BTreeMap<InnerKey, bool> = BTreeMap::new();
        for ((key, origin), fresh) in fresh {
            let from = SourceKey {
                period: source.period,
                collector: pass.source,
                origin,
            };
            *touched.entry(key.clone()).or_default() |= fresh.expected;
            self.series(key, fresh.fold, fresh.increases)
                .contribute(from, pass.due, fresh.folding);
        }
        self.end(&source.target, pass);
        self.emit(&source.target, pass, touched)
    }

    /// What the pass did not bring: failed, gone, or forgotten.
    fn end(&mut self, target: &Target, pass: &Pass<'_>) {
        let apply = |series: &mut Series| match pass.end {
            End::Ok => series.go_on(pass.source, pass.due),
            End::Absent => series.absent(pass.source),
            End::Failed => series.fail(pass.source, pass.due),
        };
        let coarse = self.coarse.iter_mut().filter(|((of, _), _)| of == target);
        coarse.for_each(|(_, series)| apply(series));
        let fine = self
            .fine
            .iter_mut()
            .filter(|(key, _)| key.series.target == *target);
        fine.for_each(|(_, series)| apply(series));
        self.coarse.retain(|_, series| !series.is_empty());
        self.fine.retain(|_, series| !series.is_empty());
    }

    /// What the pass brought for the time being only, and what it brought for good.
    fn mark_provisional(&mut self, target: &Target, readings: &Readings) {
        for record in readings.records() {
            if !record.provisional && self.provisional.is_empty() {
                continue;
            }
            for feed in record.reading.feeds {
                let key = (target.clone(), feed.metric.name);
                if record.provisional {
                    self.provisional.insert(key);
                } else {
                    self.provisional.remove(&key);
                }
            }
        }
    }

    /// Members of the pass, folded per series and origin.
    fn fold_members(&mut self, source: &Source, pass: &Pass<'_>) -> BTreeMap<FreshKey, Fresh> {
        let mut fresh: BTreeMap<FreshKey, Fresh> = BTreeMap::new();
        for record in pass.readings.records() {
            let fine = match self.counters.advance(pass.source, record, pass.at) {
                Ok(fine) => fine,
                Err(dropped) => {
                    self.count(dropped);
                    continue;
                }
            };
            for feed in record.reading.feeds {
                for key in self.keys(source, record, feed, pass.due) {
                    let key = (key, record.origin.clone());
                    add(&mut fresh, key, record, feed.fold, &fine);
                }
            }
        }
        fresh
    }

    /// The series a record belongs to: the coarse one, and the fine one when it goes out.
    fn keys(
        &mut self,
        source: &Source,
        record: &Record,
        feed: &Feed,
        due: Duration,
    ) -> Vec<InnerKey> {
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
        let is_tunnel = *dimension == OwnDimension::Tunnel;
        if is_tunnel {
            self.own_tunnel(source, &value, due);
        }
        keys.push(InnerKey {
            series: key(Some((*dimension, value))),
            collector: is_tunnel.then_some(source.collector),
        });
        keys
    }

    fn own_tunnel(&mut self, source: &Source, name: &str, due: Duration) {
        let owners = self
            .tunnel_owners
            .entry((source.target.clone(), name.to_owned()))
            .or_default();
        owners.insert(source.collector, due);
        owners.retain(|_, used| due.saturating_sub(*used) <= NAME_KEPT_FOR);
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
            let Some(series) = self.series_of(&key) else {
                continue;
            };
            let increases = series.increases();
            let Some(fine) = series.take(pass.source, pass.due) else {
                continue;
            };
            if key.series.own.is_none() && key.series.metric == &DATAPLANE_CPU_UTILIZATION {
                cpu = Some(fine.clone());
            }
            let is_fine = key.series.own.is_some();
            if self.selection.holds(key.series.metric, is_fine) {
                let key = self.outward(key);
                emitted.push(Emitted {
                    key,
                    expected,
                    fine,
                    increases,
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
        let inputs = CAPACITY_INPUTS
            .iter()
            .filter(|input| !self.selection.disable.contains(**input))
            .filter(|input| !self.provisional.contains(&(target.clone(), **input)))
            .map(|input| (*input, self.newest(target, input, at)));
        let inputs: Vec<derived::Input> = inputs.collect();
        let (fine, bound_by) = derived::capacity(cpu, &inputs)?;
        let key = SeriesKey {
            target: target.clone(),
            metric: &CAPACITY_UTILIZATION,
            own: None,
        };
        Some(Emitted {
            key,
            expected: false,
            fine,
            increases: false,
            bound_by: Some(bound_by),
        })
    }

    fn newest(&self, target: &Target, name: &'static str, at: Duration) -> Option<Newest> {
        self.coarse.get(&(target.clone(), name))?.newest(at)
    }

    fn is_passive(&self, target: &Target) -> bool {
        let state = self.coarse.get(&(target.clone(), HA_ACTIVE));
        state.and_then(Series::last) == Some(0.0)
    }

    fn series(&mut self, key: InnerKey, fold: Fold, increases: bool) -> &mut Series {
        let new = || Series::new(fold, increases);
        match key.series.own {
            None => {
                let name = key.series.metric.name;
                let of = (key.series.target, name);
                self.coarse.entry(of).or_insert_with(new)
            }
            Some(_) => self.fine.entry(key).or_insert_with(new),
        }
    }

    fn series_of(&mut self, key: &InnerKey) -> Option<&mut Series> {
        match key.series.own {
            None => {
                let of = (key.series.target.clone(), key.series.metric.name);
                self.coarse.get_mut(&of)
            }
            Some(_) => self.fine.get_mut(key),
        }
    }

    fn count(&mut self, dropped: Dropped) {
        match dropped {
            Dropped::Seed | Dropped::NoGrowth => {}
            Dropped::Reset => self.refused.resets += 1,
            Dropped::Invalid => self.refused.invalid += 1,
        }
    }
}

fn add(
    fresh: &mut BTreeMap<FreshKey, Fresh>,
    key: FreshKey,
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
