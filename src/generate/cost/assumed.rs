//! What a bill takes for granted, for no configuration says it.

use serde::Serialize;

use crate::generate::published::{Firewall, Published};
use crate::model::dimension::OwnDimension;

/// What a bill takes for granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assumed {
    /// Machines with this configuration, all month. What they share is counted once: groups, pairs, and the firewalls
    /// that the configuration reads from elsewhere.
    pub firewalls: usize,
    /// The machines are in no Auto Scaling group; else all are in one.
    pub is_alone: bool,
    /// Tunnels of each firewall, those that the configuration names among them.
    pub tunnels: usize,
    /// Routing peers of each, those that the configuration names among them.
    pub peers: usize,
    /// Interfaces of each.
    pub interfaces: usize,
    /// Cores of each.
    pub cores: usize,
}

impl Default for Assumed {
    fn default() -> Self {
        Assumed {
            firewalls: 1,
            is_alone: false,
            tunnels: 0,
            peers: 0,
            interfaces: 2,
            cores: 4,
        }
    }
}

/// HA links of a member of a pair: HA1 and HA2.
const LINKS: usize = 2;

impl Assumed {
    /// The same of what this is published of: where the configuration knows of no group, as of a poller without one,
    /// there is none to pay for.
    pub(super) fn of(&self, published: &Published) -> Self {
        Assumed {
            is_alone: self.is_alone || published.groups().is_empty(),
            ..self.clone()
        }
    }

    /// Values of this dimension that are found at run time, where so many are named already.
    pub(super) fn found(
        &self,
        firewall: &Firewall,
        own: OwnDimension,
        tunnels_max: usize,
    ) -> usize {
        let named = firewall.expected.iter().filter(|one| one.own == own);
        let beside = |all: usize| all.saturating_sub(named.count());
        match own {
            OwnDimension::Tunnel => beside(self.tunnels.min(tunnels_max)),
            OwnDimension::Peer => beside(self.peers),
            OwnDimension::Interface => self.interfaces,
            OwnDimension::Core => self.cores,
            OwnDimension::Link if firewall.pair.is_some() => LINKS,
            OwnDimension::Link | OwnDimension::Collector => 0,
            // One each: how many there are is anybody's guess.
            OwnDimension::Rule
            | OwnDimension::Counter
            | OwnDimension::Vsys
            | OwnDimension::Reason
            | OwnDimension::Code => 1,
        }
    }
}
