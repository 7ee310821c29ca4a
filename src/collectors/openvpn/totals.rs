//! Bytes of a tunnel over its reconnections: OpenVPN counts each connection from zero. Pure.
//!
//! What a connection carried between the last pass that saw it and its end is not in any list, and is lost.

use std::collections::BTreeMap;

/// Received and sent bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bytes {
    /// Received from the other end.
    pub received: u64,
    /// Sent to it.
    pub sent: u64,
}

/// Running totals of one source's tunnels, by name.
#[derive(Debug, Default)]
pub struct Totals {
    was_read: bool,
    tunnels: BTreeMap<String, Tunnel>,
}

#[derive(Debug, Default)]
struct Tunnel {
    total: Bytes,
    /// By connection, what was counted already.
    counted: BTreeMap<String, Bytes>,
}

impl Totals {
    /// What each of these tunnels' connections has carried so far; the running total of each comes back. A connection
    /// that is there at the first look carried its bytes before.
    pub fn advance<'a>(
        &mut self,
        tunnels: impl IntoIterator<Item = (&'a str, Vec<(String, Bytes)>)>,
    ) -> Vec<(&'a str, Bytes)> {
        let is_first = !std::mem::replace(&mut self.was_read, true);
        let tunnels = tunnels.into_iter();
        let advanced = tunnels.map(|(name, connections)| {
            let tunnel = self.tunnels.entry(name.to_owned()).or_default();
            tunnel.advance(connections, is_first);
            (name, tunnel.total)
        });
        advanced.collect()
    }
}

impl Tunnel {
    fn advance(&mut self, connections: Vec<(String, Bytes)>, is_first: bool) {
        let before = std::mem::take(&mut self.counted);
        for (connection, bytes) in connections {
            let counted = before.get(&connection).copied();
            let counted = counted.unwrap_or(if is_first { bytes } else { Bytes::default() });
            let total = &mut self.total;
            total.received =
                (total.received).saturating_add(grown(counted.received, bytes.received));
            total.sent = total.sent.saturating_add(grown(counted.sent, bytes.sent));
            self.counted.insert(connection, bytes);
        }
    }
}

/// A counter that is smaller than before began again.
fn grown(before: u64, now: u64) -> u64 {
    now.checked_sub(before).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The totals received of one tunnel after each of these lists.
    fn received(lists: &[&[(&str, u64)]]) -> Vec<u64> {
        let mut totals = Totals::default();
        let bytes = |received| Bytes { received, sent: 0 };
        let of = |list: &&[(&str, u64)]| {
            let list = list.iter().map(|(key, n)| ((*key).to_owned(), bytes(*n)));
            let advanced = totals.advance([("site", list.collect())]);
            advanced[0].1.received
        };
        lists.iter().map(of).collect()
    }

    #[test]
    fn a_reconnection_adds_what_it_carried_since_it_began() {
        let seen = [
            &[("a", 1000)][..],
            &[("a", 1500)],
            &[("b", 70)],
            &[],
            &[("c", 5)],
        ];
        assert_eq!(received(&seen), [0, 500, 570, 570, 575]);
    }

    #[test]
    fn two_connections_of_one_name_are_summed_and_a_smaller_count_began_again() {
        let both = [
            &[("a", 10), ("b", 10)][..],
            &[("a", 11), ("b", 12)],
            &[("a", 4)],
        ];
        assert_eq!(received(&both), [0, 3, 7]);
    }

    #[test]
    fn who_comes_after_the_first_look_is_counted_from_its_beginning() {
        assert_eq!(received(&[&[], &[("a", 9)]]), [0, 9]);
    }
}
