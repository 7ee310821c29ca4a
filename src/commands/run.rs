//! `fwmetrics run`: the daemon.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use tracing::Subscriber;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;
use tracing_subscriber::reload;

use super::{Failure, load, namespace, runtime};
use crate::agent;
use crate::agent::reload::Source;
use crate::cli::Run;
use crate::config::{Config, DEFAULT_FILE, Log, LogFormat};
use crate::model::faults::Faults;

/// A name look-up that hangs in its thread does not hold up the exit.
const EXIT_WITHIN: Duration = Duration::from_millis(200);

/// Runs until SIGTERM or SIGINT; `file` as --config names it.
pub(super) fn call(args: &Run, file: Option<String>) -> Result<(), Failure> {
    let config = load(file.as_deref())?;
    let source = Source {
        load: again(file),
        set_log_level: log(&config.log),
    };
    if let Some(line) = namespace::line(&namespace::blind(&config, &config.collectors())) {
        tracing::warn!("{line}");
    }
    let runtime = runtime()?;
    // A task like the others: each event that woke the thread's own future would write to the runtime's waker first.
    let agent = runtime.spawn(agent::run::run(config, source, args.dry_run));
    let ended = runtime.block_on(agent);
    runtime.shutdown_timeout(EXIT_WITHIN);
    match ended.unwrap_or_else(|panic| Err(format!("the agent panicked: {panic}"))) {
        Ok(true) => Ok(()),
        // The account in the log says what was lost.
        Ok(false) => Err(Failure::Shown),
        Err(why) => Err(Failure::Failed(why)),
    }
}

/// Reads the configuration again. The default file, once it was there, must not be away: a running daemon does not fall
/// back to defaults because somebody is about to replace a file.
fn again(file: Option<String>) -> Box<dyn Fn() -> Result<Config, Faults> + Send + Sync> {
    let named = OnceLock::new();
    let name = move || {
        if let Some(file) = &file {
            return Some(file.clone());
        }
        let there = Path::new(DEFAULT_FILE).exists();
        let seen = there.then(|| named.get_or_init(|| DEFAULT_FILE.to_owned()));
        seen.or(named.get()).cloned()
    };
    name();
    Box::new(move || load(name().as_deref()))
}

/// Log lines go to standard error; a panic is one of them. Returns what takes another level.
fn log(log: &Log) -> Box<dyn Fn(&str) + Send + Sync> {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let builder = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(std::io::stderr)
        // A full disk under the log must not end the daemon, nor a reader that left.
        .log_internal_errors(false)
        .with_target(false);
    let set = match log.format {
        LogFormat::Text => begin(builder.with_ansi(colours).finish(), &log.level),
        LogFormat::Json => begin(builder.json().flatten_event(true).finish(), &log.level),
    };
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
    set
}

/// The log begins, at this level and with a hand on it.
fn begin<S>(lines: S, level: &str) -> Box<dyn Fn(&str) + Send + Sync>
where
    S: Subscriber + Send + Sync + 'static,
{
    // Checked with the configuration.
    let targets = |level: &str| level.parse::<Targets>().unwrap_or_default();
    let (levels, handle) = reload::Layer::new(targets(level));
    lines.with(levels).init();
    Box::new(move |level| {
        // The subscriber is there as long as the process.
        let _ = handle.reload(targets(level));
    })
}
