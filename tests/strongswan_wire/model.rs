//! Whatever a daemon does between passes, no byte is lost or counted twice, and each drop is told once.

use fwmetrics::collectors::strongswan::wire::Child;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What happens to the one tunnel of a daemon.
#[derive(Debug, Clone)]
enum Act {
    /// So much more through the newest child SA.
    Traffic(u32),
    /// So much more through the one before, which was rekeyed and still receives.
    Late(u32),
    Rekey,
    IkeRekey,
    /// Down and up again.
    Return,
    /// The daemon forgets what was rekeyed away.
    Forget,
    /// The connection is lost and made anew.
    Lost,
    /// A pass; in a busy one the IKE SA is left out.
    Pass {
        busy: bool,
    },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..1_000_000u32).prop_map(Act::Traffic),
        1 => (0..1000u32).prop_map(Act::Late),
        2 => Just(Act::Rekey),
        1 => Just(Act::IkeRekey),
        1 => Just(Act::Return),
        1 => Just(Act::Forget),
        1 => Just(Act::Lost),
        3 => prop::bool::weighted(0.3).prop_map(|busy| Act::Pass { busy }),
    ]
}

/// The daemon: child SAs with their counters, the last one stands.
struct Daemon {
    ike: u64,
    children: Vec<(u64, u64)>,
    next: u64,
    /// All that went through since the first pass.
    truth: u64,
}

impl Daemon {
    fn child(&self, at: usize) -> Child {
        let (id, received) = self.children[at];
        let stands = at + 1 == self.children.len();
        Child {
            name: "net".to_owned(),
            id,
            spi: Some(u32::try_from(id).unwrap() ^ 0xabcd_0000),
            standing: if stands { Standing::Up } else { Standing::Not },
            bytes: Some(Bytes {
                received,
                sent: received / 2,
            }),
        }
    }

    fn new_child(&mut self) {
        self.next += 1;
        self.children.push((self.next, 0));
    }

    fn ike(&self, children: Vec<Child>) -> Ike {
        Ike {
            name: "site".to_owned(),
            id: self.ike,
            is_ending: false,
            children,
        }
    }

    fn last(&self) -> usize {
        self.children.len() - 1
    }

    /// Does it, and says what the daemon would. In a rekey no byte is sent after the event: that is not told.
    fn act(&mut self, act: &Act, live: &mut Live) {
        match act {
            Act::Traffic(bytes) => {
                let last = self.last();
                self.children[last].1 += u64::from(*bytes) * 2;
                self.truth += u64::from(*bytes) * 2;
            }
            Act::Late(bytes) => {
                if let Some(before) = self.last().checked_sub(1) {
                    self.children[before].1 += u64::from(*bytes) * 2;
                    self.truth += u64::from(*bytes) * 2;
                }
            }
            Act::Rekey => {
                self.new_child();
                let (old, new) = (self.child(self.last() - 1), self.child(self.last()));
                let ike = self.ike(Vec::new());
                live.hear(&Event::ChildRekeyed { ike, old, new });
            }
            Act::IkeRekey => {
                let old = self.ike;
                self.next += 1;
                self.ike = self.next;
                live.hear(&Event::IkeRekeyed { old, new: self.ike });
            }
            Act::Return => {
                let mut gone = self.child(self.last());
                gone.standing = Standing::Not;
                let ike = self.ike(vec![gone]);
                live.hear(&Event::Child { up: false, ike });
                self.new_child();
                let ike = self.ike(vec![self.child(self.last())]);
                live.hear(&Event::Child { up: true, ike });
            }
            // All that is forgotten was listed since: five seconds are longer than a pass.
            Act::Forget | Act::Lost | Act::Pass { .. } => {}
        }
    }

    fn list(&self, live: &mut Live, busy: bool) {
        live.begin();
        if !busy {
            let children = (0..self.children.len()).map(|at| self.child(at));
            live.hear(&Event::Listed(self.ike(children.collect())));
        }
        live.end(Some(1));
    }
}

proptest! {
    #[test]
    fn no_byte_is_lost_or_counted_twice(acts in vec(act(), 1..60)) {
        let connection = Connection {
            name: "site".to_owned(),
            is_open: false,
            children: vec![("net".to_owned(), Mode::Tunnel)],
        };
        let mut live = Live::default();
        // Much went through before the first pass.
        let mut daemon = Daemon { ike: 1, children: vec![(2, 777_777)], next: 2, truth: 0 };
        daemon.list(&mut live, false);
        let (mut dropped, mut lost) = (false, false);
        for act in &acts {
            // What is told while nobody is connected is not heard.
            let mut deaf = Live::default();
            daemon.act(act, if lost { &mut deaf } else { &mut live });
            match act {
                Act::Return => dropped |= !lost,
                Act::Lost => {
                    // A daemon tells the last counters of what it keeps for a while.
                    daemon.list(&mut live, false);
                    live.lost();
                    lost = true;
                }
                Act::Forget => {
                    daemon.list(&mut live, false);
                    let last = daemon.last();
                    daemon.children.drain(..last);
                }
                Act::Pass { busy } => {
                    let busy = *busy && !lost;
                    daemon.list(&mut live, busy);
                    let picture = live.picture(std::slice::from_ref(&connection), &BTreeSet::new(), |_| false);
                    let tunnel = picture.tunnels["site/net"];
                    if !lost {
                        prop_assert_eq!(tunnel.state, Some(!dropped));
                    }
                    if !busy {
                        prop_assert_eq!(tunnel.total.received, daemon.truth);
                        prop_assert_eq!(tunnel.total.sent, daemon.truth / 2);
                    }
                    (dropped, lost) = (false, false);
                }
                _ => {}
            }
        }
    }
}
