//! `fwmetrics cost`.

use super::Failure;
use crate::cli::Cost;
use crate::config::Config;

pub(super) fn call(_: &Cost, _: &Config) -> Result<(), Failure> {
    Err(Failure::Failed("not built yet".to_owned()))
}
