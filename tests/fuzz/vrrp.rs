//! Any bytes as keepalived's dump, as /proc/PID/status and as a PID file: no parser may panic, and no signal may be named
//! that the process does not take.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../src/collectors/vrrp/wire.rs"]
#[allow(dead_code)]
mod wire;

fuzz_target!(|bytes: &[u8]| {
    match wire::dump(bytes) {
        Ok(instances) => {
            assert!(instances.len() <= wire::INSTANCES_MAX);
            assert!(instances.iter().all(|one| {
                one.name.chars().count() <= 100 && (0.01..=255.0).contains(&one.advert_secs)
            }));
        }
        Err(wire::Fault::Torn) => {}
        Err(wire::Fault::Wrong(why)) => assert!(why.len() < 100),
    }
    let _ = wire::pid(bytes);
    let text = String::from_utf8_lossy(bytes);
    let _ = wire::is_keepalived(&text, &text);
    if let Ok(status) = wire::status(&text) {
        assert!(status.json_signal().is_none_or(|signal| signal == 36 || signal == 37));
    }
});
