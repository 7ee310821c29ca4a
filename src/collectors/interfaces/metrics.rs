//! What the `interfaces` collector emits.

use crate::model::names::{
    INTERFACE_ERRORS, INTERFACE_STATE, PACKETS_PER_SECOND, RX_DROPS, THROUGHPUT_BITS_PER_SECOND,
};
use crate::model::reading::{Feed, Fold, Kind, Reading, Width};

/// Bytes received, as bits per second.
pub static RX_BITS: Reading = Reading {
    name: "rx_bits",
    kind: Kind::Rate(Width::Bits64, 8.0),
    feeds: &[Feed {
        metric: &THROUGHPUT_BITS_PER_SECOND,
        fold: Fold::Sum,
    }],
};

/// Packets received per second.
pub static RX_PACKETS: Reading = Reading {
    name: "rx_packets",
    kind: Kind::Rate(Width::Bits64, 1.0),
    feeds: &[Feed {
        metric: &PACKETS_PER_SECOND,
        fold: Fold::Sum,
    }],
};

/// Packets received and dropped: one counter of the kernel each.
pub static DROPS: Reading = Reading {
    name: "rx_drops",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &RX_DROPS,
        fold: Fold::Sum,
    }],
};

/// Packets with errors: one counter of the kernel each.
pub static ERRORS: Reading = Reading {
    name: "errors",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &INTERFACE_ERRORS,
        fold: Fold::Sum,
    }],
};

/// Operational state.
pub static STATE: Reading = Reading {
    name: "state",
    kind: Kind::State,
    feeds: &[Feed {
        metric: &INTERFACE_STATE,
        fold: Fold::Min,
    }],
};
