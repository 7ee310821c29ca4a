//! `fwmetrics run`: the daemon.

use std::io::IsTerminal;
use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use super::{Failure, namespace, runtime};
use crate::agent;
use crate::cli::Run;
use crate::config::{Config, Log, LogFormat};

/// A name look-up that hangs in its thread does not hold up the exit.
const EXIT_WITHIN: Duration = Duration::from_millis(200);

/// Runs until SIGTERM, SIGINT or SIGHUP.
pub(super) fn call(args: &Run, config: &Config) -> Result<(), Failure> {
    log(&config.log);
    if let Some(line) = namespace::line(&namespace::blind(config, &config.collectors())) {
        tracing::warn!("{line}");
    }
    let runtime = runtime()?;
    // A task like the others: each event that woke the thread's own future would write to the runtime's waker first.
    let agent = runtime.spawn(agent::run::run(config.clone(), args.dry_run));
    let ended = runtime.block_on(agent);
    runtime.shutdown_timeout(EXIT_WITHIN);
    match ended.unwrap_or_else(|panic| Err(format!("the agent panicked: {panic}"))) {
        Ok(true) => Ok(()),
        // The account in the log says what was lost.
        Ok(false) => Err(Failure::Shown),
        Err(why) => Err(Failure::Failed(why)),
    }
}

/// Log lines go to standard error; a panic is one of them.
fn log(log: &Log) {
    // Checked with the configuration.
    let levels = quiet(log.level.parse().unwrap_or_default());
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let builder = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(std::io::stderr)
        // A full disk under the log must not end the daemon, nor a reader that left.
        .log_internal_errors(false)
        .with_target(false);
    match log.format {
        LogFormat::Text => builder.with_ansi(colours).finish().with(levels).init(),
        LogFormat::Json => {
            let json = builder.json().flatten_event(true);
            json.finish().with(levels).init();
        }
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}

/// The SDK's HTTP client warns at each attempt that meets no HTTP; our own line says it once. Its TLS part warns of the
/// system's certificates, and is heard. Whoever names it in the level hears all.
fn quiet(levels: Targets) -> Targets {
    const CLIENT: &str = "aws_smithy_http_client";
    let Some(usual) = levels.default_level() else {
        return levels;
    };
    if usual > LevelFilter::INFO || levels.iter().any(|(target, _)| target.starts_with(CLIENT)) {
        return levels;
    }
    levels
        .with_target(format!("{CLIENT}::client"), LevelFilter::ERROR.min(usual))
        .with_target(format!("{CLIENT}::client::tls"), usual)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_sdks_client_is_quiet_unless_it_is_asked() {
        let client = "aws_smithy_http_client::client";
        let warns = |level: &str, target: &str| {
            let levels: Targets = level.parse().unwrap();
            quiet(levels).would_enable(target, &Level::WARN)
        };
        assert!(!warns("info", client) && warns("info", "aws_smithy_http_client::client::tls"));
        assert!(!warns("off", client) && !warns("error", "aws_smithy_http_client::client::tls"));
        assert!(warns("debug", client) && warns("info,aws_smithy_http_client=warn", client));
        assert!(warns("info,fwmetrics=debug", "fwmetrics") && warns("info", "aws_config"));
    }
}
