//! What each opt-in would add: the bill once more with it.

use serde::Serialize;

use super::{Assumed, sent};
use crate::catalogue;
use crate::config::Config;
use crate::model::metric::Sets;
use crate::model::prices::number;

/// An item of `[metrics] enable`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OptIn {
    /// As it is written there.
    pub enable: String,
    /// Series that it adds.
    pub series: usize,
    /// What they add, calls included.
    pub usd: f64,
}

/// Those that are not in force and would add something; the dearest first.
pub(super) fn of(
    config: &Config,
    assumed: &Assumed,
    series: usize,
    usd: f64,
    calls: usize,
) -> Vec<OptIn> {
    let selection = config.selection();
    let mut all: Vec<OptIn> = names()
        .filter(|name| !selection.enable.contains(name))
        .filter_map(|enable| {
            let mut config = config.clone();
            config.metrics.enable.insert(enable.clone());
            let (rows, calls_with) = sent(&config, assumed);
            let total: usize = rows.iter().map(|row| row.total).sum();
            let period = config.cloudwatch.period_secs;
            let more_calls = config
                .prices
                .calls(calls_with.saturating_sub(calls), period);
            (total > series).then(|| OptIn {
                enable,
                series: total - series,
                usd: config.prices.metrics(total) - usd + number(assumed.firewalls) * more_calls,
            })
        })
        .collect();
    all.sort_by(|a, b| {
        b.series
            .cmp(&a.series)
            .then_with(|| a.enable.cmp(&b.enable))
    });
    all
}

/// What `[metrics] enable` takes, each thing once.
fn names() -> impl Iterator<Item = String> {
    catalogue::all().into_iter().flat_map(|entry| {
        let metric = entry.metric;
        let fine = metric.detail.dimension();
        // Where all series are fine ones the name alone is as much.
        let fine = fine.filter(|_| metric.sets != Sets::DetailOnly);
        let fine = fine.map(|own| format!("{}:{}", metric.name, own.name()));
        std::iter::once(metric.name.to_owned()).chain(fine)
    })
}
