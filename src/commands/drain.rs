//! `fwmetrics drain`.

use super::Failure;
use crate::cli::Drain;
use crate::config::Config;

pub(super) fn call(_: &Drain, _: &Config) -> Result<(), Failure> {
    Err(Failure::Failed("not built yet".to_owned()))
}
