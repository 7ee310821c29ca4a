//! What routing daemons say of their peers: pure functions of bytes.

pub mod bird;
pub mod frr;

mod lenient;

use std::collections::BTreeMap;

/// More peers than any route server has: a list that is longer is refused.
pub const PEERS_MAX: usize = 10_000;

/// What a peer's session is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Established.
    Up,
    /// Wanted, and not Established.
    Down,
    /// Switched off by the administrator of this side.
    Shut,
    /// The daemon did not say.
    Unknown,
}

/// What tells one session with a peer from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// FRR counts, from the daemon's start.
    Counted(Counted),
    /// BIRD says since when the state holds.
    Since(Since),
}

/// FRR's counters of a peer; each is missing in some release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Sessions that came up.
    pub established: Option<u64>,
    /// Sessions that were lost.
    pub dropped: Option<u64>,
    /// How long the session lasts, or none has been there, milliseconds.
    pub uptime_ms: Option<u64>,
}

/// When a state began, as far as a wall clock that may be set tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long after the daemon's own start, modulo a day: both are told by one clock, and are put right together.
    AfterStart {
        /// Milliseconds, below a day.
        ms: u32,
        /// Told in fractions of a second.
        fine: bool,
    },
    /// So long ago that the day alone is told.
    LongAgo,
    /// Not told in a form that is known.
    Unknown,
}

/// A peer as it was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its state.
    pub state: State,
    /// Prefixes accepted from it, over all address families.
    pub prefixes: Option<u64>,
    /// Nobody configured it: it came in from a range, and is gone from the list when its session is.
    pub is_dynamic: bool,
    /// Its session.
    pub session: Session,
}

/// What a daemon listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Peers by name.
    pub peers: BTreeMap<String, Peer>,
    /// How long the daemon runs, milliseconds, where it says so.
    pub uptime_ms: Option<u64>,
}

/// BFD sessions of a daemon, those that are administratively shut left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bfd {
    /// All of them.
    pub sessions: usize,
    /// Not up.
    pub down: usize,
}

impl Bfd {
    fn count(&mut self, is_up: bool) {
        self.sessions += 1;
        self.down += usize::from(!is_up);
    }
}

/// The first line of what a daemon says, fit for a log.
fn shown(text: &str) -> String {
    const SHOWN: usize = 100;
    let line = text.trim().lines().next().unwrap_or_default();
    let line = line.chars().filter(|c| !c.is_control()).take(SHOWN);
    line.collect()
}
