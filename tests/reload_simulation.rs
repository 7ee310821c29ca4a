//! Reloads in virtual time: at any moment, with collectors that stay, come, go and change, under other periods and
//! settings. What stays loses no reading and has none twice, and the account balances at every step.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fwmetrics::agent::core::{Event, Setup};
use fwmetrics::aggregate::label::WantedSets;
use fwmetrics::collector::CollectError;
use fwmetrics::identity::Settings;
use fwmetrics::model::dimension::OwnDimension;
use fwmetrics::model::metric::{Detail, Metric, Sets};
use fwmetrics::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record, Width};
use fwmetrics::model::selection::Selection;
use fwmetrics::model::unit::Unit;

use simulated::*;

const SECOND: Duration = Duration::from_secs(1);

macro_rules! counter {
    ($metric:ident, $reading:ident, $name:literal) => {
        static $metric: Metric = Metric::new($name, Unit::Count, Sets::Instance, "a counter");
        static $reading: Reading = Reading {
            name: $name,
            kind: Kind::Counter(Width::Bits64),
            feeds: &[Feed {
                metric: &$metric,
                fold: Fold::Sum,
            }],
        };
    };
}

counter!(STEADY_TOTAL, STEADY, "SteadyTotal");
counter!(SLOW_TOTAL, SLOW, "SlowTotal");
counter!(OTHER_TOTAL, OTHER, "OtherTotal");

/// A metric to be switched on and off, with fine series.
static OPTIONAL: Metric = Metric::new("Optional", Unit::Count, Sets::Instance, "a level")
    .detail(Detail::OptIn(OwnDimension::Interface));
static OPTIONAL_LEVEL: Reading = Reading {
    name: "optional",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &OPTIONAL,
        fold: Fold::Sum,
    }],
};

/// Counters grow by one each millisecond.
fn by_name(world: &mut World) -> (Readings, Option<CollectError>) {
    let name = world.names[&world.collecting];
    let (mut readings, _) = match name {
        "steady" => healthy(world),
        _ => (Readings::default(), None),
    };
    let total = Raw::Total(u64::try_from(world.now.boot.as_millis()).unwrap());
    let counter = match name {
        "steady" => &STEADY,
        "slow" => &SLOW,
        _ => &OTHER,
    };
    readings.push(Record::new(counter, total));
    if name == "steady" {
        let level = Record::new(&OPTIONAL_LEVEL, Raw::Level(1.0));
        readings.push(level.own(OwnDimension::Interface, "eth0"));
    }
    (readings, None)
}

fn known(setup: Setup, faults: Faults) -> World {
    let mut world = World::of(setup, faults, by_name);
    world.step(Event::Identity(identity(), None));
    world
}

const STEADY_NUMBER: usize = 0;
const SLOW_NUMBER: usize = 1;

fn base(seed: u64) -> Setup {
    Setup {
        collectors: BTreeMap::from([
            (STEADY_NUMBER, planned("steady", 1)),
            (SLOW_NUMBER, planned("slow", 10)),
            (2, planned("other", 1)),
        ]),
        ..setup(seed)
    }
}

/// Draws the next configuration from the one in force; `next` is a number that no collector had.
fn another(rng: &mut fastrand::Rng, now: &Setup, next: &mut usize) -> Setup {
    let mut new = now.clone();
    let other = new.collectors.keys().copied().find(|number| *number > 1);
    match (other, rng.u8(0..4)) {
        (Some(number), 0) => drop(new.collectors.remove(&number)),
        (Some(number), 1) => {
            new.collectors.remove(&number);
            new.collectors.insert(*next, planned("other", 5));
            *next += 1;
        }
        (None, _) => {
            new.collectors.insert(*next, planned("other", 1));
            *next += 1;
        }
        _ => {}
    }
    match rng.u8(0..13) {
        0 | 1 => new.period = Duration::from_secs(*rng.choice(&[5, 10, 30, 60]).unwrap()),
        2 => new.close_after = Duration::from_millis(rng.u64(250..3000)),
        3 => new.series_max = rng.usize(40..300),
        4 => new.limits.requests_per_second = std::num::NonZeroU32::new(rng.u32(1..20)).unwrap(),
        5 => new.limits.memory_bytes = rng.usize(2 << 20..4 << 20),
        6 => {
            let enable = ["Optional:Interface".to_owned()];
            new.selection.enable = enable.into_iter().filter(|_| rng.bool()).collect();
        }
        7 => {
            let disable = ["Optional".to_owned()];
            new.selection.disable = disable.into_iter().filter(|_| rng.bool()).collect();
        }
        8 => new.identity.ha_group = rng.bool().then(|| "pair".to_owned()),
        9 => new.sets.fleet = rng.bool(),
        10 => new.checkpoint = Duration::from_secs(rng.u64(1..30)),
        11 => {
            new.shown = rng.bool().then(Selection::default);
        }
        _ => {}
    }
    new
}

/// What happened to the timetable: from when on, milliseconds of the wall clock, windows of so many seconds.
type Periods = Vec<(i64, i64)>;

/// The length of the window with this label, in seconds; `None` where one of these moments lies in it, or where a window
/// that begins at one of them has its label.
fn untouched(label: i64, periods: &Periods, end_ms: i64) -> Option<i64> {
    let begins = |(from, period): &(i64, i64)| from.div_euclid(period * 1000) * period;
    if periods.iter().any(|change| begins(change) == label) {
        return None;
    }
    let place = periods.partition_point(|(from, _)| *from <= label * 1000);
    let (_, period) = *periods.get(place.checked_sub(1)?)?;
    let window_end = (label + period) * 1000;
    let next = periods.get(place).map_or(end_ms, |(from, _)| *from);
    (window_end <= next.min(end_ms) && label % period == 0).then_some(period)
}

fn a_life_of_reloads(seed: u64, faults: Faults, pass_ms: u64) -> World {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut now = base(seed);
    // Every other one with a spool, and so with journals of its open windows.
    now.limits.disk_bytes = (seed % 2 == 1).then_some(16 << 20);
    let mut world = known(now.clone(), faults);
    world.pass_ms = pass_ms;
    // The start cuts a window in two as well.
    let mut periods: Periods = vec![(world.now.wall_ms + 1, 60)];
    let mut next = 3;
    let end = world.now.boot + Duration::from_secs(1800);
    let mut reloads = 0;
    while world.now.boot < end {
        // Off the grid of milliseconds: the wall clock is read in whole ones, and rounds.
        world.run(Duration::from_micros(rng.u64(1..40_000_000)));
        if rng.u8(0..3) == 0 {
            world.step(Event::NotReloaded);
            continue;
        }
        let new = another(&mut rng, &now, &mut next);
        reloads += 1;
        if new.period != now.period {
            let period = i64::try_from(new.period.as_secs()).unwrap();
            periods.push((world.now.wall_ms, period));
        }
        world.reload(new.clone());
        now = new;
    }
    assert!(reloads > 30, "seed {seed}: {reloads} reloads");
    // Between two ticks, where no pass is under way, and with all answers in.
    let to_next = 2000 - u64::try_from(world.now.wall_ms % 1000).unwrap();
    world.run(Duration::from_millis(to_next + 120_000 + 950));
    let end_ms = world.now.wall_ms;
    world.faults.outage = None;
    world.stop();
    assert!(world.core.account().dropped.is_empty(), "seed {seed}");
    let left = (world.disk.files.len(), world.disk.journals.len());
    assert_eq!(left, (0, 0), "seed {seed}: batches and journals on disk");
    // A new collector whose first pass takes longer than the half second before its first tick misses that one.
    let most = if pass_ms > 500 { next as u64 - 3 } else { 0 };
    assert!(world.core.account().missed_ticks <= most, "seed {seed}");
    nothing_lost_and_nothing_twice(&world, seed);
    each_whole_window_is_whole(&world, &periods, end_ms, seed);
    world
}

fn nothing_lost_and_nothing_twice(world: &World, seed: u64) {
    for (number, metric) in [(STEADY_NUMBER, "SteadyTotal"), (SLOW_NUMBER, "SlowTotal")] {
        let (first, last, passes) = world.asked[&number];
        #[allow(clippy::cast_precision_loss)] // milliseconds of an hour
        let grown = (last - first) as f64;
        assert_eq!(world.sum_of(metric), grown, "seed {seed}: {metric}");
        let readings: u64 = world.counts(metric, "InstanceId").iter().map(|w| w.1).sum();
        // The first pass seeds.
        assert_eq!(readings, passes - 1, "seed {seed}: {metric}");
    }
    // A tick a second from the first to the last.
    let (first, last, passes) = world.asked[&STEADY_NUMBER];
    assert_eq!(passes - 1, (last - first) / 1000, "seed {seed}");
    let cpu = world.counts_of("DataplaneCpuUtilization");
    assert!(cpu >= passes - 1, "seed {seed}");
}

fn each_whole_window_is_whole(world: &World, periods: &Periods, end_ms: i64, seed: u64) {
    let mut whole = 0;
    for (metric, sample_secs) in [("SteadyTotal", 1), ("Level", 1), ("SlowTotal", 10)] {
        for (stamp, count) in world.counts(metric, "InstanceId") {
            let label = stamp + EPOCH_MS / 1000;
            let Some(period) = untouched(label, periods, end_ms) else {
                continue;
            };
            whole += 1;
            let wanted = u64::try_from((period / sample_secs).max(1)).unwrap();
            assert_eq!(
                count, wanted,
                "seed {seed}: {metric} of {stamp}, {periods:?}"
            );
        }
    }
    assert!(whole > 60, "seed {seed}: {whole} whole windows");
    let beats = world.counts("ExporterHeartbeat", "InstanceId");
    assert!(
        beats.iter().all(|(_, beats)| *beats == 1),
        "seed {seed}: {beats:?}"
    );
    assert!(
        beats.windows(2).all(|pair| pair[1].0 - pair[0].0 == 60),
        "seed {seed}: each minute has its heartbeat: {beats:?}"
    );
}

#[test]
fn reloads_at_any_moment_lose_no_reading_and_double_none() {
    for seed in 0..24 {
        let pass_ms = [2, 40, 700][usize::try_from(seed % 3).unwrap()];
        a_life_of_reloads(seed, Faults::none(seed), pass_ms);
    }
}

#[test]
fn reloads_during_an_outage_lose_nothing_either() {
    for seed in 100..106 {
        let mut faults = Faults::none(seed);
        let from = Duration::from_secs(1000 + 300);
        faults.outage = Some((from, from + Duration::from_secs(900)));
        let world = a_life_of_reloads(seed, faults, 2);
        assert_eq!(world.core.waiting(), 0, "seed {seed}");
    }
}

#[test]
fn a_reload_that_changes_nothing_changes_nothing() {
    let mut alone = known(base(1), Faults::none(1));
    let mut reloaded = known(base(1), Faults::none(1));
    for _ in 0..300 {
        alone.run(Duration::from_millis(997));
        reloaded.run(Duration::from_millis(997));
        reloaded.reload(base(1));
    }
    alone.stop();
    reloaded.stop();
    assert_eq!(alone.sums, reloaded.sums);
    assert_eq!(alone.store, reloaded.store);
    assert_eq!(alone.calls, reloaded.calls);
    assert_eq!(alone.core.account(), reloaded.core.account());
    assert!(reloaded.retired.is_empty());
    let text = reloaded.core.exposition(reloaded.now).text();
    assert!(
        text.contains("fwmetrics_reloads_total{result=\"ok\"} 300\n"),
        "{text}"
    );
    assert!(
        text.contains("fwmetrics_reloads_total{result=\"failed\"} 0\n"),
        "{text}"
    );
}

/// A world that has run for half a minute.
fn half_a_minute(seed: u64) -> World {
    let mut world = known(base(seed), Faults::none(seed));
    world.run(Duration::from_millis(30_500));
    world
}

#[test]
fn a_collector_that_is_gone_leaves_what_it_read_and_a_late_pass_of_it_is_nobodys() {
    let mut world = known(base(2), Faults::none(2));
    world.pass_ms = 400;
    // The pass of 30 s is under way.
    world.run(Duration::from_millis(30_100));
    let mut without = base(2);
    without.collectors.remove(&2);
    world.reload(without);
    assert_eq!(world.retired, [2]);
    world.run(Duration::from_secs(120));
    let counts = world.counts("OtherTotal", "InstanceId");
    assert_eq!(counts, [(0, 29)]);
    assert_eq!(world.counts("SteadyTotal", "InstanceId")[1], (60, 60));
    assert_eq!(world.core.account().missed_ticks, 0);
}

#[test]
fn a_changed_collector_seeds_anew_and_goes_on_at_the_next_tick() {
    let mut world = half_a_minute(3);
    let mut changed = base(3);
    changed.collectors.remove(&2);
    changed.collectors.insert(9, planned("other", 1));
    // At 30.5 s it is seeded; half a second on the first tick is due.
    world.reload(changed);
    world.run(Duration::from_secs(120));
    assert_eq!(world.retired, [2]);
    let counts = world.counts("OtherTotal", "InstanceId");
    assert_eq!(counts[..2], [(0, 58), (60, 60)]);
    let sum = world.sums[&(
        ("OtherTotal".to_owned(), vec!["InstanceId".to_owned()]),
        EPOCH_MS / 1000,
    )];
    // 0 to 30 s, 30.5 to 59 s: what passed between the last reading and the seed is no reading's.
    assert!((sum - 58_500.0).abs() < 1.0, "{sum}");
}

#[test]
fn a_collector_that_is_changed_soon_after_a_tick_misses_none() {
    let mut world = known(base(10), Faults::none(10));
    world.run(Duration::from_millis(30_150));
    let mut changed = base(10);
    changed.collectors.remove(&2);
    changed.collectors.insert(9, planned("other", 1));
    world.reload(changed);
    world.run(Duration::from_secs(120));
    let counts = world.counts("OtherTotal", "InstanceId");
    assert_eq!(counts[..2], [(0, 59), (60, 60)]);
}

#[test]
fn another_period_seals_the_window_and_cuts_the_next_on_the_wall() {
    let mut world = half_a_minute(4);
    world.reload(Setup {
        period: Duration::from_secs(10),
        ..base(4)
    });
    world.run(Duration::from_millis(29_300));
    world.reload(base(4));
    world.run(Duration::from_secs(120));
    let counts = world.counts("SteadyTotal", "InstanceId");
    // 1 to 30 s of the minute, 31 to 39, 40 to 49, 50 to 59, and whole minutes again.
    let wanted = [(0, 30), (30, 9), (40, 10), (50, 10), (60, 60)];
    assert_eq!(counts[..5], wanted, "{counts:?}");
    let beats = world.counts("ExporterHeartbeat", "InstanceId");
    assert_eq!(beats, [(0, 1), (60, 1)]);
}

#[test]
fn a_tick_that_is_due_in_the_moment_of_a_reload_is_run_once() {
    for (period_secs, wanted) in [(60, [(0, 59), (60, 60)]), (10, [(0, 30), (30, 9)])] {
        let mut world = known(base(11), Faults::none(11));
        world.run(Duration::from_millis(29_999));
        // The signal is heard before the timer.
        world.advance(world.now.boot + Duration::from_micros(1500));
        world.reload(Setup {
            period: Duration::from_secs(period_secs),
            ..base(11)
        });
        world.run(Duration::from_secs(120));
        let counts = world.counts("SteadyTotal", "InstanceId");
        assert_eq!(counts[..2], wanted, "{counts:?}");
        assert_eq!(world.core.account().missed_ticks, 0);
    }
}

#[test]
fn what_is_decided_at_the_windows_end_is_decided_anew() {
    let mut world = half_a_minute(5);
    let identity = Settings {
        instance_id: Some("i-2".to_owned()),
        ..Settings::default()
    };
    let disable = ["SteadyTotal".to_owned()].into();
    world.reload(Setup {
        namespace: Arc::from("Other"),
        sets: WantedSets {
            fleet: false,
            instance: true,
            ..WantedSets::default()
        },
        selection: Selection {
            enable: ["Optional:Interface".to_owned()].into(),
            disable,
            ..Selection::default()
        },
        identity,
        ..base(5)
    });
    world.run(Duration::from_secs(60));
    assert!(world.counts("SteadyTotal", "InstanceId").is_empty());
    assert!(
        world
            .store
            .keys()
            .all(|((_, sets), _)| sets != &["AutoScalingGroupName"])
    );
    let fine = (
        "Optional".to_owned(),
        vec!["InstanceId".to_owned(), "Interface".to_owned()],
    );
    let fine: Vec<u64> = world
        .store
        .iter()
        .filter(|((series, _), _)| *series == fine)
        .map(|(_, count)| *count)
        .collect();
    // From the next tick on.
    assert_eq!(fine, [29]);
    assert_eq!(world.counts("Level", "InstanceId"), [(0, 59)]);
    assert_eq!(
        world.batches.last().unwrap(),
        &("Other".to_owned(), "i-2".to_owned())
    );
}

#[test]
fn a_name_that_a_reload_brings_lets_go_what_waited_for_it() {
    let mut world = World::of(base(6), Faults::none(6), by_name);
    world.run(Duration::from_secs(200));
    assert!(world.calls.is_empty());
    assert!(world.core.waiting() > 0);
    let identity = Settings {
        instance_id: Some("i-2".to_owned()),
        ..Settings::default()
    };
    world.reload(Setup {
        identity,
        ..base(6)
    });
    world.run(SECOND);
    assert_eq!(world.core.waiting(), 0);
    assert_eq!(world.counts("SteadyTotal", "InstanceId").len(), 3);
}

#[test]
fn a_lower_ceiling_holds_at_the_next_window() {
    let mut world = half_a_minute(7);
    world.run(Duration::from_secs(60));
    let before = world.calls.len();
    world.reload(Setup {
        series_max: 3,
        ..base(7)
    });
    world.run(Duration::from_secs(60));
    assert_eq!(world.calls.len(), before + 1);
    let series = world
        .store
        .keys()
        .filter(|(_, stamp)| *stamp == EPOCH_MS / 1000 + 60);
    assert_eq!(series.count(), 3);
    assert!(world.core.account().refused_series > 0);
}

#[test]
fn a_reload_after_the_end_has_begun_is_nothing() {
    let mut world = half_a_minute(8);
    world.step(Event::Stop);
    world.reload(Setup {
        period: Duration::from_secs(10),
        collectors: BTreeMap::new(),
        ..base(8)
    });
    assert!(world.retired.is_empty());
    world.run(Duration::from_secs(30));
    assert!(world.exited);
    assert!(world.core.account().dropped.is_empty());
}

#[test]
fn metrics_show_only_collectors_that_run_and_go_on_counting() {
    let shown = |setup: Setup| Setup {
        shown: Some(Selection::default()),
        ..setup
    };
    let mut world = known(shown(base(9)), Faults::none(9));
    world.run(Duration::from_millis(30_500));
    let total = |world: &mut World, name: &str| {
        let text = world.core.exposition(world.now).text();
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok())
    };
    let steady = "fwmetrics_steady_total_total";
    let before = total(&mut world, steady).unwrap();
    let up = "fwmetrics_collector_up{collector=\"other\"}";
    assert_eq!(total(&mut world, up), Some(1));
    let mut without = shown(base(9));
    without.collectors.remove(&2);
    world.reload(without);
    assert_eq!(total(&mut world, up), None);
    assert_eq!(total(&mut world, "fwmetrics_other_total_total"), None);
    world.run(Duration::from_secs(10));
    assert_eq!(total(&mut world, steady), Some(before + 10_000));
    world.reload(base(9));
    assert_eq!(total(&mut world, steady), None);
}
