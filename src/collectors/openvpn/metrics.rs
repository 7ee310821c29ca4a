//! What the `openvpn` collector emits beside tunnels.

use crate::model::names::{REMOTE_ACCESS_TUNNELS, REMOTE_ACCESS_UTILIZATION};
use crate::model::reading::{Feed, Fold, Kind, Reading};

/// Clients that are connected to one server.
pub static CLIENTS: Reading = Reading {
    name: "clients",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &REMOTE_ACCESS_TUNNELS,
        fold: Fold::Sum,
    }],
};

/// The same against the limit, percent: each server's part, for one limit holds for all.
pub static CLIENTS_SHARE: Reading = Reading {
    name: "clients_share",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &REMOTE_ACCESS_UTILIZATION,
        fold: Fold::Sum,
    }],
};
