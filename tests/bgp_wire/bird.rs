//! BIRD's answers, of two releases.

use super::*;
use fwmetrics::collectors::bgp::wire::bird::{self, Answer, Clock, answer};

fn clock(text: &[u8]) -> Option<Clock> {
    bird::clock(&answer(text).unwrap())
}

/// Started at 20:30:48.193, and running for 1.57 s.
fn started() -> Clock {
    clock(&fixture("bird-2.0.12-status.txt")).unwrap()
}

fn since(listed: &Listed, name: &str) -> Since {
    match listed.peers[name].session {
        Session::Since(since) => since,
        Session::Counted(_) => panic!("BIRD does not count"),
    }
}

#[test]
fn what_is_shut_what_waits_and_what_gave_up_are_three_things() {
    let bytes = fixture("bird-2.0.12-protocols.txt");
    assert!(bird::is_whole(&bytes));
    let protocols = bird::protocols(&answer(&bytes).unwrap(), Some(started())).unwrap();
    assert!(protocols.has_bfd);
    let wanted = [
        ("dynbgp1", Up, Some(3), true),
        ("gone", Down, Some(0), false),
        ("overfull", Down, Some(0), false),
        ("peer1", Up, Some(2), false),
        ("shut", Shut, Some(0), false),
        ("tofrr", Up, Some(0), false),
        ("waiting", Down, Some(0), false),
    ];
    assert_eq!(states(&protocols.listed), wanted);
    assert_eq!(protocols.listed.uptime_ms, Some(1570));
    let ms = 784; // 20:30:48.977
    let wanted = Since::AfterStart { ms, fine: true };
    assert_eq!(since(&protocols.listed, "peer1"), wanted);
}

#[test]
fn the_newest_release_says_more_and_a_description_says_nothing() {
    let bytes = fixture("bird-3.3.2-protocols.txt");
    let protocols = bird::protocols(&answer(&bytes).unwrap(), Some(started())).unwrap();
    let wanted = [
        ("broken", Down, Some(0), false),
        ("closing", Down, Some(2), false),
        ("dynbgp12", Down, Some(0), true),
        ("new", Up, Some(1), false),
        ("old", Up, Some(10), false),
        ("refused", Down, Some(0), false),
        ("shut", Shut, Some(0), false),
        ("shutting", Down, Some(0), false),
    ];
    assert_eq!(states(&protocols.listed), wanted);
    assert_eq!(since(&protocols.listed, "old"), Since::LongAgo);
    let wanted = Since::AfterStart {
        ms: 12_307,
        fine: true,
    };
    assert_eq!(since(&protocols.listed, "new"), wanted);
}

#[test]
fn times_are_read_in_the_forms_that_bird_has() {
    let status = |now: &str, start: &str| {
        let text = format!(
            "1011-Current server time is {now}\n Last reboot on {start}\n0013 Daemon is up\n"
        );
        clock(text.as_bytes())
    };
    let up = |now, start| status(now, start).map(|clock| clock.uptime_ms);
    let (leap, march) = ("2028-02-28 23:59:59", "2028-03-01 00:00:01");
    assert_eq!(up(march, leap), Some(Some(86_402_000)));
    assert_eq!(
        up("2027-01-01 00:00:00.250", "2026-12-31 23:59:59.750"),
        Some(Some(500))
    );
    // Set back past the start.
    assert_eq!(up(leap, march), Some(None));
    for odd in [
        "2026-11-25",
        "now",
        "20:30:48",
        "2026-13-01 00:00:00",
        "2026-11-25 24:00:00",
        "2026-11-25 1:2:3.x",
    ] {
        assert_eq!(up(odd, odd), None, "{odd}");
    }
    let listed = |since: &str| {
        let text = format!(
            "1002-p BGP --- up {since} Established\n1006-  BGP state: Established\n0000 \n"
        );
        let clock = status("2026-11-25 10:00:00.000", "2026-11-24 22:00:00.000");
        let protocols = bird::protocols(&answer(text.as_bytes()).unwrap(), clock).unwrap();
        self::since(&protocols.listed, "p")
    };
    let after = |ms, fine| Since::AfterStart { ms, fine };
    let hour = 3_600_000;
    assert_eq!(listed("23:00:00.000"), after(hour, true));
    assert_eq!(listed("23:00:00"), after(hour, false));
    // Past midnight, and with the day in front.
    assert_eq!(listed("01:00:00.000"), after(3 * hour, true));
    assert_eq!(listed("2026-11-25 01:00:00.000000"), after(3 * hour, true));
    assert_eq!(listed("2026-11-23"), Since::LongAgo);
    assert_eq!(listed("1764061200"), Since::Unknown);
}

#[test]
fn bfd_sessions_are_counted_by_state() {
    let bytes = fixture("bird-2.0.12-bfd.txt");
    let wanted = Bfd {
        sessions: 1,
        down: 0,
    };
    assert_eq!(bird::bfd(&answer(&bytes).unwrap()), wanted);
    let text = "1020-bfd1: is not up\n bfd2:\n IP address Interface State Since\n \
                198.18.0.1 --- Down 2026-11-24 1 0\n fe80::1 up0 Init x 1 0\n 198.18.0.2 --- AdminDown x 1 0\n0000 \n";
    let wanted = Bfd {
        sessions: 2,
        down: 2,
    };
    assert_eq!(bird::bfd(&answer(text.as_bytes()).unwrap()), wanted);
}

#[test]
fn an_answer_ends_with_a_line_that_has_a_space_after_its_code() {
    for whole in [
        &b"0000 \n"[..],
        b"0013 up\n",
        b"1002-a\n b\n+log\n0000 \n",
        b"0001 BIRD 2.0.12 ready.\n",
    ] {
        assert!(bird::is_whole(whole));
        for end in 0..whole.len() {
            assert!(!bird::is_whole(&whole[..end]));
        }
    }
    for torn in [
        &b"1002-a\n"[..],
        b" 0000 \n",
        b"00000\n",
        b"0000\n",
        b"\n",
        b"\n\n",
    ] {
        assert!(!bird::is_whole(torn));
    }
    let read = answer(b"1002-a\n b\n+0000 log\n1006-\n c\n0000 \n").unwrap();
    let lines = vec![(1002, "a"), (1002, "b"), (1006, ""), (1006, "c"), (0, "")];
    assert_eq!(read, Answer { code: 0, lines });
}

#[test]
fn refusals_are_told_and_what_is_no_answer_too() {
    let hello = answer(&fixture("bird-2.0.12-hello.txt")).map(|answer| answer.code);
    assert_eq!(hello, Ok(1));
    let restricted = answer(&fixture("bird-2.0.12-restrict.txt")).map(|answer| answer.code);
    assert_eq!(restricted, Ok(bird::RESTRICTED));
    let refused = fixture("bird-2.0.12-refused.txt");
    let why = answer(&refused).unwrap_err();
    assert!(why.contains("Access denied"), "{why}");
    for odd in [
        &b""[..],
        b"\n",
        b" a\n",
        b"12\n",
        b"1002_a\n",
        b"+x\n",
        b"\xff0000 \n",
        "1é02-a\n".as_bytes(),
    ] {
        assert!(answer(odd).is_err(), "{odd:?}");
    }
}

#[test]
fn too_many_protocols_are_refused_and_odd_lines_are_nobodys() {
    let many = |count: usize| {
        let lines =
            (0..count).map(|n| format!("1002-p{n} BGP --- up x\n1006-  BGP state: Established\n"));
        let text = format!("{}0000 \n", lines.collect::<String>());
        bird::protocols(&answer(text.as_bytes()).unwrap(), None).map(|all| all.listed.peers.len())
    };
    assert_eq!(many(10_000), Ok(10_000));
    assert!(many(10_001).is_err());
    let text = b"1006-  BGP state: Established\n1002-\n1002-a BGP\n1002-b BGP --- start\n1006-BGP state\n1002-b2 Static x up\n1006-  BGP state: Established\n0000 \n";
    let protocols = bird::protocols(&answer(text).unwrap(), None).unwrap();
    assert_eq!(
        states(&protocols.listed),
        [("b", State::Unknown, Some(0), false)]
    );
}
