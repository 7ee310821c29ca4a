//! The bill of some configurations, by hand.

use super::*;
use crate::config::parse;

fn config(text: &str) -> Config {
    parse(text, None, &[]).unwrap()
}

fn bill(text: &str, assumed: &Assumed) -> Bill {
    of(&config(text), assumed)
}

fn total(bill: &Bill, dimensions: &str) -> usize {
    let rows = bill.series.iter();
    let of = rows.filter(|row| row.dimensions == dimensions);
    of.map(|row| row.total).sum()
}

const CPU: &str = "[collectors]\nauto = false\n[collectors.cpu]\n";

#[test]
fn firewalls_share_their_groups_series_and_nothing_else() {
    let of = |firewalls| {
        let assumed = Assumed {
            firewalls,
            ..Assumed::default()
        };
        bill(CPU, &assumed)
    };
    let (one, six) = (of(1), of(6));
    let group = total(&one, "{AutoScalingGroupName}");
    assert!(group > 0);
    assert_eq!(total(&six, "{AutoScalingGroupName}"), group);
    for own in ["{InstanceId}", "{InstanceId, Collector}"] {
        assert!(total(&one, own) > 0, "{own}");
        assert_eq!(total(&six, own), 6 * total(&one, own), "{own}");
    }
    assert!((six.calls - 6.0 * 43_200.0).abs() < 1e-6);
    assert!((six.series_usd - 0.30 * number(six.series_total)).abs() < 1e-9);
    let sum = six.series_usd + six.calls_usd + six.alarms.usd + six.dashboards_usd;
    assert!((six.total_usd - sum).abs() < 1e-9);
    assert_eq!((one.dashboards, six.dashboards), (1, 1));
    assert_eq!(six.alarms, one.alarms, "a fleet's alarms are its group's");
}

#[test]
fn alone_there_is_no_group_and_each_has_its_alarms() {
    let of = |firewalls| {
        let assumed = Assumed {
            firewalls,
            is_alone: true,
            ..Assumed::default()
        };
        bill(CPU, &assumed)
    };
    assert_eq!(total(&of(3), "{AutoScalingGroupName}"), 0);
    assert!(of(1).alarms.count > 0);
    assert_eq!(of(3).alarms.count, 3 * of(1).alarms.count);
    assert_eq!(of(1).alarms.of_policies, 0);
    assert_eq!((of(1).dashboards, of(3).dashboards), (1, 3));
}

/// A poller of a pair, in a group or in none.
fn pair(group: &str) -> Bill {
    let one = |name: &str| {
        format!(
            "[[collectors.panos.firewall]]\nname = \"{name}\"\naddress = \"10.0.0.4\"\napi_key_file = \"/k\"\ntls_insecure = true\nha_group = \"p\"\n{group}"
        )
    };
    let text = format!("[prices]\n{}{}", one("fw-a"), one("fw-b"));
    bill(&text, &Assumed::default())
}

#[test]
fn without_a_group_no_groups_alarms_are_paid() {
    let alone = pair("");
    assert!(alone.assumed.is_alone);
    let text = table(&alone);
    assert!(text.contains("1 of this machine, in no Auto Scaling group"));
    // A1b, A12 and A14 of each, and two of A13 that look at both.
    let made = crate::generate::alarms::of(&config("")).alarms;
    assert!(made.iter().any(|alarm| alarm.number == "G1"));
    assert_eq!((alone.alarms.count, alone.alarms.metrics), (8, 10));
    // One that the configuration names has its load balancer.
    let grouped = pair("auto_scaling_group = \"edge\"\nin_service = true\n");
    assert!(!grouped.assumed.is_alone);
    let named = bill(
        &format!("[identity]\nauto_scaling_group = \"edge\"\n{CPU}"),
        &Assumed::default(),
    );
    let unnamed = bill(CPU, &Assumed::default());
    assert!(!named.assumed.is_alone && !unnamed.assumed.is_alone);
    assert_eq!(named.alarms, unnamed.alarms);
}

#[test]
fn an_opt_in_adds_what_the_bill_with_it_adds() {
    let assumed = Assumed::default();
    let before = bill(CPU, &assumed);
    assert!(before.opt_ins.len() > 2, "{:?}", before.opt_ins);
    for one in &before.opt_ins {
        let text = format!("[metrics]\nenable = [{:?}]\n{CPU}", one.enable);
        let after = bill(&text, &assumed);
        assert_eq!(after.series_total, before.series_total + one.series);
        let more = after.series_usd + after.calls_usd - before.series_usd - before.calls_usd;
        assert!((more - one.usd).abs() < 1e-9, "{one:?}");
    }
    let core = before
        .opt_ins
        .iter()
        .find(|one| one.enable == "DataplaneCpuUtilization:Core");
    assert_eq!(core.map(|one| one.series), Some(assumed.cores));
}

#[test]
fn prices_are_the_configurations() {
    let text = format!(
        "[prices]\nmetric = 1\nthousand_calls = 1_000\ndashboard = 0.5\nalarm_metric = 0\n{CPU}"
    );
    let bill = bill(&text, &Assumed::default());
    assert!((bill.series_usd - number(bill.series_total)).abs() < 1e-9);
    assert!((bill.calls_usd - 43_200.0).abs() < 1e-6);
    assert!((bill.dashboards_usd - 0.5).abs() < 1e-9 && bill.alarms.usd.abs() < 1e-9);
    assert_eq!(bill.prices, "[prices]");
    for wrong in [
        "metric = -0.1",
        "metric = 1000.1",
        "metric = nan",
        "metric = \"1\"",
    ] {
        assert!(
            parse(&format!("[prices]\n{wrong}\n"), None, &[]).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn a_firewalls_tunnels_are_those_named_and_found() {
    let text = "[collectors]\nauto = false\n[collectors.xfrm]\nexpect = [\"a\", \"b\"]\n";
    let of = |tunnels| {
        let assumed = Assumed {
            tunnels,
            ..Assumed::default()
        };
        total(&bill(text, &assumed), "{InstanceId, Tunnel}")
    };
    assert!(of(0) >= 2);
    assert_eq!((of(2), of(3)), (of(0), of(0) / 2 * 3));
    assert_eq!(of(50), of(0) / 2 * 50);
    // Series of their own have tunnels_max at the most.
    assert_eq!(of(51), of(50));
}
