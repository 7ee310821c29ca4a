//! The live model: rekeys, drops, busy and lost SAs.

use super::*;
use crate::collectors::strongswan::wire::{Connection, Mode};

fn child(id: u64, standing: Standing, bytes: u64) -> Child {
    Child {
        name: "net".to_owned(),
        id,
        spi: Some(0xc000_0000 + u32::try_from(id).unwrap()),
        standing,
        bytes: Some(Bytes {
            received: bytes,
            sent: 10 * bytes,
        }),
    }
}

fn up(id: u64, bytes: u64) -> Child {
    child(id, Standing::Up, bytes)
}

fn not(id: u64, bytes: u64) -> Child {
    child(id, Standing::Not, bytes)
}

fn ike(id: u64, children: &[Child]) -> Ike {
    Ike {
        name: "site".to_owned(),
        id,
        is_ending: false,
        children: children.to_vec(),
    }
}

fn went(up: bool, id: u64, child: Child) -> Event {
    let ike = ike(id, &[child]);
    Event::Child { up, ike }
}

fn rekeyed(id: u64, old: Child, new: Child) -> Event {
    let ike = ike(id, &[]);
    Event::ChildRekeyed { ike, old, new }
}

fn connection(is_open: bool) -> Connection {
    Connection {
        name: "site".to_owned(),
        is_open,
        children: vec![
            ("net".to_owned(), Mode::Tunnel),
            ("shunt".to_owned(), Mode::Shunt),
        ],
    }
}

/// A complete listing of these IKE SAs, and the state and received bytes of the tunnel then.
fn look(live: &mut Live, listed: &[Ike]) -> (Option<bool>, u64) {
    look_of(live, listed, listed.len() as u64)
}

/// A listing of these of so many IKE SAs.
fn look_of(live: &mut Live, listed: &[Ike], total: u64) -> (Option<bool>, u64) {
    live.begin();
    for ike in listed {
        live.hear(&Event::Listed(ike.clone()));
    }
    live.end(Some(total));
    let picture = live.picture(&[connection(false)], &BTreeSet::new(), |_| false);
    let tunnel = picture.tunnels["site/net"];
    assert_eq!(picture.tunnels.len(), 1);
    assert_eq!(tunnel.total.sent, 10 * tunnel.total.received);
    (tunnel.state, tunnel.total.received)
}

#[test]
fn the_first_listing_seeds_and_what_appears_later_counts_from_its_beginning() {
    let mut live = Live::default();
    assert_eq!(look(&mut live, &[ike(1, &[up(1, 500)])]), (Some(true), 0));
    let two = ike(1, &[up(1, 520), up(2, 7)]);
    assert_eq!(look(&mut live, &[two]), (Some(true), 27));
}

#[test]
fn a_rekey_is_no_drop_and_loses_no_bytes() {
    let mut live = Live::default();
    look(&mut live, &[ike(1, &[up(1, 500)])]);
    // 30 more before the rekey; 2 that were on the way come through the old one after.
    live.hear(&rekeyed(1, up(1, 530), up(2, 0)));
    let both = ike(1, &[not(1, 532), up(2, 9)]);
    assert_eq!(look(&mut live, &[both]), (Some(true), 41));
    assert_eq!(look(&mut live, &[ike(1, &[up(2, 10)])]), (Some(true), 42));
}

#[test]
fn several_rekeys_between_two_passes_are_all_counted() {
    let mut live = Live::default();
    look(&mut live, &[ike(1, &[up(1, 0)])]);
    for id in 1..20 {
        live.hear(&rekeyed(1, up(id, 100), up(id + 1, 0)));
    }
    let last = ike(1, &[up(20, 5)]);
    assert_eq!(look(&mut live, &[last]), (Some(true), 1905));
}

#[test]
fn an_ike_rekey_keeps_the_children() {
    let mut live = Live::default();
    look(&mut live, &[ike(1, &[up(1, 500)])]);
    live.hear(&Event::IkeRekeyed { old: 1, new: 2 });
    // The old one is listed without its children, the new one is busy.
    assert_eq!(look_of(&mut live, &[ike(1, &[])], 2), (Some(true), 0));
    assert_eq!(look(&mut live, &[ike(2, &[up(1, 501)])]), (Some(true), 1));
}

#[test]
fn a_drop_between_two_passes_is_told_once() {
    let mut live = Live::default();
    look(&mut live, &[ike(1, &[up(1, 0)])]);
    live.hear(&went(false, 1, not(1, 40)));
    live.hear(&went(true, 2, up(2, 0)));
    let back = ike(2, &[up(2, 2)]);
    let listed = std::slice::from_ref(&back);
    assert_eq!(look(&mut live, listed), (Some(false), 42));
    assert_eq!(look(&mut live, listed), (Some(true), 42));
}

#[test]
fn an_ike_sa_that_goes_down_takes_its_children_along() {
    let mut live = Live::default();
    look(&mut live, &[ike(1, &[up(1, 0)])]);
    live.hear(&Event::Ike {
        up: false,
        ike: ike(1, &[]),
    });
    live.hear(&went(true, 2, up(2, 0)));
    assert_eq!(look(&mut live, &[ike(2, &[up(2, 0)])]).0, Some(false));
}

#[test]
fn one_of_two_that_ends_is_no_drop() {
    let mut live = Live::default();
    let two = [ike(1, &[up(1, 10)]), ike(2, &[up(2, 20)])];
    assert_eq!(look(&mut live, &two), (Some(true), 0));
    live.hear(&went(false, 1, not(1, 15)));
    assert_eq!(look(&mut live, &[ike(2, &[up(2, 22)])]), (Some(true), 7));
}

#[test]
fn an_ike_sa_without_children_and_one_that_ends_are_down() {
    let mut live = Live::default();
    assert_eq!(look(&mut live, &[]), (Some(false), 0));
    assert_eq!(look(&mut live, &[ike(1, &[])]), (Some(false), 0));
    let mut ending = ike(1, &[up(1, 0)]);
    ending.is_ending = true;
    assert_eq!(look(&mut live, &[ending]), (Some(false), 0));
}

#[test]
fn a_busy_ike_sa_is_as_it_was_until_it_is_proven_gone() {
    let mut live = Live::default();
    let there = ike(1, &[up(1, 10), not(2, 5)]);
    look(&mut live, std::slice::from_ref(&there));
    live.begin();
    assert_eq!(live.left_out(), BTreeSet::from(["site".to_owned()]));
    assert_eq!(look_of(&mut live, &[], 1), (Some(true), 0));
    // Listed again, nothing counts twice, not even of the one that was down.
    assert_eq!(look(&mut live, &[there]), (Some(true), 0));
    assert_eq!(look(&mut live, &[]), (Some(false), 0));
}

#[test]
fn an_ike_sa_that_stays_busy_becomes_unknown() {
    let mut live = Live::default();
    look(&mut live, &[ike(1, &[up(1, 10)])]);
    for _ in 0..BUSY_MAX {
        assert_eq!(look_of(&mut live, &[], 1).0, Some(true));
    }
    assert_eq!(look_of(&mut live, &[], 1).0, None);
    assert_eq!(look(&mut live, &[ike(1, &[up(1, 11)])]), (Some(true), 1));
}

#[test]
fn an_incomplete_first_listing_does_not_make_the_next_one_count_old_bytes() {
    let mut live = Live::default();
    assert_eq!(look_of(&mut live, &[], 1), (None, 0));
    assert!(!live.is_seeded());
    assert_eq!(look(&mut live, &[ike(1, &[up(1, 9000)])]).1, 0);
    assert!(live.is_seeded());
}

#[test]
fn a_connection_that_was_lost_keeps_the_counters_of_the_same_daemon() {
    let mut live = Live::default();
    look(&mut live, &[ike(1, &[up(1, 100)])]);
    live.lost();
    live.lost();
    assert_eq!(look(&mut live, &[ike(1, &[up(1, 130)])]), (Some(true), 30));
}

#[test]
fn a_daemon_that_was_started_anew_is_a_drop_and_counts_from_its_beginning() {
    let mut live = Live::default();
    look(&mut live, &[ike(1, &[up(1, 100)])]);
    live.lost();
    let mut new = up(1, 30);
    new.spi = Some(0xdead);
    let listed = [ike(1, &[new])];
    assert_eq!(look(&mut live, &listed), (Some(false), 30));
    assert_eq!(look(&mut live, &listed), (Some(true), 30));
}

#[test]
fn a_trap_without_traffic_has_no_state_and_an_expected_one_is_down() {
    let traps = BTreeSet::from([("site".to_owned(), "net".to_owned())]);
    let mut live = Live::default();
    live.end(Some(0));
    let mut state = |expected: bool| {
        let picture = live.picture(&[connection(false)], &traps, |_| expected);
        picture.tunnels["site/net"].state
    };
    assert_eq!((state(false), state(true)), (None, Some(false)));
    live.hear(&went(true, 1, up(1, 0)));
    live.hear(&went(false, 1, not(1, 0)));
    live.hear(&went(true, 1, up(2, 0)));
    let picture = live.picture(&[connection(false)], &traps, |_| false);
    assert_eq!(picture.tunnels["site/net"].state, Some(true));
}

#[test]
fn road_warriors_are_counted_by_ike_sa_and_have_no_tunnels() {
    let mut live = Live::default();
    live.begin();
    for id in 1..4 {
        live.hear(&Event::Listed(ike(id, &[up(2 * id, 0), up(2 * id + 1, 0)])));
    }
    live.hear(&Event::Listed(ike(9, &[])));
    live.end(Some(4));
    let open = [connection(true)];
    let picture = live.picture(&open, &BTreeSet::new(), |_| false);
    assert_eq!((picture.road_warriors, picture.tunnels.len()), (Some(3), 0));
    let picture = live.picture(&open, &BTreeSet::new(), |name| name == "site/net");
    assert_eq!(picture.road_warriors, None);
    assert_eq!(picture.tunnels["site/net"].state, Some(true));
}

#[test]
fn what_is_no_longer_configured_is_a_tunnel_only_while_it_is_expected() {
    let mut live = Live::default();
    live.begin();
    live.hear(&Event::Listed(ike(1, &[up(1, 0)])));
    live.end(Some(1));
    let picture = live.picture(&[], &BTreeSet::new(), |_| false);
    assert_eq!((picture.tunnels.len(), picture.notes.len()), (0, 1));
    let picture = live.picture(&[], &BTreeSet::new(), |_| true);
    assert_eq!(picture.tunnels["site/net"].state, Some(true));
}

#[test]
fn an_unknown_word_is_neither_up_nor_down() {
    let mut live = Live::default();
    let odd = child(1, Standing::Unknown, 0);
    assert_eq!(look(&mut live, &[ike(1, &[odd])]).0, None);
}
