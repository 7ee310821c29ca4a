//! Any bytes as an answer of FRR or of BIRD: no parser may panic, and a refusal must be fit for a log.
#![no_main]

use libfuzzer_sys::fuzz_target;

use bgp::wire::{bird, frr};

// Through the folder, as a file that `path` names would look for its parts beside itself.
#[path = "../../src/collectors/bgp"]
#[allow(dead_code, unused_imports)]
mod bgp {
    pub mod wire;
}

fuzz_target!(|bytes: &[u8]| {
    let _ = (frr::is_whole(bytes), bird::is_whole(bytes));
    if let Ok(Some(text)) = frr::answer(bytes) {
        read_frr(text);
    }
    // Bytes that are a text alone: the shorter way for the fuzzer.
    if let Ok(text) = std::str::from_utf8(bytes) {
        read_frr(text);
    }
    match bird::answer(bytes) {
        Ok(answer) => {
            let clock = bird::clock(&answer);
            let _ = bird::protocols(&answer, clock);
            let bfd = bird::bfd(&answer);
            assert!(bfd.down <= bfd.sessions);
        }
        Err(why) => assert!(!why.contains(char::is_control)),
    }
});

fn read_frr(text: &str) {
    for said in [frr::summary(text), frr::summary_default(text)] {
        if let Err(why) = said {
            assert!(!why.contains(char::is_control));
        }
    }
    let _ = frr::bfd(text).map(|bfd| assert!(bfd.down <= bfd.sessions));
}
