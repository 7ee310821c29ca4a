//! What was read and what arrived, reading by reading: each carries the number of its pass as its value.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// The truth beside the core's account.
#[derive(Debug, Default)]
pub struct Ledger {
    /// How often each pass arrived.
    arrived: Vec<u8>,
    /// Passes that the core took in and that did not arrive yet, with the time.
    outstanding: BTreeMap<u64, Duration>,
    pub recorded: u64,
    /// Passes that arrived more than once.
    pub twice: u64,
    /// Passes that were in memory alone when the process was killed.
    pub killed: u64,
    /// Passes of windows that the core gave up and counted.
    pub given_up: u64,
}

impl Ledger {
    /// The core took in this pass.
    pub fn record(&mut self, pass: u64, now: Duration) {
        self.recorded += 1;
        self.outstanding.insert(pass, now);
    }

    /// The endpoint took in this pass; true when it had it already.
    pub fn arrive(&mut self, pass: u64) -> bool {
        let index = usize::try_from(pass).unwrap();
        if self.arrived.len() <= index {
            self.arrived.resize(index * 2 + 1, 0);
        }
        let times = &mut self.arrived[index];
        *times = times.saturating_add(1);
        self.twice += u64::from(*times == 2);
        self.outstanding.remove(&pass);
        *times > 1
    }

    /// The process ended: what neither arrived nor lies on disk is gone; how much that is.
    pub fn kill(&mut self, on_disk: &HashSet<u64>) -> u64 {
        let before = self.outstanding.len();
        self.outstanding.retain(|pass, _| on_disk.contains(pass));
        let gone = (before - self.outstanding.len()) as u64;
        self.killed += gone;
        gone
    }

    /// Passes taken in before this and not arrived.
    pub fn missing(&self, before: Duration) -> usize {
        let old = self.outstanding.values();
        old.filter(|recorded| **recorded < before).count()
    }

    /// The oldest pass that did not arrive, and when it was taken in.
    pub fn oldest(&self) -> Option<(u64, Duration)> {
        let first = self.outstanding.first_key_value();
        first.map(|(pass, recorded)| (*pass, *recorded))
    }

    /// The oldest pass that neither arrived nor is there.
    pub fn oldest_without(&self, there: impl Fn(u64) -> bool) -> Option<(u64, Duration)> {
        let mut gone = self.outstanding.iter().filter(|(pass, _)| !there(**pass));
        gone.next().map(|(pass, recorded)| (*pass, *recorded))
    }

    /// The core gave them up and counted them.
    pub fn give_up(&mut self, before: Duration) {
        let missing = self.missing(before);
        self.outstanding.retain(|_, recorded| *recorded >= before);
        self.given_up += missing as u64;
    }
}
