//! A series that is published, and how often it is read: an alarm whose period is shorter finds nothing in most of them.

use crate::model::alarm::{MetricId, Stat, Statistic};

/// A series, and how often it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The series.
    pub id: MetricId,
    /// Seconds between two readings at the most, while all is well; of a group those of its slowest member. 0 is what
    /// needs no reading: the heartbeat, once a minute.
    pub every_secs: u32,
}

impl Found {
    /// A statistic of it over periods of so many seconds, or over as many whole minutes as have a reading each.
    /// A period is a multiple of 60 (API reference, PutMetricAlarm, `Period`). Its `EvaluationPeriods` together may have
    /// a day: ten of the slowest collector are less than four hours.
    #[must_use]
    pub fn over(self, statistic: Statistic, secs: u32) -> Stat {
        Stat {
            metric: self.id,
            statistic,
            period_secs: secs.max(self.every_secs.div_ceil(60) * 60),
        }
    }

    /// Metric math has one period: that of the slowest.
    pub fn together(all: &mut [Found]) {
        let slowest = all.iter().map(|one| one.every_secs).max().unwrap_or(0);
        all.iter_mut().for_each(|one| one.every_secs = slowest);
    }
}
