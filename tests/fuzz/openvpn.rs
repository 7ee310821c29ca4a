//! Any bytes as an OpenVPN status and as a session with its management interface: none may make a parser panic, and a
//! refusal must be fit for a log.
#![no_main]

use libfuzzer_sys::fuzz_target;

use openvpn::wire::management::{self, Answer};
use openvpn::wire::status::{self, Told};

// Through the folder, as a file that `path` names would look for its parts beside itself.
#[path = "../../src/collectors/openvpn"]
#[allow(dead_code)]
mod openvpn {
    pub mod wire;
}

fuzz_target!(|bytes: &[u8]| {
    let statuses = [
        status::status(bytes),
        management::status(bytes).and_then(|text| status::status(&text)),
    ];
    for read in statuses {
        match read {
            Ok(status) => {
                if let Told::Clients(clients) = status.told {
                    assert!(clients.len() <= bytes.len());
                }
            }
            Err(refusal) => assert!(!refusal.contains(char::is_control)),
        }
    }
    if let Err(refusal) = management::state(bytes) {
        assert!(!refusal.contains(char::is_control));
    }
    let _ = management::greeting(bytes);
    // In one piece or byte by byte, an answer ends at the same place.
    let mut slowly = Answer::default();
    let end = (0..=bytes.len()).find(|end| slowly.is_whole(&bytes[..*end]));
    assert_eq!(end.is_some(), Answer::default().is_whole(bytes));
});
