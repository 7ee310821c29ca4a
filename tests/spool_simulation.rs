//! The spool in virtual time: outages, faults of the disk, and kills at any moment, with the account checked at every
//! step. A failing seed is printed, and runs again as it was.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::collections::BTreeSet;
use std::time::Duration;

use fwmetrics::agent::core::account::Reason;
use fwmetrics::agent::core::{Event, Setup};
use fwmetrics::collector::CollectError;
use fwmetrics::model::datum::{Datum, Dimension, Resolution};
use fwmetrics::model::dimension::OwnDimension;
use fwmetrics::model::metric::{Detail, Metric, Sets};
use fwmetrics::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record};
use fwmetrics::model::unit::Unit;
use fwmetrics::publish::batch::split;
use fwmetrics::publish::outcome::Outcome;
use fwmetrics::publish::spool::{FileName, encode};
use simulated::disk::Mood;
use simulated::*;

fn spooling(seed: u64) -> Setup {
    let mut setup = setup(seed);
    setup.limits.disk_bytes = Some(16 << 20);
    setup
}

/// Of a fresh window while a call of the backlog is under way: its answer, and the disk.
const MOST_LATE: Duration = Duration::from_millis(450);

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// Windows of the CPU that arrived, and none but whole ones; each is there as often as its count says.
fn windows(world: &World) -> Vec<(i64, u64)> {
    world.counts("DataplaneCpuUtilization", "InstanceId")
}

fn lost(world: &World) -> u64 {
    world.core.account().dropped_total()
}

#[test]
fn a_healthy_day_writes_each_window_once_and_leaves_nothing() {
    let mut world = World::known(spooling(1), Faults::none(1));
    world.run(Duration::from_millis(86_399_900));
    world.stop();
    assert_eq!(windows(&world).len(), 1440);
    assert_eq!(world.calls.len(), 1440);
    assert!(world.disk.files.is_empty());
    assert_eq!((world.disk.writes, world.disk.loads), (1440, 0));
    let totals = world.disk.totals.as_ref().unwrap();
    assert_eq!((totals.sealed, totals.on_disk), (totals.sent, 0));
    assert!(totals.dropped.is_empty());
}

#[test]
fn twelve_hours_of_outage_keep_memory_flat_and_lose_nothing() {
    let mut world = World::known(spooling(2), Faults::none(2));
    world.run(Duration::from_secs(600));
    let healthy = world.most_memory;
    let begin = world.now.boot;
    world.faults.outage = Some((Duration::ZERO, begin + hours(12)));
    world.run(hours(12));
    assert!(
        world.most_memory <= 3 * healthy,
        "{} bytes, {healthy} before",
        world.most_memory
    );
    assert_eq!(world.disk.files.len(), 720);
    assert_eq!(world.disk.writes, 729, "no batch is written twice");
    let calls = world.calls.len();
    let sealed = windows(&world).len();
    // A call takes 0.4 s at most and the next of the backlog goes 0.2 s after its answer, reading and removing 0.04 s.
    let bound = Duration::from_millis(720 * 640 + 60_000);
    world.run(bound);
    assert!(
        world.disk.files.is_empty(),
        "{} left",
        world.disk.files.len()
    );
    assert_eq!(world.core.waiting(), 0);
    assert!(world.most_memory <= 3 * healthy);
    // After the first answer each fresh window goes on time, and the backlog newest first.
    let fresh_at = |stamp: i64| {
        let end = Duration::from_millis(u64::try_from((stamp + 60) * 1000 - EPOCH_MS).unwrap());
        Duration::from_secs(1000) + end + Duration::from_millis(1700)
    };
    let after = &world.calls[calls..];
    let fresh: Vec<_> = after
        .iter()
        .filter(|(at, stamps)| at.saturating_sub(fresh_at(stamps[0])) < MOST_LATE)
        .collect();
    assert!(fresh.len() >= 7, "{}", fresh.len());
    let backlog: Vec<i64> = after
        .iter()
        .filter(|(at, stamps)| at.saturating_sub(fresh_at(stamps[0])) >= MOST_LATE)
        .map(|(_, stamps)| stamps[0])
        .collect();
    assert!(backlog.windows(2).all(|pair| pair[0] >= pair[1]));
    assert!(sealed + backlog.len() + fresh.len() >= windows(&world).len());
    assert!(windows(&world)[1..].iter().all(|(_, count)| *count == 60));
    assert_eq!(lost(&world), 0);
    world.stop();
}

/// Eight kills each.
const SEEDS: u64 = 20;

#[test]
fn kills_at_any_moment_lose_no_written_window() {
    let (mut kills, mut unwritten, mut twice) = (0, 0, 0);
    for seed in 0..SEEDS {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut faults = Faults::none(seed);
        faults.one_in = [0, 2, 4][usize::try_from(seed % 3).unwrap()];
        let mut world = World::known(spooling(seed), faults);
        let mut in_memory = 0;
        for life in 1..=8 {
            world.run(Duration::from_millis(rng.u64(60_000..400_000)));
            if rng.bool() {
                // Among the moments after a window closes, when it is written, sent and removed.
                let close = 60_000 - world.now.wall_ms.rem_euclid(60_000).unsigned_abs() + 1700;
                let after = [20, 600][usize::from(rng.bool())];
                world.run(Duration::from_millis(close + rng.u64(0..after)));
            }
            world.disk.crash(&mut rng);
            // In the milliseconds between its close and the end of its writing a window is in memory alone.
            in_memory += world.core.waiting().saturating_sub(world.disk.datums());
            world.killed(spooling(seed * 100 + life));
            kills += 1;
        }
        world.faults.one_in = 0;
        world.run(hours(1));
        world.stop();
        let account = world.core.account();
        let lost = account.dropped.get(&Reason::Lost).copied().unwrap_or(0);
        assert_eq!(account.dropped_total(), lost, "seed {seed}: {account}");
        assert!(lost <= in_memory, "seed {seed}: {account}");
        assert_eq!(account.owed(), 0, "seed {seed}: {account}");
        assert!(world.disk.files.is_empty(), "seed {seed}");
        let arrived: BTreeSet<i64> = world.store.keys().map(|(_, stamp)| *stamp).collect();
        let missing: Vec<&i64> = world.disk.ever.difference(&arrived).collect();
        assert!(missing.is_empty(), "seed {seed}: lost {missing:?}");
        unwritten += u64::from(in_memory > 0);
        twice += windows(&world).iter().filter(|(_, n)| *n > 60).count();
    }
    assert!(
        kills == 8 * SEEDS && unwritten > 0 && twice > 0,
        "{kills} {unwritten} {twice}"
    );
}

#[test]
fn a_disk_that_fails_any_way_costs_no_datum_while_the_process_lives() {
    for (seed, mood) in [
        Mood::ReadOnly,
        Mood::Full(0),
        Mood::Full(20_000),
        Mood::Slow(1500),
        Mood::Slow(4000),
        Mood::TooSlow(5000),
        Mood::Flaky(3),
        Mood::Flaky(8),
    ]
    .into_iter()
    .enumerate()
    {
        let seed = seed as u64;
        let mut world = World::known(spooling(seed), Faults::none(seed));
        world.mood = mood;
        world.faults.one_in = 3;
        let begin = world.now.boot;
        world.faults.outage = Some((begin + hours(1) / 2, begin + hours(1)));
        world.run(hours(3) / 2);
        world.mood = Mood::Well;
        world.faults.one_in = 0;
        world.run(hours(1) / 2);
        world.stop();
        assert_eq!(lost(&world), 0, "{mood:?}");
        assert_eq!(world.core.account().owed(), 0, "{mood:?}");
        assert_eq!(windows(&world).len(), 120, "{mood:?}");
        assert!(
            world.disk.files.is_empty(),
            "{mood:?}: {:?}",
            world.disk.files.keys()
        );
        let said = |text: &str| {
            world
                .lines
                .iter()
                .filter(|line| line.contains(text))
                .count()
        };
        let (bad, well) = (
            said("wait in memory alone"),
            said("takes unsent batches again"),
        );
        assert!(
            bad == well && well <= 1 || matches!(mood, Mood::Flaky(_) | Mood::Full(_)),
            "{mood:?}: {bad} {well}"
        );
    }
}

#[test]
fn a_dead_disk_holds_up_no_window() {
    let mut world = World::known(spooling(4), Faults::none(4));
    world.run(Duration::from_secs(110));
    world.mood = Mood::TooSlow(5000);
    world.run(Duration::from_secs(600));
    let late = |(at, stamps): &(Duration, Vec<i64>)| {
        let end = (stamps[0] + 60) * 1000 - EPOCH_MS + 1700;
        *at - Duration::from_secs(1000) - Duration::from_millis(end.unsigned_abs())
    };
    let late: Vec<Duration> = world.calls.iter().map(late).collect();
    assert!(late[0] < Duration::from_millis(25));
    // The first waits two seconds for its file; then the disk is known to be dead, and tried again each half minute.
    assert!(
        late.iter().all(|late| *late <= Duration::from_millis(2010)),
        "{late:?}"
    );
    assert!(
        late[3..]
            .iter()
            .all(|late| *late < Duration::from_millis(450)),
        "{late:?}"
    );
}

#[test]
fn a_read_only_spool_is_said_once_and_heals() {
    let mut world = World::known(spooling(5), Faults::none(5));
    world.mood = Mood::ReadOnly;
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    world.run(hours(1));
    assert!(world.disk.files.is_empty());
    world.mood = Mood::Well;
    world.run(Duration::from_secs(100));
    assert!(
        world.disk.datums() >= world.core.waiting() - 20,
        "all of it is on disk now"
    );
    let said = |text: &str| {
        world
            .lines
            .iter()
            .filter(|line| line.contains(text))
            .count()
    };
    assert_eq!(said("wait in memory alone"), 1);
    assert_eq!(said("takes unsent batches again"), 1);
}

#[test]
fn over_its_bound_the_spool_drops_the_oldest_and_counts_them() {
    let mut setup = spooling(6);
    setup.limits.disk_bytes = Some(100_000);
    let mut world = World::known(setup, Faults::none(6));
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    world.run(hours(4));
    assert!(
        world.disk.most_bytes <= 100_000,
        "{}",
        world.disk.most_bytes
    );
    let account = world.core.account();
    assert!(account.dropped[&Reason::DiskFull] > 0);
    assert_eq!(account.dropped.len(), 1);
    let oldest = world.disk.files.keys().next().unwrap().newest - EPOCH_MS / 1000;
    assert!(oldest > 2 * 3600, "{oldest}");
    world.faults.outage = None;
    world.run(Duration::from_secs(300));
    assert_eq!(world.core.waiting(), 0);
}

#[test]
fn shutdown_without_an_endpoint_leaves_all_on_disk_and_a_restart_sends_it() {
    let mut world = World::known(spooling(7), Faults::none(7));
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    world.run(Duration::from_secs(400));
    world.stop();
    assert_eq!((lost(&world), world.core.unsent()), (0, 0));
    let sealed = world.core.account().sealed;
    assert_eq!(world.disk.datums(), sealed);
    assert_eq!(world.disk.totals.as_ref().unwrap().on_disk, sealed);
    world.faults.outage = None;
    world.killed(spooling(8));
    assert_eq!(
        world.core.waiting(),
        sealed,
        "before the spool is looked at"
    );
    world.run(Duration::from_secs(10));
    assert_eq!(world.core.waiting(), 0);
    assert_eq!(world.core.account().sent, sealed);
    assert_eq!(windows(&world).len(), 7);
    assert!(world.disk.files.is_empty());
}

#[test]
fn what_is_spoilt_or_gone_is_counted_and_the_rest_arrives() {
    let mut world = World::known(spooling(9), Faults::none(9));
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    world.run(Duration::from_secs(610));
    world.stop();
    let names: Vec<FileName> = world.disk.files.keys().copied().collect();
    world.disk.files.get_mut(&names[1]).unwrap()[100] ^= 4;
    world.disk.files.get_mut(&names[2]).unwrap().truncate(200);
    world
        .disk
        .files
        .insert(names[3], b"fwmetrics batch 2 00000000 0\n".to_vec());
    world.disk.files.remove(&names[4]);
    // One that another wrote: the name promises more than there is.
    let foreign = FileName {
        datums: 77,
        ..names[5]
    };
    let bytes = world.disk.files.remove(&names[5]).unwrap();
    world.disk.files.insert(foreign, bytes);
    world.faults.outage = None;
    world.killed(spooling(10));
    world.run(Duration::from_secs(30));
    let dropped = &world.core.account().dropped;
    let in_files = |range: std::ops::RangeInclusive<usize>| -> u64 {
        names[range].iter().map(|name| name.datums as u64).sum()
    };
    assert_eq!(dropped[&Reason::Corrupt], in_files(1..=3) + 77);
    assert_eq!(world.core.account().owed(), 0);
    assert_eq!(windows(&world).len(), names.len() - 5);
    assert_eq!(world.disk.rejected.len(), 3);
}

#[test]
fn the_halves_of_a_refused_batch_are_covered_by_its_file() {
    for kill_after in [0, 1, 2, 5, 40] {
        let mut world = World::known(spooling(11), Faults::none(11));
        world.faults.outage = Some((Duration::ZERO, Duration::MAX));
        world.run(Duration::from_secs(30));
        world.stop();
        let names: Vec<FileName> = world.disk.files.keys().copied().collect();
        let stamp = names[0].newest;
        world.disk.files.clear();
        world.disk.totals = None;
        let batch = split(&"Test".into(), (0..64).map(|n| datum(n, stamp)).collect()).remove(0);
        let name = FileName::of(&batch, 3);
        world.disk.files.insert(name, encode(&batch));
        world.faults.outage = None;
        world.poison = Some("Metric17".to_owned());
        world.killed(spooling(12));
        for _ in 0..kill_after {
            world.run(Duration::from_millis(500));
        }
        world.killed(spooling(13));
        world.run(Duration::from_secs(50));
        world.stop();
        let arrived = (0..64)
            .filter(|n| world.counts_of(&format!("Metric{n}")) > 0)
            .count();
        assert_eq!(arrived, 63, "killed after {kill_after}");
        let account = world.core.account();
        assert!(
            account
                .dropped
                .keys()
                .all(|reason| *reason == Reason::Invalid),
            "{account}"
        );
        assert_eq!(account.owed(), 0);
        assert!(world.disk.files.is_empty());
    }
}

fn datum(number: u32, timestamp: i64) -> Datum {
    Datum {
        metric: format!("Metric{number}").into(),
        unit: Unit::Count,
        dimensions: vec![Dimension {
            name: "InstanceId".into(),
            value: "i-1".to_owned(),
        }],
        timestamp,
        resolution: Resolution::Minute,
        values: vec![(f64::from(number), 1)],
    }
}

#[test]
fn too_old_batches_leave_the_disk_too() {
    let mut setup = spooling(14);
    setup.limits.oldest_secs = 3600;
    let mut world = World::known(setup, Faults::none(14));
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    world.run(hours(3));
    assert!(
        (59..=62).contains(&world.disk.files.len()),
        "{}",
        world.disk.files.len()
    );
    assert!(world.core.account().dropped[&Reason::TooOld] > 0);
}

#[test]
fn a_denied_role_at_the_end_leaves_all_on_disk_at_once() {
    let mut world = World::known(spooling(15), Faults::none(15));
    world.faults.outcome = Some(Outcome::Denied);
    world.run(Duration::from_secs(200));
    let before = world.now.boot;
    world.step(Event::Stop);
    world.run(Duration::from_secs(3));
    assert!(world.exited && world.now.boot <= before + Duration::from_secs(3));
    assert_eq!(world.core.unsent(), 0);
    assert_eq!(world.disk.datums(), world.core.waiting());
}

#[test]
fn a_clock_that_is_set_after_the_start_costs_no_spooled_batch() {
    for (set_after, whole) in [(600, true), (1200, false)] {
        let mut world = World::known(spooling(16), Faults::none(16));
        world.faults.outage = Some((Duration::ZERO, Duration::MAX));
        world.run(Duration::from_secs(610));
        world.stop();
        world.faults.outage = None;
        let right = world.now.wall_ms;
        world.now.wall_ms = 0;
        world.killed(spooling(17));
        world.run(Duration::from_secs(set_after));
        world.now.wall_ms += right;
        world.run(Duration::from_secs(300));
        let too_new = world.core.account().dropped.get(&Reason::TooNew);
        assert_eq!(too_new.is_none(), whole);
        let early = windows(&world)
            .iter()
            .filter(|(stamp, _)| (0..600).contains(stamp))
            .count();
        assert_eq!(early, if whole { 10 } else { 0 });
    }
}

#[test]
fn a_batch_that_no_room_can_be_made_for_drives_no_other_out() {
    let mut setup = spooling(18);
    setup.limits.disk_bytes = Some(40_000);
    let mut world = World::known(setup, Faults::none(18));
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    world.run(Duration::from_secs(300));
    let before = world.disk.files.len();
    assert_eq!(before, 4);
    // From here on a window has hundreds of values: its file is longer than the bound.
    world.collect = wide;
    world.run(Duration::from_secs(130));
    let files: Vec<_> = world.disk.files.iter().map(|(n, b)| (n, b.len())).collect();
    assert!(files.len() >= before, "{before}: {files:?}");
    assert_eq!(lost(&world), 0);
    world.faults.outage = None;
    world.run(Duration::from_secs(60));
    assert_eq!(world.core.waiting(), 0);
}

/// Two hundred cores, each with a CPU of its own and a name of the longest.
fn wide(world: &mut World) -> (Readings, Option<CollectError>) {
    let (mut readings, error) = healthy(world);
    #[allow(clippy::cast_precision_loss)]
    for core in 0..200u64 {
        let level = Raw::Level((world.passes * 7 + core) as f64 / 3.0);
        let name = format!("{core}{}", "x".repeat(240));
        let record = Record::new(&WIDE, level).member(&name);
        readings.push(record.own(OwnDimension::Core, &name));
    }
    (readings, error)
}

static WIDE_METRIC: Metric = Metric::new("Wide", Unit::Count, Sets::DetailOnly, "by core")
    .detail(Detail::On(OwnDimension::Core));
static WIDE: Reading = Reading {
    name: "wide",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &WIDE_METRIC,
        fold: Fold::Max,
    }],
};

/// Files of one datum each, a second apart, as an outage at windows of a second leaves them.
fn leave_files(world: &mut World, count: u32) {
    let newest = world.now.wall_ms / 1000 - 60;
    for number in 0..count {
        let stamp = newest - i64::from(count - number);
        let batch = split(&"Test".into(), vec![datum(number % 10, stamp)]).remove(0);
        let name = FileName::of(&batch, u64::from(number) + 1);
        world.disk.files.insert(name, encode(&batch));
    }
}

/// Most batches with which something goes on at any time while an endpoint and a disk are well.
const MOST_ACTIVE: usize = 4;

/// Runs for so long, and after each step compares the sums with a recount, and looks how many batches are active.
fn run_watched(world: &mut World, span: Duration, recount: bool) -> usize {
    let end = world.now.boot + span;
    let mut most = 0;
    while let Some(event) = world.next_event(end) {
        world.step(event);
        let queue = world.core.queue();
        assert!(!recount || queue.sums_hold());
        most = most.max(queue.active_and_idle().0);
    }
    most
}

#[test]
fn twenty_thousand_files_are_sent_newest_first_and_few_are_looked_at() {
    const FILES: u32 = 20_000;
    let mut world = World::known(spooling(20), Faults::none(20));
    leave_files(&mut world, FILES);
    world.killed(spooling(21));
    let calls = world.calls.len();
    let mut most = run_watched(&mut world, hours(1), false);
    let (_, idle) = world.core.queue().active_and_idle();
    assert!((1..FILES as usize - 5000).contains(&idle), "{idle} left");
    // The endpoint goes and comes again, and each fresh window is written, tried and laid by.
    let now = world.now.boot;
    world.faults.outage = Some((now, now + hours(1)));
    most = most.max(run_watched(&mut world, hours(5), false));
    assert_eq!(world.core.waiting(), 0);
    assert!(world.disk.files.is_empty());
    assert!(most <= MOST_ACTIVE, "{most} batches were active");
    assert_eq!(lost(&world), 0);
    // Before the outage: those of the spool are of a time before the first window.
    let spooled = |stamps: &&Vec<i64>| stamps[0] < EPOCH_MS / 1000 - 60;
    let all = world.calls[calls..].iter().map(|(_, stamps)| stamps);
    let sent: Vec<i64> = all.filter(spooled).map(|stamps| stamps[0]).collect();
    assert!(sent.windows(2).all(|pair| pair[0] >= pair[1]));
    let arrived = world
        .store
        .keys()
        .filter(|((name, _), _)| name.starts_with("Metric"));
    assert_eq!(arrived.count(), FILES as usize);
}

#[test]
fn the_sums_are_those_of_a_recount_at_every_step() {
    for (seed, mood) in [
        Mood::Well,
        Mood::Full(50_000),
        Mood::TooSlow(5000),
        Mood::Flaky(4),
        Mood::Slow(3000),
    ]
    .into_iter()
    .enumerate()
    {
        let seed = seed as u64;
        let mut setup = spooling(seed);
        setup.limits.disk_bytes = Some(60_000);
        setup.limits.oldest_secs = 3 * 3600;
        let mut world = World::known(setup.clone(), Faults::none(seed));
        leave_files(&mut world, 200);
        world.mood = mood;
        world.killed(setup);
        world.faults.one_in = 2;
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        run_watched(&mut world, minutes(5), true);
        world.faults.outage = Some((Duration::ZERO, Duration::MAX));
        run_watched(&mut world, minutes(20), true);
        // Four hours back: what was labelled before is ahead of the clock, then in time again, then ahead for too long.
        world.now.wall_ms -= 4 * 3_600_000;
        run_watched(&mut world, minutes(5), true);
        world.now.wall_ms += 4 * 3_600_000;
        run_watched(&mut world, minutes(10), true);
        world.now.wall_ms -= 4 * 3_600_000;
        run_watched(&mut world, minutes(20), true);
        let dropped = &world.core.account().dropped;
        assert!(
            dropped.contains_key(&Reason::TooNew),
            "{mood:?}: {dropped:?}"
        );
        world.faults.outage = None;
        world.faults.one_in = 0;
        world.mood = Mood::Well;
        world.now.wall_ms += 4 * 3_600_000;
        run_watched(&mut world, minutes(15), true);
        assert_eq!(world.core.waiting(), 0, "{mood:?}");
        assert!(world.disk.files.is_empty(), "{mood:?}");
    }
}

#[test]
fn a_role_that_is_denied_for_hours_keeps_memory_flat() {
    let mut setup = spooling(22);
    setup.period = Duration::from_secs(10);
    let mut world = World::known(setup, Faults::none(22));
    world.run(Duration::from_secs(600));
    let healthy = world.most_memory;
    world.faults.outcome = Some(Outcome::Denied);
    let most = run_watched(&mut world, hours(4), false);
    assert!(most <= MOST_ACTIVE, "{most} batches were active");
    assert!(world.most_memory <= 3 * healthy, "{}", world.most_memory);
    world.faults.outcome = None;
    world.run(hours(1));
    assert_eq!((world.core.waiting(), lost(&world)), (0, 0));
    assert!(windows(&world)[1..].iter().all(|(_, count)| *count == 10));
}
