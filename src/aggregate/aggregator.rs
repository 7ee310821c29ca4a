//! The aggregator: passes in, values of series out.

mod change;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::aggregate::counter::{Counters, Dropped, Fine};
use crate::aggregate::derived;
use crate::aggregate::fold::Folding;
use crate::aggregate::members::Members;
use crate::aggregate::register::{Held, InnerKey, Number, Register};
pub use crate::aggregate::sources::End;
use crate::aggregate::sources::{Newest, Series, SourceKey};
use crate::aggregate::tunnel_names::TunnelNames;
use crate::aggregate::window::{SeriesKey, Target};
use crate::model::dimension::{OwnDimension, legal_value};
use crate::model::names::{
    CAPACITY_INPUTS, CAPACITY_UTILIZATION, DATAPLANE_CPU_UTILIZATION, HA_ACTIVE,
};
use crate::model::reading::{Feed, Kind, Readings, Record};
use crate::model::selection::Selection;

/// A member that brought nothing for so long is forgotten at the next sweep.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// A collector as the aggregator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Time between two of its values.
    pub period: Duration,
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

/// The series that a member belongs to.
#[derive(Debug, Default)]
struct Routes {
    series: Vec<Number>,
    /// Fine series that it would have, had its dimension value anything visible.
    nameless: u64,
    used: Duration,
}

/// All series of all targets.
#[derive(Debug)]
pub struct Aggregator {
    sources: BTreeMap<usize, Source>,
    selection: Selection,
    counters: Counters,
    routes: Members<Routes>,
    register: Register,
    tunnels: TunnelNames,
    /// Metrics whose newest reading is not to be relied on yet.
    provisional: HashSet<(Target, &'static str)>,
    refused: Refused,
    swept: Duration,
}

impl Aggregator {
    /// An aggregator for these collectors; the number of each is its place in the list.
    #[must_use]
    pub fn new(sources: Vec<Source>, selection: Selection) -> Self {
        Aggregator::numbered(sources.into_iter().enumerate().collect(), selection)
    }

    /// An aggregator for these collectors, by number.
    #[must_use]
    pub fn numbered(sources: BTreeMap<usize, Source>, selection: Selection) -> Self {
        Aggregator {
            sources,
            selection,
            counters: Counters::default(),
            routes: Members::default(),
            register: Register::default(),
            tunnels: TunnelNames::default(),
            provisional: HashSet::new(),
            refused: Refused::default(),
            swept: Duration::ZERO,
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
        let Some(source) = self.sources.get(&pass.source).cloned() else {
            return Vec::new();
        };
        self.sweep(pass.at);
        self.mark_provisional(&source.target, pass.readings);
        for record in pass.readings.records() {
            let at = record.at.unwrap_or(pass.at);
            match self.counters.advance(pass.source, record, at) {
                Ok(fine) => self.add(&source, pass, record, &fine),
                Err(dropped) => self.count(dropped),
            }
        }
        self.emit(&source, pass)
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

    /// Adds a member's value to each of its series.
    fn add(&mut self, source: &Source, pass: &Pass<'_>, record: &Record, fine: &Fine) {
        let known = self.routes.get_mut(pass.source, record);
        if let Some(routes) = known.filter(|routes| self.register.has(&routes.series)) {
            routes.used = pass.at;
            self.refused.nameless += routes.nameless;
            add_to(&mut self.register, routes, source, pass, record, fine);
            return;
        }
        let routes = Routes {
            used: pass.at,
            ..self.routes_of(source, record)
        };
        self.refused.nameless += routes.nameless;
        add_to(&mut self.register, &routes, source, pass, record, fine);
        self.routes.put(pass.source, record, routes);
    }

    /// The series a record belongs to: of each metric the coarse one, and the fine one when it goes out.
    fn routes_of(&mut self, source: &Source, record: &Record) -> Routes {
        let mut routes = Routes::default();
        let increases = matches!(record.reading.kind, Kind::Counter(_));
        for feed in record.reading.feeds {
            let published = self.selection.coarse(feed.metric);
            let key = inner_key(source, feed, None);
            if !record.fine_only {
                let coarse = self.register.open(key, published, feed.fold, increases);
                routes.series.push(coarse);
            }
            let Some((dimension, value)) = self.own(record, feed) else {
                continue;
            };
            let Some(value) = legal_value(value) else {
                routes.nameless += 1;
                continue;
            };
            let key = inner_key(source, feed, Some((dimension, value)));
            let fine = self.register.open(key, true, feed.fold, increases);
            routes.series.push(fine);
        }
        routes
    }

    /// Dimension and value of the record's fine series, when those of the metric go out.
    fn own<'a>(&self, record: &'a Record, feed: &Feed) -> Option<(OwnDimension, &'a str)> {
        let (dimension, value) = record.own.as_ref()?;
        let has = feed.metric.detail.dimension() == Some(*dimension);
        (has && self.selection.fine(feed.metric)).then_some((*dimension, value))
    }

    /// Values of the touched series, and what is derived from them.
    fn emit(&mut self, source: &Source, pass: &Pass<'_>) -> Vec<Emitted> {
        let mut emitted = Vec::new();
        let mut cpu = None;
        let tunnels = &mut self.tunnels;
        let settle = |held: &Held, fine: Option<Fine>| {
            let key = tunnels.outward(&held.key, pass.due);
            let Some(fine) = fine else {
                return;
            };
            if key.own.is_none() && key.metric == &DATAPLANE_CPU_UTILIZATION {
                cpu = Some(fine.clone());
            }
            if held.published {
                emitted.push(Emitted {
                    key,
                    expected: held.expected,
                    fine,
                    increases: held.series.increases(),
                    period: held.series.period().unwrap_or(source.period),
                    bound_by: None,
                });
            }
        };
        self.register
            .settle(pass.source, pass.due, pass.end, settle);
        let target = &source.target;
        if let Some(capacity) = cpu.and_then(|cpu| self.capacity(source, pass.due, &cpu)) {
            emitted.push(capacity);
        }
        // Decided after the pass, so that a pass that carries the change of state obeys it already.
        if self.is_passive(target) {
            emitted.retain(|value| !value.key.metric.active_only);
        }
        emitted
    }

    /// `CapacityUtilization` for this value of the dataplane CPU, unless an input is withheld.
    fn capacity(&self, source: &Source, at: Duration, cpu: &Fine) -> Option<Emitted> {
        let target = &source.target;
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
            period: source.period,
            bound_by: Some(bound_by),
        })
    }

    fn newest(&self, target: &Target, name: &'static str, at: Duration) -> Option<Newest> {
        self.register.coarse(target, name)?.newest(at)
    }

    fn is_passive(&self, target: &Target) -> bool {
        // One that left the role and is back was passive in between: now it is not.
        let any = !self.provisional.is_empty();
        if any && self.provisional.contains(&(target.clone(), HA_ACTIVE)) {
            return false;
        }
        let state = self.register.coarse(target, HA_ACTIVE);
        state.and_then(Series::last) == Some(0.0)
    }

    /// Forgets members and tunnel names that are gone, once in a while.
    fn sweep(&mut self, at: Duration) {
        if at.saturating_sub(self.swept) > FORGOTTEN_AFTER {
            self.swept = at;
            self.tunnels.sweep(at);
            self.routes
                .retain(|routes| at.saturating_sub(routes.used) <= FORGOTTEN_AFTER);
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

fn inner_key(source: &Source, feed: &Feed, own: Option<(OwnDimension, String)>) -> InnerKey {
    let is_tunnel = matches!(own, Some((OwnDimension::Tunnel, _)));
    InnerKey {
        series: SeriesKey {
            target: source.target.clone(),
            metric: feed.metric,
            own,
        },
        collector: is_tunnel.then_some(source.collector),
    }
}

fn add_to(
    register: &mut Register,
    routes: &Routes,
    source: &Source,
    pass: &Pass<'_>,
    record: &Record,
    fine: &Fine,
) {
    let from = SourceKey {
        period: record.every.unwrap_or(source.period),
        collector: pass.source,
        origin: record.origin.as_deref(),
    };
    for series in &routes.series {
        register.add(*series, from, pass.due, record.expected, Folding::of(fine));
    }
}
