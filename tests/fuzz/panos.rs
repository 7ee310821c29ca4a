//! Any bytes as a PAN-OS reply, read by every parser: none may panic, and a refusal must be fit for a log.
#![no_main]

use libfuzzer_sys::fuzz_target;

use panos::wire::{self, Element, Oddities};

// Through the folder, as a file that `path` names would look for its parts beside itself.
#[path = "../../src/collectors/panos"]
#[allow(dead_code, unused_imports)]
mod panos {
    pub mod wire;
}

fuzz_target!(|body: &[u8]| {
    for status in [200, 403, 500] {
        match wire::reply(status, body) {
            Ok(result) => read(&result),
            Err(refusal) => assert!(!refusal.to_string().contains(char::is_control)),
        }
    }
    // Bytes that are a result alone: the shorter way for the fuzzer.
    if let Ok(root) = wire::parse(body) {
        read(&root);
    }
});

fn read(result: &Element) {
    let odd = &mut Oddities::new();
    let _ = wire::key(result);
    let _ = wire::resources(result, odd).map(|all| {
        let cores = all.cores.into_iter().map(|core| core.percent);
        let pools = all.pools.into_iter().map(|pool| pool.percent);
        assert!(cores.chain(pools).all(|list| {
            !list.is_empty() && list.iter().all(|percent| (0.0..=100.0).contains(percent))
        }));
    });
    let _ = wire::sessions(result, odd);
    let _ = wire::vsys_meter(result, odd);
    let cpu = wire::management_cpu(result, odd);
    let memory = wire::management_memory(result, odd);
    assert!(
        [cpu, memory]
            .into_iter()
            .flatten()
            .all(|percent| (0.0..=100.0).contains(&percent))
    );
    let _ = wire::system(result, odd);
    let _ = wire::tunnels(result, odd);
    for errors in wire::tunnel_errors(result, odd) {
        let _ = errors.total();
    }
    let _ = wire::high_availability(result, odd);
    let _ = wire::bgp_legacy(result, odd);
    let _ = wire::bgp_advanced(result, odd);
    let _ = wire::global_counters(result, odd);
    let _ = wire::interface_counters(result, odd);
    let _ = wire::interface_states(result, odd);
    let _ = wire::remote_access_users(result, odd);
    let _ = wire::policy_forwarding(result, odd);
    let _ = wire::ssl_sessions(result, odd);
    let _ = wire::buffer_protection(result, odd);
    let _ = wire::panorama(result, odd);
    let _ = wire::licenses(result, odd);
    assert!(odd.len() <= 20 && odd.iter().all(|text| text.chars().count() <= 200));
}
