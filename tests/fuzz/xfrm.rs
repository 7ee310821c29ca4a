//! Any bytes as the kernel's IPsec policies, associations, counters and links: none may panic, and a refusal must be fit
//! for a log.
#![no_main]

use libfuzzer_sys::fuzz_target;

use xfrm::wire;

#[path = "../../src/collector"]
#[allow(dead_code, unused_imports)]
mod collector {
    pub mod links;
}

#[path = "../../src/collectors/xfrm"]
#[allow(dead_code, unused_imports)]
mod xfrm {
    pub mod wire;
}

fuzz_target!(|answer: &[u8]| {
    let text = String::from_utf8_lossy(answer);
    let refusals = [
        wire::associations(answer).err(),
        wire::policies(answer).err(),
        collector::links::links(answer).err(),
        wire::counters(&text).err(),
    ];
    for why in refusals.into_iter().flatten() {
        assert!(!why.contains(char::is_control), "{why}");
    }
});
