//! What is done on each answer, in virtual time: pauses that a server asks for, the backlog's progress, isolation of bad
//! datums, a role that is revoked and restored, and a disk without space.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::time::Duration;

use fwmetrics::agent::core::account::Reason;
use fwmetrics::agent::core::{Event, Setup};
use fwmetrics::collector::CollectError;
use fwmetrics::model::datum::{Datum, Dimension, Resolution};
use fwmetrics::model::metric::{Metric, Sets};
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

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn hours(hours: u64) -> Duration {
    secs(hours * 3600)
}

/// The time between each two calls from number `first` on.
fn gaps(world: &World, first: usize) -> Vec<Duration> {
    let at: Vec<Duration> = world.calls[first..].iter().map(|(at, _)| *at).collect();
    at.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn said(world: &World, text: &str) -> Vec<String> {
    let lines = world.lines.iter().filter(|line| line.contains(text));
    lines.cloned().collect()
}

fn lost(world: &World) -> u64 {
    world.core.account().dropped_total()
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

const UNREACHABLE: Outcome = Outcome::Unreachable {
    maybe_accepted: true,
};

#[test]
fn nothing_is_sent_before_the_server_allows_it() {
    for (outcome, asked, kept) in [
        (Outcome::Throttled, 90, 90),
        (UNREACHABLE, 200, 200),
        (UNREACHABLE, 300, 300),
        (UNREACHABLE, 301, 300),
        (Outcome::Throttled, 1_000_000_000_000, 300),
        (Outcome::Throttled, u64::MAX, 300),
    ] {
        for mut setup in [setup(1), spooling(1)] {
            setup.period = secs(10);
            let mut world = World::known(setup, Faults::none(1));
            world.run(secs(100));
            let first = world.calls.len();
            world.faults.outcome = Some(outcome);
            world.faults.retry_after = Some(secs(asked));
            world.run(secs(kept * 4));
            let gaps = gaps(&world, first);
            assert!(gaps.len() >= 3, "{asked}: {gaps:?}");
            // An answer takes 20 to 400 ms, a window is 10 s.
            let most = secs(kept) + Duration::from_millis(450);
            assert!(
                gaps.iter().all(|gap| (secs(kept)..most).contains(gap)),
                "{asked}: {gaps:?}"
            );
            world.faults.outcome = None;
            world.run(secs(400));
            assert_eq!(world.core.waiting(), 0);
            assert_eq!(world.core.account().dropped_total(), 0);
        }
    }
}

#[test]
fn a_short_pause_shortens_no_back_off() {
    let mut world = World::known(spooling(2), Faults::none(2));
    world.run(secs(100));
    let first = world.calls.len();
    world.faults.outcome = Some(Outcome::Throttled);
    world.faults.retry_after = Some(secs(2));
    world.run(hours(1));
    // Sixty fresh windows, and a back-off that is drawn below a minute: far fewer than one call each two seconds.
    let calls = world.calls.len() - first;
    assert!((100..300).contains(&calls), "{calls} calls");
    assert!(gaps(&world, first).iter().all(|gap| *gap >= secs(2)));
    let text = &said(&world, "CloudWatch throttles")[0];
    assert!(
        text.ends_with("; it asks for a pause, of which 2 s are kept"),
        "{text}"
    );
}

#[test]
fn a_pause_beyond_the_end_leaves_all_on_disk_or_gets_one_more_attempt() {
    for (setup, spool) in [(spooling(3), true), (setup(3), false)] {
        let mut world = World::known(setup, Faults::none(3));
        world.faults.outcome = Some(Outcome::Throttled);
        world.faults.retry_after = Some(secs(250));
        world.run(secs(130));
        assert_eq!(world.calls.len(), 1);
        world.faults.outcome = None;
        let stopped = world.now.boot;
        world.step(Event::Stop);
        world.run(secs(25));
        assert!(world.exited && world.now.boot < stopped + secs(3));
        assert_eq!(world.calls.len() == 1, spool, "{}", world.calls.len());
        assert_eq!(world.core.unsent(), 0);
        assert_eq!(world.core.account().owed() > 0, spool);
    }
}

#[test]
fn the_backlogs_progress_is_said_each_minute_and_when_it_is_gone() {
    let mut world = World::known(spooling(4), Faults::none(4));
    world.run(secs(600));
    assert!(said(&world, "fresh window").is_empty());
    let now = world.now.boot;
    world.faults.outage = Some((now, now + hours(2)));
    world.run(hours(2));
    let lines = said(&world, "wait behind the fresh window");
    assert!((117..=120).contains(&lines.len()), "{}", lines.len());
    let same = lines.iter().all(|line| line.ends_with(": not draining"));
    assert!(same, "{lines:#?}");
    assert_eq!(
        lines[60],
        "549 datums in 61 batches wait behind the fresh window, the oldest of 2026-11-21T00:09:00Z (61 min ago): not draining"
    );
    let metrics = world.core.exposition(world.now).text();
    let shown = |name: &str| {
        let mut lines = metrics.lines().filter_map(|line| line.strip_prefix(name));
        lines
            .next()
            .map(|value| value.trim().parse::<u64>().unwrap())
    };
    let batches = shown("fwmetrics_backlog_batches ").unwrap();
    assert!((119..=121).contains(&batches), "{batches}");
    let age = shown("fwmetrics_backlog_oldest_seconds ").unwrap();
    assert!((7200..7400).contains(&age), "{age}");
    world.lines.clear();
    let recovered = world.now.boot;
    world.run(hours(1));
    let lines = said(&world, "fresh window");
    let drained = &lines[lines.len() - 1];
    assert!(drained.starts_with("nothing waits behind the fresh window any more, after 2 h "));
    assert!(
        drained.ends_with(" datums of the backlog were sent"),
        "{drained}"
    );
    // One call of the backlog takes 0.04 to 0.6 s: all of it about a minute.
    assert!(lines.len() <= 4, "{lines:#?}");
    let some = lines.iter().any(|line| line.contains(": about "));
    assert!(some, "{lines:#?}, {recovered:?}");
    let metrics = world.core.exposition(world.now).text();
    assert!(metrics.contains("fwmetrics_backlog_batches 0\n"));
    assert!(!metrics.contains("\nfwmetrics_backlog_oldest_seconds "));
}

#[test]
fn one_failed_call_is_no_news_of_a_backlog() {
    let mut world = World::known(spooling(5), Faults::none(5));
    for _ in 0..20 {
        // A window closes 1.7 s after the minute; the next try is drawn from the second after its answer.
        let close = 60_000 - world.now.wall_ms.rem_euclid(60_000).unsigned_abs() + 1700;
        let close = world.now.boot + Duration::from_millis(close);
        world.faults.outage = Some((close, close + Duration::from_millis(500)));
        world.run(secs(70));
    }
    assert!(world.core.account().errors.values().sum::<u64>() >= 20);
    assert_eq!(
        said(&world, "behind the fresh window"),
        Vec::<String>::new()
    );
}

/// Calls of a halving: the whole, and two for each time that the half with the bad one is halved.
const ISOLATION_CALLS_MAX: usize = 1 + 2 * 10;

#[test]
fn one_bad_datum_of_a_thousand_costs_twenty_calls_and_itself() {
    for bad in [0, 17, 500, 999] {
        let mut world = World::known(spooling(6), Faults::none(6));
        world.faults.outage = Some((Duration::ZERO, Duration::MAX));
        world.run(secs(30));
        let stamp = world.now.wall_ms / 1000 - 60;
        let all = (0..1000).map(|number| datum(number, stamp)).collect();
        let batch = split(&"Test".into(), all).remove(0);
        world
            .disk
            .files
            .insert(FileName::of(&batch, 3), encode(&batch));
        world.faults.outage = None;
        world.poison = Some(format!("Metric{bad}"));
        world.killed(spooling(7));
        world.run(secs(20));
        let calls = world
            .calls
            .iter()
            .filter(|(_, stamps)| stamps[0] == stamp)
            .count();
        assert!(calls <= ISOLATION_CALLS_MAX, "{calls} calls");
        let arrived = (0..1000).filter(|n| world.counts_of(&format!("Metric{n}")) == 1);
        assert_eq!(arrived.count(), 999);
        let account = world.core.account();
        assert_eq!(account.dropped.get(&Reason::Invalid), Some(&1));
        assert_eq!((account.dropped_total(), account.owed()), (1, 0));
        let letter = said(&world, "gave up Metric");
        assert_eq!(letter.len(), 1);
        let (what, why) = (format!("gave up Metric{bad}{{InstanceId=i-1}}"), "scripted");
        assert!(
            letter[0].contains(&what) && letter[0].contains(why),
            "{letter:?}"
        );
    }
}

#[test]
fn a_role_revoked_and_restored_costs_no_datum_and_a_call_each_half_minute() {
    let mut world = World::known(spooling(8), Faults::none(8));
    world.run(secs(300));
    let first = world.calls.len();
    world.faults.outcome = Some(Outcome::Denied);
    world.run(hours(1));
    let probes = world.calls.len() - first;
    assert!((118..=122).contains(&probes), "{probes}");
    assert!(world.core.ready().is_err());
    let restored = world.now.boot;
    world.faults.outcome = None;
    world.run(secs(120));
    assert!(world.core.ready().is_ok());
    let after = &world.calls[first + probes..];
    assert!(after[0].0 <= restored + secs(31));
    assert_eq!(world.core.waiting(), 0);
    assert_eq!(world.core.account().dropped_total(), 0);
    assert_eq!(said(&world, "CloudWatch denies").len(), 1);
}

#[test]
fn on_a_full_disk_the_oldest_go_first_wherever_they_are() {
    let mut setup = spooling(9);
    setup.limits.memory_bytes = 100_000;
    let mut world = World::known(setup, Faults::none(9));
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    // Others have all of the disk but this.
    world.mood = Mood::Full(60_000);
    world.run(secs(20 * 60));
    let both = world.core.queue_bytes() + world.disk.bytes();
    assert!(both > 80_000 && lost(&world) == 0, "{both} bytes");
    world.run(hours(12));
    assert!(world.most_memory <= 100_000);
    let account = world.core.account();
    assert_eq!(account.dropped.len(), 2, "{account}");
    for reason in [Reason::DiskFull, Reason::MemoryFull] {
        assert!(account.dropped[&reason] > 1000, "{account}");
    }
    assert!(world.disk.most_bytes <= 60_000 && world.disk.bytes() > 40_000);
    assert!(!said(&world, "the disk of [spool] dir is full").is_empty());
    let dropped = account.dropped_total();
    world.faults.outage = None;
    world.run(hours(1));
    assert_eq!(world.core.waiting(), 0);
    // The window that closes before the first call that succeeds takes the place of one more.
    assert!(lost(&world) <= dropped + 9);
    let arrived: Vec<i64> = world
        .counts("DataplaneCpuUtilization", "InstanceId")
        .iter()
        .map(|(stamp, _)| *stamp)
        .collect();
    // All that arrived is the newest. A journal that fails takes the disk's turn for half a minute, so that one window
    // in memory may go before an older file.
    let holes = arrived
        .windows(2)
        .filter(|pair| pair[1] != pair[0] + 60)
        .count();
    assert!(holes <= 1, "{arrived:?}");
    assert!(arrived[0] > 9 * 3600, "{}", arrived[0]);
}

#[test]
fn on_a_full_disk_nothing_goes_while_there_is_memory() {
    let mut world = World::known(spooling(10), Faults::none(10));
    world.faults.outage = Some((Duration::ZERO, Duration::MAX));
    world.mood = Mood::Full(60_000);
    world.run(hours(6));
    assert!(world.core.queue_bytes() > 1 << 20);
    assert_eq!(lost(&world), 0);
    world.mood = Mood::Well;
    world.run(secs(200));
    assert!(
        world.core.queue_bytes() < 20_000,
        "{}",
        world.core.queue_bytes()
    );
    // A journal is smaller than a batch, and may find room where that does not.
    let healed = said(&world, "takes unsent batches again").len();
    assert!((1..10).contains(&healed), "{healed}");
}

#[test]
fn a_batch_that_something_on_the_way_dislikes_holds_up_no_other() {
    for (outcome, spool) in [
        (UNREACHABLE, true),
        (UNREACHABLE, false),
        (Outcome::Denied, true),
        (Outcome::Denied, false),
    ] {
        let make = |seed| if spool { spooling(seed) } else { setup(seed) };
        let mut world = World::known(make(11), Faults::none(11));
        world.run(secs(100));
        let now = world.now.boot;
        world.faults.outage = Some((now, now + hours(1)));
        // The window of this minute is the one that holds it.
        world.run(secs(1800));
        world.collect = with_marker;
        world.run(secs(60));
        world.collect = healthy;
        world.run(secs(1740));
        world.poison = Some("Marker".to_owned());
        world.poison_outcome = outcome;
        let first = world.calls.len();
        world.run(secs(600));
        let backlog = world.core.queue().backlog().map(|backlog| backlog.batches);
        assert!(
            matches!(backlog, Some(1 | 2)),
            "{outcome:?} {spool}: {backlog:?}"
        );
        world.run(hours(2));
        let calls = world.calls.len() - first;
        // A call for each window of before and after, and the one in question each ten minutes.
        assert!(
            calls < 62 + 130 + 2 * 30,
            "{outcome:?} {spool}: {calls} calls"
        );
        assert_eq!(lost(&world), 0);
        world.poison = None;
        world.run(secs(700));
        assert_eq!(world.core.waiting(), 0, "{outcome:?} {spool}");
        assert!(world.counts_of("Marker") > 0);
    }
}

static MARKER_METRIC: Metric = Metric::new("Marker", Unit::Count, Sets::Instance, "a marker");
static MARKER: Reading = Reading {
    name: "marker",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &MARKER_METRIC,
        fold: Fold::Max,
    }],
};

fn with_marker(world: &mut World) -> (Readings, Option<CollectError>) {
    let (mut readings, error) = healthy(world);
    readings.push(Record::new(&MARKER, Raw::Level(1.0)));
    (readings, error)
}
