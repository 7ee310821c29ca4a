//! What the `ena` collector emits.

use crate::model::metric::{Metric, Sets};
use crate::model::names::CONNTRACK_ALLOWANCE_UTILIZATION;
use crate::model::reading::{Feed, Fold, Kind, Reading, Width};
use crate::model::unit::Unit;

static BW_IN: Metric = allowance(
    "BwInAllowanceExceeded",
    "Packets queued or dropped because inbound bandwidth was over the instance's limit; Linux: ENA driver, all interfaces",
);
static BW_OUT: Metric = allowance(
    "BwOutAllowanceExceeded",
    "Packets queued or dropped because outbound bandwidth was over the instance's limit; Linux: ENA driver, all interfaces",
);
static PPS: Metric = allowance(
    "PpsAllowanceExceeded",
    "Packets queued or dropped because packets per second were over the instance's limit; Linux: ENA driver, all interfaces",
);
static CONNTRACK: Metric = allowance(
    "ConntrackAllowanceExceeded",
    "Packets dropped because EC2's own connection tracking was full for the instance; Linux: ENA driver, all interfaces",
);
static LINK_LOCAL: Metric = allowance(
    "LinkLocalAllowanceExceeded",
    "Packets to DNS, IMDS or time service dropped because they were over the interface's limit; Linux: ENA driver, all interfaces",
);

const fn allowance(name: &'static str, help: &'static str) -> Metric {
    Metric::new(name, Unit::Count, Sets::FleetAndInstance, help)
}

/// Inbound bandwidth.
pub static BW_IN_EXCEEDED: Reading = Reading {
    name: "bw_in_exceeded",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &BW_IN,
        fold: Fold::Sum,
    }],
};

/// Outbound bandwidth.
pub static BW_OUT_EXCEEDED: Reading = Reading {
    name: "bw_out_exceeded",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &BW_OUT,
        fold: Fold::Sum,
    }],
};

/// Packets per second.
pub static PPS_EXCEEDED: Reading = Reading {
    name: "pps_exceeded",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &PPS,
        fold: Fold::Sum,
    }],
};

/// Tracked connections.
pub static CONNTRACK_EXCEEDED: Reading = Reading {
    name: "conntrack_exceeded",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &CONNTRACK,
        fold: Fold::Sum,
    }],
};

/// Packets to link-local services.
pub static LINK_LOCAL_EXCEEDED: Reading = Reading {
    name: "link_local_exceeded",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &LINK_LOCAL,
        fold: Fold::Sum,
    }],
};

/// Tracked connections against the most that were ever seen available.
pub static CONNTRACK_UTILIZATION: Reading = Reading {
    name: "conntrack_utilization",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &CONNTRACK_ALLOWANCE_UTILIZATION,
        fold: Fold::Max,
    }],
};
