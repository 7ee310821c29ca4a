//! `fwmetrics once` beside simulated PAN-OS firewalls: every metric that they have a source for, with its value, unit and
//! dimensions; every release, platform and routing engine; and every way in which an answer can be wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod panos;
mod sim;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use fwmetrics::collectors::panos::{commands::GROUPS, metrics};
use fwmetrics::model::metric::Metric;
use panos::{Found, once, table};
use sim::{ErrorShape, Fault, Firewall, HaState, Release, Routing, Simulator};

/// Every group by name, the dear ones too.
fn every_group() -> String {
    let names: Vec<String> = GROUPS.iter().map(|g| format!("panos:{}", g.name)).collect();
    names.join(",")
}

const ALL_LIMITS: &str = "expect_tunnels = [\"to-aws-1\", \"not-there\"]\nremote_access_max = 5000\nssl_proxy_max = 6400\n\
    tunnel_bits_per_second_max = 100000000\ndrop_counters = [\"flow_policy_deny\", \"flow_dos_syncookie_sent\"]";

/// Everything of a firewall, over three seconds.
fn everything(name: &str, firewall: Firewall) -> (Simulator, Found) {
    let simulator = Simulator::start(firewall);
    let config = table("fw", &simulator, ALL_LIMITS);
    let groups = every_group();
    let found = once(name, &config, &["--all", "--over", "3s", "--only", &groups]);
    assert_eq!(found.code, Some(0), "{}", found.report["collectors"]);
    (simulator, found)
}

/// All metrics that PAN-OS has a source for.
fn all_metrics() -> BTreeMap<&'static str, &'static Metric> {
    let feeds = metrics::ALL.iter().flat_map(|reading| reading.feeds);
    feeds.map(|feed| (feed.metric.name, feed.metric)).collect()
}

#[test]
fn every_metric_that_pan_os_can_tell_is_there_with_its_unit_and_dimensions() {
    let (simulator, found) = everything("everything", Firewall::ha_active().steady());
    for (name, metric) in all_metrics() {
        let samples = found.samples(name);
        assert!(!samples.is_empty(), "{name} is missing");
        let all = found.report["samples"].as_array().unwrap();
        let mine = all.iter().filter(|sample| sample["metric"] == name);
        for sample in mine {
            assert_eq!(sample["unit"], metric.unit.as_str(), "{name}");
            assert_eq!(sample["target"], "fw", "{name}");
            let own = sample["dimensions"].as_object().unwrap();
            let legal = metric.detail.dimension().map(|own| own.name());
            assert!(
                own.keys().all(|key| Some(key.as_str()) == legal),
                "{name} {own:?}"
            );
        }
    }
    assert!(found.value("CapacityUtilization").is_some());
    // Asked on one connection, one at a time, with the key in the header alone, and nothing that costs too much.
    let requests = simulator.requests();
    assert_eq!(
        (simulator.max_in_flight(), simulator.connections_made()),
        (1, 1)
    );
    assert!(
        requests
            .iter()
            .all(|seen| seen.key_place == Some(sim::KeyPlace::Header))
    );
    assert!(
        requests
            .iter()
            .all(|seen| !seen.forbidden && seen.status == 200)
    );
    assert!(
        requests
            .iter()
            .all(|seen| seen.method == "POST" && seen.target == "/api/")
    );
}

#[test]
fn values_are_those_of_the_device() {
    let (simulator, found) = everything("values", Firewall::ha_active().steady());
    let fw = simulator.firewall();
    let second = fw.now();
    let number = |name: &str| fw.session_number(name, second).unwrap() as f64;
    let seconds: Vec<i64> = {
        let asked = simulator.requests();
        let asked = asked.iter().find(|seen| seen.name == "resources").unwrap();
        ((asked.second - 60)..asked.second).collect()
    };
    let block = found.block("DataplaneCpuUtilization");
    assert_eq!(block.len(), 60);
    // The block ends with the second of the answer, or the one before it.
    let expected = |shift: i64| -> Vec<f64> {
        let at = seconds.iter().map(|second| second + shift);
        at.map(|second| fw.mean_core_percent(second)).collect()
    };
    assert!(
        (0..2).any(|shift| near(&block, &expected(shift))),
        "{block:?} {:?}",
        expected(0)
    );
    for (metric, value) in [
        ("ActiveSessions", number("num-active")),
        (
            "SessionTableUtilization",
            100.0 * number("num-active") / number("num-max"),
        ),
        ("NewSessionsPerSecond", number("cps")),
        ("ThroughputBitsPerSecond", 1000.0 * number("kbps")),
        ("PacketsPerSecond", number("pps")),
        ("SessionsTcp", number("num-tcp")),
        ("SessionsUdp", number("num-udp")),
        ("SessionsIcmp", number("num-icmp")),
        ("PacketBufferUtilization", 7.0),
        ("PacketDescriptorUtilization", 3.0),
        ("OnChipDescriptorUtilization", 11.0),
        ("ManagementCpuUtilization", 17.0),
        ("SslProxyUtilization", 100.0 * 318.0 / 6400.0),
        ("TunnelsConfigured", 4.0),
        ("TunnelsUp", 3.0),
        ("TunnelsDown", 1.0),
        ("BgpPeersConfigured", 2.0),
        ("BgpPeersUp", 2.0),
        ("BgpPeersDown", 0.0),
        ("HaActive", 1.0),
        ("HaPeerUp", 1.0),
        ("HaConfigInSync", 1.0),
        ("HaStateChanges", 0.0),
        ("PanoramaConnected", 1.0),
    ] {
        let seen = found.value(metric).unwrap_or(f64::NAN);
        assert!(
            (seen - value).abs() < 1e-6,
            "{metric} is {seen}, not {value}"
        );
    }
    for (metric, own, value) in [
        ("TunnelState", "Tunnel=to-aws-1", 1.0),
        ("TunnelState", "Tunnel=not-there", 0.0),
        ("TunnelMonitorState", "Tunnel=to-aws-2", 1.0),
        ("BgpPeerState", "Peer=aws-a", 1.0),
        ("BgpPrefixesAccepted", "Peer=aws-b", 9.0),
        ("HaLinkState", "Link=HA1", 1.0),
        ("NextHopState", "Rule=via-aws-1", 1.0),
        ("VsysSessions", "Vsys=vsys1", number("num-active")),
        ("InterfaceState", "Interface=ethernet1/1", 1.0),
    ] {
        assert_eq!(found.of(metric, own), Some(value), "{metric} {own}");
    }
    // Counters of a firewall that counts evenly: so many seconds' growth.
    let growth = |metric: &str, own: &str, per_second: f64| {
        let seen = found.of(metric, own).unwrap_or(f64::NAN);
        let seconds = seen / per_second;
        let whole = seconds.fract() == 0.0 && (1.0..=6.0).contains(&seconds);
        assert!(
            whole,
            "{metric} {own} grew by {seen}, {per_second} a second"
        );
    };
    growth("TunnelBytesIn", "Tunnel=to-aws-1", 2_500_000.0);
    growth("TunnelBytesOut", "Tunnel=to-aws-1", 1_700_000.0);
    growth("DroppedPackets", "Counter=flow_policy_deny", 37.0);
    growth("DroppedPackets", "Counter=flow_dos_syncookie_sent", 11.0);
    growth("RxDrops", "Interface=ethernet1/1", 6.0);
    // 2.5 MB/s of 100 Mbit/s, over some whole seconds in some time.
    let share = found
        .of("TunnelBandwidthUtilization", "Tunnel=to-aws-1")
        .unwrap();
    assert!((10.0..=35.0).contains(&share), "{share}");
    assert_eq!(found.samples("LicenseDaysLeft").len(), 1);
    let memory = found.value("ManagementMemoryUtilization").unwrap();
    assert!(
        (memory - 100.0 * 9_748_480.0 / 14_336_000.0).abs() < 0.1,
        "{memory}"
    );
}

fn near(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
}

#[test]
fn a_chassis_has_all_its_dataplanes_whatever_their_names() {
    let (simulator, found) = everything("chassis", Firewall::chassis().steady());
    let cores: BTreeSet<String> = found
        .samples("DataplaneCpuUtilization")
        .into_iter()
        .filter_map(|(own, _)| own.strip_prefix("Core=").map(ToOwned::to_owned))
        .collect();
    // Core 0 of each belongs to management.
    assert_eq!(cores.len(), 11 + 11 + 7, "{cores:?}");
    for dataplane in ["s1dp0", "s1dp1", "s2dp0"] {
        assert!(
            cores.contains(&format!("{dataplane}/1")) && !cores.contains(&format!("{dataplane}/0"))
        );
    }
    let fw = simulator.firewall();
    let second = simulator
        .requests()
        .iter()
        .find(|s| s.name == "resources")
        .unwrap()
        .second;
    let max = found.block("DataplaneCpuMaxCore");
    assert_eq!(max.len(), 60);
    assert!(
        (second - 2..=second).any(|s| f64::from(fw.max_core_percent(s)) == max[59]),
        "{max:?}"
    );
    assert_eq!(found.samples("VsysSessions").len(), 2);
    assert_eq!(found.value("ManagementCpuUtilization"), Some(27.0));
    assert_eq!(found.value("BgpPeersUp"), Some(2.0));
    let sum = f64::from(702 + 951 + 233);
    let ssl = found.value("SslProxyUtilization").unwrap();
    assert!((ssl - 100.0 * sum / 6400.0).abs() < 1e-9);
    // A nameless entry and one that stands twice are one interface each, or none.
    assert_eq!(found.samples("RxDrops").len(), 1 + 5);
}

#[test]
fn every_release_and_both_routing_engines_are_understood() {
    for release in [Release::V10_1, Release::V11_1, Release::V12_1] {
        for routing in [Routing::Legacy, Routing::Advanced] {
            if (release, routing) == (Release::V10_1, Routing::Advanced) {
                continue;
            }
            let firewall = Firewall::vm().steady().on(release).routed(routing);
            let (_simulator, found) = everything("releases", firewall);
            let what = format!("{release:?} {routing:?}");
            assert_eq!(found.value("ActiveSessions"), Some(128_540.0), "{what}");
            assert_eq!(found.value("TunnelsUp"), Some(3.0), "{what}");
            assert_eq!(found.value("BgpPeersUp"), Some(2.0), "{what}");
            assert_eq!(
                found.of("BgpPrefixesAccepted", "Peer=aws-a"),
                Some(14.0),
                "{what}"
            );
            assert!(
                found.value("ManagementMemoryUtilization").is_some(),
                "{what}"
            );
            assert_eq!(found.block("DataplaneCpuUtilization").len(), 60, "{what}");
            // HA is off: no word of it.
            assert!(
                found.samples("HaActive").is_empty() && found.samples("HaLinkState").is_empty()
            );
        }
    }
}

#[test]
fn a_passive_member_says_nothing_of_traffic() {
    let (_simulator, found) = everything("passive", Firewall::ha_passive().steady());
    assert_eq!(found.value("HaActive"), Some(0.0));
    for (name, metric) in all_metrics() {
        let silent = found.samples(name).is_empty();
        assert_eq!(silent, metric.active_only, "{name}");
    }
}

#[test]
fn the_dear_commands_are_asked_when_they_are_named_and_totals_twice() {
    let simulator = Simulator::start(Firewall::vm());
    let found = once("named", &table("fw", &simulator, ""), &["--over", "100ms"]);
    assert_eq!(found.code, Some(0), "{}", found.report["collectors"]);
    let asked = |name: &str| {
        simulator
            .requests()
            .iter()
            .filter(|seen| seen.name == name)
            .count()
    };
    for (name, times) in [
        ("resources", 1),
        ("sessions", 1),
        ("tunnels", 1),
        ("remote-access", 1),
        ("management-cpu", 1),
        ("interfaces", 2),
        ("drops", 2),
        ("ha", 2),
        ("bgp-legacy", 2),
        ("panorama", 0),
        ("system", 0),
        ("license", 0),
        ("ssl-proxy", 0),
        ("management-memory", 0),
        ("pbf", 0),
    ] {
        assert_eq!(asked(name), times, "{name}");
    }
    simulator.forget_requests();
    let one = ["--over", "100ms", "--only", "panos:license"];
    let found = once(
        "license",
        &table("fw", &simulator, "disable = [\"license\"]"),
        &one,
    );
    assert!(
        found
            .value("LicenseDaysLeft")
            .is_some_and(|days| days > 300.0)
    );
    assert_eq!(
        (asked("license"), asked("resources"), asked("sessions")),
        (1, 0, 0)
    );
}

#[test]
fn whatever_is_wrong_with_an_answer_costs_its_own_metrics_and_nothing_is_invented() {
    let cases = [
        (Fault::Truncated, "ends"),
        (Fault::DeepNesting(5000), "nested deeper than"),
        (Fault::HugeText(9 << 20), "more than"),
        (Fault::EntityBomb, "DOCTYPE"),
        (Fault::ExternalEntity, "DOCTYPE"),
        (Fault::Latin1, "UTF-8"),
        (Fault::Utf16, "UTF-8"),
        (Fault::Html, "HTML"),
        (Fault::Http(500), "500"),
        (Fault::Http(503), "503"),
        (Fault::code(16), "Operational Requests"),
        (
            Fault::Code(16, "no".to_owned(), ErrorShape::Result),
            "Operational Requests",
        ),
        (
            Fault::Code(22, "no".to_owned(), ErrorShape::Bare),
            "session timed out",
        ),
        (
            Fault::Code(7, "no".to_owned(), ErrorShape::Bare),
            "bad request",
        ),
        (
            Fault::Code(5, "no".to_owned(), ErrorShape::Line),
            "internal error",
        ),
        (Fault::ClientNotAvailable, "client is not available"),
        (Fault::Empty, "unreadable"),
        (Fault::NotXml, "unreadable"),
        (Fault::Cut, "unreadable"),
        (Fault::Garbage, "unreadable"),
    ];
    for (fault, words) in cases {
        let simulator = Simulator::start(Firewall::vm().steady());
        simulator.change(|fw| fw.fault_for("sessions", fault.clone()));
        let found = once("faulty", &table("fw", &simulator, ""), &["--over", "100ms"]);
        let (status, error, _) = found.fared("fw");
        assert_eq!(
            (found.code, status.as_str()),
            (Some(1), "failed"),
            "{fault:?}"
        );
        assert!(
            error.contains("show session info") && error.contains(words),
            "{fault:?}: {error}"
        );
        for metric in [
            "ActiveSessions",
            "SessionTableUtilization",
            "ThroughputBitsPerSecond",
        ] {
            assert_eq!(found.samples(metric), [], "{fault:?}");
        }
        // The others go on.
        assert_eq!(found.value("TunnelsUp"), Some(3.0), "{fault:?}");
        assert_eq!(found.value("BgpPeersUp"), Some(2.0), "{fault:?}");
    }
}

#[test]
fn what_is_odd_but_right_is_taken() {
    for fault in [Fault::ExtraFields, Fault::Slow(300)] {
        let simulator = Simulator::start(Firewall::vm().steady());
        simulator.change(|fw| fw.fault = Some(fault.clone()));
        let found = once("odd", &table("fw", &simulator, ""), &["--over", "100ms"]);
        assert_eq!(
            found.code,
            Some(0),
            "{fault:?}: {}",
            found.report["collectors"]
        );
        assert_eq!(found.value("ActiveSessions"), Some(128_540.0), "{fault:?}");
    }
    // Not on this release, and not on a passive member: no failure.
    let simulator = Simulator::start(Firewall::vm().steady());
    simulator.change(|fw| fw.fault_for("remote-access", Fault::code(17)));
    simulator.change(|fw| fw.fault_for("drops", Fault::code(15)));
    let found = once(
        "unknown",
        &table("fw", &simulator, ""),
        &["--over", "100ms"],
    );
    let (status, _, notes) = found.fared("fw");
    assert_eq!((found.code, status.as_str()), (Some(0), "ok"));
    let noted = |words: &str| notes.iter().any(|note| note.contains(words));
    assert!(
        noted("show global-protect-gateway statistics: not on this release"),
        "{notes:?}"
    );
    assert!(
        found.samples("RemoteAccessTunnels").is_empty()
            && found.samples("DroppedPackets").is_empty()
    );
}

#[test]
fn a_suspended_member_and_a_lost_partner_are_told() {
    let simulator = Simulator::start(Firewall::ha_active().steady());
    simulator.change(|fw| fw.set_ha(HaState::Suspended));
    simulator.change(|fw| fw.set_partner(false));
    let found = once(
        "suspended",
        &table("fw", &simulator, ""),
        &["--over", "100ms"],
    );
    assert_eq!(found.value("HaActive"), Some(0.0));
    assert_eq!(found.value("HaPeerUp"), Some(0.0));
    assert_eq!(found.of("HaLinkState", "Link=HA1"), Some(0.0));
    simulator.change(|fw| fw.set_ha(HaState::Tentative));
    let found = once(
        "tentative",
        &table("fw", &simulator, ""),
        &["--over", "100ms"],
    );
    assert_eq!(found.value("HaActive"), None);
}
