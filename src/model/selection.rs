//! Which metrics go out: the catalogue's defaults, and what `[metrics]` adds and takes away.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::metric::{Detail, Metric, Sets};
use crate::model::schema::{Key, KeyKind, Section, any_text};

/// The table `[metrics]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// `Metric`, or `Metric:Dimension` for its fine series.
    pub enable: BTreeSet<String>,
    /// Metrics that stay silent.
    pub disable: BTreeSet<String>,
    /// Tunnels of a firewall that get series of their own.
    pub tunnels_max: usize,
}

impl Default for Selection {
    fn default() -> Self {
        Selection {
            enable: BTreeSet::new(),
            disable: BTreeSet::new(),
            tunnels_max: 50,
        }
    }
}

/// The keys of `[metrics]`.
pub static SECTION: Section = Section {
    name: "metrics",
    about: "Which metrics are published; `fwmetrics metrics` lists them.",
    keys: &[
        Key::new(
            "enable",
            KeyKind::TextList(any_text),
            "[]",
            "Opt-ins: \"Metric\", or \"Metric:Dimension\" for its fine series.",
        ),
        Key::new(
            "disable",
            KeyKind::TextList(any_text),
            "[]",
            "Metrics that are not published.",
        ),
        Key::new(
            "tunnels_max",
            KeyKind::Int {
                min: 0,
                max: 10_000,
            },
            "50",
            "Tunnels of a firewall that get series of their own; expected ones first.",
        ),
    ],
};

impl Selection {
    /// Everything that a source can emit, fine series included.
    #[must_use]
    pub fn everything<'a>(metrics: impl Iterator<Item = &'a Metric>) -> Self {
        let enable = metrics
            .flat_map(|metric| {
                let fine = metric.detail.dimension();
                [
                    Some(metric.name.to_owned()),
                    fine.map(|dimension| format!("{}:{}", metric.name, dimension.name())),
                ]
            })
            .flatten()
            .collect();
        Selection {
            enable,
            ..Selection::default()
        }
    }

    /// The coarse series of this metric go out.
    #[must_use]
    pub fn coarse(&self, metric: &Metric) -> bool {
        metric.sets != Sets::DetailOnly && self.named(metric, metric.on)
    }

    /// The fine series of this metric go out.
    #[must_use]
    pub fn fine(&self, metric: &Metric) -> bool {
        let Some(dimension) = metric.detail.dimension() else {
            return false;
        };
        if self.disable.contains(metric.name) {
            return false;
        }
        let asked = format!("{}:{}", metric.name, dimension.name());
        let with_the_metric = matches!(metric.detail, Detail::On(_));
        let only_detail = metric.sets == Sets::DetailOnly;
        self.enable.contains(&asked)
            || (with_the_metric && metric.on)
            || ((with_the_metric || only_detail) && self.enable.contains(metric.name))
    }

    /// The fine, or the coarse, series of this metric go out.
    #[must_use]
    pub fn holds(&self, metric: &Metric, is_fine: bool) -> bool {
        if is_fine {
            self.fine(metric)
        } else {
            self.coarse(metric)
        }
    }

    /// Any series of this metric goes out.
    #[must_use]
    pub fn any(&self, metric: &Metric) -> bool {
        self.coarse(metric) || self.fine(metric)
    }

    fn named(&self, metric: &Metric, default: bool) -> bool {
        !self.disable.contains(metric.name) && (default || self.enable.contains(metric.name))
    }
}
