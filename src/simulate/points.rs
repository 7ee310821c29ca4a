//! What CloudWatch keeps: for each metric and minute the samples of all firewalls together.
//!
//! "CloudWatch aggregates" all points of one name and dimension set, whoever sent them (user guide, "Publishing custom
//! metrics"), so that a fleet's series is one list of minutes.

use crate::model::alarm::Statistic;

/// Samples of a period, as statistics need them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

impl Point {
    /// `count` samples of one value.
    #[must_use]
    pub const fn of(value: f64, count: f64) -> Self {
        Point {
            count,
            sum: value * count,
            minimum: value,
            maximum: value,
        }
    }

    fn merge(self, other: Point) -> Self {
        Point {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
        }
    }

    /// One statistic of it.
    #[must_use]
    pub fn statistic(self, which: Statistic) -> f64 {
        match which {
            Statistic::Average => self.sum / self.count,
            Statistic::Maximum => self.maximum,
            Statistic::Minimum => self.minimum,
            Statistic::Sum => self.sum,
            Statistic::SampleCount => self.count,
        }
    }
}

/// All metrics of a run, by name: a run has one namespace and one group.
#[derive(Debug, Clone, Default)]
pub struct Points {
    series: Vec<(String, Vec<Option<Point>>)>,
}

impl Points {
    /// Adds samples to a minute.
    pub fn put(&mut self, name: &str, minute: usize, point: Point) {
        let at = self.place(name);
        let minutes = &mut self.series[at].1;
        if minutes.len() <= minute {
            minutes.resize(minute + 1, None);
        }
        let old = minutes[minute];
        minutes[minute] = Some(old.map_or(point, |old| old.merge(point)));
    }

    fn place(&mut self, name: &str) -> usize {
        let known = self.series.iter().position(|(known, _)| known == name);
        known.unwrap_or_else(|| {
            self.series.push((name.to_owned(), Vec::new()));
            self.series.len() - 1
        })
    }

    /// The samples of `minutes` minutes before `end`; none is no point.
    #[must_use]
    pub fn window(&self, name: &str, end: usize, minutes: usize) -> Option<Point> {
        let (_, all) = self.series.iter().find(|(known, _)| known == name)?;
        let start = end.saturating_sub(minutes).min(all.len());
        let some = all[start..end.min(all.len())].iter().flatten();
        some.copied().reduce(Point::merge)
    }
}
