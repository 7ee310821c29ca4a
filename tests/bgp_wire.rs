//! The parsers of what FRR and BIRD say: golden answers with their values, torn and hostile ones, and properties.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;

use fwmetrics::collectors::bgp::wire::{Bfd, Counted, Listed, Peer, Session, Since, State};

#[path = "bgp_wire/bird.rs"]
mod bird;
#[path = "bgp_wire/frr.rs"]
mod frr;
#[path = "bgp_wire/properties.rs"]
mod properties;

use State::{Down, Shut, Up};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(file!()).with_file_name("fixtures").join("bgp");
    let path = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// State, prefixes and whether it is dynamic, of each peer.
fn states(listed: &Listed) -> Vec<(&str, State, Option<u64>, bool)> {
    let peers = listed.peers.iter();
    peers
        .map(|(name, peer)| (name.as_str(), peer.state, peer.prefixes, peer.is_dynamic))
        .collect()
}
