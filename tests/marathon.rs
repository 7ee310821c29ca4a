//! The core over a million windows of a second, on courses of faults drawn by seed: outages, throttling, lost answers,
//! refused datums, disks that fail, fill and rot, kills, restarts, jumps of the clock, sleep. At each step the account
//! is checked; whenever all is well again each reading is where it should be.
//!
//! `cargo test --release --test marathon -- --nocapture` runs a million windows, the debug build twenty thousand.
//! A course that fails prints the command that runs it again: `SEED=n cargo test --test marathon`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fwmetrics::agent::core::Setup;
use fwmetrics::collector::CollectError;
use fwmetrics::model::dimension::OwnDimension;
use fwmetrics::model::metric::{Detail, Metric, Sets};
use fwmetrics::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record};
use fwmetrics::model::unit::Unit;
use simulated::course;
use simulated::runner::Runner;
use simulated::tally::Tally;
use simulated::{Faults, World, setup};

/// Windows of one course: some hours.
const COURSE: u64 = 10_000;
/// In all.
const WINDOWS: u64 = if cfg!(debug_assertions) {
    20_000
} else {
    1_000_000
};
/// Courses that run beside each other.
const THREADS: usize = 2;

#[test]
fn courses_of_faults_lose_nothing_that_is_not_counted() {
    let number = |name: &str| Some(std::env::var(name).ok()?.parse::<u64>().expect("a number"));
    if let Some(seed) = number("SEED") {
        println!("{}", run(seed, true));
        return;
    }
    let courses = number("WINDOWS").unwrap_or(WINDOWS).div_ceil(COURSE);
    let next = AtomicU64::new(0);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let seeds = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
                    let seeds = seeds.take_while(|seed| *seed < courses);
                    seeds.map(replayable).collect::<Vec<Tally>>()
                })
            })
            .collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended
            .flat_map(|tallies| tallies.expect("a course failed"))
            .collect()
    });
    let tally = Tally::sum(&tallies);
    println!("{courses} courses: {tally}");
    assert!(tally.windows >= courses * COURSE);
    assert!(tally.kills > 0 && tally.twice > 0 && !tally.dropped.is_empty());
}

/// A course that fails says how to run it again.
fn replayable(seed: u64) -> Tally {
    catch_unwind(AssertUnwindSafe(|| run(seed, false))).unwrap_or_else(|why| {
        let release = if cfg!(debug_assertions) {
            ""
        } else {
            " --release"
        };
        eprintln!("again: SEED={seed} cargo test{release} --test marathon courses -- --nocapture");
        std::panic::resume_unwind(why)
    })
}

fn run(seed: u64, diary: bool) -> Tally {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut runner = Runner::new(limits(seed, &mut rng));
    if diary {
        runner.keep_diary();
    }
    while runner.windows() < COURSE {
        let stretch = course::draw(&mut rng);
        runner.go(&stretch);
    }
    runner.finish()
}

/// Windows of a second, or of five; room for hours, or for some minutes only.
fn limits(seed: u64, rng: &mut fastrand::Rng) -> Setup {
    let mut setup = setup(seed);
    // Those that are longer than the time between checkpoints have journals.
    setup.period = Duration::from_secs([1, 1, 1, 1, 5][rng.usize(..5)]);
    setup.checkpoint = Duration::from_secs(rng.u64(1..=5));
    setup.close_after = Duration::from_millis(250);
    setup.sets.fleet = false;
    setup.limits.memory_bytes = [4 << 20, 64 << 10][usize::from(rng.u8(0..4) == 0)];
    setup.limits.disk_bytes = Some([64 << 20, 100_000][usize::from(rng.u8(0..4) == 0)]);
    setup.limits.requests_per_second = NonZeroU32::MIN.saturating_add(9);
    setup
}

/// Hours of outage.
const HOURS: u64 = 12;
/// At windows of a second there are 3600 files an hour.
const HOURS_OF_SECONDS: f64 = if cfg!(debug_assertions) { 0.1 } else { 2.0 };
/// Of the backlog: the trickle, and the longest answer and disk operations there are here.
const TRICKLE_MS: u64 = 200;
const ANSWER_MS: u64 = 400;
const DISK_MS: u64 = 60;
/// The longest back-off, after which the backlog begins.
const BACKOFF_MS: u64 = 60_000;

#[test]
fn after_twelve_hours_of_outage_the_freshest_is_there_at_once_at_windows_of_a_minute() {
    let mut setup = setup(1);
    setup.limits.disk_bytes = Some(16 << 20);
    outage(setup, Duration::from_secs(3600 * HOURS), sixty_series);
}

#[test]
fn after_hours_of_outage_the_freshest_is_there_at_once_at_windows_of_a_second() {
    let mut setup = limits(1, &mut fastrand::Rng::with_seed(1));
    setup.period = Duration::from_secs(1);
    setup.limits.memory_bytes = 4 << 20;
    setup.limits.disk_bytes = Some(64 << 20);
    let hours = std::env::var("HOURS").map_or(HOURS_OF_SECONDS, |text| text.parse().unwrap());
    outage(
        setup,
        Duration::from_secs_f64(3600.0 * hours),
        simulated::healthy,
    );
}

type Collect = fn(&mut World) -> (Readings, Option<CollectError>);

/// Well for ten minutes, then an outage, then well until nothing waits.
fn outage(setup: Setup, length: Duration, collect: Collect) {
    let period = setup.period;
    let mut world = World::known(setup, Faults::none(1));
    world.collect = collect;
    world.run(Duration::from_secs(600));
    let before = std::mem::take(&mut world.most_memory);
    let end = world.now.boot + length;
    world.faults.outage = Some((Duration::ZERO, end));
    world.run(length);
    let during = std::mem::take(&mut world.most_memory);
    let (files, bytes, calls) = (
        world.disk.files.len(),
        world.disk.bytes(),
        world.calls.len(),
    );
    let datums = world.core.waiting();
    assert!(
        files as u64 + 2 >= length.as_secs() / period.as_secs(),
        "{files}"
    );

    // In the time of one of the backlog, so many fresh windows come that have their turn first.
    let each_ms = TRICKLE_MS + ANSWER_MS + DISK_MS;
    let fresh_share = ANSWER_MS as f64 / period.as_millis() as f64;
    let bound_ms = (files as u64 * each_ms + BACKOFF_MS) as f64 / (1.0 - fresh_share);
    let bound = end + Duration::from_millis(bound_ms as u64);
    while world.core.waiting() > 0 && world.now.boot < bound {
        world.run(Duration::from_millis(100));
    }
    let took = world.now.boot - end;
    let (first, stamps) = world.calls[calls..].first().expect("something is sent");
    let wall = |at: Duration| world.now.wall_secs() - (world.now.boot - at).as_secs() as i64;
    let (first, age) = (*first - end, wall(*first) - stamps[0]);
    println!(
        "{length:?} of outage at windows of {period:?}: {files} files, {datums} datums, {bytes} bytes on disk; bytes of \
         batches in memory at most {before} before, {during} in it, {} after",
        world.most_memory
    );
    println!(
        "the first batch, of the window that began {age} s ago, went {first:?} after its end; all was through after {took:?}: \
         {:?} a file, of which {TRICKLE_MS} ms are the trickle",
        took / files as u32
    );
    assert_eq!(world.core.waiting(), 0, "after {took:?}");
    assert_eq!(world.core.account().dropped_total(), 0);
    assert!(first <= period, "{first:?}");
    let newest = 2 * period.as_secs() + 2;
    assert!(u64::try_from(age).unwrap() <= newest, "{age}");
    assert!(during <= 3 * before && world.most_memory <= 3 * before);
}

/// Sixty series, each with some ten values a window.
fn sixty_series(world: &mut World) -> (Readings, Option<CollectError>) {
    let (mut readings, error) = simulated::healthy(world);
    for core in 0..57u64 {
        let level = (world.passes * (core + 3) / 7 % 11) as f64;
        let name = core.to_string();
        let record = Record::new(&FINE, Raw::Level(level)).member(&name);
        readings.push(record.own(OwnDimension::Core, &name));
    }
    (readings, error)
}

static FINE_METRIC: Metric = Metric::new("Fine", Unit::Count, Sets::DetailOnly, "by core")
    .detail(Detail::On(OwnDimension::Core));
static FINE: Reading = Reading {
    name: "fine",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &FINE_METRIC,
        fold: Fold::Max,
    }],
};
