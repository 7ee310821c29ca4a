//! What the `exporter` collector emits.

use crate::model::metric::{Metric, Sets};
use crate::model::reading::{Feed, Fold, Kind, Reading};
use crate::model::unit::Unit;

static EXPORTER_MEMORY: Metric = Metric::new(
    "ExporterMemory",
    Unit::Bytes,
    Sets::Instance,
    "Resident memory of fwmetrics itself",
)
.opt_in();

static EXPORTER_CPU: Metric = Metric::new(
    "ExporterCpu",
    Unit::Percent,
    Sets::Instance,
    "CPU time of fwmetrics itself, of one core",
)
.opt_in();

/// Resident memory.
pub static MEMORY: Reading = Reading {
    name: "memory",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &EXPORTER_MEMORY,
        fold: Fold::Max,
    }],
};

/// CPU share since the pass before.
pub static CPU: Reading = Reading {
    name: "cpu",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &EXPORTER_CPU,
        fold: Fold::Max,
    }],
};
