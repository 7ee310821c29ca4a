//! The decisions: one pure state machine, (event, now) -> actions. No clock, no I/O, no task; time is an argument and
//! chance a seed, so a day runs in a blink and a failing day runs again.

pub mod account;
pub mod notices;
pub mod queue;
pub mod schedule;
pub mod waiting;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::aggregate::admission::{Admission, Rank};
use crate::aggregate::aggregator::{Aggregator, Emitted, Pass, Source};
use crate::aggregate::counter::Fine;
use crate::aggregate::heartbeat::Heartbeats;
use crate::aggregate::label::{Missing, Set, Unnamed, WantedSets, expand};
use crate::aggregate::window::{SeriesKey, Target, Window};
use crate::clock::{Now, rfc3339};
use crate::collector::CollectError;
use crate::identity;
use crate::model::datum::{Datum, Resolution};
use crate::model::dimension::OwnDimension;
use crate::model::identity::{Group, Identity, Who};
use crate::model::names::DATAPLANE_CPU_UTILIZATION;
use crate::model::reading::{Raw, Readings, Record};
use crate::model::selection::Selection;
use crate::publish::batch::{Batch, split};
use crate::publish::outcome::{Answer, Outcome, remedy};
use crate::publish::validate::{self, Violation};
use crate::self_metrics as own;

use account::{Account, Reason};
use notices::{Level, Line, Notices};
use queue::{Queue, Settled};
use schedule::{Due, Rhythm, Schedule, Span, Tick};
use waiting::WaitingRoom;

/// At shutdown the rest is sent for so long: well inside systemd's TimeoutStopSec of 90 s.
const FLUSH_FOR: Duration = Duration::from_secs(10);
/// A failing collector is tried at least this often: CollectorUp must show in each minute.
const RETRY_MOST: Duration = Duration::from_secs(30);
/// An absent source may come to be: a module is loaded, a daemon starts.
const ABSENT_RECHECK: Duration = Duration::from_secs(60);
/// A clock this far from CloudWatch's is worth a line: points land in the wrong minute.
const SKEW_WARN_SECS: i64 = 5;

/// What the core is made from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The collectors, by number.
    pub collectors: Vec<Planned>,
    /// What is published.
    pub selection: Selection,
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
    /// Identity of this machine as configured.
    pub identity: identity::Settings,
    /// Identities of remote firewalls, all from their configuration.
    pub remote: BTreeMap<Target, Who>,
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
}

#[derive(Debug, Clone, Copy, Default)]
struct Health {
    failures: u32,
    absent: bool,
}

/// The agent's decisions.
#[derive(Debug)]
pub struct Core {
    setup: Setup,
    schedule: Schedule,
    aggregator: Aggregator,
    windows: VecDeque<Held>,
    heartbeats: Heartbeats,
    admission: BTreeMap<Target, Admission<(Set, SeriesKey)>>,
    identity: Identity,
    who: BTreeMap<Target, Who>,
    waiting: WaitingRoom,
    queue: Queue,
    account: Account,
    health: Vec<Health>,
    notices: Notices,
    skew_secs: Option<i64>,
    seeded_codes: BTreeSet<String>,
    sealed_blocks: BTreeMap<SeriesKey, i64>,
    stopping_until: Option<Duration>,
    exited: bool,
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
        let mut core = Core {
            schedule: Schedule::new(now, setup.period, setup.close_after, rhythms),
            aggregator: Aggregator::new(sources(&setup), setup.selection.clone()),
            windows: VecDeque::new(),
            heartbeats: Heartbeats::default(),
            admission: BTreeMap::new(),
            identity: Identity::default(),
            who: setup.remote.clone(),
            waiting: WaitingRoom::default(),
            queue: Queue::new(setup.limits, setup.seed),
            account: Account::default(),
            health: vec![Health::default(); setup.collectors.len()],
            notices: Notices::default(),
            skew_secs: None,
            seeded_codes: BTreeSet::new(),
            sealed_blocks: BTreeMap::new(),
            stopping_until: None,
            exited: false,
            setup,
        };
        core.identify();
        core.observe_self(now);
        core
    }

    /// The passes to start with: they give the counters their first reading.
    pub fn start(&mut self, now: Now) -> Vec<Action> {
        collects(self.schedule.seed(now))
    }

    /// One event in, actions out.
    pub fn step(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Timer => {}
            Event::Pass(done) => self.pass(&done, now),
            Event::Answer(id, answer) => self.answer(id, &answer, now),
            Event::Identity(identity, problem) => self.learn(identity, problem, now),
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
        self.queue.wake(now.boot).map_or(due, |wake| wake.min(due))
    }

    /// The totals so far.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Datums that are sealed and not settled.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        (self.waiting.len() + self.queue.waiting()) as u64
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
                        let unnamed = self.close(*span, now);
                        self.publish(unnamed, now);
                    }
                    Due::Pass(..) => {}
                }
            }
            actions.extend(collects(due));
        }
        for (reason, datums) in self.queue.expire(now) {
            self.account.drop(reason, datums);
            self.notices.say(
                Level::Error,
                format!("gave up {datums} datums: {}", reason.word()),
            );
        }
        if let Some((id, batch)) = self.queue.next(now.boot) {
            actions.push(Action::Send(id, batch));
        }
        let exit = self.may_exit(now);
        actions.splice(0..0, self.notices.take().into_iter().map(Action::Log));
        if exit {
            actions.push(Action::Exit);
        }
        actions
    }

    // Passes.

    fn pass(&mut self, done: &PassDone, now: Now) {
        let Some(tick) = self.schedule.finished(done.collector) else {
            return;
        };
        self.judge(done, now);
        let failed = done.error.is_some();
        let emitted = self.aggregator.pass(&Pass {
            source: done.collector,
            due: tick.due,
            at: done.at,
            readings: &done.readings,
            failed,
        });
        if tick.seeds {
            return;
        }
        self.record(tick, done.at, now, emitted);
        if !matches!(done.error, Some(CollectError::Absent(_))) {
            self.observe_pass(done, tick, now);
        }
    }

    /// Values into the window they belong to; one that is closed already is opened again under its label, and goes
    /// out with the next.
    fn record(&mut self, tick: Tick, at: Duration, now: Now, emitted: Vec<Emitted>) {
        for value in emitted {
            let label = match &value.fine {
                Fine::Value(_) => tick.label,
                Fine::Block(seconds) => self.label_of_block(tick, at, now, seconds.len()),
            };
            let is_block = matches!(value.fine, Fine::Block(_));
            if is_block
                && self
                    .sealed_blocks
                    .get(&value.key)
                    .is_some_and(|sealed| *sealed >= label)
            {
                self.account.late_blocks += 1;
                continue;
            }
            self.window(tick.window, label)
                .add(value.key, value.expected, &value.fine);
        }
    }

    /// The window that holds the block's middle; when the pass came late, the one its real start lies in.
    fn label_of_block(&self, tick: Tick, at: Duration, now: Now, seconds: usize) -> i64 {
        let wall_ms = |boot: Duration| {
            let ago = now.boot.saturating_sub(boot).as_millis();
            now.wall_ms - i64::try_from(ago).unwrap_or_default()
        };
        let length_ms = i64::try_from(seconds).unwrap_or_default() * 1000;
        let late = at.saturating_sub(tick.due) > self.setup.period / 4;
        let within_ms = if late {
            wall_ms(at) - length_ms
        } else {
            wall_ms(tick.due) - length_ms / 2
        };
        let period_ms = self.period_secs() * 1000;
        within_ms.div_euclid(period_ms) * self.period_secs()
    }

    fn window(&mut self, number: u64, label: i64) -> &mut Window {
        let held = |held: &Held| held.number == number && held.window.label == label;
        let index = match self.windows.iter().position(held) {
            Some(index) => index,
            None => {
                self.windows.push_back(Held {
                    number,
                    window: Window::new(label),
                });
                self.windows.len() - 1
            }
        };
        &mut self.windows[index].window
    }

    /// Logs and back-off of a collector: a failure once and on change, absence once.
    fn judge(&mut self, done: &PassDone, now: Now) {
        let planned = &self.setup.collectors[done.collector];
        let subject = match &planned.target {
            Some(target) => format!("collector {} of {target}", planned.name),
            None => format!("collector {}", planned.name),
        };
        let period = planned.rhythm.period;
        let health = &mut self.health[done.collector];
        match &done.error {
            None => {
                *health = Health::default();
                self.notices
                    .over(&subject, format!("{subject}: reads again"));
                for note in done.readings.notes() {
                    self.notices.change(
                        Level::Info,
                        &format!("{subject} note {note}"),
                        format!("{subject}: {note}"),
                    );
                }
            }
            Some(CollectError::Absent(why)) => {
                *health = Health {
                    failures: 0,
                    absent: true,
                };
                self.schedule
                    .hold(done.collector, now.boot + ABSENT_RECHECK);
                self.notices
                    .change(Level::Info, &subject, format!("{subject}: absent: {why}"));
            }
            Some(CollectError::Failed(why)) => {
                health.absent = false;
                health.failures = health.failures.saturating_add(1);
                let wait = period
                    .saturating_mul(1 << (health.failures - 1).min(10))
                    .min(RETRY_MOST);
                // The next tick on the grid is one period away anyhow.
                self.schedule
                    .hold(done.collector, now.boot + wait.saturating_sub(period));
                self.notices
                    .change(Level::Warn, &subject, format!("{subject}: failed: {why}"));
            }
        }
    }

    // What we say of ourselves.

    fn observe_pass(&mut self, done: &PassDone, tick: Tick, now: Now) {
        let planned = &self.setup.collectors[done.collector];
        let name = planned.name;
        let up = f64::from(u8::from(done.error.is_none()));
        let took_ms = done.took.as_secs_f64() * 1000.0;
        let mut readings = Readings::default();
        for (reading, level) in [
            (&own::COLLECTOR_UP, up),
            (&own::COLLECTOR_DURATION, took_ms),
        ] {
            let record = Record::new(reading, Raw::Level(level)).member(name);
            readings.push(record.own(OwnDimension::Collector, name));
        }
        let source = self.self_source(&planned.target.clone());
        let emitted = self.pass_of_self(source, tick.due, &readings);
        self.record(tick, tick.due, now, emitted);
    }

    /// An error code that is seen for the first time began at 0, which its counter must be told.
    fn seed_new_codes(&mut self, now: Now) {
        let mut readings = Readings::default();
        for code in self.account.errors.keys() {
            if self.seeded_codes.insert(code.clone()) {
                let record = Record::new(&own::PUBLISH_ERRORS, Raw::Total(0)).member(code.clone());
                readings.push(record.own(OwnDimension::Code, code.clone()));
            }
        }
        let source = self.self_source(&None);
        self.pass_of_self(source, now.boot, &readings);
    }

    /// Our totals, once a window.
    fn observe_self(&mut self, now: Now) -> Vec<Emitted> {
        self.seed_new_codes(now);
        let mut readings = Readings::default();
        let mut total = |reading, member: &str, own: Option<OwnDimension>, value: u64| {
            let record = Record::new(reading, Raw::Total(value)).member(member);
            readings.push(match own {
                Some(dimension) => record.own(dimension, member),
                None => record,
            });
        };
        total(&own::DATUMS_SENT, "", None, self.account.sent);
        total(&own::SERIES_REFUSED, "", None, self.account.refused_series);
        for reason in ALL_REASONS {
            let dropped = self.account.dropped.get(&reason).copied().unwrap_or(0);
            total(
                &own::DATUMS_DROPPED,
                reason.word(),
                Some(OwnDimension::Reason),
                dropped,
            );
        }
        for (code, errors) in &self.account.errors {
            total(
                &own::PUBLISH_ERRORS,
                code,
                Some(OwnDimension::Code),
                *errors,
            );
        }
        #[allow(clippy::cast_precision_loss)] // datums in memory, seconds of skew
        {
            readings.push(Record::new(
                &own::DATUMS_WAITING,
                Raw::Level(self.waiting() as f64),
            ));
            if let Some(skew) = self.skew_secs {
                readings.push(Record::new(&own::CLOCK_SKEW, Raw::Level(skew as f64)));
            }
        }
        let source = self.self_source(&None);
        self.pass_of_self(source, now.boot, &readings)
    }

    fn pass_of_self(&mut self, source: usize, due: Duration, readings: &Readings) -> Vec<Emitted> {
        self.aggregator.pass(&Pass {
            source,
            due,
            at: due,
            readings,
            failed: false,
        })
    }

    /// Our own sources stand behind the collectors, one per target.
    fn self_source(&self, target: &Target) -> usize {
        let targets = targets(&self.setup);
        let index = targets
            .iter()
            .position(|known| known == target)
            .unwrap_or(0);
        self.setup.collectors.len() + index
    }

    // Windows.

    /// Everything that a window's end brings: its series, and the heartbeats of minutes that ended with it.
    fn close(&mut self, span: Span, now: Now) -> Vec<Unnamed> {
        let emitted = self.observe_self(now);
        let window = self.window(span.number, span.label);
        for value in emitted {
            window.add(value.key, value.expected, &value.fine);
        }
        // With it go windows that were opened again for a pass that came late.
        let mut due: Vec<Held> = Vec::new();
        while let Some(index) = self
            .windows
            .iter()
            .position(|held| held.number <= span.number)
        {
            due.extend(self.windows.remove(index));
        }
        let mut unnamed = Vec::new();
        for held in due {
            unnamed.extend(self.seal(held.window, now));
        }
        let minutes = self.heartbeats.closed(span.label, self.period_secs());
        unnamed.extend(self.beat(&minutes));
        unnamed
    }

    /// The series of a window that are let in, in their dimension sets.
    fn seal(&mut self, window: Window, now: Now) -> Vec<Unnamed> {
        let label = window.label;
        let warm = now.boot >= Duration::from_secs(self.setup.identity.warm_up_secs);
        let speaks = |target: &Target| {
            warm && window.holds(target, &DATAPLANE_CPU_UTILIZATION) && self.in_fleet(target)
        };
        let fleet: BTreeMap<Target, bool> = targets(&self.setup)
            .into_iter()
            .map(|target| (target.clone(), speaks(&target)))
            .collect();
        let in_pair = |target: &Target| {
            self.who
                .get(target)
                .is_some_and(|who| who.ha_group.is_some())
        };
        let sealed = window.seal();
        for series in sealed.iter().filter(|series| series.is_block) {
            self.sealed_blocks.insert(series.key.clone(), label);
        }
        let expanded = expand(
            &sealed,
            label,
            self.resolution(),
            self.setup.sets,
            |target| fleet.get(target).copied().unwrap_or(false),
            in_pair,
        );
        self.admit(expanded, now)
    }

    fn admit(&mut self, expanded: Vec<Unnamed>, now: Now) -> Vec<Unnamed> {
        let mut by_target: BTreeMap<Target, Vec<Unnamed>> = BTreeMap::new();
        for unnamed in expanded {
            by_target
                .entry(unnamed.key.target.clone())
                .or_default()
                .push(unnamed);
        }
        let mut admitted = Vec::new();
        for (target, list) in by_target {
            let wanted: Vec<(Rank, (Set, SeriesKey))> = list
                .iter()
                .map(|unnamed| (unnamed.rank(), (unnamed.set, unnamed.key.clone())))
                .collect();
            let most = self.setup.series_max;
            let admission = self
                .admission
                .entry(target)
                .or_insert_with(|| Admission::new(most));
            let verdicts = admission.admit(&wanted, now.boot);
            let refused = verdicts.iter().filter(|admitted| !**admitted).count();
            if refused > 0 {
                self.account.refused_series += refused as u64;
                self.notices.change(
                    Level::Warn,
                    "series ceiling",
                    format!("{refused} series over the ceiling of {most} are not published; raise [cloudwatch] series_max or disable metrics"),
                );
            }
            admitted.extend(
                list.into_iter()
                    .zip(verdicts)
                    .filter_map(|(unnamed, yes)| yes.then_some(unnamed)),
            );
        }
        admitted
    }

    /// The heartbeats of these minutes, one per target and set.
    fn beat(&self, minutes: &[i64]) -> Vec<Unnamed> {
        let mut beats = Vec::new();
        for (minute, target) in minutes
            .iter()
            .flat_map(|m| targets(&self.setup).into_iter().map(move |t| (*m, t)))
        {
            let fleet = self.setup.sets.fleet && self.in_fleet(&target);
            for (goes, set) in [
                (fleet, Set::Fleet),
                (self.setup.sets.instance, Set::Instance),
            ] {
                let key = SeriesKey {
                    target: target.clone(),
                    metric: &own::EXPORTER_HEARTBEAT,
                    own: None,
                };
                if goes && self.setup.selection.coarse(key.metric) {
                    beats.push(Unnamed {
                        set,
                        key,
                        expected: false,
                        timestamp: minute,
                        resolution: Resolution::Minute,
                        values: vec![(1.0, 1)],
                    });
                }
            }
        }
        beats
    }

    /// The lifecycle lets this target speak for its group.
    fn in_fleet(&self, target: &Target) -> bool {
        self.who
            .get(target)
            .is_some_and(|who| who.in_service && who.group != Group::None)
    }

    /// From here on datums are on the account.
    fn publish(&mut self, unnamed: Vec<Unnamed>, now: Now) {
        self.account.sealed += unnamed.len() as u64;
        let named = self.waiting.enter(unnamed, &self.who, now.boot);
        for reason in self
            .waiting
            .expire(now.boot, self.setup.limits.memory_bytes)
        {
            self.account.drop(reason, 1);
        }
        self.say_what_waits();
        self.enqueue(named, now);
    }

    fn enqueue(&mut self, datums: Vec<Datum>, now: Now) {
        let legal = datums
            .into_iter()
            .filter(|datum| self.check(datum, now))
            .collect();
        let full = self.queue.push(split(&self.setup.namespace, legal));
        if full > 0 {
            self.account.drop(Reason::MemoryFull, full);
            self.notices.change(
                Level::Error,
                "memory",
                "unsent datums fill [spool] memory_bytes: the oldest are dropped".to_owned(),
            );
        }
    }

    fn check(&mut self, datum: &Datum, now: Now) -> bool {
        let Err(violation) = validate::datum(datum, now.wall_secs()) else {
            return true;
        };
        let reason = match violation {
            Violation::TooOld => Reason::TooOld,
            Violation::TooNew => Reason::TooNew,
            Violation::Form(_) => Reason::Illegal,
        };
        self.account.drop(reason, 1);
        let text = dead_letter(datum, &violation.to_string());
        self.notices.change_of(
            Level::Error,
            &format!("datum {}", datum.metric),
            reason.word(),
            text,
        );
        false
    }

    // Identity.

    fn learn(&mut self, identity: Identity, problem: Option<String>, now: Now) {
        match problem {
            Some(problem) => self.notices.change(Level::Warn, "identity", problem),
            None => self
                .notices
                .over("identity", "the instance metadata service answers again"),
        }
        if identity == self.identity {
            return;
        }
        self.notices.say(
            Level::Info,
            format!(
                "identity: instance {}, group {}, lifecycle {:?}",
                identity.instance_id.as_deref().unwrap_or("unknown"),
                identity.auto_scaling_group.as_deref().unwrap_or("unknown"),
                identity.lifecycle
            ),
        );
        self.identity = identity;
        self.identify();
        let named = self.waiting.leave(&self.who);
        self.enqueue(named, now);
    }

    fn identify(&mut self) {
        self.who
            .insert(None, identity::who(&self.setup.identity, &self.identity));
    }

    fn say_what_waits(&mut self) {
        if self.waiting.missing(Missing::InstanceId) {
            self.notices.change(Level::Warn, "instance id", "the instance id is unknown: datums wait for it, 15 minutes at most; off EC2 set [identity] instance_id");
        } else {
            self.notices.over(
                "instance id",
                "the instance id is known: waiting datums go out",
            );
        }
        if self.waiting.missing(Missing::Group) {
            self.notices.change(Level::Warn, "group", "the name of the Auto Scaling group is not readable: fleet datums wait, 15 minutes at most; switch instance tags in metadata on (InstanceMetadataTags=enabled) or set [identity] auto_scaling_group");
        } else {
            self.notices.over(
                "group",
                "the name of the Auto Scaling group is known: waiting datums go out",
            );
        }
    }

    // Answers.

    fn answer(&mut self, id: u64, answer: &Answer, now: Now) {
        self.account.calls += 1;
        self.measure_skew(answer, now);
        if answer.outcome != Outcome::Sent {
            self.account.error(&answer.code);
        }
        match self.queue.settle(id, answer.outcome, now.boot) {
            Settled::Sent(datums) => {
                self.account.sent += datums as u64;
                self.notices.over("send", "CloudWatch accepts again");
                self.notices
                    .say(Level::Debug, format!("sent {datums} datums"));
            }
            Settled::Kept => {
                self.notices
                    .change_of(Level::Warn, "send", &answer.code, trouble(answer));
            }
            Settled::Split => {
                let text = format!(
                    "CloudWatch refused a batch ({}): halved to find the bad datum",
                    answer.code
                );
                self.notices
                    .change_of(Level::Warn, "refused batch", &answer.code, text);
            }
            Settled::Refused(datum) => {
                self.account.drop(Reason::Invalid, 1);
                self.notices
                    .say(Level::Error, dead_letter(&datum, &answer.reason));
            }
            Settled::Unknown => {}
        }
        if self.stopping_until.is_some()
            && matches!(
                answer.outcome,
                Outcome::Denied | Outcome::Unreachable { .. }
            )
        {
            // Nobody answers, or never will within the seconds that are left.
            self.stopping_until = Some(now.boot);
        }
    }

    fn measure_skew(&mut self, answer: &Answer, now: Now) {
        let Some(server) = answer.server_time else {
            return;
        };
        let skew = now.wall_secs() - server;
        self.skew_secs = Some(skew);
        if skew.abs() > SKEW_WARN_SECS {
            // By order of magnitude, so that a drifting clock is not a line a minute.
            let side = if skew > 0 { "ahead of" } else { "behind" };
            let at_least = 10i64.pow(skew.abs().ilog10());
            let text = format!(
                "this clock is {side} CloudWatch's by {at_least} s or more: points land in the wrong minute; check NTP"
            );
            self.notices.change(Level::Warn, "clock", text);
        } else {
            self.notices
                .over("clock", "this clock agrees with CloudWatch's");
        }
    }

    // The end.

    fn stop(&mut self, now: Now) {
        if self.stopping_until.is_some() {
            return;
        }
        self.stopping_until = Some(now.boot + FLUSH_FOR);
        let mut unnamed = Vec::new();
        for span in self.schedule.drain() {
            unnamed.extend(self.close(span, now));
        }
        let beats: Vec<i64> = self.heartbeats.shutdown().into_iter().collect();
        unnamed.extend(self.beat(&beats));
        self.publish(unnamed, now);
        self.queue.refresh();
    }

    fn may_exit(&mut self, now: Now) -> bool {
        let Some(until) = self.stopping_until else {
            return false;
        };
        if self.exited || (self.queue.waiting() > 0 && now.boot < until) {
            return false;
        }
        self.exited = true;
        let rest = self.waiting.clear() + self.queue.clear();
        self.account.drop(Reason::Shutdown, rest);
        let level = if rest > 0 { Level::Error } else { Level::Info };
        self.notices
            .say(level, format!("account: {}", self.account));
        true
    }

    fn period_secs(&self) -> i64 {
        i64::try_from(self.setup.period.as_secs()).unwrap_or(60)
    }

    fn resolution(&self) -> Resolution {
        if self.period_secs() < 60 {
            Resolution::Second
        } else {
            Resolution::Minute
        }
    }
}

const ALL_REASONS: [Reason; 8] = [
    Reason::NoAsg,
    Reason::NoInstanceId,
    Reason::Illegal,
    Reason::Invalid,
    Reason::TooOld,
    Reason::TooNew,
    Reason::MemoryFull,
    Reason::Shutdown,
];

fn collects(due: Vec<Due>) -> Vec<Action> {
    due.into_iter()
        .filter_map(|due| match due {
            Due::Pass(collector, _) => Some(Action::Collect(collector)),
            Due::Missed(..) | Due::Close(_) => None,
        })
        .collect()
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

/// One line that says what became of a batch and what to do.
fn trouble(answer: &Answer) -> String {
    match answer.outcome {
        Outcome::Denied => format!(
            "CloudWatch denies: {}: {}; {}",
            answer.code,
            answer.reason,
            remedy(&answer.code)
        ),
        Outcome::Throttled => format!("CloudWatch throttles ({}): batches are kept", answer.code),
        _ => format!(
            "cannot reach CloudWatch: {}: {}; batches are kept",
            answer.code, answer.reason
        ),
    }
}

/// Everything needed to find out what a given-up datum was.
fn dead_letter(datum: &Datum, why: &str) -> String {
    let dimensions: Vec<String> = datum
        .dimensions
        .iter()
        .map(|d| format!("{}={}", d.name, d.value))
        .collect();
    format!(
        "gave up {}{{{}}} of {}: {why}",
        datum.metric,
        dimensions.join(","),
        rfc3339(datum.timestamp)
    )
}
