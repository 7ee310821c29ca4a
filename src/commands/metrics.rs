//! `fwmetrics metrics`: the catalogue.

use super::{Failure, print};
use crate::cli::{Metrics, MetricsFormat};
use crate::model::prices::Prices;
use crate::render::metrics;

/// Prints it.
pub(super) fn call(args: &Metrics, prices: &Prices) -> Result<(), Failure> {
    print(&match args.format {
        MetricsFormat::Table => metrics::table(prices),
        MetricsFormat::Json => metrics::json(prices),
        MetricsFormat::Markdown => metrics::markdown(prices),
    })
}
