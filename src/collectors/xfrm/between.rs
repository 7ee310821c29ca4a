//! What happened between two passes, from what the kernel tells of associations that come and go. Pure.
//!
//! So bytes of an association that was replaced are counted to the last, and a tunnel that was down for a moment shows.

use std::collections::{BTreeMap, BTreeSet};

use super::group::Tunnel;
use super::ledger::{Id, id};
use super::wire::{Association, Event};

/// Associations of the last pass.
#[derive(Debug, Default)]
pub(super) struct Between {
    before: Option<BTreeMap<Id, Association>>,
}

impl Between {
    /// The tunnels that were down in between, by name. Where not everything was heard, and in the first pass, none are known.
    pub(super) fn dips(
        &mut self,
        tunnels: &BTreeMap<String, Tunnel>,
        events: Option<&[Event]>,
        now: &[Association],
    ) -> BTreeSet<String> {
        let by_id = |all: &[Association]| -> BTreeMap<Id, Association> {
            all.iter().map(|one| (id(one), one.clone())).collect()
        };
        let before = self.before.take();
        let Some(events) = events else {
            // What was not heard may have changed what was listed.
            return BTreeSet::new();
        };
        // Events were heard after the list was made: those that came in between are in them alone.
        let mut after = by_id(now);
        for event in events {
            match event {
                Event::Made(made) => drop(after.insert(id(made), made.clone())),
                Event::Ended(ended) => drop(after.remove(&id(ended))),
            }
        }
        self.before = Some(after);
        let Some(mut there) = before else {
            return BTreeSet::new();
        };
        let mut dips = BTreeSet::new();
        for event in events {
            let ended = match event {
                Event::Made(made) => {
                    there.insert(id(made), made.clone());
                    continue;
                }
                Event::Ended(ended) => ended,
            };
            let carried = tunnels.iter().filter(|(_, tunnel)| tunnel.has(ended));
            let carried = carried.filter(|(_, tunnel)| tunnel.is_up(there.values()));
            let carried: Vec<_> = carried.collect();
            there.remove(&id(ended));
            let down = carried
                .into_iter()
                .filter(|(_, t)| !t.is_up(there.values()));
            dips.extend(down.map(|(name, _)| name.clone()));
        }
        dips
    }
}

/// Those that are there, and those that ended since the last pass as they were at their end.
pub(super) fn with_ended(now: &[Association], events: &[Event]) -> Vec<Association> {
    let mut ended: BTreeMap<Id, Association> = BTreeMap::new();
    for event in events {
        if let Event::Ended(one) = event {
            // The kernel does not tell keys of one that expired.
            let whole = Association {
                is_ready: one.spi != 0,
                ..one.clone()
            };
            ended.insert(id(one), whole);
        }
    }
    let still = now.iter().filter(|one| !ended.contains_key(&id(one)));
    let still: Vec<Association> = still.cloned().collect();
    still.into_iter().chain(ended.into_values()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collectors::xfrm::group::tests::{association, both};
    use crate::collectors::xfrm::group::tunnels;

    fn made(from: u8, to: u8, spi: u32) -> Event {
        Event::Made(association(from, to, spi, 1))
    }

    fn ended(from: u8, to: u8, spi: u32) -> Event {
        Event::Ended(association(from, to, spi, 1))
    }

    #[test]
    fn a_rekey_is_no_dip_and_a_moment_without_one_is() {
        let tunnels = tunnels(&both(1), &[]);
        let old = [association(1, 2, 0x10, 1), association(2, 1, 0x20, 1)];
        let new = [association(1, 2, 0x11, 1), association(2, 1, 0x21, 1)];
        let rekey = [
            made(1, 2, 0x11),
            made(2, 1, 0x21),
            ended(1, 2, 0x10),
            ended(2, 1, 0x20),
        ];
        let mut between = Between::default();
        let none = BTreeSet::new();
        assert_eq!(between.dips(&tunnels, Some(&[]), &old), none);
        assert_eq!(between.dips(&tunnels, Some(&rekey), &new), none);
        let anew = [ended(1, 2, 0x11), made(1, 2, 0x12)];
        let newest = [association(1, 2, 0x12, 1), new[1].clone()];
        let dip = BTreeSet::from(["reqid 1".to_owned()]);
        assert_eq!(between.dips(&tunnels, Some(&anew), &newest), dip);
        assert_eq!(between.dips(&tunnels, None, &new), none);
    }

    #[test]
    fn an_association_made_after_the_list_is_not_missed_in_the_next_pass() {
        let tunnels = tunnels(&both(1), &[]);
        let old = [association(1, 2, 0x10, 1), association(2, 1, 0x20, 1)];
        let new = [association(1, 2, 0x11, 1), association(2, 1, 0x21, 1)];
        let made = [made(1, 2, 0x11), made(2, 1, 0x21)];
        let ended = [ended(1, 2, 0x10), ended(2, 1, 0x20)];
        let mut between = Between::default();
        let none = BTreeSet::new();
        // The list is older than what was heard.
        assert_eq!(between.dips(&tunnels, Some(&made), &old), none);
        assert_eq!(between.dips(&tunnels, Some(&ended), &new), none);
    }

    #[test]
    fn one_that_ended_counts_with_its_last_numbers_once() {
        let (mut at_dump, mut at_end) = (association(1, 2, 0x10, 1), association(1, 2, 0x10, 1));
        (at_dump.bytes, at_end.bytes) = (100, 130);
        let other = association(2, 1, 0x20, 1);
        let now = [at_dump, other.clone()];
        let all = with_ended(&now, &[Event::Ended(at_end.clone())]);
        assert_eq!(all, [other, at_end]);
        assert_eq!(with_ended(&now, &[]), now);
    }
}
