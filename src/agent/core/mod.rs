//! The decisions: one pure state machine, (event, now) -> actions. No clock, no I/O, no task; time is an argument and
//! chance a seed, so a day runs in a blink and a failing day runs again.

pub mod account;
mod answers;
pub mod board;
mod exposure;
mod journaling;
mod journals;
pub mod kept;
mod naming;
pub mod notices;
mod observe;
mod passes;
pub mod queue;
pub mod schedule;
mod spooling;
pub mod waiting;
mod windows;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::aggregate::admission::Admission;
use crate::aggregate::aggregator::{Aggregator, Source};
use crate::aggregate::heartbeat::Heartbeats;
use crate::aggregate::label::{Set, WantedSets};
use crate::aggregate::window::{SeriesKey, Target, Window};
use crate::clock::Now;
use crate::collector::CollectError;
use crate::identity;
use crate::model::identity::{Identity, Who};
use crate::model::reading::Readings;
use crate::model::selection::Selection;
use crate::publish::batch::Batch;
use crate::publish::journal::JournalName;
use crate::publish::outcome::Answer;

use account::{Account, Reason};
use board::Board;
use journaling::Recovered;
use journals::Journals;
use kept::{Keep, Kept, Stored, Written};
use notices::{Level, Line, Notices};
use queue::Queue;
use queue::op::{Done, Op};
use schedule::{Due, Rhythm, Schedule};
use waiting::WaitingRoom;

/// A pass has a deadline of its own; one that is not home so long after it will not come.
const OVERDUE_AFTER: Duration = Duration::from_secs(10);
/// At shutdown the rest is sent for so long: longer than an attempt that hangs, well inside systemd's
/// TimeoutStopSec of 90 s.
const FLUSH_FOR: Duration = Duration::from_secs(20);
/// A collector of a short period that brings nothing is tried at least this often: CollectorUp must show in each minute.
const RETRY_MOST: Duration = Duration::from_secs(30);
/// An absent source may come to be: a module is loaded, a daemon starts.
const ABSENT_RECHECK: Duration = Duration::from_secs(60);

/// What the core is made from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The collectors, by number.
    pub collectors: Vec<Planned>,
    /// What is published.
    pub selection: Selection,
    /// With `[http]`: what is shown, published or not.
    pub shown: Option<Selection>,
    /// In which coarse sets.
    pub sets: WantedSets,
    /// Namespace.
    pub namespace: Arc<str>,
    /// Length of a window.
    pub period: Duration,
    /// A window is sealed so long after its end.
    pub close_after: Duration,
    /// Series per target.
    pub series_max: usize,
    /// Limits of the queue.
    pub limits: queue::Limits,
    /// What is read is on disk after so long, where there is a spool.
    pub checkpoint: Duration,
    /// Identity of this machine as configured.
    pub identity: identity::Settings,
    /// Identities of remote firewalls, all from their configuration.
    pub remote: BTreeMap<Target, Who>,
    /// What was kept from before this start.
    pub kept: Kept,
    /// Decides the jitter.
    pub seed: u64,
}

/// A collector as the core knows it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its name.
    pub name: &'static str,
    /// The firewall it reads.
    pub target: Target,
    /// When it runs.
    pub rhythm: Rhythm,
    /// Something of it is published; else it runs for `/metrics` alone.
    pub published: bool,
    /// Deadline of a pass.
    pub timeout: Duration,
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Time passed.
    Timer,
    /// A pass came home.
    Pass(Box<PassDone>),
    /// A batch was answered.
    Answer(u64, Answer),
    /// The metadata service was asked.
    Identity(Identity, Option<String>),
    /// Something was written to the state directory, or why not.
    Stored(Stored),
    /// An operation on the spool ended.
    Disk(Done),
    /// SIGTERM.
    Stop,
}

/// A finished pass.
#[derive(Debug)]
pub struct PassDone {
    /// The collector's number.
    pub collector: usize,
    /// When it was read, boot time.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// What it recorded.
    pub readings: Readings,
    /// How it ended.
    pub error: Option<CollectError>,
}

/// What to do.
#[derive(Debug)]
pub enum Action {
    /// Start a pass of this collector.
    Collect(usize),
    /// Send this batch.
    Send(u64, Arc<Batch>),
    /// Keep this over a restart.
    Keep(Keep),
    /// Do this in the spool; the next comes when its end was told, but for the last, which comes with the exit.
    Disk(Op),
    /// Write a log line.
    Log(Line),
    /// All is done.
    Exit,
}

/// An open or closing window.
#[derive(Debug)]
struct Held {
    number: u64,
    window: Window,
    journal: JournalName,
    /// What is new in it is written then, boot time.
    journal_due: Duration,
}

/// The agent's decisions.
#[derive(Debug)]
pub struct Core {
    setup: Setup,
    schedule: Schedule,
    aggregator: Aggregator,
    windows: VecDeque<Held>,
    journals: Journals,
    recovered: Vec<Recovered>,
    /// Files of batches that are sealed again are being removed.
    cleaning: bool,
    heartbeats: Heartbeats,
    admission: BTreeMap<Target, Admission<(Set, SeriesKey)>>,
    identity: Identity,
    who: BTreeMap<Target, Who>,
    waiting: WaitingRoom,
    queue: Queue,
    account: Account,
    /// Failures in a row of each collector.
    failures: Vec<u32>,
    targets: Vec<Target>,
    notices: Notices,
    skew_secs: Option<i64>,
    seeded_codes: BTreeSet<String>,
    sealed_blocks: BTreeMap<SeriesKey, VecDeque<i64>>,
    written: Written,
    stopping_until: Option<Duration>,
    exited: bool,
    /// Datums given up at the end.
    unsent: usize,
    /// Spoilt files and strangers found in the spool.
    set_aside: u64,
    board: Option<Board>,
    /// Minutes that had their heartbeat since start.
    beats: u64,
    /// Unix seconds.
    started: i64,
    /// The last send succeeded, or why not.
    ready: Result<(), Cow<'static, str>>,
}

impl Core {
    /// A core that starts now.
    #[must_use]
    pub fn new(setup: Setup, now: Now) -> Self {
        let rhythms = setup
            .collectors
            .iter()
            .map(|planned| planned.rhythm)
            .collect();
        let (account, unlisted) = Core::resumed(setup.kept.totals.as_ref());
        let mut core = Core {
            schedule: Schedule::new(now, setup.period, setup.close_after, rhythms),
            aggregator: Aggregator::new(sources(&setup), emitted(&setup)),
            windows: VecDeque::new(),
            journals: Journals::new(setup.checkpoint, now),
            recovered: Vec::new(),
            cleaning: false,
            heartbeats: Heartbeats::default(),
            admission: BTreeMap::new(),
            identity: Identity::default(),
            who: setup.remote.clone(),
            waiting: WaitingRoom::default(),
            queue: Queue::new(setup.limits, setup.seed, unlisted, now),
            account,
            failures: vec![0; setup.collectors.len()],
            targets: targets(&setup),
            notices: Notices::default(),
            skew_secs: None,
            seeded_codes: BTreeSet::new(),
            sealed_blocks: BTreeMap::new(),
            written: Written::default(),
            stopping_until: None,
            exited: false,
            unsent: 0,
            set_aside: 0,
            board: board(&setup),
            beats: 0,
            started: now.wall_secs(),
            ready: Err(exposure::NOTHING_SENT.into()),
            setup,
        };
        core.identify();
        let kept = std::mem::take(&mut core.setup.kept);
        core.resume(kept, now);
        core.observe_self(now);
        core
    }

    /// What to start with: a pass of each collector gives the counters their first reading, and the spool is looked at.
    pub fn start(&mut self, now: Now) -> Vec<Action> {
        let mut actions = collects(self.schedule.seed(now));
        actions.extend(self.disk_op(now).map(Action::Disk));
        actions
    }

    /// One event in, actions out.
    pub fn step(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Timer => {}
            Event::Pass(done) => self.pass(&done, now),
            Event::Answer(id, answer) => self.answer(id, &answer, now),
            Event::Identity(identity, problem) => self.learn(identity, problem, now),
            Event::Stored(stored) => self.stored(stored),
            Event::Disk(done) => self.disk_done(done, now),
            Event::Stop => self.stop(now),
        }
        self.go_on(now)
    }

    /// When the next event should come at the latest, boot time.
    #[must_use]
    pub fn wake(&self, now: Now) -> Duration {
        let due = match self.stopping_until {
            Some(until) => until,
            None => self.schedule.wake(),
        };
        let wakes = [self.queue.wake(now.boot), self.journal_wake()];
        wakes.into_iter().flatten().fold(due, Duration::min)
    }

    /// The collector whose pass should long be home: something holds us up that no deadline ended.
    #[must_use]
    pub fn overdue(&self, now: Now) -> Option<String> {
        let planned = self.setup.collectors.iter().enumerate();
        let mut late = planned.filter(|(number, planned)| {
            let due = self.schedule.running(*number);
            due.is_some_and(|due| due + planned.timeout + OVERDUE_AFTER < now.boot)
        });
        let (_, planned) = late.next()?;
        Some(format!("a pass of collector {} does not end", planned.name))
    }

    /// One line for the service manager.
    #[must_use]
    pub fn status(&self) -> String {
        let running = self.failures.len();
        let failed = self.failures.iter().filter(|failures| **failures > 0);
        let failed = failed.count();
        format!(
            "{} of {running} collectors read; {} datums sent, {} waiting, {} dropped",
            running - failed,
            self.account.sent,
            self.waiting(),
            self.account.dropped_total()
        )
    }

    /// The totals so far.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Datums given up at the end of this run.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.unsent
    }

    /// Datums that are sealed and not settled.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.waiting.len() as u64 + self.queue.waiting()
    }

    /// Bytes of batches held in memory.
    #[must_use]
    pub fn queue_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// What is due, what can be sent, what is to be said.
    fn go_on(&mut self, now: Now) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.stopping_until.is_none() {
            let due = self.schedule.poll(now);
            for due in &due {
                match due {
                    Due::Missed(_, ticks) => self.account.missed_ticks += ticks,
                    Due::Close(span) => {
                        self.close(*span, now);
                        actions.extend(self.keep(now, false).into_iter().map(Action::Keep));
                    }
                    Due::Pass(..) => {}
                }
            }
            actions.extend(collects(due));
        } else {
            actions.extend(self.keep_at_end(now).into_iter().map(Action::Keep));
        }
        for (reason, datums) in self.queue.expire(now) {
            self.account.drop(reason, datums);
            self.notices.say(
                Level::Error,
                format!("gave up {datums} datums: {}", reason.word()),
            );
        }
        let known = self.identity != Identity::default() || self.stopping_until.is_some();
        self.seal_recovered(known, now);
        // A journal may say of a batch that it is to be made again.
        let unsure = self.journals.reading() && self.queue.lends_disk(now.boot);
        if !unsure && let Some((id, batch)) = self.queue.next(now.boot) {
            actions.push(Action::Send(id, batch));
        }
        actions.extend(self.disk_op(now).map(Action::Disk));
        let exit = self.may_exit(now);
        actions.splice(0..0, self.notices.take().into_iter().map(Action::Log));
        if exit {
            actions.extend(self.last_op().map(Action::Disk));
            actions.push(Action::Exit);
        }
        actions
    }

    // The end.

    fn stop(&mut self, now: Now) {
        if self.stopping_until.is_some() {
            return;
        }
        self.stopping_until = Some(now.boot + FLUSH_FOR);
        self.seal_recovered(true, now);
        for span in self.schedule.drain() {
            self.close(span, now);
        }
        let beats: Vec<i64> = self.heartbeats.shutdown().into_iter().collect();
        self.beats += beats.len() as u64;
        let beats = self.beat(&beats);
        let beats = self.admit(beats, now);
        self.publish(beats, now);
        self.queue.refresh(now.boot);
    }

    fn may_exit(&mut self, now: Now) -> bool {
        let Some(until) = self.stopping_until else {
            return false;
        };
        let written = self.journals.rests() || !self.queue.disk_is_well();
        let rests = self.queue.rests(until) && self.queue.disk_rests() && written;
        if self.exited || (!rests && now.boot < until) {
            return false;
        }
        self.exited = true;
        self.account.refused_readings = self.aggregator.refused();
        let rest = self.waiting.clear() + self.queue.clear();
        self.account.drop(Reason::Shutdown, rest);
        self.unsent = rest;
        let level = if rest > 0 { Level::Error } else { Level::Info };
        self.notices
            .say(level, format!("account: {}", self.account));
        true
    }
}

fn collects(due: Vec<Due>) -> Vec<Action> {
    due.into_iter()
        .filter_map(|due| match due {
            Due::Pass(collector, _) => Some(Action::Collect(collector)),
            Due::Missed(..) | Due::Close(_) => None,
        })
        .collect()
}

/// What the aggregator hands out: what is shown holds what is published.
fn emitted(setup: &Setup) -> Selection {
    setup
        .shown
        .clone()
        .unwrap_or_else(|| setup.selection.clone())
}

fn board(setup: &Setup) -> Option<Board> {
    setup.shown.as_ref().map(|_| Board::new(setup.series_max))
}

/// The machine itself and every remote firewall.
fn targets(setup: &Setup) -> Vec<Target> {
    let mut targets: Vec<Target> = setup
        .collectors
        .iter()
        .map(|planned| planned.target.clone())
        .collect();
    targets.push(None);
    targets.sort();
    targets.dedup();
    targets
}

/// The collectors, and behind them ourselves, once per target.
fn sources(setup: &Setup) -> Vec<Source> {
    let collectors = setup.collectors.iter().map(|planned| Source {
        collector: planned.name,
        target: planned.target.clone(),
        period: planned.rhythm.period,
    });
    let ours = targets(setup).into_iter().map(|target| Source {
        collector: "self",
        target,
        period: setup.period,
    });
    collectors.chain(ours).collect()
}
