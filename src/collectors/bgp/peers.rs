//! What one daemon's lists mean from pass to pass: which peers count, which were lost and came back meanwhile.

use std::collections::BTreeMap;

use super::lost::lost;
use super::wire::{Bfd, Listed, Peer, State};

/// A daemon that runs for less has been started anew when it ran for longer before. Not any fall of its uptime: BIRD
/// tells local times, which summer time moves.
const YOUNG_MS: u64 = 600_000;

/// What is kept of one daemon.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// It had a peer once.
    had_peers: bool,
    /// It had a BFD session once.
    had_bfd: bool,
    uptime_ms: Option<u64>,
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    peer: Peer,
    /// Sessions lost since the peer was first seen.
    lost: u64,
}

/// What is said of one peer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) name: String,
    /// Up, or not; `None` is unknown. The worst since the last reading, as far as the daemon lets one know.
    pub(super) is_up: Option<bool>,
    pub(super) prefixes: Option<u64>,
    /// Running total.
    pub(super) lost: u64,
}

/// What is said of one daemon's peers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pass {
    pub(super) told: Vec<Told>,
    /// Up and down; `None` where there never was a peer.
    pub(super) count: Option<(usize, usize)>,
    /// Listed, and switched off by the administrator: not missing, though nothing is said of them.
    pub(super) shut: Vec<String>,
}

impl Memory {
    /// Takes in a list.
    pub(super) fn take(&mut self, listed: Listed) -> Pass {
        let uptimes = self.uptime_ms.zip(listed.uptime_ms);
        let restarted = uptimes.is_some_and(|(before, now)| now < before && now < YOUNG_MS);
        self.uptime_ms = listed.uptime_ms;
        self.had_peers |= !listed.peers.is_empty();
        let mut before = std::mem::take(&mut self.known);
        let mut pass = Pass::default();
        for (name, peer) in listed.peers {
            let known = before.remove(&name);
            let more = known.as_ref().map_or(0, |known| match peer.state {
                State::Shut => 0,
                _ => lost(&known.peer, &peer, restarted),
            });
            let total = known.map_or(0, |known| known.lost).saturating_add(more);
            match peer.state {
                State::Shut => pass.shut.push(name.clone()),
                _ => pass.told.extend(told(&name, &peer, more, total)),
            }
            let known = Known { peer, lost: total };
            self.known.insert(name, known);
        }
        pass.told.extend(vanished(before));
        if self.had_peers {
            let count = |wanted| {
                let states = pass.told.iter().map(|told| told.is_up);
                states.filter(|is_up| *is_up == Some(wanted)).count()
            };
            pass.count = Some((count(true), count(false)));
        }
        pass
    }

    /// BFD sessions that are down; `None` where there never was one.
    pub(super) fn take_bfd(&mut self, bfd: Bfd) -> Option<usize> {
        self.had_bfd |= bfd.sessions > 0;
        self.had_bfd.then_some(bfd.down)
    }
}

/// A session that was lost since the last reading is down in this one, even if another is up by now. A dynamic peer
/// that is not up is nobody's: whether it should be up nobody said.
fn told(name: &str, peer: &Peer, more: u64, total: u64) -> Option<Told> {
    let is_up = match peer.state {
        State::Unknown => None,
        State::Up if more == 0 => Some(true),
        _ => Some(false),
    };
    if peer.is_dynamic && peer.state != State::Up && more == 0 {
        return None;
    }
    Some(Told {
        name: name.to_owned(),
        is_up,
        prefixes: peer.prefixes,
        lost: total,
    })
}

/// Dynamic peers go from the list with their session: down once, and then nothing is said.
fn vanished(before: BTreeMap<String, Known>) -> impl Iterator<Item = Told> {
    let gone = before.into_iter();
    let gone = gone.filter(|(_, known)| known.peer.is_dynamic && known.peer.state == State::Up);
    gone.map(|(name, known)| Told {
        name,
        is_up: Some(false),
        prefixes: None,
        lost: known.lost.saturating_add(1),
    })
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Counted, Session};
    use super::*;

    fn peer(state: State, dropped: u64) -> Peer {
        Peer {
            state,
            prefixes: Some(3),
            is_dynamic: false,
            session: Session::Counted(Counted {
                dropped: Some(dropped),
                ..Counted::default()
            }),
        }
    }

    fn dynamic(state: State) -> Peer {
        Peer {
            is_dynamic: true,
            ..peer(state, 0)
        }
    }

    fn list(peers: &[(&str, Peer)]) -> Listed {
        let peers = peers.iter().map(|(name, peer)| ((*name).to_owned(), *peer));
        Listed {
            peers: peers.collect(),
            uptime_ms: None,
        }
    }

    /// Name, state and lost sessions of each.
    fn said(pass: &Pass) -> Vec<(&str, Option<bool>, u64)> {
        let told = pass.told.iter();
        told.map(|told| (told.name.as_str(), told.is_up, told.lost))
            .collect()
    }

    #[test]
    fn a_peer_that_is_shut_is_nowhere_and_its_shutting_no_flap() {
        let mut memory = Memory::default();
        let pass = memory.take(list(&[
            ("a", peer(State::Up, 5)),
            ("b", peer(State::Down, 0)),
            ("c", peer(State::Shut, 1)),
            ("d", peer(State::Unknown, 1)),
        ]));
        let wanted = [("a", Some(true), 0), ("b", Some(false), 0), ("d", None, 0)];
        assert_eq!(said(&pass), wanted);
        assert_eq!(
            (pass.count, pass.shut),
            (Some((1, 1)), vec!["c".to_owned()])
        );
        let pass = memory.take(list(&[("a", peer(State::Shut, 6))]));
        assert_eq!((said(&pass), pass.count), (vec![], Some((0, 0))));
        let pass = memory.take(list(&[("a", peer(State::Down, 6))]));
        assert_eq!(said(&pass), [("a", Some(false), 0)]);
    }

    #[test]
    fn a_session_that_came_back_between_readings_was_down_in_this_one() {
        let mut memory = Memory::default();
        memory.take(list(&[("a", peer(State::Up, 5))]));
        let pass = memory.take(list(&[("a", peer(State::Up, 7))]));
        assert_eq!(
            (said(&pass), pass.count),
            (vec![("a", Some(false), 2)], Some((0, 1)))
        );
        let pass = memory.take(list(&[("a", peer(State::Up, 7))]));
        assert_eq!(
            (said(&pass), pass.count),
            (vec![("a", Some(true), 2)], Some((1, 0)))
        );
    }

    #[test]
    fn a_dynamic_peer_counts_while_it_is_up_and_once_when_it_goes() {
        let mut memory = Memory::default();
        let pass = memory.take(list(&[
            ("a", dynamic(State::Down)),
            ("b", dynamic(State::Up)),
        ]));
        assert_eq!(
            (said(&pass), pass.count),
            (vec![("b", Some(true), 0)], Some((1, 0)))
        );
        let pass = memory.take(list(&[("a", dynamic(State::Up))]));
        let wanted = vec![("a", Some(true), 0), ("b", Some(false), 1)];
        assert_eq!((said(&pass), pass.count), (wanted, Some((1, 1))));
        // BIRD keeps it in the list.
        let pass = memory.take(list(&[("a", dynamic(State::Down))]));
        assert_eq!(said(&pass), [("a", Some(false), 1)]);
        let pass = memory.take(list(&[("a", dynamic(State::Down))]));
        assert_eq!((said(&pass), pass.count), (vec![], Some((0, 0))));
    }

    #[test]
    fn where_there_never_was_anything_nothing_is_said() {
        let mut memory = Memory::default();
        assert_eq!(memory.take(list(&[])), Pass::default());
        memory.take(list(&[("a", peer(State::Shut, 0))]));
        assert_eq!(memory.take(list(&[])).count, Some((0, 0)));
        let bfd = |sessions, down| Bfd { sessions, down };
        assert_eq!(memory.take_bfd(bfd(0, 0)), None);
        assert_eq!(memory.take_bfd(bfd(2, 1)), Some(1));
        assert_eq!(memory.take_bfd(bfd(0, 0)), Some(0));
    }
}
