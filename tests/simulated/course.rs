//! A course of faults by seed: how the endpoint and the disk are for a while, and what happens meanwhile.

use super::disk::Mood;

/// How the endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Net {
    /// As it should.
    Well,
    /// Nobody answers.
    Down,
    /// It answers nothing, and the attempt ends by its deadline.
    Hangs,
    /// All is throttled.
    Throttles,
    /// The role was revoked.
    Denies,
    /// One call in so many fails some way; of some the data is stored.
    Flaky(u64),
    /// One answer in so many is lost after the data was stored.
    LosesAnswers(u64),
    /// Calls of more datums are too large.
    TooLarge(usize),
    /// One metric is refused.
    Poisoned,
    /// Answers take so many milliseconds.
    Slow(u64),
}

/// Something that happens at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// The process is killed, and another starts.
    Kill,
    /// SIGTERM, and another starts.
    Restart,
    /// The wall clock jumps by so many seconds.
    Jump(i64),
    /// The machine sleeps for so many seconds.
    Suspend(u64),
    /// Bits of a file flip.
    Rot,
}

/// A stretch of the course.
#[derive(Debug, Clone)]
pub struct Stretch {
    pub net: Net,
    pub mood: Mood,
    /// Seconds.
    pub length: u64,
    /// Each after so many milliseconds since the one before.
    pub blows: Vec<(u64, Blow)>,
    /// All is well after it until nothing waits.
    pub recovers: bool,
}

/// The longest outage of windows of a second; there are as many files then.
const OUTAGE_MOST_SECS: u64 = 3 * 3600;

/// Draws the next stretch.
pub fn draw(rng: &mut fastrand::Rng) -> Stretch {
    let net = net(rng);
    let length = match net {
        Net::Well => rng.u64(30..900),
        _ => length(rng),
    };
    let blows = match rng.u8(0..10) {
        0..4 => 0,
        4..8 => 1,
        _ => rng.usize(1..4),
    };
    let blows = (0..blows).map(|_| (rng.u64(0..length * 1000 / 2), blow(rng)));
    Stretch {
        net,
        blows: blows.collect(),
        mood: mood(rng),
        length,
        recovers: rng.u8(0..3) == 0,
    }
}

/// Mostly seconds, sometimes minutes, seldom hours.
fn length(rng: &mut fastrand::Rng) -> u64 {
    match rng.u16(0..1000) {
        0..800 => rng.u64(1..60),
        800..990 => rng.u64(60..600),
        990..998 => rng.u64(600..1800),
        _ => rng.u64(1800..OUTAGE_MOST_SECS),
    }
}

fn net(rng: &mut fastrand::Rng) -> Net {
    match rng.u8(0..16) {
        0..5 => Net::Well,
        5..7 => Net::Down,
        7 => Net::Hangs,
        8 => Net::Throttles,
        9 => Net::Denies,
        10 | 11 => Net::Flaky(rng.u64(2..10)),
        12 => Net::LosesAnswers(rng.u64(1..5)),
        13 => Net::TooLarge(rng.usize(1..3)),
        14 => Net::Poisoned,
        _ => Net::Slow(rng.u64(400..4500)),
    }
}

fn mood(rng: &mut fastrand::Rng) -> Mood {
    match rng.u8(0..24) {
        0 => Mood::ReadOnly,
        1 => Mood::Full(rng.usize(0..40_000)),
        2 => Mood::Slow(rng.u64(100..4900)),
        3 => Mood::TooSlow(5000),
        4 => Mood::Flaky(rng.u64(2..12)),
        _ => Mood::Well,
    }
}

fn blow(rng: &mut fastrand::Rng) -> Blow {
    match rng.u8(0..16) {
        0..6 => Blow::Kill,
        6..9 => Blow::Restart,
        9 | 10 => Blow::Rot,
        11..13 => Blow::Suspend(length(rng)),
        13 => Blow::Jump(rng.i64(-5..6)),
        14 => Blow::Jump(rng.i64(-600..600)),
        _ => Blow::Jump(rng.i64(-20_000..20_000)),
    }
}
