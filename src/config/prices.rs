//! `[prices]`: what AWS asks, where it differs from us-east-1.

use serde::Deserialize;

use crate::model::schema::{Key, KeyKind, Section};

/// `[prices]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    /// One custom metric for a month, millionths of a US dollar.
    pub metric_month_microdollars: i64,
}

impl Default for Prices {
    fn default() -> Self {
        Prices {
            metric_month_microdollars: 300_000,
        }
    }
}

/// The keys of `[prices]`.
pub(super) static SECTION: Section = Section {
    name: "prices",
    about: "Prices for `fwmetrics cost`; the defaults are those of us-east-1.",
    keys: &[Key::new(
        "metric_month_microdollars",
        KeyKind::Int {
            min: 0,
            max: 1_000_000_000,
        },
        "300000",
        "One custom metric for a month in the first tier, millionths of a US dollar.",
    )],
};
