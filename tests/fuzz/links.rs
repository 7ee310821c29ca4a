//! Any bytes as the kernel's answer to "all links": none may make the parser panic, and a refusal must be fit for a log.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../src/collector/links.rs"]
#[allow(dead_code)]
mod links;

fuzz_target!(|bytes: &[u8]| {
    match links::links(bytes) {
        Ok(links) => assert!(links.iter().all(|link| !link.name.is_empty())),
        Err(refusal) => assert!(!refusal.contains(char::is_control)),
    }
});
