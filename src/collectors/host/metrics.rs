//! What the `host` collector emits.

use crate::model::metric::{Metric, Sets};
use crate::model::names::UPTIME_SECONDS;
use crate::model::reading::{Feed, Fold, Kind, Reading};
use crate::model::unit::Unit;

static MEMORY_UTILIZATION: Metric = Metric::new(
    "MemoryUtilization",
    Unit::Percent,
    Sets::Instance,
    "Memory that is not available to new work; Linux: 1 - MemAvailable / MemTotal",
)
.opt_in();

static SWAP_UTILIZATION: Metric = Metric::new(
    "SwapUtilization",
    Unit::Percent,
    Sets::Instance,
    "Swap in use; absent when there is none",
)
.opt_in();

static DISK_UTILIZATION: Metric = Metric::new(
    "DiskUtilization",
    Unit::Percent,
    Sets::Instance,
    "Space that ordinary processes cannot write to, of the fullest local writable file system",
)
.opt_in();

static LOAD_AVERAGE: Metric = Metric::new(
    "LoadAverage",
    Unit::None,
    Sets::Instance,
    "Tasks running or waiting, the kernel's average over 1 minute",
)
.opt_in();

macro_rules! gauge {
    ($(#[$doc:meta])* $name:ident, $text:literal, $metric:ident) => {
        $(#[$doc])*
        pub static $name: Reading = Reading {
            name: $text,
            kind: Kind::Gauge,
            feeds: &[Feed { metric: &$metric, fold: Fold::Max }],
        };
    };
}

gauge!(
    /// Percent of memory that is not available.
    MEMORY, "memory", MEMORY_UTILIZATION
);
gauge!(
    /// Percent of swap in use.
    SWAP, "swap", SWAP_UTILIZATION
);
gauge!(
    /// Percent of one file system in use; the member is its mount point.
    DISK, "disk", DISK_UTILIZATION
);
gauge!(
    /// Load average over one minute.
    LOAD, "load", LOAD_AVERAGE
);
gauge!(
    /// Seconds since boot.
    UPTIME, "uptime", UPTIME_SECONDS
);
