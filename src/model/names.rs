//! The metrics that more than one source emits, or that a rule elsewhere refers to. What one source alone
//! emits is declared in that source's folder.

pub mod pairs;
pub mod routing;
pub mod tunnels;

use crate::model::dimension::OwnDimension;
use crate::model::metric::{Alias, Detail, Metric, Sets};
use crate::model::unit::Unit;

/// How near the firewall is to its nearest hard limit.
pub static CAPACITY_UTILIZATION: Metric = Metric::new(
    "CapacityUtilization",
    Unit::Percent,
    Sets::FleetAndInstance,
    "Distance to the nearest hard limit: the highest of dataplane CPU, session table, remote access and EC2 connection-tracking utilization; absent while the dataplane CPU cannot be read",
);

/// Mean busy share of the dataplane cores.
pub static DATAPLANE_CPU_UTILIZATION: Metric = Metric::new(
    "DataplaneCpuUtilization",
    Unit::Percent,
    Sets::FleetAndInstance,
    "Mean busy share of the dataplane cores; PAN-OS: resource-monitor, second by second; Linux: /proc/stat, 1 - (idle + iowait) / total, all cores unless some are isolated",
)
.detail(Detail::OptIn(OwnDimension::Core))
.vmseries(Alias::new("DataPlaneCPUUtilizationPct", Unit::Percent));

/// Busy share of the hottest dataplane core.
pub static DATAPLANE_CPU_MAX_CORE: Metric = Metric::new(
    "DataplaneCpuMaxCore",
    Unit::Percent,
    Sets::FleetAndInstance,
    "Busy share of the hottest dataplane core (one elephant flow fills one core)",
);

/// Busy share of the cores that are not dataplane.
pub static MANAGEMENT_CPU_UTILIZATION: Metric = Metric::new(
    "ManagementCpuUtilization",
    Unit::Percent,
    Sets::Instance,
    "Mean busy share of the management plane; PAN-OS: its average of the last minute; Linux: the cores that are not dataplane, absent when there are none",
);

/// Share of the packet buffers in use.
pub static PACKET_BUFFER_UTILIZATION: Metric = Metric::new(
    "PacketBufferUtilization",
    Unit::Percent,
    Sets::FleetAndInstance,
    "Packet buffers in use, of the fullest dataplane; PAN-OS: resource-monitor, second by second",
)
.vmseries(Alias::new(
    "DataPlanePacketBufferUtilization",
    Unit::Percent,
));

/// Sessions in the table.
pub static ACTIVE_SESSIONS: Metric = Metric::new(
    "ActiveSessions",
    Unit::Count,
    Sets::FleetAndInstance,
    "Sessions in the table; PAN-OS: num-active; Linux: nf_conntrack_count",
)
.vmseries(Alias::new("panSessionActive", Unit::Count));

/// Share of the session table in use.
pub static SESSION_TABLE_UTILIZATION: Metric = Metric::new(
    "SessionTableUtilization",
    Unit::Percent,
    Sets::FleetAndInstance,
    "Sessions against the table's limit; PAN-OS: num-active / num-max; Linux: nf_conntrack_count / nf_conntrack_max",
)
.vmseries(Alias::new("panSessionUtilization", Unit::Percent));

/// New sessions per second.
pub static NEW_SESSIONS_PER_SECOND: Metric = Metric::new(
    "NewSessionsPerSecond",
    Unit::CountPerSecond,
    Sets::Instance,
    "New sessions per second; PAN-OS: cps; Linux: packets of the nftables counter that [collectors.conntrack] new_sessions_counter names",
)
.active_only()
.vmseries(Alias::new(
    "panSessionConnectionsPerSecond",
    Unit::CountPerSecond,
));

/// Bits received per second.
pub static THROUGHPUT_BITS_PER_SECOND: Metric = Metric::new(
    "ThroughputBitsPerSecond",
    Unit::BitsPerSecond,
    Sets::Instance,
    "Bits received per second, so that a forwarded packet counts once; PAN-OS: kbps, by interface the bytes it received; Linux: rtnetlink over hardware and virtio interfaces, veth only when there are none",
)
.detail(Detail::OptIn(OwnDimension::Interface))
.active_only()
.vmseries(Alias {
    name: "panSessionThroughputKbps",
    unit: Unit::KilobitsPerSecond,
    divisor: 1000.0,
});

/// Packets received per second.
pub static PACKETS_PER_SECOND: Metric = Metric::new(
    "PacketsPerSecond",
    Unit::CountPerSecond,
    Sets::Instance,
    "Packets received per second, likewise; PAN-OS: pps",
)
.detail(Detail::OptIn(OwnDimension::Interface))
.active_only()
.vmseries(Alias::new("panSessionThroughputPps", Unit::CountPerSecond));

/// Packets that an interface received and dropped.
pub static RX_DROPS: Metric = Metric::new(
    "RxDrops",
    Unit::Count,
    Sets::FleetAndInstance,
    "Received packets dropped at the interface; PAN-OS: idrops; Linux: rx_dropped + rx_missed_errors",
)
.detail(Detail::OptIn(OwnDimension::Interface));

/// Packets received or sent with errors.
pub static INTERFACE_ERRORS: Metric = Metric::new(
    "InterfaceErrors",
    Unit::Count,
    Sets::Instance,
    "Packets received or sent with errors; PAN-OS: ierrors + tx-error; Linux: rx_errors + tx_errors",
)
.detail(Detail::OptIn(OwnDimension::Interface));

/// Whether an interface is up.
pub static INTERFACE_STATE: Metric = Metric::new(
    "InterfaceState",
    Unit::None,
    Sets::DetailOnly,
    "1 when the interface is operationally up, 0 when down",
)
.detail(Detail::On(OwnDimension::Interface))
.opt_in();

/// Share of EC2's connection tracking for the instance in use.
pub static CONNTRACK_ALLOWANCE_UTILIZATION: Metric = Metric::new(
    "ConntrackAllowanceUtilization",
    Unit::Percent,
    Sets::FleetAndInstance,
    "Connections that EC2 tracks for the instance against the most ever seen available, 100 * (1 - available / largest); Linux: ENA driver 2.8.1 or later",
);

/// Remote-access tunnels.
pub static REMOTE_ACCESS_TUNNELS: Metric = Metric::new(
    "RemoteAccessTunnels",
    Unit::Count,
    Sets::Instance,
    "Remote-access users with a tunnel; PAN-OS: GlobalProtect, current users of all gateways; strongSwan: IKE SAs with an installed child SA of connections open to any peer; OpenVPN: clients connected, expected ones among them",
)
.active_only()
.vmseries(Alias::new("panGPGWUtilizationActiveTunnels", Unit::Count));

/// Remote-access tunnels against their limit.
pub static REMOTE_ACCESS_UTILIZATION: Metric = Metric::new(
    "RemoteAccessUtilization",
    Unit::Percent,
    Sets::Instance,
    "RemoteAccessTunnels against remote_access_max, none without it; where several collectors of a firewall have one, the fullest",
)
.active_only()
.vmseries(Alias::new("panGPGatewayUtilizationPct", Unit::Percent));

/// Time since the last start.
pub static UPTIME_SECONDS: Metric = Metric::new(
    "UptimeSeconds",
    Unit::Seconds,
    Sets::Instance,
    "Seconds since the firewall started; PAN-OS: show system info; Linux: /proc/uptime",
)
.opt_in();

/// The name of the metric that says which member of a pair is active; active-only metrics hang on it.
pub const HA_ACTIVE: &str = pairs::HA_ACTIVE_METRIC.name;

/// The inputs of `CapacityUtilization` beside the dataplane CPU.
pub const CAPACITY_INPUTS: [&str; 3] = [
    "SessionTableUtilization",
    "RemoteAccessUtilization",
    "ConntrackAllowanceUtilization",
];
