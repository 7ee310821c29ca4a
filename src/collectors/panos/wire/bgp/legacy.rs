//! Peers of the legacy routing engine, in XML.

use std::collections::HashMap;

use super::{Element, Oddities, Peer, fields, state};

/// Peers of the legacy routing engine ("show routing protocol bgp peer"); an empty answer means that there are none.
///
/// # Errors
/// The answer is something else.
pub fn bgp_legacy(result: &Element, odd: &mut Oddities) -> Result<Vec<Peer>, String> {
    if !result.is_empty() && result.child("entry").is_none() {
        return Err("no peers in the answer".to_owned());
    }
    let mut peers = Vec::new();
    for entry in result.all("entry") {
        let router = entry.either("vr").unwrap_or_default();
        match entry.either("peer").or(entry.either("name")) {
            Some(name) => peers.push((router, peer(name, entry, odd))),
            None => odd.push("BGP peer without a name"),
        }
    }
    Ok(apart(peers))
}

fn peer(name: &str, entry: &Element, odd: &mut Oddities) -> Peer {
    let (established, shut) = state(entry.either("status"), odd);
    Peer {
        name: name.to_owned(),
        established,
        shut,
        prefixes_accepted: prefixes(entry, odd),
        sessions_lost: fields::whole(entry, "status-flap-counts", odd),
    }
}

/// An address family without the number is not spoken with this peer.
fn prefixes(entry: &Element, odd: &mut Oddities) -> Option<u64> {
    let families = entry.all("prefix-counter/entry");
    let spoken = families.filter(|family| family.either("incoming-accepted").is_some());
    fields::sum(spoken.map(|family| fields::whole(family, "incoming-accepted", odd)))
}

/// Names that several virtual routers use get the router's before them.
fn apart(peers: Vec<(&str, Peer)>) -> Vec<Peer> {
    let mut uses: HashMap<String, usize> = HashMap::new();
    for (_, peer) in &peers {
        *uses.entry(peer.name.clone()).or_default() += 1;
    }
    let named = peers.into_iter().map(|(router, mut peer)| {
        if uses.get(&peer.name) > Some(&1) && !router.is_empty() {
            peer.name = format!("{router}/{}", peer.name);
        }
        peer
    });
    named.collect()
}
