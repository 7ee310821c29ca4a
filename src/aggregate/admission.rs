//! The series ceiling of a target: who is let in when there are more series than the bill should carry.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// An accepted series keeps its place while it is seen within the hour.
const KEPT_FOR: Duration = Duration::from_secs(3600);

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
}

impl<K: Eq + Hash + Ord + Clone> Admission<K> {
    /// At most this many series.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Admission {
            most,
            seen: HashMap::new(),
        }
    }

    /// Which of these series of a closing window are let in, in the order given.
    pub fn admit(&mut self, wanted: &[(Rank, K)], now: Duration) -> Vec<bool> {
        self.seen
            .retain(|_, seen| now.saturating_sub(*seen) <= KEPT_FOR);
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
                    self.seen.insert(key.clone(), now);
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
