//! BGP peers and monitored next hops.

use super::{Taker, count};
use crate::collectors::panos::metrics as of;
use crate::collectors::panos::wire::{self, Element, Peer};
use crate::model::dimension::OwnDimension;
use crate::model::reading::{Raw, Record};

impl Taker<'_> {
    pub(super) fn bgp_advanced(&mut self, result: &Element) -> Result<(), String> {
        let peers = wire::bgp_advanced(result, &mut self.odd)?;
        self.memory.peers = peers.len();
        // Where the engine is not known, none here may mean that the other one has them.
        if !peers.is_empty() || self.memory.advanced_routing == Some(true) {
            self.peers(&peers);
        }
        Ok(())
    }

    pub(super) fn bgp_legacy(&mut self, result: &Element) -> Result<(), String> {
        let peers = wire::bgp_legacy(result, &mut self.odd)?;
        self.peers(&peers);
        Ok(())
    }

    fn peers(&mut self, peers: &[Peer]) {
        self.memory.peers = peers.len();
        self.memory.had_peers |= !peers.is_empty();
        if !self.memory.had_peers {
            return;
        }
        let (mut up, mut down) = (0, 0);
        for peer in peers.iter().filter(|peer| !peer.shut) {
            match peer.established {
                Some(true) => up += 1,
                Some(false) => down += 1,
                None => {}
            }
            self.peer(peer);
        }
        for (reading, number) in [
            (&of::PEERS, up + down),
            (&of::PEERS_UP, up),
            (&of::PEERS_DOWN, down),
        ] {
            self.level(reading, Some(count(number)));
        }
    }

    #[allow(clippy::cast_precision_loss)] // prefixes of a table
    fn peer(&mut self, peer: &Peer) {
        let of_peer = |record: Record| {
            let name = peer.name.clone();
            record.member(name.clone()).own(OwnDimension::Peer, name)
        };
        let state = peer.established.map(|is_up| self.state(&of::PEER, is_up));
        let prefixes = peer.prefixes_accepted;
        let prefixes = prefixes.map(|n| self.record(&of::PREFIXES, Raw::Level(n as f64)));
        let lost = peer.sessions_lost;
        let lost = lost.map(|total| self.record(&of::FLAPS, Raw::Total(total)));
        for record in [state, prefixes, lost].into_iter().flatten() {
            self.out.push(of_peer(record));
        }
    }

    pub(super) fn next_hops(&mut self, result: &Element) -> Result<(), String> {
        for (rule, is_up) in wire::policy_forwarding(result, &mut self.odd)? {
            let record = self.state(&of::NEXT_HOP, is_up).member(rule.clone());
            self.out.push(record.own(OwnDimension::Rule, rule));
        }
        Ok(())
    }
}
