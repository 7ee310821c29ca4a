//! `fwmetrics check`: the configuration was read without a fault, or we would not be here.

use super::{Failure, missing_lists, print, say};
use crate::config::{self, Config, DEFAULT_FILE};

/// Says that all is well, and what would run.
pub(super) fn call(file: Option<&str>, config: &Config) -> Result<(), Failure> {
    let default_is_there = std::path::Path::new(DEFAULT_FILE).exists();
    let name = file
        .or(default_is_there.then_some(DEFAULT_FILE))
        .unwrap_or("no file, defaults");
    let collectors = config::names(config.collectors().iter());
    for line in missing_lists(config) {
        say(&line);
    }
    print(&format!(
        "configuration without fault ({name}); collectors: {collectors}\n"
    ))
}
