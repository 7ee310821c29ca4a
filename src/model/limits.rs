//! Every number of CloudWatch's that we must keep, once, with the page it is from.
//!
//! Read on 2026-11-21: API reference of PutMetricData, MetricDatum and Dimension (service model 2010-08-01),
//! user guide "CloudWatch service quotas" and "Publish custom metrics".

/// Datums in one PutMetricData call (PutMetricData, `MetricData`).
pub const DATUMS_PER_CALL: usize = 1000;

/// Bytes of uncompressed CBOR in one call. The page says 1 MB without saying whether before or after gzip; the
/// stricter reading, with room for what a proxy or a later SDK may add.
pub const CALL_BYTES: usize = 900_000;

/// Distinct values in one datum (MetricDatum, `Values`).
pub const VALUES_PER_DATUM: usize = 150;

/// Largest magnitude of a value: 2^360 (MetricDatum, `Value`).
pub const VALUE_MAX: f64 = 2.348_542_582_773_833_3e108;

/// Dimensions of one datum (MetricDatum, `Dimensions`).
pub const DIMENSIONS_PER_DATUM: usize = 30;

/// Bytes of a namespace, a metric name or a dimension name.
pub const NAME_BYTES: usize = 255;

/// Bytes of a dimension value (Dimension, `Value`).
pub const DIMENSION_VALUE_BYTES: usize = 1024;

/// Bytes of a dimension value as we send it: our own, tighter bound (a device's text is cut to it).
pub const OWN_VALUE_BYTES: usize = 255;

/// How far in the past a timestamp may lie, seconds (MetricDatum, `Timestamp`: two weeks).
pub const OLDEST_SECS: i64 = 14 * 24 * 3600;

/// How far in the future a timestamp may lie, seconds (two hours).
pub const NEWEST_SECS: i64 = 2 * 3600;

/// Calls per second and account in a region (quotas page); the default ceiling of one process lies far below.
pub const CALLS_PER_SECOND_ACCOUNT: u32 = 500;

#[cfg(test)]
mod tests {
    #[test]
    fn value_max_is_two_to_the_360() {
        assert_eq!(super::VALUE_MAX.to_bits(), 2f64.powi(360).to_bits());
    }
}
