//! "show counter global": what the dataplane counts.

use super::fields;
use super::oddities::Oddities;
use super::xml::Element;

/// One global counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Such as `flow_policy_deny`.
    pub name: String,
    /// Since the dataplane's start or the counters' clearing; commonly packets.
    pub value: u64,
    /// `drop`, `warn`, `info` …; empty where the device does not say it.
    pub severity: String,
    /// `session`, `dos` …; empty where the device does not say it.
    pub aspect: String,
}

/// The global counters that the command's filter lets through, in the order of the answer.
///
/// # Errors
/// The answer has no table of counters.
pub fn global_counters(result: &Element, odd: &mut Oddities) -> Result<Vec<Counter>, String> {
    let table = result.find("global/counters").or(result.child("counters"));
    let table = table.ok_or("no global counters in the answer")?;
    Ok(table
        .all("entry")
        .filter_map(|entry| counter(entry, odd))
        .collect())
}

fn counter(entry: &Element, odd: &mut Oddities) -> Option<Counter> {
    Some(Counter {
        name: fields::name(entry, "counter", odd)?,
        value: fields::whole(entry, "value", odd)?,
        severity: fields::text(entry, "severity").unwrap_or_default(),
        aspect: fields::text(entry, "aspect").unwrap_or_default(),
    })
}
