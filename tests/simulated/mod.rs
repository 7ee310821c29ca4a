//! The core in virtual time: an endpoint with seeded faults, a virtual disk, and the account checked at every step.

// Each test compiles this for itself and uses a part of it.
#![allow(dead_code, unreachable_pub, missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod course;
pub mod disk;
pub mod ledger;
pub mod runner;
pub mod tally;

use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use fwmetrics::agent::core::kept::{Keep, Kept};
use fwmetrics::agent::core::queue::Limits;
use fwmetrics::agent::core::schedule::Rhythm;
use fwmetrics::agent::core::{Action, Core, Event, PassDone, Planned, Setup};
use fwmetrics::aggregate::label::WantedSets;
use fwmetrics::clock::Now;
use fwmetrics::collector::CollectError;
use fwmetrics::identity::Settings;
use fwmetrics::model::datum::Datum;
use fwmetrics::model::identity::{Identity, Lifecycle};
use fwmetrics::model::limits::{NEWEST_SECS, OLDEST_SECS};
use fwmetrics::model::metric::{Metric, Sets};
use fwmetrics::model::names::DATAPLANE_CPU_UTILIZATION;
use fwmetrics::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record};
use fwmetrics::model::selection::Selection;
use fwmetrics::model::unit::Unit;
use fwmetrics::publish::batch::Batch;
use fwmetrics::publish::outcome::{Answer, Outcome};

pub static LEVEL: Metric = Metric::new("Level", Unit::Count, Sets::FleetAndInstance, "a level");
pub static CPU: Reading = Reading {
    name: "cpu",
    kind: Kind::Gauge,
    feeds: &[
        Feed {
            metric: &DATAPLANE_CPU_UTILIZATION,
            fold: Fold::Mean,
        },
        Feed {
            metric: &LEVEL,
            fold: Fold::Sum,
        },
    ],
};

/// 2026-11-21T00:00:00Z, a minute's start.
pub const EPOCH_MS: i64 = 1_795_219_200_000;

pub type Series = (String, Vec<String>);

/// What the endpoint holds: readings per series and timestamp.
pub type Store = BTreeMap<(Series, i64), u64>;

/// What a pass brings.
pub type Collect = fn(&mut World) -> (Readings, Option<CollectError>);

pub struct World {
    pub core: Core,
    pub now: Now,
    pub events: BinaryHeap<Due>,
    pub order: u64,
    pub faults: Faults,
    pub store: Store,
    /// The sum of those readings.
    pub sums: BTreeMap<(Series, i64), f64>,
    pub calls: Vec<(Duration, Vec<i64>)>,
    /// Namespace of each, and the instance of its last datum that has one.
    pub batches: Vec<(String, String)>,
    pub exited: bool,
    pub collect: Collect,
    pub lines: Vec<String>,
    pub kept: Kept,
    pub series_written: u64,
    pub passes: u64,
    /// The collector whose pass is made.
    pub collecting: usize,
    /// What each collector is called.
    pub names: BTreeMap<usize, &'static str>,
    /// Collectors that were retired.
    pub retired: Vec<usize>,
    /// When each was asked first and last, milliseconds of boot time, and how often.
    pub asked: BTreeMap<usize, (u64, u64, u64)>,
    /// How long a pass takes.
    pub pass_ms: u64,
    /// Batches that hold this metric are refused.
    pub poison: Option<String>,
    /// How they are refused.
    pub poison_outcome: Outcome,
    pub disk: disk::Disk,
    pub mood: disk::Mood,
    /// Most bytes of batches in memory at any step.
    pub most_memory: usize,
    /// How far the endpoint's clock is ahead of true time: then it tells a `Date`, and refuses what is stamped outside
    /// of what CloudWatch takes. `None`: it has no clock.
    pub server_ahead_ms: Option<i64>,
    /// How far its `Date` is ahead of true time, where that is another.
    pub date_ahead_ms: Option<i64>,
    /// What the endpoint took of the CPU of the instance: when, under which label, how many readings.
    pub taken: Vec<(Duration, i64, u64)>,
    /// Every datum that the endpoint took, with its namespace; `None`: nobody asks.
    pub seen: Option<Vec<(String, Datum)>>,
    /// The role may not write into this namespace.
    pub denied_namespace: Option<String>,
}

/// Where every world's boot clock begins.
pub const BOOT: Duration = Duration::from_secs(1000);

pub struct Due(Duration, u64, Event);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.0, other.1).cmp(&(self.0, self.1))
    }
}

/// How the endpoint answers.
pub struct Faults {
    pub rng: fastrand::Rng,
    /// One in so many calls fails; 0 never.
    pub one_in: u64,
    /// Boot times between which nothing answers.
    pub outage: Option<(Duration, Duration)>,
    pub outcome: Option<Outcome>,
    /// Said with each failure.
    pub retry_after: Option<Duration>,
}

impl Faults {
    pub fn none(seed: u64) -> Self {
        Faults {
            rng: fastrand::Rng::with_seed(seed),
            one_in: 0,
            outage: None,
            outcome: None,
            retry_after: None,
        }
    }

    /// What happens to a call now: whether its data is stored, and what is answered.
    fn fate(&mut self, now: Duration) -> (bool, Outcome) {
        let unreachable = |maybe_accepted| Outcome::Unreachable { maybe_accepted };
        if let Some(outcome) = self.outcome {
            return (outcome == Outcome::Sent, outcome);
        }
        if self
            .outage
            .is_some_and(|(from, to)| (from..to).contains(&now))
        {
            return (false, unreachable(false));
        }
        if self.one_in == 0 || self.rng.u64(0..self.one_in) > 0 {
            return (true, Outcome::Sent);
        }
        match self.rng.u8(0..4) {
            0 => (false, Outcome::Throttled),
            1 => (false, unreachable(false)),
            // Accepted, and the answer lost.
            2 => (true, unreachable(true)),
            _ => (false, Outcome::Denied),
        }
    }
}

/// A local collector that is read so often.
pub fn planned(name: &'static str, sample_secs: u64) -> Planned {
    Planned {
        name,
        target: None,
        rhythm: Rhythm {
            period: Duration::from_secs(sample_secs),
            after_end: None,
        },
        published: true,
        timeout: Duration::from_secs(1),
    }
}

fn names(setup: &Setup) -> BTreeMap<usize, &'static str> {
    let collectors = setup.collectors.iter();
    collectors
        .map(|(number, planned)| (*number, planned.name))
        .collect()
}

pub fn setup(seed: u64) -> Setup {
    Setup {
        collectors: [(0, planned("fake", 1))].into(),
        selection: Selection::default(),
        shown: None,
        sets: WantedSets {
            fleet: true,
            instance: true,
            ..WantedSets::default()
        },
        namespace: Arc::from("Test"),
        vmseries_namespace: Arc::from("VMseries"),
        period: Duration::from_secs(60),
        close_after: Duration::from_millis(1700),
        series_max: 300,
        limits: Limits {
            memory_bytes: 4 << 20,
            disk_bytes: None,
            oldest_secs: 13 * 86_400,
            requests_per_second: NonZeroU32::MIN.saturating_add(9),
        },
        checkpoint: Duration::from_secs(5),
        identity: Settings::default(),
        remote: BTreeMap::new(),
        kept: Kept::default(),
        correct_clock: false,
        drain: None,
        seed,
    }
}

pub fn identity() -> Identity {
    Identity {
        instance_id: Some("i-1".to_owned()),
        auto_scaling_group: Some("edge".to_owned()),
        region: None,
        lifecycle: Lifecycle::State("InService".to_owned()),
    }
}

pub fn healthy(world: &mut World) -> (Readings, Option<CollectError>) {
    let mut readings = Readings::default();
    #[allow(clippy::cast_precision_loss)]
    let value = (world.passes % 100) as f64;
    readings.push(Record::new(&CPU, Raw::Level(value)));
    (readings, None)
}

impl World {
    pub fn new(setup: Setup, faults: Faults) -> Self {
        World::of(setup, faults, healthy)
    }

    /// With these readings from the first pass on.
    pub fn of(setup: Setup, faults: Faults, collect: Collect) -> Self {
        let now = Now {
            boot: BOOT,
            wall_ms: EPOCH_MS,
        };
        let names = names(&setup);
        let mut core = Core::new(setup, now);
        let first = core.start(now);
        let mut world = World {
            core,
            now,
            events: BinaryHeap::new(),
            order: 0,
            faults,
            store: Store::new(),
            sums: BTreeMap::new(),
            calls: Vec::new(),
            batches: Vec::new(),
            exited: false,
            collect,
            lines: Vec::new(),
            kept: Kept::default(),
            series_written: 0,
            passes: 0,
            collecting: 0,
            names,
            retired: Vec::new(),
            asked: BTreeMap::new(),
            pass_ms: 2,
            poison: None,
            poison_outcome: Outcome::Invalid,
            disk: disk::Disk::default(),
            mood: disk::Mood::Well,
            most_memory: 0,
            server_ahead_ms: None,
            date_ahead_ms: None,
            taken: Vec::new(),
            seen: None,
            denied_namespace: None,
        };
        world.perform(first);
        world
    }

    /// The process is killed, and another starts a little later with what is on the disk. The seed is another too.
    pub fn killed(&mut self, setup: Setup) {
        self.advance(self.now.boot + Duration::from_millis(1500));
        let kept = Kept {
            totals: self.disk.totals.clone(),
            ..self.kept.clone()
        };
        self.events.clear();
        self.exited = false;
        self.core = Core::new(Setup { kept, ..setup }, self.now);
        let first = self.core.start(self.now);
        self.perform(first);
        self.step(Event::Identity(identity(), None));
    }

    pub fn known(setup: Setup, faults: Faults) -> Self {
        let mut world = World::new(setup, faults);
        world.step(Event::Identity(identity(), None));
        world
    }

    /// Another configuration comes into force.
    pub fn reload(&mut self, setup: Setup) {
        self.names.extend(names(&setup));
        self.step(Event::Reload(Box::new(setup)));
    }

    pub fn later(&mut self, after_ms: u64, event: Event) {
        self.order += 1;
        let at = self.now.boot + Duration::from_millis(after_ms);
        self.events.push(Due(at, self.order, event));
    }

    pub fn step(&mut self, event: Event) {
        if matches!(event, Event::Disk(_)) {
            self.disk.told();
        }
        let actions = self.core.step(event, self.now);
        assert_eq!(
            self.core.account().owed(),
            self.core.waiting(),
            "the account balances"
        );
        self.most_memory = self.most_memory.max(self.core.queue_bytes());
        self.perform(actions);
    }

    pub fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Collect(collector) => {
                    self.passes += 1;
                    self.collecting = collector;
                    let now_ms = u64::try_from(self.now.boot.as_millis()).unwrap();
                    let asked = self.asked.entry(collector).or_insert((now_ms, now_ms, 0));
                    (asked.1, asked.2) = (now_ms, asked.2 + 1);
                    let (readings, error) = (self.collect)(self);
                    let took = Duration::from_millis(self.pass_ms);
                    let at = self.now.boot + took;
                    let done = PassDone {
                        collector,
                        at,
                        took,
                        readings,
                        error,
                    };
                    self.later(self.pass_ms, Event::Pass(Box::new(done)));
                }
                Action::Retire(collector) => self.retired.push(collector),
                Action::Send(id, batch) => self.receive(id, &batch),
                Action::Keep(Keep::Heartbeat(minute)) => self.kept.heartbeat = Some(minute),
                Action::Keep(Keep::Series(series)) => {
                    self.kept.series = series;
                    self.series_written += 1;
                }
                // No world has a group to leave.
                Action::Lifecycle(..) | Action::Keep(Keep::Drain(_)) => {}
                Action::Disk(op) => {
                    let (done, after_ms) = self.disk.carry_out(op, self.mood, &mut self.faults.rng);
                    self.later(after_ms, Event::Disk(done));
                }
                Action::Log(line) => self.lines.push(line.text),
                Action::Exit => self.exited = true,
            }
        }
    }

    fn receive(&mut self, id: u64, batch: &Batch) {
        let stamps = batch.datums().iter().map(|datum| datum.timestamp).collect();
        self.calls.push((self.now.boot, stamps));
        let dimensions = batch.datums().iter().flat_map(|datum| &datum.dimensions);
        let instance = dimensions.rev().find(|d| d.name == "InstanceId");
        let instance = instance.map_or_else(String::new, |d| d.value.clone());
        self.batches.push((batch.namespace().to_owned(), instance));
        let (mut stored, mut outcome) = self.faults.fate(self.now.boot);
        let poison = self.poison.as_deref();
        if batch
            .datums()
            .iter()
            .any(|datum| Some(&*datum.metric) == poison)
        {
            (stored, outcome) = (false, self.poison_outcome);
        }
        if self.denied_namespace.as_deref() == Some(batch.namespace()) {
            (stored, outcome) = (false, Outcome::Denied);
        }
        let mut stamps = batch.datums().iter().map(|datum| datum.timestamp);
        if stored && !stamps.all(|stamp| self.is_in_time(stamp)) {
            (stored, outcome) = (false, Outcome::Invalid);
        }
        if stored {
            if let Some(seen) = &mut self.seen {
                let all = batch.datums().iter().cloned();
                seen.extend(all.map(|datum| (batch.namespace().to_owned(), datum)));
            }
            for datum in batch.datums() {
                let dimensions = datum
                    .dimensions
                    .iter()
                    .map(|d| d.name.to_string())
                    .collect();
                let count: u64 = datum
                    .values
                    .iter()
                    .map(|(_, count)| u64::from(*count))
                    .sum();
                let key = ((datum.metric.to_string(), dimensions), datum.timestamp);
                if datum.metric == DATAPLANE_CPU_UTILIZATION.name && key.0.1 == ["InstanceId"] {
                    self.taken.push((self.now.boot, datum.timestamp, count));
                }
                *self.store.entry(key.clone()).or_default() += count;
                let values = datum.values.iter();
                let sum: f64 = values.map(|(value, count)| value * f64::from(*count)).sum();
                *self.sums.entry(key).or_default() += sum;
            }
        }
        let latency = self.faults.rng.u64(20..400);
        let mut answer = Answer::new(outcome, format!("{outcome:?}"), "scripted");
        answer.server_time = self
            .date(latency / 2)
            .filter(|_| !matches!(outcome, Outcome::Unreachable { .. }));
        if !matches!(outcome, Outcome::Sent) {
            answer.retry_after = self.faults.retry_after;
        }
        self.later(latency, Event::Answer(id, answer));
    }

    /// True time: what the wall clock shows that nobody touches.
    pub fn true_ms(&self) -> i64 {
        EPOCH_MS + i64::try_from((self.now.boot - BOOT).as_millis()).unwrap()
    }

    /// The `Date` that the endpoint writes after so many milliseconds, where it has a clock.
    fn date(&self, after_ms: u64) -> Option<i64> {
        let ahead = self.date_ahead_ms.or(self.server_ahead_ms)?;
        let ms = self.true_ms() + ahead + i64::try_from(after_ms).unwrap();
        Some(ms.div_euclid(1000))
    }

    fn is_in_time(&self, stamp: i64) -> bool {
        self.server_ahead_ms.is_none_or(|ahead| {
            let now = (self.true_ms() + ahead).div_euclid(1000);
            (now - OLDEST_SECS..now + NEWEST_SECS).contains(&stamp)
        })
    }

    pub fn advance(&mut self, to: Duration) {
        let to = to.max(self.now.boot);
        // Whole milliseconds of both: parts of one do not add up to a drift.
        let passed_ms = to.as_millis() - self.now.boot.as_millis();
        self.now.boot = to;
        self.now.wall_ms += i64::try_from(passed_ms).unwrap();
    }

    /// Time passes until the next event, or to the end of it.
    pub fn next_event(&mut self, end: Duration) -> Option<Event> {
        // The timer's grain, as in the loop around the core.
        let grain = self.now.boot + Duration::from_millis(1);
        let wake = self.core.wake(self.now).max(grain);
        let next = self.events.peek().map_or(wake, |due| due.0.min(wake));
        self.advance(next.min(end));
        if next > end {
            return None;
        }
        let due = self.events.peek().is_some_and(|due| due.0 <= self.now.boot);
        let event = if due { self.events.pop() } else { None };
        Some(event.map_or(Event::Timer, |due| due.2))
    }

    /// Runs for so long.
    pub fn run(&mut self, span: Duration) {
        let end = self.now.boot + span;
        while !self.exited
            && let Some(event) = self.next_event(end)
        {
            self.step(event);
        }
    }

    pub fn stop(&mut self) {
        self.step(Event::Stop);
        self.run(Duration::from_secs(30));
        assert!(self.exited, "it ends within its time");
    }

    /// The sum of a coarse series of the instance over all windows.
    pub fn sum_of(&self, metric: &str) -> f64 {
        let wanted = (metric.to_owned(), vec!["InstanceId".to_owned()]);
        let of = self
            .sums
            .iter()
            .filter(|((series, _), _)| *series == wanted);
        of.map(|(_, sum)| sum).sum()
    }

    /// Readings of a metric in all.
    pub fn counts_of(&self, metric: &str) -> u64 {
        let of = self
            .store
            .iter()
            .filter(|((series, _), _)| series.0 == metric);
        of.map(|(_, count)| count).sum()
    }

    /// Readings of a series per window.
    pub fn counts(&self, metric: &str, dimension: &str) -> Vec<(i64, u64)> {
        let wanted = (metric.to_owned(), vec![dimension.to_owned()]);
        self.store
            .iter()
            .filter(|((series, _), _)| *series == wanted)
            .map(|((_, stamp), count)| (stamp - EPOCH_MS / 1000, *count))
            .collect()
    }
}
