//! Who the firewall is: what the metadata service, or the configuration, says of it.

use crate::model::datum::Dimension;

/// Target lifecycle state of an instance in an Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Lifecycle {
    /// Never answered.
    #[default]
    Unknown,
    /// The path is not there: the instance belongs to no group.
    NoGroup,
    /// The word IMDS said: `InService`, `Terminated`, `Standby`, `Warmed:Running` …
    State(String),
}

impl Lifecycle {
    /// Only this state lets a firewall speak for its fleet.
    #[must_use]
    pub fn in_service(&self) -> bool {
        matches!(self, Lifecycle::State(word) if word == "InService")
    }
}

impl std::fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Lifecycle::Unknown => "unknown",
            Lifecycle::NoGroup => "in no group",
            Lifecycle::State(word) => word,
        })
    }
}

/// What is known of an instance; every part may still be unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// `i-…`
    pub instance_id: Option<String>,
    /// The name of the Auto Scaling group, from the instance's tags.
    pub auto_scaling_group: Option<String>,
    /// The region the instance runs in.
    pub region: Option<String>,
    /// In service, on its way out, or in no group at all.
    pub lifecycle: Lifecycle,
}

/// The Auto Scaling group of a target, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// There is one, but its name could not be read yet: fleet datums wait.
    Unread,
    /// There is none, or nobody said so far: no fleet datums.
    None,
    /// Its name.
    Known(String),
}

/// A target as its datums name it: what was configured, completed by what the metadata service said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// `InstanceId`, or `Firewall` where there is none; `None` while unknown: instance datums wait.
    pub instance: Option<Dimension>,
    /// The group.
    pub group: Group,
    /// May speak for its fleet.
    pub in_service: bool,
    /// The pair it belongs to.
    pub ha_group: Option<String>,
}
