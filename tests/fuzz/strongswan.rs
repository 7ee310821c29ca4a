//! Any bytes as what strongSwan's daemon sends: none may panic, take memory by a length alone, or upset the model of its
//! SAs; totals never fall.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::fuzz_target;

use strongswan::live::Live;
use strongswan::wire::{self, Event, Frames, Packet, Section};

// Through the folder, as a file that `path` names would look for its parts beside itself.
#[path = "../../src/collectors/strongswan"]
#[allow(dead_code, unused_imports)]
mod strongswan {
    pub mod live;
    pub mod wire;
}

fuzz_target!(|bytes: &[u8]| {
    let (mut frames, mut live, mut configured) = (Frames::default(), Live::default(), Vec::new());
    let mut totals = BTreeMap::new();
    live.begin();
    // Pieces of a size that cuts packets.
    for piece in bytes.chunks(61) {
        frames.push(piece);
        while let Ok(Some(packet)) = frames.take() {
            match wire::packet(packet) {
                Ok(Packet::Event(name, message)) => match wire::event(name, message) {
                    Ok(Event::Configured(connection)) => configured.push(connection),
                    Ok(event) => live.hear(&event),
                    Err(why) => assert!(!why.contains(char::is_control)),
                },
                Ok(Packet::Answer(message)) => {
                    let total = wire::statistics(message).map_or(Some(0), |(total, _)| total);
                    live.end(total);
                    let traps = BTreeSet::new();
                    let picture = live.picture(&configured, &traps, |name| name.len() % 2 == 0);
                    for (name, tunnel) in picture.tunnels {
                        let before = totals.insert(name, tunnel.total.received);
                        assert!(before.is_none_or(|before| before <= tunnel.total.received));
                    }
                    live.begin();
                }
                Ok(_) => live.lost(),
                Err(why) => assert!(!why.contains(char::is_control)),
            }
        }
    }
    // Bytes that are a message alone: the shorter way for the fuzzer.
    let _ = Section::parse(bytes);
});
