//! Floor 4: every metric there is, from each collector's Spec, the derived ones and our own; and what they cost.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aggregate::label::{Set, WantedAliases, WantedSets, sets};
use crate::aggregate::window::SeriesKey;
use crate::collectors;
use crate::model::metric::{Detail, Metric, Sets};
use crate::model::names::CAPACITY_UTILIZATION;
use crate::model::prices::{Prices, number};
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

/// Kinds of firewall: no firewall has the metrics of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// This machine, by its local collectors.
    Linux,
    /// One that is read from beside.
    PanOs,
}

impl Platform {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Platform::Linux => "Linux",
            Platform::PanOs => "PAN-OS",
        }
    }

    /// Every metric that such a firewall may have, each once.
    #[must_use]
    pub fn metrics(self) -> Vec<&'static Metric> {
        let specs = collectors::ALL.iter();
        let own = specs.filter(|spec| spec.remote.is_some() == (self == Platform::PanOs));
        let ours: &[&Metric] = match self {
            Platform::Linux => self_metrics::ALL,
            Platform::PanOs => self_metrics::OF_TARGET,
        };
        let mut metrics: Vec<_> = own.flat_map(|spec| spec.metrics()).collect();
        metrics.push(&CAPACITY_UTILIZATION);
        metrics.extend(ours);
        metrics.sort_unstable();
        metrics.dedup();
        metrics
    }
}

/// The sets that are published by default.
const BY_DEFAULT: WantedSets = WantedSets {
    fleet: true,
    instance: true,
    vmseries: WantedAliases {
        all: false,
        fleet: false,
        only: false,
    },
};

/// Series by dimension set.
pub type Series = BTreeMap<Set, usize>;

/// The most coarse series that one firewall makes of this selection, by dimension set. Fine series come on top, by core,
/// interface or tunnel.
#[must_use]
pub fn coarse_series(platform: Platform, selection: &Selection, wanted: WantedSets) -> Series {
    let metrics = platform.metrics().into_iter();
    let mut series = Series::new();
    for metric in metrics.filter(|metric| selection.coarse(metric)) {
        for set in sets_of(platform, metric, wanted) {
            *series.entry(set).or_default() += 1;
        }
    }
    series
}

/// As [`coarse_series`] with the default selection and sets: in `{AutoScalingGroupName}` and in `{InstanceId}`.
#[must_use]
pub fn default_series(platform: Platform) -> (usize, usize) {
    let series = coarse_series(platform, &Selection::default(), BY_DEFAULT);
    let of = |set| series.get(&set).copied().unwrap_or(0);
    (of(Set::Fleet), of(Set::Instance))
}

fn sets_of(platform: Platform, metric: &'static Metric, wanted: WantedSets) -> Vec<Set> {
    let target = match platform {
        Platform::Linux => None,
        Platform::PanOs => Some(Arc::from("")),
    };
    let key = SeriesKey {
        target,
        metric,
        own: None,
    };
    sets(&key, wanted, false)
}

/// What the coarse series of a metric cost, US dollars a month; without those of the VM-Series plugin's names.
#[must_use]
pub fn usd_month(metric: &'static Metric, prices: &Prices) -> f64 {
    number(sets_of(Platform::Linux, metric, BY_DEFAULT).len()) * prices.metric
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
    pub fn monthly(series: usize, calls: usize, period_secs: i64, prices: &Prices) -> Self {
        Cost {
            metrics: prices.metrics(series),
            calls: prices.calls(calls, period_secs),
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
        for platform in [Platform::Linux, Platform::PanOs] {
            let (fleet, instance) = default_series(platform);
            assert!(
                fleet > 5 && fleet < 20,
                "{platform:?}: {fleet} in the fleet set"
            );
            assert!(
                instance > fleet && instance < 40,
                "{platform:?}: {instance} in the instance set"
            );
        }
    }

    #[test]
    fn palo_altos_ten_are_there_and_cost_what_their_sets_cost() {
        let mut names: Vec<_> = all()
            .iter()
            .filter_map(|entry| {
                Some((
                    entry.metric.vmseries?.name,
                    entry.metric.vmseries?.unit.as_str(),
                ))
            })
            .collect();
        names.sort_unstable();
        let wanted = [
            ("DataPlaneCPUUtilizationPct", "Percent"),
            ("DataPlanePacketBufferUtilization", "Percent"),
            ("panGPGWUtilizationActiveTunnels", "Count"),
            ("panGPGatewayUtilizationPct", "Percent"),
            ("panSessionActive", "Count"),
            ("panSessionConnectionsPerSecond", "Count/Second"),
            ("panSessionSslProxyUtilization", "Percent"),
            ("panSessionThroughputKbps", "Kilobits/Second"),
            ("panSessionThroughputPps", "Count/Second"),
            ("panSessionUtilization", "Percent"),
        ];
        assert_eq!(names, wanted);
        let every = Selection::everything(all().iter().map(|entry| entry.metric));
        let vmseries = WantedAliases {
            all: true,
            fleet: true,
            only: true,
        };
        let wanted = WantedSets {
            vmseries,
            ..BY_DEFAULT
        };
        let alone = coarse_series(Platform::PanOs, &every, wanted);
        let both = [(Set::VmSeries, 10), (Set::VmSeriesFleet, 10)];
        assert_eq!(alone, both.into());
        let linux = coarse_series(Platform::Linux, &every, wanted);
        assert_eq!(linux, coarse_series(Platform::Linux, &every, BY_DEFAULT));
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
        let cost = Cost::monthly(40, 1, 60, &Prices::default());
        assert!((cost.metrics - 12.0).abs() < 1e-9);
        assert!((cost.calls - 0.432).abs() < 1e-9);
    }
}
