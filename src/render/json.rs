//! `once --format json`.

use crate::render::report::Report;

/// One object, indented.
#[must_use]
pub fn report(report: &Report) -> String {
    // A report holds no map with other than text keys, and no number that is not finite.
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}
