//! FRR's answers, of several releases.

use super::*;
use fwmetrics::collectors::bgp::wire::frr;

fn text(bytes: &[u8]) -> &str {
    assert!(frr::is_whole(bytes));
    frr::answer(bytes).unwrap().unwrap()
}

fn said(name: &str) -> Listed {
    let bytes = fixture(name);
    match name.ends_with("json") {
        true => frr::summary(std::str::from_utf8(&bytes).unwrap()).unwrap(),
        false => frr::summary(text(&bytes)).unwrap(),
    }
}

fn counted(peer: &Peer) -> Counted {
    match peer.session {
        Session::Counted(counted) => counted,
        Session::Since(_) => panic!("FRR counts"),
    }
}

#[test]
fn a_peer_of_two_families_is_one_and_another_instance_stands_in_front() {
    let listed = said("frr-8.4.4-summary.bin");
    let wanted = [
        ("198.18.40.2", Up, Some(3), false),
        ("198.18.40.98", Shut, Some(0), false),
        ("198.18.40.99", Down, Some(0), false),
        ("198.18.42.2", Up, Some(0), true),
        ("red/198.18.41.2", Up, Some(2), false),
    ];
    assert_eq!(states(&listed), wanted);
    let wanted = Counted {
        established: Some(1),
        dropped: Some(0),
        uptime_ms: Some(1000),
    };
    assert_eq!(counted(&listed.peers["198.18.40.2"]), wanted);
}

#[test]
fn the_default_instance_alone_has_the_same_names() {
    let bytes = fixture("frr-8.4.4-summary-default.bin");
    let mut all = said("frr-8.4.4-summary.bin");
    all.peers.retain(|name, _| !name.contains('/'));
    assert_eq!(frr::summary_default(text(&bytes)), Ok(all));
}

#[test]
fn an_old_release_counts_nothing_and_names_prefixes_otherwise() {
    let listed = said("frr-7.0-summary.json");
    let wanted = [
        ("198.18.40.2", Up, Some(4), false),
        ("198.18.40.98", Shut, Some(0), false),
        ("eth1", Down, Some(0), false),
    ];
    assert_eq!(states(&listed), wanted);
    let wanted = Counted {
        uptime_ms: Some(21_000),
        ..Counted::default()
    };
    assert_eq!(counted(&listed.peers["198.18.40.2"]), wanted);
}

#[test]
fn a_new_release_writes_numbers_as_text_and_a_prefix_limit_is_down() {
    let listed = said("frr-10.4-summary.json");
    let wanted = [
        ("198.18.40.2", Up, Some(7), false),
        ("198.18.40.3", Down, Some(0), false),
        ("red/2001:db8::2", Down, Some(0), false),
        ("red/fe80::1", Up, Some(1), true),
    ];
    assert_eq!(states(&listed), wanted);
}

#[test]
fn bfd_sessions_that_are_shut_do_not_count() {
    let bytes = fixture("frr-8.4.4-bfd.bin");
    let wanted = Bfd {
        sessions: 2,
        down: 1,
    };
    assert_eq!(frr::bfd(text(&bytes)), Ok(wanted));
    let odd = r#"[{"status":"init"},{"status":"unknown"},{"status":7},{},"up",null,[]]"#;
    let wanted = Bfd {
        sessions: 1,
        down: 1,
    };
    assert_eq!(frr::bfd(odd), Ok(wanted));
    assert_eq!(frr::bfd("[\n]\n"), Ok(Bfd::default()));
}

#[test]
fn no_bgp_is_no_peers_and_other_words_are_a_fault() {
    for none in [
        "{\n}\n",
        "{}",
        "",
        "% BGP instance not found\n",
        "% No BGP neighbors found\n",
        "{\"default\":{}}",
    ] {
        assert_eq!(frr::summary(none), Ok(Listed::default()), "{none}");
        assert_eq!(frr::summary_default(none), Ok(Listed::default()), "{none}");
    }
    for other in ["% Out of memory\u{7}\nmore", "{", "{\"default\":", "words"] {
        let why = frr::summary(other).unwrap_err();
        assert!(!why.contains(char::is_control), "{why}");
    }
}

#[test]
fn an_unknown_command_is_told_from_an_answer() {
    let unknown = fixture("frr-8.4.4-unknown.bin");
    assert!(frr::is_whole(&unknown));
    assert_eq!(frr::answer(&unknown), Ok(None));
    // A warning, such as that no instance was found, is an answer.
    assert_eq!(frr::answer(b"{}\0\0\0\x01"), Ok(Some("{}")));
    assert!(frr::answer(b"\xff\0\0\0\0").is_err());
    for torn in [&b""[..], b"{}", b"{}\0\0\0", b"\0\0\0"] {
        assert!(!frr::is_whole(torn));
    }
    assert!(frr::answer(b"{}").is_err());
}

#[test]
fn what_is_not_as_wanted_is_unknown_and_hurts_nobody() {
    let odd = r#"{"default":{"ipv4Unicast":{"peers":{
        "a":{"state":7,"pfxRcd":-1,"connectionsDropped":"3","peerUptimeMsec":1.9},
        "b":"words","c":{"state":"Established","pfxRcd":null},
        "d":{"peerState":"Admin"}}},"vrfId":0,"x":[1,{"y":null}]},"y":3}"#;
    let listed = frr::summary(odd).unwrap();
    let wanted = [
        ("a", State::Unknown, None, false),
        ("b", State::Unknown, None, false),
        ("c", Up, None, false),
        ("d", Shut, None, false),
    ];
    assert_eq!(states(&listed), wanted);
    let wanted = Counted {
        established: None,
        dropped: Some(3),
        uptime_ms: Some(1),
    };
    assert_eq!(counted(&listed.peers["a"]), wanted);
}

#[test]
fn too_many_peers_and_too_deep_an_answer_are_refused() {
    let peers: Vec<String> = (0..=10_000).map(|n| format!("\"{n}\":{{}}")).collect();
    let many = |peers: &[String]| {
        let peers = peers.join(",");
        frr::summary_default(&format!(r#"{{"ipv4Unicast":{{"peers":{{{peers}}}}}}}"#))
    };
    assert!(many(&peers).is_err());
    assert_eq!(many(&peers[1..]).unwrap().peers.len(), 10_000);
    assert!(frr::summary(&"{\"a\":".repeat(100_000)).is_err());
    assert!(frr::bfd(&"[".repeat(100_000)).is_err());
}
