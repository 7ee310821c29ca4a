//! The alarms that fit a configuration: each only where its metric is published under exactly its dimensions.

use crate::config::Config;
use crate::model::alarm::Alarm;

/// An alarm or a policy that is not made, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its number, such as `A4`.
    pub number: &'static str,
    /// What it is called, with its scope: the name that it would have had without the prefix.
    pub name: String,
    /// Why, in a clause: the metric that is not published, and what would publish it.
    pub why: String,
}

/// What was made, in the order of the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Made {
    /// The alarms.
    pub alarms: Vec<Alarm>,
    /// Those that this configuration has no metric for, and those that it disables.
    pub left_out: Vec<LeftOut>,
}

/// The alarms of a configuration.
#[must_use]
pub fn of(_config: &Config) -> Made {
    Made::default()
}
