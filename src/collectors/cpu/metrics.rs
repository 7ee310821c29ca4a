//! What the `cpu` collector emits.

use crate::model::dimension::OwnDimension;
use crate::model::metric::{Detail, Metric, Sets};
use crate::model::names::{
    DATAPLANE_CPU_MAX_CORE, DATAPLANE_CPU_UTILIZATION, MANAGEMENT_CPU_UTILIZATION,
};
use crate::model::reading::{Feed, Fold, Kind, Reading};
use crate::model::unit::Unit;

static CPU_STEAL: Metric = Metric::new(
    "CpuSteal",
    Unit::Percent,
    Sets::Instance,
    "Mean share of core time that the hypervisor took",
);

static SOFTIRQ_CPU: Metric = Metric::new(
    "SoftirqCpu",
    Unit::Percent,
    Sets::DetailOnly,
    "Share of a core's time in softirq, where the kernel forwards packets",
)
.detail(Detail::OptIn(OwnDimension::Core));

/// Busy time of a dataplane core.
pub static DATAPLANE_BUSY: Reading = Reading {
    name: "dataplane_busy",
    kind: Kind::Share,
    feeds: &[
        Feed {
            metric: &DATAPLANE_CPU_UTILIZATION,
            fold: Fold::Mean,
        },
        Feed {
            metric: &DATAPLANE_CPU_MAX_CORE,
            fold: Fold::Max,
        },
    ],
};

/// Busy time of another core.
pub static MANAGEMENT_BUSY: Reading = Reading {
    name: "management_busy",
    kind: Kind::Share,
    feeds: &[Feed {
        metric: &MANAGEMENT_CPU_UTILIZATION,
        fold: Fold::Mean,
    }],
};

/// Stolen time of any core.
pub static STEAL: Reading = Reading {
    name: "steal",
    kind: Kind::Share,
    feeds: &[Feed {
        metric: &CPU_STEAL,
        fold: Fold::Mean,
    }],
};

/// Softirq time of any core.
pub static SOFTIRQ: Reading = Reading {
    name: "softirq",
    kind: Kind::Share,
    feeds: &[Feed {
        metric: &SOFTIRQ_CPU,
        fold: Fold::Mean,
    }],
};
