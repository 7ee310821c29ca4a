//! What the `strongswan` collector emits beside the tunnels' own readings.

use crate::model::names::tunnels::IKE_HALF_OPEN;
use crate::model::reading::{Feed, Fold, Kind, Reading};

/// IKE SAs that are not established yet.
pub static HALF_OPEN: Reading = Reading {
    name: "half_open",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &IKE_HALF_OPEN,
        fold: Fold::Sum,
    }],
};
