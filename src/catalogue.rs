//! Floor 4: every metric there is, from each collector's Spec, the derived ones and our own; and what they cost.

use crate::aggregate::label::{WantedSets, sets};
use crate::aggregate::window::SeriesKey;
use crate::collectors;
use crate::model::metric::{Detail, Metric, Sets};
use crate::model::names::CAPACITY_UTILIZATION;
use crate::model::selection::Selection;
use crate::self_metrics;

/// A metric and where it comes from.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The metric.
    pub metric: &'static Metric,
    /// Collectors that emit it; `derived` or `self` for our own.
    pub sources: Vec<&'static str>,
}

/// All metrics, by name.
#[must_use]
pub fn all() -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut add = |metric: &'static Metric, source: &'static str| match entries
        .iter_mut()
        .find(|entry| entry.metric == metric)
    {
        Some(entry) => entry.sources.push(source),
        None => entries.push(Entry {
            metric,
            sources: vec![source],
        }),
    };
    for spec in collectors::ALL {
        for metric in spec.metrics() {
            add(metric, spec.name);
        }
    }
    add(&CAPACITY_UTILIZATION, "derived");
    for metric in self_metrics::ALL {
        add(metric, "self");
    }
    entries.sort_by_key(|entry| entry.metric.name);
    entries
}

/// The metric of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Metric> {
    let mut every = all().into_iter().map(|entry| entry.metric);
    every.find(|metric| metric.name == name)
}

/// The most coarse series that one firewall makes with this selection: in `{AutoScalingGroupName}` and in
/// `{InstanceId}`. Fine series come on top, by core, interface or tunnel.
#[must_use]
pub fn coarse_series(selection: &Selection) -> (usize, usize) {
    let wanted = WantedSets {
        fleet: true,
        instance: true,
    };
    let both = |metric: &'static Metric| {
        let key = SeriesKey {
            target: None,
            metric,
            own: None,
        };
        sets(&key, wanted, false).len()
    };
    let counts = all()
        .iter()
        .filter(|entry| selection.coarse(entry.metric))
        .map(|entry| both(entry.metric))
        .collect::<Vec<_>>();
    (
        counts.iter().filter(|count| **count == 2).count(),
        counts.len(),
    )
}

/// What the coarse series of a metric cost, US dollars a month.
#[must_use]
pub fn usd_month(metric: &'static Metric) -> f64 {
    let wanted = WantedSets {
        fleet: true,
        instance: true,
    };
    let key = SeriesKey {
        target: None,
        metric,
        own: None,
    };
    match sets(&key, wanted, false).len() {
        0 => 0.0,
        1 => prices::METRIC_MONTH,
        _ => 2.0 * prices::METRIC_MONTH,
    }
}

/// The dimension sets of a metric, in words.
#[must_use]
pub fn sets_shown(metric: &Metric) -> String {
    let coarse: &[&str] = match metric.sets {
        Sets::FleetAndInstance => &["{AutoScalingGroupName}", "{InstanceId}"],
        Sets::Instance => &["{InstanceId}"],
        Sets::DetailOnly => &[],
    };
    let fine = match metric.detail {
        Detail::No => None,
        Detail::On(own) => Some(format!("{{InstanceId, {}}}", own.name())),
        Detail::OptIn(own) => Some(format!("{{InstanceId, {}}} opt-in", own.name())),
    };
    let shown: Vec<String> = coarse
        .iter()
        .map(|set| (*set).to_owned())
        .chain(fine)
        .collect();
    shown.join(" ")
}

/// Prices of us-east-1 in US dollars, read on 2026-11-21: CloudWatch pricing page. Other regions differ a little.
pub mod prices {
    /// The day these were read.
    pub const READ_ON: &str = "2026-11-21";
    /// One custom metric for a month, in the first tier (up to 10,000); prorated by the hour, only while sent.
    pub const METRIC_MONTH: f64 = 0.30;
    /// One PutMetricData call.
    pub const CALL: f64 = 0.01 / 1000.0;
    /// Seconds of a month of 30 days.
    pub const MONTH_SECS: f64 = 30.0 * 24.0 * 3600.0;
}

/// What publishing costs, US dollars a month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// For the series.
    pub metrics: f64,
    /// For the calls.
    pub calls: f64,
}

impl Cost {
    /// Of so many series, and so many calls each period.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // small counts
    pub fn monthly(series: usize, calls_per_window: usize, period_secs: i64) -> Self {
        let windows = prices::MONTH_SECS / period_secs as f64;
        Cost {
            metrics: series as f64 * prices::METRIC_MONTH,
            calls: calls_per_window as f64 * windows * prices::CALL,
        }
    }

    /// Both together.
    #[must_use]
    pub fn total(self) -> f64 {
        self.metrics + self.calls
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::dimension::OwnDimension;
    use crate::model::unit::Unit;

    #[test]
    fn names_are_unique_and_every_metric_goes_somewhere() {
        let entries = all();
        let names: BTreeSet<&str> = entries.iter().map(|entry| entry.metric.name).collect();
        assert_eq!(names.len(), entries.len());
        for Entry { metric, sources } in &entries {
            assert!(!sources.is_empty());
            assert!(Unit::ALL.contains(&metric.unit));
            assert!(
                metric.sets != Sets::DetailOnly || metric.detail != Detail::No,
                "{}",
                metric.name
            );
            let own = metric.detail.dimension();
            assert!(own.is_none_or(|own| OwnDimension::ALL.contains(&own)));
            assert!(
                metric.name.bytes().all(|b| b.is_ascii_alphanumeric()),
                "{}",
                metric.name
            );
            assert!(
                !metric.help.is_empty() && !metric.help.ends_with('.'),
                "{}",
                metric.name
            );
        }
    }

    #[test]
    fn two_statics_of_one_name_would_agree_because_there_is_only_one() {
        for spec in collectors::ALL {
            for metric in spec.metrics() {
                let shared = all().into_iter().find(|entry| entry.metric == metric);
                assert!(
                    shared.is_some_and(|entry| std::ptr::eq(entry.metric, metric)),
                    "{}",
                    metric.name
                );
            }
        }
    }

    #[test]
    fn default_series_stay_under_their_ceilings() {
        let (fleet, instance) = coarse_series(&Selection::default());
        assert!(fleet < 20, "{fleet} in the fleet set");
        assert!(instance < 40, "{instance} in the instance set");
    }

    #[test]
    fn a_collectors_reading_names_are_its_own() {
        for spec in collectors::ALL {
            let names: BTreeSet<&str> = spec.readings.iter().map(|reading| reading.name).collect();
            assert_eq!(names.len(), spec.readings.len(), "{}", spec.name);
        }
    }

    #[test]
    fn the_bill_is_series_plus_calls() {
        let cost = Cost::monthly(40, 1, 60);
        assert!((cost.metrics - 12.0).abs() < 1e-9);
        assert!((cost.calls - 0.432).abs() < 1e-9);
    }
}
