//! SIGHUP: the configuration is read, checked and compared beside the loop, and all that is new in it is built, before
//! anything is swapped. What hangs, is no file, or has a fault, costs a log line and nothing else.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep};
use tracing::{info, warn};

use crate::agent::core::Setup;
use crate::agent::core::kept::Kept;
use crate::agent::setup;
use crate::collector::Collector;
use crate::config::{Config, Wanted};
use crate::host::blocking::Blocking;
use crate::model::faults::Faults;

/// Reading a configuration takes milliseconds; a disk that takes longer than this is taken for dead.
const WITHIN: Duration = Duration::from_secs(10);
/// Between the end of a reload and the next: signals that come meanwhile are one.
const PAUSE: Duration = Duration::from_millis(100);
/// Log lines of one refused configuration.
const FAULTS_SHOWN: usize = 50;

/// Where the configuration comes from, and where its log level goes.
pub struct Source {
    /// Reads it again, from where it was read at start.
    pub load: Box<dyn Fn() -> Result<Config, Faults> + Send + Sync>,
    /// Takes over `[log] level`.
    pub set_log_level: Box<dyn Fn(&str) + Send + Sync>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

/// The configuration in force, and its collectors by number.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) config: Config,
    pub(super) wanted: BTreeMap<usize, Wanted>,
    pub(super) dry_run: bool,
    /// The first number that was never given.
    next: usize,
}

/// A collector that is built, under its number.
pub(super) type Built = (usize, Box<dyn Collector>);

/// A new configuration, ready to be swapped in.
pub(super) struct Plan {
    pub(super) running: Running,
    pub(super) built: Vec<Built>,
    pub(super) setup: Setup,
    pub(super) news: News,
}

/// What there is to say of a reload, once it is done.
pub(super) struct News {
    /// Keys whose new value needs a restart.
    needs_restart: Vec<&'static str>,
    /// What is changed, in words.
    changes: String,
}

/// What the reloader has to say.
pub(super) enum Step {
    /// A reload has begun.
    Begun,
    /// It is to be carried out; or why not, a line for each fault.
    Ended(Result<Box<Plan>, Vec<String>>),
}

impl Running {
    /// What runs first.
    pub(super) fn new(config: Config, dry_run: bool) -> Self {
        let wanted: BTreeMap<usize, Wanted> = config.collectors().into_iter().enumerate().collect();
        Running {
            next: wanted.len(),
            config,
            wanted,
            dry_run,
        }
    }

    /// All collectors built.
    ///
    /// # Errors
    /// Names the first that cannot be, and why.
    pub(super) fn build(&self) -> Result<Vec<Built>, String> {
        let wanted = self.wanted.iter();
        wanted
            .map(|(number, wanted)| Ok((*number, wanted.build()?)))
            .collect()
    }

    /// How to get from here to this configuration. A collector that would be the same keeps its number.
    fn plan(&self, mut config: Config) -> Result<Plan, String> {
        let needs_restart = self.keep_fixed(&mut config);
        let mut next = self.next;
        let mut wanted = BTreeMap::new();
        let mut built = Vec::new();
        for new in config.collectors() {
            let known = self.wanted.iter().find(|(_, old)| old.is_as(&new));
            let number = known.map_or(next, |(number, _)| *number);
            if known.is_none() {
                built.push((number, new.build()?));
                next += 1;
            }
            wanted.insert(number, new);
        }
        let changes = changes(self, &config, &wanted);
        Ok(Plan {
            setup: setup::of(&config, &wanted, Kept::default(), self.dry_run),
            running: Running {
                config,
                wanted,
                dry_run: self.dry_run,
                next,
            },
            built,
            news: News {
                needs_restart,
                changes,
            },
        })
    }

    /// Puts back what cannot change at run time; the names of such keys.
    fn keep_fixed(&self, config: &mut Config) -> Vec<&'static str> {
        let mut kept = Vec::new();
        if config.log.format != self.config.log.format {
            config.log.format = self.config.log.format;
            kept.push("[log] format");
        }
        if config.spool.dir != self.config.spool.dir {
            config.spool.dir.clone_from(&self.config.spool.dir);
            kept.push("[spool] dir");
        }
        kept
    }
}

impl News {
    /// Logs it.
    pub(super) fn say(&self) {
        for key in &self.needs_restart {
            warn!("{key} needs a restart: the old value stays until then");
        }
        info!("configuration reloaded: {}", self.changes);
    }
}

/// Logs why the old configuration stays.
pub(super) fn refuse(faults: &[String]) {
    for fault in faults.iter().take(FAULTS_SHOWN) {
        warn!("{fault}");
    }
    if faults.len() > FAULTS_SHOWN {
        let more = faults.len() - FAULTS_SHOWN;
        warn!("{more} faults more: fwmetrics check shows all");
    }
    warn!("configuration not reloaded: the old one stays in force");
}

/// Tables that differ, and collectors that come, go or are built anew.
fn changes(old: &Running, config: &Config, wanted: &BTreeMap<usize, Wanted>) -> String {
    let before = &old.config;
    let tables = [
        ("root", before.root != config.root),
        ("[log]", before.log != config.log),
        ("[cloudwatch]", before.cloudwatch != config.cloudwatch),
        ("[metrics]", before.metrics != config.metrics),
        ("[identity]", before.identity != config.identity),
        ("[spool]", before.spool != config.spool),
        ("[http]", before.http != config.http),
    ];
    let tables = tables.into_iter().filter(|(_, differs)| *differs);
    let mut parts: Vec<String> = tables.map(|(name, _)| name.to_owned()).collect();
    let has = |list: &BTreeMap<usize, Wanted>, name: &str| {
        list.values().any(|wanted| wanted.spec.name == name)
    };
    for (number, new) in wanted {
        let name = new.spec.name;
        if has(&old.wanted, name) && !old.wanted.contains_key(number) {
            parts.push(format!("collector {name} built anew"));
        } else if !has(&old.wanted, name) {
            parts.push(format!("collector {name} new"));
        }
    }
    for old in old.wanted.values() {
        if !has(wanted, old.spec.name) {
            parts.push(format!("collector {} gone", old.spec.name));
        }
    }
    if parts.is_empty() {
        return "nothing changed".to_owned();
    }
    parts.join(", ")
}

/// Waits for SIGHUP and reads the configuration, one reload at a time.
#[derive(Debug)]
pub(super) struct Reloader {
    source: Arc<Source>,
    /// Signals that come while nobody asks for them are one.
    hang_up: Signal,
    blocking: Blocking,
    doing: Doing,
}

type Reading = JoinHandle<Result<Box<Plan>, Vec<String>>>;

enum Doing {
    Waiting,
    Reading(Reading),
    Resting(Pin<Box<Sleep>>),
}

impl std::fmt::Debug for Doing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Doing::Waiting => "Waiting",
            Doing::Reading(_) => "Reading",
            Doing::Resting(_) => "Resting",
        })
    }
}

impl Reloader {
    /// Catches SIGHUP from now on.
    ///
    /// # Errors
    /// It cannot be caught.
    pub(super) fn new(source: Source) -> Result<Self, String> {
        let hang_up = signal(SignalKind::hangup());
        Ok(Reloader {
            source: Arc::new(source),
            hang_up: hang_up.map_err(|e| format!("cannot catch SIGHUP: {e}"))?,
            blocking: Blocking::default(),
            doing: Doing::Waiting,
        })
    }

    /// Takes over the log level.
    pub(super) fn set_log_level(&self, level: &str) {
        (self.source.set_log_level)(level);
    }

    /// What comes next. Nothing is lost when the wait for it is given up.
    pub(super) async fn next(&mut self, running: &Running) -> Step {
        loop {
            match &mut self.doing {
                Doing::Waiting => {
                    self.hang_up.recv().await;
                    self.doing = Doing::Reading(self.read(running.clone()));
                    return Step::Begun;
                }
                Doing::Reading(task) => {
                    let ended = task.await;
                    self.doing = Doing::Resting(Box::pin(sleep(PAUSE)));
                    return Step::Ended(ended.unwrap_or_else(|panic| {
                        Err(vec![format!("reading the configuration panicked: {panic}")])
                    }));
                }
                Doing::Resting(pause) => {
                    pause.await;
                    self.doing = Doing::Waiting;
                }
            }
        }
    }

    fn read(&self, running: Running) -> Reading {
        let (source, blocking) = (Arc::clone(&self.source), self.blocking.clone());
        tokio::spawn(async move {
            let slow = "reading the configuration takes longer than 10 s: does its disk hang?";
            let read = move || Ok(prepare(&source, &running));
            let done = blocking.within(WITHIN, slow, read).await;
            done.unwrap_or_else(|error| Err(vec![error.to_string()]))
        })
    }
}

/// On a thread of its own: everything that may take its time.
fn prepare(source: &Source, running: &Running) -> Result<Box<Plan>, Vec<String>> {
    let config = (source.load)().map_err(|faults| {
        let lines = faults.to_string();
        lines.lines().map(ToOwned::to_owned).collect::<Vec<_>>()
    })?;
    let plan = running.plan(config).map_err(|why| vec![why])?;
    Ok(Box::new(plan))
}
