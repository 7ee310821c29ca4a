//! Metrics of routing: BGP peers and next hops.

use crate::model::dimension::OwnDimension;
use crate::model::metric::{Detail, Metric, Sets};
use crate::model::unit::Unit;

/// Peers that should be up.
pub static BGP_PEERS_CONFIGURED: Metric = Metric::new(
    "BgpPeersConfigured",
    Unit::Count,
    Sets::Instance,
    "BGP peers configured or expected, and on Linux those of a listen range while they are up; those administratively shut or without a state that is known left out",
)
.active_only();

/// Peers that are up.
pub static BGP_PEERS_UP: Metric = Metric::new(
    "BgpPeersUp",
    Unit::Count,
    Sets::Instance,
    "BGP peers whose session is Established",
)
.active_only();

/// Peers that are down.
pub static BGP_PEERS_DOWN: Metric = Metric::new(
    "BgpPeersDown",
    Unit::Count,
    Sets::Instance,
    "BgpPeersConfigured - BgpPeersUp",
)
.active_only();

/// Whether a peer's session is up.
pub static BGP_PEER_STATE: Metric = Metric::new(
    "BgpPeerState",
    Unit::None,
    Sets::DetailOnly,
    "1 when the peer's session is Established, 0 when not; none while it is administratively shut",
)
.detail(Detail::On(OwnDimension::Peer))
.opt_in()
.active_only();

/// Prefixes of a peer.
pub static BGP_PREFIXES_ACCEPTED: Metric = Metric::new(
    "BgpPrefixesAccepted",
    Unit::Count,
    Sets::DetailOnly,
    "Prefixes accepted from the peer, of all address families; none while unknown",
)
.detail(Detail::On(OwnDimension::Peer))
.opt_in()
.active_only();

/// Sessions that a peer lost.
pub static BGP_FLAPS: Metric = Metric::new(
    "BgpFlaps",
    Unit::Count,
    Sets::DetailOnly,
    "Sessions with the peer that were lost between readings; FRR: by its counters; BIRD: by the session's start, one at most in each reading",
)
.detail(Detail::On(OwnDimension::Peer))
.opt_in()
.active_only();

/// BFD sessions that are down.
pub static BFD_SESSIONS_DOWN: Metric = Metric::new(
    "BfdSessionsDown",
    Unit::Count,
    Sets::Instance,
    "BFD sessions configured that are not up, those administratively shut left out; FRR and BIRD",
)
.active_only();

/// Whether a monitored next hop answers.
pub static NEXT_HOP_STATE: Metric = Metric::new(
    "NextHopState",
    Unit::None,
    Sets::DetailOnly,
    "1 when the next hop of a policy-based forwarding rule answers its monitor, 0 when not. PAN-OS only",
)
.detail(Detail::On(OwnDimension::Rule))
.opt_in()
.active_only();
