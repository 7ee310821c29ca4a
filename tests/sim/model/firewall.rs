//! A firewall: its fields.

use std::collections::{BTreeMap, BTreeSet};

use super::super::server::Fault;
use super::load::{Dataplane, Load};
use super::parts::{GlobalCounter, Interface, PbfRule, Tunnel};
use super::peers::{BgpPeer, Ha, Routing};
use super::release::{Platform, Release};

/// A simulated firewall. All fields may be changed while it is asked ([`Simulator::change`]); what hangs together (a
/// tunnel that goes down counts no more bytes, a BGP session that is lost counts as lost) follows by itself.
///
/// [`Simulator::change`]: super::super::Simulator::change
#[derive(Debug, Clone)]
pub struct Firewall {
    /// Its host name.
    pub name: String,
    /// Its serial number; `unknown` without a licence.
    pub serial: String,
    /// Such as `PA-VM`.
    pub model: String,
    /// What it runs on.
    pub platform: Platform,
    /// Its release; another one is an upgrade.
    pub release: Release,
    /// What all its randomness follows from.
    pub seed: u64,
    /// When set, the firewall lives in this unix second instead of the clock's.
    pub frozen_unix: Option<i64>,
    /// Unix second of its start.
    pub boot_unix: i64,

    /// The API key that it takes, and that keygen gives.
    pub api_key: String,
    /// It takes no key: "Expire all API Keys".
    pub keys_dead: bool,
    /// Names and passwords, for keygen and Basic.
    pub users: BTreeMap<String, String>,
    /// Names of commands for which the role lacks the right (code 16).
    pub role_without: BTreeSet<String>,
    /// What goes wrong with every request.
    pub fault: Option<Fault>,
    /// What goes wrong with a command, by name; it goes before `fault`.
    pub faults: BTreeMap<String, Fault>,

    /// Its dataplanes.
    pub dataplanes: Vec<Dataplane>,
    /// The load of their cores.
    pub load: Load,
    /// `packet buffer`, in percent; with noise, up to 2 more.
    pub packet_buffer_percent: u32,
    /// `packet descriptor`, likewise.
    pub packet_descriptor_percent: u32,
    /// `sw tags descriptor` or `packet descriptor (on-chip)`, likewise.
    pub on_chip_descriptor_percent: u32,
    /// Congestion of packet-buffer protection in percent, and its maximum, the same on all dataplanes.
    pub buffer_protection: (f64, u64),
    /// Decrypted sessions of each dataplane.
    pub ssl_sessions: Vec<u64>,
    /// The session table.
    pub sessions: SessionTable,
    /// Virtual systems; slots that are not configured are listed with zeros.
    pub vsys: Vec<Vsys>,

    /// CPU of the management plane in percent, by slot; empty: the device knows no such thing (`NO_MATCHES`).
    pub management_cpu: Vec<u32>,
    /// CPU of the management plane that `top` says is idle, in percent.
    pub management_idle: f64,
    /// Memory of the management plane in KiB: total and used.
    pub management_memory: (u64, u64),
    /// Whether each Panorama server is connected; empty: managed by none.
    pub panorama: Vec<bool>,
    /// Its licences.
    pub licences: Vec<Licence>,

    /// Its interfaces.
    pub interfaces: Vec<Interface>,
    /// Its IPsec tunnels.
    pub tunnels: Vec<Tunnel>,
    /// GlobalProtect gateways: name, users now, users before.
    pub gateways: Vec<(String, u64, u64)>,
    /// Its routing engine; `None`: BGP runs on neither.
    pub routing: Option<Routing>,
    /// Its BGP peers.
    pub bgp: Vec<BgpPeer>,
    /// Its rules of policy-based forwarding.
    pub pbf: Vec<PbfRule>,
    /// HA; `None`: switched off.
    pub ha: Option<Ha>,
    /// Its global counters.
    pub counters: Vec<GlobalCounter>,
}

/// The session table; with noise, its numbers go up and down by some percent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTable {
    /// How many it takes.
    pub max: u64,
    /// How many there are.
    pub active: u64,
    /// New ones per second.
    pub cps: u64,
    /// Packets per second.
    pub pps: u64,
    /// Kilobits per second.
    pub kbps: u64,
}

/// A virtual system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vsys {
    /// Such as `vsys1`.
    pub name: String,
    /// Its part of the sessions, in percent.
    pub share_percent: u64,
    /// Its limit; 0 is none.
    pub maximum: u64,
}

/// A licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Licence {
    /// What it is for.
    pub feature: String,
    /// Such as `December 31, 2027`, or `Never`.
    pub expires: String,
    /// Whether it is over.
    pub expired: bool,
}
