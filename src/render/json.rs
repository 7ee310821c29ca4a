//! One JSON object, indented: `once --format json`, `cost --format json`.

use serde::Serialize;

use crate::render::report::Report;

/// A report.
#[must_use]
pub fn report(report: &Report) -> String {
    pretty(report)
}

/// Any of ours: none holds a map with other than text keys.
#[must_use]
pub fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
