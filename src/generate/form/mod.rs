//! How what is made for AWS is written down: CloudFormation, Terraform, and inputs of the AWS CLI.
//!
//! Everything is first made as the API takes it, a [`serde_json::Value`]; what only the account knows stands in its texts as a
//! [`blank`]. Each form fills the blanks in its own way.

pub mod blank;
pub mod hcl;
pub mod yaml;

/// A number without an exponent, and without a point where it is whole: YAML 1.1 takes `1e-7` for a text.
#[must_use]
fn number(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}
