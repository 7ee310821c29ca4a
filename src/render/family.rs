//! What Prometheus calls a metric: its family, with name, type and HELP.

use std::borrow::Cow;

use crate::aggregate::aggregator::Emitted;
use crate::model::metric::{Metric, Sets};
use crate::model::unit::Unit;

/// Type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A total since start; its name ends in `_total`.
    Counter,
    /// A level, rate, share or state.
    Gauge,
}

impl Type {
    /// Of what the aggregator hands out.
    #[must_use]
    pub const fn of(value: &Emitted) -> Self {
        if value.increases {
            Type::Counter
        } else {
            Type::Gauge
        }
    }
}

/// The name of a metric's family.
pub(super) fn family(metric: &Metric, kind: Type) -> String {
    let mut name = format!("fwmetrics_{}", snake(metric.name));
    let unit = unit(metric.unit);
    if !name.ends_with(unit) {
        name.push_str(unit);
    }
    if kind == Type::Counter {
        name.push_str("_total");
    }
    name
}

const fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "_seconds",
        Unit::Milliseconds => "_milliseconds",
        Unit::Bytes => "_bytes",
        Unit::Percent => "_percent",
        Unit::BitsPerSecond => "_bits_per_second",
        Unit::KilobitsPerSecond => "_kilobits_per_second",
        Unit::Count | Unit::CountPerSecond | Unit::None => "",
    }
}

/// HELP of a metric whose fine series stand beside the coarse one.
pub(super) fn help(metric: &'static Metric) -> Cow<'static, str> {
    match metric.detail.dimension() {
        Some(own) if metric.sets != Sets::DetailOnly => {
            let label = snake(own.name());
            let text = format!(
                "{}. The line without {label} is of all together: do not add it to the others",
                metric.help
            );
            text.into()
        }
        _ => metric.help.into(),
    }
}

/// `DataplaneCpuUtilization` becomes `dataplane_cpu_utilization`.
pub(super) fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalogue;
    use crate::model::dimension::OwnDimension;

    #[test]
    fn names_carry_their_unit_once() {
        for (name, metric_unit, kind, wanted) in [
            (
                "DataplaneCpuUtilization",
                Unit::Percent,
                Type::Gauge,
                "dataplane_cpu_utilization_percent",
            ),
            (
                "ThroughputBitsPerSecond",
                Unit::BitsPerSecond,
                Type::Gauge,
                "throughput_bits_per_second",
            ),
            (
                "UptimeSeconds",
                Unit::Seconds,
                Type::Gauge,
                "uptime_seconds",
            ),
            (
                "PacketsPerSecond",
                Unit::CountPerSecond,
                Type::Gauge,
                "packets_per_second",
            ),
            (
                "CollectorDuration",
                Unit::Milliseconds,
                Type::Gauge,
                "collector_duration_milliseconds",
            ),
            (
                "TunnelBytesIn",
                Unit::Bytes,
                Type::Counter,
                "tunnel_bytes_in_bytes_total",
            ),
            ("RxDrops", Unit::Count, Type::Counter, "rx_drops_total"),
            (
                "ActiveSessions",
                Unit::Count,
                Type::Gauge,
                "active_sessions",
            ),
            ("HaActive", Unit::None, Type::Gauge, "ha_active"),
        ] {
            let metric = Metric::new(name, metric_unit, Sets::Instance, "");
            assert_eq!(family(&metric, kind), format!("fwmetrics_{wanted}"));
        }
    }

    #[test]
    fn every_metric_has_a_legal_name_of_its_own() {
        let mut seen = BTreeSet::new();
        for entry in catalogue::all() {
            for kind in [Type::Gauge, Type::Counter] {
                let name = family(entry.metric, kind);
                let legal = |letter: u8| {
                    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_'
                };
                assert!(name.bytes().all(legal) && !name.contains("__"), "{name}");
                assert!(seen.insert(name), "{}", entry.metric.name);
            }
        }
        for own in OwnDimension::ALL {
            assert_ne!(snake(own.name()), "target");
        }
    }
}
