//! `[alarms]`: what `fwmetrics generate` makes alarms of.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::schema::{Key, KeyKind, Section, any_text};

/// The numbers of all alarms, in the order in which people read them.
pub const ALARM_NUMBERS: [&str; 20] = [
    "A1", "A1b", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A10b", "A11", "A12",
    "A13", "A14", "A15", "G1", "G2", "G3",
];

/// `[alarms]`. Percent, or counts in the alarm's own period.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alarms {
    /// How the names of alarms, policies and dashboards begin.
    pub prefix: String,
    /// Numbers of alarms that are not made.
    pub disable: BTreeSet<String>,
    /// A1: silent firewalls that are borne.
    pub silent_firewalls: i64,
    /// A2: dataplane CPU.
    pub hot_firewall_percent: i64,
    /// A3, first.
    pub session_table_warn_percent: i64,
    /// A3, second.
    pub session_table_page_percent: i64,
    /// A4.
    pub packet_buffers_percent: i64,
    /// A5: packets of the group a minute.
    pub shaped_packets: i64,
    /// A6: packets of the group a minute.
    pub conntrack_drops: i64,
    /// A7.
    pub conntrack_allowance_percent: i64,
    /// A8: packets of the group in five minutes.
    pub link_local_drops: i64,
    /// A9: sessions of the group a minute.
    pub session_alloc_failures: i64,
    /// A10b: tunnels of one firewall.
    pub tunnels_down: i64,
    /// A11.
    pub tunnel_bandwidth_percent: i64,
    /// A12: peers or BFD sessions of one firewall.
    pub peers_down: i64,
    /// A15: packets a minute.
    pub packet_drops: i64,
    /// G1: targets.
    pub unhealthy_firewalls: i64,
    /// G2: targets of the whole group.
    pub healthy_firewalls_min: i64,
    /// G3: flows a minute.
    pub rejected_flows: i64,
    /// G2: the load balancer always has traffic.
    pub constant_traffic: bool,
    /// G2: zones that must have a healthy firewall each.
    pub availability_zones: BTreeSet<String>,
}

impl Default for Alarms {
    fn default() -> Self {
        Alarms {
            prefix: "fwmetrics".to_owned(),
            disable: BTreeSet::new(),
            silent_firewalls: 0,
            hot_firewall_percent: 90,
            session_table_warn_percent: 80,
            session_table_page_percent: 95,
            packet_buffers_percent: 80,
            shaped_packets: 0,
            conntrack_drops: 0,
            conntrack_allowance_percent: 80,
            link_local_drops: 0,
            session_alloc_failures: 0,
            tunnels_down: 0,
            tunnel_bandwidth_percent: 80,
            peers_down: 0,
            packet_drops: 1000,
            unhealthy_firewalls: 0,
            healthy_firewalls_min: 2,
            rejected_flows: 0,
            constant_traffic: false,
            availability_zones: BTreeSet::new(),
        }
    }
}

const PERCENT: KeyKind = KeyKind::Int { min: 1, max: 100 };
const COUNT: KeyKind = KeyKind::Int {
    min: 0,
    max: 1_000_000_000,
};
const FEW: KeyKind = KeyKind::Int {
    min: 0,
    max: 10_000,
};

/// The keys of `[alarms]`.
pub(super) static SECTION: Section = Section {
    name: "alarms",
    about: "What `fwmetrics generate` makes of alarms; nothing of it changes what is published. Counts are those of the alarm's own period, a minute where none is said.",
    keys: &[
        Key::new(
            "prefix",
            KeyKind::Text(prefix),
            "\"fwmetrics\"",
            "How the names of alarms, policies and dashboards begin; another one makes others beside them.",
        )
        .pattern("^(?=.*[!-~])[ -~]{1,64}$"),
        Key::new(
            "disable",
            KeyKind::TextList(any_text),
            "[]",
            "Alarms that are not made, by their numbers, such as \"A7\".",
        ),
        Key::new(
            "silent_firewalls",
            FEW,
            "0",
            "A1: alarm when more firewalls in service than this do not report.",
        ),
        Key::new(
            "hot_firewall_percent",
            PERCENT,
            "90",
            "A2: DataplaneCpuUtilization of the hottest firewall from which on it is hot.",
        ),
        Key::new(
            "session_table_warn_percent",
            PERCENT,
            "80",
            "A3: SessionTableUtilization of the fullest firewall from which on it warns.",
        ),
        Key::new(
            "session_table_page_percent",
            PERCENT,
            "95",
            "A3: the same from which on it wakes somebody.",
        ),
        Key::new(
            "packet_buffers_percent",
            PERCENT,
            "80",
            "A4: PacketBufferUtilization of the fullest firewall.",
        ),
        Key::new(
            "shaped_packets",
            COUNT,
            "0",
            "A5: packets of the whole group, queued or dropped by EC2 for bandwidth or packet rate, that a minute may have.",
        ),
        Key::new(
            "conntrack_drops",
            COUNT,
            "0",
            "A6: packets of the whole group, dropped by EC2's connection tracking, that a minute may have.",
        ),
        Key::new(
            "conntrack_allowance_percent",
            PERCENT,
            "80",
            "A7: ConntrackAllowanceUtilization of the fullest firewall.",
        ),
        Key::new(
            "link_local_drops",
            COUNT,
            "0",
            "A8: packets of the whole group to DNS, IMDS or time service, dropped by EC2, that five minutes may have.",
        ),
        Key::new(
            "session_alloc_failures",
            COUNT,
            "0",
            "A9: SessionAllocFailures of the whole group that a minute may have.",
        ),
        Key::new(
            "tunnels_down",
            FEW,
            "0",
            "A10b: tunnels of one firewall that may be down.",
        ),
        Key::new(
            "tunnel_bandwidth_percent",
            PERCENT,
            "80",
            "A11: TunnelBandwidthUtilization of the busiest tunnel.",
        ),
        Key::new(
            "peers_down",
            FEW,
            "0",
            "A12: BGP peers, and BFD sessions, of one firewall that may be down.",
        ),
        Key::new(
            "packet_drops",
            COUNT,
            "1000",
            "A15: packets dropped at rings and backlogs of the whole group that a minute may have.",
        ),
        Key::new(
            "unhealthy_firewalls",
            FEW,
            "0",
            "G1: targets of the load balancer that may be unhealthy.",
        ),
        Key::new(
            "healthy_firewalls_min",
            KeyKind::Int {
                min: 1,
                max: 10_000,
            },
            "2",
            "G2: healthy targets that there must be, as many as the group's minimum size.",
        ),
        Key::new(
            "rejected_flows",
            COUNT,
            "0",
            "G3: flows that the load balancer may reject in a minute.",
        ),
        Key::new(
            "constant_traffic",
            KeyKind::Bool,
            "false",
            "The load balancer always has traffic. G2 is made only then: its metrics vanish without traffic, and G2 takes their absence for a fault.",
        ),
        Key::new(
            "availability_zones",
            KeyKind::TextList(zone),
            "[]",
            "G2: Availability Zones of the load balancer, such as [\"eu-west-1a\"]; each gets an alarm of its own.",
        ),
    ],
};

/// Alarm names are short, and people read them.
fn prefix(text: &str) -> Result<(), String> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if printable && text.len() <= 64 && !text.trim().is_empty() {
        return Ok(());
    }
    Err("1 to 64 printable ASCII characters, not all of them blanks".to_owned())
}

fn zone(text: &str) -> Result<(), String> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = text.ends_with(|last: char| last.is_ascii_lowercase());
    if text.len() <= 63 && ends && text.contains('-') && text.bytes().all(legal) {
        return Ok(());
    }
    Err("an Availability Zone such as \"eu-west-1a\"".to_owned())
}

#[cfg(test)]
mod tests;
