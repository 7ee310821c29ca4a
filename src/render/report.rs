//! What `once` found, before it takes a form. The names are those of `once --format json`.

use std::collections::BTreeMap;

use serde::Serialize;

/// The whole report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Of fwmetrics.
    pub version: &'static str,
    /// When, RFC 3339.
    pub time: String,
    /// From the first pass to the last.
    pub elapsed_ms: u64,
    /// Who, as far as known.
    pub identity: Who,
    /// How each collector fared.
    pub collectors: Vec<CollectorReport>,
    /// What was read.
    pub samples: Vec<Sample>,
    /// What publishing this would cost; the table's last lines.
    #[serde(skip)]
    pub bill: Bill,
}

/// Identity, null where unknown.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Who {
    /// The instance.
    pub instance_id: Option<String>,
    /// Its group.
    pub auto_scaling_group: Option<String>,
    /// The region.
    pub region: Option<String>,
}

/// One collector.
#[derive(Debug, Clone, Serialize)]
pub struct CollectorReport {
    /// Its name.
    pub name: &'static str,
    /// The firewall it read; null for this machine.
    pub target: Option<String>,
    /// How it ended.
    pub status: Status,
    /// The longer of its passes.
    pub elapsed_ms: f64,
    /// Why it failed or is absent.
    pub error: Option<String>,
    /// What this device or release does not have.
    pub notes: Vec<String>,
}

/// How a collector ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It read its source.
    Ok,
    /// None of its sources is here.
    Absent,
    /// A source could not be read.
    Failed,
}

/// One value.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// Who read it, or `derived`.
    pub collector: &'static str,
    /// The firewall; null for this machine.
    pub target: Option<String>,
    /// The metric.
    pub metric: &'static str,
    /// Its unit, as CloudWatch spells it.
    pub unit: &'static str,
    /// The newest value.
    pub value: f64,
    /// All values of a block, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<f64>>,
    /// Its own dimensions; identity is added at publication.
    pub dimensions: BTreeMap<&'static str, String>,
    /// The input that decided, for a derived metric.
    #[serde(skip)]
    pub bound_by: Option<&'static str>,
}

/// Series, calls and money.
#[derive(Debug, Clone, Default)]
pub struct Bill {
    /// Series of the group, shared by all its members.
    pub fleet: usize,
    /// Series of this firewall.
    pub own: usize,
    /// Calls a window.
    pub calls: usize,
    /// Length of a window, seconds.
    pub period_secs: i64,
    /// US dollars a month.
    pub dollars: f64,
    /// Day of the prices, or where they are from.
    pub prices_of: &'static str,
}
