//! `[drain]`: how a firewall leaves its Auto Scaling group.

use serde::Deserialize;

use crate::model::schema::{Key, KeyKind, Section, VISIBLE, visible_text};

/// `[drain]`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Drain {
    /// The terminating lifecycle hook that is completed once the sessions are gone.
    pub hook_name: Option<String>,
}

/// The keys of `[drain]`.
pub(super) static SECTION: Section = Section {
    name: "drain",
    about: "How a firewall leaves its Auto Scaling group; without it nothing waits.",
    keys: &[Key::new(
        "hook_name",
        KeyKind::Text(visible_text),
        "",
        "Name of the group's hook on autoscaling:EC2_INSTANCE_TERMINATING. Default: none, and no hook is completed.",
    )
    .example("\"fwmetrics-drain\"")
    .pattern(VISIBLE)],
};
