//! `fwmetrics run`: the daemon.

use std::io::IsTerminal;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::{Failure, namespace, runtime};
use crate::agent;
use crate::cli::Run;
use crate::config::{Config, Log, LogFormat};

/// A name look-up that hangs in its thread does not hold up the exit.
const EXIT_WITHIN: Duration = Duration::from_millis(200);

/// Runs until SIGTERM or SIGINT.
pub(super) fn call(args: &Run, config: &Config) -> Result<(), Failure> {
    log(&config.log);
    if let Some(line) = namespace::line(&namespace::blind(config, &config.collectors())) {
        tracing::warn!("{line}");
    }
    let runtime = runtime()?;
    let ended = runtime.block_on(agent::run::run(config, args.dry_run));
    runtime.shutdown_timeout(EXIT_WITHIN);
    match ended {
        Ok(true) => Ok(()),
        // The account in the log says what was lost.
        Ok(false) => Err(Failure::Shown),
        Err(why) => Err(Failure::Failed(why)),
    }
}

/// Log lines go to standard error; a panic is one of them.
fn log(log: &Log) {
    let filter = EnvFilter::builder().parse_lossy(&log.level);
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A full disk under the log must not end the daemon, nor a reader that left.
        .log_internal_errors(false)
        .with_target(false);
    match log.format {
        LogFormat::Text => builder.with_ansi(colours).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}
