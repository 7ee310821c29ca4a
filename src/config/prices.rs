//! `[prices]`: what AWS asks, where it differs from us-east-1.

use crate::model::schema::{Key, KeyKind, Section};

/// US dollars; more is a slip.
const DOLLARS: KeyKind = KeyKind::Number {
    min: 0.0,
    max: 1000.0,
};

const fn price(name: &'static str, default: &'static str, doc: &'static str) -> Key {
    Key::new(name, DOLLARS, default, doc)
}

/// The keys of `[prices]`.
pub(super) static SECTION: Section = Section {
    name: "prices",
    about: "US dollars, for `fwmetrics cost`, `metrics` and the last line of `once`; by default those of us-east-1.",
    keys: &[
        price(
            "metric",
            "0.30",
            "A custom metric for a month, of the first 10,000.",
        ),
        price("metric_over_10000", "0.10", "Of the next 240,000."),
        price("metric_over_250000", "0.05", "Of the next 750,000."),
        price("metric_over_1000000", "0.02", "Of all beyond."),
        price("thousand_calls", "0.01", "1,000 calls of PutMetricData."),
        price(
            "alarm_metric",
            "0.10",
            "A metric that a standard alarm looks at, for a month.",
        ),
        price("dashboard", "3.00", "A dashboard for a month."),
    ],
};
