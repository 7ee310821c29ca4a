//! The parser of VICI and the model of a daemon's SAs: captured answers with their values, old and hostile ones, and
//! properties.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::Path;

use fwmetrics::collectors::strongswan::live::Live;
use fwmetrics::collectors::strongswan::wire::{
    self, Bytes, Connection, Event, Frames, Ike, Mode, Packet, Section, Standing,
};

#[path = "strongswan_wire/hostile.rs"]
mod hostile;
#[path = "strongswan_wire/model.rs"]
mod model;

/// All captures.
const CAPTURES: [&str; 7] = [
    "events",
    "list-conns",
    "list-policies",
    "list-sas-half-open",
    "list-sas-rekey",
    "list-sas-up",
    "stats",
];

fn capture(name: &str) -> Vec<u8> {
    let folder = Path::new(file!()).with_file_name("fixtures");
    let path = folder.join("strongswan").join(name);
    std::fs::read(path.with_added_extension("bin")).unwrap()
}

/// Whole packets of a stream that arrives in pieces of so many bytes.
fn packets(bytes: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, String> {
    let (mut frames, mut packets) = (Frames::default(), Vec::new());
    for piece in bytes.chunks(piece) {
        frames.push(piece);
        while let Some(packet) = frames.take()? {
            packets.push(packet.to_vec());
        }
    }
    Ok(packets)
}

/// Events of a captured stream, and whether its answer came.
fn events(name: &str) -> (Vec<Event>, bool) {
    let (mut events, mut answered) = (Vec::new(), false);
    for packet in packets(&capture(name), 100).unwrap() {
        match wire::packet(&packet).unwrap() {
            Packet::Event(name, message) => events.push(wire::event(name, message).unwrap()),
            Packet::Answer(_) => answered = true,
            other => panic!("{other:?}"),
        }
    }
    (events, answered)
}

fn listed(name: &str) -> Vec<Ike> {
    let (events, answered) = events(name);
    assert!(answered);
    let ikes = events.into_iter().map(|event| match event {
        Event::Listed(ike) => ike,
        other => panic!("{other:?}"),
    });
    ikes.collect()
}

fn configured() -> Vec<Connection> {
    let connections = events("list-conns").0.into_iter().map(|event| match event {
        Event::Configured(connection) => connection,
        other => panic!("{other:?}"),
    });
    connections.collect()
}

#[test]
fn connections_are_read_with_their_children() {
    let read: Vec<_> = configured()
        .into_iter()
        .map(|c| (c.name, c.is_open, c.children))
        .collect();
    let one = |name: &str, child: &str, mode| (name.to_owned(), vec![(child.to_owned(), mode)]);
    let wanted = [
        (one("site1", "net1", Mode::Tunnel), false),
        (one("same", "same", Mode::Tunnel), false),
        (one("never", "up", Mode::Tunnel), false),
        (one("trapped", "demand", Mode::Tunnel), false),
        (one("shunt", "lan", Mode::Shunt), false),
        (one("users", "home", Mode::Tunnel), true),
    ];
    let mut wanted = wanted.map(|((name, children), open)| (name, open, children));
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut read = read;
    read.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(read, wanted);
}

#[test]
fn after_a_rekey_both_child_sas_are_listed_and_one_stands() {
    let ikes = listed("list-sas-rekey");
    assert_eq!(ikes.len(), 3);
    let site = ikes.iter().find(|ike| ike.name == "site1").unwrap();
    let children = site.children.iter();
    let read: Vec<_> = children
        .map(|c| (c.name.as_str(), c.id, c.spi, c.standing, c.bytes))
        .collect();
    let bytes = |both| {
        Some(Bytes {
            received: both,
            sent: both,
        })
    };
    let wanted = [
        ("net1", 2, Some(0x33cc_0cc7), Standing::Not, bytes(50_000)),
        ("net1", 5, Some(0x6130_99d8), Standing::Up, bytes(10_000)),
    ];
    assert_eq!(read, wanted);
    assert_eq!((site.id, site.is_ending), (1, false));
}

#[test]
fn one_that_has_no_name_yet_has_no_children() {
    let ikes = listed("list-sas-half-open");
    let read: Vec<_> = ikes.iter().map(|ike| ike.name.as_str()).collect();
    assert_eq!(read, ["(unnamed)"]);
    assert!(ikes[0].children.is_empty());
    let packets = packets(&capture("stats"), 7).unwrap();
    let Packet::Answer(message) = wire::packet(&packets[0]).unwrap() else {
        panic!("no answer");
    };
    assert_eq!(wire::statistics(message), Ok((Some(1), Some(1))));
}

#[test]
fn a_trap_is_told_by_connection_and_child() {
    let trap = Event::Trap(Some("trapped".to_owned()), "demand".to_owned());
    assert_eq!(events("list-policies"), (vec![trap], true));
}

#[test]
fn events_tell_ups_rekeys_and_downs_in_order() {
    let (events, _) = events("events");
    let told: Vec<String> = events.iter().map(in_words).collect();
    let wanted = [
        "ike 1 true",
        "site1/net1 2 true",
        "ike 2 true",
        "same/same 3 true",
        "ike 3 true",
        "users/home 4 true",
        "site1/net1 2 (50000) to 5",
        "site1/net1 5 (10000) to 6",
        "ike 1 to 4",
        "site1/net1 6 false",
        "ike 2 false",
        "same/same 3 false",
    ];
    assert_eq!(told, wanted);
}

fn in_words(event: &Event) -> String {
    match event {
        Event::Ike { up, ike } => format!("ike {} {up}", ike.id),
        Event::IkeRekeyed { old, new } => format!("ike {old} to {new}"),
        Event::Child { up, ike } => {
            let child = &ike.children[0];
            format!("{}/{} {} {up}", ike.name, child.name, child.id)
        }
        Event::ChildRekeyed { ike, old, new } => {
            let received = old.bytes.unwrap().received;
            let name = format!("{}/{}", ike.name, old.name);
            format!("{name} {} ({received}) to {}", old.id, new.id)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_captured_events_make_a_drop_and_the_totals() {
    let mut live = Live::default();
    live.begin();
    live.end(Some(0));
    for event in events("events").0 {
        live.hear(&event);
    }
    live.begin();
    live.end(Some(0));
    let picture = live.picture(&configured(), &BTreeSet::new(), |_| false);
    let read: Vec<_> = picture.tunnels.iter().collect();
    let tunnel = |name: &str| picture.tunnels[name];
    assert_eq!(read.len(), 4, "{read:?}");
    assert_eq!(tunnel("site1/net1").state, Some(false));
    assert_eq!(tunnel("site1/net1").total.received, 60_000);
    assert_eq!(tunnel("site1/net1").total.sent, 60_000);
    assert_eq!(picture.road_warriors, Some(0));
}

#[test]
fn questions_are_laid_out_as_the_protocol_says() {
    let question = wire::command("list-sas", &[("noblock", "yes")]);
    assert_eq!(
        question,
        b"\0\0\0\x18\0\x08list-sas\x03\x07noblock\0\x03yes"
    );
    assert_eq!(wire::register("list-sa"), b"\0\0\0\x09\x03\x07list-sa");
}

#[test]
fn an_old_release_names_a_child_sa_by_its_section() {
    // 5.3: no key `name`, and the section's name is the child's.
    let message = b"\x01\x04site\x03\x08uniqueid\0\x017\x03\x05state\0\x0bESTABLISHED\
        \x01\x09child-sas\x01\x05net-1\x03\x08uniqueid\0\x013\x03\x05state\0\x09INSTALLED\x02\x02\x02";
    let Ok(Event::Listed(ike)) = wire::event(b"list-sa", message) else {
        panic!("no IKE SA");
    };
    assert_eq!((ike.name.as_str(), ike.id), ("site", 7));
    let child = &ike.children[0];
    assert_eq!((child.name.as_str(), child.id), ("net-1", 3));
    assert_eq!((child.spi, child.bytes), (None, None));
    // 5.3 again: a trap is told by the child alone.
    let trap = wire::event(b"list-policy", b"\x01\x03net\x03\x04mode\0\x06TUNNEL\x02");
    assert_eq!(trap, Ok(Event::Trap(None, "net".to_owned())));
}

#[test]
fn addresses_that_stand_for_many_are_told_from_a_peers() {
    for many in [
        "%any",
        "%any6",
        "0.0.0.0",
        "::",
        "0.0.0.0/0",
        "10.0.0.0/8",
        "2001:db8::/32",
        "10.0.0.1-10.0.0.9",
    ] {
        assert!(wire::is_open(many), "{many}");
    }
    for one in [
        "198.18.0.1",
        "2001:db8::1",
        "vpn-1.example.com",
        "%gw.example.com",
        "a-b",
    ] {
        assert!(!wire::is_open(one), "{one}");
    }
}

#[test]
fn a_number_is_decimal_and_nothing_else() {
    for (text, wanted) in [
        ("18446744073709551615", Some(u64::MAX)),
        ("0", Some(0)),
        ("18446744073709551616", None),
        ("-1", None),
        ("+1", None),
        ("", None),
        ("1 ", None),
    ] {
        let mut message = b"\x03\x01n\0".to_vec();
        message.push(u8::try_from(text.len()).unwrap());
        message.extend(text.bytes());
        assert_eq!(
            Section::parse(&message).unwrap().number("n"),
            wanted,
            "{text}"
        );
    }
}
