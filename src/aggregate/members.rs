//! What is kept of each member that a source was read from, found by its names without a copy of them.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::model::dimension::OwnDimension;
use crate::model::reading::Record;

/// What tells members apart: the source, the reading, the namespace or socket, the fine series and the member in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Names<'a> {
    source: usize,
    reading: &'static str,
    origin: Option<&'a str>,
    own: Option<(OwnDimension, &'a str)>,
    member: &'a str,
}

#[derive(Debug)]
struct Member<T> {
    source: usize,
    reading: &'static str,
    origin: Option<String>,
    own: Option<(OwnDimension, String)>,
    member: String,
    kept: T,
}

/// One `T` for each member.
#[derive(Debug)]
pub struct Members<T> {
    table: HashTable<Member<T>>,
    hasher: DefaultHashBuilder,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Members {
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<T> Members<T> {
    /// What is kept of the member of this record.
    pub fn get_mut(&mut self, source: usize, record: &Record) -> Option<&mut T> {
        let names = Names::of(source, record);
        let hash = self.hasher.hash_one(names);
        let found = self
            .table
            .find_mut(hash, |member| member.names() == names)?;
        Some(&mut found.kept)
    }

    /// Keeps this of the member of this record, and hands out what was kept before.
    pub fn put(&mut self, source: usize, record: &Record, kept: T) -> Option<T> {
        let names = Names::of(source, record);
        let entry = self.table.entry(
            self.hasher.hash_one(names),
            |member| member.names() == names,
            |member| self.hasher.hash_one(member.names()),
        );
        match entry {
            Entry::Occupied(known) => Some(std::mem::replace(&mut known.into_mut().kept, kept)),
            Entry::Vacant(room) => {
                room.insert(Member::new(names, kept));
                None
            }
        }
    }

    /// Forgets the members of these sources.
    pub fn forget(&mut self, gone: impl Fn(usize) -> bool) {
        self.table.retain(|member| !gone(member.source));
    }

    /// Forgets the members for which `keep` says no.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.table.retain(|member| keep(&member.kept));
    }
}

impl<'a> Names<'a> {
    fn of(source: usize, record: &'a Record) -> Self {
        Names {
            source,
            reading: record.reading.name,
            origin: record.origin.as_deref(),
            own: borrowed(&record.own),
            member: &record.member,
        }
    }
}

impl<T> Member<T> {
    fn new(names: Names<'_>, kept: T) -> Self {
        Member {
            source: names.source,
            reading: names.reading,
            origin: names.origin.map(ToOwned::to_owned),
            own: names.own.map(|(own, value)| (own, value.to_owned())),
            member: names.member.to_owned(),
            kept,
        }
    }

    fn names(&self) -> Names<'_> {
        Names {
            source: self.source,
            reading: self.reading,
            origin: self.origin.as_deref(),
            own: borrowed(&self.own),
            member: &self.member,
        }
    }
}

fn borrowed(own: &Option<(OwnDimension, String)>) -> Option<(OwnDimension, &str)> {
    own.as_ref().map(|(own, value)| (*own, value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reading::{Kind, Raw, Reading};

    static READING: Reading = Reading {
        name: "r",
        kind: Kind::Gauge,
        feeds: &[],
    };
    static OTHER: Reading = Reading {
        name: "other",
        kind: Kind::Gauge,
        feeds: &[],
    };

    fn record(reading: &'static Reading) -> Record {
        Record::new(reading, Raw::Level(0.0))
    }

    #[test]
    fn every_name_tells_members_apart_and_the_number_read_does_not() {
        let apart = [
            (0, record(&READING)),
            (1, record(&READING)),
            (0, record(&OTHER)),
            (0, record(&READING).member("m")),
            (0, record(&READING).origin("m")),
            (0, record(&READING).own(OwnDimension::Core, "m")),
            (0, record(&READING).own(OwnDimension::Peer, "m")),
        ];
        let mut members = Members::default();
        for (number, (source, record)) in apart.iter().enumerate() {
            assert_eq!(members.put(*source, record, number), None);
        }
        for (number, (source, mut record)) in apart.into_iter().enumerate() {
            record.raw = Raw::Level(1.0);
            assert_eq!(members.get_mut(source, &record), Some(&mut number.clone()));
            assert_eq!(members.put(source, &record, 100), Some(number));
        }
    }

    #[test]
    fn a_source_that_is_gone_is_forgotten_and_the_others_are_not() {
        let mut members = Members::default();
        for source in 0..4 {
            members.put(source, &record(&READING), source);
        }
        members.forget(|source| source % 2 == 0);
        let mut left = |source| members.get_mut(source, &record(&READING)).copied();
        let left = [left(0), left(1), left(2), left(3)];
        assert_eq!(left, [None, Some(1), None, Some(3)]);
    }

    #[test]
    fn what_is_not_retained_is_forgotten() {
        let mut members = Members::default();
        for member in 0..1000 {
            members.put(0, &record(&READING).member(member.to_string()), member);
        }
        members.retain(|kept| *kept >= 999);
        let mut left = |member: &str| {
            members
                .get_mut(0, &record(&READING).member(member))
                .copied()
        };
        assert_eq!((left("998"), left("999")), (None, Some(999)));
    }
}
