//! What the `bgp` collector emits.

use crate::model::names::routing::{
    BFD_SESSIONS_DOWN, BGP_FLAPS, BGP_PEER_STATE, BGP_PEERS_CONFIGURED, BGP_PEERS_DOWN,
    BGP_PEERS_UP, BGP_PREFIXES_ACCEPTED,
};
use crate::model::reading::{Feed, Fold, Kind, Reading, Width};

macro_rules! readings {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $kind:expr, $metric:ident by $fold:ident;)*) => {
        $($(#[$doc])*
        pub static $name: Reading = Reading {
            name: $text,
            kind: $kind,
            feeds: &[Feed { metric: &$metric, fold: Fold::$fold }],
        };)*
        /// All of them.
        pub static ALL: &[&Reading] = &[$(&$name),*];
    };
}

readings! {
    /// Peers that should be up.
    CONFIGURED, "peers_configured", Kind::Gauge, BGP_PEERS_CONFIGURED by Sum;
    /// Peers that are up.
    UP, "peers_up", Kind::Gauge, BGP_PEERS_UP by Sum;
    /// Peers that are down.
    DOWN, "peers_down", Kind::Gauge, BGP_PEERS_DOWN by Sum;
    /// State of a peer.
    STATE, "peer", Kind::State, BGP_PEER_STATE by Min;
    /// Prefixes accepted from a peer.
    PREFIXES, "prefixes", Kind::Gauge, BGP_PREFIXES_ACCEPTED by Sum;
    /// Sessions with a peer that were lost since the collector began: its own count.
    FLAPS, "flaps", Kind::Counter(Width::Bits64), BGP_FLAPS by Sum;
    /// BFD sessions that are not up.
    BFD_DOWN, "bfd_down", Kind::Gauge, BFD_SESSIONS_DOWN by Sum;
}
