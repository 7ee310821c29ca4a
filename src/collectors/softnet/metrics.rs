//! What the `softnet` collector emits.

use crate::model::metric::{Metric, Sets};
use crate::model::reading::{Feed, Fold, Kind, Reading, Width};
use crate::model::unit::Unit;

static SOFTNET_DROPS: Metric = Metric::new(
    "SoftnetDrops",
    Unit::Count,
    Sets::FleetAndInstance,
    "Packets dropped because a core's backlog was full; Linux: /proc/net/softnet_stat, whole host",
);

static SOFTNET_SQUEEZES: Metric = Metric::new(
    "SoftnetSqueezes",
    Unit::Count,
    Sets::Instance,
    "Times that a core's packet poll used up its budget with packets left; Linux: /proc/net/softnet_stat, whole host",
);

static SOFTNET_BACKLOG_UTILIZATION: Metric = Metric::new(
    "SoftnetBacklogUtilization",
    Unit::Percent,
    Sets::Instance,
    "Fullest core's packet backlog against netdev_max_backlog; only RPS and virtual interfaces use it: near 0 with ENA",
);

/// Packets dropped at a core's backlog, `unsigned int` in the kernel.
pub static DROPS: Reading = Reading {
    name: "drops",
    kind: Kind::Counter(Width::Bits32),
    feeds: &[Feed {
        metric: &SOFTNET_DROPS,
        fold: Fold::Sum,
    }],
};

/// Polls of a core that ended early, `unsigned int` in the kernel.
pub static SQUEEZES: Reading = Reading {
    name: "squeezes",
    kind: Kind::Counter(Width::Bits32),
    feeds: &[Feed {
        metric: &SOFTNET_SQUEEZES,
        fold: Fold::Sum,
    }],
};

/// The backlog of the core that has the longest.
pub static BACKLOG: Reading = Reading {
    name: "backlog",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &SOFTNET_BACKLOG_UTILIZATION,
        fold: Fold::Max,
    }],
};
