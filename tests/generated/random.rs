//! Random configurations, all of them valid: every key that decides what is published, and for whom.

use std::fmt::Write;

use fastrand::Rng;
use fwmetrics::collectors;
use fwmetrics::config::known_names;

/// Collectors that know `expect`.
const EXPECTING: [&str; 6] = ["strongswan", "wireguard", "xfrm", "openvpn", "links", "bgp"];
const PEER: &str = "named=XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQU=";

fn one_in(rng: &mut Rng, often: u32) -> bool {
    rng.u32(0..often) == 0
}

fn pick<T: Clone>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(0..from.len())].clone()
}

/// Some of these, seldom many.
fn some(rng: &mut Rng, from: &[String], most: usize) -> Vec<String> {
    let count = rng.usize(0..=most.min(from.len()));
    let mut list: Vec<String> = (0..count).map(|_| pick(rng, from)).collect();
    list.sort();
    list.dedup();
    list
}

/// A list in TOML, which Debug's form is of plain texts.
fn line(out: &mut String, key: &str, list: &[String]) {
    if !list.is_empty() {
        writeln!(out, "{key} = {list:?}").unwrap();
    }
}

fn text(out: &mut String, key: &str, value: &str) {
    writeln!(out, "{key} = {value:?}").unwrap();
}

/// One configuration.
pub fn configuration(rng: &mut Rng) -> String {
    let mut out = String::new();
    let firewalls = if one_in(rng, 2) { 0 } else { rng.usize(1..4) };
    cloudwatch(rng, &mut out, firewalls > 0);
    metrics(rng, &mut out);
    identity(rng, &mut out);
    settings(rng, &mut out);
    local(rng, &mut out, firewalls);
    if firewalls > 0 && one_in(rng, 3) {
        out.push_str("[collectors.panos]\n");
        sample(rng, &mut out, &[60, 120, 300, 600]);
    }
    for number in 0..firewalls {
        firewall(rng, &mut out, number);
    }
    out
}

fn cloudwatch(rng: &mut Rng, out: &mut String, is_poller: bool) {
    out.push_str("[cloudwatch]\nseries_max = 5000\n");
    if one_in(rng, 4) {
        text(out, "namespace", "Edge/Firewalls");
    }
    if one_in(rng, 6) {
        let periods = if is_poller { [10, 30, 60] } else { [5, 10, 30] };
        writeln!(out, "period_secs = {}", pick(rng, &periods)).unwrap();
    }
    if one_in(rng, 8) {
        text(out, "role_arn", "arn:aws:iam::123456789012:role/r");
    }
    match rng.u32(0..6) {
        0 => out.push_str("dimension_sets = [[\"AutoScalingGroupName\"]]\n"),
        1 => out.push_str("dimension_sets = [[\"InstanceId\"]]\n"),
        2 => out.push_str("dimension_sets = [[\"InstanceId\"], [\"AutoScalingGroupName\"]]\n"),
        _ => {}
    }
    if one_in(rng, 4) {
        out.push_str("[cloudwatch.vmseries]\n");
        match rng.u32(0..4) {
            0 => out.push_str("dimension_sets = [[]]\n"),
            1 => out.push_str("dimension_sets = [[\"AutoScalingGroupName\"]]\n"),
            _ => {}
        }
        if one_in(rng, 2) {
            out.push_str("only = true\n");
        }
    }
}

fn metrics(rng: &mut Rng, out: &mut String) {
    out.push_str("[metrics]\n");
    let disable = match rng.u32(0..3) {
        0 => some(rng, &known_names("metrics.disable"), 12),
        1 => some(rng, &known_names("metrics.disable"), 2),
        _ => Vec::new(),
    };
    let most = pick(rng, &[0, 3, 12]);
    let mut enable = some(rng, &known_names("metrics.enable"), most);
    if one_in(rng, 3) {
        enable.push("TunnelBandwidthUtilization".to_owned());
        enable.sort();
        enable.dedup();
    }
    enable.retain(|name| {
        !disable
            .iter()
            .any(|off| Some(off.as_str()) == name.split(':').next())
    });
    line(out, "enable", &enable);
    line(out, "disable", &disable);
}

fn identity(rng: &mut Rng, out: &mut String) {
    out.push_str("[identity]\n");
    if one_in(rng, 3) {
        text(out, "instance_id", "i-own");
    }
    if one_in(rng, 3) {
        text(out, "auto_scaling_group", pick(rng, &["asg-own", "asg-1"]));
    }
    if one_in(rng, 5) {
        writeln!(out, "in_service = {}", rng.bool()).unwrap();
    }
    if one_in(rng, 4) {
        text(out, "ha_group", pick(rng, &["pair-own", "pair-1"]));
    }
}

fn settings(rng: &mut Rng, out: &mut String) {
    out.push_str("[alarms]\n");
    if one_in(rng, 4) {
        line(
            out,
            "disable",
            &some(rng, &known_names("alarms.disable"), 4),
        );
    }
    writeln!(out, "constant_traffic = {}", rng.bool()).unwrap();
    if one_in(rng, 3) {
        out.push_str("availability_zones = [\"eu-west-1a\", \"eu-west-1b\"]\n");
    }
    writeln!(out, "hot_firewall_percent = {}", rng.u32(1..=100)).unwrap();
    writeln!(out, "[scaling]\nbuffers = {}", rng.bool()).unwrap();
    if one_in(rng, 5) {
        line(
            out,
            "disable",
            &some(rng, &known_names("scaling.disable"), 2),
        );
    }
}

/// Which collectors of this machine run.
fn local(rng: &mut Rng, out: &mut String, firewalls: usize) {
    let all: Vec<String> = collectors::ALL
        .iter()
        .map(|spec| spec.name.to_owned())
        .collect();
    let mut disable = match rng.u32(0..3) {
        0 => some(rng, &all, 8),
        _ => Vec::new(),
    };
    if firewalls > 0 {
        disable.retain(|name| name != "panos");
    }
    let tables: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .filter(|name| *name != "panos" && !disable.iter().any(|off| off == name))
        .filter(|_| one_in(rng, 4))
        .collect();
    out.push_str("[collectors]\n");
    line(out, "disable", &disable);
    // Nothing else may run then.
    if one_in(rng, 3) && (!tables.is_empty() || firewalls > 0) {
        writeln!(out, "auto = {}", rng.bool()).unwrap();
    }
    for name in tables {
        writeln!(out, "[collectors.{name}]").unwrap();
        if one_in(rng, 3) {
            sample(rng, out, &[5, 60, 120, 600, 1200]);
        }
        if EXPECTING.contains(&name) && one_in(rng, 2) {
            let names = ["site-a", "site-b", "süd 1", name].map(str::to_owned);
            line(out, "expect", &some(rng, &names, 3));
        }
        if name == "wireguard" && one_in(rng, 2) {
            line(out, "peers", &[PEER.to_owned()]);
        }
    }
}

/// Each is a multiple of any window, or divides it.
fn sample(rng: &mut Rng, out: &mut String, secs: &[u32]) {
    writeln!(out, "sample_secs = {}", pick(rng, secs)).unwrap();
}

fn firewall(rng: &mut Rng, out: &mut String, number: usize) {
    writeln!(
        out,
        "[[collectors.panos.firewall]]\nname = \"fw-{number}\"\naddress = \"10.0.0.{number}\"\napi_key_file = \"/k\"\ntls_insecure = true"
    )
    .unwrap();
    if one_in(rng, 2) {
        text(out, "instance_id", &format!("i-{number}"));
    }
    if one_in(rng, 2) {
        text(
            out,
            "auto_scaling_group",
            pick(rng, &["asg-1", "asg-2", "asg-own"]),
        );
    }
    if !one_in(rng, 3) {
        out.push_str("in_service = true\n");
    }
    if one_in(rng, 3) {
        text(out, "ha_group", pick(rng, &["pair-1", "pair-2", "fw-0"]));
    }
    if one_in(rng, 2) {
        let names = ["to-aws-1", "to-aws-2", "site-a"].map(str::to_owned);
        line(out, "expect_tunnels", &some(rng, &names, 3));
    }
    if one_in(rng, 4) {
        out.push_str("tunnel_bits_per_second_max = 5000000000\n");
    }
    if one_in(rng, 4) {
        out.push_str("drop_counters = [\"flow_policy_deny\"]\n");
    }
    groups(rng, out);
}

fn groups(rng: &mut Rng, out: &mut String) {
    let all = known_names("collectors.panos.firewall.enable");
    let disable = match rng.u32(0..3) {
        0 => some(rng, &all, 6),
        _ => Vec::new(),
    };
    let mut enable = match rng.u32(0..3) {
        0 => some(rng, &all, 4),
        _ => Vec::new(),
    };
    enable.retain(|name| !disable.contains(name));
    if enable.iter().any(|name| name == "ssl_proxy") {
        out.push_str("ssl_proxy_max = 100\n");
    }
    line(out, "enable", &enable);
    line(out, "disable", &disable);
}
