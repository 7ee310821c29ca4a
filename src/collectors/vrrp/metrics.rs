//! What the `vrrp` collector emits.

use crate::model::names::pairs::{HA_ACTIVE_METRIC, HA_PEER_UP, HA_STATE_CHANGES};
use crate::model::reading::{Feed, Fold, Kind, Reading, Width};

/// An instance is MASTER, and was since the pass before: who is MASTER of one of several carries traffic.
pub static ACTIVE: Reading = Reading {
    name: "active",
    kind: Kind::State,
    feeds: &[Feed {
        metric: &HA_ACTIVE_METRIC,
        fold: Fold::Max,
    }],
};

/// An instance that is BACKUP hears its master.
pub static PEER: Reading = Reading {
    name: "peer",
    kind: Kind::State,
    feeds: &[Feed {
        metric: &HA_PEER_UP,
        fold: Fold::Min,
    }],
};

/// Changes of an instance's state, as far as keepalived's counters tell.
pub static CHANGES: Reading = Reading {
    name: "changes",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &HA_STATE_CHANGES,
        fold: Fold::Sum,
    }],
};
