//! A machine that reads firewalls from elsewhere, in virtual time: whose heartbeats there are, whose names, and what
//! becomes of a firewall that comes or goes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fwmetrics::agent::core::schedule::Rhythm;
use fwmetrics::agent::core::{Planned, Setup};
use fwmetrics::collector::CollectError;
use fwmetrics::model::datum::{Datum, Dimension};
use fwmetrics::model::identity::{Group, Who};
use fwmetrics::model::reading::{Raw, Readings, Record};
use fwmetrics::model::selection::Selection;

use simulated::*;

/// In the group `edge` and in service; named by its instance id where it has one.
fn who(name: &str, instance_id: Option<&str>) -> Who {
    let (dimension, value) = match instance_id {
        Some(id) => ("InstanceId", id),
        None => ("Firewall", name),
    };
    Who {
        instance: Some(Dimension {
            name: Cow::Borrowed(dimension),
            value: value.to_owned(),
        }),
        group: Group::Known("edge".to_owned()),
        in_service: true,
        ha_group: None,
    }
}

fn remote(name: &str) -> Planned {
    Planned {
        target: Some(Arc::from(name)),
        rhythm: Rhythm {
            period: Duration::from_secs(60),
            after_end: Some(Duration::from_millis(1200)),
        },
        timeout: Duration::from_secs(30),
        ..planned("panos", 60)
    }
}

/// Reads these firewalls, numbered from 0, and nothing of this machine.
fn poller(seed: u64, firewalls: &[(&str, Option<&str>)]) -> Setup {
    let target = |name: &str| Some(Arc::from(name));
    let all = firewalls.iter();
    Setup {
        collectors: all
            .clone()
            .enumerate()
            .map(|(number, (name, _))| (number, remote(name)))
            .collect(),
        remote: all
            .map(|(name, id)| (target(name), who(name, *id)))
            .collect(),
        close_after: Duration::from_secs(10),
        ..setup(seed)
    }
}

/// A minute of a firewall's CPU.
fn block(_: &mut World) -> (Readings, Option<CollectError>) {
    let mut readings = Readings::default();
    readings.push(Record::new(&CPU, Raw::Block(vec![7.0; 60])));
    (readings, None)
}

const TWO: [(&str, Option<&str>); 2] = [("fw-a", Some("i-a")), ("fw-b", None)];

/// What was sent, to be looked at.
fn world(setup: Setup) -> World {
    let mut world = World::of(setup, Faults::none(1), block);
    world.seen = Some(Vec::new());
    world
}

fn sent(world: &World) -> impl Iterator<Item = &Datum> {
    world.seen.iter().flatten().map(|(_, datum)| datum)
}

/// Datums of this metric with this dimension.
fn of<'a>(world: &'a World, metric: &str, dimension: &str, value: &str) -> Vec<&'a Datum> {
    let is = |datum: &&Datum| {
        let mut dimensions = datum.dimensions.iter();
        datum.metric == metric && dimensions.any(|d| d.name == dimension && d.value == value)
    };
    sent(world).filter(is).collect()
}

#[test]
fn a_machine_that_nothing_reads_has_no_heartbeat_and_waits_for_no_name() {
    // Its metadata service never answers.
    let mut world = world(poller(1, &TWO));
    world.run(Duration::from_secs(1795));
    world.stop();
    for (dimension, value) in [("InstanceId", "i-a"), ("Firewall", "fw-b")] {
        assert_eq!(of(&world, "ExporterHeartbeat", dimension, value).len(), 30);
        assert_eq!(
            of(&world, "DataplaneCpuUtilization", dimension, value).len(),
            29
        );
        assert_eq!(of(&world, "CollectorUp", dimension, value).len(), 29);
    }
    let fleet = of(&world, "ExporterHeartbeat", "AutoScalingGroupName", "edge");
    assert_eq!(fleet.len(), 60, "one a minute and firewall");
    let others = sent(&world).filter(|datum| {
        let mut dimensions = datum.dimensions.iter();
        !dimensions.any(|d| ["i-a", "fw-b", "edge"].contains(&d.value.as_str()))
    });
    assert_eq!(others.count(), 0);
    assert!(world.core.account().dropped.is_empty());
    let lines = world.lines.join("\n");
    assert!(!lines.contains("instance id"), "{lines}");
}

#[test]
fn a_machine_that_is_read_too_is_a_target_as_well() {
    let mut setup = poller(2, &TWO);
    setup.collectors.insert(7, planned("fake", 1));
    let mut world = World::known(setup, Faults::none(2));
    world.run(Duration::from_secs(595));
    world.stop();
    assert_eq!(world.counts("ExporterHeartbeat", "Firewall").len(), 10);
    let instances: u64 = world
        .counts("ExporterHeartbeat", "InstanceId")
        .iter()
        .map(|(_, n)| n)
        .sum();
    assert_eq!(instances, 20, "this machine and fw-a");
}

#[test]
fn what_we_say_of_ourselves_is_this_machines() {
    let mut setup = poller(3, &TWO);
    setup.selection.enable = ["DatumsSent".to_owned()].into();
    let mut world = world(setup);
    let identity = identity();
    let own = identity.instance_id.clone().unwrap();
    world.step(fwmetrics::agent::core::Event::Identity(identity, None));
    world.run(Duration::from_secs(600));
    world.stop();
    assert!(of(&world, "DatumsSent", "InstanceId", &own).len() >= 9);
    assert!(of(&world, "ExporterHeartbeat", "InstanceId", &own).is_empty());
}

#[test]
fn this_machines_boot_holds_back_no_fleet_series_of_others() {
    let mut setup = poller(4, &TWO);
    setup.identity.warm_up_secs = 86_400;
    setup.collectors.insert(7, planned("fake", 1));
    let mut world = World::known(setup, Faults::none(4));
    world.seen = Some(Vec::new());
    world.collect = |world: &mut World| match world.collecting {
        7 => healthy(world),
        _ => block(world),
    };
    world.run(Duration::from_secs(600));
    world.stop();
    let fleet = of(
        &world,
        "DataplaneCpuUtilization",
        "AutoScalingGroupName",
        "edge",
    );
    assert!(fleet.len() >= 18, "{}", fleet.len());
    // Blocks of the two firewalls, and no second of this machine.
    let values = fleet.iter().flat_map(|datum| &datum.values);
    assert!(values.clone().all(|(value, _)| (*value - 7.0).abs() < 1e-9));
}

#[test]
fn a_firewall_that_goes_leaves_what_was_read_under_its_own_name() {
    let mut setup = poller(5, &TWO);
    setup.limits.disk_bytes = Some(16 << 20);
    let mut world = world(setup.clone());
    // Its pass for the minute that ended is home, the window is not closed.
    world.run(Duration::from_secs(305));
    assert!(of(&world, "DataplaneCpuUtilization", "Firewall", "fw-b").len() == 4);
    setup.collectors.remove(&1);
    setup.remote.remove(&Some(Arc::from("fw-b")));
    world.reload(setup.clone());
    // Another change right behind it.
    setup.series_max = 200;
    setup
        .remote
        .get_mut(&Some(Arc::from("fw-a")))
        .unwrap()
        .in_service = false;
    world.reload(setup);
    world.run(Duration::from_secs(295));
    let left = of(&world, "DataplaneCpuUtilization", "Firewall", "fw-b");
    assert_eq!(left.len(), 5);
    assert_eq!(world.retired, [1]);
    world.stop();
    assert_eq!(
        of(&world, "DataplaneCpuUtilization", "InstanceId", "i-a").len(),
        9
    );
    assert!(world.core.account().dropped.is_empty());
    assert_eq!(world.core.waiting(), 0);
}

#[test]
fn the_first_firewall_and_the_last_one_come_and_go() {
    let none = Setup {
        collectors: BTreeMap::new(),
        ..poller(6, &[])
    };
    let mut world = world(none.clone());
    world.run(Duration::from_secs(600));
    assert_eq!(sent(&world).count(), 0);
    world.reload(poller(6, &TWO[1..]));
    world.run(Duration::from_secs(600));
    let beats = of(&world, "ExporterHeartbeat", "Firewall", "fw-b").len();
    assert!((9..=10).contains(&beats), "{beats}");
    world.reload(none);
    world.run(Duration::from_secs(600));
    assert!(of(&world, "ExporterHeartbeat", "Firewall", "fw-b").len() <= beats + 1);
    world.stop();
    assert!(world.core.account().dropped.is_empty());
}

#[test]
fn a_change_of_identity_stops_no_pass() {
    let mut setup = poller(7, &TWO);
    setup.selection = Selection::default();
    let mut world = world(setup.clone());
    world.run(Duration::from_secs(300));
    let name = Some(Arc::from("fw-b"));
    setup.remote.insert(name, who("fw-b", Some("i-b")));
    world.reload(setup);
    world.run(Duration::from_secs(295));
    let count = |dimension, value| of(&world, "DataplaneCpuUtilization", dimension, value).len();
    assert_eq!(count("Firewall", "fw-b") + count("InstanceId", "i-b"), 9);
    assert!(world.retired.is_empty());
    assert_eq!(world.core.account().missed_ticks, 0);
}
