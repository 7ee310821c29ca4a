//! `fwmetrics cost`: the bill counts the series that the core really sends; the real binary prints it; and what the
//! CloudWatch agent's own defaults cost beside it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[allow(dead_code)] // its judge is for another test
mod generated;
mod simulated;
mod support;

use std::collections::BTreeMap;

use fwmetrics::config::{Config, parse};
use fwmetrics::generate::cost::{self, Assumed, Bill};
use fwmetrics::model::prices::{Prices, number};
use generated::passes::Sent;
use generated::{passes, random};
use serde_json::Value;
use support::program::{command, output, stderr, stdout};

/// Random configurations that are tried.
const CONFIGURATIONS: u64 = 150;

/// Found at run time, and how many is left to chance: what is sent of these is not compared.
const BY_CHANCE: [&str; 3] = ["Link", "Reason", "Code"];
/// fwmetrics says these of itself only when there was something to say.
const OF_TROUBLE: [&str; 2] = ["ClockSkew", "PublishErrors"];

fn config(text: &str) -> Config {
    parse(text, None, &[]).unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

/// Series by namespace and names of dimensions.
type Counted = BTreeMap<(String, Vec<String>), usize>;

fn is_compared(dimensions: &[String]) -> bool {
    !dimensions
        .iter()
        .any(|name| BY_CHANCE.contains(&name.as_str()))
}

fn billed(bill: &Bill) -> Counted {
    let rows = bill.series.iter().map(|row| {
        assert_eq!(row.total, row.of_one, "of one machine");
        let names = row.dimensions.trim_matches(['{', '}']).split(", ");
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        names.retain(|name| !name.is_empty());
        names.sort();
        ((row.namespace.clone(), names), row.total)
    });
    rows.filter(|((_, names), _)| is_compared(names)).collect()
}

/// What was sent, a value that several collectors found being one; of tunnels and peers those alone that are named.
fn sent(config: &Config) -> Counted {
    let mut series: Vec<Sent> = passes::sent(config).into_iter().collect();
    series.retain(|one| !OF_TROUBLE.contains(&one.name.as_str()));
    let is_found = |value: &str| value.contains("found by ");
    series.retain(|one| {
        let mut dimensions = one.dimensions.iter();
        !dimensions
            .any(|(name, value)| ["Tunnel", "Peer"].contains(&name.as_str()) && is_found(value))
    });
    for one in &mut series {
        for (_, value) in &mut one.dimensions {
            if is_found(value) {
                "found".clone_into(value);
            }
        }
    }
    series.sort();
    series.dedup();
    let mut counted = Counted::new();
    for one in series {
        let names: Vec<String> = one.dimensions.into_iter().map(|(name, _)| name).collect();
        if is_compared(&names) {
            *counted.entry((one.namespace, names)).or_default() += 1;
        }
    }
    counted
}

#[test]
fn the_bill_counts_the_series_that_the_core_sends() {
    let assumed = Assumed {
        interfaces: 1,
        cores: 1,
        ..Assumed::default()
    };
    let mut series = 0;
    for seed in 0..CONFIGURATIONS {
        let text = random::configuration(&mut fastrand::Rng::with_seed(seed));
        let mut config = config(&text);
        for name in OF_TROUBLE {
            config.metrics.disable.insert(name.to_owned());
        }
        let billed = billed(&cost::of(&config, &assumed));
        assert_eq!(billed, sent(&config), "seed {seed}\n{text}");
        series += billed.values().sum::<usize>();
    }
    assert!(series > 20 * CONFIGURATIONS as usize, "{series} series");
}

/// A Linux gateway on EC2 without VPN or routing daemons: the sources that each has.
const GATEWAY: [&str; 6] = ["cpu", "softnet", "conntrack", "interfaces", "ena", "xfrm"];

fn printed(args: &[&str]) -> Value {
    let ended = output(&mut command(
        &[&["cost", "--format", "json"], args].concat(),
    ));
    assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
    serde_json::from_str(&stdout(&ended)).unwrap()
}

#[test]
fn the_binary_prints_the_bill_in_both_forms() {
    let gateway = GATEWAY.join(",");
    let args = ["--firewalls", "6", "--only", &gateway];
    let bill = printed(&args);
    let assumed = Assumed {
        firewalls: 6,
        ..Assumed::default()
    };
    let config = cost::only(&Config::default(), &GATEWAY.map(str::to_owned));
    let ours = cost::of(&config, &assumed);
    assert_eq!(bill, serde_json::to_value(&ours).unwrap());
    let ended = output(&mut command(&[&["cost"], &args[..]].concat()));
    assert_eq!(stdout(&ended), cost::table(&ours));
    let total = format!("{:.2}", ours.total_usd);
    let shown = stdout(&ended);
    let line = shown.lines().find(|line| line.starts_with("total"));
    assert!(line.is_some_and(|line| line.ends_with(&total)), "{shown}");
}

#[test]
fn wrong_use_is_2_and_names_what_there_is() {
    for args in [
        &["--firewalls", "0"][..],
        &["--only", "nope"],
        &["--only", "panos"],
        &["--cores", "x"],
    ] {
        let ended = output(&mut command(&[&["cost"], args].concat()));
        assert_eq!(ended.status.code(), Some(2), "{args:?}");
    }
    let ended = output(&mut command(&["cost", "--only", "nope"]));
    assert!(stderr(&ended).contains("conntrack"), "{}", stderr(&ended));
}

#[test]
fn once_and_metrics_have_the_prices_of_the_configuration() {
    let with = |args: &[&str]| {
        let mut command = command(args);
        command.env("FWMETRICS_PRICES__METRIC", "7.5");
        stdout(&output(&mut command))
    };
    let list: Value = serde_json::from_str(&with(&["metrics", "--format", "json"])).unwrap();
    let is_one = |row: &&Value| row["metric"] == "DataplaneCpuUtilization";
    let row = list.as_array().unwrap().iter().find(is_one).unwrap();
    assert_eq!(row["usd_month"], 15.0);
    let shown = with(&["once", "--over", "100ms", "--only", "cpu"]);
    let line = shown.lines().last().unwrap();
    let series: usize = line.split(' ').next().unwrap().parse().unwrap();
    let dollars = 7.5 * number(series) + 0.432;
    let wanted = format!("about ${dollars:.2} a month (prices of [prices])");
    assert!(series > 0 && line.ends_with(&wanted), "{line}");
}

/// What the CloudWatch agent publishes of one Linux instance by its wizard's default answers. Sources, in
/// github.com/aws/amazon-cloudwatch-agent: `tool/processors/defaultConfig/defaultConfig.go` (per core: yes; the four EC2
/// dimensions: yes; aggregate by InstanceId: yes; 60 s; Basic, Standard or Advanced, Basic first) and its `basicPlan`,
/// `standardPlan`, `advancedPlan`; `plugins/outputs/cloudwatch/cloudwatch.go` (1000 datums a call). Each metric goes out
/// under its own dimensions and once more, rolled up, under `{InstanceId}`.
struct Agent {
    name: &'static str,
    /// Metrics by what they are told apart by: nothing, core, mount, block device.
    metrics: [usize; 4],
}

const AGENTS: [Agent; 3] = [
    // mem_used_percent; disk_used_percent
    Agent {
        name: "Basic",
        metrics: [1, 0, 1, 0],
    },
    // and swap_used_percent; cpu idle, iowait, user, system; inodes_free; io_time
    Agent {
        name: "Standard",
        metrics: [2, 4, 2, 1],
    },
    // and netstat time_wait, established; write_bytes, read_bytes, writes, reads
    Agent {
        name: "Advanced",
        metrics: [4, 4, 2, 5],
    },
];

/// Cores, mounts and block devices of an instance with 4 vCPU and one volume: with as little as there can be, and as
/// the agent finds an Amazon Linux 2023 (`/`, `/boot/efi`, and `/dev`, `/dev/shm`, `/run`, `/tmp`, which it does not
/// leave out: its issue 726; `nvme0n1` and three partitions).
const SHAPES: [[usize; 3]; 2] = [[4, 1, 1], [4, 6, 4]];

impl Agent {
    fn series(&self, [cores, mounts, devices]: [usize; 3]) -> usize {
        let values = [1, cores, mounts, devices];
        let own = self
            .metrics
            .iter()
            .zip(values)
            .map(|(metrics, values)| metrics * values);
        own.sum::<usize>() + self.metrics.iter().sum::<usize>()
    }

    /// Of a fleet, US dollars a month; one call a minute each.
    fn usd(&self, shape: [usize; 3], firewalls: usize) -> f64 {
        let prices = Prices::default();
        prices.metrics(firewalls * self.series(shape)) + number(firewalls) * prices.calls(1, 60)
    }
}

/// The README's table: series and calls alone, for the agent makes neither alarms nor a dashboard.
#[test]
fn the_comparison_with_the_agent_stands_as_the_readme_has_it() {
    let ours = |text: &str, only: &[&str], firewalls: usize| {
        let mut config = config(text);
        if !only.is_empty() {
            config = cost::only(
                &config,
                &only
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect::<Vec<_>>(),
            );
        }
        let assumed = Assumed {
            firewalls,
            ..Assumed::default()
        };
        let bill = cost::of(&config, &assumed);
        format!(
            "{} {:.2}",
            bill.series_total,
            bill.series_usd + bill.calls_usd
        )
    };
    let group = "[cloudwatch]\ndimension_sets = [[\"AutoScalingGroupName\"]]\n";
    let mut rows = Vec::new();
    for (name, text, only) in [
        ("gateway", "", &GATEWAY[..]),
        ("everything", "", &[]),
        ("group only", group, &GATEWAY),
    ] {
        let of = |firewalls| ours(text, only, firewalls);
        rows.push(format!("{name}: {}, {}, {}", of(1), of(6), of(60)));
    }
    for agent in &AGENTS {
        for shape in SHAPES {
            let of = |firewalls| {
                format!(
                    "{} {:.2}",
                    firewalls * agent.series(shape),
                    agent.usd(shape, firewalls)
                )
            };
            rows.push(format!("{}: {}, {}, {}", agent.name, of(1), of(6), of(60)));
        }
    }
    let wanted = [
        "gateway: 49 15.13, 214 66.79, 1996 624.72",
        "everything: 64 19.63, 304 93.79, 2896 894.72",
        "group only: 16 5.23, 16 7.39, 16 30.72",
        "Basic: 4 1.63, 24 9.79, 240 97.92",
        "Basic: 9 3.13, 54 18.79, 540 187.92",
        "Standard: 30 9.43, 180 56.59, 1800 565.92",
        "Standard: 43 13.33, 258 79.99, 2580 799.92",
        "Advanced: 42 13.03, 252 78.19, 2520 781.92",
        "Advanced: 67 20.53, 402 123.19, 4020 1231.92",
    ];
    assert_eq!(rows, wanted);
}
