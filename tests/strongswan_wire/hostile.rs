//! Bytes that no daemon should send.

use fwmetrics::collectors::strongswan::wire::{DEPTH_MAX, ELEMENTS_MAX, PACKET_BYTES_MAX};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const NAMES: [&[u8]; 8] = [
    b"list-conn",
    b"list-sa",
    b"list-policy",
    b"ike-updown",
    b"ike-rekey",
    b"child-updown",
    b"child-rekey",
    b"other",
];

/// Reads bytes as everything they could be.
fn read(bytes: &[u8]) {
    let _ = wire::packet(bytes);
    let _ = wire::statistics(bytes);
    let mut live = Live::default();
    let mut configured = Vec::new();
    live.begin();
    for name in NAMES {
        match wire::event(name, bytes) {
            Ok(Event::Configured(connection)) => configured.push(connection),
            Ok(event) => live.hear(&event),
            Err(_) => {}
        }
    }
    live.end(Some(1));
    live.lost();
    let _ = live.picture(&configured, &BTreeSet::new(), |_| false);
}

#[test]
fn a_stream_is_the_same_in_pieces_of_any_size() {
    for name in CAPTURES {
        let bytes = capture(name);
        let whole = packets(&bytes, bytes.len()).unwrap();
        for piece in [1, 2, 3, 5, 64, 4096] {
            assert_eq!(packets(&bytes, piece).unwrap(), whole, "{name} {piece}");
        }
    }
}

#[test]
fn a_message_that_is_cut_anywhere_is_refused_or_read_and_never_more() {
    for name in CAPTURES {
        for packet in packets(&capture(name), 4096).unwrap() {
            for end in 0..packet.len() {
                read(&packet[..end]);
                if let Ok(Packet::Event(name, message)) = wire::packet(&packet[..end]) {
                    // A section that does not end is refused; before its begin there is nothing to say.
                    let cut = wire::event(name, message);
                    assert!(matches!(cut, Err(_) | Ok(Event::Other)), "{cut:?}");
                }
            }
        }
    }
}

#[test]
fn a_packet_has_a_length_that_can_be() {
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_be_bytes();
    for (bytes, right) in [
        (0, false),
        (1, true),
        (PACKET_BYTES_MAX, true),
        (PACKET_BYTES_MAX + 1, false),
        (u32::MAX as usize, false),
    ] {
        let mut frames = Frames::default();
        frames.push(&length(bytes));
        assert_eq!(frames.take().is_ok(), right, "{bytes}");
    }
}

#[test]
fn depth_and_elements_have_a_bound() {
    let deep = |depth: usize| {
        let mut message = b"\x01\0".repeat(depth);
        message.extend(b"\x02".repeat(depth));
        message
    };
    assert!(Section::parse(&deep(DEPTH_MAX)).is_ok());
    assert!(Section::parse(&deep(DEPTH_MAX + 1)).is_err());
    assert!(Section::parse(&deep(100_000)).is_err());
    let many = |elements: usize| b"\x03\0\0\0".repeat(elements);
    assert!(Section::parse(&many(ELEMENTS_MAX)).is_ok());
    assert!(Section::parse(&many(ELEMENTS_MAX + 1)).is_err());
}

#[test]
fn what_stands_in_the_wrong_place_is_refused() {
    for message in [
        &b"\x02"[..],
        b"\x05\0\0",
        b"\x06",
        b"\x07",
        b"\0",
        b"\x01\x01a",
        b"\x04\x01a",
        b"\x04\x01a\x03\x01b\0\0\x06",
        b"\x04\x01a\x04\x01b\x06\x06",
        b"\x04\x01a\x01\x01b\x02\x06",
        b"\x01\x01a\x06",
        b"\x01\x05ab",
        b"\x03\x01a\xff\xff",
        b"\x03\x01a",
    ] {
        assert!(Section::parse(message).is_err(), "{message:?}");
    }
    for packet in [&b""[..], b"\0", b"\x07", b"\x07\x05ab", b"\x08", b"\xff"] {
        assert!(wire::packet(packet).is_err(), "{packet:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..2000)) {
        read(&bytes);
        let _ = packets(&bytes, 100);
    }

    #[test]
    fn captures_with_bytes_changed_are_read_or_refused(
        capture_ in 0..CAPTURES.len(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..10),
    ) {
        for mut packet in packets(&capture(CAPTURES[capture_]), 4096).unwrap() {
            for (at, byte) in &changes {
                let at = at.index(packet.len());
                packet[at] = *byte;
            }
            read(&packet);
            if let Ok(Packet::Event(_, message)) = wire::packet(&packet) {
                read(message);
            }
        }
    }
}
