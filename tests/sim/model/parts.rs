//! Parts of a firewall that traffic passes: interfaces, tunnels, monitored next hops, global counters.

use super::meter::Meter;

/// State of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelState {
    /// It has keys and passes packets.
    Active,
    /// It has no keys yet.
    Init,
    /// It was up and is not.
    Inactive,
}

impl TunnelState {
    /// As the device says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Init => "init",
            Self::Inactive => "inactive",
        }
    }
}

/// The tunnel monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Monitor {
    /// None is configured.
    Off,
    /// It reaches the other side.
    Up,
    /// It does not.
    Down,
}

impl Monitor {
    /// As the device says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// An IPsec tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tunnel {
    /// Such as `to-aws-1`, or `branch:proxy-a` for a proxy ID.
    pub name: String,
    /// Its number.
    pub id: u32,
    /// Such as `tunnel.1`; no two tunnels should share one.
    pub inner_if: String,
    /// The IKE gateway.
    pub gateway: String,
    /// The other side.
    pub peer_ip: String,
    /// Whether it is up. Its bytes grow while it is active only.
    pub state: TunnelState,
    /// Its monitor.
    pub monitor: Monitor,
    /// Bytes that came out of it (`ibytes` of its interface).
    pub bytes_in: Meter,
    /// Bytes that went into it (`obytes` of its interface).
    pub bytes_out: Meter,
    /// Packets that could not be decrypted, since the start.
    pub decryption_errors: u64,
    /// Packets that failed authentication, since the start.
    pub authentication_errors: u64,
    /// Packets that came twice, since the start.
    pub replayed: u64,
}

/// An interface of the box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Such as `ethernet1/1`.
    pub name: String,
    /// Whether it has a link. Its counters grow all the same: set their rates.
    pub up: bool,
    /// In Mbit/s.
    pub speed: u32,
    /// Its zone.
    pub zone: String,
    /// Its address.
    pub ip: String,
    /// `ibytes`.
    pub bytes_in: Meter,
    /// `obytes`.
    pub bytes_out: Meter,
    /// `ipackets`.
    pub packets_in: Meter,
    /// `opackets`.
    pub packets_out: Meter,
    /// `ierrors`.
    pub errors_in: Meter,
    /// `idrops`.
    pub drops_in: Meter,
    /// `port/tx-error`.
    pub errors_out: Meter,
}

impl Interface {
    /// Its counters with the names in the answer.
    pub fn meters(&self) -> [(&'static str, &Meter); 7] {
        [
            ("ibytes", &self.bytes_in),
            ("obytes", &self.bytes_out),
            ("ipackets", &self.packets_in),
            ("opackets", &self.packets_out),
            ("ierrors", &self.errors_in),
            ("idrops", &self.drops_in),
            ("tx-error", &self.errors_out),
        ]
    }

    /// Its counters, to be changed, in the same order.
    pub(super) fn meters_mut(&mut self) -> [&mut Meter; 7] {
        [
            &mut self.bytes_in,
            &mut self.bytes_out,
            &mut self.packets_in,
            &mut self.packets_out,
            &mut self.errors_in,
            &mut self.drops_in,
            &mut self.errors_out,
        ]
    }
}

/// A rule of policy-based forwarding with a monitored next hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PbfRule {
    /// Its name.
    pub name: String,
    /// Where it sends to.
    pub egress_if: String,
    /// The next hop.
    pub next_hop: String,
    /// Whether the next hop answers.
    pub up: bool,
}

/// A global counter; one that has counted nothing is not in the answers, as on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalCounter {
    /// Such as `flow_policy_deny`.
    pub name: &'static str,
    /// `drop`, `warn` or `info`.
    pub severity: &'static str,
    /// `session`, `dos` …
    pub aspect: &'static str,
    /// What it counts.
    pub description: &'static str,
    /// Its value.
    pub meter: Meter,
}
