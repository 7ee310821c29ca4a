//! The parsers of keepalived's dump and of /proc/PID/status: golden values, torn and hostile text, and properties.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use fwmetrics::collectors::vrrp::wire::{self, Fault, INSTANCES_MAX, Instance, State};
use proptest::prelude::*;

const DUMPS: [&str; 4] = [
    "2.2.7-master.json",
    "2.2.7-fault.json",
    "2.0.5.json",
    "2.4.3-version-2.json",
];

fn fixture(name: &str) -> String {
    let folder = Path::new(file!()).with_file_name("fixtures").join("vrrp");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn dump(name: &str) -> Vec<Instance> {
    wire::dump(fixture(name).as_bytes()).unwrap()
}

fn states(instances: &[Instance]) -> Vec<(&str, Option<u64>, State)> {
    instances
        .iter()
        .map(|one| (one.name.as_str(), one.router, one.state))
        .collect()
}

#[test]
fn golden_dumps() {
    let master = dump("2.2.7-master.json");
    let three = |first| {
        vec![
            ("VI_1", Some(51), first),
            ("VI_2", Some(52), State::Backup),
            ("VI_3", Some(53), State::Master),
        ]
    };
    assert_eq!(states(&master), three(State::Master));
    let first = &master[0];
    assert_eq!((first.become_master, first.release_master), (2, 1));
    assert!((first.advert_secs - 0.2).abs() < 1e-9);
    assert_eq!(master[2].adverts_refused, 16);
    let fault = dump("2.2.7-fault.json");
    assert_eq!(states(&fault), three(State::Fault));
    assert_eq!((fault[0].become_master, fault[0].release_master), (1, 1));
    assert_eq!((fault[1].adverts_received, fault[1].adverts_sent), (54, 0));
}

#[test]
fn other_releases() {
    let old = dump("2.0.5.json");
    assert_eq!(states(&old), [("VI_1", Some(51), State::Master)]);
    // Its master's interval is 0 while it has none.
    assert!((old[0].advert_secs - 1.0).abs() < 1e-9);
    assert_eq!((old[0].adverts_received, old[0].adverts_refused), (3, 7));
    assert!(!format!("{old:?}").contains("hunter2"));
    let new = dump("2.4.3-version-2.json");
    let wanted = [
        ("VI_1", Some(51), State::Init),
        ("VI_2", Some(52), State::Backup),
    ];
    assert_eq!(states(&new), wanted);
}

#[test]
fn a_dump_that_is_still_written_is_torn_wherever_it_ends() {
    for name in DUMPS {
        let text = fixture(name);
        let text = text.trim_end().as_bytes();
        for end in 0..text.len() {
            assert_eq!(wire::dump(&text[..end]), Err(Fault::Torn), "{name} {end}");
        }
    }
}

#[test]
fn fields_of_another_type_or_none_at_all_are_read_past() {
    let text = r#"[{"data":{"iname":"a","vrid":"51","state":{"x":[1]},"adver_int":null,"last_transition":[2]},"stats":{"become_master":-1,"advert_rcvd":1e9}},
        {"data":{"vrid":1}}, {"stats":{}}, {"data":{"iname":"b\u0000\n","state":98,"adver_int":1e300}}]"#;
    let read = wire::dump(text.as_bytes()).unwrap();
    let wanted = [("a", None, State::Other), ("b??", None, State::Other)];
    assert_eq!(states(&read), wanted);
    assert_eq!((read[0].become_master, read[0].adverts_received), (0, 0));
    assert!(read.iter().all(|one| (one.advert_secs - 1.0).abs() < 1e-9));
    let deep = "[".repeat(100_000);
    assert_eq!(wire::dump(deep.as_bytes()), Err(Fault::Torn));
    assert_eq!(wire::dump(b"[]"), Ok(vec![]));
    assert_eq!(wire::dump(b"{}"), Ok(vec![]));
}

#[test]
fn what_is_no_dump_is_refused_without_its_words() {
    for text in [
        "secret",
        "[{\"data\":\"secret\"}]",
        "[1]",
        "{\"vrrp\":\"secret\"}",
        "\"secret\"",
        "[{\"data\":{\"iname\":\"a\",\"iname\":\"secret\"}}]",
        "[] secret",
    ] {
        let Err(Fault::Wrong(why)) = wire::dump(text.as_bytes()) else {
            panic!("{text:.40}");
        };
        assert!(!why.contains("secret"), "{why}");
    }
}

#[test]
fn so_many_instances_and_no_more() {
    let list = |length: usize| {
        let one = "{\"data\":{\"iname\":\"a\"}}";
        format!("[{}]", vec![one; length].join(","))
    };
    let most = wire::dump(list(INSTANCES_MAX).as_bytes()).unwrap();
    assert_eq!(most.len(), INSTANCES_MAX);
    let over = wire::dump(list(INSTANCES_MAX + 1).as_bytes());
    assert!(matches!(over, Err(Fault::Wrong(_))));
    let long = format!("[{{\"data\":{{\"iname\":\"{}\"}}}}]", "x".repeat(100_000));
    assert_eq!(wire::dump(long.as_bytes()).unwrap()[0].name.len(), 100);
}

#[test]
fn the_signal_that_this_keepalived_takes_and_no_other() {
    // It blocks its signals and reads them from a signalfd: none is caught.
    let running = wire::status(&fixture("2.2.7.status")).unwrap();
    assert_eq!(running.json_signal(), Some(36));
    assert!(!running.has_pending(36) && !running.stopped && running.uid == 0);
    let stopped = wire::status(&fixture("2.2.7-stopped.status")).unwrap();
    assert!(stopped.has_pending(36) && stopped.stopped);

    let bit = |signal: u32| 1_u64 << (signal - 1);
    let takes = |blocked: u64, ignored: u64, caught: u64| {
        let text = format!(
            "State:\tS (sleeping)\nUid:\t1\t2\t3\t4\nSigPnd:\t0\nShdPnd:\t0\nSigBlk:\t{blocked:016x}\nSigIgn:\t{ignored:016x}\nSigCgt:\t{caught:016x}\n"
        );
        let status = wire::status(&text).unwrap();
        assert_eq!(status.uid, 4);
        status.json_signal()
    };
    let musl = !(bit(37) | bit(63) | bit(64));
    assert_eq!(takes(bit(37), musl, 0), Some(37));
    // 1.4.5 caught it.
    assert_eq!(takes(0, 0, bit(36)), Some(36));
    // Any other program; without JSON; about to end; both: never sent.
    assert_eq!(takes(0, 0, 0), None);
    assert_eq!(takes(0, u64::MAX, 0), None);
    assert_eq!(takes(bit(36), bit(36), 0), None);
    assert_eq!(takes(bit(36) | bit(37), 0, 0), None);
    assert_eq!(takes(u64::MAX, 0, u64::MAX), None);
    assert_eq!(takes(!(bit(36) | bit(37)), 0, !(bit(36) | bit(37))), None);
}

#[test]
fn a_status_without_its_lines_is_refused() {
    let whole = fixture("2.2.7.status");
    for key in [
        "State", "Uid", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt",
    ] {
        let lines = whole.lines().filter(|line| !line.starts_with(key));
        let less: Vec<&str> = lines.collect();
        let error = wire::status(&less.join("\n")).unwrap_err();
        assert!(error.contains(key), "{error}");
        let garbled = whole.replace(&format!("{key}:\t"), &format!("{key}:\tzz"));
        let read = wire::status(&garbled);
        assert!(key == "State" || key == "Uid" || read.is_err(), "{key}");
    }
}

#[test]
fn names_and_numbers_of_processes() {
    for (comm, line, wanted) in [
        ("keepalived\n", "", true),
        ("other\n", "/usr/sbin/keepalived\0--dont-fork\0", true),
        ("other\n", "keepalived\0", true),
        ("sleep\n", "sleep\0keepalived\0", false),
        ("keepalived_x\n", "/keepalived/x\0", false),
        ("", "", false),
    ] {
        assert_eq!(wire::is_keepalived(comm, line), wanted, "{comm:?} {line:?}");
    }
    assert_eq!(wire::pid(b"1234\n"), Ok(1234));
    for text in ["", "0", "-1", "12 34", "x", "99999999999", "\u{ff}"] {
        assert!(wire::pid(text.as_bytes()).is_err(), "{text:?}");
    }
    assert!(wire::pid(&[0xff, 0xfe]).is_err());
}

proptest! {
    #[test]
    fn no_text_is_too_much(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = wire::dump(&text);
        let _ = wire::pid(&text);
        if let Ok(status) = wire::status(&String::from_utf8_lossy(&text)) {
            let _ = status.json_signal();
        }
    }

    #[test]
    fn a_dump_with_some_bytes_changed_is_read_or_refused(
        which in 0..DUMPS.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut text = fixture(DUMPS[which]).into_bytes();
        for (at, byte) in changes {
            let at = at.index(text.len());
            text[at] = byte;
        }
        if let Ok(instances) = wire::dump(&text) {
            for one in instances {
                prop_assert!((0.01..=255.0).contains(&one.advert_secs));
                prop_assert!(one.name.chars().count() <= 100 && !one.name.contains(char::is_control));
            }
        }
    }

    #[test]
    fn whatever_the_masks_only_a_signal_that_is_taken_is_named(masks in any::<[u64; 3]>()) {
        let [blocked, ignored, caught] = masks;
        let text = format!(
            "State:\tS\nUid:\t0\t0\t0\t0\nSigPnd:\t0\nShdPnd:\t0\nSigBlk:\t{blocked:x}\nSigIgn:\t{ignored:x}\nSigCgt:\t{caught:x}\n"
        );
        if let Some(signal) = wire::status(&text).unwrap().json_signal() {
            let bit = 1_u64 << (signal - 1);
            prop_assert!(signal == 36 || signal == 37);
            prop_assert!((blocked | caught) & bit != 0 && ignored & bit == 0);
        }
    }
}
