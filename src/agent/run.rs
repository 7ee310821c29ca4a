//! The loop: waits for whatever comes first, asks the core, does what it says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Sender, channel};
use tracing::{debug, error, info, warn};

use crate::agent::core::account::Reason;
use crate::agent::core::notices::{Level, Line};
use crate::agent::core::queue::Limits;
use crate::agent::core::schedule::Rhythm;
use crate::agent::core::{Action, Core, Event, Planned, Setup};
use crate::agent::tasks::{self, Sink};
use crate::agent::{http, phase};
use crate::aggregate::label::WantedSets;
use crate::clock;
use crate::config::{Config, Wanted};
use crate::host::files::Root;
use crate::publish::batch::Batch;

/// Events that may wait for the loop: every task has at most one or two under way.
const EVENTS_MAX: usize = 256;
/// The timer's own grain; nothing is asked for more often.
const GRAIN: Duration = Duration::from_millis(1);

/// Runs until SIGTERM or SIGINT. True when everything was settled at the end.
///
/// # Errors
/// A collector that cannot be built, a port that cannot be had, or signals that cannot be caught.
pub async fn run(config: &Config, dry_run: bool) -> Result<bool, String> {
    let wanted = config.collectors();
    let built = wanted
        .iter()
        .map(Wanted::build)
        .collect::<Result<Vec<_>, _>>()?;
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|e| format!("cannot catch SIGTERM: {e}"))?;
    let mut interrupt =
        signal(SignalKind::interrupt()).map_err(|e| format!("cannot catch SIGINT: {e}"))?;
    let mut questions = http::serve(config.http.listen).await?;
    let (events, mut happened) = channel(EVENTS_MAX);
    let hands = Hands {
        collectors: wanted
            .iter()
            .zip(built)
            .enumerate()
            .map(|(number, (wanted, built))| {
                tasks::collector(number, wanted.clone(), built, events.clone())
            })
            .collect(),
        sender: tasks::sender(sink(config, dry_run), events.clone()),
    };
    tasks::identity(events.clone());
    let mut core = Core::new(setup(config, &wanted), clock::now());
    let names: Vec<&str> = wanted.iter().map(|wanted| wanted.spec.name).collect();
    info!(
        "fwmetrics {} runs: {}",
        env!("CARGO_PKG_VERSION"),
        names.join(", ")
    );
    let mut actions = core.start(clock::now());
    loop {
        for action in actions {
            if hands.act(action) {
                return Ok(!core.account().dropped.contains_key(&Reason::Shutdown));
            }
        }
        let now = clock::now();
        let pause = core.wake(now).saturating_sub(now.boot).max(GRAIN);
        let event = tokio::select! {
            // Events first: a pass that came home in time is recorded before its window is closed.
            biased;
            Some(event) = happened.recv() => event,
            _ = terminate.recv() => Event::Stop,
            _ = interrupt.recv() => Event::Stop,
            Some(question) = questions.recv() => {
                question.answer(&mut core, clock::now());
                // Time passed as well: many questions hold up nothing.
                Event::Timer
            }
            () = tokio::time::sleep(pause) => Event::Timer,
        };
        actions = core.step(event, clock::now());
    }
}

/// What carries out actions.
struct Hands {
    collectors: Vec<Sender<()>>,
    sender: Sender<(u64, Arc<Batch>)>,
}

impl Hands {
    /// Does it; true when all is done.
    fn act(&self, action: Action) -> bool {
        match action {
            Action::Collect(number) => {
                // A full channel cannot be: the core waits for a pass before it asks for the next.
                let asked = self.collectors.get(number).map(|task| task.try_send(()));
                debug_assert!(matches!(asked, Some(Ok(()))));
            }
            Action::Send(id, batch) => {
                let given = self.sender.try_send((id, batch));
                debug_assert!(given.is_ok());
            }
            Action::Log(line) => write(&line),
            Action::Exit => return true,
        }
        false
    }
}

fn write(line: &Line) {
    match line.level {
        Level::Debug => debug!("{}", line.text),
        Level::Info => info!("{}", line.text),
        Level::Warn => warn!("{}", line.text),
        Level::Error => error!("{}", line.text),
    }
}

fn sink(config: &Config, dry_run: bool) -> Sink {
    if dry_run {
        Sink::DryRun
    } else {
        Sink::CloudWatch(config.cloudwatch.clone())
    }
}

fn setup(config: &Config, wanted: &[Wanted]) -> Setup {
    let cloudwatch = &config.cloudwatch;
    let has = |name: &str| {
        cloudwatch
            .dimension_sets
            .iter()
            .flatten()
            .any(|known| known == name)
    };
    let period_secs = u64::try_from(cloudwatch.period_secs).unwrap_or(60);
    let host = host(config);
    Setup {
        collectors: wanted
            .iter()
            .map(|wanted| Planned {
                name: wanted.spec.name,
                target: None,
                rhythm: Rhythm {
                    period: wanted.period,
                    after_end: None,
                },
                published: wanted.published,
            })
            .collect(),
        selection: config.metrics.clone(),
        shown: config.shown(),
        sets: WantedSets {
            fleet: has("AutoScalingGroupName"),
            instance: has("InstanceId"),
        },
        namespace: Arc::from(cloudwatch.namespace.as_str()),
        period: Duration::from_secs(period_secs),
        close_after: phase::of(&host, cloudwatch.phase_secs),
        series_max: cloudwatch.series_max,
        limits: Limits {
            memory_bytes: config.spool.memory_bytes,
            oldest_secs: config.spool.oldest_secs,
            requests_per_second: cloudwatch.requests_per_second,
        },
        identity: config.identity.clone(),
        remote: BTreeMap::new(),
        seed: u64::from(crc32fast::hash(host.as_bytes())),
    }
}

/// What tells this host from its neighbours without asking anyone: on Nitro the board's asset tag is the instance id;
/// elsewhere it is a constant of the maker's. Machine ids are sometimes baked into an image, so they come after it.
fn host(config: &Config) -> String {
    let root = Root::new(&config.root);
    let read = |path: &str| root.read(path).ok().map(|text| text.trim().to_owned());
    let instance = read("/sys/devices/virtual/dmi/id/board_asset_tag");
    let others = ["/etc/machine-id", "/proc/sys/kernel/hostname"];
    config
        .identity
        .instance_id
        .clone()
        .or(instance.filter(|tag| tag.starts_with("i-")))
        .or_else(|| {
            others
                .iter()
                .filter_map(|path| read(path))
                .find(|text| !text.is_empty())
        })
        .unwrap_or_default()
}
