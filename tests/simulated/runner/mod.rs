//! The core on a course of faults: lean, for a million windows, with its account and the ledger compared throughout.

mod blows;
mod diary;
mod settle;
mod wire;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};
use std::time::Duration;

use fwmetrics::agent::core::account::Reason;
use fwmetrics::agent::core::kept::Kept;
use fwmetrics::agent::core::{Core, Event, Setup};
use fwmetrics::clock::Now;
use fwmetrics::publish::journal::JournalName;
use fwmetrics::publish::spool::FileName;

use super::course::{Net, Stretch};
use super::disk::{Disk, Mood};
use super::ledger::Ledger;
use super::tally::Tally;
use super::{Due, EPOCH_MS, identity};
use diary::Diary;

/// A process on its course, and the next ones.
pub struct Runner {
    pub core: Core,
    pub now: Now,
    pub disk: Disk,
    pub ledger: Ledger,
    pub tally: Tally,
    pub net: Net,
    pub mood: Mood,
    rng: fastrand::Rng,
    setup: Setup,
    events: BinaryHeap<Due>,
    order: u64,
    kept: Kept,
    passes: u64,
    /// The pass under way, and whether it only seeds.
    under_way: Option<(u64, bool)>,
    starting: bool,
    stopping: bool,
    exited: bool,
    /// Datums of the call under way.
    in_flight: u64,
    writing: Option<FileName>,
    /// Batches that were written and not tried, with the time from which they wait.
    untried: HashMap<u64, (i64, Duration)>,
    /// Batches that were sent in this life, by number.
    tried: HashSet<u64>,
    /// Journals that this process wrote or read.
    known_journals: HashSet<JournalName>,
    /// When anything was last out of order.
    trouble: Duration,
    /// What happened since all was settled lets these be given up.
    allowed: BTreeSet<Reason>,
    repeats_allowed: bool,
    /// Passes that may come again: nobody took in the answer.
    repeatable: HashSet<u64>,
    disk_failed: bool,
    /// The wall clock went back: labels repeat, and do not tell which window is the freshest.
    jumped_back: bool,
    /// Batches left memory for want of room.
    pressed: bool,
    /// The account's drops when all was settled last.
    settled: BTreeMap<Reason, u64>,
    /// Datums in memory alone at a kill.
    in_memory: u64,
    /// Bytes of the largest batch.
    largest: usize,
    diary: Diary,
}

impl Runner {
    pub fn new(setup: Setup) -> Self {
        let now = Now {
            boot: Duration::from_secs(1000),
            wall_ms: EPOCH_MS,
        };
        let mut runner = Runner {
            core: Core::new(setup.clone(), now),
            now,
            disk: Disk::default(),
            ledger: Ledger::default(),
            tally: Tally::default(),
            net: Net::Well,
            mood: Mood::Well,
            rng: fastrand::Rng::with_seed(setup.seed),
            setup,
            events: BinaryHeap::new(),
            order: 0,
            kept: Kept::default(),
            passes: 0,
            under_way: None,
            starting: false,
            stopping: false,
            exited: false,
            in_flight: 0,
            writing: None,
            untried: HashMap::new(),
            tried: HashSet::new(),
            known_journals: HashSet::new(),
            trouble: now.boot,
            allowed: BTreeSet::new(),
            repeats_allowed: false,
            repeatable: HashSet::new(),
            disk_failed: false,
            jumped_back: false,
            pressed: false,
            settled: BTreeMap::new(),
            in_memory: 0,
            largest: 0,
            diary: Diary::default(),
        };
        runner.begin();
        runner
    }

    /// Keeps the last lines of what happens, and prints them when a check fails.
    pub fn keep_diary(&mut self) {
        self.diary = Diary::kept();
    }

    fn write(&mut self, line: impl FnOnce() -> String) {
        self.diary.write(self.now, line);
    }

    /// One stretch of its course.
    pub fn go(&mut self, stretch: &Stretch) {
        self.write(|| format!("{stretch:?}"));
        (self.net, self.mood) = (stretch.net, stretch.mood);
        self.trouble = self.now.boot;
        self.allow_moods();
        let end = self.now.boot + Duration::from_secs(stretch.length);
        for (after_ms, blow) in &stretch.blows {
            self.run(Duration::from_millis(*after_ms));
            self.blow(*blow);
        }
        self.run(end.saturating_sub(self.now.boot));
        self.trouble = self.now.boot;
        if stretch.recovers {
            self.recover();
        }
    }

    /// Another process starts a moment later.
    fn again(&mut self) {
        let later = Duration::from_millis(self.rng.u64(50..3000));
        self.advance(self.now.boot + later);
        self.begin();
    }

    fn begin(&mut self) {
        // Nobody heard the answer to the last call.
        self.repeats_allowed |= self.in_flight > 0;
        self.events.clear();
        self.untried.clear();
        self.tried.clear();
        self.known_journals.clear();
        (self.exited, self.stopping, self.starting) = (false, false, true);
        (self.under_way, self.writing, self.in_flight) = (None, None, 0);
        self.trouble = self.now.boot;
        let kept = Kept {
            totals: self.disk.totals.clone(),
            ..self.kept.clone()
        };
        let setup = Setup {
            kept,
            seed: self.rng.u64(..),
            ..self.setup.clone()
        };
        self.core = Core::new(setup, self.now);
        let first = self.core.start(self.now);
        self.perform(first);
        self.starting = false;
        self.step(Event::Identity(identity(), None));
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

    fn next_event(&mut self, end: Duration) -> Option<Event> {
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

    fn advance(&mut self, to: Duration) {
        let to = to.max(self.now.boot);
        // Whole milliseconds of both: parts of one do not add up to a drift.
        let passed_ms = to.as_millis() - self.now.boot.as_millis();
        self.now.boot = to;
        self.now.wall_ms += i64::try_from(passed_ms).unwrap();
    }

    fn later(&mut self, after_ms: u64, event: Event) {
        self.order += 1;
        let at = self.now.boot + Duration::from_millis(after_ms);
        self.events.push(Due(at, self.order, event));
    }
}
