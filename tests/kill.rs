//! `kill -9` at random moments, under load, one program after the other on the same spool: what was sealed arrives,
//! what arrives twice has a reason, and the account goes on over all lives.
//!
//! By hand, at one-second windows: `KILLS=1000 cargo test --release --test kill -- --nocapture`; SEED=n for other
//! moments.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod endurance;
mod support;

use endurance::account::Account;
use endurance::lives::{Campaign, strangers};
use endurance::verdict::{self, Arrived, Figures};
use endurance::{number, spooled};

/// Without a word in the environment; `tests/run` makes it thirty.
const KILLS: u64 = 8;
/// With so many a kill meets each kind of moment.
const ENOUGH: u64 = 30;
/// A window of five seconds costs five times as long.
const LONGER_WINDOWS_PART: u64 = 3;

/// Files of the state directory, beside the spool.
const KEPT: [&str; 5] = ["spool", "lock", "account.json", "series.json", "heartbeat"];

#[test]
fn no_sealed_window_is_lost_by_kill_9_at_windows_of_a_second() {
    campaign(1, number("KILLS", KILLS));
}

#[test]
fn an_open_window_of_five_seconds_loses_little_by_kill_9() {
    campaign(5, number("KILLS", KILLS).div_ceil(LONGER_WINDOWS_PART));
}

fn campaign(period_secs: u64, kills: u64) {
    let seed = number("SEED", 1);
    let mut campaign = Campaign::new(period_secs, seed);
    campaign.kill(kills);
    let account = Account::read(&campaign.drain());
    let arrived = Arrived::of(&campaign);
    let mut figures = Figures {
        kills: campaign.lives.len(),
        ..Figures::default()
    };
    verdict::all_spooled_arrived(&campaign, &arrived);
    verdict::duplicates_have_a_reason(&campaign, &arrived, &mut figures);
    verdict::readings_are_whole(&campaign, &arrived, &mut figures);
    verdict::account_balances(account, &arrived, &mut figures);
    nothing_is_left(&campaign, &mut figures);
    println!("windows of {period_secs} s, seed {seed}: {figures}");
    println!("{account:?}");
    for line in &campaign.complaints {
        println!("{line}");
    }
    if kills >= ENOUGH {
        let all_kinds = figures.windows > 0 && figures.answers_lost > 0;
        assert!(all_kinds, "no kill met a window or an answer: {figures}");
    }
    assert_eq!(account.lost, 0, "{:?}", campaign.complaints);
    // Where the machine held us up nothing is asked; too much of that, and nothing is shown.
    let (excused, all) = (figures.excused, figures.looked_at);
    assert!(excused * 4 <= all, "{excused} of {all} seconds excused");
}

/// A half-written file is set aside by the next life; nothing else is, and nothing else stays.
fn nothing_is_left(campaign: &Campaign, figures: &mut Figures) {
    let left = spooled::look(&campaign.state);
    assert!(left.batches.is_empty(), "{left:?}");
    assert!(left.halves.is_empty() && left.others.is_empty(), "{left:?}");
    let halves: Vec<&String> = campaign
        .lives
        .iter()
        .flat_map(|life| &life.left.halves)
        .collect();
    figures.halves = halves.len();
    let rejected = spooled::names(&campaign.state.join("spool/rejected"));
    let strange: Vec<&String> = rejected
        .iter()
        .filter(|name| !halves.contains(name))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    let beside = strangers(&campaign.state, &KEPT);
    assert!(beside.is_empty(), "{beside:?}");
}
