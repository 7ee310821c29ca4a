//! What the `strongswan` collector emits beside the tunnels' own readings.

use crate::model::names::tunnels::IKE_HALF_OPEN;
use crate::model::names::{REMOTE_ACCESS_TUNNELS, REMOTE_ACCESS_UTILIZATION};
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

/// Road warriors with a tunnel.
pub static ROAD_WARRIORS: Reading = Reading {
    name: "road_warriors",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &REMOTE_ACCESS_TUNNELS,
        fold: Fold::Sum,
    }],
};

/// Road warriors against the limit, percent; each daemon's part, for one limit holds for all.
pub static ROAD_WARRIORS_SHARE: Reading = Reading {
    name: "road_warriors_share",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &REMOTE_ACCESS_UTILIZATION,
        fold: Fold::Sum,
    }],
};
