//! `fwmetrics simulate`.

use super::Failure;
use crate::cli::Simulate;
use crate::config::Config;

pub(super) fn call(_: &Simulate, _: &Config) -> Result<(), Failure> {
    Err(Failure::Failed("not built yet".to_owned()))
}
