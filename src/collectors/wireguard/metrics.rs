//! What the `wireguard` collector emits, beside what all tunnels have.

use crate::model::names::tunnels::TUNNEL_HANDSHAKE_AGE;
use crate::model::reading::{Feed, Fold, Kind, Reading};

/// Seconds since the last handshake.
pub static HANDSHAKE_AGE: Reading = Reading {
    name: "handshake_age",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &TUNNEL_HANDSHAKE_AGE,
        fold: Fold::Max,
    }],
};
