//! The core over a million windows of a second, on courses of faults drawn by seed: outages, throttling, lost answers,
//! refused datums, disks that fail, fill and rot, kills, restarts, jumps of the clock, sleep. At each step the account
//! is checked; whenever all is well again each reading is where it should be.
//!
//! `cargo test --release --test marathon -- --nocapture` runs a million windows, the debug build some thousands.
//! A course that fails prints the command that runs it again: `SEED=n cargo test --test marathon`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fwmetrics::agent::core::Setup;
use simulated::course;
use simulated::runner::{Runner, Tally};
use simulated::setup;

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
        println!("{:?}", run(seed, true));
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
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let most = |of: fn(&Tally) -> u64| tallies.iter().map(of).max().unwrap_or(0);
    println!(
        "{courses} courses: {} windows, {} steps, {} calls, {} kills, {} restarts, {} clock jumps, {} suspends, \
         {} rotten files",
        sum(|t| t.windows),
        sum(|t| t.steps),
        sum(|t| t.calls),
        sum(|t| t.kills),
        sum(|t| t.restarts),
        sum(|t| t.jumps),
        sum(|t| t.suspends),
        sum(|t| t.rotten)
    );
    println!(
        "readings twice {}, in memory alone at a kill {}, in datums given up and counted {}; most files {}, \
         most bytes in memory {}, the latest fresh window in calm times {} ms",
        sum(|t| t.twice),
        sum(|t| t.killed),
        sum(|t| t.given_up),
        most(|t| t.most_files as u64),
        most(|t| t.most_memory as u64),
        most(|t| t.latest.as_millis() as u64)
    );
    let mut dropped = std::collections::BTreeMap::new();
    for (reason, datums) in tallies.iter().flat_map(|tally| &tally.dropped) {
        *dropped.entry(reason.word()).or_insert(0) += datums;
    }
    println!("datums given up: {dropped:?}");
    assert!(sum(|t| t.windows) >= courses * COURSE);
    assert!(sum(|t| t.kills) > 0 && sum(|t| t.twice) > 0 && sum(|t| t.given_up) > 0);
}

/// A course that fails says how to run it again.
fn replayable(seed: u64) -> Tally {
    catch_unwind(AssertUnwindSafe(|| run(seed, false))).unwrap_or_else(|why| {
        let release = if cfg!(debug_assertions) {
            ""
        } else {
            " --release"
        };
        eprintln!("again: SEED={seed} cargo test{release} --test marathon -- --nocapture");
        std::panic::resume_unwind(why)
    })
}

fn run(seed: u64, diary: bool) -> Tally {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut runner = Runner::new(limits(seed, &mut rng));
    if diary {
        runner.keep_diary();
    }
    while runner.ledger.recorded < COURSE {
        let stretch = course::draw(&mut rng);
        runner.go(&stretch);
    }
    runner.finish()
}

/// Windows of a second; room for hours, or for some minutes only.
fn limits(seed: u64, rng: &mut fastrand::Rng) -> Setup {
    let mut setup = setup(seed);
    setup.period = Duration::from_secs(1);
    setup.close_after = Duration::from_millis(250);
    setup.sets.fleet = false;
    setup.limits.memory_bytes = [4 << 20, 64 << 10][usize::from(rng.u8(0..4) == 0)];
    setup.limits.disk_bytes = Some([64 << 20, 100_000][usize::from(rng.u8(0..4) == 0)]);
    setup.limits.requests_per_second = NonZeroU32::MIN.saturating_add(9);
    setup
}
