//! `fwmetrics metrics`: the catalogue.

use super::{Failure, print};
use crate::cli::{Metrics, MetricsFormat};
use crate::render::metrics;

/// Prints it.
pub(super) fn call(args: &Metrics) -> Result<(), Failure> {
    print(&match args.format {
        MetricsFormat::Table => metrics::table(),
        MetricsFormat::Json => metrics::json(),
        MetricsFormat::Markdown => metrics::markdown(),
    })
}
