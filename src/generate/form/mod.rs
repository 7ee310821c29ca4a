//! How what is made for AWS is written down: CloudFormation, Terraform, and inputs of the AWS CLI.
//!
//! Everything is first made as the API takes it, a [`serde_json::Value`] in a [`Resource`](super::resource::Resource); what
//! only the account knows stands in its texts as a [`blank`]. Each form fills the blanks in its own way.

pub mod blank;
pub mod cloudformation;
pub mod hcl;
pub mod json;
pub mod terraform;
pub mod yaml;

use serde_json::{Map, Number, Value};

/// Keys that stand first in a table, in the order in which people expect them; the rest follows by name.
const FIRST: [&str; 17] = [
    "call", "input", "type", "x", "y", "width", "height", "Id", "Name", "AlarmName", "Version", "Sid", "Effect", "Principal",
    "Action", "Resource", "Condition",
];

/// A table in reading order.
fn ordered(table: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = table.iter().collect();
    let rank = |key: &str| FIRST.iter().position(|first| *first == key);
    entries.sort_by_key(|(key, _)| rank(key).unwrap_or(FIRST.len()));
    entries
}

/// A number without an exponent, and without a point where it is whole: YAML 1.1 takes `1e-7` for a text.
fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}
