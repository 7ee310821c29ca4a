//! What `generate` makes of a configuration: the alarms, those of scaling policies among them, and the dashboards.

use serde::Serialize;

use super::Assumed;
use crate::config::Config;
use crate::generate::form::blank::Blank;
use crate::generate::{alarms, dashboard, scaling};
use crate::model::alarm::{Alarm, Decision, MetricId, Parameter, Text};
use crate::model::prices::number;

/// Alarms of all machines. CloudWatch asks for each metric that an alarm looks at, not for the alarm (pricing page,
/// "Alarms").
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Alarms {
    /// How many.
    pub count: usize,
    /// Of them those of policies; target tracking makes two of its own (user guide of EC2 Auto Scaling).
    pub of_policies: usize,
    /// Metrics that they look at. None has a period under a minute, which would cost more.
    pub metrics: usize,
    /// What they cost.
    pub usd: f64,
}

impl Alarms {
    fn add(&mut self, times: usize, metrics: usize) {
        self.count += times;
        self.metrics += times * metrics;
    }
}

/// Alarms, and how many dashboards.
pub(super) fn of(config: &Config, assumed: &Assumed) -> (Alarms, usize) {
    let mut counted = Alarms::default();
    let made = alarms::of(config).alarms;
    for alarm in &made {
        add(&mut counted, assumed, alarm);
    }
    let dashboards = dashboard::of(config, &config.alarms.prefix, &made);
    let dashboards = dashboards.iter().map(|one| match one.needs.as_slice() {
        [] => 1,
        [Blank::InstanceId] if assumed.is_alone => assumed.firewalls,
        needs => usize::from(!assumed.is_alone && !needs.contains(&Blank::InstanceId)),
    });
    let before = counted.count;
    for policy in scaling::of(config).policies {
        match policy.decision {
            Decision::Steps { alarm, .. } | Decision::Simple { alarm, .. } => {
                add(&mut counted, assumed, &alarm);
            }
            Decision::Target { stat, .. } => {
                let times = times(assumed, [&stat.metric].into_iter());
                counted.add(2 * times, 1);
            }
        }
    }
    counted.of_policies = counted.count - before;
    counted.usd = number(counted.metrics) * config.prices.alarm_metric;
    (counted, dashboards.sum())
}

fn add(counted: &mut Alarms, assumed: &Assumed, alarm: &Alarm) {
    let stats = alarm.rule.measure.stats();
    let times = times(assumed, stats.iter().map(|stat| &stat.metric));
    counted.add(times, stats.len());
}

/// How often an alarm on these metrics is made. One template serves fleets and firewalls that stand alone: which of its
/// alarms come to be is a matter of the parameters that are given.
fn times<'a>(assumed: &Assumed, metrics: impl Iterator<Item = &'a MetricId>) -> usize {
    let mut times = 1;
    for (_, value) in metrics.flat_map(|metric| &metric.dimensions) {
        match value {
            Text::Given(Parameter::InstanceId) if assumed.is_alone => times = assumed.firewalls,
            Text::Given(Parameter::PeerInstanceId) if assumed.is_alone => {}
            Text::Given(Parameter::InstanceId | Parameter::PeerInstanceId) => return 0,
            Text::Given(_) if assumed.is_alone => return 0,
            Text::Given(_) | Text::Fixed(_) => {}
        }
    }
    times
}
