//! What CloudWatch would make of some alarms, by the simulation's evaluator.

use super::tests::{PANOS, alarms, one};
use super::*;
use crate::generate::resource::alarm_name;
use crate::generate::scaling;
use crate::model::alarm::{Decision, Measure};
use crate::simulate::alarm::{State, judge, range};
use crate::simulate::math;
use crate::simulate::points::{Point, Points};

/// The state after these values of the math's inputs, minute by minute.
fn after(rule: &Rule, minutes: &[&[(&str, Option<f64>)]]) -> State {
    let Measure::Math { result, .. } = &rule.measure else {
        panic!("no math");
    };
    let points = minutes.iter().map(|inputs| {
        math::point(result, &|id| {
            inputs.iter().find(|(known, _)| *known == id)?.1
        })
    });
    let points: Vec<Option<f64>> = points.collect();
    judge(rule, &points, State::Ok)
}

#[test]
fn silence_is_not_known_without_the_groups_metrics() {
    let made = alarms("");
    let gap = &one(&made, "reporting-gap").rule;
    let state = |n, beats| after(gap, &[&[("n", n), ("beats", beats)][..]; 9]);
    assert_eq!(state(Some(3.0), Some(3.0)), State::Ok);
    assert_eq!(state(Some(3.0), Some(2.0)), State::Alarm);
    assert_eq!(state(Some(3.0), None), State::Alarm);
    assert_eq!(state(None, Some(3.0)), State::InsufficientData);
    assert_eq!(state(None, None), State::InsufficientData);
    // Nothing in service is nothing silent.
    assert_eq!(state(Some(0.0), None), State::Ok);
    // Auto Scaling's newest numbers are not there yet.
    let (told, late) = (
        &[("n", Some(3.0)), ("beats", Some(2.0))][..],
        &[("n", None), ("beats", Some(2.0))][..],
    );
    let minutes = [told, told, told, told, told, told, told, late, late];
    assert_eq!(after(gap, &minutes), State::Alarm);
}

#[test]
fn nobody_is_active_after_three_minutes_of_readings() {
    let made = alarms(&format!("{PANOS}ha_group = \"p\""));
    let nobody = &one(&made, "nobody-active").rule;
    let minute = |active| [("a", active), ("b", Some(0.0))];
    // The newest minute has brought nothing yet.
    let (up, down, new) = (
        minute(Some(1.0)),
        minute(Some(0.0)),
        [("a", None), ("b", None)],
    );
    let two = [&up[..], &up, &up, &down, &down, &new];
    assert_eq!(after(nobody, &two), State::Ok);
    let three = [&up[..], &up, &up, &down, &down, &down, &new];
    assert_eq!(after(nobody, &three), State::Alarm);
}

/// The state after two hours of one value, read every so many minutes.
fn read_every(minutes: usize, metric: &str, value: f64, rule: &Rule) -> State {
    let mut points = Points::default();
    for minute in (0..120).step_by(minutes) {
        points.put(metric, minute, Point::of(value, 1.0));
    }
    let states = (90..120).map(|end| judge(rule, &range(rule, &points, end), State::Ok));
    let mut states: Vec<State> = states.collect();
    states.dedup();
    assert_eq!(states.len(), 1, "it changes between passes: {states:?}");
    states[0]
}

#[test]
fn what_is_read_each_ten_minutes_is_judged_each_ten() {
    let fleet = alarms(&format!(
        "[collectors.panos]\nsample_secs = 600\n{PANOS}auto_scaling_group = \"edge\"\nin_service = true"
    ));
    for (slug, value) in [("hot-firewall", 95.0), ("packet-buffers", 95.0)] {
        let alarm = one(&fleet, slug);
        let metric = &alarm.rule.measure.stats()[0].metric.name;
        assert_eq!(alarm.rule.measure.period_secs(), 600);
        assert!(alarm.description.contains("periods of 600 s, not 60 s"));
        assert!(alarm.description.len() <= 1024, "{slug}");
        let state = |value| read_every(10, metric, value, &alarm.rule);
        assert_eq!(state(value), State::Alarm, "{slug}");
        assert_eq!(state(10.0), State::Ok, "{slug}");
    }
    let tunnels = alarms("[collectors.strongswan]\nexpect = [\"t\"]\nsample_secs = 600");
    let down = &one(&tunnels, "tunnel-down-t").rule;
    assert_eq!(read_every(10, "TunnelState", 1.0, down), State::Ok);
    assert_eq!(read_every(10, "TunnelState", 0.0, down), State::Alarm);
    let broken = one(&tunnels, "collector-strongswan");
    assert_eq!(broken.rule.measure.period_secs(), 600);
    // The heartbeat waits for no pass.
    assert_eq!(one(&tunnels, "silent").rule.measure.period_secs(), 60);
}

#[test]
fn math_has_the_period_of_its_slowest_input() {
    let made = alarms("[collectors.softnet]\nsample_secs = 300");
    let drops = &one(&made, "packet-drops").rule;
    let stats = drops.measure.stats();
    assert_eq!(stats.len(), 2);
    assert!(stats.iter().all(|stat| stat.period_secs == 300));
    let other = PANOS.replace("fw-a", "fw-b");
    let pair = alarms(&format!(
        "[collectors.panos]\nsample_secs = 120\n{PANOS}ha_group = \"p\"\n{other}ha_group = \"p\""
    ));
    for slug in ["nobody-active", "both-active"] {
        let stats = one(&pair, slug).rule.measure.stats().len();
        assert_eq!(stats, 2);
        assert_eq!(one(&pair, slug).rule.measure.period_secs(), 120);
    }
}

#[test]
fn descriptions_of_the_slowest_are_short_enough_too() {
    let tables = ["cpu", "softnet", "conntrack", "interfaces", "ena", "links"];
    let tables = tables.map(|name| format!("[collectors.{name}]\nsample_secs = 1200\n"));
    let text = format!(
        "[metrics]\nenable = [\"TunnelBandwidthUtilization\"]\n{}",
        tables.concat()
    );
    let made = alarms(&text);
    let mut slow = 0;
    for alarm in &made.alarms {
        assert!(alarm.description.len() <= 1024, "{}", alarm.slug);
        slow += usize::from(alarm.description.contains("periods of 1200 s"));
    }
    assert!(slow > 12, "{slow}");
}

#[test]
fn a_firewall_that_is_called_as_a_pair_has_other_names() {
    let named = PANOS.replace("fw-a", "edge");
    let text = format!(
        "{named}expect_tunnels = [\"x\"]\n{PANOS}ha_group = \"edge\"\nexpect_tunnels = [\"x\"]"
    );
    let made = alarms(&text);
    let tunnels = made.alarms.iter().filter(|alarm| alarm.number == "A10");
    let mut names: Vec<String> = tunnels.map(|one| alarm_name("fwmetrics", one)).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "fwmetrics-edge-A10-pair-tunnel-down-x",
            "fwmetrics-edge-A10-tunnel-down-x"
        ]
    );
}

#[test]
fn losses_of_a_group_are_told_as_the_groups() {
    let made = alarms("");
    for number in ["A5", "A6", "A8", "A9"] {
        for alarm in made.alarms.iter().filter(|alarm| alarm.number == number) {
            assert!(alarm.description.contains("in the whole group"), "{number}");
        }
    }
}

#[test]
fn slow_readings_step_slowly_and_have_no_target() {
    let text = format!(
        "[scaling]\nbuffers = true\n[collectors.panos]\nsample_secs = 300\n{PANOS}auto_scaling_group = \"edge\"\nin_service = true"
    );
    let made = scaling::of(&crate::config::parse(&text, None, &[]).unwrap());
    let numbers: Vec<&str> = made.policies.iter().map(|policy| policy.number).collect();
    assert_eq!(numbers, ["P2", "P3", "P4"]);
    for policy in &made.policies[..2] {
        let Decision::Steps { alarm, .. } = &policy.decision else {
            panic!("no steps");
        };
        assert_eq!(alarm.rule.measure.period_secs(), 300, "{}", policy.number);
        assert!(alarm.description.contains("periods of 300 s"));
    }
    let [left] = made.left_out.as_slice() else {
        panic!("{:?}", made.left_out);
    };
    assert_eq!(left.number, "P1");
    assert!(left.why.contains("it is read every 300 s"), "{}", left.why);
}
