//! What courses were worth.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use fwmetrics::agent::core::account::Reason;

/// Of one course, or of all.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub windows: u64,
    pub steps: u64,
    pub calls: u64,
    pub kills: u64,
    pub restarts: u64,
    pub jumps: u64,
    pub suspends: u64,
    pub rotten: u64,
    /// Readings that arrived more than once.
    pub twice: u64,
    /// Readings that were in memory alone at a kill, or at an end on a disk that took nothing.
    pub killed: u64,
    /// Readings in datums that were given up and counted.
    pub given_up: u64,
    pub most_files: usize,
    pub most_memory: usize,
    pub dropped: BTreeMap<Reason, u64>,
    /// The longest wait of a fresh window in calm times.
    pub latest: Duration,
    /// The longest time between a reading and a kill that cost it, on a disk that was well.
    pub before_kill: Duration,
}

impl Tally {
    /// All of them in one.
    pub fn sum(all: &[Tally]) -> Tally {
        let mut sum = Tally::default();
        for one in all {
            sum.windows += one.windows;
            sum.steps += one.steps;
            sum.calls += one.calls;
            sum.kills += one.kills;
            sum.restarts += one.restarts;
            sum.jumps += one.jumps;
            sum.suspends += one.suspends;
            sum.rotten += one.rotten;
            sum.twice += one.twice;
            sum.killed += one.killed;
            sum.given_up += one.given_up;
            sum.most_files = sum.most_files.max(one.most_files);
            sum.most_memory = sum.most_memory.max(one.most_memory);
            sum.latest = sum.latest.max(one.latest);
            sum.before_kill = sum.before_kill.max(one.before_kill);
            for (reason, datums) in &one.dropped {
                *sum.dropped.entry(*reason).or_default() += datums;
            }
        }
        sum
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} windows, {} steps, {} calls, {} kills, {} restarts, {} clock jumps, {} suspends, {} rotten files",
            self.windows,
            self.steps,
            self.calls,
            self.kills,
            self.restarts,
            self.jumps,
            self.suspends,
            self.rotten
        )?;
        writeln!(
            f,
            "readings: {} twice, {} in memory alone at an end, {} in datums given up and counted, none otherwise missing",
            self.twice, self.killed, self.given_up
        )?;
        writeln!(
            f,
            "at most {} files, {} bytes of batches in memory; a fresh window waited {:?} at most in calm times",
            self.most_files, self.most_memory, self.latest
        )?;
        writeln!(
            f,
            "a kill on a disk that was well cost nothing that was older than {:?}",
            self.before_kill
        )?;
        write!(f, "datums given up:")?;
        for (reason, datums) in &self.dropped {
            write!(f, " {} {datums}", reason.word())?;
        }
        Ok(())
    }
}
