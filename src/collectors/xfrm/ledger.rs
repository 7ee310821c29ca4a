//! Running totals of a tunnel over the replacement of its associations. Pure.
//!
//! Each association counts from 0. A new one counts whole, one that is known by what it grew. One that has ended is booked
//! once more with what the kernel told of it at its end.

use std::collections::BTreeMap;

use super::wire::{Address, Association, Direction};

/// What tells an association from another (RFC 4301, section 4.1), and from one made anew under its number.
pub(super) type Id = (Address, u32, u8, u64);

/// Of an association.
pub(super) fn id(association: &Association) -> Id {
    (
        association.destination,
        association.spi,
        association.protocol,
        association.added,
    )
}

/// Totals of one tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    /// Bytes received through it.
    pub(super) bytes_in: u64,
    /// Bytes sent through it.
    pub(super) bytes_out: u64,
    /// Packets that it refused.
    pub(super) errors: u64,
}

/// Of all tunnels, by name.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    tunnels: BTreeMap<String, Account>,
}

#[derive(Debug, Default)]
struct Account {
    totals: Totals,
    known: BTreeMap<Id, (u64, u64)>,
}

impl Ledger {
    /// Books what the associations of a tunnel have counted until now, those that ended among them.
    pub(super) fn book(&mut self, name: &str, members: &[(Direction, &Association)]) -> Totals {
        let account = self.tunnels.entry(name.to_owned()).or_default();
        let before = std::mem::take(&mut account.known);
        for (direction, association) in members {
            let id = id(association);
            let now = (association.bytes, association.errors);
            let grown = match before.get(&id) {
                Some(then) if then.0 <= now.0 && then.1 <= now.1 => {
                    (now.0 - then.0, now.1 - then.1)
                }
                _ => now,
            };
            let totals = &mut account.totals;
            let bytes = match direction {
                Direction::In => &mut totals.bytes_in,
                Direction::Out => &mut totals.bytes_out,
            };
            *bytes = bytes.saturating_add(grown.0);
            totals.errors = totals.errors.saturating_add(grown.1);
            account.known.insert(id, now);
        }
        account.totals
    }

    /// Forgets tunnels that are no longer configured.
    pub(super) fn keep(&mut self, is_there: impl Fn(&str) -> bool) {
        self.tunnels.retain(|name, _| is_there(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collectors::xfrm::group::tests::association;

    fn with(mut association: Association, bytes: u64, errors: u64) -> Association {
        (association.bytes, association.errors) = (bytes, errors);
        association
    }

    #[test]
    fn a_rekey_loses_nothing_and_counts_nothing_twice() {
        let mut ledger = Ledger::default();
        let mut book = |all: &[Association]| {
            let members: Vec<_> = all.iter().map(|a| (Direction::Out, a)).collect();
            ledger.book("a", &members).bytes_out
        };
        let old = |bytes| with(association(1, 2, 0x10, 1), bytes, 0);
        let new = |bytes| with(association(1, 2, 0x11, 1), bytes, 0);
        assert_eq!(book(&[old(100)]), 100);
        assert_eq!(book(&[old(150), new(0)]), 150);
        assert_eq!(book(&[old(160), new(40)]), 200);
        assert_eq!(book(&[new(70)]), 230);
        assert_eq!(book(&[new(70)]), 230);
        // The number comes again.
        let mut anew = new(90);
        anew.added += 1;
        assert_eq!(book(&[anew]), 320);
        assert_eq!(book(&[]), 320);
    }

    #[test]
    fn directions_and_errors_are_apart() {
        let mut ledger = Ledger::default();
        let (out, back) = (
            with(association(1, 2, 0x10, 1), 5, 0),
            with(association(2, 1, 0x20, 1), 7, 3),
        );
        let totals = ledger.book("a", &[(Direction::Out, &out), (Direction::In, &back)]);
        let wanted = Totals {
            bytes_in: 7,
            bytes_out: 5,
            errors: 3,
        };
        assert_eq!(totals, wanted);
        ledger.keep(|name| name != "a");
        assert_eq!(ledger.book("a", &[]), Totals::default());
    }
}
