//! Clocks in virtual time: wall jumps of hours, suspends, stalls, slews, leap seconds and skew, by seed. After each the
//! account balances, no window was closed or repeated at once, and each healthy window has its sixty readings. A failing
//! seed is printed, and runs again as it was.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod simulated;

use std::collections::BTreeMap;
use std::time::Duration;

use fwmetrics::agent::core::account::Reason;
use fwmetrics::agent::core::queue::{Limits, Queue};
use fwmetrics::agent::core::{Event, Setup};
use fwmetrics::clock::Now;
use fwmetrics::model::datum::{Datum, Dimension, Resolution};
use fwmetrics::model::limits::NEWEST_SECS;
use fwmetrics::model::unit::Unit;
use fwmetrics::publish::batch::split;
use fwmetrics::publish::outcome::Outcome;
use simulated::*;

/// When windows of [`setup`] are sealed after their end.
const CLOSE_AFTER: Duration = Duration::from_millis(1700);

/// The seeds of a run: a few, or those that SIMULATION_SEEDS names, as `7` or `100..400`.
fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("SIMULATION_SEEDS") else {
        return 0..12;
    };
    let number = |text: &str| {
        text.parse::<u64>()
            .expect("SIMULATION_SEEDS: 7, or 100..400")
    };
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(&text)..number(&text) + 1,
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A world that remembers what was done to its wall clock.
struct Clocked {
    world: World,
    /// From which boot time on the wall clock was how far ahead of true time.
    set: Vec<(Duration, i64)>,
    stopped: Duration,
    said: String,
}

impl Clocked {
    fn new(seed: u64) -> Self {
        Clocked::with(setup(seed), seed)
    }

    fn with(setup: Setup, seed: u64) -> Self {
        let world = World::known(setup, Faults::none(seed));
        Clocked {
            set: vec![(Duration::ZERO, 0)],
            stopped: Duration::MAX,
            said: format!("seed {seed}"),
            world,
        }
    }

    fn jump(&mut self, ms: i64) {
        self.world.now.wall_ms += ms;
        self.touched();
        let at = self.world.now.boot.as_millis();
        self.said += &format!("; wall {ms:+} ms at {at}");
    }

    /// The clocks go on and nobody runs: a suspend, or SIGSTOP.
    fn stand_still(&mut self, span: Duration) {
        let at = self.world.now.boot.as_millis();
        self.said += &format!("; still for {} ms at {at}", span.as_millis());
        self.touched();
        self.world.advance(self.world.now.boot + span);
        self.touched();
    }

    /// The wall clock is put so far ahead of true time.
    fn put(&mut self, ahead_ms: i64) {
        self.jump(ahead_ms - self.ahead_ms());
    }

    fn ahead_ms(&self) -> i64 {
        self.world.now.wall_ms - self.world.true_ms()
    }

    fn touched(&mut self) {
        self.set.push((self.world.now.boot, self.ahead_ms()));
    }

    /// Stops when nothing is under way: a pass that is not home is not in its window.
    fn stop(&mut self) {
        for _ in 0..100 {
            self.world.run(Duration::from_millis(10));
            if self.world.events.is_empty() {
                break;
            }
        }
        assert!(self.world.events.is_empty(), "{}", self.said);
        self.stopped = self.world.now.boot;
        self.world.stop();
    }

    /// Runs until the wall clock stands so far from its next boundary.
    fn run_to_boundary(&mut self, off_ms: i64) {
        let now = self.world.now.wall_ms;
        let next = (now - off_ms).div_euclid(60_000) * 60_000 + 60_000 + off_ms;
        self.world
            .run(Duration::from_millis((next - now).unsigned_abs()));
    }

    /// How far the wall clock was ahead between two boot times; `None` when it was touched.
    fn ahead(&self, from: Duration, to: Duration) -> Option<i64> {
        let untouched = self.set.iter().all(|(at, _)| *at < from || *at >= to);
        let mut before = self.set.iter().filter(|(at, _)| *at < from);
        before
            .next_back()
            .map(|(_, ahead)| *ahead)
            .filter(|_| untouched)
    }

    /// Windows in the order in which they were sent: labels of those that nothing touched are those of their minute.
    fn check_labels(&self) {
        for (at, label, _) in &self.world.taken {
            assert_eq!(label.rem_euclid(60), 0, "{}", self.said);
            let end = *at - CLOSE_AFTER;
            let (from, to) = (end.saturating_sub(secs(62)), *at + Duration::from_millis(1));
            let sealed_early = *at >= self.stopped || from <= BOOT;
            let Some(ahead) = self.ahead(from, to).filter(|_| !sealed_early) else {
                continue;
            };
            let end_ms = EPOCH_MS + i64::try_from((end - BOOT).as_millis()).unwrap() + ahead;
            let minute = (end_ms + 500).div_euclid(60_000) * 60 - 60;
            assert_eq!(*label, minute, "at {at:?}: {}", self.said);
        }
    }

    /// Windows that have not their sixty readings, but for the first and the one that the stop cut short.
    fn crooked(&self) -> Vec<(i64, u64)> {
        let taken = self.world.taken.iter().skip(1);
        let mut cut_short = false;
        let crooked = taken.filter(|(at, _, n)| {
            *n != 60 && (*at < self.stopped || std::mem::replace(&mut cut_short, true))
        });
        crooked
            .map(|(_, label, n)| (label - EPOCH_MS / 1000, *n))
            .collect()
    }

    /// Every pass is in some window, and no window went out twice.
    fn check_readings(&self) {
        let taken: u64 = self.world.taken.iter().map(|(_, _, n)| n).sum();
        assert_eq!(taken, self.world.passes - 1, "{}", self.said);
        let lost = self.world.core.account().dropped_total();
        assert_eq!((lost, self.world.core.waiting()), (0, 0), "{}", self.said);
    }

    /// A label that comes again after the clock went back has no second heartbeat.
    fn check_beats(&self) {
        let beats = self.world.counts("ExporterHeartbeat", "InstanceId");
        assert!(
            beats.iter().all(|(_, n)| *n == 1),
            "{}: {beats:?}",
            self.said
        );
    }
}

/// A jump of any size that puts no label two hours ahead of the clock: half hours, seconds, or what NTP steps by.
fn any_put(clocked: &mut Clocked, rng: &mut fastrand::Rng) {
    if rng.bool() {
        clocked.put(rng.i64(-3_500_000..=3_500_000));
        return;
    }
    let most = [90_000, 61_000, 1_500, 600, 130][rng.usize(0..5)];
    clocked.jump(rng.i64(-most..=most));
}

/// A jump of hours, seconds, or what NTP steps by.
fn any_jump(rng: &mut fastrand::Rng) -> i64 {
    let most = [6 * 3_600_000, 90_000, 61_000, 1_500, 600, 130][rng.usize(0..6)];
    rng.i64(-most..=most)
}

#[test]
fn jumps_at_any_moment_close_no_window_and_lose_no_reading() {
    for seed in seeds() {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut clocked = Clocked::new(seed);
        let jumps = rng.usize(1..=6);
        for _ in 0..jumps {
            clocked
                .world
                .run(Duration::from_millis(rng.u64(1..1_500_000)));
            any_put(&mut clocked, &mut rng);
        }
        clocked.world.run(secs(600));
        let minutes = (clocked.world.now.boot - BOOT).as_secs() / 60;
        clocked.stop();
        clocked.check_readings();
        clocked.check_labels();
        clocked.check_beats();
        // The window that is open at a jump keeps its length; the next is cut at the boundary that follows.
        let crooked = clocked.crooked();
        assert!(crooked.len() <= jumps, "{}: {crooked:?}", clocked.said);
        let windows = clocked.world.taken.len() as u64;
        assert!(
            windows <= minutes + 2 + jumps as u64,
            "{}: {windows}",
            clocked.said
        );
        // A grid that moves by part of a second may cost or bring a tick.
        let ticks = clocked.world.passes - 1;
        let wanted = (clocked.world.now.boot - BOOT).as_secs();
        assert!(
            ticks.abs_diff(wanted) <= 2 + jumps as u64,
            "{}: {ticks} of {wanted}",
            clocked.said
        );
        assert_eq!(
            clocked.world.core.account().missed_ticks,
            0,
            "{}",
            clocked.said
        );
    }
}

#[test]
fn a_jump_exactly_at_a_boundary_is_one_of_any_other_moment() {
    for off_ms in [-1, 0, 1] {
        for jump_ms in [
            3_600_000, -3_600_000, 60_000, -60_000, 1_000, -1_000, 400, -400, 1, -1,
        ] {
            let mut clocked = Clocked::new(1);
            clocked.world.run(secs(200));
            clocked.run_to_boundary(off_ms);
            clocked.jump(jump_ms);
            clocked.world.run(secs(300));
            clocked.stop();
            let said = format!("{off_ms}: {}", clocked.said);
            clocked.check_readings();
            clocked.check_labels();
            clocked.check_beats();
            let crooked = clocked.crooked();
            assert!(crooked.len() <= 1, "{said}: {crooked:?}");
            assert_eq!(clocked.world.core.account().missed_ticks, 0, "{said}");
        }
    }
}

#[test]
fn short_windows_lose_no_reading_by_jumps_either() {
    for (seed, period) in [(0, 1), (1, 5), (2, 10), (3, 30)] {
        let mut setup = setup(seed);
        setup.period = secs(period);
        setup.close_after = Duration::from_millis(300);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut clocked = Clocked::with(setup, seed);
        for _ in 0..30 {
            clocked.world.run(Duration::from_millis(rng.u64(1..60_000)));
            any_put(&mut clocked, &mut rng);
        }
        clocked.stop();
        clocked.check_readings();
        clocked.check_beats();
        let crooked = clocked.world.taken.iter().filter(|(_, _, n)| *n != period);
        assert!(crooked.count() <= 32, "{}", clocked.said);
    }
}

#[test]
fn a_clock_that_goes_back_for_hours_holds_what_is_ahead_and_gives_it_up_in_the_end() {
    for (back_secs, mended_after, gone) in [
        (7_100, None, false),
        (8_000, None, false),
        (8_300, None, true),
        (40_000, Some(600), false),
        (40_000, Some(1_100), true),
    ] {
        let mut clocked = Clocked::new(12);
        clocked.world.run(secs(150));
        clocked.jump(-back_secs * 1000);
        let after = mended_after.unwrap_or(1_200);
        clocked.world.run(secs(after));
        if mended_after.is_some() {
            clocked.put(0);
        }
        clocked.world.run(secs(2_000 - after));
        clocked.stop();
        let said = format!(
            "{back_secs} {mended_after:?}: {}",
            clocked.world.core.account()
        );
        let dropped = &clocked.world.core.account().dropped;
        // The window that was open, and its heartbeats.
        assert_eq!(dropped.contains_key(&Reason::TooNew), gone, "{said}");
        assert_eq!(dropped.len(), usize::from(gone), "{said}");
        let taken: u64 = clocked.world.taken.iter().map(|(_, _, n)| n).sum();
        let lost = if gone { 60 } else { 0 };
        assert_eq!(taken + lost, clocked.world.passes - 1, "{said}");
        let ahead = clocked
            .world
            .lines
            .iter()
            .any(|line| line.contains("ahead of this clock"));
        assert_eq!(ahead, back_secs > 7_300, "{said}");
    }
}

#[test]
fn a_clock_that_jumps_to_and_fro_repeats_labels_and_no_heartbeat() {
    let mut clocked = Clocked::new(2);
    for round in 0..40 {
        clocked.world.run(secs(47));
        clocked.jump(if round % 2 == 0 {
            7_200_000
        } else {
            -7_200_000
        });
    }
    clocked.world.run(secs(200));
    clocked.stop();
    clocked.check_readings();
    clocked.check_beats();
}

#[test]
fn suspends_and_stalls_seal_what_was_open_and_go_on_with_the_window_that_is() {
    for seed in seeds() {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut clocked = Clocked::new(seed);
        let (mut stills, mut asleep) = (0, Duration::ZERO);
        for _ in 0..5 {
            clocked
                .world
                .run(Duration::from_millis(rng.u64(1..600_000)));
            let most_ms = [12 * 3_600_000, 200_000, 61_000, 3_000, 900][rng.usize(0..5)];
            let span = Duration::from_millis(rng.u64(1..most_ms));
            clocked.stand_still(span);
            if rng.bool() {
                any_put(&mut clocked, &mut rng);
            }
            stills += 1;
            asleep += span;
        }
        clocked.world.run(secs(300));
        clocked.stop();
        clocked.check_readings();
        clocked.check_beats();
        let crooked = clocked.crooked();
        // The one that was open, the one that is at wake, and the one after a jump.
        assert!(crooked.len() <= 3 * stills, "{}: {crooked:?}", clocked.said);
        let account = clocked.world.core.account();
        let ticks = clocked.world.passes - 1 + account.missed_ticks;
        let wanted = (clocked.world.now.boot - BOOT).as_secs();
        assert!(
            ticks.abs_diff(wanted) <= 4 * stills as u64,
            "{}: {ticks} of {wanted}",
            clocked.said
        );
        assert!(
            account.missed_ticks <= asleep.as_secs() + 5,
            "{}",
            clocked.said
        );
    }
}

#[test]
fn a_suspend_makes_no_empty_windows_and_the_next_whole_minute_is_whole() {
    let mut clocked = Clocked::new(3);
    clocked.world.run(secs(150));
    clocked.stand_still(Duration::from_millis(9 * 3_600_000 + 12_345));
    clocked.world.run(secs(300));
    clocked.check_labels();
    let counts: Vec<u64> = clocked.world.taken.iter().map(|(_, _, n)| *n).collect();
    // Asleep from 02:30; awake at 12:32.345 of a minute that has 17 ticks left.
    assert_eq!(counts, [59, 60, 31, 18, 60, 60, 60, 60]);
}

#[test]
fn a_clock_that_is_unset_at_start_sends_nothing_of_1970_and_counts_it() {
    for set_after_ms in [30_000, 61_600, 61_800, 500_000] {
        let mut clocked = Clocked::with(setup_on_disk(4), 4);
        clocked.world.server_ahead_ms = Some(0);
        // A machine without a battery: 1970 plus the seconds since its boot.
        let right = clocked.world.now.wall_ms;
        clocked.world.now.wall_ms = 20_000;
        clocked.world.killed(setup_on_disk(4));
        // No certificate is valid yet: nothing can be sent before the clock is set.
        clocked.world.faults.outage = Some((
            Duration::ZERO,
            clocked.world.now.boot + Duration::from_millis(set_after_ms),
        ));
        clocked.world.run(Duration::from_millis(set_after_ms));
        clocked.world.now.wall_ms += right - 20_000;
        clocked.world.run(secs(600));
        clocked.stop();
        let account = clocked.world.core.account();
        let said = format!("{set_after_ms} ms: {account}");
        assert_eq!(account.owed(), 0, "{said}");
        let early = clocked
            .world
            .store
            .keys()
            .filter(|(_, stamp)| *stamp < EPOCH_MS / 1000);
        assert_eq!(early.count(), 0, "{said}");
        // What was read under no date is given up, and said to be.
        let reasons: Vec<&Reason> = account.dropped.keys().collect();
        assert_eq!(reasons, [&Reason::TooOld], "{said}");
        let arrived: u64 = clocked.world.store.values().count() as u64;
        assert_eq!(account.sent, arrived, "{said}");
        assert!(
            clocked
                .world
                .lines
                .iter()
                .any(|line| line.contains("gave up")),
            "{said}"
        );
        assert!(clocked.world.disk.files.is_empty(), "{said}");
    }
}

fn setup_on_disk(seed: u64) -> Setup {
    let mut setup = setup(seed);
    setup.limits.disk_bytes = Some(16 << 20);
    setup
}

#[test]
fn a_slew_leaves_every_window_its_sixty_readings() {
    // NTP slews by 500 parts in a million: a millisecond every two seconds. And a smeared leap second.
    for (every_ms, by_ms) in [(2_000, 1), (2_000, -1), (86_400, 1), (86_400, -1)] {
        let mut clocked = Clocked::new(5);
        for _ in 0..(3 * 3_600_000 / every_ms) {
            clocked.world.run(Duration::from_millis(every_ms));
            clocked.world.now.wall_ms += by_ms;
        }
        clocked.stop();
        clocked.check_readings();
        let crooked = clocked.crooked();
        assert!(crooked.is_empty(), "{every_ms} {by_ms}: {crooked:?}");
        let taken = clocked.world.taken.iter();
        let mut labels: Vec<i64> = taken.map(|(_, label, _)| *label).collect();
        // At the stop the open window goes before the one that ended.
        labels.sort_unstable();
        assert!(
            labels.windows(2).all(|pair| pair[1] == pair[0] + 60),
            "{labels:?}"
        );
    }
}

#[test]
fn a_leap_second_that_repeats_or_is_left_out_loses_no_minute() {
    // The kernel steps the clock back at midnight, or a second before it on (kernel/time/ntp.c, second_overflow).
    for (off_ms, step_ms) in [(0, -1_000), (1, -1_000), (-1_000, 1_000)] {
        let mut clocked = Clocked::new(6);
        clocked.world.run(secs(100));
        clocked.run_to_boundary(off_ms);
        clocked.jump(step_ms);
        clocked.world.run(secs(400));
        clocked.stop();
        clocked.check_readings();
        clocked.check_labels();
        clocked.check_beats();
        let stamps = clocked
            .world
            .counts("DataplaneCpuUtilization", "InstanceId");
        let (last, whole) = stamps.split_last().unwrap();
        assert!(
            whole[1..].iter().all(|(_, n)| (59..=61).contains(n)),
            "{stamps:?}"
        );
        assert!(last.1 <= 60);
        let minutes: Vec<i64> = stamps.iter().map(|(stamp, _)| stamp / 60).collect();
        assert!(
            minutes.windows(2).all(|pair| pair[1] == pair[0] + 1),
            "{minutes:?}"
        );
    }
}

// Skew against CloudWatch's clock.

fn correcting(seed: u64) -> Setup {
    Setup {
        correct_clock: true,
        ..setup(seed)
    }
}

/// How far labels are from the true minute, and how many windows have each distance.
fn distances(clocked: &Clocked) -> BTreeMap<i64, usize> {
    let mut distances = BTreeMap::new();
    for (at, label, _) in &clocked.world.taken {
        let end_ms = EPOCH_MS + i64::try_from((*at - CLOSE_AFTER - BOOT).as_millis()).unwrap();
        let minute = (end_ms + 800).div_euclid(60_000) * 60 - 60;
        *distances.entry(label - minute).or_default() += 1;
    }
    distances
}

#[test]
fn labels_are_cloudwatchs_from_the_second_answer_on() {
    for ahead_ms in [3_600_000, -3_600_000, 2_600, -2_600, 6_000_000, -86_000_000] {
        let mut clocked = Clocked::with(correcting(7), 7);
        clocked.world.server_ahead_ms = Some(0);
        clocked.jump(ahead_ms);
        clocked.world.run(secs(3600));
        let said = |text: &str| {
            let lines = &clocked.world.lines;
            lines.iter().filter(|line| line.contains(text)).count()
        };
        assert_eq!(said("[cloudwatch] correct_clock"), 1, "{ahead_ms}");
        let right = distances(&clocked).get(&0).copied().unwrap_or(0);
        // The first three windows were cut before two answers were there.
        assert!(right >= 56, "{ahead_ms}: {:?}", distances(&clocked));
        let crooked = clocked.crooked();
        assert!(crooked.len() <= 2, "{ahead_ms}: {crooked:?}");
        clocked.check_beats();
    }
}

#[test]
fn a_step_of_the_clock_under_a_correction_moves_no_label() {
    let mut clocked = Clocked::with(correcting(8), 8);
    clocked.world.server_ahead_ms = Some(0);
    clocked.jump(-5_400_000);
    clocked.world.run(secs(1200));
    let mut rng = fastrand::Rng::with_seed(8);
    for _ in 0..10 {
        clocked.jump(any_jump(&mut rng).signum() * 100_000 + any_jump(&mut rng));
        clocked
            .world
            .run(Duration::from_millis(rng.u64(1..300_000)));
    }
    let before = clocked.world.taken.len();
    // Put right in the end: the correction ends, and nothing moves but by what a Date cannot tell.
    clocked.put(0);
    clocked.world.run(secs(1200));
    clocked.stop();
    let late: Vec<_> = clocked.world.taken[4..]
        .iter()
        .map(|(_, l, n)| (l % 60, *n))
        .collect();
    let odd = late.iter().filter(|(_, n)| !(59..=60).contains(n)).count();
    assert!(odd <= 1, "{}: {late:?}", clocked.said);
    assert!(clocked.world.taken.len() > before + 18);
    let distances = distances(&clocked);
    let wrong: usize = distances
        .iter()
        .filter(|(off, _)| **off != 0)
        .map(|(_, n)| n)
        .sum();
    assert!(wrong <= 4, "{}: {distances:?}", clocked.said);
    let said = |text: &str| clocked.world.lines.iter().any(|line| line.contains(text));
    assert!(
        said("this clock agrees with CloudWatch's"),
        "{:?}",
        clocked.world.lines
    );
    assert_eq!(clocked.world.core.account().dropped_total(), 0);
}

#[test]
fn without_correction_what_cloudwatch_refuses_is_given_up_and_counted() {
    // (ahead, arrives): labels are a minute old when they are sent, the last one not.
    for (ahead_ms, arrives) in [
        (7_190_000, true),
        (10_800_000, false),
        (-14 * 86_400_000 + 300_000, true),
        (-14 * 86_400_000, false),
    ] {
        for corrects in [false, true] {
            let mut clocked = Clocked::with(
                Setup {
                    correct_clock: corrects,
                    ..setup(9)
                },
                9,
            );
            clocked.world.server_ahead_ms = Some(0);
            clocked.jump(ahead_ms);
            clocked.world.run(secs(1200));
            clocked.stop();
            let account = clocked.world.core.account();
            assert_eq!(account.owed(), 0);
            // Two hours can be corrected, two weeks cannot.
            let mended = corrects && ahead_ms.abs() < 86_400_000;
            let invalid = account.dropped.get(&Reason::Invalid).copied().unwrap_or(0);
            let windows = clocked.world.taken.len();
            match (arrives, mended) {
                (true, _) => {
                    assert_eq!(invalid, 0, "{ahead_ms}: {account}");
                    assert!((20..=21).contains(&windows), "{ahead_ms}: {windows}");
                }
                (false, true) => assert!((16..21).contains(&windows), "{windows}: {account}"),
                (false, false) => {
                    assert!(windows <= 1, "{ahead_ms}: {windows} {account}");
                    assert!(account.dropped_total() > 100, "{account}");
                    // A clock within a day of CloudWatch's is believed: what it would refuse is not sent.
                    assert!(ahead_ms < 0 || account.calls <= 8, "{account}");
                }
            }
            // The window that was open when the clock went back two weeks is ahead of it.
            let too_new = account.dropped.get(&Reason::TooNew).copied().unwrap_or(0);
            assert!(too_new > 0 || arrives || mended, "{account}");
            let shutdown = account.dropped.get(&Reason::Shutdown).copied().unwrap_or(0);
            let held = invalid + too_new + shutdown;
            assert_eq!(account.dropped_total(), held, "{account}");
        }
    }
}

#[test]
fn an_endpoint_whose_date_lies_moves_no_label() {
    for lie_ms in [-EPOCH_MS, 2_334_000_000_000, 86_500_000, -86_500_000] {
        let mut clocked = Clocked::with(correcting(10), 10);
        clocked.world.date_ahead_ms = Some(lie_ms);
        clocked.world.run(secs(1200));
        clocked.stop();
        clocked.check_labels();
        clocked.check_readings();
        assert!(clocked.crooked().is_empty());
        let refusals = clocked
            .world
            .lines
            .iter()
            .filter(|line| line.contains("more than a day"));
        assert_eq!(refusals.count(), 1, "{lie_ms}: {:?}", clocked.world.lines);
    }
}

#[test]
fn faults_skew_and_jumps_together_keep_the_account() {
    for seed in seeds() {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut setup = setup_on_disk(seed);
        setup.correct_clock = seed % 2 == 0;
        let mut clocked = Clocked::with(setup, seed);
        clocked.world.server_ahead_ms = Some(0);
        clocked.world.faults.one_in = 3;
        for _ in 0..8 {
            clocked
                .world
                .run(Duration::from_millis(rng.u64(1..600_000)));
            match rng.u8(0..4) {
                0 => clocked.stand_still(Duration::from_millis(rng.u64(1..4_000_000))),
                // Mended by NTP.
                1 => clocked.put(0),
                _ => clocked.jump(any_jump(&mut rng)),
            }
        }
        clocked.world.faults.one_in = 0;
        clocked.world.run(secs(1800));
        clocked.stop();
        let world = &clocked.world;
        let account = world.core.account();
        assert_eq!(account.owed(), 0, "{}: {account}", clocked.said);
        assert!(world.disk.files.is_empty(), "{}", clocked.said);
        // What was given up was stamped where CloudWatch, or this clock, would not have it.
        let reasons = [Reason::Invalid, Reason::TooNew, Reason::TooOld];
        assert!(
            account
                .dropped
                .keys()
                .all(|reason| reasons.contains(reason)),
            "{}: {account}",
            clocked.said
        );
    }
}

// The limits, to the second.

#[test]
fn what_waits_is_given_up_at_its_age_and_held_while_it_is_ahead() {
    let stamp = EPOCH_MS / 1000;
    let limits = Limits {
        oldest_secs: 3600,
        ..setup(0).limits
    };
    let at = |boot: u64, wall: i64| Now {
        boot: secs(boot),
        wall_ms: wall * 1000,
    };
    let queue = || {
        let mut queue = Queue::new(limits, 1, 0, at(1000, stamp));
        let batch = split(&"Test".into(), vec![datum(stamp)]).remove(0);
        assert_eq!(queue.push(vec![batch], secs(1000)).1, 0);
        queue
    };
    for (age, gone) in [(3599, false), (3600, false), (3601, true)] {
        let expired = queue().expire(at(1001, stamp + age));
        let wanted = if gone {
            vec![(Reason::TooOld, 1)]
        } else {
            vec![]
        };
        assert_eq!(expired, wanted, "{age}");
    }
    for (ahead, held) in [
        (NEWEST_SECS - 1, false),
        (NEWEST_SECS, true),
        (NEWEST_SECS + 1, true),
    ] {
        let mut queue = queue();
        assert_eq!(queue.expire(at(1001, stamp - ahead)), []);
        assert_eq!(queue.next(secs(1001)).is_none(), held, "{ahead}");
    }
    // A quarter of an hour of patience for a clock that is set late.
    for (waited, gone) in [(899, false), (900, true), (901, true)] {
        let mut queue = queue();
        assert_eq!(queue.expire(at(1001, stamp - NEWEST_SECS)), []);
        let expired = queue.expire(at(1001 + waited, stamp - NEWEST_SECS));
        let wanted = if gone {
            vec![(Reason::TooNew, 1)]
        } else {
            vec![]
        };
        assert_eq!(expired, wanted, "{waited}");
    }
}

fn datum(timestamp: i64) -> Datum {
    Datum {
        metric: "Metric".into(),
        unit: Unit::Count,
        dimensions: vec![Dimension {
            name: "InstanceId".into(),
            value: "i-1".to_owned(),
        }],
        timestamp,
        resolution: Resolution::Minute,
        values: vec![(1.0, 1)],
    }
}

// Log lines.

#[test]
fn a_storm_of_bad_datums_is_named_in_part_and_counted_in_whole() {
    let mut world = World::known(setup(11), Faults::none(11));
    world.faults.outcome = Some(Outcome::Invalid);
    world.run(secs(1200));
    let before = world.lines.len();
    assert!(before <= 20 * 61, "{before}");
    let invalid = world.core.account().dropped[&Reason::Invalid];
    assert!(invalid > 100, "{invalid}");
    world.step(Event::Stop);
    world.run(secs(30));
    assert!(world.lines.last().unwrap().starts_with("account: "));
}
