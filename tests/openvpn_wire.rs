//! The parsers of what OpenVPN writes: golden captures with their values, torn and hostile ones, and properties.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::Duration;

use fwmetrics::collectors::openvpn::freshness::{Freshness, Look};
use fwmetrics::collectors::openvpn::totals::{Bytes, Totals};
use fwmetrics::collectors::openvpn::wire::management::{self, Answer, Greeting};
use fwmetrics::collectors::openvpn::wire::status::{Client, Told, Traffic, status};
use proptest::collection::vec;
use proptest::prelude::*;

const STATUSES: [&str; 6] = [
    "status-v1.log",
    "status-v2.log",
    "status-v2-2.3.log",
    "status-v2-2.4.log",
    "status-v3.log",
    "status-client.log",
];
const SESSIONS: [&str; 4] = [
    "management-server.txt",
    "management-client.txt",
    "management-connected.txt",
    "management-wait.txt",
];

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openvpn");
    std::fs::read(path.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What comes after the greeting of a session.
fn answer(name: &str) -> Vec<u8> {
    let bytes = file(name);
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    assert_eq!(management::greeting(&bytes[..=end]), Some(Greeting::Open));
    bytes[end + 1..].to_vec()
}

fn clients(bytes: &[u8]) -> Vec<Client> {
    match status(bytes).unwrap().told {
        Told::Clients(clients) => clients,
        Told::Traffic(_) => panic!("a client's status"),
    }
}

fn client(name: &str, connection: &str, received_bytes: u64, sent_bytes: u64) -> Client {
    let (address, connection) = connection.split_once(' ').unwrap();
    Client {
        name: name.to_owned(),
        address: address.to_owned(),
        connection: connection.to_owned(),
        received_bytes,
        sent_bytes,
        is_half_open: false,
    }
}

#[test]
fn every_version_tells_the_same_clients() {
    let (c1, c2) = ("198.18.71.2:53271", "198.18.72.2:45291");
    for (name, of_c2, of_c1) in [
        (
            "status-v1.log",
            (" 2026-11-25 20:44:33 ", 1809, 1819),
            (" 2026-11-25 20:44:34 ", 1915, 1994),
        ),
        (
            "status-v2.log",
            (" 1795639473 1", 1809, 1819),
            (" 1795639474 2", 1915, 1994),
        ),
        (
            "status-v3.log",
            (" 1795639473 1", 1737, 1779),
            (" 1795639474 2", 1915, 1994),
        ),
    ] {
        let wanted = [
            client("c2", &format!("{c2}{}", of_c2.0), of_c2.1, of_c2.2),
            client("c1", &format!("{c1}{}", of_c1.0), of_c1.1, of_c1.2),
        ];
        assert_eq!(clients(&file(name)), wanted, "{name}");
    }
    let status = status(&file("status-v3.log")).unwrap();
    assert_eq!(status.written, Some(1_795_639_478));
    assert_eq!(status.stamp, "2026-11-25 20:44:38 1795639478");
}

#[test]
fn older_releases_have_fewer_columns() {
    let read = clients(&file("status-v2-2.3.log"));
    assert_eq!(
        read,
        [client(
            "site-a",
            "198.18.71.2:45062 1795503600 ",
            1000,
            2000
        )]
    );
    let read = clients(&file("status-v2-2.4.log"));
    let read: Vec<_> = read
        .iter()
        .map(|c| (c.name.as_str(), c.received_bytes, c.is_half_open))
        .collect();
    let wanted = [
        ("Site A, Inc.", 123_456_789_012, false),
        ("UNDEF", 60, true),
        ("UNDEF", 600, false),
    ];
    assert_eq!(read, wanted);
}

#[test]
fn a_client_tells_its_counters_and_its_state() {
    let of = |bytes: &[u8]| status(bytes).unwrap().told;
    let traffic = |received_bytes, sent_bytes| {
        Told::Traffic(Traffic {
            received_bytes,
            sent_bytes,
        })
    };
    assert_eq!(of(&file("status-client.log")), traffic(1584, 1605));
    let text = management::status(&answer("management-client.txt")).unwrap();
    assert_eq!(of(&text), traffic(2060, 2001));
    for (name, word, is_connected) in [
        ("management-connected.txt", "CONNECTED", true),
        ("management-wait.txt", "WAIT", false),
    ] {
        let state = management::state(&answer(name)).unwrap();
        assert_eq!(
            (state.word.as_str(), state.is_connected),
            (word, Some(is_connected))
        );
    }
}

#[test]
fn a_server_answers_with_its_clients() {
    let bytes = answer("management-server.txt");
    assert!(Answer::default().is_whole(&bytes));
    let text = management::status(&bytes).unwrap();
    let names: Vec<String> = clients(&text)
        .into_iter()
        .map(|client| client.name)
        .collect();
    assert_eq!(names, ["c2", "c1"]);
}

/// A file that is being written over, or an answer that broke off.
#[test]
fn what_is_cut_anywhere_is_an_error() {
    for name in STATUSES {
        let bytes = file(name);
        for end in 0..bytes.len() - 1 {
            assert!(status(&bytes[..end]).is_err(), "{name} cut at {end}");
        }
        assert!(status(&bytes).is_ok());
    }
    for name in SESSIONS {
        let bytes = answer(name);
        for end in 0..bytes.len() {
            assert!(
                !Answer::default().is_whole(&bytes[..end]),
                "{name} cut at {end}"
            );
        }
    }
}

#[test]
fn a_new_writing_with_the_rest_of_a_longer_one_is_an_error() {
    for name in STATUSES {
        let old = file(name);
        let new: Vec<u8> = old.iter().copied().filter(|byte| *byte != b'8').collect();
        let rest = &old[new.len()..];
        let mixed = [&new, rest].concat();
        assert_eq!(
            status(&mixed).is_ok(),
            rest.trim_ascii().is_empty(),
            "{name}"
        );
    }
}

/// One of the captures with some bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let names = prop::sample::select([&STATUSES[..], &SESSIONS[..]].concat());
    let changes = vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    (names, changes).prop_map(|(name, changes)| {
        let mut bytes = file(name);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    })
}

/// What every parser makes of any bytes; none may panic, and no error may break a log's line.
fn read_all(bytes: &[u8]) {
    let errors = [
        status(bytes).err(),
        management::status(bytes)
            .and_then(|text| status(&text))
            .err(),
        management::state(bytes).err(),
    ];
    for error in errors.into_iter().flatten() {
        assert!(
            !error.contains(char::is_control) && error.len() < 1000,
            "{error:?}"
        );
    }
    let _ = management::greeting(bytes);
    Answer::default().is_whole(bytes);
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(noise in vec(any::<u8>(), 0..400), damaged in damaged()) {
        read_all(&noise);
        read_all(&damaged);
    }

    /// Clients as OpenVPN writes them are read as they are, in every version, whatever their names.
    #[test]
    fn what_is_written_is_read(
        all in vec(("[ -~]{1,20}", 0..u64::MAX, 0..u64::MAX, 0..9999_u32), 0..8),
        version in 1..=3,
    ) {
        // A name that ends in such columns itself cannot be told from them.
        prop_assume!(all.iter().all(|(name, ..)| version == 3 || name.split(',').all(|part| part.parse::<u64>().is_err())));
        prop_assume!(all.iter().all(|(name, ..)| !["END", "ROUTING TABLE"].contains(&name.trim()) && !name.trim().is_empty()));
        let s = if version == 3 { "\t" } else { "," };
        let mut text = match version {
            1 => "OpenVPN CLIENT LIST\nUpdated,now\nCommon Name,Real Address,Bytes Received,Bytes Sent,Connected Since\n".to_owned(),
            _ => ["TITLE", s, "OpenVPN 2.6\nTIME", s, "now", s, "7\nHEADER", s, "CLIENT_LIST", s, "Common Name", s, "Real Address", s, "Virtual Address", s, "Bytes Received", s, "Bytes Sent", s, "Connected Since (time_t)", s, "Username\n"].concat(),
        };
        for (name, received, sent, port) in &all {
            text += &match version {
                1 => format!("{name},1.2.3.4:{port},{received},{sent},then\n"),
                _ => format!("CLIENT_LIST{s}{name}{s}1.2.3.4:{port}{s}10.8.0.2{s}{received}{s}{sent}{s}6{s}UNDEF\n"),
            };
        }
        text += if version == 1 { "ROUTING TABLE\nVirtual Address,Common Name,Real Address,Last Ref\nGLOBAL STATS\nEND\n" } else { "END\n" };
        let read = clients(text.as_bytes());
        let read: Vec<_> = read.into_iter().map(|c| (c.name, c.received_bytes, c.sent_bytes)).collect();
        let wanted: Vec<_> = all.into_iter().map(|(name, received, sent, _)| (name, received, sent)).collect();
        prop_assert_eq!(read, wanted);
    }

    /// An answer in pieces ends where it ends in one.
    #[test]
    fn pieces_make_no_difference(name in prop::sample::select(&SESSIONS[..]), cuts in vec(any::<prop::sample::Index>(), 0..9)) {
        let bytes = answer(name);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Answer::default();
        for cut in cuts {
            prop_assert!(!pieces.is_whole(&bytes[..cut]));
        }
        prop_assert!(pieces.is_whole(&bytes));
    }

    /// A total never falls, and is what the connections carried after the first look.
    #[test]
    fn totals_never_fall(connections in vec(vec(1..1000_u64, 1..5), 1..6)) {
        let mut totals = Totals::default();
        let mut advance = |list: Vec<(String, Bytes)>| totals.advance([("site", list)])[0].1;
        let mut last = advance(Vec::new()).received;
        let mut wanted = 0;
        for (number, growths) in connections.iter().enumerate() {
            let mut carried = 0;
            for growth in growths {
                carried += growth;
                let now = advance(vec![(number.to_string(), Bytes { received: carried, sent: 0 })]);
                prop_assert!(now.received >= last);
                last = now.received;
            }
            wanted += carried;
        }
        prop_assert_eq!(last, wanted);
    }

    /// A file that changes each `rhythm` is never stale, whenever it is looked at.
    #[test]
    fn what_is_written_in_time_is_fresh(rhythm in 1..60_u64, step in 1..10_u64, offset in 0..60_u64) {
        let secs = Duration::from_secs;
        let stamp = |at: u64| (at / rhythm).to_string();
        let start = 1000 + offset;
        let (mut fresh, look) = Freshness::new(&stamp(start), secs(start % rhythm), secs(start));
        prop_assert_eq!(look, Look::New);
        for at in (start..start + 40 * rhythm).step_by(usize::try_from(step).unwrap()) {
            let look = fresh.look(&stamp(at), secs(at));
            prop_assert!(!matches!(look, Look::Stale(_)), "{} {:?}", at, look);
        }
    }
}
