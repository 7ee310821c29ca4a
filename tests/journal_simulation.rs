//! The journal of the open window in virtual time: a process that is killed at any moment loses the readings of the
//! last few seconds, no window that was closed, and sends nothing twice.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::collections::BTreeMap;
use std::time::Duration;

use fwmetrics::agent::core::Setup;
use simulated::disk::Mood;
use simulated::*;

/// Of [`setup`].
const CHECKPOINT_SECS: u64 = 5;
/// A process that was killed is away for so long, and takes as long until its first reading that counts.
const AWAY_SECS: u64 = 2 + 1;

fn spooling(seed: u64) -> Setup {
    let mut setup = setup(seed);
    setup.limits.disk_bytes = Some(16 << 20);
    setup
}

fn readings(world: &World) -> BTreeMap<i64, u64> {
    let counts = world.counts("DataplaneCpuUtilization", "InstanceId");
    counts.into_iter().collect()
}

fn fleet(world: &World) -> BTreeMap<i64, u64> {
    let counts = world.counts("DataplaneCpuUtilization", "AutoScalingGroupName");
    counts.into_iter().collect()
}

fn killed(world: &mut World, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    world.disk.crash(&mut rng);
    world.killed(spooling(seed));
}

#[test]
fn a_kill_costs_the_last_seconds_of_the_open_window() {
    for at in 7..59 {
        let mut world = World::known(spooling(at), Faults::none(at));
        world.run(Duration::from_millis(60_000 + at * 1000 + 300));
        killed(&mut world, at);
        world.run(Duration::from_secs(120));
        world.stop();
        let counts = readings(&world);
        assert_eq!(counts.len(), 4, "{counts:?}");
        let lost = 60 - counts[&60];
        assert!(
            lost <= CHECKPOINT_SECS + AWAY_SECS,
            "killed at {at}: {counts:?}"
        );
        assert_eq!(fleet(&world), counts);
        assert_eq!(world.core.account().dropped_total(), 0);
        assert!(world.disk.journals.is_empty() && world.disk.files.is_empty());
    }
}

#[test]
fn a_window_that_ended_while_nobody_ran_is_sealed_and_sent() {
    let mut world = World::known(spooling(1), Faults::none(1));
    world.run(Duration::from_secs(100));
    world.disk.crash(&mut fastrand::Rng::with_seed(1));
    world.events.clear();
    world.advance(world.now.boot + Duration::from_secs(600));
    world.killed(spooling(2));
    world.run(Duration::from_secs(5));
    let counts = readings(&world);
    assert!(counts[&60] >= 60 - 20 - CHECKPOINT_SECS, "{counts:?}");
    assert_eq!(fleet(&world), counts);
    assert_eq!(world.counts_of("ExporterHeartbeat"), 2 * 2);
    assert!(world.disk.journals.len() <= 1);
}

#[test]
fn kills_at_any_moment_lose_no_closed_window_and_send_none_twice() {
    let mut kills = 0;
    for seed in 0..30 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut world = World::known(spooling(seed), Faults::none(seed));
        // Of a kill between a request and its answer nobody can tell whether it arrived.
        let outage = (Duration::ZERO, Duration::from_secs(1_000_000));
        world.faults.outage = Some(outage);
        let mut killed_in: BTreeMap<i64, u64> = BTreeMap::new();
        for life in 0..6 {
            world.run(Duration::from_millis(rng.u64(10_000..200_000)));
            if rng.bool() {
                // Among the moments after a window ends: it is named in its journal, written, and the journal forgotten.
                let close = 60_000 - world.now.wall_ms.rem_euclid(60_000).unsigned_abs() + 1700;
                world.run(Duration::from_millis(close + rng.u64(0..120)));
            }
            let minute = |ms: i64| (ms - EPOCH_MS).div_euclid(60_000) * 60;
            let begin = minute(world.now.wall_ms - 10_000);
            killed(&mut world, seed * 100 + life);
            for minute in [begin, begin + 60] {
                *killed_in.entry(minute).or_default() += 1;
            }
            kills += 1;
        }
        world.faults.outage = None;
        world.run(Duration::from_secs(600));
        world.stop();
        let account = world.core.account();
        assert_eq!(account.dropped_total(), 0, "seed {seed}: {account}");
        assert_eq!(account.owed(), 0, "seed {seed}: {account}");
        let counts = readings(&world);
        let (first, last) = (counts.keys().next().unwrap(), counts.keys().last().unwrap());
        for minute in (first + 60..*last).step_by(60) {
            let kills = killed_in.get(&minute).copied().unwrap_or(0);
            let least = 60u64.saturating_sub(kills * (CHECKPOINT_SECS + AWAY_SECS));
            let count = counts.get(&minute).copied().unwrap_or(0);
            assert!(
                (least..=60).contains(&count),
                "seed {seed}: minute {minute} with {kills} kills: {counts:?}"
            );
        }
        assert_eq!(fleet(&world), counts, "seed {seed}");
        assert!(world.disk.journals.is_empty(), "seed {seed}");
        assert!(world.disk.files.is_empty(), "seed {seed}");
    }
    assert_eq!(kills, 180);
}

#[test]
fn disks_that_fail_any_way_leave_no_journal_behind() {
    for (seed, mood) in [
        Mood::ReadOnly,
        Mood::Full(3000),
        Mood::Slow(1500),
        Mood::TooSlow(5000),
        Mood::Flaky(3),
    ]
    .into_iter()
    .enumerate()
    {
        let seed = seed as u64;
        let mut world = World::known(spooling(seed), Faults::none(seed));
        world.run(Duration::from_secs(90));
        world.mood = mood;
        world.run(Duration::from_secs(1200));
        world.mood = Mood::Well;
        world.run(Duration::from_secs(200));
        world.stop();
        let counts = readings(&world);
        assert!(
            counts.values().skip(1).take(20).all(|count| *count == 60),
            "{mood:?}: {counts:?}"
        );
        assert_eq!(world.core.account().dropped_total(), 0, "{mood:?}");
        assert!(world.disk.journals.is_empty(), "{mood:?}");
    }
}

#[test]
fn a_quiet_day_writes_little() {
    let mut world = World::known(spooling(1), Faults::none(1));
    world.run(Duration::from_millis(86_399_900));
    world.stop();
    // Four series with a reading a second: about 12 bytes a reading, and their names once a window.
    let (journals, batches) = (world.disk.journal_bytes, world.disk.written_bytes);
    assert!(
        (86_400 * 4..86_400 * 4 * 30).contains(&journals),
        "{journals} {batches}"
    );
}
