//! The agent's core in virtual time: days of windows against an endpoint with seeded faults, with the account
//! checked at every step. A failing seed is printed, and runs again as it was.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fwmetrics::agent::core::account::Reason;
use fwmetrics::agent::core::kept::{Kept, Stored};
use fwmetrics::agent::core::schedule::Rhythm;
use fwmetrics::agent::core::{Action, Core, Event, Planned, Setup};
use fwmetrics::aggregate::label::WantedSets;
use fwmetrics::collector::{CollectError, tunnels};
use fwmetrics::model::datum::Dimension;
use fwmetrics::model::dimension::OwnDimension;
use fwmetrics::model::identity::{Group, Identity, Lifecycle, Who};
use fwmetrics::model::metric::{Metric, Sets};
use fwmetrics::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record, Width};
use fwmetrics::model::selection::Selection;
use fwmetrics::model::unit::Unit;
use fwmetrics::publish::outcome::{Answer, Outcome};

use simulated::*;

static A_HEAD: Metric = Metric::new("AHead", Unit::Count, Sets::Instance, "the first by name");
static NEWCOMER: Reading = Reading {
    name: "newcomer",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &A_HEAD,
        fold: Fold::Sum,
    }],
};

#[test]
fn a_healthy_day_is_one_call_a_minute_with_sixty_readings_each() {
    let mut world = World::known(setup(1), Faults::none(1));
    world.run(Duration::from_millis(86_399_900));
    world.stop();
    let counts = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert_eq!(counts.len(), 1440);
    // The first second of the first minute went by before the first tick.
    assert!(
        counts[1..].iter().all(|(_, count)| *count == 60),
        "{counts:?}"
    );
    assert!(
        world
            .counts("ExporterHeartbeat", "AutoScalingGroupName")
            .iter()
            .all(|(_, n)| *n == 1)
    );
    assert_eq!(world.counts("ExporterHeartbeat", "InstanceId").len(), 1440);
    assert_eq!(world.calls.len(), 1440);
    assert_eq!(world.core.account().missed_ticks, 0);
    assert!(world.core.account().dropped.is_empty());
}

#[test]
fn seeded_faults_lose_nothing() {
    for seed in 0..20 {
        let mut faults = Faults::none(seed);
        faults.one_in = 3;
        let mut world = World::known(setup(seed), faults);
        world.run(Duration::from_secs(3 * 3600));
        world.faults.one_in = 0;
        world.run(Duration::from_secs(120));
        world.stop();
        let counts = world.counts("DataplaneCpuUtilization", "InstanceId");
        assert_eq!(counts.len(), 182, "seed {seed}");
        // Sent twice where an answer was lost, but never less than once.
        assert!(
            counts[1..].iter().all(|(_, n)| n % 60 == 0 && *n >= 60),
            "seed {seed}: {counts:?}"
        );
        assert!(world.core.account().dropped.is_empty(), "seed {seed}");
    }
}

#[test]
fn after_an_outage_the_freshest_window_goes_first_and_on_time() {
    let mut world = World::known(setup(7), Faults::none(7));
    let begin = world.now.boot;
    let (from, to) = (
        begin + Duration::from_secs(600),
        begin + Duration::from_secs(4230),
    );
    world.faults.outage = Some((from, to));
    world.run(Duration::from_secs(4400));
    let accepted: Vec<_> = world
        .calls
        .iter()
        .filter(|(at, _)| *at >= to)
        .cloned()
        .collect();
    // While the endpoint was away each new window was still tried on time, so the first call after it that was not a
    // retry of the backlog is the window that just ended.
    let fresh = begin + Duration::from_millis(4260 * 1000 + 1700);
    let label = (EPOCH_MS / 1000) + 4200;
    assert!(accepted.iter().any(|(at, stamps)| stamps.contains(&label)
        && *at >= fresh
        && *at < fresh + Duration::from_millis(450)));
    world.run(Duration::from_secs(120));
    let counts = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert!(counts[1..].iter().all(|(_, n)| *n == 60));
    assert_eq!(
        counts.len(),
        75,
        "an hour of backlog is through within minutes"
    );
    let newest_first: Vec<i64> = accepted
        .iter()
        .filter(|(at, _)| *at < fresh)
        .map(|(_, s)| s[0])
        .collect();
    assert!(
        newest_first.windows(2).all(|pair| pair[0] >= pair[1]),
        "{newest_first:?}"
    );
}

#[test]
fn a_denied_role_is_probed_seldom_and_nothing_is_lost() {
    let mut world = World::known(setup(3), Faults::none(3));
    world.faults.outcome = Some(Outcome::Denied);
    world.run(Duration::from_secs(1800));
    assert!(
        world.calls.len() <= 61,
        "{} probes in half an hour",
        world.calls.len()
    );
    assert_eq!(
        world
            .lines
            .iter()
            .filter(|line| line.contains("denies"))
            .count(),
        1
    );
    world.faults.outcome = None;
    world.run(Duration::from_secs(120));
    world.stop();
    assert!(world.core.account().dropped.is_empty());
    assert_eq!(
        world.counts("DataplaneCpuUtilization", "InstanceId").len(),
        32
    );
}

#[test]
fn a_full_queue_drops_the_oldest_and_counts_them() {
    let mut setup = setup(4);
    setup.limits.memory_bytes = 65_536;
    let mut world = World::known(setup, Faults::none(4));
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    world.run(Duration::from_secs(4 * 3600));
    assert!(world.core.queue_bytes() <= 65_536);
    let dropped = world
        .core
        .account()
        .dropped
        .get(&Reason::MemoryFull)
        .copied()
        .unwrap_or(0);
    assert!(dropped > 0);
    world.faults.outage = None;
    world.run(Duration::from_secs(300));
    let counts = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert!(counts.last().unwrap().0 > 4 * 3600, "the newest are there");
}

#[test]
fn datums_wait_fifteen_minutes_for_a_name() {
    let mut world = World::new(setup(5), Faults::none(5));
    let unnamed = Identity {
        instance_id: None,
        auto_scaling_group: None,
        ..identity()
    };
    world.step(Event::Identity(unnamed, None));
    world.run(Duration::from_secs(14 * 60));
    assert!(world.calls.is_empty());
    assert!(
        world
            .lines
            .iter()
            .any(|line| line.contains("instance tags in metadata"))
    );
    world.step(Event::Identity(identity(), None));
    world.run(Duration::from_secs(30));
    assert_eq!(
        world
            .counts("DataplaneCpuUtilization", "AutoScalingGroupName")
            .len(),
        14
    );
    assert!(world.core.account().dropped.is_empty());
}

#[test]
fn a_name_that_never_comes_is_counted_by_what_was_missing() {
    let mut world = World::new(setup(6), Faults::none(6));
    let tagless = Identity {
        auto_scaling_group: None,
        ..identity()
    };
    world.step(Event::Identity(tagless, None));
    world.run(Duration::from_secs(40 * 60));
    let dropped = &world.core.account().dropped;
    assert!(dropped.get(&Reason::NoAsg).is_some_and(|n| *n > 0));
    assert_eq!(dropped.len(), 1);
    assert!(
        !world
            .counts("DataplaneCpuUtilization", "InstanceId")
            .is_empty()
    );
}

#[test]
fn only_an_instance_in_service_speaks_for_its_fleet() {
    let mut world = World::known(setup(8), Faults::none(8));
    world.run(Duration::from_secs(300));
    let leaving = Identity {
        lifecycle: Lifecycle::State("Terminated".to_owned()),
        ..identity()
    };
    world.step(Event::Identity(leaving, None));
    world.run(Duration::from_secs(300));
    assert_eq!(
        world
            .counts("DataplaneCpuUtilization", "AutoScalingGroupName")
            .len(),
        4
    );
    assert_eq!(
        world
            .counts("ExporterHeartbeat", "AutoScalingGroupName")
            .len(),
        4
    );
    assert_eq!(
        world.counts("DataplaneCpuUtilization", "InstanceId").len(),
        9
    );
}

#[test]
fn without_a_group_nothing_waits() {
    let mut world = World::new(setup(9), Faults::none(9));
    let alone = Identity {
        auto_scaling_group: None,
        lifecycle: Lifecycle::NoGroup,
        ..identity()
    };
    world.step(Event::Identity(alone, None));
    world.run(Duration::from_secs(300));
    assert_eq!(world.core.waiting(), 0);
    assert!(
        world
            .counts("DataplaneCpuUtilization", "AutoScalingGroupName")
            .is_empty()
    );
    assert_eq!(
        world.counts("DataplaneCpuUtilization", "InstanceId").len(),
        4
    );
}

#[test]
fn warm_up_holds_back_the_fleet_but_not_its_heartbeat() {
    let mut setup = setup(10);
    setup.identity.warm_up_secs = 1300;
    let mut world = World::known(setup, Faults::none(10));
    world.run(Duration::from_secs(600));
    // Booted 1000 s before the start: warm from second 300 on.
    assert_eq!(
        world
            .counts("DataplaneCpuUtilization", "AutoScalingGroupName")
            .first()
            .unwrap()
            .0,
        240
    );
    assert_eq!(
        world
            .counts("ExporterHeartbeat", "AutoScalingGroupName")
            .first()
            .unwrap()
            .0,
        0
    );
}

#[test]
fn a_failing_collector_omits_its_gauges_and_says_so_once() {
    let mut world = World::known(setup(11), Faults::none(11));
    world.run(Duration::from_millis(119_900));
    world.collect = |_| {
        (
            Readings::default(),
            Some(CollectError::Failed("the file is gone".to_owned())),
        )
    };
    world.run(Duration::from_secs(600));
    let counts = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert_eq!(counts.len(), 2);
    let up: Vec<_> = world
        .store
        .keys()
        .filter(|((metric, dimensions), _)| metric == "CollectorUp" && dimensions.len() == 2)
        .collect();
    assert_eq!(up.len(), 11, "CollectorUp shows in every minute");
    assert_eq!(
        world
            .lines
            .iter()
            .filter(|line| line.contains("the file is gone"))
            .count(),
        1
    );
    // Neither is the fleet spoken for while the CPU is unread.
    assert_eq!(
        world
            .counts("DataplaneCpuUtilization", "AutoScalingGroupName")
            .len(),
        2
    );
}

#[test]
fn wall_jumps_neither_close_nor_repeat_the_open_window() {
    for jump_ms in [3_600_000i64, -3_600_000, 25_300, -25_300, 7, -7] {
        let mut world = World::known(setup(12), Faults::none(12));
        world.run(Duration::from_secs(150));
        world.now.wall_ms += jump_ms;
        world.run(Duration::from_secs(600));
        let account = world.core.account();
        assert_eq!(account.missed_ticks, 0, "{jump_ms}");
        let total: u64 = world
            .counts("DataplaneCpuUtilization", "InstanceId")
            .iter()
            .map(|(_, n)| n)
            .sum();
        let windows = world.counts("DataplaneCpuUtilization", "InstanceId");
        // After a backward jump a label may repeat: CloudWatch merges the two.
        assert!(
            windows.iter().any(|(label, n)| *label == 120 && *n >= 60),
            "{jump_ms}: {windows:?}"
        );
        assert!((660..=750).contains(&total), "{jump_ms}: {total} readings");
        let full = windows.iter().filter(|(_, n)| *n == 60).count();
        assert!(full >= 8, "{jump_ms}: {windows:?}");
    }
}

#[test]
fn a_suspend_seals_the_window_at_wake_and_makes_no_empty_ones() {
    let mut world = World::known(setup(13), Faults::none(13));
    world.run(Duration::from_secs(150));
    world.advance(world.now.boot + Duration::from_secs(8 * 3600));
    world.run(Duration::from_secs(300));
    let windows = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert!(windows.len() <= 8, "{windows:?}");
    assert!(world.core.account().missed_ticks > 28_000);
    let after = 8 * 3600 + 180;
    assert!(windows.contains(&(after, 60)), "{windows:?}");
}

#[test]
fn a_slow_pass_loses_ticks_but_shifts_none() {
    let mut world = World::known(setup(14), Faults::none(14));
    world.run(Duration::from_secs(120));
    // The loop itself stood still for 3.5 s: the tick at 123 is late, but inside its second; two are lost.
    world.advance(world.now.boot + Duration::from_millis(3500));
    world.run(Duration::from_secs(120));
    let windows = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert!(windows.contains(&(120, 58)), "{windows:?}");
    assert_eq!(world.core.account().missed_ticks, 2);
}

#[test]
fn shutdown_sends_the_open_window_and_its_heartbeat() {
    let mut world = World::known(setup(15), Faults::none(15));
    world.run(Duration::from_secs(90));
    world.stop();
    let windows = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert_eq!(windows, [(0, 59), (60, 30)]);
    assert_eq!(world.counts("ExporterHeartbeat", "InstanceId").len(), 2);
    assert_eq!(world.calls.len(), 2);
}

#[test]
fn a_restart_makes_no_second_heartbeat_and_keeps_the_places_of_series() {
    // CapacityUtilization, DataplaneCpuUtilization and the heartbeat of the instance, and no more.
    let limited = |kept| Setup {
        series_max: 3,
        sets: WantedSets {
            fleet: false,
            instance: true,
            ..WantedSets::default()
        },
        kept,
        ..setup(3)
    };
    let mut first = World::known(limited(Kept::default()), Faults::none(3));
    first.run(Duration::from_secs(90));
    first.stop();
    assert_eq!(first.kept.heartbeat, Some(EPOCH_MS / 1000 + 60));
    assert_eq!(first.kept.series.len(), 3);

    // Again in the same minute, with a series that would come before the others by name.
    let mut second = World::new(limited(first.kept.clone()), Faults::none(4));
    second.now.wall_ms += 95_000;
    let mut again = Core::new(limited(first.kept.clone()), second.now);
    let seeds = again.start(second.now);
    second.core = again;
    second.events.clear();
    second.collect = |world| {
        let (mut readings, error) = healthy(world);
        readings.push(Record::new(&NEWCOMER, Raw::Level(1.0)));
        (readings, error)
    };
    second.perform(seeds);
    second.step(Event::Identity(identity(), None));
    second.run(Duration::from_secs(90));
    second.stop();
    let beats = second.counts("ExporterHeartbeat", "InstanceId");
    assert_eq!(beats, [(120, 1), (180, 1)], "minute 60 had its own");
    assert!(second.counts("AHead", "InstanceId").is_empty());
    let capacity = second.counts("CapacityUtilization", "InstanceId");
    assert!(!capacity.is_empty());
    assert!(second.core.account().refused_series > 0);
}

#[test]
fn what_is_kept_is_written_seldom() {
    let mut world = World::known(setup(5), Faults::none(5));
    world.run(Duration::from_secs(3600));
    // Once when the series first appear, then every ten minutes.
    assert!(
        (6..=8).contains(&world.series_written),
        "{}",
        world.series_written
    );
    let before = world.lines.len();
    for problem in [Some("no space"), Some("no space"), None] {
        world.step(Event::Stored(Stored {
            file: "series.json",
            problem: problem.map(ToOwned::to_owned),
        }));
    }
    let said = &world.lines[before..];
    assert_eq!(said.len(), 2, "once, and once when it is over: {said:?}");
    let written = world.series_written;
    world.run(Duration::from_secs(121));
    assert!(world.series_written > written, "what failed is tried again");
}

#[test]
fn a_pass_that_never_ends_is_told_to_the_watchdog() {
    let mut world = World::known(setup(6), Faults::none(6));
    world.run(Duration::from_secs(30));
    assert_eq!(world.core.overdue(world.now), None);
    world.pass_ms = 3_600_000;
    world.run(Duration::from_secs(11));
    assert_eq!(world.core.overdue(world.now), None);
    world.run(Duration::from_secs(3));
    let why = world.core.overdue(world.now);
    assert!(why.is_some_and(|why| why.contains("fake")));
}

#[test]
fn shutdown_with_a_dead_endpoint_ends_and_counts_what_is_lost() {
    let mut world = World::known(setup(16), Faults::none(16));
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    world.run(Duration::from_secs(90));
    world.stop();
    let account = world.core.account();
    assert_eq!(
        account.dropped.get(&Reason::Shutdown).copied().unwrap_or(0),
        account.sealed
    );
    assert_eq!(world.core.account().owed(), 0);
}

#[test]
fn one_bad_datum_is_found_by_halving_and_the_rest_arrives() {
    let mut world = World::known(setup(17), Faults::none(17));
    world.run(Duration::from_secs(62));
    // Refuses any batch that holds the heartbeat.
    let mut refused = 0;
    for _ in 0..200 {
        let event = world.next_event(Duration::MAX).unwrap();
        let actions = world.core.step(event, world.now);
        for action in actions {
            match action {
                Action::Send(id, batch)
                    if batch
                        .datums()
                        .iter()
                        .any(|d| d.metric == "ExporterHeartbeat") =>
                {
                    refused += 1;
                    let code = "InvalidParameterValue";
                    let answer = Answer::new(Outcome::Invalid, code, "scripted");
                    world.later(50, Event::Answer(id, answer));
                }
                other => world.perform(vec![other]),
            }
        }
    }
    assert!(refused > 2);
    let account = world.core.account();
    assert_eq!(
        account.dropped.get(&Reason::Invalid),
        Some(&2),
        "two heartbeats, fleet and instance"
    );
    assert_eq!(account.owed(), 0);
    assert!(
        world
            .lines
            .iter()
            .any(|line| line.starts_with("gave up ExporterHeartbeat{"))
    );
}

/// A remote firewall whose CPU comes in blocks of a minute.
fn remote_setup(seed: u64) -> Setup {
    let target = Some(Arc::from("fw-a"));
    let instance = Dimension {
        name: "InstanceId".into(),
        value: "i-fw".to_owned(),
    };
    let who = Who {
        instance: Some(instance),
        group: Group::None,
        in_service: true,
        ha_group: None,
    };
    let rhythm = Rhythm {
        period: Duration::from_secs(60),
        after_end: Some(Duration::from_millis(1200)),
    };
    Setup {
        collectors: [(
            0,
            Planned {
                name: "panos",
                target: target.clone(),
                rhythm,
                published: true,
                timeout: Duration::from_secs(30),
            },
        )]
        .into(),
        remote: BTreeMap::from([(target, who)]),
        close_after: Duration::from_secs(10),
        ..setup(seed)
    }
}

fn block(world: &mut World) -> (Readings, Option<CollectError>) {
    let mut readings = Readings::default();
    #[allow(clippy::cast_precision_loss)]
    let values = (0..60)
        .map(|second| (world.passes * 100 + second) as f64)
        .collect();
    readings.push(Record::new(&CPU, Raw::Block(values)));
    (readings, None)
}

#[test]
fn a_remote_block_belongs_to_the_window_that_just_ended() {
    let mut world = World::known(remote_setup(20), Faults::none(20));
    world.collect = block;
    world.run(Duration::from_secs(600));
    let windows = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert_eq!(windows.len(), 9, "{windows:?}");
    assert!(
        windows
            .iter()
            .enumerate()
            .all(|(n, window)| *window == (n as i64 * 60, 60)),
        "{windows:?}"
    );
    // Closed ten seconds after the end, in one call with the target's heartbeat; nothing reads this machine.
    assert_eq!(world.calls.len(), 9);
    assert_eq!(
        world
            .counts("ExporterHeartbeat", "InstanceId")
            .iter()
            .map(|(_, n)| n)
            .sum::<u64>(),
        9
    );
}

#[test]
fn a_late_block_is_labelled_by_its_real_start() {
    let mut world = World::known(remote_setup(21), Faults::none(21));
    world.collect = block;
    world.run(Duration::from_secs(150));
    // The pass due at 181.2 s comes home at 206.2 s: its minute began at 146.2 s, in the window of 120 s.
    world.pass_ms = 25_000;
    world.run(Duration::from_secs(60));
    world.pass_ms = 2;
    world.run(Duration::from_secs(300));
    let windows = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert!(
        windows.iter().all(|(_, n)| *n == 60),
        "one datum per series and window: {windows:?}"
    );
    assert!(windows.contains(&(120, 60)), "{windows:?}");
    assert_eq!(world.core.account().late_blocks, 0);
}

#[test]
fn a_second_block_for_a_sealed_window_is_dropped_and_counted() {
    let mut world = World::known(remote_setup(22), Faults::none(22));
    world.collect = block;
    world.run(Duration::from_secs(150));
    // The wall clock goes back two minutes: their labels come round again.
    world.now.wall_ms -= 120_000;
    world.run(Duration::from_secs(600));
    let windows = world.counts("DataplaneCpuUtilization", "InstanceId");
    assert!(windows.iter().all(|(_, n)| *n == 60), "{windows:?}");
    // Two blocks of three series: CPU, level, and the capacity made of the CPU.
    assert_eq!(world.core.account().late_blocks, 6);
}

/// Its pass may have begun as late as its period is long, and is no hang before that and its timeout are over.
#[test]
fn a_remote_pass_that_never_ends_is_told_to_the_watchdog_a_period_later() {
    let mut world = World::known(remote_setup(24), Faults::none(24));
    world.collect = block;
    world.run(Duration::from_secs(65));
    // The pass due at 121.2 s: a period, 30 s of timeout and 10 s.
    world.pass_ms = 3_600_000;
    world.run(Duration::from_secs(155));
    assert_eq!(world.core.overdue(world.now), None);
    world.run(Duration::from_secs(3));
    assert!(world.core.overdue(world.now).is_some());
}

#[test]
fn a_remote_pass_that_is_held_up_runs_late_inside_its_period() {
    let mut world = World::known(remote_setup(23), Faults::none(23));
    world.collect = block;
    world.pass_ms = 70_000;
    world.run(Duration::from_secs(1200));
    // Each pass takes longer than its period: the next runs when it is home, and none is missed but those overtaken.
    assert!(world.passes >= 16, "{} passes", world.passes);
}

static EXTRA: Metric = Metric::new("Extra", Unit::Bytes, Sets::Instance, "an opt-in").opt_in();
static SEEN: Reading = Reading {
    name: "seen",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &EXTRA,
        fold: Fold::Sum,
    }],
};

/// Setup of a core whose `/metrics` shows the opt-in too.
fn shown_setup(seed: u64) -> Setup {
    let shown = Selection {
        enable: ["Extra".to_owned()].into(),
        ..Selection::default()
    };
    Setup {
        shown: Some(shown),
        ..setup(seed)
    }
}

/// A pass in ten fails; the counter grows by two a second all the while.
fn flaky(world: &mut World) -> (Readings, Option<CollectError>) {
    if world.passes.is_multiple_of(10) {
        return (
            Readings::default(),
            Some(CollectError::Failed("flaky".to_owned())),
        );
    }
    let (mut readings, error) = healthy(world);
    let total = Raw::Total(world.passes * 2);
    readings.push(Record::new(&SEEN, total));
    (readings, error)
}

fn shown(text: &str, series: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(series))?;
    line.strip_prefix(' ')?.parse().ok()
}

#[test]
fn what_is_shown_is_the_newest_and_the_account_at_any_moment() {
    let mut faults = Faults::none(40);
    faults.one_in = 5;
    let mut world = World::known(shown_setup(40), faults);
    world.collect = flaky;
    // Half way between ticks, so that each pass is home.
    world.run(Duration::from_millis(1500));
    for _ in 0..1200 {
        world.run(Duration::from_secs(1));
        let text = world.core.exposition(world.now).text();
        let failed = world.passes.is_multiple_of(10);
        let level = (!failed).then_some(world.passes % 100);
        assert_eq!(shown(&text, "fwmetrics_level"), level, "{text}");
        // The first pass was healthy alone; the second seeds.
        let total = (!failed).then_some((world.passes - 2) * 2);
        assert_eq!(shown(&text, "fwmetrics_extra_bytes_total"), total, "{text}");
        let up = shown(&text, "fwmetrics_collector_up{collector=\"fake\"}");
        assert_eq!(up, Some(u64::from(!failed)));
        let datums = ["sealed_total", "sent_total", "waiting"]
            .map(|name| shown(&text, &format!("fwmetrics_datums_{name}")).unwrap());
        let dropped: u64 = Reason::ALL
            .iter()
            .map(|reason| {
                let series = format!(
                    "fwmetrics_datums_dropped_total{{reason=\"{}\"}}",
                    reason.word()
                );
                shown(&text, &series).unwrap()
            })
            .sum();
        assert_eq!(datums[0], datums[1] + datums[2] + dropped);
    }
    let text = world.core.exposition(world.now).text();
    // The twentieth window is not closed yet.
    assert_eq!(shown(&text, "fwmetrics_exporter_heartbeat_total"), Some(19));
    assert!(shown(&text, "fwmetrics_publish_calls_total") > Some(20));
    assert!(
        world.store.keys().all(|((metric, _), _)| metric != "Extra"),
        "what is shown is not published by it"
    );
}

#[test]
fn a_collector_that_runs_for_metrics_alone_publishes_nothing_of_its_passes() {
    for published in [true, false] {
        let mut setup = shown_setup(41);
        setup.collectors.get_mut(&0).unwrap().published = published;
        let mut world = World::known(setup, Faults::none(41));
        world.run(Duration::from_secs(130));
        let up = world
            .store
            .keys()
            .any(|((metric, _), _)| metric == "CollectorUp");
        assert_eq!(up, published);
        let text = world.core.exposition(world.now).text();
        let up = shown(&text, "fwmetrics_collector_up{collector=\"fake\"}");
        assert_eq!(up, Some(1));
    }
}

#[test]
fn readiness_is_the_last_answers() {
    let mut world = World::known(shown_setup(42), Faults::none(42));
    let why = world.core.ready().unwrap_err();
    assert!(why.contains("no window sent yet"), "{why}");
    world.run(Duration::from_secs(70));
    assert_eq!(world.core.ready(), Ok(()));
    for (outcome, words) in [
        (Outcome::Throttled, "throttles"),
        (
            Outcome::Unreachable {
                maybe_accepted: true,
            },
            "cannot reach",
        ),
        (Outcome::Denied, "denies: Denied; check role"),
    ] {
        world.faults.outcome = Some(outcome);
        world.run(Duration::from_secs(70));
        let why = world.core.ready().unwrap_err();
        assert!(why.contains(words) && !why.contains("scripted"), "{why}");
    }
    world.faults.outcome = Some(Outcome::Sent);
    world.run(Duration::from_secs(70));
    assert_eq!(world.core.ready(), Ok(()));
}

#[test]
fn tunnels_over_their_number_have_no_series_and_are_named_once() {
    let mut world = World::known(
        Setup {
            selection: Selection {
                tunnels_max: 2,
                ..Selection::default()
            },
            ..setup(6)
        },
        Faults::none(6),
    );
    world.collect = |world| {
        let (mut readings, error) = healthy(world);
        for (name, expected) in [("a", false), ("b", false), ("c", false), ("site", true)] {
            let record = Record::new(&tunnels::STATE, Raw::Level(1.0)).member(name);
            let record = record.own(OwnDimension::Tunnel, name).expected(expected);
            readings.push(record);
        }
        (readings, error)
    };
    world.run(Duration::from_secs(200));
    world.stop();
    let lines = world.lines.iter();
    let told: Vec<_> = lines.filter(|line| line.contains("tunnels_max")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("2 tunnels over") && told[0].ends_with("only: b, c"));
    // `site`, which is expected, and one other.
    let counted = world.counts_of("TunnelState");
    let capacity = world.counts("CapacityUtilization", "InstanceId");
    let seconds: u64 = capacity.iter().map(|(_, count)| count).sum();
    assert_eq!(counted, 2 * seconds);
}
