//! The decisions: one pure state machine, (event, now) -> actions. No clock, no I/O, no task; time is an argument and
//! chance a seed, so a day runs in a blink and a failing day runs again.

pub mod account;
mod answers;
mod backlog;
pub mod board;
mod ceiling;
mod draining;
mod ending;
mod event;
mod exposure;
mod journaling;
mod journals;
pub mod kept;
mod naming;
pub mod notices;
mod observe;
mod passes;
mod plan;
pub mod queue;
mod reload;
pub mod schedule;
mod server_clock;
mod skew;
mod spooling;
mod tunnels;
pub mod waiting;
mod windows;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use crate::aggregate::admission::Admission;
use crate::aggregate::aggregator::Aggregator;
use crate::aggregate::heartbeat::Heartbeats;
use crate::aggregate::label::Set;
use crate::aggregate::tunnel_room::TunnelRoom;
use crate::aggregate::window::{SeriesKey, Target, Window};
use crate::clock::Now;
use crate::model::identity::{Identity, Who};
use crate::publish::journal::JournalName;

pub use event::{Action, Event, PassDone};
pub use plan::{DrainPlan, Planned, Setup};

use account::Account;
use backlog::Progress;
use board::Board;
use draining::Draining;
use event::collects;
use journaling::Recovered;
use journals::Journals;
use kept::Written;
use notices::{Level, Notices};
use plan::{board, emitted, ours, rhythms, sources, targets};
use queue::Queue;
use reload::Reloads;
use schedule::{Due, Schedule};
use server_clock::ServerClock;
use waiting::WaitingRoom;

/// A pass has a deadline of its own; one that is not home so long after it will not come.
const OVERDUE_AFTER: Duration = Duration::from_secs(10);
/// A collector of a short period that brings nothing is tried at least this often: CollectorUp must show in each minute.
const RETRY_MOST: Duration = Duration::from_secs(30);
/// An absent source may come to be: a module is loaded, a daemon starts.
const ABSENT_RECHECK: Duration = Duration::from_secs(60);

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
    draining: Draining,
    /// The metadata service was asked, and answered or not.
    asked_identity: bool,
    /// The last minute that had its heartbeat in an earlier run.
    last_beat: Option<i64>,
    /// Datums that an earlier run had in memory alone: counted as lost, unless they are found after all.
    presumed_lost: u64,
    /// Files of batches that are sealed again are being removed.
    cleaning: bool,
    heartbeats: Heartbeats,
    admission: BTreeMap<Target, Admission<(Set, SeriesKey)>>,
    tunnel_rooms: BTreeMap<Target, TunnelRoom>,
    identity: Identity,
    who: BTreeMap<Target, Who>,
    waiting: WaitingRoom,
    queue: Queue,
    account: Account,
    backlog: Option<Progress>,
    /// Failures in a row of each collector.
    failures: BTreeMap<usize, u32>,
    targets: Vec<Target>,
    /// The numbers of our own sources, one per target.
    ours: BTreeMap<Target, usize>,
    reloads: Reloads,
    notices: Notices,
    clock: ServerClock,
    seeded_codes: BTreeSet<String>,
    sealed_blocks: BTreeMap<SeriesKey, VecDeque<i64>>,
    written: Written,
    stopping_until: Option<Duration>,
    exited: bool,
    /// Datums given up at the end.
    unsent: usize,
    /// Records and notes of passes that found no room.
    left_out: u64,
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
        let rhythms = rhythms(&setup);
        let ours = ours(&setup, &BTreeMap::new());
        let (account, unlisted) = Core::resumed(setup.kept.totals.as_ref());
        let mut core = Core {
            schedule: Schedule::new(now, setup.period, setup.close_after, &rhythms),
            aggregator: Aggregator::numbered(sources(&setup, &ours), emitted(&setup)),
            windows: VecDeque::new(),
            journals: Journals::new(setup.checkpoint, now),
            recovered: Vec::new(),
            draining: Draining::new(setup.drain.as_ref()),
            asked_identity: false,
            last_beat: setup.kept.heartbeat,
            presumed_lost: setup
                .kept
                .totals
                .as_ref()
                .map_or(0, |t| account.lost_since(t)),
            cleaning: false,
            heartbeats: Heartbeats::default(),
            admission: BTreeMap::new(),
            tunnel_rooms: BTreeMap::new(),
            identity: Identity::default(),
            who: setup.remote.clone(),
            waiting: WaitingRoom::default(),
            queue: Queue::new(setup.limits, setup.seed, unlisted, now),
            account,
            backlog: None,
            failures: setup.collectors.keys().map(|n| (*n, 0)).collect(),
            targets: targets(&setup),
            ours,
            reloads: Reloads::default(),
            notices: Notices::default(),
            clock: ServerClock::new(setup.correct_clock),
            seeded_codes: BTreeSet::new(),
            sealed_blocks: BTreeMap::new(),
            written: Written::default(),
            stopping_until: None,
            exited: false,
            unsent: 0,
            left_out: 0,
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

    /// One event in, actions out. From here on the wall clock is the corrected one.
    pub fn step(&mut self, event: Event, now: Now) -> Vec<Action> {
        self.notices.at(now.boot);
        if let Event::Answer(_, answer) = &event {
            self.measure_clock(answer, now);
        }
        let now = self.clock.corrected(now);
        match event {
            Event::Timer => {}
            Event::Pass(done) => self.pass(&done, now),
            Event::Answer(id, answer) => self.answer(id, &answer, now),
            Event::Identity(identity, problem) => self.learn(identity, problem, now),
            Event::Lifecycle(call, reply) => self.draining.answered(call, reply, now.boot),
            Event::Stored(stored) => self.stored(stored),
            Event::Disk(done) => self.disk_done(done, now),
            Event::Reload(setup) => return self.reload(*setup, now),
            Event::NotReloaded => self.reloads.failed += 1,
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
        let drain = match self.stopping_until {
            Some(_) => None,
            None => self.draining.wake(now.boot),
        };
        let wakes = [self.queue.wake(now.boot), self.journal_wake(), drain];
        wakes.into_iter().flatten().fold(due, Duration::min)
    }

    /// The collector whose pass should long be home: something holds us up that no deadline ended.
    #[must_use]
    pub fn overdue(&self, now: Now) -> Option<String> {
        let mut late = self.setup.collectors.iter().filter(|(number, planned)| {
            let due = self.schedule.running(**number);
            // That of a remote firewall which was held up begins as late as its period is long.
            let rhythm = &planned.rhythm;
            let leeway = rhythm
                .after_end
                .map_or(OVERDUE_AFTER, |_| OVERDUE_AFTER + rhythm.period);
            due.is_some_and(|due| due + planned.timeout + leeway < now.boot)
        });
        let (_, planned) = late.next()?;
        Some(format!("a pass of collector {} does not end", planned.name))
    }

    /// One line for the service manager.
    #[must_use]
    pub fn status(&self) -> String {
        let running = self.failures.len();
        let failed = self.failures.values().filter(|failures| **failures > 0);
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

    /// The queue, to look at.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
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
        for (reason, datums) in self.queue.expire(self.clock.judging(now)) {
            self.account.drop(reason, datums);
            self.notices.say(
                Level::Error,
                format!("gave up {datums} datums: {}", reason.word()),
            );
        }
        let known = self.asked_identity || self.stopping_until.is_some();
        let beats = self.beats;
        self.seal_recovered(known, now);
        if self.beats > beats {
            // At once: who is killed now makes no heartbeat again.
            actions.extend(self.keep(now, false).into_iter().map(Action::Keep));
        }
        // A journal may say of a batch that it is to be made again.
        let unsure = self.journals.reading() && self.queue.lends_disk(now.boot);
        if !unsure && let Some((id, batch)) = self.queue.next(now.boot) {
            self.clock.asked(now.boot);
            actions.push(Action::Send(id, batch));
        }
        actions.extend(self.disk_op(now).map(Action::Disk));
        if self.stopping_until.is_none() {
            self.watch_backlog(now);
            actions.extend(self.drain(now.boot));
        }
        let exit = self.may_exit(now);
        actions.splice(0..0, self.notices.take().into_iter().map(Action::Log));
        if exit {
            actions.extend(self.last_op().map(Action::Disk));
            actions.push(Action::Exit);
        }
        actions
    }
}
