//! `[scaling]`: what `fwmetrics generate` makes scaling policies of.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::schema::{Key, KeyKind, Section, any_text};

/// The numbers of all policies.
pub const POLICY_NUMBERS: [&str; 4] = ["P1", "P2", "P3", "P4"];

/// `[scaling]`. Percent of `CapacityUtilization`, the group's average, where nothing else is said.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scaling {
    /// Numbers of policies that are not made.
    pub disable: BTreeSet<String>,
    /// P1: what target tracking holds.
    pub target_percent: i64,
    /// P2: from here on one firewall comes.
    pub step_percent: i64,
    /// P2: from here on two come.
    pub second_step_percent: i64,
    /// P3 is made.
    pub buffers: bool,
    /// P3: `PacketBufferUtilization` of the fullest firewall.
    pub buffers_percent: i64,
    /// P4: below this, with one firewall fewer, one goes.
    pub scale_in_percent: i64,
    /// What a new firewall needs until it takes its share; none is the platform's.
    pub warm_up_secs: Option<u32>,
}

impl Default for Scaling {
    fn default() -> Self {
        Scaling {
            disable: BTreeSet::new(),
            target_percent: 60,
            step_percent: 80,
            second_step_percent: 90,
            buffers: false,
            buffers_percent: 80,
            scale_in_percent: 45,
            warm_up_secs: None,
        }
    }
}

const PERCENT: KeyKind = KeyKind::Int { min: 1, max: 100 };

/// The keys of `[scaling]`.
pub(super) static SECTION: Section = Section {
    name: "scaling",
    about: "Policies of the Auto Scaling group, for `fwmetrics generate` and `fwmetrics simulate`. Percent are those of CapacityUtilization, the group's average, where nothing else is said.",
    keys: &[
        Key::new(
            "disable",
            KeyKind::TextList(any_text),
            "[]",
            "Policies that are not made, by their numbers, such as \"P4\".",
        ),
        Key::new(
            "target_percent",
            KeyKind::Int { min: 10, max: 90 },
            "60",
            "P1: what target tracking holds by adding firewalls; it takes none away.",
        ),
        Key::new(
            "step_percent",
            PERCENT,
            "80",
            "P2: from here on, for two minutes, one firewall comes at once.",
        ),
        Key::new(
            "second_step_percent",
            PERCENT,
            "90",
            "P2: from here on two come.",
        ),
        Key::new(
            "buffers",
            KeyKind::Bool,
            "false",
            "P3: full packet buffers bring a firewall too.",
        ),
        Key::new(
            "buffers_percent",
            PERCENT,
            "80",
            "P3: PacketBufferUtilization of the fullest firewall from which on one comes.",
        ),
        Key::new(
            "scale_in_percent",
            PERCENT,
            "45",
            "P4: one firewall goes when the others would stay below this for half an hour without it.",
        ),
        Key::new(
            "warm_up_secs",
            KeyKind::Int { min: 0, max: 7200 },
            "",
            "What a new firewall needs until it takes its share. Default: 180, and 900 where the group has PAN-OS firewalls.",
        )
        .example("180"),
    ],
};
