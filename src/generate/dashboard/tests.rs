//! What is on the dashboards of small configurations, and that they keep CloudWatch's limits.

use super::*;
use crate::config::parse;
use crate::generate::alarms;
use crate::generate::form::json::filled;

/// The dashboards of a configuration, placeholders and items that may not be there in place.
fn made(config: &str) -> Vec<Dashboard> {
    let config = parse(config, None, &[]).unwrap_or_else(|faults| panic!("{faults}"));
    of(&config, "fwmetrics", &alarms::of(&config).alarms)
}

fn widgets(dashboard: &Dashboard) -> Vec<Value> {
    let body = filled(&dashboard.body);
    body["widgets"].as_array().unwrap().clone()
}

fn titles(dashboard: &Dashboard) -> Vec<String> {
    let widgets = widgets(dashboard).into_iter();
    let title = |widget: Value| Some(widget["properties"]["title"].as_str()?.to_owned());
    widgets.filter_map(title).collect()
}

fn firewalls(count: usize, more: &str) -> String {
    let one = |at| {
        format!(
            "[[collectors.panos.firewall]]\nname = \"fw-{at}\"\naddress = \"10.0.0.{at}\"\napi_key_file = \"/k\"\n\
             tls_insecure = true\nexpect_tunnels = [\"a\", \"b\", \"c\", \"d\", \"e\"]\n{more}\n"
        )
    };
    (1..=count).map(one).collect()
}

#[test]
fn a_fleet_comes_first_and_its_firewalls_by_search() {
    let all = made("");
    let names: Vec<&str> = all.iter().map(|one| one.slug.as_str()).collect();
    assert_eq!(names, ["fleet", "firewall"]);
    let titles = titles(&all[0]);
    let place = |title: &str| titles.iter().position(|one| one == title).unwrap();
    assert_eq!((place("Alarms"), place("Capacity in use")), (0, 1));
    for title in [
        "Hottest firewall",
        "Tunnels down, worst firewall",
        "Scaling",
        "Load balancer: flows",
        "Session table",
    ] {
        place(title);
    }
    assert!(
        !titles.iter().any(|title| title.contains("Packet buffers")),
        "{titles:?}"
    );
    let text = filled(&all[0].body).to_string();
    let search = r#"SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"CapacityUtilization\"', 'Maximum', 60)"#;
    assert!(text.contains(search), "{text}");
    assert!(text.contains("\"P1 capacity-target\",\"value\":60.0"));
    assert!(
        !text.contains("\"InstanceId\""),
        "a dead instance would stay"
    );
}

#[test]
fn in_another_account_nothing_of_aws_about_the_group_is_shown() {
    let body = |config: &str| made(config)[0].body.to_string();
    let central = body("[cloudwatch]\nrole_arn = \"arn:aws:iam::123456789012:role/r\"");
    for theirs in ["AWS/AutoScaling", "AWS/GatewayELB"] {
        assert!(body("").contains(theirs));
        assert!(!central.contains(theirs));
    }
    assert!(central.contains("CapacityUtilization"));
}

#[test]
fn panos_firewalls_of_a_group_and_alone() {
    let group = made(&firewalls(
        2,
        "auto_scaling_group = \"edge.fw 1\"\nin_service = true",
    ));
    let fleet = group
        .iter()
        .find(|one| one.slug.starts_with("fleet"))
        .unwrap();
    assert!(fleet.name.starts_with("fwmetrics-edge-fw-1-") && fleet.needs.is_empty());
    assert!(titles(fleet).contains(&"Packet buffers, fullest firewall".to_owned()));
    let alone = made(&firewalls(2, ""));
    let named = alone.iter().find(|one| one.slug == "firewalls").unwrap();
    assert!(named.needs.is_empty());
    let text = filled(&named.body).to_string();
    for schema in ["Firewall}", "Firewall,Tunnel}", "Firewall,Collector}"] {
        assert!(text.contains(schema), "{schema}");
    }
    assert!(
        text.contains("-fw-1-A10-"),
        "alarm states of named firewalls"
    );
}

#[test]
fn dashboards_of_two_groups_have_two_names() {
    let mut names = BTreeSet::new();
    for group in ["a.b", "a b", "a-b", "firewalls", "all-firewalls"] {
        let of = made(&format!("[identity]\nauto_scaling_group = \"{group}\""));
        assert!(names.insert(of[0].name.clone()), "{names:?}");
    }
    let alone = made(&firewalls(1, ""));
    let other = alone.iter().find(|one| one.slug == "firewalls").unwrap();
    assert!(!names.contains(&other.name), "{names:?}");
}

#[test]
fn every_alarm_of_many_is_shown() {
    let config = firewalls(40, "");
    let parsed = parse(&config, None, &[]).unwrap();
    let all = alarms::of(&parsed).alarms;
    let scopes = |one: &&Alarm| matches!(&one.scope, Text::Fixed(name) if name.starts_with("fw-"));
    let wanted = all.iter().filter(scopes).count();
    let made = made(&config);
    let named = made.iter().find(|one| one.slug == "firewalls").unwrap();
    let widgets = widgets(named).into_iter();
    let shown: Vec<Value> = widgets
        .filter_map(|one| one["properties"]["alarms"].as_array().cloned())
        .flatten()
        .collect();
    assert!(wanted > 100, "{wanted}");
    assert_eq!(shown.len(), wanted);
}

#[test]
fn a_metric_that_is_not_published_has_no_graph() {
    let has = |config: &str, title: &str| titles(&made(config)[0]).contains(&title.to_owned());
    let title = "Connections that EC2 tracks, fullest firewall";
    assert!(has("", title));
    assert!(!has("[collectors]\ndisable = [\"ena\"]", title));
    assert!(!has(
        "[metrics]\ndisable = [\"ConntrackAllowanceUtilization\"]",
        title
    ));
}

#[test]
fn widgets_lie_on_the_grid_without_overlap() {
    for config in [
        String::new(),
        firewalls(40, ""),
        firewalls(3, "ha_group = \"edge\"\nauto_scaling_group = \"g\""),
    ] {
        for dashboard in made(&config) {
            let widgets = widgets(&dashboard);
            assert!(!widgets.is_empty() && widgets.len() <= 500);
            let mut taken = BTreeSet::new();
            for widget in &widgets {
                let of = |key: &str| widget[key].as_u64().unwrap();
                assert!(of("x") + of("width") <= 24 && of("height") <= 1000);
                for x in of("x")..of("x") + of("width") {
                    for y in of("y")..of("y") + of("height") {
                        assert!(taken.insert((x, y)), "{widget}");
                    }
                }
                let metrics = widget["properties"]["metrics"].as_array();
                assert!(metrics.is_none_or(|all| (1..=500).contains(&all.len())));
                let alarms = widget["properties"]["alarms"].as_array();
                assert!(alarms.is_none_or(|all| (1..=100).contains(&all.len())));
            }
        }
    }
}
