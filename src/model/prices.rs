//! What CloudWatch asks for: the one table of prices, and the arithmetic of its tiers.

use serde::Deserialize;

/// The day the defaults were read.
pub const READ_ON: &str = "2026-11-21";
/// Where: the metrics, alarms and dashboards tabs, US East (N. Virginia).
pub const SOURCE: &str = "https://aws.amazon.com/cloudwatch/pricing/";
/// What each account has for nothing each month (same page, "Free tier"); no bill of ours takes it off, for others in
/// the account use it too.
pub const FREE: &str =
    "10 custom metrics, 10 metrics of standard alarms, 1,000,000 API requests, 3 dashboards";
/// Seconds of a month of 30 days.
pub const MONTH_SECS: f64 = 30.0 * 24.0 * 3600.0;

/// Prices, US dollars; `[prices]` overrides each. An account's metrics share the tiers: another program's are not known
/// here, and with them a bill of ours may be lower.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    /// A custom metric for a month, of the first 10,000; prorated by the hour, only while data is sent.
    pub metric: f64,
    /// Of the next 240,000.
    pub metric_over_10000: f64,
    /// Of the next 750,000.
    pub metric_over_250000: f64,
    /// Of all beyond.
    pub metric_over_1000000: f64,
    /// 1,000 PutMetricData requests.
    pub thousand_calls: f64,
    /// A metric that a standard alarm looks at, for a month.
    pub alarm_metric: f64,
    /// A dashboard for a month.
    pub dashboard: f64,
}

impl Default for Prices {
    fn default() -> Self {
        Prices {
            metric: 0.30,
            metric_over_10000: 0.10,
            metric_over_250000: 0.05,
            metric_over_1000000: 0.02,
            thousand_calls: 0.01,
            alarm_metric: 0.10,
            dashboard: 3.00,
        }
    }
}

impl Prices {
    /// The day these were read, or the table of the configuration that has others.
    #[must_use]
    pub fn as_of(&self) -> &'static str {
        match *self == Prices::default() {
            true => READ_ON,
            false => "[prices]",
        }
    }

    /// Whose these are: `us-east-1, 2026-11-21`, or of the configuration.
    #[must_use]
    pub fn whose(&self) -> String {
        match self.as_of() {
            READ_ON => format!("us-east-1, {READ_ON}"),
            other => other.to_owned(),
        }
    }

    /// So many custom metrics for a month.
    #[must_use]
    pub fn metrics(&self, count: usize) -> f64 {
        let tiers = [
            (0, 10_000, self.metric),
            (10_000, 250_000, self.metric_over_10000),
            (250_000, 1_000_000, self.metric_over_250000),
            (1_000_000, usize::MAX, self.metric_over_1000000),
        ];
        let of =
            |(from, to, price): (usize, usize, f64)| number(count.clamp(from, to) - from) * price;
        tiers.into_iter().map(of).sum()
    }

    /// So many calls each period of so many seconds, for a month.
    #[must_use]
    pub fn calls(&self, each: usize, period_secs: i64) -> f64 {
        number(each) * calls_a_month(period_secs) * self.thousand_calls / 1000.0
    }
}

/// One call each period: how many in a month.
#[must_use]
#[allow(clippy::cast_precision_loss)] // 60 at most
pub fn calls_a_month(period_secs: i64) -> f64 {
    MONTH_SECS / period_secs.max(1) as f64
}

/// A count, for arithmetic with prices.
#[must_use]
#[allow(clippy::cast_precision_loss)] // far below 2^52
pub fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tier_begins_where_the_one_before_ends() {
        let prices = Prices::default();
        for (count, dollars) in [
            (0, 0.0),
            (1, 0.30),
            (9_999, 2999.70),
            (10_000, 3000.0),
            (10_001, 3000.10),
            (249_999, 26_999.90),
            (250_000, 27_000.0),
            (250_001, 27_000.05),
            (999_999, 64_499.95),
            (1_000_000, 64_500.0),
            (1_000_001, 64_500.02),
        ] {
            let is = prices.metrics(count);
            assert!((is - dollars).abs() < 1e-6, "{count}: {is}, not {dollars}");
        }
    }

    #[test]
    fn a_call_a_minute_is_43_cents_a_month() {
        let prices = Prices::default();
        assert!((prices.calls(1, 60) - 0.432).abs() < 1e-9);
        assert!((prices.calls(1, 10) - 2.592).abs() < 1e-9);
        assert!((prices.calls(0, 60)).abs() < 1e-9);
    }
}
