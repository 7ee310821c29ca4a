//! Floor 7: one file a command. Each says how it ended; `main` prints why and exits.

mod check;
mod cost;
mod drain;
mod generate;
mod man;
mod man_words;
mod metrics;
mod namespace;
mod once;
mod run;
mod simulate;

use std::io::{ErrorKind, Write};

use crate::cli::{Cli, Command};
use crate::config::{self, Config};
use crate::model::faults::{Fault, Faults, Place};
use crate::publish::cloudwatch;

/// How a command ended when it did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Bad or missing configuration: exit code 78, which systemd does not restart on.
    #[error("{0}")]
    Config(#[from] Faults),
    /// Something failed, and this is why: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// Something failed and has been shown already: exit code 1.
    #[error("")]
    Shown,
    /// Wrong use: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Nobody reads our output any more: exit code 0.
    #[error("")]
    Closed,
}

impl Failure {
    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Failure::Closed => 0,
            Failure::Failed(_) | Failure::Shown => 1,
            Failure::Usage(_) => 2,
            Failure::Config(_) => 78,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// How it failed.
pub fn call(cli: &Cli) -> Result<(), Failure> {
    let file = cli.config.as_deref();
    match &cli.command {
        Command::Once(args) => once::call(args, &load(file)?),
        Command::Run(args) => run::call(args, cli.config.clone()),
        Command::Check => check::call(file, &load(file)?),
        Command::Metrics(args) => metrics::call(args, &load(file)?.prices),
        Command::Generate(args) => generate::call(args.what, file),
        Command::Cost(args) => cost::call(args, &load(file)?),
        Command::Drain(args) => drain::call(args, &load(file)?),
        Command::Simulate(args) => simulate::call(args, &load(file)?),
    }
}

/// The configuration, and an environment that the SDK can live with.
fn load(file: Option<&str>) -> Result<Config, Faults> {
    let environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect();
    let config = config::load(file, &environment);
    let sdk = cloudwatch::check_environment(|name| std::env::var(name).ok());
    if sdk.is_empty() {
        return config;
    }
    let mut faults = config.err().unwrap_or(Faults {
        file: None,
        list: Vec::new(),
    });
    let sdk = sdk.into_iter().map(|(name, wrong, remedy)| Fault {
        place: Place::Environment(name.to_owned()),
        key: String::new(),
        wrong,
        remedy: remedy.to_owned(),
    });
    faults.list.extend(sdk);
    Err(faults)
}

/// A line for each list of firewalls that is not there.
fn missing_lists(config: &Config) -> Vec<String> {
    let lists = config.collectors.listed.values();
    let missing = lists.filter(|list| list.is_missing);
    let line = |list: &config::Listed| {
        let file = &list.file;
        format!("firewalls_file {file} is not there: no firewall is read from it until it is")
    };
    missing.map(line).collect()
}

/// Writes to standard output, without colours where it is no terminal.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Failed(format!("cannot write to standard output: {error}")),
    })
}

/// Says something beside the output; where nobody can read it, that is all right.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "fwmetrics: {text}");
}

/// Threads for what may hang. A dead disk can hold six: the agent's and the `ena` collector's state directory, the look
/// of `host`, a configuration that is read again, a list of firewalls that is watched, and standard output of a dry run;
/// a dead driver one more, a dead PID file each one. Beside them name resolution needs one, or nothing is sent. A thread is made when it is needed and ends after 10 s without work.
const BLOCKING_THREADS_MAX: usize = 10;

/// Our one thread, and those.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start the runtime: {error}")))
}
