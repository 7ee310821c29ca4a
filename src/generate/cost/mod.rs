//! The monthly bill of a configuration, as far as it can be known before anything is read: series by dimension set,
//! calls, alarms, a dashboard; and what each opt-in would add.
//!
//! Series are those that [`Published`] lists, each once, so they are a ceiling: what a machine has no source for is not
//! sent, and not paid.

mod alarms;
mod assumed;
mod opt_ins;
mod series;
mod text;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::collectors;
use crate::config::Config;
use crate::generate::published::Published;
use crate::model::datum::{Datum, Dimension, Resolution};
use crate::model::dimension::INSTANCE_ID;
use crate::model::names::CAPACITY_UTILIZATION;
use crate::model::prices::{FREE, SOURCE, calls_a_month, number};
use crate::publish::batch::split;
pub use alarms::Alarms;
pub use assumed::Assumed;
pub use opt_ins::OptIn;
pub use series::Row;
pub use text::table;

/// A bill; money in US dollars for a month of 30 days.
#[derive(Debug, Clone, Serialize)]
pub struct Bill {
    /// What was taken for granted.
    pub assumed: Assumed,
    /// Series by namespace and dimension set.
    pub series: Vec<Row>,
    /// All of them together.
    pub series_total: usize,
    /// What they cost.
    pub series_usd: f64,
    /// Calls in a month.
    pub calls: f64,
    /// What they cost.
    pub calls_usd: f64,
    /// Alarms and policies that `generate` makes.
    pub alarms: Alarms,
    /// Dashboards that `generate` makes.
    pub dashboards: usize,
    /// What they cost.
    pub dashboards_usd: f64,
    /// All together.
    pub total_usd: f64,
    /// What each opt-in adds, the dearest first.
    pub opt_ins: Vec<OptIn>,
    /// Whose prices these are.
    pub prices: String,
    /// Where the prices are from.
    pub source: &'static str,
    /// What the account has for nothing; not taken off.
    pub free: &'static str,
}

/// The bill.
#[must_use]
pub fn of(config: &Config, assumed: &Assumed) -> Bill {
    let assumed = &assumed.of(&Published::of(config));
    let (series, calls) = sent(config, assumed);
    let prices = &config.prices;
    let series_total = series.iter().map(|row| row.total).sum();
    let series_usd = prices.metrics(series_total);
    let machines = number(assumed.firewalls);
    let calls_usd = machines * prices.calls(calls, config.cloudwatch.period_secs);
    let (alarms, dashboards) = alarms::of(config, assumed);
    let dashboards_usd = number(dashboards) * prices.dashboard;
    Bill {
        series_total,
        series_usd,
        calls: machines * number(calls) * calls_a_month(config.cloudwatch.period_secs),
        calls_usd,
        total_usd: series_usd + calls_usd + alarms.usd + dashboards_usd,
        alarms,
        dashboards,
        dashboards_usd,
        opt_ins: opt_ins::of(config, assumed, series_total, series_usd, calls),
        series,
        assumed: assumed.clone(),
        prices: prices.whose(),
        source: SOURCE,
        free: FREE,
    }
}

/// The series of all machines, and the calls of one of them each period.
fn sent(config: &Config, assumed: &Assumed) -> (Vec<Row>, usize) {
    let published = Published::of(config);
    let series = series::of(&published, assumed);
    let names: BTreeSet<&str> = series.iter().map(|row| row.namespace.as_str()).collect();
    let calls = names.into_iter().map(|name| {
        let own = series.iter().filter(|row| row.namespace == name);
        let of_one = own.map(|row| row.of_one).sum();
        calls_of(name, of_one, config.cloudwatch.period_secs)
    });
    let calls = calls.sum();
    (series, calls)
}

/// Calls that so many series of a namespace need each period, each datum as large as it gets in a window.
#[must_use]
pub fn calls_of(namespace: &str, series: usize, period_secs: i64) -> usize {
    let id = Dimension {
        name: INSTANCE_ID.into(),
        value: "i-0123456789abcdef0".to_owned(),
    };
    let datum = Datum {
        metric: "ConntrackAllowanceUtilization".into(),
        unit: CAPACITY_UTILIZATION.unit,
        dimensions: vec![id; 2],
        timestamp: 0,
        resolution: Resolution::Minute,
        values: vec![(0.5, 1); usize::try_from(period_secs).unwrap_or(60)],
    };
    split(&Arc::from(namespace), vec![datum; series]).len()
}

/// The same configuration where, of this machine, only these collectors run.
#[must_use]
pub fn only(config: &Config, names: &[String]) -> Config {
    let mut config = config.clone();
    let local = collectors::ALL.iter().filter(|spec| spec.remote.is_none());
    let others = local.filter(|spec| !names.iter().any(|name| name == spec.name));
    config
        .collectors
        .disable
        .extend(others.map(|spec| spec.name.to_owned()));
    config
}

#[cfg(test)]
mod tests;
