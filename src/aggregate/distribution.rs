//! All values of one series in one window: exact up to 150 distinct ones, beyond that merged within a stated
//! relative error. Minimum, maximum, sum and count stay exact.

use std::collections::BTreeMap;

use crate::model::limits::VALUES_PER_DATUM;

/// Relative width of the finest merged bucket. Each level doubles the exponent, so buckets nest.
const FINEST: f64 = 1.01;

/// Distinct values that go on the wire; two places are kept for the exact extremes.
const MERGED_MAX: usize = VALUES_PER_DATUM - 2;

/// A bucket: which values fell into it, as count and sum.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bucket {
    count: u32,
    sum: f64,
}

/// Values and how often each was seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Distribution {
    /// Rising.
    exact: Vec<(f64, u32)>,
    merged: Option<Merged>,
}

/// Once too many distinct values came: buckets of relative width `FINEST^(2^level)`.
#[derive(Debug, Clone, PartialEq)]
struct Merged {
    level: u32,
    buckets: BTreeMap<i64, Bucket>,
    min: f64,
    max: f64,
}

/// A finite number that can be sorted.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}
impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Distribution {
    /// Adds one value. The caller has refused what is not finite.
    pub fn add(&mut self, value: f64) {
        self.add_many(value, 1);
    }

    /// Adds a value that was seen so often.
    pub fn add_many(&mut self, value: f64, count: u32) {
        // -0 and 0 are one value to CloudWatch.
        let value = value + 0.0;
        match &mut self.merged {
            Some(merged) => merged.add(value, count),
            None => {
                match self.exact.binary_search_by(|(v, _)| v.total_cmp(&value)) {
                    Ok(known) => self.exact[known].1 = self.exact[known].1.saturating_add(count),
                    Err(place) => self.exact.insert(place, (value, count)),
                }
                if self.exact.len() > VALUES_PER_DATUM {
                    self.merged = Some(Merged::of(&self.exact));
                    self.exact = Vec::new();
                }
            }
        }
    }

    /// A distribution of these values.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut distribution = Distribution::default();
        for value in values {
            distribution.add(*value);
        }
        distribution
    }

    /// Nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.merged.is_none()
    }

    /// How far a value on the wire may lie from one that was read: 0 while exact.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        self.merged
            .as_ref()
            .map_or(0.0, |merged| width(merged.level) - 1.0)
    }

    /// Distinct values, rising, with their counts; at most [`VALUES_PER_DATUM`].
    #[must_use]
    pub fn values(&self) -> Vec<(f64, u32)> {
        match &self.merged {
            Some(merged) => merged.values(),
            None => self.exact.clone(),
        }
    }
}

impl Merged {
    fn of(exact: &[(f64, u32)]) -> Self {
        let mut merged = Merged {
            level: 0,
            buckets: BTreeMap::new(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        };
        for (value, count) in exact {
            merged.add(*value, *count);
        }
        merged
    }

    fn add(&mut self, value: f64, count: u32) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.put(
            bucket_of(value, self.level),
            count,
            value * f64::from(count),
        );
        while self.buckets.len() > MERGED_MAX {
            self.coarsen();
        }
    }

    fn put(&mut self, index: i64, count: u32, sum: f64) {
        let bucket = self
            .buckets
            .entry(index)
            .or_insert(Bucket { count: 0, sum: 0.0 });
        bucket.count = bucket.count.saturating_add(count);
        bucket.sum += sum;
    }

    fn coarsen(&mut self) {
        self.level += 1;
        for (index, bucket) in std::mem::take(&mut self.buckets) {
            self.put(parent(index), bucket.count, bucket.sum);
        }
    }

    /// The means of the buckets, and the extremes by themselves.
    fn values(&self) -> Vec<(f64, u32)> {
        let mut buckets: Vec<Bucket> = self.buckets.values().copied().collect();
        for extreme in [self.min, self.max] {
            let index = bucket_of(extreme, self.level);
            let position = self.buckets.keys().position(|key| *key == index);
            if let Some(bucket) = position.and_then(|at| buckets.get_mut(at)) {
                bucket.count = bucket.count.saturating_sub(1);
                bucket.sum -= extreme;
            }
        }
        let mut out: BTreeMap<Ordered, u32> = BTreeMap::new();
        for bucket in buckets.iter().filter(|bucket| bucket.count > 0) {
            // Rounding in the sum must not carry a mean past the extremes.
            let mean = (bucket.sum / f64::from(bucket.count)).clamp(self.min, self.max);
            *out.entry(Ordered(mean)).or_default() += bucket.count;
        }
        for extreme in [self.min, self.max] {
            *out.entry(Ordered(extreme)).or_default() += 1;
        }
        out.iter().map(|(v, n)| (v.0, *n)).collect()
    }
}

/// Relative width of a bucket at this level.
fn width(level: u32) -> f64 {
    FINEST.powi(1 << level.min(30))
}

/// Offset that keeps the exponent of any accepted magnitude positive, so that the sign can be the bucket's sign.
/// 2^-1074 is the smallest positive f64: ln(2^1074) / ln(1.01) is below it.
const EXPONENT_OFFSET: i64 = 1 << 17;

/// Zero has bucket 0; others lie by magnitude, negative ones mirrored.
fn bucket_of(value: f64, level: u32) -> i64 {
    if value == 0.0 {
        return 0;
    }
    #[allow(clippy::cast_possible_truncation)] // below 2^18 for every finite f64
    let exponent = (value.abs().ln() / FINEST.ln()).floor() as i64 + EXPONENT_OFFSET;
    let magnitude = (exponent >> level) + 1;
    if value < 0.0 { -magnitude } else { magnitude }
}

/// The bucket one level up.
fn parent(index: i64) -> i64 {
    index.signum() * (((index.abs() - 1).max(0) >> 1) + i64::from(index != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_to_150_distinct_values_are_exact() {
        for distinct in [149u32, 150] {
            let values: Vec<f64> = (0..distinct).map(f64::from).collect();
            let distribution = Distribution::of(&values);
            assert_eq!(distribution.values().len(), distinct as usize);
            assert_eq!(distribution.relative_error(), 0.0);
        }
    }

    #[test]
    fn the_151st_distinct_value_merges_within_the_stated_error() {
        let values: Vec<f64> = (0..151).map(f64::from).collect();
        let distribution = Distribution::of(&values);
        assert!(distribution.values().len() <= VALUES_PER_DATUM);
        assert!(distribution.relative_error() > 0.0 && distribution.relative_error() < 0.05);
    }

    #[test]
    fn equal_values_are_counted() {
        let distribution = Distribution::of(&[1.0, 1.0, -0.0, 0.0]);
        assert_eq!(distribution.values(), vec![(0.0, 2), (1.0, 2)]);
    }

    #[test]
    fn buckets_nest() {
        for value in [1e-300, 0.3, 1.0, 7.7, 1e9, -42.0, -1e-9] {
            for level in 0..16 {
                assert_eq!(parent(bucket_of(value, level)), bucket_of(value, level + 1));
            }
        }
    }
}
