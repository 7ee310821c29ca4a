//! Room for tunnels: how many of a target get series of their own, whatever collectors read them.
//!
//! Those that the user expects always do, and take from the others' room. The others are let in by name, and keep their
//! place while they are seen within the hour.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::aggregate::admission::{Admission, KEPT_FOR, Rank};
use crate::aggregate::window::SeriesKey;
use crate::model::dimension::OwnDimension;

/// Tunnels of a window: whether the user expects each.
pub type Names<'a> = BTreeMap<&'a str, bool>;

/// The tunnels of one target that have series.
#[derive(Debug)]
pub struct TunnelRoom {
    others: Admission<String>,
    /// Expected ones, and when each was seen last: one whose collector fails keeps its place like any other.
    expected: BTreeMap<String, Duration>,
}

/// The tunnel that a series is of.
#[must_use]
pub fn tunnel_of(key: &SeriesKey) -> Option<&str> {
    match &key.own {
        Some((OwnDimension::Tunnel, name)) => Some(name),
        _ => None,
    }
}

impl TunnelRoom {
    /// With so many places.
    #[must_use]
    pub fn new(most: usize) -> Self {
        TunnelRoom {
            others: Admission::new(most),
            expected: BTreeMap::new(),
        }
    }

    /// Gives a tunnel of the time before a restart its place back.
    pub fn resume(&mut self, name: &str, seen: Duration) {
        self.others.resume(name.to_owned(), seen);
    }

    /// Which of these tunnels find no place among `most`, at `now` (boot time).
    pub fn left_out(&mut self, names: &Names<'_>, most: usize, now: Duration) -> BTreeSet<String> {
        for (name, _) in names.iter().filter(|(_, expected)| **expected) {
            self.others.forget(&(*name).to_owned());
            self.expected.insert((*name).to_owned(), now);
        }
        self.expected.retain(|name, seen| {
            let is_other = names.get(name.as_str()) == Some(&false);
            !is_other && now.saturating_sub(*seen) <= KEPT_FOR
        });
        let room = most.saturating_sub(self.expected.len());
        self.others.limit(room);
        let others = names.iter().filter(|(_, expected)| !**expected);
        let wanted: Vec<(Rank, String)> = others
            .map(|(name, _)| (Rank::Rest, (*name).to_owned()))
            .collect();
        let admitted = self.others.admit(&wanted, now);
        let both = wanted.into_iter().zip(admitted);
        both.filter_map(|((_, name), admitted)| (!admitted).then_some(name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(room: &mut TunnelRoom, names: &[(&str, bool)], most: usize, at: u64) -> Vec<String> {
        let names: Names<'_> = names.iter().copied().collect();
        let over = room.left_out(&names, most, Duration::from_secs(at));
        over.into_iter().collect()
    }

    #[test]
    fn expected_tunnels_have_series_whatever_the_others_find() {
        let all = [("a", false), ("b", false), ("x", true), ("y", true)];
        for (most, left_out) in [
            (4, &[][..]),
            (3, &["b"][..]),
            (2, &["a", "b"][..]),
            (0, &["a", "b"][..]),
        ] {
            let mut room = TunnelRoom::new(most);
            assert_eq!(over(&mut room, &all, most, 0), left_out, "{most}");
        }
    }

    #[test]
    fn a_restart_and_a_window_without_the_expected_cost_the_others_no_place() {
        let mut room = TunnelRoom::new(3);
        // All of them had series before the restart, expected or not.
        for name in ["m", "n", "x"] {
            room.resume(name, Duration::ZERO);
        }
        let all = [("a", false), ("m", false), ("n", false), ("x", true)];
        assert_eq!(over(&mut room, &all, 3, 1), ["a"]);
        assert_eq!(over(&mut room, &all[..3], 3, 61), ["a"]);
        assert_eq!(over(&mut room, &all, 3, 121), ["a"]);
    }

    #[test]
    fn a_tunnel_keeps_its_place_for_an_hour() {
        let mut room = TunnelRoom::new(1);
        room.resume("m", Duration::ZERO);
        assert_eq!(over(&mut room, &[("a", false)], 1, 3600), ["a"]);
        assert_eq!(over(&mut room, &[("a", false)], 1, 3601), [""; 0]);
        assert_eq!(over(&mut room, &[("m", false)], 1, 3602), ["m"]);
    }
}
