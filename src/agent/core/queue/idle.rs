//! Batches of which only the file is there and nothing is under way: thousands after a long outage. Each costs some
//! fifty bytes of memory, and no question that comes often looks at all of them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use super::CLOCK_PATIENCE;
use crate::publish::spool::FileName;

/// Order of age: newest timestamp, then number; the oldest is least.
pub(super) type Age = (i64, u64);

/// What is known of a file beside its age. A name holds at most a call's datums, a file of ours at most 4 MiB.
#[derive(Debug, Clone, Copy)]
struct File {
    datums: u32,
    bytes: u32,
    /// Since when it is too far ahead of the clock: boot time in seconds, and one more.
    ahead_since: Option<NonZeroU32>,
}

/// The idle files.
#[derive(Debug)]
pub(super) struct Idle {
    files: BTreeMap<Age, File>,
    /// Those of a namespace that is denied alone.
    barred: BTreeMap<Age, File>,
    datums: u64,
    bytes: u64,
    /// Timestamps from here on are too far ahead of the clock, Unix seconds.
    ahead_from: i64,
    /// No file has been ahead for too long before this boot time.
    patient_until: Duration,
}

impl Default for Idle {
    fn default() -> Self {
        Idle {
            files: BTreeMap::new(),
            barred: BTreeMap::new(),
            datums: 0,
            bytes: 0,
            ahead_from: i64::MAX,
            patient_until: Duration::MAX,
        }
    }
}

impl Idle {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.files.len() + self.barred.len()
    }

    /// Their datums.
    pub(super) fn datums(&self) -> u64 {
        self.datums
    }

    /// Their bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes in many at once, none of which is there; `now` is boot time.
    pub(super) fn fill(&mut self, files: Vec<(FileName, u64)>, now: Duration) {
        let files = files.into_iter().map(|(name, bytes)| {
            let file = self.file(name, bytes, now);
            (age(name), file)
        });
        // Made from all at once the tree is sorted once, and its nodes are full.
        let mut all: BTreeMap<Age, File> = files.collect();
        all.append(&mut self.files);
        self.files = all;
        (self.datums, self.bytes) = self.sums();
        self.patient_until = Duration::ZERO;
    }

    /// Takes in one, barred or not; if it is too far ahead of the clock, it is so since this boot time.
    pub(super) fn insert(&mut self, name: FileName, bytes: u64, since: Duration, barred: bool) {
        let file = self.file(name, bytes, since);
        if file.ahead_since.is_some() {
            self.patient_until = self.patient_until.min(since + CLOCK_PATIENCE);
        }
        self.datums += u64::from(file.datums);
        self.bytes += u64::from(file.bytes);
        let tree = match barred {
            true => &mut self.barred,
            false => &mut self.files,
        };
        if let Some(before) = tree.insert(age(name), file) {
            self.forget(before);
        }
    }

    /// None is barred any more.
    pub(super) fn unbar(&mut self) {
        self.files.append(&mut self.barred);
    }

    /// Takes it out; its bytes on disk.
    pub(super) fn remove(&mut self, name: FileName) -> Option<u64> {
        let age = age(name);
        let file = self.files.remove(&age);
        let file = file.or_else(|| self.barred.remove(&age))?;
        self.forget(file);
        Some(u64::from(file.bytes))
    }

    /// It is there.
    pub(super) fn holds(&self, name: FileName) -> bool {
        let mut trees = self.trees().into_iter();
        trees.any(|tree| tree.contains_key(&age(name)))
    }

    /// The next to be sent: of the newest that are not ahead of the clock the first.
    pub(super) fn newest_ready(&self) -> Option<FileName> {
        self.newest_of(&self.files)
    }

    /// The same of those that are barred.
    pub(super) fn newest_barred(&self) -> Option<FileName> {
        self.newest_of(&self.barred)
    }

    fn newest_of(&self, tree: &BTreeMap<Age, File>) -> Option<FileName> {
        let below = ..(self.ahead_from, 0);
        let ((newest, _), _) = tree.range(below).next_back()?;
        let (found, file) = tree.range((*newest, 0)..).next()?;
        Some(name(*found, file))
    }

    /// The oldest, with its bytes on disk.
    pub(super) fn oldest(&self) -> Option<(FileName, u64)> {
        let trees = self.trees().into_iter();
        let first = trees.filter_map(BTreeMap::first_key_value);
        let (age, file) = first.min_by_key(|(age, _)| **age)?;
        Some((name(*age, file), file.bytes.into()))
    }

    /// Bytes of those older than this. Looks at all of these, unless they are all there is.
    pub(super) fn bytes_older(&self, than: Age) -> u64 {
        let mut last = self
            .trees()
            .into_iter()
            .filter_map(BTreeMap::last_key_value);
        if last.all(|(last, _)| *last < than) {
            return self.bytes;
        }
        let trees = self.trees().into_iter();
        let older = trees.flat_map(|tree| tree.range(..than));
        older.map(|(_, file)| u64::from(file.bytes)).sum()
    }

    /// The clock has moved: timestamps from `ahead_from` on are too far ahead of it. Looks at those alone for which
    /// that is news.
    pub(super) fn clock(&mut self, ahead_from: i64, now: Duration) {
        let before = std::mem::replace(&mut self.ahead_from, ahead_from);
        for tree in [&mut self.files, &mut self.barred] {
            for (_, file) in tree.range_mut(range(before, ahead_from)) {
                file.ahead_since = None;
            }
            for (_, file) in tree.range_mut(range(ahead_from, before)) {
                file.ahead_since = Some(stamp(now));
                self.patient_until = self.patient_until.min(now + CLOCK_PATIENCE);
            }
        }
    }

    /// Takes out the oldest, if its timestamp is below this.
    pub(super) fn pop_older(&mut self, than_secs: i64) -> Option<(FileName, u64)> {
        let (oldest, bytes) = self.oldest()?;
        if oldest.newest >= than_secs {
            return None;
        }
        self.remove(oldest);
        Some((oldest, bytes))
    }

    /// Takes out those that have been ahead of the clock for too long.
    pub(super) fn pop_too_new(&mut self, now: Duration) -> Vec<(FileName, u64)> {
        if now < self.patient_until {
            return Vec::new();
        }
        self.patient_until = Duration::MAX;
        let mut gone = Vec::new();
        let trees = [&self.files, &self.barred].into_iter();
        for (age, file) in trees.flat_map(|tree| tree.range((self.ahead_from, 0)..)) {
            let Some(since) = file.ahead_since else {
                continue;
            };
            let until = Duration::from_secs(u64::from(since.get()) - 1) + CLOCK_PATIENCE;
            if until <= now {
                gone.push((name(*age, file), u64::from(file.bytes)));
            } else {
                self.patient_until = self.patient_until.min(until);
            }
        }
        for (name, _) in &gone {
            self.remove(*name);
        }
        gone
    }

    /// The sums are those of what is there: datums, bytes.
    pub(super) fn sums_hold(&self) -> bool {
        self.sums() == (self.datums, self.bytes)
    }

    fn sums(&self) -> (u64, u64) {
        let all = || self.trees().into_iter().flat_map(BTreeMap::values);
        let datums = all().map(|file| u64::from(file.datums)).sum();
        (datums, all().map(|file| u64::from(file.bytes)).sum())
    }

    fn trees(&self) -> [&BTreeMap<Age, File>; 2] {
        [&self.files, &self.barred]
    }

    fn file(&self, name: FileName, bytes: u64, since: Duration) -> File {
        File {
            datums: u32::try_from(name.datums).unwrap_or(u32::MAX),
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            ahead_since: (name.newest >= self.ahead_from).then(|| stamp(since)),
        }
    }

    fn forget(&mut self, file: File) {
        self.datums -= u64::from(file.datums);
        self.bytes -= u64::from(file.bytes);
    }
}

fn age(name: FileName) -> Age {
    (name.newest, name.id)
}

fn name((newest, id): Age, file: &File) -> FileName {
    let datums = file.datums as usize;
    FileName { newest, id, datums }
}

/// Ages from one timestamp to below the other; none where that is not later.
fn range(from: i64, below: i64) -> std::ops::Range<Age> {
    (from.min(below), 0)..(below, 0)
}

fn stamp(now: Duration) -> NonZeroU32 {
    let secs = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
    NonZeroU32::MIN.saturating_add(secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(newest: i64, id: u64) -> FileName {
        FileName {
            newest,
            id,
            datums: 2,
        }
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn filled() -> Idle {
        let mut idle = Idle::default();
        let files = [(30, 3), (10, 1), (30, 2), (20, 4)];
        idle.fill(
            files.map(|(newest, id)| (named(newest, id), 100)).into(),
            secs(0),
        );
        idle
    }

    #[test]
    fn the_newest_go_first_and_of_equals_the_first() {
        let mut idle = filled();
        let mut order = Vec::new();
        while let Some(next) = idle.newest_ready() {
            assert_eq!(idle.remove(next), Some(100));
            assert!(idle.sums_hold());
            order.push(next.id);
        }
        assert_eq!(order, [2, 3, 4, 1]);
        assert_eq!((idle.len(), idle.datums(), idle.bytes()), (0, 0, 0));
    }

    #[test]
    fn the_oldest_are_known_with_their_bytes() {
        let mut idle = filled();
        assert_eq!(idle.oldest(), Some((named(10, 1), 100)));
        for (than, bytes) in [((10, 1), 0), ((10, 2), 100), ((30, 3), 300), ((31, 0), 400)] {
            assert_eq!(idle.bytes_older(than), bytes, "{than:?}");
        }
        assert_eq!(idle.pop_older(10), None);
        assert_eq!(idle.pop_older(11), Some((named(10, 1), 100)));
        assert_eq!((idle.len(), idle.datums(), idle.bytes()), (3, 6, 300));
    }

    #[test]
    fn what_is_ahead_of_the_clock_waits_for_it_and_not_for_ever() {
        let mut idle = filled();
        idle.clock(20, secs(100));
        assert_eq!(idle.newest_ready(), Some(named(10, 1)));
        idle.clock(30, secs(500));
        assert_eq!(idle.newest_ready(), Some(named(20, 4)));
        // It was well for a moment: its time begins anew.
        idle.clock(15, secs(600));
        let patience = CLOCK_PATIENCE;
        assert!(idle.pop_too_new(secs(99) + patience).is_empty());
        let gone = idle.pop_too_new(secs(100) + patience);
        assert_eq!(gone, [(named(30, 2), 100), (named(30, 3), 100)]);
        assert!(idle.pop_too_new(secs(599) + patience).is_empty());
        // One that comes in while it is ahead has its own time.
        idle.insert(named(40, 9), 100, secs(1400), false);
        assert_eq!(
            idle.pop_too_new(secs(600) + patience),
            [(named(20, 4), 100)]
        );
        assert!(idle.pop_too_new(secs(1399) + patience).is_empty());
        assert_eq!(idle.pop_too_new(secs(1400) + patience).len(), 1);
        assert_eq!((idle.len(), idle.datums()), (1, 2));
        assert!(idle.sums_hold());
    }

    #[test]
    fn what_is_barred_is_counted_and_has_no_turn() {
        let mut idle = filled();
        idle.insert(named(40, 7), 50, secs(0), true);
        idle.insert(named(5, 8), 50, secs(0), true);
        assert_eq!((idle.len(), idle.datums(), idle.bytes()), (6, 12, 500));
        assert_eq!(idle.newest_ready(), Some(named(30, 2)));
        assert_eq!(idle.newest_barred(), Some(named(40, 7)));
        assert_eq!(idle.oldest(), Some((named(5, 8), 50)));
        assert_eq!(idle.bytes_older((11, 0)), 150);
        assert_eq!(idle.bytes_older((41, 0)), 500);
        assert!(idle.holds(named(40, 7)) && idle.sums_hold());
        idle.clock(35, secs(100));
        assert_eq!(idle.newest_barred(), Some(named(5, 8)));
        let gone = idle.pop_too_new(secs(100) + CLOCK_PATIENCE);
        assert_eq!(gone, [(named(40, 7), 50)]);
        assert_eq!(idle.remove(named(5, 8)), Some(50));
        idle.insert(named(50, 6), 50, secs(0), true);
        idle.clock(60, secs(0));
        idle.unbar();
        assert_eq!(idle.newest_ready(), Some(named(50, 6)));
        assert_eq!((idle.newest_barred(), idle.sums_hold()), (None, true));
    }

    #[test]
    fn a_record_is_small() {
        // A tree's node has room for 11, and is at least half full.
        assert!(size_of::<Age>() + size_of::<File>() <= 28);
    }
}
