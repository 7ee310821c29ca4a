//! The loop: waits for whatever comes first, asks the core, does what it says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinHandle;
use tracing::{debug, error, info, warn};

use crate::agent::core::account::Totals;
use crate::agent::core::kept::{Keep, Kept};
use crate::agent::core::notices::{Level, Line};
use crate::agent::core::queue::Limits;
use crate::agent::core::queue::op::Op;
use crate::agent::core::schedule::Rhythm;
use crate::agent::core::{Action, Core, Event, Planned, Setup};
use crate::agent::keeper;
use crate::agent::lifeline::Lifeline;
use crate::agent::tasks::{self, Sink};
use crate::agent::{http, phase, spooler};
use crate::aggregate::label::WantedSets;
use crate::clock;
use crate::config::{Config, Wanted};
use crate::host::files::Root;
use crate::host::spool::SpoolDir;
use crate::host::state::StateDir;
use crate::host::timer::Timer;
use crate::publish::batch::Batch;

/// Events that may wait for the loop: every task has at most one or two under way.
const EVENTS_MAX: usize = 256;
/// The timer's own grain; nothing is asked for more often.
const GRAIN: Duration = Duration::from_millis(1);

/// Runs until SIGTERM, SIGINT or SIGHUP. True when everything was settled at the end.
///
/// # Errors
/// A collector that cannot be built, a port that cannot be had, signals that cannot be caught, or no timer.
pub async fn run(config: Config, dry_run: bool) -> Result<bool, String> {
    let wanted = config.collectors();
    let mut questions = http::serve(config.http.listen).await?;
    let mut signals = Signals::new()?;
    let no_timer = |error| format!("cannot make a timer: {error}");
    let mut timer = Timer::new().map_err(no_timer)?;
    let (events, mut happened) = channel(EVENTS_MAX);
    // What a dry run makes is not kept: the next real start goes on where the last real one ended.
    let state = match StateDir::new(&config.spool.dir) {
        state if dry_run => state.read_only(),
        state => state,
    };
    let spool = (!dry_run).then(|| SpoolDir::new(&config.spool.dir, config.spool.disk_bytes));
    let mut kept = load(&state).await;
    if let Some(spool) = &spool {
        spooler::take(spool, &state).await?;
        kept.totals = load_totals(&state).await;
    }
    let (hands, ends) = Hands::new(&wanted, sink(&config, dry_run), (state, spool), &events)?;
    tasks::identity(events);
    let mut setup = setup(&config, &wanted, kept);
    setup.limits.disk_bytes = (!dry_run).then_some(config.spool.disk_bytes);
    let mut core = Core::new(setup, clock::now());
    let names: Vec<&str> = wanted.iter().map(|wanted| wanted.spec.name).collect();
    info!(
        "fwmetrics {} runs: {}",
        env!("CARGO_PKG_VERSION"),
        names.join(", ")
    );
    let mut actions = core.start(clock::now());
    let mut lifeline = Lifeline::from_environment();
    lifeline.ready(&core, clock::now());
    while !actions.into_iter().any(|action| hands.act(action)) {
        let now = clock::now();
        lifeline.beat(&core, now);
        let wake = core.wake(now).min(lifeline.wake()).max(now.boot + GRAIN);
        let event = tokio::select! {
            // Events first: a pass that came home in time is recorded before its window is closed.
            biased;
            Some(event) = happened.recv() => event,
            () = signals.stop() => Event::Stop,
            Some(question) = questions.recv() => {
                question.answer(&mut core, clock::now());
                // Time passed as well: many questions hold up nothing.
                Event::Timer
            }
            passed = timer.at(wake) => {
                passed.map_err(no_timer)?;
                Event::Timer
            }
        };
        let now = clock::now();
        if matches!(event, Event::Stop) {
            lifeline.stopping(&core, now);
        }
        actions = core.step(event, now);
    }
    // Nobody hears events any more.
    drop((hands, happened));
    // Bounded: each file has its deadline.
    for task in ends {
        let _ = task.await;
    }
    Ok(core.unsent() == 0)
}

async fn load(state: &StateDir) -> Kept {
    let (kept, problems) = keeper::load(state).await;
    for problem in problems {
        warn!("{problem}");
    }
    kept
}

async fn load_totals(state: &StateDir) -> Option<Totals> {
    let (totals, problem) = keeper::load_totals(state).await;
    if let Some(problem) = problem {
        warn!("{problem}");
    }
    totals
}

/// The signals that end us, each with the open window sent first.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Self, String> {
        let catch = |kind, name| signal(kind).map_err(|e| format!("cannot catch {name}: {e}"));
        Ok(Signals {
            terminate: catch(SignalKind::terminate(), "SIGTERM")?,
            interrupt: catch(SignalKind::interrupt(), "SIGINT")?,
            hang_up: catch(SignalKind::hangup(), "SIGHUP")?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// What carries out actions.
struct Hands {
    collectors: Vec<Sender<()>>,
    sender: Sender<(u64, Arc<Batch>)>,
    keeper: Sender<Keep>,
    /// In a dry run there is none.
    spooler: Option<Sender<Op>>,
}

impl Hands {
    /// Starts the tasks; those that write to disk are waited for at the end.
    fn new(
        wanted: &[Wanted],
        sink: Sink,
        (state, spool): (StateDir, Option<SpoolDir>),
        events: &Sender<Event>,
    ) -> Result<(Self, Vec<JoinHandle<()>>), String> {
        let built = wanted.iter().map(Wanted::build);
        let built = built.collect::<Result<Vec<_>, _>>()?;
        // A directory of its own for each: one piece of work at a time holds a thread.
        let beside = StateDir::new(state.path());
        let (keeper, end) = keeper::start(state, events.clone());
        let spooler = spool.map(|spool| spooler::start(spool, beside, events.clone()));
        let (spooler, last) = spooler.unzip();
        let ends = std::iter::once(end).chain(last).collect();
        let collectors = wanted.iter().zip(built).enumerate();
        let hands = Hands {
            collectors: collectors
                .map(|(number, (wanted, built))| {
                    tasks::collector(number, wanted.clone(), built, events.clone())
                })
                .collect(),
            sender: tasks::sender(sink, events.clone()),
            keeper,
            spooler,
        };
        Ok((hands, ends))
    }

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
            // A disk that is slower than a window: the next one brings the newer state.
            Action::Keep(keep) => drop(self.keeper.try_send(keep)),
            Action::Disk(op) => {
                // Never full: one is under way at a time, and the last.
                let given = self.spooler.as_ref().map(|task| task.try_send(op));
                debug_assert!(matches!(given, Some(Ok(()))));
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

fn setup(config: &Config, wanted: &[Wanted], kept: Kept) -> Setup {
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
                timeout: wanted.timeout,
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
            disk_bytes: None,
            oldest_secs: config.spool.oldest_secs,
            requests_per_second: cloudwatch.requests_per_second,
        },
        checkpoint: Duration::from_secs(config.spool.checkpoint_secs),
        identity: config.identity.clone(),
        remote: BTreeMap::new(),
        kept,
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
