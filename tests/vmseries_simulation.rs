//! `[cloudwatch.vmseries]` in virtual time: two remote firewalls and this machine, whose series go out in two namespaces.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fwmetrics::agent::core::schedule::Rhythm;
use fwmetrics::agent::core::{Planned, Setup};
use fwmetrics::aggregate::label::{WantedAliases, WantedSets};
use fwmetrics::collector::CollectError;
use fwmetrics::collectors::panos::metrics;
use fwmetrics::model::datum::{Datum, Dimension};
use fwmetrics::model::identity::{Group, Who};
use fwmetrics::model::reading::{Raw, Reading, Readings, Record};
use simulated::*;

const ALIASES: WantedAliases = WantedAliases {
    all: true,
    fleet: true,
    only: false,
};
const ONLY: WantedAliases = WantedAliases {
    only: true,
    ..ALIASES
};
const OFF: WantedAliases = WantedAliases {
    all: false,
    fleet: false,
    only: false,
};

const EDGE: &str = "fw-edge";
const LONE: &str = "fw-lone";

/// What each firewall says besides the blocks: reading, value, and its name, value and unit for the plugin.
const LEVELS: [(&Reading, f64, &str, f64, &str); 8] = [
    (
        &metrics::SESSIONS,
        900.0,
        "panSessionActive",
        900.0,
        "Count",
    ),
    (
        &metrics::TABLE,
        45.0,
        "panSessionUtilization",
        45.0,
        "Percent",
    ),
    (
        &metrics::SSL_PROXY,
        3.0,
        "panSessionSslProxyUtilization",
        3.0,
        "Percent",
    ),
    (
        &metrics::NEW_SESSIONS,
        17.0,
        "panSessionConnectionsPerSecond",
        17.0,
        "Count/Second",
    ),
    (
        &metrics::THROUGHPUT,
        1_234_567_000.0,
        "panSessionThroughputKbps",
        1_234_567.0,
        "Kilobits/Second",
    ),
    (
        &metrics::PACKETS,
        88.0,
        "panSessionThroughputPps",
        88.0,
        "Count/Second",
    ),
    (
        &metrics::USERS,
        250.0,
        "panGPGWUtilizationActiveTunnels",
        250.0,
        "Count",
    ),
    (
        &metrics::USERS_SHARE,
        50.0,
        "panGPGatewayUtilizationPct",
        50.0,
        "Percent",
    ),
];

fn who(instance: &str, group: Group) -> Who {
    Who {
        instance: Some(Dimension {
            name: "InstanceId".into(),
            value: instance.to_owned(),
        }),
        group,
        in_service: true,
        ha_group: None,
    }
}

fn remote(name: &str, after_ms: u64) -> Planned {
    Planned {
        name: "panos",
        target: Some(Arc::from(name)),
        rhythm: Rhythm {
            period: Duration::from_secs(60),
            after_end: Some(Duration::from_millis(after_ms)),
        },
        published: true,
        timeout: Duration::from_secs(30),
    }
}

/// A firewall in a group, one without, and this machine, which is in a group of its own.
fn two_firewalls(seed: u64, vmseries: WantedAliases) -> Setup {
    let mut setup = setup(seed);
    setup.collectors = BTreeMap::from([
        (0, remote(EDGE, 1200)),
        (1, remote(LONE, 2400)),
        (2, planned("fake", 1)),
    ]);
    setup.remote = BTreeMap::from([
        (
            Some(Arc::from(EDGE)),
            who("i-edge", Group::Known("edge-fw".to_owned())),
        ),
        (Some(Arc::from(LONE)), who("i-lone", Group::None)),
    ]);
    setup
        .selection
        .enable
        .insert("SslProxyUtilization".to_owned());
    setup.sets.vmseries = vmseries;
    setup.close_after = Duration::from_secs(10);
    setup
}

fn collect(world: &mut World) -> (Readings, Option<CollectError>) {
    collect_seconds(world, 60)
}

fn collect_ten(world: &mut World) -> (Readings, Option<CollectError>) {
    collect_seconds(world, 10)
}

fn collect_seconds(world: &mut World, seconds: i32) -> (Readings, Option<CollectError>) {
    if world.collecting == 2 {
        return healthy(world);
    }
    let mut readings = Readings::default();
    let seconds: Vec<f64> = (0..seconds).map(f64::from).collect();
    for reading in [&metrics::CORE, &metrics::BUFFERS] {
        let block = Record::new(reading, Raw::Block(seconds.clone()));
        readings.push(block.member("dp0"));
    }
    for (reading, level, ..) in LEVELS {
        readings.push(Record::new(reading, Raw::Level(level)));
    }
    (readings, None)
}

fn world(setup: Setup, faults: Faults) -> World {
    let mut world = World::of(setup, faults, collect);
    world.seen = Some(Vec::new());
    world.step(fwmetrics::agent::core::Event::Identity(identity(), None));
    world
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// Name and value of each dimension, joined.
fn dimensions(datum: &Datum) -> String {
    let pairs = datum.dimensions.iter();
    let pairs: Vec<String> = pairs.map(|d| format!("{}={}", d.name, d.value)).collect();
    pairs.join(",")
}

/// The datums in a namespace of the window that begins so many seconds after the start.
fn seen<'a>(world: &'a World, namespace: &str, second: i64) -> Vec<&'a Datum> {
    let datums = world.seen.as_ref().unwrap().iter();
    let stamp = EPOCH_MS / 1000 + second;
    datums
        .filter(|(of, datum)| of == namespace && datum.timestamp == stamp)
        .map(|(_, datum)| datum)
        .collect()
}

/// Dimensions of all datums in a namespace.
fn everywhere(world: &World, namespace: &str) -> BTreeSet<String> {
    let datums = world.seen.as_ref().unwrap().iter();
    let of = datums.filter(|(of, _)| of == namespace);
    of.map(|(_, datum)| dimensions(datum)).collect()
}

/// Seconds after the start of the windows with this metric, in this one dimension set.
fn windows(world: &World, metric: &str, dimensions: &[&str]) -> Vec<i64> {
    let wanted = (
        metric.to_owned(),
        dimensions.iter().map(|d| (*d).to_owned()).collect(),
    );
    let series = world.store.keys().filter(|(series, _)| *series == wanted);
    series.map(|(_, stamp)| stamp - EPOCH_MS / 1000).collect()
}

const CPU_ALIAS: &str = "DataPlaneCPUUtilizationPct";

#[test]
fn each_firewall_goes_out_under_both_names_in_one_more_call_a_window() {
    let mut world = world(two_firewalls(1, ALIASES), Faults::none(1));
    world.run(minutes(5));
    let aliases = seen(&world, "VMseries", 120);
    // Both without dimensions, where CloudWatch makes one series of them, and one in its group.
    for wanted in ["", "", "AutoScalingGroupName=edge-fw"] {
        assert!(aliases.iter().any(|datum| dimensions(datum) == wanted));
    }
    assert_eq!(aliases.len(), 3 * 10);
    for (_, _, name, value, unit) in LEVELS {
        let named: Vec<_> = aliases.iter().filter(|d| d.metric == name).collect();
        assert_eq!(named.len(), 3, "{name}");
        for datum in named {
            assert_eq!(datum.values, [(value, 1)], "{name}");
            assert_eq!(datum.unit.as_str(), unit, "{name}");
        }
    }
    for block in [CPU_ALIAS, "DataPlanePacketBufferUtilization"] {
        let named: Vec<_> = aliases.iter().filter(|d| d.metric == block).collect();
        assert_eq!(named.len(), 3, "{block}");
        for datum in named {
            let counts: u32 = datum.values.iter().map(|(_, count)| count).sum();
            assert_eq!((counts, datum.unit.as_str()), (60, "Percent"), "{block}");
            assert_eq!(datum.values.last(), Some(&(59.0, 1)));
        }
    }
    // The canonical ones beside them, in their own namespace and units.
    let canonical = seen(&world, "Test", 120);
    let throughput: Vec<_> = canonical
        .iter()
        .filter(|datum| datum.metric == "ThroughputBitsPerSecond")
        .collect();
    assert_eq!(throughput.len(), 2);
    assert!(
        throughput
            .iter()
            .all(|d| d.values == [(1_234_567_000.0, 1)])
    );
    assert!(canonical.iter().all(|d| !d.metric.starts_with("pan")));
    // This machine has no part in it: its group is another.
    let places = everywhere(&world, "VMseries");
    let wanted = ["", "AutoScalingGroupName=edge-fw"].map(ToOwned::to_owned);
    assert_eq!(places, wanted.into());
    assert!(everywhere(&world, "Test").contains("AutoScalingGroupName=edge"));
    // Two calls a window, for all of them together.
    let calls = world
        .batches
        .iter()
        .map(|(namespace, _)| namespace.as_str());
    assert_eq!(calls.collect::<Vec<_>>(), ["Test", "VMseries"].repeat(4));
}

#[test]
fn only_firewalls_in_service_take_part() {
    let mut away = two_firewalls(2, ALIASES);
    for who in away.remote.values_mut() {
        who.in_service = false;
    }
    let mut world = world(away, Faults::none(2));
    world.run(minutes(3));
    assert_eq!(everywhere(&world, "VMseries"), BTreeSet::new());
    assert!(!windows(&world, "DataplaneCpuUtilization", &["InstanceId"]).is_empty());
    world.reload(two_firewalls(2, ALIASES));
    world.run(minutes(3));
    let from = windows(&world, CPU_ALIAS, &[]);
    assert_eq!(from, [120, 180, 240]);
    assert_eq!(windows(&world, CPU_ALIAS, &["AutoScalingGroupName"]), from);
}

#[test]
fn each_set_alone_is_what_was_asked_for() {
    for (all, fleet, wanted) in [
        (true, false, ""),
        (false, true, "AutoScalingGroupName=edge-fw"),
    ] {
        let vmseries = WantedAliases {
            all,
            fleet,
            only: false,
        };
        let mut world = world(two_firewalls(3, vmseries), Faults::none(3));
        world.run(minutes(3));
        let wanted = BTreeSet::from([wanted.to_owned()]);
        assert_eq!(everywhere(&world, "VMseries"), wanted);
    }
}

#[test]
fn alone_nothing_else_of_a_firewall_goes_out() {
    let mut world = world(two_firewalls(4, ONLY), Faults::none(4));
    world.run(minutes(5));
    let local = [
        "AutoScalingGroupName=edge",
        "InstanceId=i-1",
        "InstanceId=i-1,Collector=fake",
    ];
    assert_eq!(
        everywhere(&world, "Test"),
        local.map(ToOwned::to_owned).into()
    );
    // One heartbeat a minute, of this machine.
    let beats = world.counts("ExporterHeartbeat", "InstanceId");
    assert!(beats.iter().all(|(_, beats)| *beats == 1), "{beats:?}");
    assert_eq!(seen(&world, "VMseries", 120).len(), 3 * 10);
}

#[test]
fn only_what_is_selected_has_an_alias() {
    let mut fewer = two_firewalls(5, ALIASES);
    fewer.selection.enable.clear();
    fewer.selection.disable.insert("ActiveSessions".to_owned());
    let mut world = world(fewer, Faults::none(5));
    world.run(minutes(3));
    let aliases = seen(&world, "VMseries", 60);
    assert_eq!(aliases.len(), 3 * 8);
    let absent = ["panSessionActive", "panSessionSslProxyUtilization"];
    assert!(aliases.iter().all(|d| !absent.contains(&&*d.metric)));
}

#[test]
fn it_comes_changes_and_goes_at_a_reload_without_a_gap() {
    let mut world = world(two_firewalls(6, OFF), Faults::none(6));
    world.run(Duration::from_secs(150));
    world.reload(two_firewalls(6, ALIASES));
    world.run(minutes(2));
    world.reload(Setup {
        vmseries_namespace: Arc::from("Other"),
        ..two_firewalls(6, ONLY)
    });
    world.run(minutes(2));
    world.reload(two_firewalls(6, OFF));
    world.run(minutes(2));
    world.stop();
    let in_namespace = |namespace: &str| {
        let datums = world.seen.as_ref().unwrap().iter();
        let of = datums.filter(|(of, d)| of == namespace && d.metric == CPU_ALIAS);
        let of: BTreeSet<i64> = of.map(|(_, d)| d.timestamp - EPOCH_MS / 1000).collect();
        of.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(in_namespace("VMseries"), [120, 180]);
    assert_eq!(in_namespace("Other"), [240, 300]);
    // The canonical ones stand aside for these two, and nobody else has a gap.
    let datums = world.seen.as_ref().unwrap().iter();
    let edge = datums.filter(|(_, d)| {
        d.metric == "DataplaneCpuUtilization" && dimensions(d) == "InstanceId=i-edge"
    });
    let edge: Vec<i64> = edge.map(|(_, d)| d.timestamp - EPOCH_MS / 1000).collect();
    assert_eq!(edge, [0, 60, 120, 180, 360, 420]);
    let local = world.counts("ExporterHeartbeat", "InstanceId");
    assert_eq!(local.len(), 9, "{local:?}");
    assert!(world.core.account().dropped.is_empty());
}

#[test]
fn seeded_faults_kills_and_reloads_lose_no_window_of_either() {
    for seed in 0..6 {
        let mut setup = two_firewalls(seed, ALIASES);
        setup.limits.disk_bytes = Some(16 << 20);
        let mut faults = Faults::none(seed);
        faults.one_in = 3;
        let mut world = world(setup.clone(), faults);
        for round in 0..10 {
            world.run(Duration::from_millis(361_000 + 7919 * seed));
            match round % 3 {
                0 => world.killed(setup.clone()),
                // It is gone for a moment in which no window closes.
                1 => {
                    let off = WantedSets {
                        vmseries: OFF,
                        ..setup.sets
                    };
                    world.reload(Setup {
                        sets: off,
                        ..setup.clone()
                    });
                    world.reload(setup.clone());
                }
                _ => {}
            }
        }
        world.faults.one_in = 0;
        world.run(minutes(3));
        world.stop();
        assert!(world.core.account().dropped.is_empty(), "seed {seed}");
        let canonical = windows(&world, "DataplaneCpuUtilization", &["AutoScalingGroupName"]);
        let aliases = windows(&world, CPU_ALIAS, &[]);
        assert!(aliases.len() >= 60, "seed {seed}: {}", aliases.len());
        // Each minute in which a firewall was heard.
        let heard = windows(&world, "PacketBufferUtilization", &["InstanceId"]);
        assert_eq!(aliases, heard, "seed {seed}");
        assert!(canonical.len() >= aliases.len());
        let counts = world.store.iter();
        let mut counts = counts.filter(|((series, _), _)| series.0 == CPU_ALIAS);
        assert!(
            counts.all(|(_, count)| count % 60 == 0),
            "seed {seed}: a block is whole"
        );
    }
}

/// How late each window of this machine's CPU was taken, at most.
fn latest(world: &World, period: i64) -> Duration {
    let late = world.taken.iter().map(|(at, stamp, _)| {
        // The seconds before the start of the first block are none of ours.
        let end_ms = ((stamp + period) * 1000 - EPOCH_MS).max(0);
        let end = BOOT + Duration::from_millis(end_ms.unsigned_abs());
        at.saturating_sub(end)
    });
    late.max().unwrap()
}

fn told(world: &World, text: &str) -> usize {
    let lines = world.lines.iter().filter(|line| line.contains(text));
    lines.count()
}

#[test]
fn a_policy_that_lacks_the_second_namespace_holds_up_nothing_of_the_first() {
    for (period, disk_bytes) in [(60, Some(16 << 20)), (60, None), (10, Some(16 << 20))] {
        let mut setup = two_firewalls(7, ALIASES);
        setup.limits.disk_bytes = disk_bytes;
        setup.period = Duration::from_secs(period);
        for firewall in [0, 1] {
            let rhythm = &mut setup.collectors.get_mut(&firewall).unwrap().rhythm;
            rhythm.period = setup.period;
        }
        let mut world = world(setup.clone(), Faults::none(7));
        if period == 10 {
            world.collect = collect_ten;
        }
        world.run(minutes(3));
        world.denied_namespace = Some("VMseries".to_owned());
        let before = world.calls.len();
        world.run(minutes(60));
        let period = i64::try_from(period).unwrap();
        let late = latest(&world, period);
        assert!(late < Duration::from_secs(12), "{period}: {late:?}");
        let cpu = world.counts("DataplaneCpuUtilization", "InstanceId");
        let local = (63 * 60 - 20) / period;
        assert!(cpu.len() >= usize::try_from(local).unwrap());
        // Asked each half minute at most, beside a call a window.
        let calls = world.calls.len() - before;
        let most = usize::try_from(3600 / period + 122).unwrap();
        assert!(calls <= most, "{period}: {calls} calls");
        assert_eq!(
            told(&world, "CloudWatch denies namespace VMseries alone"),
            1
        );
        // An outage of all, and what was held up by it goes on: the aliases still wait.
        let now = world.now.boot;
        world.faults.outage = Some((now, now + Duration::from_secs(1200)));
        world.run(minutes(25));
        let cpu = world.counts("DataplaneCpuUtilization", "InstanceId");
        let local = (88 * 60 - 20) / period;
        assert!(
            cpu.len() >= usize::try_from(local).unwrap(),
            "{}",
            cpu.len()
        );
        if disk_bytes.is_some() {
            // Another process finds them, and learns again whose they are.
            world.killed(setup.clone());
            world.run(minutes(10));
            let late = latest(&world, period);
            assert!(late < Duration::from_secs(1300), "{period}: {late:?}");
        }
        world.denied_namespace = None;
        world.run(minutes(20));
        assert_eq!(world.core.waiting(), 0, "{period}");
        assert!(world.core.account().dropped.is_empty());
        let heard = windows(&world, "PacketBufferUtilization", &["InstanceId"]);
        assert_eq!(windows(&world, CPU_ALIAS, &[]), heard);
        assert_eq!(told(&world, "CloudWatch takes every namespace again"), 1);
    }
}

#[test]
fn a_policy_that_lacks_the_first_namespace_holds_up_nothing_of_the_second() {
    let mut world = world(two_firewalls(8, ALIASES), Faults::none(8));
    world.denied_namespace = Some("Test".to_owned());
    world.run(minutes(10));
    // The first window waits for half a minute: nothing was accepted yet.
    assert_eq!(windows(&world, CPU_ALIAS, &[]).len(), 9);
    world.stop();
    assert!(world.now.boot < BOOT + minutes(10) + Duration::from_secs(10));
}
