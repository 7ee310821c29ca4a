//! The allow-list: every command that a firewall is ever sent, and the groups that switch them.
//!
//! All of them show, none changes anything. Forms: CLI operational command hierarchy of PAN-OS 11.1 and 11.2.

use super::metrics as own;
use crate::collector::{Command, Group};
use crate::model::names as any;
use crate::model::names::{pairs, routing, tunnels};

/// Stands in [`RESOURCES`] for the seconds asked for.
pub const SECONDS: &str = "SECONDS";
/// Stands in [`TUNNEL`] for the tunnel's number.
pub const TUNNEL_ID: &str = "TUNNEL-ID";

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident = $words:literal, $wire:expr, every $period:literal s, about $bytes:literal bytes, [$($metric:expr),*];)*) => {
        $($(#[$doc])*
        pub static $name: Command = Command {
            words: $words,
            wire: $wire,
            period_secs: $period,
            metrics: &[$(&$metric),*],
            usual_bytes: $bytes,
        };)*
    };
}

commands! {
    /// Load of the dataplanes, second by second.
    RESOURCES = "show running resource-monitor second last 60",
        "<show><running><resource-monitor><second><last>SECONDS</last></second></resource-monitor></running></show>",
        every 0 s, about 4000 bytes,
        [any::DATAPLANE_CPU_UTILIZATION, any::DATAPLANE_CPU_MAX_CORE, any::PACKET_BUFFER_UTILIZATION, own::PACKET_DESCRIPTOR_UTILIZATION, own::ON_CHIP_DESCRIPTOR_UTILIZATION, any::CAPACITY_UTILIZATION];
    /// The session table.
    SESSIONS = "show session info",
        "<show><session><info></info></session></show>",
        every 30 s, about 3000 bytes,
        [any::ACTIVE_SESSIONS, any::SESSION_TABLE_UTILIZATION, any::NEW_SESSIONS_PER_SECOND, any::THROUGHPUT_BITS_PER_SECOND, any::PACKETS_PER_SECOND, own::SESSIONS_TCP, own::SESSIONS_UDP, own::SESSIONS_ICMP, any::CAPACITY_UTILIZATION];
    /// Sessions by virtual system.
    VSYS = "show session meter",
        "<show><session><meter></meter></session></show>",
        every 60 s, about 2000 bytes,
        [own::VSYS_SESSIONS];
    /// All tunnels with their states.
    TUNNELS = "show running tunnel flow all",
        "<show><running><tunnel><flow><all></all></flow></tunnel></running></show>",
        every 30 s, about 3000 bytes,
        [tunnels::TUNNEL_STATE, tunnels::TUNNEL_MONITOR_STATE, tunnels::TUNNELS_CONFIGURED, tunnels::TUNNELS_UP, tunnels::TUNNELS_DOWN];
    /// One tunnel's counters; five a round, in turn.
    TUNNEL = "show vpn flow tunnel-id N",
        "<show><vpn><flow><tunnel-id>TUNNEL-ID</tunnel-id></flow></vpn></show>",
        every 300 s, about 7500 bytes,
        [tunnels::TUNNEL_ERRORS];
    /// Counters of hardware interfaces and of tunnel interfaces.
    INTERFACES = "show counter interface all",
        "<show><counter><interface>all</interface></counter></show>",
        every 60 s, about 12000 bytes,
        [any::RX_DROPS, any::INTERFACE_ERRORS, any::THROUGHPUT_BITS_PER_SECOND, any::PACKETS_PER_SECOND, tunnels::TUNNEL_BYTES_IN, tunnels::TUNNEL_BYTES_OUT, tunnels::TUNNEL_BANDWIDTH_UTILIZATION];
    /// Which interfaces are up.
    INTERFACE_STATES = "show interface all",
        "<show><interface>all</interface></show>",
        every 60 s, about 6000 bytes,
        [any::INTERFACE_STATE];
    /// GlobalProtect users.
    REMOTE_ACCESS = "show global-protect-gateway statistics",
        "<show><global-protect-gateway><statistics></statistics></global-protect-gateway></show>",
        every 60 s, about 500 bytes,
        [any::REMOTE_ACCESS_TUNNELS, any::REMOTE_ACCESS_UTILIZATION, any::CAPACITY_UTILIZATION];
    /// The pair.
    HA = "show high-availability state",
        "<show><high-availability><state></state></high-availability></show>",
        every 30 s, about 5000 bytes,
        [pairs::HA_ACTIVE_METRIC, pairs::HA_PEER_UP, pairs::HA_CONFIG_IN_SYNC, pairs::HA_LINK_STATE, pairs::HA_STATE_CHANGES];
    /// BGP peers of the advanced routing engine.
    BGP_ADVANCED = "show advanced-routing bgp peer status",
        "<show><advanced-routing><bgp><peer><status></status></peer></bgp></advanced-routing></show>",
        every 60 s, about 8000 bytes,
        [routing::BGP_PEERS_CONFIGURED, routing::BGP_PEERS_UP, routing::BGP_PEERS_DOWN, routing::BGP_PEER_STATE, routing::BGP_PREFIXES_ACCEPTED, routing::BGP_FLAPS];
    /// BGP peers of the legacy routing engine.
    BGP_LEGACY = "show routing protocol bgp peer",
        "<show><routing><protocol><bgp><peer></peer></bgp></protocol></routing></show>",
        every 60 s, about 8000 bytes,
        [routing::BGP_PEERS_CONFIGURED, routing::BGP_PEERS_UP, routing::BGP_PEERS_DOWN, routing::BGP_PEER_STATE, routing::BGP_PREFIXES_ACCEPTED, routing::BGP_FLAPS];
    /// Monitored next hops of policy-based forwarding.
    PBF = "show pbf rule all",
        "<show><pbf><rule><all></all></rule></pbf></show>",
        every 60 s, about 1000 bytes,
        [routing::NEXT_HOP_STATE];
    /// What the dataplane dropped.
    DROPS = "show counter global filter severity drop",
        "<show><counter><global><filter><severity>drop</severity></filter></global></counter></show>",
        every 60 s, about 10000 bytes,
        [own::DROPPED_PACKETS];
    /// What protections count, of which some is not of severity drop.
    DROPS_DOS = "show counter global filter aspect dos",
        "<show><counter><global><filter><aspect>dos</aspect></filter></global></counter></show>",
        every 60 s, about 3000 bytes,
        [own::DROPPED_PACKETS];
    /// Packet-buffer protection.
    BUFFER_PROTECTION = "show session packet-buffer-protection",
        "<show><session><packet-buffer-protection></packet-buffer-protection></session></show>",
        every 60 s, about 1000 bytes,
        [own::PACKET_BUFFER_PROTECTION_CONGESTION];
    /// Decrypted sessions; it walks the session table.
    SSL_PROXY = "show session all filter ssl-decrypt yes count yes",
        "<show><session><all><filter><ssl-decrypt>yes</ssl-decrypt><count>yes</count></filter></all></session></show>",
        every 300 s, about 300 bytes,
        [own::SSL_PROXY_UTILIZATION];
    /// CPU of the management plane.
    MANAGEMENT_CPU = "show system state filter sys.monitor.*.mp.exports",
        "<show><system><state><filter>sys.monitor.*.mp.exports</filter></state></system></show>",
        every 60 s, about 500 bytes,
        [any::MANAGEMENT_CPU_UTILIZATION];
    /// Memory of the management plane.
    MANAGEMENT_MEMORY = "show system resources",
        "<show><system><resources></resources></system></show>",
        every 300 s, about 20000 bytes,
        [own::MANAGEMENT_MEMORY_UTILIZATION];
    /// Panorama.
    PANORAMA = "show panorama-status",
        "<show><panorama-status></panorama-status></show>",
        every 300 s, about 500 bytes,
        [own::PANORAMA_CONNECTED];
    /// Release, model and uptime: which commands there are hangs on it.
    SYSTEM = "show system info",
        "<show><system><info></info></system></show>",
        every 300 s, about 4000 bytes,
        [any::UPTIME_SECONDS];
    /// Licences.
    LICENSE = "request license info",
        "<request><license><info></info></license></request>",
        every 3600 s, about 5000 bytes,
        [own::LICENSE_DAYS_LEFT];
}

const fn on(name: &'static str, commands: &'static [&'static Command]) -> Group {
    Group {
        name,
        on: true,
        commands,
    }
}

const fn opt_in(name: &'static str, commands: &'static [&'static Command]) -> Group {
    Group {
        name,
        on: false,
        commands,
    }
}

/// All groups, in the order in which a pass asks: what is worth most comes first, should the rest fail.
pub static GROUPS: &[Group] = &[
    on("resources", &[&RESOURCES]),
    on("sessions", &[&SESSIONS]),
    on("ha", &[&HA]),
    on("uptime", &[&SYSTEM]),
    on("tunnels", &[&TUNNELS]),
    on("bgp", &[&BGP_ADVANCED, &BGP_LEGACY]),
    on("interfaces", &[&INTERFACES, &INTERFACE_STATES]),
    on("drops", &[&DROPS, &DROPS_DOS]),
    on("remote_access", &[&REMOTE_ACCESS]),
    on("management", &[&MANAGEMENT_CPU, &MANAGEMENT_MEMORY]),
    on("panorama", &[&PANORAMA]),
    opt_in("pbf", &[&PBF]),
    opt_in("vsys", &[&VSYS]),
    opt_in("tunnel_errors", &[&TUNNEL]),
    opt_in("buffer_protection", &[&BUFFER_PROTECTION]),
    opt_in("ssl_proxy", &[&SSL_PROXY]),
    opt_in("license", &[&LICENSE]),
];
