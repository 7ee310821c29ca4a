//! The `host` collector on the machine of the test, held against /proc and statvfs(2) as read here, before and after.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::process::Command;
use std::time::Duration;

use fwmetrics::collector::{CollectError, Context};
use fwmetrics::collectors::host::SPEC;
use fwmetrics::host::files::Root;
use fwmetrics::host::state::StateDir;
use fwmetrics::model::reading::{Raw, Readings};

fn collect(root: &str, disks: &[&str]) -> (Readings, Result<(), CollectError>) {
    let context = Context::local(
        Root::new(root),
        Duration::from_secs(30),
        StateDir::new("/nonexistent"),
    );
    let table = toml::Table::from_iter([("disks".to_owned(), disks.to_vec().into())]);
    let mut collector = (SPEC.build)(&table, context).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut readings = Readings::default();
    let result = runtime.block_on(collector.collect(&mut readings));
    (readings, result)
}

fn level(readings: &Readings, name: &str) -> Option<f64> {
    let of = |record: &&fwmetrics::model::reading::Record| record.reading.name == name;
    let mut found = readings.records().iter().filter(of);
    let first = found.next()?;
    assert!(found.next().is_none(), "{name} twice");
    let Raw::Level(level) = first.raw else {
        panic!("{name} is {:?}", first.raw);
    };
    Some(level)
}

#[track_caller]
fn assert_between(name: &str, one: f64, value: f64, other: f64, slack: f64) {
    let (low, high) = (one.min(other) - slack, one.max(other) + slack);
    assert!(
        (low..=high).contains(&value),
        "{name}: {value} is not in {low} .. {high}"
    );
}

fn file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn first_number(text: &str) -> f64 {
    text.split_whitespace().next().unwrap().parse().unwrap()
}

fn kilobytes(field: &str) -> f64 {
    let text = file("/proc/meminfo");
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    first_number(line.unwrap())
}

fn memory() -> f64 {
    100.0 * (1.0 - kilobytes("MemAvailable:") / kilobytes("MemTotal:"))
}

fn swap() -> Option<f64> {
    let total = kilobytes("SwapTotal:");
    (total > 0.0).then(|| 100.0 * (1.0 - kilobytes("SwapFree:") / total))
}

/// Use of the root file system in percent, as df has it, of the blocks that coreutils' stat shows.
fn root_disk() -> f64 {
    let mut stat = Command::new("stat");
    let output = stat.args(["-f", "-c", "%a %f %b", "/"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let blocks: Vec<f64> = text.split_whitespace().map(first_number).collect();
    let used = blocks[2] - blocks[1];
    100.0 * used / (used + blocks[0])
}

fn uptime() -> f64 {
    first_number(&file("/proc/uptime"))
}

fn load() -> f64 {
    first_number(&file("/proc/loadavg"))
}

#[test]
fn the_figures_are_the_kernels() {
    let before = (memory(), root_disk(), uptime(), load(), swap());
    let (readings, result) = collect("/", &["/"]);
    let after = (memory(), root_disk(), uptime(), load(), swap());
    assert_eq!(result, Ok(()));
    let of = |name| level(&readings, name).unwrap_or_else(|| panic!("no {name}"));
    // Others use the machine's memory and disk too; a wrong formula is further off.
    assert_between("memory", before.0, of("memory"), after.0, 10.0);
    assert_between("disk", before.1, of("disk"), after.1, 1.0);
    assert_between("uptime", before.2.floor(), of("uptime"), after.2, 0.0);
    assert_between("load", before.3, of("load"), after.3, 0.0);
    match (before.4, after.4) {
        (Some(one), Some(other)) => assert_between("swap", one, of("swap"), other, 10.0),
        _ => {
            assert_eq!(level(&readings, "swap"), None, "nothing unread is ever 0");
            let notes = readings.notes();
            assert!(notes.iter().any(|note| note.contains("no swap")));
        }
    }
}

#[test]
fn a_root_elsewhere_is_not_followed_and_a_disk_that_is_not_there_is_left_out() {
    let (readings, result) = collect("/nonexistent", &["/not/mounted"]);
    assert_eq!(result, Ok(()));
    assert!(level(&readings, "memory").is_some());
    assert_eq!(level(&readings, "disk"), None);
    for wanted in ["whatever `root` says", "[collectors.host] disks"] {
        let notes = readings.notes();
        assert!(
            notes.iter().any(|note| note.contains(wanted)),
            "{wanted} in {notes:?}"
        );
    }
}
