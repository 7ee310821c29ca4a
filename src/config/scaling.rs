//! `[scaling]`: what `fwmetrics generate` makes scaling policies of.

use serde::Deserialize;

use crate::model::schema::{Key, KeyKind, Section};

/// `[scaling]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scaling {
    /// `CapacityUtilization` that target tracking holds, percent.
    pub target_percent: i64,
}

impl Default for Scaling {
    fn default() -> Self {
        Scaling { target_percent: 60 }
    }
}

/// The keys of `[scaling]`.
pub(super) static SECTION: Section = Section {
    name: "scaling",
    about: "Policies of the Auto Scaling group.",
    keys: &[Key::new(
        "target_percent",
        KeyKind::Int { min: 10, max: 90 },
        "60",
        "CapacityUtilization, the group's average, that target tracking holds by adding firewalls.",
    )],
};
