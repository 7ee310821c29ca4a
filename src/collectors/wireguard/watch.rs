//! Whether a peer is up, as far as that can be known of a protocol that is silent when there is nothing to say. Pure:
//! it is given the time.
//!
//! WireGuard has no state of a peer. Its sessions are good for 180 s, and as long as anything is sent a new handshake is
//! made in time (whitepaper, section 6: Rekey-After-Time 120 s, Reject-After-Time 180 s, Rekey-Timeout 5 s,
//! Keepalive-Timeout 10 s). So with a session there is a tunnel. Without one there is nothing to send, or nobody answers:
//! a peer that should keep the way open is down, and so is one to which something was sent since without a new session;
//! any other is idle, which is up.
//!
//! The stamp of a handshake is of the wall clock, which may jump. It is compared with the wall clock once, when it is new,
//! and then counted on from on the clock that never jumps; a stamp that came up between two looks is no older than the
//! time between them. So a jump misleads only at the first look after a start: a running peer then shows a wrong age until
//! its next handshake, within two minutes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::wire::{Handshake, Peer, PublicKey};
use crate::clock::Now;

/// Reject-After-Time: no session is older.
const SESSION: Duration = Duration::from_secs(180);
/// Keepalive-Timeout + Rekey-Timeout: after so long without an answer the protocol itself takes the peer for lost.
const ANSWER: Duration = Duration::from_secs(15);
/// Rekey-After-Time: where handshakes arrive and none is completed, the way back is cut.
const HANDSHAKE: Duration = Duration::from_secs(120);

/// A peer on one interface; an interface made anew is another.
pub(super) type Id = (String, PublicKey);

/// What is said of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Up, or down; `None` where it never was up and nothing says that it should be.
    pub(super) state: Option<bool>,
    /// Since the last handshake.
    pub(super) age: Option<Duration>,
}

/// What was seen of all peers until now.
#[derive(Debug, Default)]
pub(super) struct Watch {
    peers: BTreeMap<Id, Seen>,
}

#[derive(Debug)]
struct Seen {
    stamp: Option<Duration>,
    /// How old that handshake was when it was noticed, and when that was, boot time.
    noticed: (Duration, Duration),
    /// The last look, boot time.
    at: Duration,
    /// Since there is no session.
    quiet: Option<Quiet>,
}

/// How long a peer is remembered that a fault keeps from being read.
const KEPT_FOR: Duration = Duration::from_secs(3600);

/// A time without a session.
#[derive(Debug)]
struct Quiet {
    rx_bytes: u64,
    tx_bytes: u64,
    /// When it was first seen that something had been sent, boot time.
    asked: Option<Duration>,
}

impl Watch {
    /// Looks at a peer. One that is wanted (named or expected) and never had a session is down.
    pub(super) fn judge(&mut self, id: Id, peer: &Peer, now: Now, wanted: bool) -> Verdict {
        let seen = self.peers.entry(id).or_insert_with(|| Seen {
            stamp: None,
            noticed: Default::default(),
            at: Duration::ZERO,
            quiet: None,
        });
        let age = seen.age(peer, now);
        seen.at = now.boot;
        if age.is_some_and(|age| age < SESSION) {
            seen.quiet = None;
            return Verdict {
                state: Some(true),
                age,
            };
        }
        let is_unanswered = seen.is_unanswered(peer, now.boot);
        let was_up = peer.handshake != Handshake::Never;
        let is_down = match was_up {
            _ if peer.keepalive_secs > 0 => true,
            true => is_unanswered,
            false => wanted || (peer.has_endpoint && is_unanswered),
        };
        // Neither up nor down is idle, which is up where there once was a session.
        Verdict {
            state: (is_down || was_up).then_some(!is_down),
            age,
        }
    }

    /// Forgets peers that are no longer there; where the pass `is_faulty`, those that were read within the hour are kept
    /// too. `now` is the time of the pass.
    pub(super) fn keep(&mut self, is_there: impl Fn(&Id) -> bool, is_faulty: bool, now: Now) {
        let lately = |at: Duration| now.boot.saturating_sub(at) <= KEPT_FOR;
        self.peers
            .retain(|id, seen| is_there(id) || (is_faulty && lately(seen.at)));
    }
}

impl Seen {
    /// Since the last handshake, where there was one and it is told.
    fn age(&mut self, peer: &Peer, now: Now) -> Option<Duration> {
        match peer.handshake {
            Handshake::At(stamp) if self.stamp == Some(stamp) => {}
            Handshake::At(stamp) => {
                let wall = Duration::from_millis(u64::try_from(now.wall_ms).unwrap_or_default());
                let at_most = match self.at {
                    Duration::ZERO => Duration::MAX,
                    last_look => now.boot.saturating_sub(last_look),
                };
                let age = wall.saturating_sub(stamp).min(at_most);
                (self.stamp, self.noticed) = (Some(stamp), (age, now.boot));
                self.quiet = None;
            }
            Handshake::Ago(age) => return Some(age),
            Handshake::Never | Handshake::Once => {
                // The peer was removed and added again.
                if self.stamp.take().is_some() {
                    self.quiet = None;
                }
                return None;
            }
        }
        let (age, at) = self.noticed;
        Some(age.saturating_add(now.boot.saturating_sub(at)))
    }

    /// Something was sent since there is no session, and led to none.
    fn is_unanswered(&mut self, peer: &Peer, now: Duration) -> bool {
        let never = peer.handshake == Handshake::Never;
        let quiet = self.quiet.get_or_insert(Quiet {
            // Before the first handshake all that was sent led to none.
            rx_bytes: if never { 0 } else { peer.rx_bytes },
            tx_bytes: if never { 0 } else { peer.tx_bytes },
            asked: None,
        });
        if peer.tx_bytes > quiet.tx_bytes {
            quiet.asked.get_or_insert(now);
        }
        // Only handshakes arrive without a session, so bytes received are no proof of a tunnel; but at the first look
        // after a start the age may be wrong, and then it is mended by the next handshake.
        let patience = if peer.rx_bytes > quiet.rx_bytes {
            HANDSHAKE
        } else {
            ANSWER
        };
        quiet
            .asked
            .is_some_and(|asked| now.saturating_sub(asked) >= patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQU=";
    const EPOCH: u64 = 1_800_000_000;

    /// One peer in virtual time, looked at every five seconds.
    struct Lab {
        watch: Watch,
        peer: Peer,
        now: Now,
        wanted: bool,
    }

    impl Lab {
        fn new() -> Self {
            let mut peer = Peer::new(PublicKey::from_base64(KEY).unwrap());
            peer.has_endpoint = true;
            Lab {
                watch: Watch::default(),
                peer,
                now: Now {
                    boot: Duration::from_secs(1000),
                    wall_ms: EPOCH as i64 * 1000,
                },
                wanted: false,
            }
        }

        fn look(&mut self) -> Verdict {
            let id = ("1 wg0".to_owned(), self.peer.key);
            self.watch.judge(id, &self.peer, self.now, self.wanted)
        }

        fn pass(&mut self, secs: u64) {
            self.now.boot += Duration::from_secs(secs);
            self.now.wall_ms += secs as i64 * 1000;
        }

        fn shake(&mut self) {
            let wall = Duration::from_millis(self.now.wall_ms as u64);
            self.peer.handshake = Handshake::At(wall);
            self.peer.rx_bytes += 148;
            self.peer.tx_bytes += 92;
        }

        /// The state of each look of so many seconds, one every five; in between so much is sent each time.
        fn states(&mut self, secs: u64, tx: u64, rx: u64) -> Vec<Option<bool>> {
            let mut states = Vec::new();
            for _ in 0..secs / 5 {
                self.pass(5);
                self.peer.tx_bytes += tx;
                self.peer.rx_bytes += rx;
                states.push(self.look().state);
            }
            states
        }
    }

    #[test]
    fn a_fresh_handshake_is_up_and_an_idle_peer_stays_up() {
        let mut lab = Lab::new();
        lab.shake();
        let fresh = Verdict {
            state: Some(true),
            age: Some(Duration::ZERO),
        };
        assert_eq!(lab.look(), fresh);
        assert!(lab.states(3600, 0, 0).iter().all(|s| *s == Some(true)));
        assert_eq!(lab.look().age, Some(Duration::from_secs(3600)));
    }

    #[test]
    fn a_peer_that_keeps_the_way_open_is_down_when_its_session_ends() {
        let mut lab = Lab::new();
        lab.peer.keepalive_secs = 25;
        lab.shake();
        lab.look();
        let states = lab.states(200, 148, 0);
        let down = states.iter().position(|state| *state == Some(false));
        assert_eq!(down, Some(35), "first look at 180 s");
        lab.shake();
        assert_eq!(lab.look().state, Some(true));
    }

    #[test]
    fn data_without_an_answer_is_down_until_the_next_handshake() {
        let mut lab = Lab::new();
        lab.shake();
        lab.look();
        lab.states(300, 0, 0);
        // A resumed tunnel has its handshake within a look or two: no look of those says 0.
        assert_eq!(lab.states(15, 148, 0), [Some(true); 3]);
        assert_eq!(lab.states(5, 148, 0), [Some(false)]);
        // After 90 s it gives up trying: what is known does not change.
        assert_eq!(lab.states(600, 0, 0), [Some(false); 120]);
        lab.shake();
        assert_eq!(lab.look().state, Some(true));
        assert_eq!(lab.states(600, 0, 0), [Some(true); 120]);
    }

    #[test]
    fn a_way_that_is_cut_in_one_direction_is_down_in_the_end() {
        let mut lab = Lab::new();
        lab.shake();
        lab.look();
        lab.states(300, 0, 0);
        // The peer's handshakes arrive, ours do not.
        let states = lab.states(200, 92, 148);
        assert_eq!(states.iter().position(|s| *s == Some(false)), Some(24));
    }

    #[test]
    fn a_peer_that_was_never_there_has_no_state_unless_somebody_waits_for_it() {
        let mut lab = Lab::new();
        lab.peer.has_endpoint = false;
        assert_eq!(lab.states(60, 0, 0), [None; 12]);
        lab.wanted = true;
        assert_eq!(lab.look().state, Some(false));
        lab.wanted = false;
        lab.peer.keepalive_secs = 25;
        assert_eq!(lab.look().state, Some(false));
        lab.peer.keepalive_secs = 0;
        lab.peer.has_endpoint = true;
        assert_eq!(lab.states(60, 0, 0), [None; 12]);
        let states = lab.states(30, 148, 0);
        assert_eq!(states[..3], [None; 3]);
        assert_eq!(states[3..], [Some(false); 3]);
        assert_eq!(lab.look().age, None);
    }

    #[test]
    fn a_jump_of_the_wall_clock_turns_no_peer_down() {
        for jump in [3_600_000, -3_600_000] {
            let mut lab = Lab::new();
            lab.peer.keepalive_secs = 25;
            lab.shake();
            lab.look();
            lab.states(60, 32, 32);
            lab.now.wall_ms += jump;
            assert_eq!(lab.states(60, 32, 32), [Some(true); 12]);
            assert_eq!(lab.look().age, Some(Duration::from_secs(120)));
            // A handshake before the jump, noticed after it.
            lab.shake();
            lab.now.wall_ms += jump;
            lab.pass(5);
            let age = lab.look().age.unwrap();
            assert!(age <= Duration::from_secs(5), "{age:?}");
            // A dead peer goes down in its time all the same.
            let states = lab.states(200, 148, 0);
            let down = states.iter().position(|state| *state == Some(false));
            assert!((34..=35).contains(&down.unwrap()), "{down:?}");
        }
    }

    #[test]
    fn after_a_start_with_a_wrong_clock_the_next_handshake_mends_it() {
        let mut lab = Lab::new();
        lab.shake();
        lab.now.wall_ms += 3_600_000;
        // Wrongly taken for an old one, while data flows in both directions: idle, so up.
        assert_eq!(lab.states(110, 1000, 1000), [Some(true); 22]);
        lab.shake();
        assert_eq!(lab.look().age, Some(Duration::ZERO));
        assert_eq!(lab.look().state, Some(true));
    }

    #[test]
    fn an_implementation_that_tells_ages_has_no_use_for_the_wall_clock() {
        let mut lab = Lab::new();
        lab.peer.handshake = Handshake::Ago(Duration::from_secs(179));
        lab.now.wall_ms += 3_600_000;
        assert_eq!(lab.look().state, Some(true));
        lab.peer.keepalive_secs = 25;
        lab.peer.handshake = Handshake::Ago(Duration::from_secs(180));
        assert_eq!(lab.look().state, Some(false));
        lab.peer.keepalive_secs = 0;
        lab.peer.handshake = Handshake::Once;
        let idle = Verdict {
            state: Some(true),
            age: None,
        };
        assert_eq!(lab.look(), idle);
    }

    #[test]
    fn a_forgotten_peer_is_looked_at_anew() {
        let mut lab = Lab::new();
        lab.shake();
        lab.look();
        lab.watch.keep(|_| false, true, lab.now);
        assert!(!lab.watch.peers.is_empty(), "behind a fault");
        lab.watch.keep(|_| false, false, lab.now);
        assert!(lab.watch.peers.is_empty());
        assert_eq!(lab.look().state, Some(true));
    }
}
