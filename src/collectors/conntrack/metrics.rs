//! What the `conntrack` collector emits.

use crate::model::metric::{Metric, Sets};
use crate::model::names::{ACTIVE_SESSIONS, NEW_SESSIONS_PER_SECOND, SESSION_TABLE_UTILIZATION};
use crate::model::reading::{Feed, Fold, Kind, Reading, Width};
use crate::model::unit::Unit;

static SESSION_ALLOC_FAILURES: Metric = Metric::new(
    "SessionAllocFailures",
    Unit::Count,
    Sets::FleetAndInstance,
    "Sessions that found no place: conntrack drop + early_drop (an insert failure counts as a drop already)",
);

/// Entries in the table.
pub static ENTRIES: Reading = Reading {
    name: "entries",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &ACTIVE_SESSIONS,
        fold: Fold::Sum,
    }],
};

/// Entries against the limit. The limit is compared with each namespace's own count, so the fullest decides.
pub static UTILIZATION: Reading = Reading {
    name: "utilization",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &SESSION_TABLE_UTILIZATION,
        fold: Fold::Max,
    }],
};

/// Packets dropped because no entry could be made, and entries evicted early: one counter per CPU and column,
/// `unsigned int` in the kernel (include/linux/netfilter/nf_conntrack_common.h, struct ip_conntrack_stat).
pub static FAILURES: Reading = Reading {
    name: "failures",
    kind: Kind::Counter(Width::Bits32),
    feeds: &[Feed {
        metric: &SESSION_ALLOC_FAILURES,
        fold: Fold::Sum,
    }],
};

/// Packets of the nftables counter on `ct state new`: one per session begun.
pub static NEW_SESSIONS: Reading = Reading {
    name: "new_sessions",
    kind: Kind::Rate(Width::Bits64, 1.0),
    feeds: &[Feed {
        metric: &NEW_SESSIONS_PER_SECOND,
        fold: Fold::Sum,
    }],
};
