//! One step after the other: what the core asks for is done, and each step is checked.

use std::time::Duration;

use fwmetrics::agent::core::account::Reason;
use fwmetrics::agent::core::kept::Keep;
use fwmetrics::agent::core::queue::op::{Done, JournalOp, Op};
use fwmetrics::agent::core::{Action, Event, PassDone};
use fwmetrics::model::names::ACTIVE_SESSIONS;
use fwmetrics::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record};
use fwmetrics::publish::batch::Batch;
use fwmetrics::publish::journal;
use fwmetrics::publish::outcome::{Answer, Outcome};

use super::Runner;
use crate::simulated::course::Net;
use crate::simulated::disk::Mood;

/// The number of the pass is what is read.
static PASS: Reading = Reading {
    name: "pass",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &ACTIVE_SESSIONS,
        fold: Fold::Sum,
    }],
};
/// Refused where the endpoint is poisoned; each window has it.
const POISON: &str = "CollectorUp";
/// How long a pass takes, milliseconds.
const PASS_MS: u64 = 2;
/// An attempt that hangs ends by its deadline, milliseconds.
const ATTEMPT_MS: u64 = 5000;
/// The longest answer of an endpoint that is well, milliseconds.
const ANSWER_MS: u64 = 400;
/// So long after the last trouble windows are on time: the longest back-off and probe are over.
const CALM: Duration = Duration::from_secs(90);
/// Then a window that was written waits for the answer to one call of the backlog.
const LATE_MOST: Duration = Duration::from_millis(ANSWER_MS + 1);

impl Runner {
    pub(super) fn step(&mut self, event: Event) {
        self.tally.steps += 1;
        let account = self.core.account();
        let (sent, dropped) = (account.sent + self.sent_by(&event), account.dropped_total());
        let answered = matches!(event, Event::Answer(..));
        self.notice(&event);
        let actions = self.core.step(event, self.now);
        let account = self.core.account();
        assert_eq!(account.owed(), self.core.waiting(), "{account}");
        assert_eq!(account.sent, sent, "{account}");
        if account.dropped_total() > dropped {
            // Which, only the account's reasons tell.
            self.untried.clear();
        }
        let bytes = self.core.queue_bytes();
        let most = self.setup.limits.memory_bytes;
        assert!(bytes <= most + self.largest, "{bytes} bytes in memory");
        self.pressed |= bytes > most / 2;
        self.tally.most_memory = self.tally.most_memory.max(bytes);
        if answered {
            self.in_flight = 0;
        }
        self.perform(actions);
    }

    fn sent_by(&self, event: &Event) -> u64 {
        match event {
            Event::Answer(_, answer) if answer.outcome == Outcome::Sent => self.in_flight,
            _ => 0,
        }
    }

    fn notice(&mut self, event: &Event) {
        match event {
            Event::Pass(_) => {
                let (pass, seeds) = self.under_way.take().expect("it was asked for");
                // At the end no window is open any more.
                if !seeds && !self.stopping {
                    self.ledger.record(pass, self.now.boot);
                }
            }
            Event::Answer(_, answer) if answer.outcome != Outcome::Sent => {
                self.trouble = self.now.boot;
            }
            Event::Disk(done) => {
                self.disk.told();
                let written = self.writing.take();
                if let (Done::Wrote(Ok(())), Some(name)) = (done, written)
                    && !self.tried.contains(&name.id)
                {
                    let waits = (name.newest, self.now.boot);
                    self.untried.insert(name.id, waits);
                }
            }
            _ => {}
        }
    }

    pub(super) fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Collect(collector) => self.collect(collector),
                Action::Send(id, batch) => self.receive(id, &batch),
                Action::Keep(Keep::Heartbeat(minute)) => self.kept.heartbeat = Some(minute),
                Action::Keep(Keep::Series(series)) => self.kept.series = series,
                Action::Disk(op) => self.disk_op(op),
                // No collector hangs here, and no world has a group to leave.
                Action::Retire(_) | Action::Lifecycle(..) | Action::Keep(Keep::Drain(_)) => {}
                Action::Log(line) => self.write(|| line.text),
                Action::Exit => self.exited = true,
            }
        }
    }

    fn collect(&mut self, collector: usize) {
        self.passes += 1;
        self.under_way = Some((self.passes, self.starting));
        let mut readings = Readings::default();
        #[allow(clippy::cast_precision_loss)] // far below 2^53
        readings.push(Record::new(&PASS, Raw::Level(self.passes as f64)));
        let took = Duration::from_millis(PASS_MS);
        let done = PassDone {
            collector,
            at: self.now.boot + took,
            took,
            readings,
            error: None,
        };
        self.later(PASS_MS, Event::Pass(Box::new(done)));
    }

    fn disk_op(&mut self, op: Op) {
        self.write(|| match &op {
            Op::List => "  list".to_owned(),
            Op::Write(name, _) => format!("  write {name}"),
            Op::Load(name) => format!("  load {name}"),
            Op::Remove(names, totals) => format!("  remove {names:?}, {totals:?}"),
            Op::Journal(op) => format!("  {op:?}"),
        });
        match &op {
            Op::Write(name, _) => self.writing = Some(*name),
            Op::Remove(names, _) => {
                for name in names {
                    self.untried.remove(&name.id);
                }
            }
            Op::Journal(JournalOp::Begin(name, _) | JournalOp::Read(name)) => {
                self.known_journals.insert(*name);
            }
            Op::List | Op::Load(_) | Op::Journal(_) => {}
        }
        let (done, after_ms) = self.disk.carry_out(op, self.mood, &mut self.rng);
        self.write(|| match &done {
            Done::Loaded(Ok(_)) | Done::ReadJournal(Ok(_)) => "  read".to_owned(),
            other => format!("  after {after_ms} ms: {other:?}"),
        });
        self.tally.most_files = self.tally.most_files.max(self.disk.files.len());
        self.later(after_ms, Event::Disk(done));
    }

    fn receive(&mut self, id: u64, batch: &Batch) {
        self.tally.calls += 1;
        self.in_flight = batch.datums().len() as u64;
        self.largest = self.largest.max(batch.bytes());
        self.is_its_turn(id, batch.newest());
        let (stored, outcome, after_ms) = self.fate(batch);
        if stored {
            for pass in passes(batch) {
                let again = self.ledger.arrive(pass);
                let cause = self.repeats_allowed || self.repeatable.contains(&pass);
                assert!(!again || cause, "pass {pass} is sent again without a cause");
                if outcome != Outcome::Sent {
                    self.repeatable.insert(pass);
                }
            }
        }
        let newest = batch.newest();
        self.write(|| format!("  sent {id:x} of {newest}, {after_ms} ms: {outcome:?} {stored}"));
        let answer = Answer::new(outcome, "", "");
        self.later(after_ms, Event::Answer(id, answer));
    }

    /// The freshest first, and in calm times at once.
    fn is_its_turn(&mut self, id: u64, newest: i64) {
        self.tried.insert(id);
        // A window of the future waits for the clock.
        let jumped = self.allowed.contains(&Reason::TooNew);
        let well = self.net == Net::Well && self.mood == Mood::Well && !self.stopping;
        let calm_from = self.trouble + CALM;
        let waits = self.untried.remove(&id);
        if let Some((_, from)) = waits.filter(|(_, from)| well && calm_from < *from && !jumped) {
            let waited = self.now.boot - from;
            self.tally.latest = self.tally.latest.max(waited);
            assert!(waited <= LATE_MOST, "a fresh window waited for {waited:?}");
        }
        let mut fresher = self.untried.values().map(|(newest, _)| *newest);
        // One that is no longer the freshest is backlog: it may have to be read again, behind one that need not be.
        let period = i64::try_from(self.setup.period.as_secs()).unwrap();
        let fresh = self.now.wall_secs() - 2 * period;
        let fresher = fresher.find(|other| *other > newest && *other >= fresh);
        // Where a batch had to leave memory, one that did not may go while it is read again.
        if !self.pressed && !self.disk_failed && !self.jumped_back {
            assert_eq!(fresher, None, "it waits, and {newest} is sent");
        }
    }

    /// Whether the data is stored, what is answered, and after how many milliseconds.
    fn fate(&mut self, batch: &Batch) -> (bool, Outcome, u64) {
        let unreachable = |maybe_accepted| Outcome::Unreachable { maybe_accepted };
        let rng = &mut self.rng;
        let usual = rng.u64(20..ANSWER_MS);
        let (stored, outcome) = match self.net {
            Net::Well => (true, Outcome::Sent),
            Net::Slow(millis) => return (true, Outcome::Sent, millis),
            Net::Down => (false, unreachable(false)),
            Net::Hangs => return (rng.bool(), unreachable(true), ATTEMPT_MS),
            Net::Throttles => (false, Outcome::Throttled),
            Net::Denies => (false, Outcome::Denied),
            Net::Flaky(one_in) if rng.u64(0..one_in) == 0 => match rng.u8(0..4) {
                0 => (false, Outcome::Throttled),
                1 => (false, unreachable(false)),
                2 => (true, unreachable(true)),
                _ => (false, Outcome::Denied),
            },
            Net::LosesAnswers(one_in) if rng.u64(0..one_in) == 0 => (true, unreachable(true)),
            Net::TooLarge(most) if batch.datums().len() > most => (false, Outcome::TooLarge),
            Net::Poisoned if batch.datums().iter().any(|datum| datum.metric == POISON) => {
                (false, Outcome::Invalid)
            }
            _ => (true, Outcome::Sent),
        };
        (stored, outcome, usual)
    }
}

/// The passes whose readings are in a batch.
pub(super) fn passes(batch: &Batch) -> Vec<u64> {
    let of_passes = batch.datums().iter();
    let of_passes = of_passes.filter(|datum| datum.metric == ACTIVE_SESSIONS.name);
    let values = of_passes.flat_map(|datum| datum.values.iter());
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // numbers of passes
    values.map(|(value, _)| *value as u64).collect()
}

/// The passes whose readings are in a journal, as far as it is whole.
pub(super) fn passes_in_journal(bytes: &[u8]) -> Vec<u64> {
    let journal = journal::decode(bytes).ok();
    let series = journal.into_iter().flat_map(|journal| journal.series);
    let of_passes = series.filter(|series| series.metric == ACTIVE_SESSIONS.name);
    let values = of_passes.flat_map(|series| series.values);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // numbers of passes
    values.map(|(value, _)| value as u64).collect()
}
