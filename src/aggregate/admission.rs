//! The series ceiling of a target: who is let in when there are more series than the bill should carry.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// An accepted series keeps its place while it is seen within the hour.
pub const KEPT_FOR: Duration = Duration::from_secs(3600);

/// In which order series are let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The fleet's.
    Fleet,
    /// The instance's.
    Instance,
    /// A tunnel or peer that the user named.
    Expected,
    /// Everything else, by name.
    Rest,
}

/// The accepted series of one target.
#[derive(Debug)]
pub struct Admission<K> {
    most: usize,
    seen: HashMap<K, Duration>,
    changes: u64,
}

impl<K: Eq + Hash + Ord + Clone> Admission<K> {
    /// At most this many series.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Admission {
            most,
            seen: HashMap::new(),
            changes: 0,
        }
    }

    /// Another ceiling. Under one that is too low for those that have a place, rank and name decide anew.
    pub fn limit(&mut self, most: usize) {
        self.most = most;
        if self.seen.len() > most {
            self.changes += self.seen.len() as u64;
            self.seen.clear();
        }
    }

    /// Its place is free: it has another.
    pub fn forget(&mut self, key: &K) {
        self.seen.remove(key);
    }

    /// Gives a series of the time before a restart its place back.
    pub fn resume(&mut self, key: K, seen: Duration) {
        if self.seen.len() < self.most {
            self.seen.insert(key, seen);
        }
    }

    /// The accepted series, and when each was seen last.
    pub fn accepted(&self) -> impl Iterator<Item = (&K, Duration)> {
        self.seen.iter().map(|(key, seen)| (key, *seen))
    }

    /// Counts series that came or went.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Which of these series of a closing window are let in, in the order given.
    pub fn admit(&mut self, wanted: &[(Rank, K)], now: Duration) -> Vec<bool> {
        let before = self.seen.len();
        self.seen
            .retain(|_, seen| now.saturating_sub(*seen) <= KEPT_FOR);
        self.changes += (before - self.seen.len()) as u64;
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by(|a, b| wanted[*a].cmp(&wanted[*b]));
        let mut admitted = vec![false; wanted.len()];
        // Those with a place first: a newcomer of higher rank takes nobody's.
        for known in [true, false] {
            for &index in &order {
                let key = &wanted[index].1;
                // One key may stand twice: in this window and in one that was opened again.
                let fits = self.seen.contains_key(key) || (!known && self.seen.len() < self.most);
                if fits {
                    admitted[index] = true;
                    let new = self.seen.insert(key.clone(), now).is_none();
                    self.changes += u64::from(new);
                }
            }
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(names: &[(Rank, &'static str)]) -> Vec<(Rank, &'static str)> {
        names.to_vec()
    }

    #[test]
    fn rank_then_name_decides_at_the_ceiling() {
        let list = wanted(&[
            (Rank::Rest, "b"),
            (Rank::Rest, "a"),
            (Rank::Expected, "z"),
            (Rank::Instance, "y"),
            (Rank::Fleet, "x"),
        ]);
        let let_in = |most| Admission::new(most).admit(&list, Duration::ZERO);
        assert_eq!(let_in(4), [false, true, true, true, true]);
        assert_eq!(let_in(5), [true; 5]);
        assert_eq!(let_in(6), [true; 5]);
    }

    #[test]
    fn under_a_lower_ceiling_rank_decides_anew_and_a_higher_one_takes_no_place() {
        let mut admission = Admission::new(2);
        let both = wanted(&[(Rank::Rest, "b"), (Rank::Instance, "c")]);
        assert_eq!(admission.admit(&both, Duration::ZERO), [true, true]);
        admission.limit(3);
        let three = wanted(&[(Rank::Rest, "b"), (Rank::Instance, "c"), (Rank::Fleet, "a")]);
        assert_eq!(admission.admit(&three, Duration::ZERO), [true; 3]);
        admission.limit(1);
        let one = [false, false, true];
        assert_eq!(admission.admit(&three, Duration::ZERO), one);
        assert_eq!(admission.accepted().count(), 1);
    }

    #[test]
    fn a_resumed_series_has_its_place_but_not_beyond_the_ceiling() {
        let mut admission = Admission::new(1);
        admission.resume("old", Duration::from_secs(5));
        admission.resume("more", Duration::from_secs(5));
        assert_eq!(admission.accepted().count(), 1);
        let new = wanted(&[(Rank::Fleet, "new")]);
        assert_eq!(admission.admit(&new, Duration::from_secs(3605)), [false]);
        assert_eq!(admission.changes(), 0);
        assert_eq!(admission.admit(&new, Duration::from_secs(3606)), [true]);
        assert_eq!(admission.changes(), 2);
    }

    #[test]
    fn an_accepted_series_keeps_its_place_for_an_hour() {
        let mut admission = Admission::new(1);
        let old = wanted(&[(Rank::Rest, "old")]);
        let new = wanted(&[(Rank::Fleet, "new")]);
        assert_eq!(admission.admit(&old, Duration::ZERO), [true]);
        assert_eq!(admission.admit(&new, Duration::from_secs(3600)), [false]);
        assert_eq!(admission.admit(&new, Duration::from_secs(3601)), [true]);
        assert_eq!(admission.admit(&old, Duration::from_secs(3601)), [false]);
    }
}
