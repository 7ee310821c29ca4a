//! The journals of open windows: what of a window is on disk before it is sealed, so that a process that is killed
//! loses no more than the last few seconds.
//!
//! A window that closes names its batches in its journal, then they are written, then the journal is forgotten. So at
//! the next start either all batches that a journal names are there, and the journal is of no more use, or the window is
//! sealed again from its journal. A window that is shorter than the time between two checkpoints has no journal.

use std::collections::VecDeque;
use std::time::Duration;

use super::Held;
use super::queue::op::JournalOp;
use crate::aggregate::window::Window;
use crate::clock::Now;
use crate::publish::journal::{self, Journal, JournalName};
use crate::publish::spool::FileName;

/// Names that wait to be removed, at most: a disk that is dead for weeks.
const FORGOTTEN_MAX: usize = 10_000;
/// Files removed in one operation.
const FORGOTTEN_AT_ONCE: usize = 64;
/// A journal that could not be read is tried again after this; the others go on.
const REREAD_AFTER: Duration = Duration::from_secs(600);
/// A journal has no more bytes: what comes after them is in memory alone. A longer file is not read.
const SHEET_BYTES_MAX: u64 = 3 << 20;

/// What is remembered of an operation until it ends.
#[derive(Debug)]
enum UnderWay {
    Read(JournalName, u64),
    /// How many of the pending bytes.
    Write(JournalName, usize),
    /// How many of the first names.
    Forget(usize),
}

/// The file of one window.
#[derive(Debug)]
struct Sheet {
    name: JournalName,
    /// Bytes that are in the file for certain.
    written: u64,
    /// Lines that are to follow.
    pending: Vec<u8>,
    /// They take the place of what is in the file.
    anew: bool,
    /// A file of this name may be there.
    begun: bool,
    /// It takes no more.
    full: bool,
    /// The batches of the window, once it is closed.
    batches: Option<Vec<FileName>>,
}

impl Sheet {
    /// Of a window that has no file yet.
    fn new(name: JournalName) -> Self {
        Sheet {
            name,
            written: 0,
            pending: Vec::new(),
            anew: true,
            begun: false,
            full: false,
            batches: None,
        }
    }
}

/// All journals.
#[derive(Debug)]
pub(super) struct Journals {
    every: Duration,
    ids: u64,
    sheets: Vec<Sheet>,
    under_way: Option<UnderWay>,
    /// Journals of an earlier run, with their bytes, that nobody has read yet.
    left: VecDeque<(JournalName, u64)>,
    /// Those that could not be read, with the boot time at which they are tried again.
    parked: Vec<(JournalName, u64, Duration)>,
    forgotten: VecDeque<JournalName>,
}

/// What the end of an operation means to the windows.
pub(super) enum Ended {
    /// Nothing.
    Nothing,
    /// This journal of an earlier run was asked for.
    Read(JournalName),
    /// The file of this window is gone: its journal begins anew.
    Gone(JournalName),
}

impl Journals {
    /// Journals that take in what is new `every` so often. Numbered by the wall clock, so that no number is given again.
    pub(super) fn new(every: Duration, now: Now) -> Self {
        Journals {
            every,
            ids: now.wall_ms.max(0).unsigned_abs() << 20,
            sheets: Vec::new(),
            under_way: None,
            left: VecDeque::new(),
            parked: Vec::new(),
            forgotten: VecDeque::new(),
        }
    }

    /// Another configuration.
    pub(super) fn limit(&mut self, every: Duration) {
        self.every = every;
    }

    /// A name that no window had.
    pub(super) fn name(&mut self, label: i64) -> JournalName {
        self.ids += 1;
        let label = label.max(0);
        JournalName {
            label,
            id: self.ids,
        }
    }

    /// When what was read at `now` should be in the journal.
    pub(super) fn due(&self, now: Duration) -> Duration {
        now + self.every
    }

    /// An earlier run left these.
    pub(super) fn found(&mut self, journals: Vec<(JournalName, u64)>) {
        // Its own of this run are no news, should the disk be looked at again.
        let ours = |name: &JournalName| self.sheets.iter().any(|sheet| sheet.name == *name);
        let mut left: Vec<_> = journals
            .into_iter()
            .filter(|(name, _)| !ours(name))
            .collect();
        left.sort_unstable();
        self.left = left.into();
    }

    /// There is one of an earlier run that was not read.
    pub(super) fn reading(&self) -> bool {
        !self.left.is_empty() || matches!(self.under_way, Some(UnderWay::Read(..)))
    }

    /// Bytes of files, as far as they are known.
    pub(super) fn bytes(&self) -> u64 {
        let left: u64 = self.left.iter().map(|(_, bytes)| bytes).sum();
        let parked: u64 = self.parked.iter().map(|(_, bytes, _)| bytes).sum();
        left + parked + self.sheets.iter().map(|sheet| sheet.written).sum::<u64>()
    }

    /// Nothing is left to be done for windows that are closed.
    pub(super) fn rests(&self) -> bool {
        let closed = self.sheets.iter().any(|sheet| sheet.batches.is_some());
        self.under_way.is_none() && self.left.is_empty() && !closed && self.forgotten.is_empty()
    }

    /// A journal of an earlier run, of so many bytes, goes on: with a closed window, or `anew` with an open one.
    pub(super) fn adopt(&mut self, name: JournalName, written: u64, anew: bool) {
        self.sheets.push(Sheet {
            name,
            written,
            pending: Vec::new(),
            anew,
            begun: true,
            full: false,
            batches: None,
        });
    }

    /// A journal is of no more use.
    pub(super) fn forget(&mut self, name: JournalName) {
        let unbegun = self.sheet(name).is_some_and(|sheet| !sheet.begun);
        self.sheets.retain(|sheet| sheet.name != name);
        if unbegun {
            return;
        }
        self.forgotten.push_back(name);
        let over = self.forgotten.len().saturating_sub(FORGOTTEN_MAX);
        self.forgotten.drain(..over);
    }

    /// The window closes: what its journal lacks is to follow. A window without a journal gets none any more.
    pub(super) fn closing(
        &mut self,
        name: JournalName,
        window: &mut Window,
        period_secs: i64,
        beaten: bool,
    ) {
        if self.sheet(name).is_some() && window.has_changes() {
            self.extend(name, window, period_secs, beaten);
        }
    }

    /// This window has a journal.
    pub(super) fn has(&self, name: JournalName) -> bool {
        self.sheets.iter().any(|sheet| sheet.name == name)
    }

    /// The window became these batches, with the heartbeats of these minutes.
    pub(super) fn closed(&mut self, name: JournalName, batches: Vec<FileName>, minutes: &[i64]) {
        let under_way = matches!(self.under_way, Some(UnderWay::Write(busy, _)) if busy == name);
        let Some(sheet) = self.sheet(name) else {
            return;
        };
        if sheet.written == 0 && !under_way {
            // The disk did not take its first line: there is nothing that could be sealed again.
            return self.forget(name);
        }
        sheet.pending.extend(journal::closed(&batches, minutes));
        sheet.batches = Some(batches);
    }

    /// What is to be done next: journals of an earlier run are read first.
    pub(super) fn read_op(&mut self, now: Duration) -> Option<JournalOp> {
        let again = |(_, _, from): &mut (JournalName, u64, Duration)| *from <= now;
        let again = self.parked.extract_if(.., again);
        self.left
            .extend(again.map(|(name, bytes, _)| (name, bytes)));
        let (name, bytes) = self.left.pop_front()?;
        self.under_way = Some(UnderWay::Read(name, bytes));
        Some(JournalOp::Read(name))
    }

    /// The names of a closed window's batches are written before these are, and readings when they are due.
    pub(super) fn write_op(
        &mut self,
        windows: &mut VecDeque<Held>,
        period_secs: i64,
        now: Duration,
        beaten: impl Fn(i64) -> bool,
    ) -> Option<JournalOp> {
        let closed = |sheet: &&Sheet| sheet.batches.is_some() && !sheet.pending.is_empty();
        if let Some(name) = self.sheets.iter().find(closed).map(|sheet| sheet.name) {
            return self.write(name);
        }
        let due = |held: &&mut Held| held.journal_due <= now && held.window.has_changes();
        let held = windows.iter_mut().find(due)?;
        held.journal_due = self.due(now);
        let name = held.journal;
        if self.sheet(name).is_none() {
            self.sheets.push(Sheet::new(name));
        }
        // Lines that the disk did not take are tried again; meanwhile the window keeps what is new.
        if self.sheet(name)?.pending.is_empty() {
            let beaten = beaten(held.window.label);
            self.extend(name, &mut held.window, period_secs, beaten);
        }
        self.write(name)
    }

    /// When it is worth asking again.
    pub(super) fn wake(&self, windows: &VecDeque<Held>) -> Option<Duration> {
        let due = windows.iter().filter(|held| held.window.has_changes());
        due.map(|held| held.journal_due).min()
    }

    /// Journals of closed windows whose batches are all settled are of no use, whatever the disk took of them.
    pub(super) fn drop_settled(&mut self, gone: impl Fn(&FileName) -> bool) {
        let settled = |sheet: &&Sheet| {
            let batches = sheet.batches.as_ref();
            batches.is_some_and(|names| names.iter().all(&gone))
        };
        let names: Vec<JournalName> = self.sheets.iter().filter(settled).map(|s| s.name).collect();
        for name in names {
            self.forget(name);
        }
    }

    /// Journals whose windows are safe as batches, or settled.
    pub(super) fn forget_op(&mut self, safe: impl Fn(&FileName) -> bool) -> Option<JournalOp> {
        let safe = |sheet: &mut Sheet| {
            let batches = sheet.batches.as_ref();
            sheet.pending.is_empty() && batches.is_some_and(|names| names.iter().all(&safe))
        };
        let done = self.sheets.extract_if(.., safe).map(|sheet| sheet.name);
        self.forgotten.extend(done);
        let next = self.forgotten.iter().take(FORGOTTEN_AT_ONCE);
        let names: Vec<JournalName> = next.copied().collect();
        if names.is_empty() {
            return None;
        }
        self.under_way = Some(UnderWay::Forget(names.len()));
        Some(JournalOp::Forget(names))
    }

    /// An operation ended well, or (`false`) there was no file; or the disk failed.
    pub(super) fn done(&mut self, well: Option<bool>, now: Duration) -> Ended {
        match (self.under_way.take(), well) {
            (Some(UnderWay::Read(name, bytes)), None) => {
                self.parked.push((name, bytes, now + REREAD_AFTER));
            }
            (Some(UnderWay::Read(name, _)), Some(_)) => return Ended::Read(name),
            (Some(UnderWay::Forget(count)), Some(_)) => drop(self.forgotten.drain(..count)),
            (Some(UnderWay::Write(name, count)), Some(true)) => {
                if let Some(sheet) = self.sheet(name) {
                    let before = if sheet.anew { 0 } else { sheet.written };
                    (sheet.written, sheet.anew) = (before + count as u64, false);
                    sheet.pending.drain(..count);
                }
            }
            (Some(UnderWay::Write(name, _)), Some(false)) => {
                let sheet = self.sheet(name);
                if sheet.as_ref().is_some_and(|sheet| sheet.batches.is_some()) {
                    self.forget(name);
                } else if let Some(sheet) = sheet {
                    *sheet = Sheet::new(name);
                    // Shorter than it should be, perhaps: it is written anew.
                    sheet.begun = true;
                    return Ended::Gone(name);
                }
            }
            (Some(UnderWay::Write(..) | UnderWay::Forget(_)) | None, _) => {}
        }
        Ended::Nothing
    }

    /// Puts what the journal lacks behind its pending lines.
    fn extend(&mut self, name: JournalName, window: &mut Window, period_secs: i64, beaten: bool) {
        let Some(sheet) = self.sheet(name).filter(|sheet| !sheet.full) else {
            return;
        };
        let pending = sheet.pending.len();
        if sheet.anew && pending == 0 {
            sheet.pending = journal::begin(window.label, period_secs, beaten);
        }
        sheet.pending.extend(journal::changes(window));
        let before = if sheet.anew { 0 } else { sheet.written };
        if before + sheet.pending.len() as u64 > SHEET_BYTES_MAX {
            sheet.pending.truncate(pending);
            sheet.full = true;
        }
    }

    fn write(&mut self, name: JournalName) -> Option<JournalOp> {
        let sheet = self.sheet(name).filter(|sheet| !sheet.pending.is_empty())?;
        sheet.begun = true;
        let bytes = sheet.pending.clone();
        let op = match sheet.anew {
            true => JournalOp::Begin(name, bytes),
            false => JournalOp::Append(name, sheet.written, bytes),
        };
        let count = sheet.pending.len();
        self.under_way = Some(UnderWay::Write(name, count));
        Some(op)
    }

    fn sheet(&mut self, name: JournalName) -> Option<&mut Sheet> {
        self.sheets.iter_mut().find(|sheet| sheet.name == name)
    }
}

/// The batches that a journal names are all there: it is of no more use.
pub(super) fn is_settled(journal: &Journal, there: impl Fn(&FileName) -> bool) -> bool {
    let names = journal.batches.as_ref();
    names.is_some_and(|names| names.iter().all(there))
}
