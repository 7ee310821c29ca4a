//! What was accepted, and the statistics CloudWatch would make of it.

use std::collections::BTreeMap;

use super::datum::{Datum, PutMetricData};
use super::limits::{RESOLUTION_DEFAULT, UNIT_DEFAULT};

/// What makes a series one: points that differ in any of these never meet in a statistic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// Namespace.
    pub namespace: String,
    /// Metric name.
    pub name: String,
    /// The exact dimension set.
    pub dimensions: BTreeMap<String, String>,
    /// Unit; `None` when the datum had none.
    pub unit: String,
}

/// One accepted datum.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Namespace.
    pub namespace: String,
    /// Metric name.
    pub name: String,
    /// Dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// Unit; the text `None` when the datum had none.
    pub unit: String,
    /// Storage resolution in seconds; 60 when the datum had none.
    pub resolution: i64,
    /// Seconds since 1970; the time of receipt when the datum had none.
    pub timestamp: f64,
    /// Whether the datum carried its timestamp.
    pub stamped: bool,
    /// Value and count of each; empty for a datum that has only a statistic set.
    pub values: Vec<(f64, f64)>,
    /// The statistic set, when the datum carried one.
    pub statistic_set: Option<Stats>,
    /// Index of the call that brought it, in `Endpoint::calls`.
    pub call: usize,
}

impl Stored {
    /// The series it belongs to.
    pub fn series(&self) -> Series {
        Series {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            dimensions: self.dimensions.clone(),
            unit: self.unit.clone(),
        }
    }

    /// Its own statistics. A set beside Values speaks for the statistics, Values for percentiles only:
    /// counting both would be counting twice.
    pub fn stats(&self) -> Stats {
        self.statistic_set.unwrap_or_else(|| {
            let each = self
                .values
                .iter()
                .map(|(value, count)| Stats::of(*value, *count));
            each.reduce(Stats::merge)
                .expect("a stored datum has values")
        })
    }
}

/// The statistics of one period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// `SampleCount`.
    pub sample_count: f64,
    /// `Sum`.
    pub sum: f64,
    /// `Minimum`.
    pub min: f64,
    /// `Maximum`.
    pub max: f64,
}

impl Stats {
    fn of(value: f64, count: f64) -> Self {
        Self {
            sample_count: count,
            sum: value * count,
            min: value,
            max: value,
        }
    }

    fn merge(self, other: Self) -> Self {
        Self {
            sample_count: self.sample_count + other.sample_count,
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// `Average`.
    pub fn average(&self) -> f64 {
        self.sum / self.sample_count
    }
}

/// Statistics by series and by the start of the period, which lies on a multiple of `period_secs`.
pub fn statistics(stored: &[Stored], period_secs: u32) -> BTreeMap<Series, BTreeMap<i64, Stats>> {
    let period = i64::from(period_secs.max(1));
    let mut all: BTreeMap<Series, BTreeMap<i64, Stats>> = BTreeMap::new();
    for datum in stored {
        let second = datum.timestamp.floor() as i64;
        let start = second - second.rem_euclid(period);
        let periods = all.entry(datum.series()).or_default();
        let merged = match periods.get(&start) {
            Some(there) => there.merge(datum.stats()),
            None => datum.stats(),
        };
        periods.insert(start, merged);
    }
    all
}

/// Turns a request that passed every rule into what is stored.
pub fn accept(input: &PutMetricData, received_secs: f64, call: usize) -> Vec<Stored> {
    let namespace = input.namespace.as_deref().unwrap_or_default();
    let datums = input.datums();
    datums
        .map(|datum| stored(namespace, datum, received_secs, call))
        .collect()
}

fn stored(namespace: &str, datum: &Datum, received_secs: f64, call: usize) -> Stored {
    Stored {
        namespace: namespace.to_owned(),
        name: datum.metric_name.clone().unwrap_or_default(),
        dimensions: dimensions(datum),
        unit: datum
            .unit
            .clone()
            .unwrap_or_else(|| UNIT_DEFAULT.to_owned()),
        resolution: datum.storage_resolution.unwrap_or(RESOLUTION_DEFAULT),
        timestamp: datum.timestamp.unwrap_or(received_secs),
        stamped: datum.timestamp.is_some(),
        values: values(datum),
        statistic_set: statistic_set(datum),
        call,
    }
}

fn dimensions(datum: &Datum) -> BTreeMap<String, String> {
    let pairs = datum.dimensions.iter();
    pairs
        .filter_map(|pair| Some((pair.name.clone()?, pair.value.clone()?)))
        .collect()
}

fn values(datum: &Datum) -> Vec<(f64, f64)> {
    if let Some(value) = datum.value {
        return vec![(value, 1.0)];
    }
    let values = datum.values.iter().flatten().copied();
    match &datum.counts {
        Some(counts) => values.zip(counts.iter().copied()).collect(),
        None => values.map(|value| (value, 1.0)).collect(),
    }
}

fn statistic_set(datum: &Datum) -> Option<Stats> {
    let set = datum.statistic_values?;
    Some(Stats {
        sample_count: set.sample_count?,
        sum: set.sum?,
        min: set.minimum?,
        max: set.maximum?,
    })
}
