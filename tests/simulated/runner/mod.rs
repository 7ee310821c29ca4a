//! The core on a course of faults: lean, for a million windows, with its account and the ledger compared throughout.

mod diary;
mod settle;
mod wire;

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};
use std::time::Duration;

use fwmetrics::agent::core::account::{Reason, Totals};
use fwmetrics::agent::core::kept::Kept;
use fwmetrics::agent::core::{Core, Event, Setup};
use fwmetrics::clock::Now;
use fwmetrics::publish::spool::{FileName, decode};

use super::course::{Blow, Net, Stretch};
use super::disk::{Disk, Mood};
use super::ledger::Ledger;
use super::{Due, EPOCH_MS, identity};
use diary::Diary;

/// The end of a process takes at most so long.
const END: Duration = Duration::from_secs(40);

/// What a course was worth.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    pub windows: u64,
    pub steps: u64,
    pub calls: u64,
    pub kills: u64,
    pub restarts: u64,
    pub jumps: u64,
    pub suspends: u64,
    pub rotten: u64,
    /// Readings that arrived more than once.
    pub twice: u64,
    /// Readings that were in memory alone at a kill.
    pub killed: u64,
    /// Readings in datums that were given up and counted.
    pub given_up: u64,
    pub most_files: usize,
    pub most_memory: usize,
    pub dropped: BTreeMap<Reason, u64>,
    /// The longest wait of a fresh window in calm times.
    pub latest: Duration,
}

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
    /// When anything was last out of order.
    trouble: Duration,
    /// What happened since all was settled lets these be given up.
    allowed: BTreeSet<Reason>,
    repeats_allowed: bool,
    disk_failed: bool,
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
            trouble: now.boot,
            allowed: BTreeSet::new(),
            repeats_allowed: false,
            disk_failed: false,
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

    fn blow(&mut self, blow: Blow) {
        self.write(|| format!("{blow:?}"));
        self.trouble = self.now.boot;
        match blow {
            Blow::Kill => self.kill(),
            Blow::Restart => self.restart(),
            Blow::Jump(secs) => {
                self.tally.jumps += 1;
                self.now.wall_ms = (self.now.wall_ms + secs * 1000).max(EPOCH_MS);
                self.allowed.extend([Reason::TooNew, Reason::TooOld]);
            }
            Blow::Suspend(secs) => {
                self.tally.suspends += 1;
                self.advance(self.now.boot + Duration::from_secs(secs));
            }
            Blow::Rot => self.rot(),
        }
    }

    fn kill(&mut self) {
        self.tally.kills += 1;
        self.disk.crash(&mut self.rng);
        let unwritten = self.core.waiting().saturating_sub(self.disk.datums());
        self.in_memory += unwritten.max(self.unwritten_by_account());
        self.allowed.insert(Reason::Lost);
        self.repeats_allowed = true;
        self.ledger.kill(&self.on_disk());
        self.again();
    }

    /// Passes in files. One that rotted is given up as corrupt when it is read.
    fn on_disk(&self) -> HashSet<u64> {
        let files = self.disk.files.values();
        let batches = files.filter_map(|bytes| decode(bytes).ok());
        batches.flat_map(|batch| wire::passes(&batch)).collect()
    }

    /// Datums in files that rotted.
    fn rotten_datums(&self) -> u64 {
        let files = self.disk.files.iter();
        let rotten = files.filter(|(_, bytes)| decode(bytes).is_err());
        rotten.map(|(name, _)| name.datums as u64).sum()
    }

    /// Datums in memory alone when the account was written last; it says so, even if they were written
    /// after it.
    fn unwritten_by_account(&self) -> u64 {
        let of = |totals: &Totals| {
            let settled = totals.sent + totals.dropped.values().sum::<u64>() + totals.on_disk;
            totals.sealed - settled
        };
        self.disk.totals.as_ref().map_or(0, of)
    }

    fn restart(&mut self) {
        self.tally.restarts += 1;
        self.stop();
        if self.disk_failed {
            // The last word to the disk may not have come through: the next one goes on from an older account.
            self.allowed.insert(Reason::Lost);
            self.in_memory += self.core.account().sealed;
            self.repeats_allowed = true;
        }
        let unsent = self.core.unsent();
        assert!(unsent == 0 || self.disk_failed, "{unsent} datums unsent");
        // It said so in its last line; on a disk that takes nothing the next one cannot know.
        let counted = unsent as u64 + self.dropped_in_all() + self.rotten_datums();
        let gone = self.ledger.kill(&self.on_disk());
        assert!(gone <= counted, "{gone} readings of {counted} datums");
        self.again();
    }

    /// SIGTERM.
    fn stop(&mut self) {
        self.stopping = true;
        self.step(Event::Stop);
        self.run(END);
        assert!(self.exited, "it ends within its time");
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

    fn rot(&mut self) {
        if self.disk.files.is_empty() {
            return;
        }
        self.tally.rotten += 1;
        let which = self.rng.usize(..self.disk.files.len());
        let file = self.disk.files.values_mut().nth(which);
        let bytes = file.expect("one of them");
        let bit = self.rng.usize(..bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        self.allowed.insert(Reason::Corrupt);
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
