//! The scaling policies that fit a configuration: one set for each group.

use super::alarms::LeftOut;
use crate::config::Config;
use crate::model::alarm::Policy;

/// What was made, in the order of the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MadePolicies {
    /// The policies.
    pub policies: Vec<Policy>,
    /// Those that this configuration has no metric for, and those that it disables.
    pub left_out: Vec<LeftOut>,
}

/// The policies of a configuration.
#[must_use]
pub fn of(_config: &Config) -> MadePolicies {
    MadePolicies::default()
}
