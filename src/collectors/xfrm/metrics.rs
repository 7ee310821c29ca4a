//! What the `xfrm` collector emits, beside what all tunnels have.

use crate::model::names::tunnels::XFRM_ERRORS;
use crate::model::reading::{Feed, Fold, Kind, Reading, Width};

/// Packets that the kernel's IPsec refused: one counter of /proc/net/xfrm_stat each. They are `unsigned long`, summed over
/// the CPUs (include/net/snmp.h, `struct linux_xfrm_mib`).
pub static ERRORS: Reading = Reading {
    name: "xfrm_errors",
    kind: Kind::Counter(Width::Bits64),
    feeds: &[Feed {
        metric: &XFRM_ERRORS,
        fold: Fold::Sum,
    }],
};
