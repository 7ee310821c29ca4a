//! Any bytes as WireGuard's answer, the kernel's and a userspace implementation's: none may panic, and a refusal must be
//! fit for a log.
#![no_main]

use libfuzzer_sys::fuzz_target;

use wireguard::wire;

#[path = "../../src/collector"]
#[allow(dead_code, unused_imports)]
mod collector {
    pub mod links;
}

#[path = "../../src/collectors/wireguard"]
#[allow(dead_code, unused_imports)]
mod wireguard {
    pub mod wire;
}

fuzz_target!(|answer: &[u8]| {
    // The family's number in the golden answer.
    for read in [wire::kernel_peers(answer, 32), wire::uapi_peers(answer)] {
        match read {
            Ok(peers) => assert!(peers.len() <= answer.len()),
            Err(why) => assert!(!why.contains(char::is_control), "{why}"),
        }
    }
    let _ = wire::is_whole(answer);
});
