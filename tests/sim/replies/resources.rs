//! "show running resource-monitor": load second by second, newest first; and packet-buffer protection.

use super::super::model::{Dataplane, Firewall, Platform, Resource};
use super::{Refusal, tag, tags};

/// A length of sampling beyond the second.
pub(super) struct Unit {
    name: &'static str,
    seconds: i64,
    most: i64,
}

pub(super) const MINUTE: Unit = unit("minute", 60, 60);
pub(super) const HOUR: Unit = unit("hour", 3600, 24);
pub(super) const DAY: Unit = unit("day", 86_400, 7);
pub(super) const WEEK: Unit = unit("week", 604_800, 13);
const SECOND: Unit = unit("second", 1, 60);

const fn unit(name: &'static str, seconds: i64, most: i64) -> Unit {
    Unit {
        name,
        seconds,
        most,
    }
}

const TASKS: [(&str, u32); 7] = [
    ("flow_lookup", 6),
    ("flow_fastpath", 4),
    ("flow_slowpath", 8),
    ("flow_forwarding", 6),
    ("flow_mgmt", 1),
    ("flow_ctrl", 2),
    ("nac_result", 3),
];

/// The last seconds; the newest is the last whole one.
pub(super) fn recent(fw: &Firewall, last: &str, second: i64) -> Result<String, Refusal> {
    let last = count(&SECOND, last)?;
    Ok(monitor(fw, |dp| sampled(fw, dp, &SECOND, last, second)))
}

/// The last minutes, hours, days or weeks: of each the average and the maximum, taken from a few of its seconds.
pub(super) fn older(
    fw: &Firewall,
    unit: &Unit,
    last: &str,
    second: i64,
) -> Result<String, Refusal> {
    let last = count(unit, last)?;
    Ok(monitor(fw, |dp| sampled(fw, dp, unit, last, second)))
}

/// Everything at once: what a poller must not ask for.
pub(super) fn all(fw: &Firewall, second: i64) -> String {
    monitor(fw, |dp| {
        let units = [SECOND, MINUTE, HOUR, DAY, WEEK];
        units
            .map(|unit| sampled(fw, dp, &unit, unit.most, second))
            .concat()
    })
}

fn count(unit: &Unit, text: &str) -> Result<i64, Refusal> {
    let count = text.parse().ok().filter(|n| (1..=unit.most).contains(n));
    let name = unit.name;
    count.ok_or_else(|| {
        Refusal::new(
            17,
            &format!("show -> running -> resource-monitor -> {name} -> last  is invalid"),
        )
    })
}

fn monitor(fw: &Firewall, sampled: impl Fn(&Dataplane) -> String) -> String {
    // The device does not sort them: the last comes first.
    let dataplanes = fw.dataplanes.iter().rev();
    let dataplanes: String = dataplanes
        .map(|dp| format!("<{0}>\n{1}</{0}>\n", dp.name, sampled(dp)))
        .collect();
    format!(
        "\n<resource-monitor>\n<data-processors>\n{dataplanes}</data-processors>\n</resource-monitor>\n"
    )
}

fn sampled(fw: &Firewall, dp: &Dataplane, unit: &Unit, last: i64, second: i64) -> String {
    let load = |core: u32, at: i64| fw.core_percent(&dp.name, core, at);
    let tasks = TASKS.map(|(name, part)| {
        let busiest = load(dp.cores - 1, second - 1);
        tag(name, format!("{}%", busiest * part / 100))
    });
    let cores = |of: fn(&[u32]) -> u32| {
        let row = |core| {
            let value = list(unit, last, second, of, |at| load(core, at));
            format!(
                "<entry>{}</entry>\n",
                tags([("coreid", &core), ("value", &value)])
            )
        };
        let mut rows: String = (0..dp.cores).map(row).collect();
        for core in dp.cores..dp.cores + dp.absent_cores {
            // One star, or one for each value: both were seen.
            let stars = if core % 2 == 0 { 1 } else { last as usize };
            let value = vec!["*"; stars].join(",");
            rows.push_str(&format!(
                "<entry>{}</entry>\n",
                tags([("coreid", &core), ("value", &value)])
            ));
        }
        rows
    };
    let utilization =
        Resource::ALL.map(|resource| utilization(fw, dp, unit, last, second, resource));
    format!(
        "<{0}>\n<task>{1}</task>\n<cpu-load-average>\n{2}</cpu-load-average>\n<cpu-load-maximum>\n{3}</cpu-load-maximum>\n\
         <resource-utilization>\n{4}</resource-utilization>\n</{0}>\n",
        unit.name,
        tasks.concat(),
        cores(average),
        cores(maximum),
        utilization.concat(),
    )
}

fn utilization(
    fw: &Firewall,
    dp: &Dataplane,
    unit: &Unit,
    last: i64,
    second: i64,
    resource: Resource,
) -> String {
    let name = resource.name(fw.platform);
    let row = |suffix: &str, of| {
        let value = list(unit, last, second, of, |at| {
            fw.resource_percent(resource, &dp.name, at)
        });
        let name = format!("{name}{suffix}");
        format!(
            "<entry>{}</entry>\n",
            tags([("name", &name), ("value", &value)])
        )
    };
    match unit.seconds {
        1 => row("", average),
        _ => row(" (average)", average) + &row(" (maximum)", maximum),
    }
}

/// Values newest first, each of up to ten seconds of its unit.
fn list(
    unit: &Unit,
    last: i64,
    second: i64,
    of: fn(&[u32]) -> u32,
    at: impl Fn(i64) -> u32,
) -> String {
    let value = |back: i64| {
        let start = second - back * unit.seconds;
        let step = usize::try_from((unit.seconds / 10).max(1)).unwrap();
        let seconds = (start..start + unit.seconds).step_by(step);
        of(&seconds.map(&at).collect::<Vec<u32>>()).to_string()
    };
    (1..=last).map(value).collect::<Vec<String>>().join(",")
}

fn average(values: &[u32]) -> u32 {
    values.iter().sum::<u32>() / values.len() as u32
}

fn maximum(values: &[u32]) -> u32 {
    values.iter().copied().max().unwrap_or(0)
}

/// "show session packet-buffer-protection": slot and dataplane stand in the elements' names.
pub(super) fn buffer_protection(fw: &Firewall) -> String {
    let (congestion, max) = fw.congestion();
    let fields = tags([
        ("is-running", &"False"),
        ("congestion", &congestion),
        ("congestion-max", &max),
        ("max-tolerate", &(max / 2)),
        ("activate-threshold", &(max * 4 / 5)),
    ]);
    let element = |dp: &Dataplane| {
        let place = match (fw.platform, dp.name.find("dp")) {
            (Platform::Chassis, Some(at)) => format!("{}.{}", &dp.name[..at], &dp.name[at..]),
            _ => format!("s1.{}", dp.name),
        };
        format!(
            "<sw.comm.{place}.packet-buffer-protection>{fields}</sw.comm.{place}.packet-buffer-protection>\n"
        )
    };
    fw.dataplanes.iter().map(element).collect()
}
