//! `[alarms]`: what `fwmetrics generate` makes alarms of.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::schema::{Key, KeyKind, Section, VISIBLE, any_text, visible_text};

/// `[alarms]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alarms {
    /// How the names of alarms, policies and dashboards begin.
    pub prefix: String,
    /// Numbers of alarms that are not made.
    pub disable: BTreeSet<String>,
}

impl Default for Alarms {
    fn default() -> Self {
        Alarms {
            prefix: "fwmetrics".to_owned(),
            disable: BTreeSet::new(),
        }
    }
}

/// The keys of `[alarms]`.
pub(super) static SECTION: Section = Section {
    name: "alarms",
    about: "What `fwmetrics generate` makes of alarms and policies; nothing of it changes what is published.",
    keys: &[
        Key::new(
            "prefix",
            KeyKind::Text(visible_text),
            "\"fwmetrics\"",
            "How the names of alarms, policies and dashboards begin; another one makes others beside them.",
        )
        .pattern(VISIBLE),
        Key::new(
            "disable",
            KeyKind::TextList(any_text),
            "[]",
            "Alarms that are not made, by their numbers, such as \"A7\".",
        ),
    ],
};
