//! What the `panos` collector emits.

pub use crate::collector::remote_access::{USERS, USERS_SHARE};
pub use crate::collector::tunnels::{
    BYTES_IN, BYTES_OUT, CONFIGURED, DOWN, ERRORS, SHARE as TUNNEL_SHARE, STATE as TUNNEL, UP,
};
use crate::model::dimension::OwnDimension;
use crate::model::metric::{Alias, Detail, Metric, Sets};
use crate::model::names::pairs::{
    HA_ACTIVE_METRIC, HA_CONFIG_IN_SYNC, HA_LINK_STATE, HA_PEER_UP, HA_STATE_CHANGES,
};
use crate::model::names::routing::{
    BGP_FLAPS, BGP_PEER_STATE, BGP_PEERS_CONFIGURED, BGP_PEERS_DOWN, BGP_PEERS_UP,
    BGP_PREFIXES_ACCEPTED, NEXT_HOP_STATE,
};
use crate::model::names::tunnels::TUNNEL_MONITOR_STATE;
use crate::model::names::{
    ACTIVE_SESSIONS, DATAPLANE_CPU_MAX_CORE, DATAPLANE_CPU_UTILIZATION, INTERFACE_ERRORS,
    INTERFACE_STATE, MANAGEMENT_CPU_UTILIZATION, NEW_SESSIONS_PER_SECOND,
    PACKET_BUFFER_UTILIZATION, PACKETS_PER_SECOND, RX_DROPS, SESSION_TABLE_UTILIZATION,
    THROUGHPUT_BITS_PER_SECOND, UPTIME_SECONDS,
};
use crate::model::reading::{Feed, Fold, Kind, Reading, Width};
use crate::model::unit::Unit;

/// Share of the packet descriptors in use.
pub static PACKET_DESCRIPTOR_UTILIZATION: Metric = Metric::new(
    "PacketDescriptorUtilization",
    Unit::Percent,
    Sets::Instance,
    "Packet descriptors in use, of the fullest dataplane, second by second",
);

/// Share of the on-chip descriptors in use.
pub static ON_CHIP_DESCRIPTOR_UTILIZATION: Metric = Metric::new(
    "OnChipDescriptorUtilization",
    Unit::Percent,
    Sets::Instance,
    "On-chip packet descriptors in use (VM-Series: software tags), of the fullest dataplane, second by second",
);

/// Congestion that packet-buffer protection sees.
pub static PACKET_BUFFER_PROTECTION_CONGESTION: Metric = Metric::new(
    "PacketBufferProtectionCongestion",
    Unit::Percent,
    Sets::Instance,
    "Congestion as packet-buffer protection measures it, of the fullest dataplane",
)
.opt_in();

/// Memory of the management plane.
pub static MANAGEMENT_MEMORY_UTILIZATION: Metric = Metric::new(
    "ManagementMemoryUtilization",
    Unit::Percent,
    Sets::Instance,
    "Memory of the management plane in use",
)
.opt_in();

/// TCP sessions.
pub static SESSIONS_TCP: Metric = Metric::new(
    "SessionsTcp",
    Unit::Count,
    Sets::Instance,
    "TCP sessions in the table",
)
.opt_in();

/// UDP sessions.
pub static SESSIONS_UDP: Metric = Metric::new(
    "SessionsUdp",
    Unit::Count,
    Sets::Instance,
    "UDP sessions in the table",
)
.opt_in();

/// ICMP sessions.
pub static SESSIONS_ICMP: Metric = Metric::new(
    "SessionsIcmp",
    Unit::Count,
    Sets::Instance,
    "ICMP sessions in the table",
)
.opt_in();

/// Sessions of a virtual system.
pub static VSYS_SESSIONS: Metric = Metric::new(
    "VsysSessions",
    Unit::Count,
    Sets::DetailOnly,
    "Sessions of a virtual system, on all dataplanes",
)
.detail(Detail::On(OwnDimension::Vsys))
.opt_in();

/// Decrypted sessions against their limit.
pub static SSL_PROXY_UTILIZATION: Metric = Metric::new(
    "SslProxyUtilization",
    Unit::Percent,
    Sets::Instance,
    "Sessions that are decrypted, on all dataplanes, against ssl_proxy_max",
)
.opt_in()
.vmseries(Alias::new("panSessionSslProxyUtilization", Unit::Percent));

/// Packets dropped by the dataplane.
pub static DROPPED_PACKETS: Metric = Metric::new(
    "DroppedPackets",
    Unit::Count,
    Sets::Instance,
    "Global counters of severity drop, together; by counter those that drop_counters names",
)
.detail(Detail::OptIn(OwnDimension::Counter));

/// Whether Panorama manages it.
pub static PANORAMA_CONNECTED: Metric = Metric::new(
    "PanoramaConnected",
    Unit::None,
    Sets::Instance,
    "1 when a Panorama is connected, 0 when none of those configured is; none where there is none",
);

/// Days that the licences last.
pub static LICENSE_DAYS_LEFT: Metric = Metric::new(
    "LicenseDaysLeft",
    Unit::Count,
    Sets::Instance,
    "Days until the licence that ends first does, 0 when it has; none where all are perpetual",
)
.opt_in();

macro_rules! readings {
    ([$($shared:ident),*] $($(#[$doc:meta])* $name:ident, $text:literal, $kind:expr, [$($metric:ident by $fold:ident),+];)*) => {
        $($(#[$doc])*
        pub static $name: Reading = Reading {
            name: $text,
            kind: $kind,
            feeds: &[$(Feed { metric: &$metric, fold: Fold::$fold }),+],
        };)*
        /// All of them.
        pub static ALL: &[&Reading] = &[$(&$shared,)* $(&$name),*];
    };
}

const TOTAL: Kind = Kind::Counter(Width::Bits64);
const BITS: Kind = Kind::Rate(Width::Bits64, 8.0);
const PER_SECOND: Kind = Kind::Rate(Width::Bits64, 1.0);

readings! {
    [TUNNEL, CONFIGURED, UP, DOWN, BYTES_IN, BYTES_OUT, ERRORS, TUNNEL_SHARE, USERS, USERS_SHARE]
    /// Busy share of a core, a block.
    CORE, "core", Kind::Gauge, [DATAPLANE_CPU_UTILIZATION by Mean, DATAPLANE_CPU_MAX_CORE by Max];
    /// Packet buffers of a dataplane in use, percent, a block.
    BUFFERS, "packet_buffers", Kind::Gauge, [PACKET_BUFFER_UTILIZATION by Max];
    /// Packet descriptors of a dataplane in use, percent, a block.
    DESCRIPTORS, "packet_descriptors", Kind::Gauge, [PACKET_DESCRIPTOR_UTILIZATION by Max];
    /// On-chip descriptors of a dataplane in use, percent, a block.
    ON_CHIP, "on_chip_descriptors", Kind::Gauge, [ON_CHIP_DESCRIPTOR_UTILIZATION by Max];
    /// Congestion of a dataplane, percent.
    CONGESTION, "congestion", Kind::Gauge, [PACKET_BUFFER_PROTECTION_CONGESTION by Max];
    /// Sessions in the table.
    SESSIONS, "sessions", Kind::Gauge, [ACTIVE_SESSIONS by Sum];
    /// The session table in use, percent.
    TABLE, "session_table", Kind::Gauge, [SESSION_TABLE_UTILIZATION by Max];
    /// New sessions per second.
    NEW_SESSIONS, "new_sessions", Kind::Gauge, [NEW_SESSIONS_PER_SECOND by Sum];
    /// Throughput, bits per second.
    THROUGHPUT, "throughput", Kind::Gauge, [THROUGHPUT_BITS_PER_SECOND by Sum];
    /// Packets per second.
    PACKETS, "packets", Kind::Gauge, [PACKETS_PER_SECOND by Sum];
    /// TCP sessions.
    TCP, "tcp", Kind::Gauge, [SESSIONS_TCP by Sum];
    /// UDP sessions.
    UDP, "udp", Kind::Gauge, [SESSIONS_UDP by Sum];
    /// ICMP sessions.
    ICMP, "icmp", Kind::Gauge, [SESSIONS_ICMP by Sum];
    /// Sessions of a virtual system.
    VSYS, "vsys", Kind::Gauge, [VSYS_SESSIONS by Sum];
    /// Decrypted sessions, percent of the limit.
    SSL_PROXY, "ssl_proxy", Kind::Gauge, [SSL_PROXY_UTILIZATION by Max];
    /// State of a tunnel's monitor.
    MONITOR, "monitor", Kind::State, [TUNNEL_MONITOR_STATE by Min];
    /// Bytes that an interface received; its fine series alone.
    RX_BITS, "rx_bits", BITS, [THROUGHPUT_BITS_PER_SECOND by Sum];
    /// Packets that an interface received; its fine series alone.
    RX_PACKETS, "rx_packets", PER_SECOND, [PACKETS_PER_SECOND by Sum];
    /// Packets received and dropped.
    DROPS, "rx_drops", TOTAL, [RX_DROPS by Sum];
    /// Packets with errors.
    INTERFACE_ERROR, "interface_errors", TOTAL, [INTERFACE_ERRORS by Sum];
    /// State of an interface.
    INTERFACE, "interface_state", Kind::State, [INTERFACE_STATE by Min];
    /// A global counter of severity drop.
    DROPPED, "dropped", TOTAL, [DROPPED_PACKETS by Sum];
    /// Active or not.
    HA, "ha", Kind::State, [HA_ACTIVE_METRIC by Min];
    /// The other member is there.
    HA_PEER, "ha_peer", Kind::State, [HA_PEER_UP by Min];
    /// One configuration on both.
    HA_SYNC, "ha_sync", Kind::State, [HA_CONFIG_IN_SYNC by Min];
    /// A link between both.
    HA_LINK, "ha_link", Kind::State, [HA_LINK_STATE by Min];
    /// Changes of the own state.
    HA_CHANGES, "ha_changes", TOTAL, [HA_STATE_CHANGES by Sum];
    /// Peers that should be up.
    PEERS, "bgp_configured", Kind::Gauge, [BGP_PEERS_CONFIGURED by Sum];
    /// Peers that are up.
    PEERS_UP, "bgp_up", Kind::Gauge, [BGP_PEERS_UP by Sum];
    /// Peers that are down.
    PEERS_DOWN, "bgp_down", Kind::Gauge, [BGP_PEERS_DOWN by Sum];
    /// State of a peer.
    PEER, "bgp_peer", Kind::State, [BGP_PEER_STATE by Min];
    /// Prefixes of a peer.
    PREFIXES, "bgp_prefixes", Kind::Gauge, [BGP_PREFIXES_ACCEPTED by Sum];
    /// Sessions that a peer lost.
    FLAPS, "bgp_flaps", TOTAL, [BGP_FLAPS by Sum];
    /// A next hop.
    NEXT_HOP, "next_hop", Kind::State, [NEXT_HOP_STATE by Min];
    /// Busy share of the management plane.
    MANAGEMENT_CPU, "management_cpu", Kind::Gauge, [MANAGEMENT_CPU_UTILIZATION by Mean];
    /// Memory of the management plane, percent.
    MANAGEMENT_MEMORY, "management_memory", Kind::Gauge, [MANAGEMENT_MEMORY_UTILIZATION by Max];
    /// Panorama.
    PANORAMA, "panorama", Kind::State, [PANORAMA_CONNECTED by Max];
    /// Time since the start.
    UPTIME, "uptime", Kind::Gauge, [UPTIME_SECONDS by Max];
    /// Days that licences last.
    LICENSE, "license", Kind::Gauge, [LICENSE_DAYS_LEFT by Min];
}
