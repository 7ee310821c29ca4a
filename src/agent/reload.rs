//! SIGHUP: the configuration is read, checked and compared beside the loop, and all that is new in it is built, before
//! anything is swapped. What hangs, is no file, or has a fault, costs a log line and nothing else. A list of firewalls
//! that changed is taken over in the same way, without a signal.

mod plan;
mod watch;

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep};
use tracing::warn;

use crate::clock;
use crate::config::Config;
use crate::host::blocking::Blocking;
use crate::model::faults::Faults;
pub(super) use plan::{Built, Plan, Running};
use watch::{Changed, Watch};

/// Reading a configuration takes milliseconds; a disk that takes longer than this is taken for dead.
const WITHIN: Duration = Duration::from_secs(10);
/// Between the end of a reload and the next: signals that come meanwhile are one.
const PAUSE: Duration = Duration::from_millis(100);
/// Between the tick of a whole second and half a second later, with its passes home. A new collector has its first
/// reading at once and its first tick half a second later at the earliest, so that one begun here misses none.
const AFTER_TICK_MS: Range<i64> = 150..450;
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

/// What the reloader has to say.
pub(super) enum Step {
    /// A reload has begun.
    Begun,
    /// It is to be carried out; or why not, a line for each fault.
    Ended(Result<Box<Plan>, Vec<String>>),
    /// A list of firewalls changed and cannot be taken over. It was said why.
    ListKept,
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

/// Waits for SIGHUP and reads the configuration, and watches lists of firewalls; one reload at a time.
#[derive(Debug)]
pub(super) struct Reloader {
    source: Arc<Source>,
    /// Signals that come while nobody asks for them are one.
    hang_up: Signal,
    blocking: Blocking,
    within: Duration,
    watch: Watch,
    doing: Doing,
}

type Reading = JoinHandle<Result<Box<Plan>, Vec<String>>>;

/// The file, and what comes of it: nothing where it holds what is in force.
type Listing = (String, JoinHandle<Listed>);

enum Listed {
    Planned(Option<Box<Plan>>),
    Faulty(Vec<String>),
    /// It could not be judged.
    Undone(String),
}

enum Doing {
    Waiting,
    Reading(Reading),
    Listing(Listing),
    Resting(Pin<Box<Sleep>>),
}

impl std::fmt::Debug for Doing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Doing::Waiting => "Waiting",
            Doing::Reading(_) => "Reading",
            Doing::Listing(_) => "Listing",
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
            within: WITHIN,
            watch: Watch::default(),
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
                Doing::Waiting => tokio::select! {
                    _ = self.hang_up.recv() => {
                        self.doing = Doing::Reading(self.read(running.clone()));
                        return Step::Begun;
                    }
                    changed = self.watch.next(&running.config) => {
                        self.doing = Doing::Listing(self.list(changed, running.clone()));
                    }
                },
                Doing::Reading(task) => {
                    let ended = task.await;
                    self.doing = Doing::Resting(Box::pin(sleep(PAUSE)));
                    return Step::Ended(ended.unwrap_or_else(|panic| {
                        Err(vec![format!("reading the configuration panicked: {panic}")])
                    }));
                }
                Doing::Listing((file, task)) => {
                    let listed = task.await;
                    let file = std::mem::take(file);
                    self.doing = Doing::Resting(Box::pin(sleep(PAUSE)));
                    let listed = listed.unwrap_or_else(|panic| Listed::Undone(panic.to_string()));
                    if let Some(step) = self.listed(&file, listed) {
                        return step;
                    }
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
        let within = self.within;
        tokio::spawn(async move {
            let slow = "reading the configuration takes longer than 10 s: does its disk hang?";
            let read = move || Ok(prepare(&source, &running));
            let done = blocking.within(within, slow, read).await;
            let plan = done.unwrap_or_else(|error| Err(vec![error.to_string()]))?;
            let is_local = |(number, _): &Built| plan.running.is_local(*number);
            if plan.built.iter().any(is_local) {
                sleep(until_after_tick(clock::now().wall_ms)).await;
            }
            Ok(plan)
        })
    }

    /// Plans for a list that changed.
    fn list(&self, changed: Changed, running: Running) -> Listing {
        let Changed { spec, file, text } = changed;
        let (blocking, within) = (self.blocking.clone(), self.within);
        let task = tokio::spawn(async move {
            let slow = "judging it takes longer than 10 s";
            let plan = move || Ok(running.plan_list(spec, &text));
            match blocking.within(within, slow, plan).await {
                Ok(Ok(plan)) => Listed::Planned(plan.map(Box::new)),
                Ok(Err(faults)) => Listed::Faulty(faults),
                Err(error) => Listed::Undone(error.to_string()),
            }
        });
        (file, task)
    }

    fn listed(&mut self, file: &str, listed: Listed) -> Option<Step> {
        match listed {
            Listed::Planned(plan) => {
                self.watch.taken(file, plan.is_some());
                plan.map(|plan| Step::Ended(Ok(plan)))
            }
            Listed::Faulty(faults) => {
                self.watch.refused(file, &first_of(&faults));
                Some(Step::ListKept)
            }
            Listed::Undone(why) => {
                self.watch.refused(file, &why);
                self.watch.again(file);
                None
            }
        }
    }
}

/// The first fault, and how many there are beside it.
fn first_of(faults: &[String]) -> String {
    let first = faults.first().map_or("", String::as_str);
    match faults.len() {
        0 | 1 => first.to_owned(),
        all => format!(
            "{first} ({} faults more: fwmetrics check shows all)",
            all - 1
        ),
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

fn until_after_tick(wall_ms: i64) -> Duration {
    let into_second = wall_ms.rem_euclid(1000);
    if AFTER_TICK_MS.contains(&into_second) {
        return Duration::ZERO;
    }
    let wait = (AFTER_TICK_MS.start - into_second).rem_euclid(1000);
    Duration::from_millis(wait.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use super::*;

    fn reloader(load: impl Fn() -> Result<Config, Faults> + Send + Sync + 'static) -> Reloader {
        let source = Source {
            load: Box::new(load),
            set_log_level: Box::new(|_| {}),
        };
        Reloader::new(source).unwrap()
    }

    async fn read(reloader: &Reloader) -> Result<(), Vec<String>> {
        let running = Running::new(Config::default(), true);
        reloader.read(running).await.unwrap().map(|_| ())
    }

    #[test]
    fn a_collector_begins_soon_after_a_tick() {
        for (into_second, wait) in [
            (0, 150),
            (149, 1),
            (150, 0),
            (449, 0),
            (450, 700),
            (999, 151),
        ] {
            let waits = until_after_tick(1_795_219_200_000 + into_second);
            assert_eq!(waits, Duration::from_millis(wait), "{into_second}");
        }
    }

    #[tokio::test]
    async fn a_disk_that_hangs_refuses_each_reload_and_heals() {
        let (release, held) = channel::<()>();
        let held = Mutex::new(held);
        let mut reloader = reloader(move || {
            let _ = held.lock().unwrap().recv();
            Ok(Config::default())
        });
        reloader.within = Duration::from_millis(1);
        for _ in 0..2 {
            let why = read(&reloader).await.unwrap_err();
            assert!(why[0].contains("does its disk hang?"), "{why:?}");
        }
        drop(release);
        reloader.within = WITHIN;
        // The thread ends soon, and as long as it has not, each reload is refused at once.
        let mut tries = 0;
        while read(&reloader).await.is_err() {
            tries += 1;
            assert!(tries < 10_000);
            sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test]
    async fn a_panic_while_reading_refuses_the_reload() {
        let reloader = reloader(|| panic!("on purpose"));
        assert!(read(&reloader).await.is_err());
    }
}
