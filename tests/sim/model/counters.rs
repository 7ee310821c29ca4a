//! The global counters of a new firewall.

use super::meter::Meter;
use super::parts::GlobalCounter;

/// Name, severity, aspect, growth per second, description.
const COUNTERS: [(&str, &str, &str, u64, &str); 18] = [
    (
        "flow_policy_deny",
        "drop",
        "session",
        37,
        "Session setup: denied by policy",
    ),
    (
        "flow_tcp_non_syn_drop",
        "drop",
        "session",
        9,
        "Packets dropped: non-SYN TCP without session match",
    ),
    (
        "flow_rcv_dot1q_tag_err",
        "drop",
        "parse",
        2,
        "Packets dropped: 802.1q tag not configured",
    ),
    (
        "flow_no_interface",
        "drop",
        "parse",
        3,
        "Packets dropped: invalid interface",
    ),
    (
        "flow_fwd_l3_noroute",
        "drop",
        "forward",
        4,
        "Packets dropped: no route",
    ),
    (
        "flow_fwd_l3_noarp",
        "drop",
        "forward",
        1,
        "Packets dropped: no ARP",
    ),
    (
        "flow_ipv6_disabled",
        "drop",
        "parse",
        5,
        "Packets dropped: IPv6 disabled on interface",
    ),
    (
        "session_discard",
        "drop",
        "resource",
        1,
        "Session set to discard by security policy check",
    ),
    (
        "tcp_drop_out_of_wnd",
        "drop",
        "pktproc",
        6,
        "Packets dropped: out of the TCP window",
    ),
    (
        "nat_port_alloc_fail",
        "drop",
        "resource",
        0,
        "NAT: no port left",
    ),
    (
        "pkt_alloc_failure",
        "drop",
        "resource",
        0,
        "Packet buffers: none left",
    ),
    (
        "flow_dos_drop_ip_blocked",
        "drop",
        "dos",
        2,
        "Packets dropped: address blocked by DoS protection",
    ),
    (
        "flow_dos_syncookie_sent",
        "info",
        "dos",
        11,
        "TCP SYN cookies sent",
    ),
    (
        "flow_dos_syncookie_blk_dur",
        "info",
        "dos",
        0,
        "TCP SYN cookies: sources blocked",
    ),
    ("pkt_recv", "info", "packet", 81_000, "Packets received"),
    ("pkt_sent", "info", "packet", 79_000, "Packets transmitted"),
    (
        "session_allocated",
        "info",
        "resource",
        1_830,
        "Sessions allocated",
    ),
    ("flow_arp_pkt_rcv", "warn", "arp", 1, "ARP packets received"),
];

/// All of them, from nothing at the start.
pub(super) fn counters(boot: i64) -> Vec<GlobalCounter> {
    let counter = |(name, severity, aspect, per_second, description)| GlobalCounter {
        name,
        severity,
        aspect,
        description,
        meter: Meter::new(per_second, boot),
    };
    COUNTERS.map(counter).into()
}
