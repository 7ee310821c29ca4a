//! What small configurations publish.

use super::*;
use crate::config::parse;
use crate::model::alarm::{Parameter, Statistic};

fn published(text: &str) -> Published {
    Published::of(&parse(text, None, &[]).unwrap())
}

const PAIR: &str = r#"
[[collectors.panos.firewall]]
name = "fw-a"
address = "10.0.0.4"
api_key_file = "/k"
tls_insecure = true
instance_id = "i-a"
ha_group = "edge-pair"
expect_tunnels = ["to-aws-1"]
[[collectors.panos.firewall]]
name = "fw-b"
address = "10.0.0.5"
api_key_file = "/k"
tls_insecure = true
ha_group = "edge-pair"
disable = ["resources"]
auto_scaling_group = "edge"
in_service = true
"#;

/// Name and dimensions of a series, or why there is none.
fn shown(found: Result<Found, String>) -> Result<String, String> {
    let text = |text: Text| match text {
        Text::Fixed(value) => value,
        Text::Given(parameter) => format!("<{parameter:?}>"),
    };
    found.map(|Found { id, .. }| {
        let dimensions = id.dimensions.into_iter();
        let dimensions: Vec<String> = dimensions
            .map(|(name, value)| format!("{name}={}", text(value)))
            .collect();
        format!("{} {}", id.name, dimensions.join(","))
    })
}

#[test]
fn a_machine_without_a_configuration_is_known_by_parameters() {
    let all = published("");
    let group = Text::Given(Parameter::AutoScalingGroup);
    assert_eq!(all.groups(), std::slice::from_ref(&group));
    let fleet = |name| shown(all.fleet(&group, name));
    assert_eq!(
        fleet("CapacityUtilization").unwrap(),
        "CapacityUtilization AutoScalingGroupName=<AutoScalingGroup>"
    );
    let machine = all.alone().next().unwrap();
    assert_eq!(
        shown(all.own(machine, "ExporterHeartbeat")).unwrap(),
        "ExporterHeartbeat InstanceId=<InstanceId>"
    );
    for (found, why) in [
        (fleet("PacketBufferUtilization"), "(it comes from: panos)"),
        (fleet("CpuSteal"), "{AutoScalingGroupName} is none of its"),
        (
            fleet("Gone"),
            "Gone is not published: there is no such metric",
        ),
        (
            shown(all.own(machine, "TunnelBandwidthUtilization")),
            "[metrics] enable = [\"TunnelBandwidthUtilization\"]",
        ),
    ] {
        let said = found.unwrap_err();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn settings_that_take_a_series_away_are_named() {
    let group = Text::Given(Parameter::AutoScalingGroup);
    for (text, metric, why) in [
        (
            "[metrics]\ndisable = [\"RxDrops\"]",
            "RxDrops",
            "[metrics] disable names it",
        ),
        (
            "[cloudwatch]\ndimension_sets = [[\"InstanceId\"]]",
            "RxDrops",
            "dimension_sets has no [\"AutoScalingGroupName\"]",
        ),
        (
            "[identity]\nin_service = false",
            "ExporterHeartbeat",
            "in_service = true says",
        ),
        (
            "[collectors]\ndisable = [\"cpu\"]",
            "RxDrops",
            "wait for the dataplane's CPU",
        ),
        (
            "[collectors]\ndisable = [\"interfaces\"]",
            "RxDrops",
            "it comes from: interfaces, panos",
        ),
    ] {
        let said = published(text).fleet(&group, metric).unwrap_err();
        assert!(said.contains(why), "{text}: {said}");
    }
    // The heartbeat waits for no reading.
    let blind = published("[collectors]\ndisable = [\"cpu\"]");
    assert!(blind.fleet(&group, "ExporterHeartbeat").is_ok());
    assert!(blind.fleet(&group, "CapacityUtilization").is_err());
}

#[test]
fn a_pair_has_its_tunnels_together_and_each_member_its_own_names() {
    let all = published(PAIR);
    let [machine, a, b] = all.firewalls.as_slice() else {
        panic!("{:?}", all.firewalls);
    };
    assert!(!machine.is_read);
    assert_eq!(machine.group, None);
    assert_eq!(all.pairs().into_iter().collect::<Vec<_>>(), ["edge-pair"]);
    let alone: Vec<_> = all.alone().map(|one| one.target.as_deref()).collect();
    assert_eq!(alone, [Some("fw-a")]);
    let tunnel = (OwnDimension::Tunnel, "to-aws-1");
    assert_eq!(
        shown(all.detail(a, "TunnelState", tunnel)).unwrap(),
        "TunnelState HaGroup=edge-pair,Tunnel=to-aws-1"
    );
    assert_eq!(
        shown(all.own(a, "HaActive")).unwrap(),
        "HaActive InstanceId=i-a"
    );
    assert_eq!(
        shown(all.own(b, "HaActive")).unwrap(),
        "HaActive Firewall=fw-b"
    );
    let edge = Text::Fixed("edge".to_owned());
    assert!(all.fleet(&edge, "ExporterHeartbeat").is_ok());
    // Its CPU is not asked for.
    assert!(all.fleet(&edge, "SessionTableUtilization").is_err());
    assert_eq!((a.cpu_readings, b.cpu_readings), (Some(300), None));
}

#[test]
fn a_series_is_read_as_often_as_its_slowest_reader_may() {
    let text = format!(
        "[cloudwatch]\nperiod_secs = 10\n[identity]\nauto_scaling_group = \"edge\"\n[collectors]\nauto = true\n[collectors.links]\nexpect = [\"gre1\"]\nsample_secs = 600\n[collectors.strongswan]\nexpect = [\"aws\"]\n[collectors.panos]\nsample_secs = 40\n{}",
        PAIR.replace("disable = [\"resources\"]\n", "")
    );
    let all = published(&text);
    let (machine, a) = (&all.firewalls[0], &all.firewalls[1]);
    let tunnel = |name| {
        let found = all.detail(machine, "TunnelState", (OwnDimension::Tunnel, name));
        found.unwrap().every_secs
    };
    assert_eq!((tunnel("gre1"), tunnel("aws")), (600, 5));
    let own = |firewall, name| all.own(firewall, name).unwrap().every_secs;
    assert_eq!(own(machine, "TunnelsDown"), 600);
    // A pass in 40 s; what may be asked once a minute is asked in every second one.
    assert_eq!((own(a, "HaActive"), own(a, "BgpPeersDown")), (40, 80));
    assert_eq!(own(a, "CapacityUtilization"), 40);
    assert_eq!(own(a, "ExporterHeartbeat"), 0);
    let up = |name| all.detail(machine, "CollectorUp", (OwnDimension::Collector, name));
    assert_eq!(up("links").unwrap().every_secs, 600);
    let edge = Text::Fixed("edge".to_owned());
    let fleet = |name| all.fleet(&edge, name).unwrap();
    assert_eq!(fleet("DataplaneCpuUtilization").every_secs, 40);
    assert_eq!(fleet("TunnelsDown").every_secs, 600);
    for (name, least, secs) in [
        ("DataplaneCpuUtilization", 60, 60),
        ("DataplaneCpuUtilization", 300, 300),
        ("RxDrops", 60, 120),
        ("TunnelsDown", 300, 600),
    ] {
        let stat = fleet(name).over(Statistic::Sum, least);
        assert_eq!(stat.period_secs, secs, "{name}");
    }
}

#[test]
fn only_the_plugins_names_are_told_of_with_theirs() {
    let serving = PAIR.replace("instance_id", "in_service = true\ninstance_id");
    let only = format!("[cloudwatch.vmseries]\nonly = true\n{serving}");
    let all = published(&only);
    let a = &all.firewalls[1];
    let said = all.own(a, "ExporterHeartbeat").unwrap_err();
    assert!(said.contains("only = true"), "{said}");
    let series = all.series();
    assert!(!series.is_empty());
    assert!(series.iter().all(|one| one.namespace == "VMseries"));
    let both = published(&only.replace("true\n\n", "false\n\n"));
    let count = |namespace: &str| {
        let all = both.series();
        all.iter().filter(|one| one.namespace == namespace).count()
    };
    assert!(count("VMseries") >= 4 && count("Firewall/fwmetrics") > 30);
}

#[test]
fn a_name_that_two_collectors_expect_is_two_tunnels() {
    let all = published(
        r#"
[collectors.openvpn]
expect = ["a", "b"]
[collectors.wireguard]
peers = ["c=XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQU="]
expect = ["a"]
[collectors.bgp]
expect = ["192.0.2.1"]
"#,
    );
    let machine = &all.firewalls[0];
    let names: Vec<&str> = machine
        .expected
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["192.0.2.1", "wireguard/a", "openvpn/a", "b", "c"]);
    assert!(machine.collectors.contains(&("openvpn", true)));
    assert!(machine.collectors.contains(&("cpu", false)));
}
