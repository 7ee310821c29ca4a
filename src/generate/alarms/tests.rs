//! The table, alarm by alarm.

use super::*;
use crate::catalogue;
use crate::config::parse;
use crate::model::alarm::{Comparison, Measure, MissingData, Parameter};

pub(super) fn alarms(text: &str) -> Made {
    of(&parse(text, None, &[]).unwrap())
}

pub(super) fn one<'a>(made: &'a Made, slug: &str) -> &'a Alarm {
    let mut found = made.alarms.iter().filter(|alarm| alarm.slug == slug);
    found.next().unwrap_or_else(|| panic!("no {slug}"))
}

pub(super) const PANOS: &str = r#"
[[collectors.panos.firewall]]
name = "fw-a"
address = "10.0.0.4"
api_key_file = "/k"
tls_insecure = true
"#;

#[test]
fn every_row_is_of_a_metric_that_there_is() {
    for row in table::OF_GROUP.iter().chain(&table::OF_FIREWALL) {
        assert!(catalogue::find(row.metric).is_some(), "{}", row.metric);
        assert!(ALL_NUMBERS.contains(&row.number));
    }
}

#[test]
fn every_number_is_made_or_named_once_with_its_reason() {
    let panos = format!("{PANOS}ha_group = \"p\"");
    for text in [
        "",
        PANOS,
        panos.as_str(),
        "[alarms]\ndisable = [\"A2\", \"A10\"]",
    ] {
        let made = alarms(text);
        for number in ALL_NUMBERS {
            let made_so = made.alarms.iter().any(|alarm| alarm.number == number);
            let left = made.left_out.iter().filter(|one| one.number == number);
            assert!(made_so || left.clone().count() > 0, "{number} with {text}");
            assert!(
                left.clone()
                    .all(|one| !one.why.is_empty() && !one.name.is_empty())
            );
        }
        for alarm in &made.alarms {
            assert!(alarm.description.len() <= 1024, "{}", alarm.slug);
            assert!(!alarm.description.contains('{'), "{}", alarm.description);
            assert!(alarm.rule.datapoints <= alarm.rule.periods);
            assert_eq!(alarm.rule.measure.period_secs() % 60, 0);
        }
        let names = made
            .alarms
            .iter()
            .map(|one| (&one.scope, one.number, &one.slug));
        let mut names: Vec<_> = names.collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), made.alarms.len());
    }
}

#[test]
fn in_another_account_nothing_looks_at_what_aws_says_of_the_group() {
    let central = "[cloudwatch]\nrole_arn = \"arn:aws:iam::123456789012:role/r\"";
    let made = alarms(central);
    for number in ["A1", "G1", "G3"] {
        assert!(made.alarms.iter().all(|one| one.number != number));
        let left: Vec<_> = made
            .left_out
            .iter()
            .filter(|one| one.number == number)
            .collect();
        assert!(
            matches!(left.as_slice(), [one] if one.why.contains("role_arn")),
            "{left:?}"
        );
    }
    assert!(made.alarms.iter().any(|one| one.number == "A2"));
}

#[test]
fn what_a_firewall_in_a_group_would_have_alone_is_named() {
    let grouped = "auto_scaling_group = \"edge\"\nin_service = true\nexpect_tunnels = [\"t\"]\n";
    let other = PANOS.replace("fw-a", "fw-b");
    let left = |text: &str| {
        let left = alarms(text).left_out;
        left.iter()
            .map(|one| format!("{} {}", one.number, one.name))
            .collect::<Vec<_>>()
    };
    let named = left(&format!("{PANOS}{grouped}{other}"));
    for wanted in [
        "A1b silent of fw-a",
        "A10 tunnels of fw-a",
        "A12 bgp-peers-down of fw-a",
    ] {
        assert!(named.iter().any(|one| one == wanted), "{wanted}: {named:?}");
    }
    assert!(
        !left(&format!("{PANOS}{other}"))
            .iter()
            .any(|one| one.ends_with("of fw-a"))
    );
}

#[test]
fn a_machine_without_a_configuration_has_the_fleets_alarms_and_its_own() {
    let made = alarms("");
    let numbers: Vec<&str> = made.alarms.iter().map(|alarm| alarm.number).collect();
    let wanted = [
        "A1", "A1b", "A2", "A3", "A3", "A5", "A5", "A5", "A6", "A7", "A8", "A9", "A10b", "A12",
        "A12", "A15", "G1", "G3",
    ];
    assert_eq!(numbers, wanted);
    let left: Vec<&str> = made.left_out.iter().map(|one| one.number).collect();
    assert_eq!(left, ["A4", "A10", "A11", "A13", "A14", "G2"]);
    let group = Text::Given(Parameter::AutoScalingGroup);
    assert_eq!(one(&made, "hot-firewall").scope, group);
    assert_eq!(
        one(&made, "silent").scope,
        Text::Given(Parameter::InstanceId)
    );
}

#[test]
fn silence_is_counted_against_the_members_in_service() {
    let made = alarms("");
    let gap = &one(&made, "reporting-gap").rule;
    let Measure::Math { inputs, result } = &gap.measure else {
        panic!("no math");
    };
    assert_eq!(result.to_string(), "IF(n > 0, (n - FILL(beats, 0)), 0)");
    assert_eq!(inputs[0].1.metric.namespace, "AWS/AutoScaling");
    assert_eq!(inputs[1].1.statistic, Statistic::SampleCount);
    assert_eq!((gap.datapoints, gap.periods), (5, 7));
    let alone = &one(&made, "silent").rule;
    assert_eq!(alone.missing, MissingData::Breaching);
    assert_eq!(alone.comparison, Comparison::Below);
}

#[test]
fn rings_without_backlogs_are_looked_at_alone() {
    let both = alarms("");
    assert!(matches!(
        one(&both, "packet-drops").rule.measure,
        Measure::Math { .. }
    ));
    let panos = alarms(&format!(
        "{PANOS}auto_scaling_group = \"edge\"\nin_service = true"
    ));
    let drops = one(&panos, "packet-drops");
    let Measure::One(stat) = &drops.rule.measure else {
        panic!("{drops:?}");
    };
    assert_eq!(stat.metric.name, "RxDrops");
    assert_eq!(drops.scope, Text::Fixed("edge".to_owned()));
    assert!(panos.alarms.iter().any(|alarm| alarm.number == "A4"));
    let lacking = panos
        .left_out
        .iter()
        .find(|one| one.number == "A9")
        .unwrap();
    assert_eq!(lacking.name, "session-failures of edge");
    assert!(
        lacking
            .why
            .contains("SessionAllocFailures is not published")
    );
}

#[test]
fn thresholds_are_the_configurations_and_stand_in_the_description() {
    let made = alarms("[alarms]\nhot_firewall_percent = 77\nconntrack_drops = 12");
    let hot = one(&made, "hot-firewall");
    assert!((hot.rule.threshold - 77.0).abs() < 1e-9);
    assert!(hot.description.contains("77 %"));
    assert!((one(&made, "ec2-conntrack-drops").rule.threshold - 12.0).abs() < 1e-9);
}

#[test]
fn a_pair_is_judged_by_both_members_configured_or_given() {
    let pair = |second: &str| {
        let text = format!(
            "{PANOS}ha_group = \"p\"\ninstance_id = \"i-a\"\nexpect_tunnels = [\"t\"]\n{second}"
        );
        alarms(&text)
    };
    let other = PANOS.replace("fw-a", "fw-b");
    let configured = pair(&format!("{other}ha_group = \"p\""));
    let given = pair("");
    for (made, peer) in [
        (&configured, ("Firewall", Text::Fixed("fw-b".to_owned()))),
        (&given, (INSTANCE, Text::Given(Parameter::PeerInstanceId))),
    ] {
        let nobody = &one(made, "nobody-active").rule;
        let Measure::Math { inputs, result } = &nobody.measure else {
            panic!("no math");
        };
        assert_eq!(result.to_string(), "(FILL(a, 0) + FILL(b, 0))");
        assert_eq!(inputs[1].1.metric.dimensions, [peer]);
        let both = &one(made, "both-active").rule;
        assert_eq!(both.missing, MissingData::NotBreaching);
        let tunnel = one(made, "pair-tunnel-down-t");
        assert_eq!(tunnel.scope, Text::Fixed("p".to_owned()));
    }
    // One parameter is not two peers.
    let two = pair(&format!("{other}ha_group = \"q\""));
    assert!(!two.alarms.iter().any(|alarm| alarm.number == "A13"));
    let why = two.left_out.iter().filter(|one| one.number == "A13");
    assert_eq!(why.clone().count(), 2);
    assert!(why.clone().all(|one| one.name.ends_with("of p, q")));
}

const INSTANCE: &str = "InstanceId";

#[test]
fn a_tunnel_that_is_there_without_a_state_is_no_fault() {
    for (liveness, missing) in [
        ("", MissingData::NotBreaching),
        ("liveness_secs = 30", MissingData::Breaching),
    ] {
        let made = alarms(&format!(
            "[collectors.links]\nexpect = [\"gre1\"]\n{liveness}"
        ));
        let tunnel = one(&made, "tunnel-down-gre1");
        assert_eq!(tunnel.rule.missing, missing);
        assert_eq!(tunnel.scope, Text::Given(Parameter::InstanceId));
    }
}

#[test]
fn zones_have_alarms_where_traffic_is_constant() {
    let zones = "[alarms]\navailability_zones = [\"eu-west-1a\"]\nhealthy_firewalls_min = 3\nconstant_traffic = ";
    let made = alarms(&format!("{zones}true"));
    let zone = one(&made, "healthy-firewalls-eu-west-1a");
    let stats = zone.rule.measure.stats();
    let names: Vec<&str> = stats[0]
        .metric
        .dimensions
        .iter()
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(names, ["AvailabilityZone", "LoadBalancer", "TargetGroup"]);
    assert!((one(&made, "healthy-firewalls").rule.threshold - 3.0).abs() < 1e-9);
    let made = alarms(&format!("{zones}false"));
    let left = made.left_out.iter().filter(|one| one.number == "G2");
    assert_eq!(left.count(), 2);
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    assert_eq!(part("to-aws-1"), "to-aws-1");
    let (a, b) = (part(&"x".repeat(200)), part(&"x".repeat(201)));
    assert_eq!(a.len(), 80);
    assert_ne!(a, b);
}

#[test]
fn a_long_part_of_a_name_is_cut_by_its_bytes() {
    let cut = part(&"\u{e4}".repeat(60));
    assert!(cut.len() <= 80, "{} bytes", cut.len());
    assert_ne!(cut, part(&"\u{e4}".repeat(61)));
    assert_eq!(part(&"a".repeat(81)).len(), 80);
}
