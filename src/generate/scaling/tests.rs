//! The policies of small configurations, and the math of scaling in.

use super::*;
use crate::config::parse;
use crate::simulate;

fn policies(text: &str) -> MadePolicies {
    of(&parse(text, None, &[]).unwrap())
}

const PANOS_GROUP: &str = r#"
[[collectors.panos.firewall]]
name = "fw-a"
address = "10.0.0.4"
api_key_file = "/k"
tls_insecure = true
auto_scaling_group = "edge"
in_service = true
"#;

#[test]
fn a_linux_fleet_has_three_and_the_math_of_scale_in_never_takes_silence_for_rest() {
    let made = policies("");
    let numbers: Vec<&str> = made.policies.iter().map(|policy| policy.number).collect();
    assert_eq!(numbers, ["P1", "P2", "P4"]);
    assert!(
        made.policies
            .iter()
            .all(|policy| policy.warm_up_secs == 180)
    );
    let [left] = made.left_out.as_slice() else {
        panic!("{:?}", made.left_out);
    };
    assert_eq!(left.number, "P3");
    assert!(
        left.why
            .starts_with("PacketBufferUtilization is not published")
    );
    let Decision::Simple {
        alarm,
        change,
        cooldown_secs,
    } = &made.policies[2].decision
    else {
        panic!("a step policy would act again each minute");
    };
    let Measure::Math { inputs, result } = &alarm.rule.measure else {
        panic!("no math");
    };
    assert_eq!(
        result.to_string(),
        "IF(((seen - (225 * n)) * (n - 1)) > 0, ((cap * n) / (n - 1)), 100)"
    );
    let ids: Vec<&str> = inputs.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, ["cap", "seen", "n"]);
    assert!(inputs.iter().all(|(_, stat)| stat.period_secs == 300));
    assert_eq!(alarm.rule.missing, MissingData::NotBreaching);
    assert_eq!((*change, *cooldown_secs), (-1, 300));
}

#[test]
fn in_another_account_nothing_acts_on_the_group() {
    let made = policies("[cloudwatch]\nrole_arn = \"arn:aws:iam::123456789012:role/r\"");
    assert_eq!(made.policies, []);
    let left: Vec<&str> = made.left_out.iter().map(|one| one.number).collect();
    assert_eq!(left, ["P1", "P2", "P3", "P4"]);
}

#[test]
fn what_is_read_too_seldom_makes_no_policy() {
    let made = policies("[collectors.cpu]\nsample_secs = 60");
    let numbers: Vec<&str> = made.policies.iter().map(|policy| policy.number).collect();
    assert_eq!(numbers, ["P1", "P2", "P4"]);
    let made = policies(&format!(
        "[collectors.panos]\nsample_secs = 600\n{PANOS_GROUP}"
    ));
    let numbers: Vec<&str> = made.policies.iter().map(|policy| policy.number).collect();
    assert_eq!(numbers, ["P2"]);
    let left: Vec<&str> = made.left_out.iter().map(|one| one.why.as_str()).collect();
    assert!(
        left.iter()
            .any(|why| why.contains("every 600 s: too seldom")),
        "{left:?}"
    );
}

#[test]
fn scale_in_projects_and_is_100_where_it_cannot_know() {
    let made = policies("");
    let Decision::Simple { alarm, .. } = &made.policies[2].decision else {
        panic!("not simple");
    };
    let Measure::Math { result, .. } = &alarm.rule.measure else {
        panic!("no math");
    };
    let point = |cap, seen, n| {
        let inputs = [("cap", cap), ("seen", seen), ("n", n)];
        let of = |id: &str| inputs.iter().find(|(known, _)| *known == id)?.1;
        simulate::math::point(result, &of)
    };
    assert_eq!(point(Some(30.0), Some(1200.0), Some(4.0)), Some(40.0));
    assert_eq!(point(Some(0.0), Some(600.0), Some(2.0)), Some(0.0));
    // The newest minute is under way.
    assert_eq!(point(Some(30.0), Some(960.0), Some(4.0)), Some(40.0));
    // One of eight is silent, and is taken for as loaded as the others.
    assert_eq!(point(Some(35.0), Some(2100.0), Some(8.0)), Some(40.0));
    for (cap, seen, n) in [
        // One of four is silent; two of eight; all are.
        (Some(1.0), Some(900.0), Some(4.0)),
        (Some(1.0), Some(1800.0), Some(8.0)),
        (None, None, Some(4.0)),
        // The last one; a group without members, or whose number is not told.
        (Some(1.0), Some(300.0), Some(1.0)),
        (Some(1.0), Some(300.0), Some(0.0)),
        (Some(1.0), Some(300.0), None),
    ] {
        assert_eq!(point(cap, seen, n), Some(100.0), "{cap:?} {seen:?} {n:?}");
    }
}

#[test]
fn steps_hang_on_the_threshold_and_settings_move_them() {
    let made = policies(
        "[scaling]\nstep_percent = 70\nsecond_step_percent = 85\nwarm_up_secs = 60\ndisable = [\"P4\"]",
    );
    let Decision::Steps { alarm, steps } = &made.policies[1].decision else {
        panic!("no steps");
    };
    assert!((alarm.rule.threshold - 70.0).abs() < 1e-9);
    assert_eq!(
        steps,
        &[step(Some(0.0), Some(15.0), 1), step(Some(15.0), None, 2)]
    );
    assert!(made.policies.iter().all(|policy| policy.warm_up_secs == 60));
    let why = made
        .left_out
        .iter()
        .map(|one| (one.number, one.why.as_str()));
    assert!(
        why.clone()
            .any(|one| one == ("P4", "[scaling] disable names it"))
    );
    assert!(alarm.description.len() <= 1024);
}

#[test]
fn a_pan_os_group_has_buffers_if_it_wants_and_a_longer_warm_up() {
    let made = policies(&format!("[scaling]\nbuffers = true\n{PANOS_GROUP}"));
    let numbers: Vec<&str> = made.policies.iter().map(|policy| policy.number).collect();
    assert_eq!(numbers, ["P1", "P2", "P3", "P4"]);
    assert!(made.policies.iter().all(|policy| {
        policy.warm_up_secs == 900 && policy.group == Text::Fixed("edge".to_owned())
    }));
    assert_eq!(made.left_out, []);
}

#[test]
fn one_out_of_service_does_not_lower_what_a_member_must_report() {
    let fleet = |in_service: bool| {
        let text = format!(
            "[identity]\nauto_scaling_group = \"edge\"\nin_service = {in_service}\n\
             [collectors.cpu]\nsample_secs = 60\n{PANOS_GROUP}"
        );
        let made = policies(&text);
        let mut found = made.policies.iter().filter(|one| one.number == "P4");
        let Decision::Simple { alarm, .. } = &found.next().unwrap().decision else {
            panic!("not simple");
        };
        let Measure::Math { result, .. } = &alarm.rule.measure else {
            panic!("no math");
        };
        result.to_string()
    };
    assert!(fleet(true).contains("(3.75 * n)"), "{}", fleet(true));
    assert!(fleet(false).contains("(225 * n)"), "{}", fleet(false));
}
