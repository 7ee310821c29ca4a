//! The contract between a source and the program: what a collector states of itself, and what it does.

use std::time::Duration;

use async_trait::async_trait;

use crate::host::files::Root;
use crate::host::state::StateDir;
use crate::model::metric::Metric;
use crate::model::reading::{Reading, Readings};
use crate::model::schema::Key;

/// Why a pass brought nothing, or not everything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// None of its sources is on this machine. Not a fault.
    #[error("{0}")]
    Absent(String),
    /// A source is there and could not be read: what, where, why, and the remedy where one is known.
    #[error("{0}")]
    Failed(String),
}

/// Reads one source, again and again.
///
/// It knows no clock, window or publisher. What it recorded before an error is kept.
#[async_trait]
pub trait Collector: Send {
    /// One pass. Cancelled at its deadline.
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError>;
}

/// What a collector may use when it is built.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where its files are.
    pub root: Root,
    /// How long one pass may take.
    pub timeout: Duration,
    /// What it keeps over restarts.
    pub state: StateDir,
}

/// Builds a collector from its table; the schema has been checked already, so an error here is rare.
pub type Build = fn(&toml::Table, Context) -> Result<Box<dyn Collector>, String>;

/// Everything the program knows of a collector before it runs.
#[derive(Debug)]
pub struct Spec {
    /// Its name in the configuration, the logs and `CollectorUp`.
    pub name: &'static str,
    /// One sentence: what it reads.
    pub about: &'static str,
    /// All it can emit.
    pub readings: &'static [&'static Reading],
    /// The most fine series it may make, and what bounds them.
    pub fine_series: &'static str,
    /// Sampling period by default, seconds.
    pub sample_secs: i64,
    /// Deadline of a pass by default, seconds.
    pub timeout_secs: i64,
    /// Runs only when one of its metrics is selected (its source costs something, and nobody looks at it else).
    pub on_demand: bool,
    /// Its own keys, beside `sample_secs` and `timeout_secs`.
    pub keys: &'static [Key],
    /// Makes one.
    pub build: Build,
}

impl Spec {
    /// Every metric that its readings feed, each once.
    pub fn metrics(&self) -> impl Iterator<Item = &'static Metric> {
        let mut seen = Vec::new();
        self.readings
            .iter()
            .flat_map(|reading| reading.feeds)
            .map(|feed| feed.metric)
            .filter(move |metric| {
                let new = !seen.contains(metric);
                seen.push(*metric);
                new
            })
    }
}
