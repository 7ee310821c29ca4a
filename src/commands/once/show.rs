//! Showing: samples, who we are, and the bill for a month of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::look::Looked;
use crate::aggregate::aggregator::Emitted;
use crate::aggregate::counter::Fine;
use crate::aggregate::fold::newest;
use crate::aggregate::label::{Set, WantedSets, sets};
use crate::aggregate::window::Target;
use crate::catalogue::{Cost, prices};
use crate::clock::rfc3339;
use crate::config::Config;
use crate::model::datum::{Datum, Dimension, Resolution};
use crate::model::dimension::INSTANCE_ID;
use crate::model::identity::Group;
use crate::model::names::CAPACITY_UTILIZATION;
use crate::model::selection::Selection;
use crate::publish::batch::split;
use crate::render::prometheus::Exposition;
use crate::render::report::{self, Bill, CollectorReport, Report, Sample, Status};
use crate::self_metrics::EXPORTER_HEARTBEAT;

/// What was seen, for people and programs.
pub(super) fn report(config: &Config, selection: &Selection, looked: &Looked) -> Report {
    let who = looked.who();
    let mut samples: Vec<Sample> = looked
        .emitted
        .iter()
        .map(|(source, value)| sample(&looked.reports[*source], value))
        .collect();
    samples.sort_by(|a, b| (a.metric, &a.dimensions).cmp(&(b.metric, &b.dimensions)));
    Report {
        version: env!("CARGO_PKG_VERSION"),
        time: rfc3339(looked.started.wall_secs()),
        elapsed_ms: u64::try_from(looked.elapsed.as_millis()).unwrap_or(u64::MAX),
        identity: report::Who {
            instance_id: who.instance.map(|instance| instance.value),
            auto_scaling_group: match who.group {
                Group::Known(name) => Some(name),
                Group::Unread | Group::None => None,
            },
            region: config
                .cloudwatch
                .region
                .clone()
                .or_else(|| looked.identity.region.clone()),
        },
        collectors: looked.reports.clone(),
        samples,
        bill: bill(config, selection, looked),
    }
}

fn sample(collector: &CollectorReport, value: &Emitted) -> Sample {
    let derived = value.key.metric == &CAPACITY_UTILIZATION;
    Sample {
        collector: if derived { "derived" } else { collector.name },
        target: value.key.target.as_ref().map(ToString::to_string),
        metric: value.key.metric.name,
        unit: value.key.metric.unit.as_str(),
        value: newest(&value.fine).unwrap_or_default(),
        values: match &value.fine {
            Fine::Value(_) => None,
            Fine::Block(values) => Some(values.clone()),
        },
        dimensions: value
            .key
            .own
            .iter()
            .map(|(own, text)| (own.name(), text.clone()))
            .collect(),
        bound_by: value.bound_by,
    }
}

/// What was seen, for Prometheus: the newest values, and of counters the total since the first pass.
pub(super) fn exposition(looked: &Looked) -> Exposition {
    let mut exposition = Exposition::default();
    exposition.build_info();
    for (_, value) in &looked.emitted {
        exposition.emitted(value);
    }
    for collector in &looked.reports {
        let up = match collector.status {
            Status::Ok => 1.0,
            Status::Failed => 0.0,
            Status::Absent => continue,
        };
        exposition.collector(
            collector.name,
            &target_of(collector),
            up,
            collector.elapsed_ms,
        );
    }
    exposition
}

fn target_of(collector: &CollectorReport) -> Target {
    collector.target.as_deref().map(Arc::from)
}

/// The dimension sets of the configuration.
pub(super) fn sets_of(config: &Config) -> WantedSets {
    let has = |name: &str| {
        config
            .cloudwatch
            .dimension_sets
            .iter()
            .flatten()
            .any(|known| known == name)
    };
    WantedSets {
        fleet: has("AutoScalingGroupName"),
        instance: has("InstanceId"),
        ..WantedSets::default()
    }
}

/// What these series would cost for a month of `run`: with heartbeat and CollectorUp, each datum with a value a second.
fn bill(config: &Config, selection: &Selection, looked: &Looked) -> Bill {
    let wanted = sets_of(config);
    // A group's series are one for all its members.
    let mut shared: BTreeSet<(Group, &str)> = BTreeSet::new();
    let mut own = 0;
    let mut count = |target: &Target, metric: &'static str, set: Set| match set {
        Set::Fleet => drop(shared.insert((looked.who_is(target).group, metric))),
        _ => own += 1,
    };
    for (_, value) in &looked.emitted {
        let in_pair = looked.who_is(&value.key.target).ha_group.is_some();
        for set in sets(&value.key, wanted, in_pair) {
            count(&value.key.target, value.key.metric.name, set);
        }
    }
    let targets: BTreeSet<Target> = looked.reports.iter().map(target_of).collect();
    for target in targets
        .iter()
        .filter(|_| selection.coarse(&EXPORTER_HEARTBEAT))
    {
        let sets = [(wanted.fleet, Set::Fleet), (wanted.instance, Set::Instance)];
        for (_, set) in sets.into_iter().filter(|(goes, _)| *goes) {
            count(target, EXPORTER_HEARTBEAT.name, set);
        }
    }
    let running = looked.reports.iter();
    let running = running.filter(|collector| collector.status != Status::Absent);
    own += if wanted.instance { running.count() } else { 0 };
    let fleet = shared.len();
    let period_secs = config.cloudwatch.period_secs;
    let calls = split(
        &Arc::from(config.cloudwatch.namespace.as_str()),
        full_window(fleet + own, period_secs),
    )
    .len();
    Bill {
        fleet,
        own,
        calls,
        period_secs,
        dollars: Cost::monthly(fleet + own, calls, period_secs).total(),
        prices_of: prices::READ_ON,
    }
}

/// So many datums as large as they get in a window.
fn full_window(series: usize, period_secs: i64) -> Vec<Datum> {
    let datum = Datum {
        metric: "ConntrackAllowanceUtilization".into(),
        unit: CAPACITY_UTILIZATION.unit,
        dimensions: vec![
            Dimension {
                name: INSTANCE_ID.into(),
                value: "i-0123456789abcdef0".to_owned()
            };
            2
        ],
        timestamp: 0,
        resolution: Resolution::Minute,
        values: vec![(0.5, 1); usize::try_from(period_secs).unwrap_or(60)],
    };
    vec![datum; series]
}
