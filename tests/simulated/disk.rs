//! A disk in virtual time: files that outlive a core, and faults by seed.

use std::collections::{BTreeMap, BTreeSet};

use fwmetrics::agent::core::account::Totals;
use fwmetrics::agent::core::queue::op::{Done, JournalOp, Listing, Loaded, LoadedJournal, Op};
use fwmetrics::publish::journal::{self, JournalName};
use fwmetrics::publish::spool::{FileName, decode};

/// What a process leaves behind when it is killed.
#[derive(Debug, Default, Clone)]
pub struct Disk {
    pub files: BTreeMap<FileName, Vec<u8>>,
    pub journals: BTreeMap<JournalName, Vec<u8>>,
    pub totals: Option<Totals>,
    pub rejected: Vec<Vec<u8>>,
    pub written_bytes: u64,
    pub journal_bytes: u64,
    pub writes: u64,
    pub loads: u64,
    pub most_bytes: usize,
    /// The windows that a killed process left: newest timestamp of each file.
    pub ever: BTreeSet<i64>,
    /// How to undo the operation that is under way: a crash may come before it.
    under_way: Option<Undo>,
}

#[derive(Debug, Clone)]
enum Undo {
    Write(FileName),
    Remove(Vec<(FileName, Vec<u8>)>, Option<Totals>),
    Journals(BTreeMap<JournalName, Vec<u8>>),
}

/// How the disk behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Well,
    /// Nothing can be written.
    ReadOnly,
    /// Nothing that needs more than so many bytes in all.
    Full(usize),
    /// Each operation ends after so many milliseconds, well.
    Slow(u64),
    /// Each operation takes so long, is done in the end, and was given up before.
    TooSlow(u64),
    /// One operation in so many fails; one in as many is done and said to have failed.
    Flaky(u64),
}

impl Disk {
    /// Does it: how it ended and after how many milliseconds.
    pub fn carry_out(&mut self, op: Op, mood: Mood, rng: &mut fastrand::Rng) -> (Done, u64) {
        let usual = rng.u64(1..20);
        match mood {
            Mood::Slow(millis) => (self.does(op), millis),
            Mood::TooSlow(millis) => {
                let failed = fails(&op, "the disk does not answer");
                self.does(op);
                (failed, millis)
            }
            Mood::Flaky(one_in) => match rng.u64(0..one_in) {
                0 => (fails(&op, "flaky"), usual),
                1 => {
                    let failed = fails(&op, "flaky");
                    self.does(op);
                    (failed, usual)
                }
                _ => (self.does(op), usual),
            },
            Mood::ReadOnly if !matches!(op, Op::Load(_) | Op::Journal(JournalOp::Read(_))) => {
                (fails(&op, "read-only"), usual)
            }
            Mood::Full(most) => {
                let more = match &op {
                    Op::Write(_, bytes)
                    | Op::Journal(JournalOp::Begin(_, bytes) | JournalOp::Append(_, _, bytes)) => {
                        bytes.len()
                    }
                    _ => 0,
                };
                if more > 0 && self.bytes() + more > most {
                    let full = match &op {
                        Op::Write(..) => Done::Full("no space left".to_owned()),
                        _ => fails(&op, "no space left"),
                    };
                    return (full, usual);
                }
                (self.does(op), usual)
            }
            Mood::Well | Mood::ReadOnly => (self.does(op), usual),
        }
    }

    /// The end of the operation was told.
    pub fn told(&mut self) {
        self.under_way = None;
    }

    /// The process is killed: what was under way may have been done, or not, or half.
    pub fn crash(&mut self, rng: &mut fastrand::Rng) {
        let (back, whole) = (rng.bool(), rng.bool());
        match self.under_way.take().filter(|_| back) {
            Some(Undo::Write(name)) => drop(self.files.remove(&name)),
            Some(Undo::Remove(files, totals)) => {
                self.files.extend(files);
                if whole {
                    self.totals = totals;
                }
            }
            Some(Undo::Journals(before)) if whole => self.journals = before,
            // An append that got half-way.
            Some(Undo::Journals(before)) => {
                for (name, bytes) in &mut self.journals {
                    let kept = before.get(name).map(Vec::len);
                    let kept = kept.filter(|kept| *kept < bytes.len());
                    if let Some(kept) = kept {
                        bytes.truncate(rng.usize(kept..bytes.len()));
                    }
                }
            }
            None => {}
        }
        let written = self.files.keys().map(|name| name.newest);
        self.ever.extend(written);
    }

    pub fn bytes(&self) -> usize {
        let journals = self.journals.values().map(Vec::len).sum::<usize>();
        self.files.values().map(Vec::len).sum::<usize>() + journals
    }

    /// Datums in files.
    pub fn datums(&self) -> u64 {
        self.files.keys().map(|name| name.datums as u64).sum()
    }

    fn does(&mut self, op: Op) -> Done {
        match op {
            Op::List => Done::Listed(Ok(Listing {
                files: self
                    .files
                    .iter()
                    .map(|(name, bytes)| (*name, bytes.len() as u64))
                    .collect(),
                journals: self
                    .journals
                    .iter()
                    .map(|(name, bytes)| (*name, bytes.len() as u64))
                    .collect(),
                rejected_bytes: self.rejected_bytes(),
                set_aside: 0,
            })),
            Op::Write(name, bytes) => {
                self.writes += 1;
                self.written_bytes += bytes.len() as u64;
                self.files.insert(name, bytes);
                self.under_way = Some(Undo::Write(name));
                self.most_bytes = self.most_bytes.max(self.bytes());
                Done::Wrote(Ok(()))
            }
            Op::Load(name) => Done::Loaded(Ok(self.load(name))),
            Op::Remove(names, totals) => {
                let before = self.totals.replace(totals);
                let gone = names
                    .iter()
                    .filter_map(|name| Some((*name, self.files.remove(name)?)));
                self.under_way = Some(Undo::Remove(gone.collect(), before));
                Done::Removed(Ok(()))
            }
            Op::Journal(op) => self.does_with_journal(op),
        }
    }

    fn does_with_journal(&mut self, op: JournalOp) -> Done {
        let before = self.journals.clone();
        let there = match op {
            JournalOp::Read(name) => return Done::ReadJournal(Ok(self.load_journal(name))),
            JournalOp::Begin(name, bytes) => {
                self.journal_bytes += bytes.len() as u64;
                self.journals.insert(name, bytes);
                true
            }
            JournalOp::Append(name, written, bytes) => {
                self.journal_bytes += bytes.len() as u64;
                let file = self.journals.get_mut(&name);
                file.is_some_and(|file| {
                    file.truncate(usize::try_from(written).unwrap());
                    file.extend(bytes);
                    true
                })
            }
            JournalOp::Forget(names) => {
                self.journals.retain(|name, _| !names.contains(name));
                true
            }
        };
        self.most_bytes = self.most_bytes.max(self.bytes());
        self.under_way = Some(Undo::Journals(before));
        Done::Journaled(Ok(there))
    }

    fn load_journal(&mut self, name: JournalName) -> LoadedJournal {
        let Some(bytes) = self.journals.get(&name) else {
            return LoadedJournal::Missing;
        };
        match journal::decode(bytes) {
            Ok(journal) => LoadedJournal::Journal(Box::new(journal)),
            Err(why) => {
                self.rejected.extend(self.journals.remove(&name));
                LoadedJournal::Spoilt(why, self.rejected_bytes())
            }
        }
    }

    fn load(&mut self, name: FileName) -> Loaded {
        self.loads += 1;
        let Some(bytes) = self.files.get(&name) else {
            return Loaded::Missing;
        };
        match decode(bytes) {
            Ok(batch) => Loaded::Batch(Box::new(batch)),
            Err(why) => {
                self.rejected.extend(self.files.remove(&name));
                Loaded::Spoilt(why, self.rejected_bytes())
            }
        }
    }

    fn rejected_bytes(&self) -> u64 {
        self.rejected.iter().map(|bytes| bytes.len() as u64).sum()
    }
}

fn fails(op: &Op, why: &str) -> Done {
    let why = why.to_owned();
    match op {
        Op::List => Done::Listed(Err(why)),
        Op::Write(..) => Done::Wrote(Err(why)),
        Op::Load(_) => Done::Loaded(Err(why)),
        Op::Remove(..) => Done::Removed(Err(why)),
        Op::Journal(JournalOp::Read(_)) => Done::ReadJournal(Err(why)),
        Op::Journal(_) => Done::Journaled(Err(why)),
    }
}
