//! The parsers of the kernel's IPsec: golden answers with their values, no key in any result, torn and hostile ones.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use fwmetrics::collector::links::{self, Link};
use fwmetrics::collectors::xfrm::wire::{
    Association, Direction, Policy, associations, counters, policies,
};
use proptest::prelude::*;

/// Of every association in the golden answer.
const KEY: [u8; 20] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
];

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(file!()).with_file_name("fixtures");
    let path = folder.join("xfrm").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// Source, destination, SPI, reqid, interface, bytes, ready.
fn short(association: &Association) -> (String, String, u32, u32, u32, u64, bool) {
    (
        association.source.to_string(),
        association.destination.to_string(),
        association.spi,
        association.reqid,
        association.if_id,
        association.bytes,
        association.is_ready,
    )
}

/// As `ip -s xfrm state` said; the first asks for negotiation and is none yet.
#[test]
fn associations_as_ip_shows_them() {
    let read = associations(&fixture("associations-6.1.bin")).unwrap();
    let (a, b) = ("198.18.1.1".to_owned(), "198.18.1.2".to_owned());
    let out =
        |spi, reqid, if_id, bytes, ready| (a.clone(), b.clone(), spi, reqid, if_id, bytes, ready);
    let back = |spi, reqid, if_id, bytes| (b.clone(), a.clone(), spi, reqid, if_id, bytes, true);
    let wanted = [
        out(0, 9, 0, 0, false),
        back(0x302, 7, 42, 0),
        out(0x301, 7, 42, 0, true),
        out(0x102, 2, 0, 0, true),
        back(0x201, 1, 0, 252),
        out(0x101, 1, 0, 252, true),
    ];
    assert_eq!(read.iter().map(short).collect::<Vec<_>>(), wanted);
    assert!(read.iter().all(|a| a.protocol == 50 && a.errors == 0));
}

/// As `ip xfrm policy` said; forwarding and the one that blocks are none.
#[test]
fn policies_as_ip_shows_them() {
    let read = policies(&fixture("policies-6.1.bin")).unwrap();
    let short = |policy: &Policy| {
        let [template] = &policy.templates[..] else {
            panic!("{policy:?}");
        };
        let ends = format!("{} {}", template.source, template.destination);
        (policy.direction, policy.if_id, template.reqid, ends)
    };
    let mut wanted = Vec::new();
    for (reqid, if_id) in [(9, 0), (7, 42), (2, 0), (1, 0)] {
        let back = "198.18.1.2 198.18.1.1".to_owned();
        wanted.push((Direction::In, if_id, reqid, back));
        let out = "198.18.1.1 198.18.1.2".to_owned();
        wanted.push((Direction::Out, if_id, reqid, out));
    }
    assert_eq!(read.iter().map(short).collect::<Vec<_>>(), wanted);
}

#[test]
fn an_interface_tells_its_id() {
    let links = links::links(&fixture("links-6.1.bin")).unwrap();
    let with_id = |link: &&Link| link.xfrm_if_id.is_some();
    let link = links.iter().find(with_id).unwrap();
    assert_eq!((link.name.as_str(), link.xfrm_if_id), ("ipsec0", Some(42)));
    assert_eq!((link.is_of_kind("xfrm"), link.is_on), (true, true));
    let wireguard = links
        .iter()
        .find(|link| link.is_of_kind("wireguard"))
        .unwrap();
    assert_eq!((wireguard.name.as_str(), wireguard.is_on), ("wg0", true));
}

#[test]
fn every_kernels_counters() {
    for (name, lines) in [("stat-6.1.txt", 28), ("stat-6.18.txt", 32)] {
        let text = text(name);
        let read = counters(&text).unwrap();
        assert_eq!((read.len(), read[0]), (lines, ("XfrmInError", 0)), "{name}");
    }
    let text = text("stat-6.1.txt");
    let risen = counters(&text).unwrap().into_iter().filter(|(_, n)| *n > 0);
    let risen: Vec<_> = risen.collect();
    assert_eq!(risen, [("XfrmOutNoStates", 1), ("XfrmOutPolBlock", 1)]);
    assert_eq!(
        counters("XfrmNew 18446744073709551615"),
        Ok(vec![("XfrmNew", u64::MAX)])
    );
    for wrong in ["XfrmInError", "XfrmInError x", "\n"] {
        assert!(counters(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn keys_never_leave_the_parsers() {
    let dump = fixture("associations-6.1.bin");
    let holds = |part: &[u8]| dump.windows(part.len()).any(|window| window == part);
    assert!(holds(&KEY), "the key is not in the golden answer");
    let hex: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    for end in 0..=dump.len() {
        let said = format!("{:?}", associations(&dump[..end]));
        assert!(
            !said.contains("1, 2, 3, 4, 5, 6") && !said.contains(&hex),
            "{said}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = associations(&bytes);
        let _ = policies(&bytes);
        let _ = links::links(&bytes);
        let _ = counters(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_damaged_dump_is_survived(at in 0..2052_usize, byte in any::<u8>()) {
        let mut dump = fixture("associations-6.1.bin");
        dump[at] = byte;
        let _ = associations(&dump);
        let mut dump = fixture("policies-6.1.bin");
        dump[at] = byte;
        let _ = policies(&dump);
    }
}
