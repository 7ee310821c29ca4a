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
use crate::agent::core::queue::op::Op;
use crate::agent::core::{Action, Core, Event};
use crate::agent::keeper;
use crate::agent::lifeline::Lifeline;
use crate::agent::port::Port;
use crate::agent::reload::{self, Built, Plan, Reloader, Running, Source, Step};
use crate::agent::tasks::{self, Sink};
use crate::agent::warnings::warnings;
use crate::agent::{setup, spooler};
use crate::clock;
use crate::config::{self, Config, Wanted};
use crate::host::spool::SpoolDir;
use crate::host::state::StateDir;
use crate::host::timer::Timer;
use crate::publish::batch::Batch;
use crate::publish::lifecycle::{self, Call, Waiting};

/// Events that may wait for the loop: every task has at most one or two under way.
const EVENTS_MAX: usize = 256;
/// A write would exceed RLIMIT_FSIZE, systemd's LimitFSIZE (setrlimit(2)); its number on x86-64 and aarch64 (signal(7)).
const SIGXFSZ: i32 = 25;
/// The timer's own grain; nothing is asked for more often.
const GRAIN: Duration = Duration::from_millis(1);

/// Runs until SIGTERM or SIGINT, and takes over what `source` reads at each SIGHUP. True when everything was settled at
/// the end.
///
/// # Errors
/// A collector that cannot be built, a port that cannot be had, signals that cannot be caught, or no timer.
pub async fn run(config: Config, source: Source, dry_run: bool) -> Result<bool, String> {
    let (mut port, mut questions) = Port::open(config.http.listen).await?;
    let mut signals = Signals::new()?;
    let mut reloader = Reloader::new(source)?;
    let no_timer = |error| format!("cannot make a timer: {error}");
    let mut timer = Timer::new().map_err(no_timer)?;
    let (events, mut happened) = channel(EVENTS_MAX);
    // What a dry run makes is not kept: the next real start goes on where the last real one ended.
    let state = match StateDir::new(&config.spool.dir) {
        state if dry_run => state.read_only(),
        state => state,
    };
    let mut running = Running::new(config, dry_run);
    let Running { config, wanted, .. } = &running;
    let room = setup::disk_bytes(config, wanted);
    let spool = (!dry_run).then(|| SpoolDir::new(&config.spool.dir, room));
    let mut kept = load(&state).await;
    if let Some(spool) = &spool {
        spooler::take(spool, &state).await?;
        kept.totals = load_totals(&state).await;
    }
    let (mut hands, ends) = Hands::new(&running, (state, spool), &events)?;
    tasks::identity(events);
    let Running { config, wanted, .. } = &running;
    let mut core = Core::new(setup::of(config, wanted, kept, dry_run), clock::now());
    let names = config::names(wanted.values());
    info!("fwmetrics {} runs: {names}", env!("CARGO_PKG_VERSION"));
    start_warnings(&running);
    let mut actions = core.start(clock::now());
    let mut lifeline = Lifeline::from_environment();
    lifeline.ready(&core);
    let mut stopping = false;
    while !actions.into_iter().any(|action| hands.act(action)) {
        let now = clock::now();
        lifeline.beat(&core, now);
        let wake = core.wake(now).min(lifeline.wake()).max(now.boot + GRAIN);
        let event = tokio::select! {
            // Events first: a pass that came home in time is recorded before its window is closed.
            biased;
            Some(event) = happened.recv() => event,
            () = signals.stop() => Event::Stop,
            step = reloader.next(&running), if !stopping => match step {
                Step::Begun => {
                    lifeline.reloading(&core);
                    Event::Timer
                }
                Step::Ended(Ok(plan)) => match port.change(plan.running.config.http.listen).await {
                    Ok(()) => hands.take_over(*plan, &mut running, &reloader),
                    Err(why) => refuse(&[why]),
                },
                Step::Ended(Err(faults)) => refuse(&faults),
                Step::ListKept => Event::NotReloaded,
            },
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
            stopping = true;
            lifeline.stopping(&core);
        }
        let reloaded = matches!(event, Event::Reload(_) | Event::NotReloaded);
        actions = core.step(event, now);
        if reloaded {
            lifeline.ready(&core);
        }
    }
    // Nobody hears events any more.
    drop((hands, happened));
    // Bounded: each file has its deadline.
    for task in ends {
        let _ = task.await;
    }
    Ok(core.unsent() == 0)
}

/// What a start has to warn of.
fn start_warnings(running: &Running) {
    for list in running.config.collectors.listed.values() {
        if list.is_missing {
            let file = &list.file;
            warn!("firewalls_file {file} is not there: no firewall is read from it until it is");
        }
    }
    for line in warnings(running.wanted.values()) {
        warn!("{line}");
    }
}

/// The old configuration stays.
fn refuse(faults: &[String]) -> Event {
    reload::refuse(faults);
    Event::NotReloaded
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
}

impl Signals {
    fn new() -> Result<Self, String> {
        let catch = |kind, name| signal(kind).map_err(|e| format!("cannot catch {name}: {e}"));
        // Its handler stays. Without one a write past the limit would end us; with it, that is the disk's trouble.
        let _ = catch(SignalKind::from_raw(SIGXFSZ), "SIGXFSZ")?;
        Ok(Signals {
            terminate: catch(SignalKind::terminate(), "SIGTERM")?,
            interrupt: catch(SignalKind::interrupt(), "SIGINT")?,
        })
    }

    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// What carries out actions.
struct Hands {
    /// By number.
    collectors: BTreeMap<usize, Sender<()>>,
    sender: Sender<(u64, Arc<Batch>)>,
    lifecycle: Sender<(Call, Waiting)>,
    keeper: Sender<Keep>,
    /// In a dry run there is none.
    spooler: Option<Sender<Op>>,
    spool: Option<SpoolDir>,
    events: Sender<Event>,
}

impl Hands {
    /// Starts the tasks; those that write to disk are waited for at the end.
    fn new(
        running: &Running,
        (state, spool): (StateDir, Option<SpoolDir>),
        events: &Sender<Event>,
    ) -> Result<(Self, Vec<JoinHandle<()>>), String> {
        let built = running.build()?;
        // A directory of its own for each: one piece of work at a time holds a thread.
        let beside = StateDir::new(state.path());
        let (keeper, end) = keeper::start(state, events.clone());
        let start = |spool: &SpoolDir| spooler::start(spool.clone(), beside, events.clone());
        let spooler = spool.as_ref().map(start);
        let (spooler, last) = spooler.unzip();
        let ends = std::iter::once(end).chain(last).collect();
        let mut hands = Hands {
            collectors: BTreeMap::new(),
            sender: tasks::sender(sink(running), events.clone()),
            lifecycle: tasks::lifecycle(caller(running), events.clone()),
            keeper,
            spooler,
            spool,
            events: events.clone(),
        };
        hands.collect(built, &running.wanted);
        Ok((hands, ends))
    }

    /// Starts the tasks of these collectors.
    fn collect(&mut self, built: Vec<Built>, wanted: &BTreeMap<usize, Wanted>) {
        for (number, collector) in built {
            let Some(wanted) = wanted.get(&number).cloned() else {
                continue;
            };
            let task = tasks::collector(number, wanted, collector, self.events.clone());
            self.collectors.insert(number, task);
        }
    }

    /// Swaps what a new configuration changes outside the core. Collectors that are gone stay until the core lets them
    /// go; an attempt to send that is under way ends with the client that it began with.
    fn take_over(&mut self, plan: Plan, running: &mut Running, reloader: &Reloader) -> Event {
        let old = std::mem::replace(running, plan.running);
        let new = &running.config;
        if !new.cloudwatch.same_client(&old.config.cloudwatch) {
            self.sender = tasks::sender(sink(running), self.events.clone());
        }
        if caller(running) != caller(&old) {
            self.lifecycle = tasks::lifecycle(caller(running), self.events.clone());
        }
        if let Some(spool) = &self.spool {
            spool.limit(setup::disk_bytes(new, &running.wanted));
        }
        reloader.set_log_level(&new.log.level);
        self.collect(plan.built, &running.wanted);
        plan.news.say();
        Event::Reload(Box::new(plan.setup))
    }

    /// Does it; true when all is done.
    fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Collect(number) => {
                // A full channel cannot be: the core waits for a pass before it asks for the next.
                let asked = self.collectors.get(&number).map(|task| task.try_send(()));
                debug_assert!(matches!(asked, Some(Ok(()))));
            }
            Action::Retire(number) => drop(self.collectors.remove(&number)),
            Action::Send(id, batch) => {
                let given = self.sender.try_send((id, batch));
                debug_assert!(given.is_ok());
            }
            // A disk that is slower than a window: the next one brings the newer state.
            // One at a time: the drain waits for its answer.
            Action::Lifecycle(call, waiting) => drop(self.lifecycle.try_send((call, waiting))),
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

/// Where and as whom Auto Scaling is called; a dry run calls nobody.
fn caller(running: &Running) -> Option<lifecycle::Settings> {
    let config = &running.config;
    (!running.dry_run).then(|| lifecycle::Settings {
        region: config.cloudwatch.region.clone(),
        endpoint_url: config.drain.endpoint_url.clone(),
    })
}

fn sink(running: &Running) -> Sink {
    if running.dry_run {
        Sink::DryRun
    } else {
        Sink::CloudWatch(running.config.cloudwatch.clone())
    }
}
