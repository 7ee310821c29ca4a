//! Showing: samples, who we are, and the bill for a month of it.

use super::bill;
use super::look::{Looked, target_of};
use crate::aggregate::aggregator::Emitted;
use crate::aggregate::counter::Fine;
use crate::aggregate::fold::newest;
use crate::clock::rfc3339;
use crate::config::Config;
use crate::model::identity::Group;
use crate::model::names::CAPACITY_UTILIZATION;
use crate::model::selection::Selection;
use crate::render::prometheus::Exposition;
use crate::render::report::{self, CollectorReport, Report, Sample, Status};

/// What was seen, for people and programs.
pub(super) fn report(config: &Config, selection: &Selection, looked: &Looked) -> Report {
    let who = looked.who();
    let mut samples: Vec<Sample> = looked
        .emitted
        .iter()
        .map(|(source, value)| sample(&looked.reports[*source], value))
        .collect();
    samples.sort_by(|a, b| {
        (&a.target, a.metric, &a.dimensions).cmp(&(&b.target, b.metric, &b.dimensions))
    });
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
        bill: bill::of(config, selection, looked),
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
