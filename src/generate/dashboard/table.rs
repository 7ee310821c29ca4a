//! What is on the dashboard, in its order.

/// A metric of a graph.
pub(super) struct Line {
    pub(super) metric: &'static str,
    pub(super) stat: &'static str,
    pub(super) label: &'static str,
    /// By the right axis.
    pub(super) is_right: bool,
}

/// Metrics in one graph.
pub(super) struct Graph {
    pub(super) title: &'static str,
    pub(super) is_percent: bool,
    pub(super) lines: &'static [Line],
}

/// Whatever has these metrics with the dimensions of this kind.
pub(super) struct Search {
    pub(super) title: &'static str,
    pub(super) is_percent: bool,
    pub(super) of: &'static [&'static str],
    pub(super) stat: &'static str,
    /// Its own dimension, empty for a firewall's own; of AWS's metrics all dimensions.
    pub(super) by: &'static str,
    /// Of the Gateway Load Balancer.
    pub(super) is_aws: bool,
}

const fn line(metric: &'static str, stat: &'static str, label: &'static str) -> Line {
    Line {
        metric,
        stat,
        label,
        is_right: false,
    }
}

const fn right(metric: &'static str, stat: &'static str, label: &'static str) -> Line {
    Line {
        is_right: true,
        ..line(metric, stat, label)
    }
}

const fn percent(title: &'static str, lines: &'static [Line]) -> Graph {
    Graph {
        title,
        is_percent: true,
        lines,
    }
}

const fn count(title: &'static str, lines: &'static [Line]) -> Graph {
    Graph {
        title,
        is_percent: false,
        lines,
    }
}

/// Metrics of ours by group.
pub(super) static FLEET: [Graph; 10] = [
    percent(
        "Capacity in use",
        &[
            line("CapacityUtilization", "Average", "average"),
            line("CapacityUtilization", "Maximum", "fullest firewall"),
        ],
    ),
    percent(
        "Hottest firewall",
        &[
            line("DataplaneCpuUtilization", "Maximum", "dataplane"),
            line("DataplaneCpuMaxCore", "Maximum", "hottest core"),
        ],
    ),
    percent(
        "Session table, fullest firewall",
        &[
            line("SessionTableUtilization", "Maximum", "in use"),
            right("ActiveSessions", "Maximum", "sessions (right)"),
        ],
    ),
    percent(
        "Packet buffers, fullest firewall",
        &[line("PacketBufferUtilization", "Maximum", "in use")],
    ),
    count(
        "Packets and sessions lost",
        &[
            line("RxDrops", "Sum", "dropped at the interface"),
            line("SoftnetDrops", "Sum", "dropped in the backlog"),
            line("SessionAllocFailures", "Sum", "sessions refused"),
        ],
    ),
    count(
        "EC2 allowances exceeded",
        &[
            line("BwInAllowanceExceeded", "Sum", "bandwidth in"),
            line("BwOutAllowanceExceeded", "Sum", "bandwidth out"),
            line("PpsAllowanceExceeded", "Sum", "packets"),
            line("ConntrackAllowanceExceeded", "Sum", "connections"),
            line("LinkLocalAllowanceExceeded", "Sum", "link-local"),
        ],
    ),
    percent(
        "Connections that EC2 tracks, fullest firewall",
        &[line("ConntrackAllowanceUtilization", "Maximum", "in use")],
    ),
    count(
        "Tunnels down, worst firewall",
        &[line("TunnelsDown", "Maximum", "down")],
    ),
    count(
        "Sessions, average firewall",
        &[line("ActiveSessions", "Average", "sessions")],
    ),
    count(
        "Firewalls that report",
        &[line(
            "ExporterHeartbeat",
            "SampleCount",
            "heartbeats a minute",
        )],
    ),
];

/// Metrics of the group itself.
pub(super) static GROUP: [Graph; 1] = [count(
    "Scaling",
    &[
        line("GroupDesiredCapacity", "Maximum", "desired"),
        line("GroupInServiceInstances", "Minimum", "in service"),
        line("GroupPendingInstances", "Maximum", "pending"),
        line("GroupTerminatingInstances", "Maximum", "terminating"),
    ],
)];

const fn aws(
    title: &'static str,
    of: &'static [&'static str],
    stat: &'static str,
    by: &'static str,
) -> Search {
    Search {
        is_aws: true,
        ..every(title, of, stat, by)
    }
}

const fn every(
    title: &'static str,
    of: &'static [&'static str],
    stat: &'static str,
    by: &'static str,
) -> Search {
    Search {
        title,
        is_percent: false,
        of,
        stat,
        by,
        is_aws: false,
    }
}

const fn share(title: &'static str, of: &'static [&'static str]) -> Search {
    Search {
        is_percent: true,
        ..every(title, of, "Maximum", "")
    }
}

/// All Gateway Load Balancers of the account and region, so that none has to be named.
pub(super) static BALANCER: [Search; 3] = [
    aws(
        "Load balancer: healthy firewalls",
        &["HealthyHostCount"],
        "Minimum",
        "LoadBalancer,TargetGroup",
    ),
    aws(
        "Load balancer: unhealthy firewalls",
        &["UnHealthyHostCount"],
        "Maximum",
        "LoadBalancer,TargetGroup",
    ),
    aws(
        "Load balancer: flows",
        &["NewFlowCount", "RejectedFlowCount"],
        "Sum",
        "LoadBalancer",
    ),
];

/// Metrics of ours by firewall, tunnel, peer, link and collector.
pub(super) static FIREWALLS: [Search; 20] = [
    share("Capacity in use", &["CapacityUtilization"]),
    share("Dataplane", &["DataplaneCpuUtilization"]),
    share("Hottest core", &["DataplaneCpuMaxCore"]),
    share("Session table", &["SessionTableUtilization"]),
    every("Sessions", &["ActiveSessions"], "Maximum", ""),
    every(
        "New sessions a second",
        &["NewSessionsPerSecond"],
        "Maximum",
        "",
    ),
    every("Bits a second", &["ThroughputBitsPerSecond"], "Maximum", ""),
    every("Packets a second", &["PacketsPerSecond"], "Maximum", ""),
    share(
        "Packet buffers and descriptors",
        &[
            "PacketBufferUtilization",
            "PacketDescriptorUtilization",
            "OnChipDescriptorUtilization",
        ],
    ),
    share(
        "Management plane, and what the hypervisor takes",
        &["ManagementCpuUtilization", "CpuSteal"],
    ),
    every(
        "Packets lost",
        &[
            "RxDrops",
            "SoftnetDrops",
            "DroppedPackets",
            "InterfaceErrors",
            "XfrmErrors",
        ],
        "Sum",
        "",
    ),
    every(
        "Tunnels and peers down",
        &["TunnelsDown", "BgpPeersDown", "BfdSessionsDown"],
        "Maximum",
        "",
    ),
    every(
        "Tunnels: 1 up, 0 down",
        &["TunnelState"],
        "Minimum",
        "Tunnel",
    ),
    every(
        "Tunnel monitors: 1 up, 0 down",
        &["TunnelMonitorState"],
        "Minimum",
        "Tunnel",
    ),
    every(
        "BGP peers: 1 up, 0 down",
        &["BgpPeerState"],
        "Minimum",
        "Peer",
    ),
    every("Pairs: 1 active, 0 passive", &["HaActive"], "Maximum", ""),
    every(
        "Pairs: peer up, configuration in sync",
        &["HaPeerUp", "HaConfigInSync"],
        "Minimum",
        "",
    ),
    every(
        "Pairs: links, 1 up, 0 down",
        &["HaLinkState"],
        "Minimum",
        "Link",
    ),
    every(
        "Collectors: 1 works, 0 failed",
        &["CollectorUp"],
        "Minimum",
        "Collector",
    ),
    every(
        "Exporter heartbeats a minute",
        &["ExporterHeartbeat"],
        "SampleCount",
        "",
    ),
];

/// Own dimension, and all names of a series' dimensions as they are published.
pub(super) static SCHEMAS: [(&str, &str); 11] = [
    ("", "InstanceId"),
    ("", "Firewall"),
    ("Tunnel", "InstanceId,Tunnel"),
    ("Tunnel", "Firewall,Tunnel"),
    ("Tunnel", "HaGroup,Tunnel"),
    ("Peer", "InstanceId,Peer"),
    ("Peer", "Firewall,Peer"),
    ("Link", "InstanceId,Link"),
    ("Link", "Firewall,Link"),
    ("Collector", "InstanceId,Collector"),
    ("Collector", "Firewall,Collector"),
];
