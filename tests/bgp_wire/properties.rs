//! No bytes make a parser panic, and what is read does not depend on how it came.

use super::*;
use fwmetrics::collectors::bgp::wire::{bird, frr};
use proptest::prelude::*;

fn everything(bytes: &[u8]) {
    let _ = (frr::is_whole(bytes), bird::is_whole(bytes));
    if let Ok(Some(text)) = frr::answer(bytes) {
        let said = [frr::summary(text), frr::summary_default(text)];
        for why in said.into_iter().filter_map(Result::err) {
            assert!(!why.contains(char::is_control), "{why:?}");
        }
        let _ = frr::bfd(text);
    }
    match bird::answer(bytes) {
        Ok(answer) => {
            let clock = bird::clock(&answer);
            let _ = bird::protocols(&answer, clock);
            let bfd = bird::bfd(&answer);
            assert!(bfd.down <= bfd.sessions);
        }
        Err(why) => assert!(!why.contains(char::is_control), "{why:?}"),
    }
}

const FIXTURES: [&str; 5] = [
    "frr-8.4.4-summary.bin",
    "frr-8.4.4-bfd.bin",
    "bird-2.0.12-protocols.txt",
    "bird-2.0.12-status.txt",
    "bird-3.3.2-protocols.txt",
];

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        everything(&bytes);
        everything(&[&bytes[..], b"\0\0\0\0"].concat());
    }

    #[test]
    fn golden_answers_torn_and_changed_do_not_panic(
        which in 0..FIXTURES.len(),
        cut in any::<prop::sample::Index>(),
        change in any::<(prop::sample::Index, u8)>(),
    ) {
        let mut bytes = fixture(FIXTURES[which]);
        let at = change.0.index(bytes.len());
        bytes[at] = change.1;
        everything(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        everything(&bytes);
        everything(&[&bytes[..], b"\0\0\0\0"].concat());
    }

    #[test]
    fn a_summary_is_read_as_it_was_written(
        peers in prop::collection::btree_map("[a-z0-9:.]{1,20}", (any::<bool>(), any::<u32>()), 0..30),
        vrf in "[a-z]{1,8}",
    ) {
        let said = peers.iter().map(|(name, (is_up, prefixes))| {
            let state = if *is_up { "Established" } else { "Active" };
            format!(r#""{name}":{{"state":"{state}","pfxRcd":{prefixes}}}"#)
        });
        let said = said.collect::<Vec<_>>().join(",");
        let text = format!(r#"{{"{vrf}":{{"ipv4Unicast":{{"peers":{{{said}}}}}}}}}"#);
        let listed = frr::summary(&text).unwrap();
        let prefix = if vrf == "default" { String::new() } else { format!("{vrf}/") };
        prop_assert_eq!(listed.peers.len(), peers.len());
        for (name, (is_up, prefixes)) in peers {
            let peer = &listed.peers[&format!("{prefix}{name}")];
            prop_assert_eq!(peer.state == Up, is_up);
            prop_assert_eq!(peer.prefixes, Some(u64::from(prefixes)));
        }
    }

    #[test]
    fn bird_is_whole_only_at_its_end(which in 2..FIXTURES.len(), cut in any::<prop::sample::Index>()) {
        let bytes = fixture(FIXTURES[which]);
        prop_assert!(bird::is_whole(&bytes));
        prop_assert!(!bird::is_whole(&bytes[..cut.index(bytes.len())]));
    }
}
