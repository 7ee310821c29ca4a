//! The parsers of WireGuard's answers: golden ones with their values, no key in any result, torn and hostile ones.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::Duration;

use fwmetrics::collectors::wireguard::wire::{
    Handshake, Peer, PublicKey, is_whole, kernel_peers, uapi_peers,
};
use proptest::prelude::*;

/// The number that the guest's kernel had given the family.
const FAMILY: u16 = 32;
/// The private and preshared keys in the golden answers.
const SECRETS: [&str; 4] = [
    "UPWj95adDzrX68B3OP1rEkVc8ubxGHBLRB6WLn4722c=",
    "jjkjKoQxeV8mUZp5XKg0h5Fidyubm+veXckPfKgyfRk=",
    "wFtrI2Fm+S9jCjEdk7KkTsakP/PrVfD/xc2jnu7rjmo=",
    "AZjjKykOhahSJ8r59ZAjdz1ejhw6JRFl0Do55vYhhPo=",
];

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(file!()).with_file_name("fixtures");
    let path = folder.join("wireguard").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn kernel() -> Vec<u8> {
    fixture("kernel-6.1.bin")
}

fn userspace() -> Vec<u8> {
    fixture("wireguard-go-0.0.20220316.txt")
}

fn peer(
    key: &str,
    has_endpoint: bool,
    keepalive_secs: u16,
    handshake: Option<(u64, u32)>,
    rx_bytes: u64,
    tx_bytes: u64,
) -> Peer {
    let at = |(secs, nanos)| Handshake::At(Duration::new(secs, nanos));
    Peer {
        key: PublicKey::from_base64(key).unwrap(),
        has_endpoint,
        keepalive_secs,
        handshake: handshake.map_or(Handshake::Never, at),
        rx_bytes,
        tx_bytes,
    }
}

/// As `wg show` said of the same interface; the second peer's addresses go on in a second message.
#[test]
fn the_kernels_answer() {
    let mut read = kernel_peers(&kernel(), FAMILY).unwrap();
    // Nanoseconds are not in what `wg` shows.
    let Handshake::At(at) = read[0].handshake else {
        panic!("{read:?}");
    };
    read[0].handshake = Handshake::At(Duration::from_secs(at.as_secs()));
    let wanted = [
        peer(
            "yQH4RI8XMWyqkiFw0QQmkR4ZQWjG3EHEjOMf04ZgAnM=",
            true,
            0,
            Some((1_795_637_823, 0)),
            348,
            404,
        ),
        peer(
            "yy8mvX3RcJiME+h3R01TFvCYmWBHmFOUIBaUgCrOBCA=",
            true,
            25,
            None,
            0,
            148,
        ),
        peer(
            "hEK5/WpiryvtGNFRNzmBAQ6Ry266Nz1jfQUQ6iPi82Q=",
            false,
            0,
            None,
            0,
            0,
        ),
    ];
    assert_eq!(read, wanted);
    assert_eq!(kernel_peers(&kernel(), FAMILY + 1), Ok(Vec::new()));
}

#[test]
fn a_userspace_answer() {
    let answer = userspace();
    assert!(is_whole(&answer) && !is_whole(&answer[..answer.len() - 1]));
    let wanted = [
        peer(
            "ht+qTi+RqSCfmRMIsPU/KJ2+eE2qwdmGO9s7bJKErkQ=",
            false,
            25,
            None,
            0,
            0,
        ),
        peer(
            "GNmCbiV5CeE41kDBdxjHURtI4q2OPfFgHyS4BZIvgms=",
            false,
            0,
            None,
            0,
            0,
        ),
        peer(
            "da+VmYxRh/SrZtluiQRHL8Cf1WiEg4h3ceg+ZZCWjgg=",
            true,
            0,
            Some((1_795_638_825, 445_583_520)),
            276,
            220,
        ),
        peer(
            "xFArGgrQ5UWQSmUFwQOD/4nqGWMSbDk3yKIORBj3VFc=",
            true,
            0,
            Some((1_795_638_825, 669_651_720)),
            276,
            220,
        ),
    ];
    assert_eq!(uapi_peers(&answer).unwrap(), wanted);
}

/// Laid out as boringtun 0.6 does (its `api_get`): ages for stamps, and none where the session was forgotten.
#[test]
fn an_answer_with_ages() {
    let hex = "75af95998c5187f4ab66d96e8904472fc09fd5688483887771e83e6590968e08";
    let other = hex.replace("75af", "75ae");
    let third = hex.replace("75af", "75ad");
    let answer = format!(
        "own_public_key={hex}\nlisten_port=51820\n\
         public_key={hex}\nendpoint=198.18.61.2:51820\nlast_handshake_time_sec=37\nlast_handshake_time_nsec=5\nrx_bytes=10\ntx_bytes=20\n\
         public_key={other}\npersistent_keepalive_interval=25\nrx_bytes=10\ntx_bytes=20\n\
         public_key={third}\nrx_bytes=0\ntx_bytes=0\nerrno=0\n\n"
    );
    let handshakes: Vec<Handshake> = uapi_peers(answer.as_bytes())
        .unwrap()
        .iter()
        .map(|peer| peer.handshake)
        .collect();
    let ago = Handshake::Ago(Duration::new(37, 5));
    assert_eq!(handshakes, [ago, Handshake::Once, Handshake::Never]);
}

/// Every form that a key could leave in.
fn forms(secret: &str) -> Vec<String> {
    let key = PublicKey::from_base64(secret).unwrap();
    let hex = |byte: &u8| format!("{byte:02x}");
    let bytes = base64(secret);
    vec![
        key.to_string(),
        bytes.iter().map(hex).collect(),
        format!("{bytes:?}").trim_matches(['[', ']']).to_owned(),
    ]
}

fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = text
        .trim_end_matches('=')
        .chars()
        .map(|letter| format!("{:06b}", LETTERS.find(letter).unwrap()))
        .collect();
    let bytes = (0..32).map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap());
    bytes.collect()
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The keys are in the answers; cut or damaged anywhere, no result and no complaint has one.
#[test]
fn keys_never_leave_the_parsers() {
    let (kernel, userspace) = (kernel(), userspace());
    for (secret, of_kernel) in SECRETS.iter().zip([true, true, false, false]) {
        let [_, hex, _] = &forms(secret)[..] else {
            unreachable!()
        };
        let is_there = match of_kernel {
            true => holds(&kernel, &base64(secret)),
            false => holds(&userspace, hex.as_bytes()),
        };
        assert!(is_there, "{secret} is not in the golden answer");
    }
    let secrets: Vec<String> = SECRETS.iter().flat_map(|secret| forms(secret)).collect();
    let clean = |said: String| {
        for secret in &secrets {
            assert!(!said.contains(secret), "{said}");
        }
    };
    clean(format!("{:?}", kernel_peers(&kernel, FAMILY)));
    clean(format!("{:?}", uapi_peers(&userspace)));
    for end in (0..2000).chain([kernel.len() - 1]) {
        clean(format!("{:?}", kernel_peers(&kernel[..end], FAMILY)));
    }
    for at in 0..userspace.len() {
        clean(format!("{:?}", uapi_peers(&userspace[..at])));
        let mut damaged = userspace.clone();
        for byte in [b'=', b'\n', b'z', 0xff] {
            damaged[at] = byte;
            clean(format!("{:?}", uapi_peers(&damaged)));
        }
    }
}

#[test]
fn what_is_wrong_is_named_and_not_quoted() {
    let key = "public_key=75af95998c5187f4ab66d96e8904472fc09fd5688483887771e83e6590968e08\n";
    for (answer, wanted) in [
        ("", "no errno"),
        ("errno=22\n\n", "errno 22"),
        ("errno=x\n\n", "errno is no whole number"),
        ("public_key=75\nerrno=0\n\n", "public_key is no key"),
        (
            &format!("{key}rx_bytes=secret\nerrno=0\n\n"),
            "rx_bytes is no whole number",
        ),
    ] {
        let why = uapi_peers(answer.as_bytes()).unwrap_err();
        assert!(why.contains(wanted) && !why.contains("secret"), "{why}");
    }
    assert!(kernel_peers(&kernel()[..100], FAMILY).is_err());
    assert!(kernel_peers(&[1, 2, 3], FAMILY).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = kernel_peers(&bytes, FAMILY);
        let _ = uapi_peers(&bytes);
    }

    #[test]
    fn a_damaged_dump_is_survived(at in 0..2000_usize, byte in any::<u8>()) {
        let mut dump = kernel();
        dump[at] = byte;
        let _ = kernel_peers(&dump, FAMILY);
    }

    #[test]
    fn base64_round_trips(bytes in prop::array::uniform32(any::<u8>())) {
        let key = PublicKey::from_bytes(&bytes).unwrap();
        prop_assert_eq!(PublicKey::from_base64(&key.to_string()), Some(key));
    }
}
