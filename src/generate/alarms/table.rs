//! The alarms that look at one metric, as a table; and what each number is called.

use crate::config::Alarms;
use crate::generate::published::Found;
use crate::model::alarm::{Comparison, Measure, MissingData, Rule, Statistic, Urgency};

/// An alarm on one metric.
pub(super) struct Row {
    pub(super) number: &'static str,
    pub(super) slug: &'static str,
    pub(super) metric: &'static str,
    statistic: Statistic,
    /// Where the metric is read as often as that, or more often.
    pub(super) period_secs: u32,
    comparison: Comparison,
    threshold: fn(&Alarms) -> i64,
    /// M of N.
    of: (u32, u32),
    missing: MissingData,
    pub(super) urgency: Urgency,
    pub(super) text: &'static str,
}

impl Row {
    pub(super) fn rule(&self, found: Found, settings: &Alarms) -> Rule {
        Rule {
            measure: Measure::One(found.over(self.statistic, self.period_secs)),
            comparison: self.comparison,
            threshold: super::exact((self.threshold)(settings)),
            periods: self.of.1,
            datapoints: self.of.0,
            missing: self.missing,
        }
    }
}

const FULL: Row = Row {
    number: "",
    slug: "",
    metric: "",
    statistic: Statistic::Maximum,
    period_secs: 60,
    comparison: Comparison::AtLeast,
    threshold: |_| 1,
    of: (3, 5),
    missing: MissingData::NotBreaching,
    urgency: Urgency::Page,
    text: "",
};
const LOST: Row = Row {
    statistic: Statistic::Sum,
    comparison: Comparison::Above,
    ..FULL
};

/// Of a group, by {AutoScalingGroupName}.
pub(super) static OF_GROUP: [Row; 12] = [
    Row {
        number: "A2",
        slug: "hot-firewall",
        metric: "DataplaneCpuUtilization",
        threshold: |of| of.hot_firewall_percent,
        of: (5, 5),
        text: "In each of five minutes a firewall of the group had its dataplane at {threshold} % or more, for one reading at the least; when it is full it drops packets, whatever the group's average says. Load balancers keep flows where they are, so new firewalls take new flows only. Find the firewall on the dashboard (DataplaneCpuUtilization by InstanceId): one hot core (DataplaneCpuMaxCore) is one elephant flow, all cores are too many clients on one target, short peaks are bursts or other work on its cores. If the whole group is hot, raise its size.",
        ..FULL
    },
    Row {
        number: "A3",
        slug: "session-table-high",
        metric: "SessionTableUtilization",
        threshold: |of| of.session_table_warn_percent,
        urgency: Urgency::Warn,
        text: "A firewall's session table is {threshold} % full or more. When it is full, new flows fail. Look for a scan or a flood (NewSessionsPerSecond, top talkers), then for time-outs that are too long; raise nf_conntrack_max or choose a larger model; more firewalls help new flows only.",
        ..FULL
    },
    Row {
        number: "A3",
        slug: "session-table-full",
        metric: "SessionTableUtilization",
        threshold: |of| of.session_table_page_percent,
        text: "A firewall's session table is {threshold} % full or more: new flows fail now or in minutes. Add firewalls, clear sessions of the flooding source, shorten time-outs; on Linux nf_conntrack_max can be raised at once.",
        ..FULL
    },
    Row {
        number: "A4",
        slug: "packet-buffers",
        metric: "PacketBufferUtilization",
        threshold: |of| of.packet_buffers_percent,
        text: "In three of five minutes a firewall had {threshold} % or more of its packet buffers in use, for one reading at the least: latency grows and packets are dropped next. Usual causes are one heavy session or a DoS (show running resource-monitor ingress-backlogs names the sessions); discard or rate-limit it, and switch packet-buffer protection on. It comes in bursts; more firewalls help only when all of them are full.",
        ..FULL
    },
    Row {
        number: "A5",
        slug: "bandwidth-in",
        metric: "BwInAllowanceExceeded",
        threshold: |of| of.shaped_packets,
        urgency: Urgency::Warn,
        text: "EC2 queued or dropped inbound packets because a firewall was over its instance's bandwidth in three of five minutes (more than {threshold} packets a minute in the whole group). On small sizes the burst credits are used up. Move to a size with more network, or add firewalls.",
        ..LOST
    },
    Row {
        number: "A5",
        slug: "bandwidth-out",
        metric: "BwOutAllowanceExceeded",
        threshold: |of| of.shaped_packets,
        urgency: Urgency::Warn,
        text: "EC2 queued or dropped outbound packets because a firewall was over its instance's bandwidth in three of five minutes (more than {threshold} packets a minute in the whole group). On small sizes the burst credits are used up. Move to a size with more network, or add firewalls.",
        ..LOST
    },
    Row {
        number: "A5",
        slug: "packet-rate",
        metric: "PpsAllowanceExceeded",
        threshold: |of| of.shaped_packets,
        urgency: Urgency::Warn,
        text: "EC2 queued or dropped packets because a firewall was over its instance's packets per second in three of five minutes (more than {threshold} packets a minute in the whole group): many small packets, often DNS, VoIP or a flood. Move to a larger size, or add firewalls.",
        ..LOST
    },
    Row {
        number: "A6",
        slug: "ec2-conntrack-drops",
        metric: "ConntrackAllowanceExceeded",
        threshold: |of| of.conntrack_drops,
        of: (1, 1),
        text: "EC2's own connection tracking for a firewall's instance is full and dropped packets (more than {threshold} in a minute in the whole group): each is a connection that could not be made, and the firewall sees nothing of it. Make the security group untracked (allow all traffic both ways) on the data interfaces, shorten the interface's idle time-outs, or take a larger size.",
        ..LOST
    },
    Row {
        number: "A7",
        slug: "ec2-conntrack-headroom",
        metric: "ConntrackAllowanceUtilization",
        threshold: |of| of.conntrack_allowance_percent,
        of: (3, 3),
        urgency: Urgency::Warn,
        text: "EC2's own connection tracking for a firewall's instance is {threshold} % used or more; at 100 % new connections are dropped. Make the security group untracked on the data interfaces, shorten idle time-outs, or take a larger size before that.",
        ..FULL
    },
    Row {
        number: "A8",
        slug: "link-local-drops",
        metric: "LinkLocalAllowanceExceeded",
        period_secs: 300,
        threshold: |of| of.link_local_drops,
        of: (2, 3),
        urgency: Urgency::Warn,
        text: "EC2 dropped packets of a firewall to the VPC's DNS, the metadata or the time service (1024 a second and interface), more than {threshold} in five minutes in the whole group. Rules that use names may go stale. Cache DNS on the firewall, and look for what asks so often.",
        ..LOST
    },
    Row {
        number: "A9",
        slug: "session-failures",
        metric: "SessionAllocFailures",
        threshold: |of| of.session_alloc_failures,
        of: (2, 3),
        text: "A firewall could not make sessions, or evicted others early to make them (more than {threshold} in a minute in the whole group): clients see connections fail. Its table is full or was for a moment: compare SessionTableUtilization, find the source that opens so many, raise nf_conntrack_max.",
        ..LOST
    },
    Row {
        number: "A10b",
        slug: "tunnels-down",
        metric: "TunnelsDown",
        comparison: Comparison::Above,
        threshold: |of| of.tunnels_down,
        of: (3, 3),
        text: "A firewall of the group has more than {threshold} of its tunnels down for three minutes. TunnelState by instance and tunnel says which; then the peer, its IKE or handshake log, and whether UDP 500, 4500 or the tunnel's port pass. An instance that leaves should have moved its tunnels first.",
        ..FULL
    },
];

/// Of one firewall that stands alone, by {InstanceId}.
pub(super) static OF_FIREWALL: [Row; 4] = [
    Row {
        number: "A1b",
        slug: "silent",
        metric: "ExporterHeartbeat",
        statistic: Statistic::SampleCount,
        comparison: Comparison::Below,
        of: (3, 3),
        missing: MissingData::Breaching,
        text: "No heartbeat of fwmetrics for this firewall in three minutes: the machine that runs it is down, fwmetrics is stopped, or its way to CloudWatch is cut. Every other alarm of this firewall is blind meanwhile. systemctl status fwmetrics and its log name the reason; then the instance, its role and the route or VPC endpoint to CloudWatch.",
        ..FULL
    },
    Row {
        number: "A11",
        slug: "tunnel-bandwidth",
        metric: "TunnelBandwidthUtilization",
        threshold: |of| of.tunnel_bandwidth_percent,
        of: (5, 10),
        urgency: Urgency::Warn,
        text: "The busiest tunnel of this firewall reached {threshold} % of its ceiling or more in five of ten minutes (1.25 Gbit/s for a standard AWS VPN tunnel, unless the configuration has another). One flow cannot use two tunnels; add one with ECMP over BGP, or order the large tunnel bandwidth.",
        ..FULL
    },
    Row {
        number: "A12",
        slug: "bgp-peers-down",
        metric: "BgpPeersDown",
        comparison: Comparison::Above,
        threshold: |of| of.peers_down,
        of: (3, 3),
        text: "This firewall has more than {threshold} BGP peers that should be up and are not, for three minutes: a tunnel may be up and carry no route. Look at the peer's state and last error (show bgp summary, birdc show protocols all), hold time, MD5 key, and the tunnel below.",
        ..FULL
    },
    Row {
        number: "A12",
        slug: "bfd-sessions-down",
        metric: "BfdSessionsDown",
        comparison: Comparison::Above,
        threshold: |of| of.peers_down,
        of: (3, 3),
        text: "This firewall has more than {threshold} BFD sessions down for three minutes: the path to a neighbour loses packets or its daemon is gone, and routes over it are withdrawn. Look at the session (show bfd peers, birdc show bfd sessions) and at the link or tunnel below.",
        ..FULL
    },
];

/// What each number is called, and why there is none of it where no firewall calls for one.
const NUMBERS: [(&str, &str, &str); 20] = [
    ("A1", "reporting-gap", NO_GROUP),
    ("A1b", "silent", NOBODY_ALONE),
    ("A2", "hot-firewall", NO_GROUP),
    ("A3", "session-table", NO_GROUP),
    ("A4", "packet-buffers", NO_GROUP),
    ("A5", "shaping", NO_GROUP),
    ("A6", "ec2-conntrack-drops", NO_GROUP),
    ("A7", "ec2-conntrack-headroom", NO_GROUP),
    ("A8", "link-local-drops", NO_GROUP),
    ("A9", "session-failures", NO_GROUP),
    (
        "A10",
        "tunnel-down",
        "no tunnel of a pair, or of a firewall outside an Auto Scaling group, is named in expect or expect_tunnels",
    ),
    ("A10b", "tunnels-down", NO_GROUP),
    ("A11", "tunnel-bandwidth", NOBODY_ALONE),
    ("A12", "peers-down", NOBODY_ALONE),
    ("A13", "pair", "no firewall has an ha_group"),
    (
        "A14",
        "collector-broken",
        "no collector of a firewall outside an Auto Scaling group has a table of its own",
    ),
    ("A15", "packet-drops", NO_GROUP),
    ("G1", "unhealthy-firewalls", ""),
    ("G2", "healthy-firewalls", ""),
    ("G3", "rejected-flows", ""),
];
const NO_GROUP: &str = "no firewall is in an Auto Scaling group";
/// Why a firewall has none of its own.
pub(super) const NOBODY_ALONE: &str =
    "made only for a firewall outside an Auto Scaling group, as a group's come and go";

pub(super) fn slug(number: &str) -> &'static str {
    of(number).1
}

/// Why there is none of this number where nothing calls for one.
pub(super) fn nobody(number: &str) -> &'static str {
    of(number).2
}

fn of(number: &str) -> (&'static str, &'static str, &'static str) {
    let mut all = NUMBERS.iter();
    let known = all.find(|(known, ..)| *known == number);
    known.copied().unwrap_or(("", "", ""))
}
