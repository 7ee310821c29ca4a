//! The contract between a source and the program: what a collector states of itself, and what it does.

pub mod links;
pub mod remote_access;
pub mod tunnels;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use glob::Pattern;
use serde::de::DeserializeOwned;

use crate::aggregate::window::Target;
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
    /// The firewall to read; `None` is this machine.
    pub target: Target,
    /// Time between passes.
    pub period: Duration,
    /// How long one pass may take.
    pub timeout: Duration,
    /// Metrics that somebody wants of it: what serves none of them need not be read.
    pub wanted: BTreeSet<&'static str>,
    /// Tunnels that may have series of their own.
    pub tunnels_max: usize,
    /// Two passes and no more: minimum periods mean nothing then.
    pub is_look: bool,
    /// What it keeps over restarts.
    pub state: StateDir,
}

impl Context {
    /// For a collector that reads this machine, each second.
    #[must_use]
    pub fn local(root: Root, timeout: Duration, state: StateDir) -> Self {
        Context {
            root,
            target: None,
            period: Duration::from_secs(1),
            timeout,
            wanted: BTreeSet::new(),
            tunnels_max: 50,
            is_look: false,
            state,
        }
    }
}

/// Builds a collector from its table; the schema has been checked already, so an error here is rare.
pub type Build = fn(&toml::Table, Context) -> Result<Box<dyn Collector>, String>;

/// A collector's settings from its table.
///
/// # Errors
/// What does not fit; the schema has been checked already, so that is rare.
pub fn settings<T: DeserializeOwned>(table: &toml::Table) -> Result<T, String> {
    let read = table.clone().try_into();
    read.map_err(|error: toml::de::Error| error.to_string())
}

/// Names with `*`, `?` and `[...]` in them.
///
/// # Errors
/// What is no pattern; likewise rare.
pub fn patterns(texts: &[String]) -> Result<Vec<Pattern>, String> {
    let patterns = texts.iter().map(|text| Pattern::new(text));
    patterns
        .collect::<Result<_, _>>()
        .map_err(|e| e.to_string())
}

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
    /// Sampling period by default, seconds; `None` is once a window.
    pub sample_secs: Option<i64>,
    /// Deadline of a pass by default, seconds.
    pub timeout_secs: i64,
    /// Runs only when one of its metrics is selected (its source costs something, and nobody looks at it else).
    pub on_demand: bool,
    /// Its own keys, beside `sample_secs` and `timeout_secs`.
    pub keys: &'static [Key],
    /// It reads firewalls from elsewhere, one of it each; `None` reads this machine.
    pub remote: Option<&'static Remote>,
    /// Makes one.
    pub build: Build,
}

/// What a collector that reads from elsewhere states beside.
#[derive(Debug)]
pub struct Remote {
    /// The keys of a firewall's table, beside those of its identity (`identity::FIREWALL`).
    pub keys: &'static [Key],
    /// Rules between the keys of one firewall's table.
    pub check: fn(&toml::Table) -> Vec<Wrong>,
    /// What a firewall's table asks for by being there, in the words of `[metrics] enable`.
    pub asks: fn(&toml::Table) -> Vec<&'static str>,
    /// What is said of a firewall's table at each start, in a clause.
    pub warn: fn(&toml::Table) -> Option<&'static str>,
    /// The groups that its `enable` and `disable` name.
    pub groups: &'static [Group],
    /// No window may be shorter, seconds.
    pub period_secs_least: i64,
}

/// A fault between keys of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The key at which it is shown; one that is not there stands for the table.
    pub key: &'static str,
    /// What is wrong.
    pub wrong: String,
    /// What would be right.
    pub remedy: String,
}

/// Commands of a remote collector that are switched together.
#[derive(Debug)]
pub struct Group {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Runs unless it is disabled.
    pub on: bool,
    /// What is asked.
    pub commands: &'static [&'static Command],
}

/// A command that a remote collector may send, and no other.
#[derive(Debug)]
pub struct Command {
    /// As a person writes it at the device's prompt.
    pub words: &'static str,
    /// As it goes out.
    pub wire: &'static str,
    /// Never more often than this, seconds; 0 is each pass.
    pub period_secs: u64,
    /// What is made of the answer.
    pub metrics: &'static [&'static Metric],
    /// What an answer has as a rule, bytes.
    pub usual_bytes: u64,
}

/// Passes from one asking of a command to the next, where it may be asked again after so many seconds and a pass comes
/// each `period`.
#[must_use]
pub fn passes(period_secs: u64, period: Duration) -> u64 {
    let pass = period.as_secs().max(1);
    period_secs.div_ceil(pass).max(1)
}

impl Group {
    /// Every metric that its commands bring.
    pub fn metrics(&self) -> impl Iterator<Item = &'static Metric> {
        let commands = self.commands.iter();
        commands.flat_map(|command| command.metrics.iter().copied())
    }
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
