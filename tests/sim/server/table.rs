//! The commands that the simulator knows, each in its exact form.

/// Name and form of each command, as the CLI hierarchy of PAN-OS 11.1 has them; `*` stands for a text.
pub const COMMANDS: [(&str, &str); 45] = [
    (
        "resources",
        "<show><running><resource-monitor><second><last>*</last></second></resource-monitor></running></show>",
    ),
    (
        "resources-minute",
        "<show><running><resource-monitor><minute><last>*</last></minute></resource-monitor></running></show>",
    ),
    (
        "resources-hour",
        "<show><running><resource-monitor><hour><last>*</last></hour></resource-monitor></running></show>",
    ),
    (
        "resources-day",
        "<show><running><resource-monitor><day><last>*</last></day></resource-monitor></running></show>",
    ),
    (
        "resources-week",
        "<show><running><resource-monitor><week><last>*</last></week></resource-monitor></running></show>",
    ),
    (
        "resources-all",
        "<show><running><resource-monitor></resource-monitor></running></show>",
    ),
    (
        "ingress-backlogs",
        "<show><running><resource-monitor><ingress-backlogs></ingress-backlogs></resource-monitor></running></show>",
    ),
    ("sessions", "<show><session><info></info></session></show>"),
    ("vsys", "<show><session><meter></meter></session></show>"),
    (
        "buffer-protection",
        "<show><session><packet-buffer-protection></packet-buffer-protection></session></show>",
    ),
    (
        "ssl-proxy",
        "<show><session><all><filter><ssl-decrypt>yes</ssl-decrypt><count>yes</count></filter></all></session></show>",
    ),
    (
        "management-cpu",
        "<show><system><state><filter>sys.monitor.*.mp.exports</filter></state></system></show>",
    ),
    (
        "management-memory",
        "<show><system><resources></resources></system></show>",
    ),
    ("system", "<show><system><info></info></system></show>"),
    (
        "disk",
        "<show><system><disk-space></disk-space></system></show>",
    ),
    (
        "environmentals",
        "<show><system><environmentals></environmentals></system></show>",
    ),
    (
        "tunnels",
        "<show><running><tunnel><flow><all></all></flow></tunnel></running></show>",
    ),
    ("tunnels", "<show><vpn><flow></flow></vpn></show>"),
    (
        "tunnels",
        "<show><vpn><flow><all></all></flow></vpn></show>",
    ),
    (
        "tunnel",
        "<show><vpn><flow><tunnel-id>*</tunnel-id></flow></vpn></show>",
    ),
    (
        "tunnel",
        "<show><vpn><flow><name>*</name></flow></vpn></show>",
    ),
    ("ipsec-sa", "<show><vpn><ipsec-sa></ipsec-sa></vpn></show>"),
    (
        "ipsec-sa",
        "<show><vpn><ipsec-sa><summary></summary></ipsec-sa></vpn></show>",
    ),
    ("ike-sa", "<show><vpn><ike-sa></ike-sa></vpn></show>"),
    ("tunnel-config", "<show><vpn><tunnel></tunnel></vpn></show>"),
    (
        "ha",
        "<show><high-availability><state></state></high-availability></show>",
    ),
    (
        "bgp-legacy",
        "<show><routing><protocol><bgp><peer></peer></bgp></protocol></routing></show>",
    ),
    (
        "bgp-advanced",
        "<show><advanced-routing><bgp><peer><status></status></peer></bgp></advanced-routing></show>",
    ),
    (
        "bgp-advanced-detail",
        "<show><advanced-routing><bgp><peer><detail></detail></peer></bgp></advanced-routing></show>",
    ),
    (
        "bgp-advanced-summary",
        "<show><advanced-routing><bgp><summary></summary></bgp></advanced-routing></show>",
    ),
    (
        "counters",
        "<show><counter><global></global></counter></show>",
    ),
    (
        "drops",
        "<show><counter><global><filter><severity>drop</severity></filter></global></counter></show>",
    ),
    (
        "drops-dos",
        "<show><counter><global><filter><aspect>dos</aspect></filter></global></counter></show>",
    ),
    (
        "counters-delta",
        "<show><counter><global><filter><delta>yes</delta></filter></global></counter></show>",
    ),
    (
        "counters-delta",
        "<show><counter><global><filter><severity>drop</severity><delta>yes</delta></filter></global></counter></show>",
    ),
    (
        "counters-delta",
        "<show><counter><global><filter><delta>yes</delta><severity>drop</severity></filter></global></counter></show>",
    ),
    (
        "interfaces",
        "<show><counter><interface>all</interface></counter></show>",
    ),
    (
        "interface-states",
        "<show><interface>all</interface></show>",
    ),
    (
        "remote-access",
        "<show><global-protect-gateway><statistics></statistics></global-protect-gateway></show>",
    ),
    ("pbf", "<show><pbf><rule><all></all></rule></pbf></show>"),
    (
        "panorama",
        "<show><panorama-status></panorama-status></show>",
    ),
    (
        "license",
        "<request><license><info></info></license></request>",
    ),
    ("jobs", "<show><jobs><all></all></jobs></show>"),
    (
        "gwlb",
        "<show><plugins><vm_series><aws><gwlb></gwlb></aws></vm_series></plugins></show>",
    ),
    (
        "current-users",
        "<show><global-protect-gateway><current-user></current-user></global-protect-gateway></show>",
    ),
];

/// Commands that a poller must not use; they are answered, and noted as forbidden.
pub(super) const FORBIDDEN: [&str; 3] = ["resources-all", "counters-delta", "current-users"];
