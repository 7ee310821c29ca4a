//! Readings: what a collector records in a pass, at the finest grain, before any meaning is made of it.

use std::time::Duration;

use crate::model::dimension::OwnDimension;
use crate::model::metric::Metric;

/// Width of a kernel or device counter: where it wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Counts modulo 2^32; a difference above 2^31 is a reset.
    Bits32,
    /// Never wraps in practice; smaller than before is a reset.
    Bits64,
}

/// What a recorded number is, and so how a window is made of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A level.
    Gauge,
    /// 1 or 0.
    State,
    /// A running total; its increase per pass goes out, and Sum over a window is the true total.
    Counter(Width),
    /// A running total; its increase over the elapsed seconds, times the scale, goes out.
    Rate(Width, f64),
    /// Increase of a part over the increase of the whole, in percent.
    Share,
}

/// How readings of finer grain become one of coarser grain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Their sum.
    Sum,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// Their mean.
    Mean,
}

/// One metric that a reading feeds.
#[derive(Debug)]
pub struct Feed {
    /// The metric.
    pub metric: &'static Metric,
    /// How members fold into its series.
    pub fold: Fold,
}

/// A thing a collector reads: its kind, and the metrics made of it. One reading may have several folds.
#[derive(Debug)]
pub struct Reading {
    /// Unique within its collector.
    pub name: &'static str,
    /// What the number is.
    pub kind: Kind,
    /// The metrics.
    pub feeds: &'static [Feed],
}

/// The number as it was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    /// Gauge or state.
    Level(f64),
    /// Counter or rate.
    Total(u64),
    /// Share.
    Part {
        /// Running total of the part.
        part: u64,
        /// Running total of the whole.
        whole: u64,
    },
    /// Levels a second apart, oldest first, the newest at the time the pass was due.
    Block(Vec<f64>),
}

/// One number of one member (a core, an interface, an SA).
#[derive(Debug, Clone)]
pub struct Record {
    /// What was read.
    pub reading: &'static Reading,
    /// The namespace or socket it was read from, where a collector has several.
    pub origin: Option<String>,
    /// Dimension and value of the fine series it belongs to.
    pub own: Option<(OwnDimension, String)>,
    /// Tells members apart that share a fine series; part of a counter's identity.
    pub member: String,
    /// The user named this tunnel or peer: its series is let in before others.
    pub expected: bool,
    /// Too little is known yet to decide anything by it: its metrics go out, and `CapacityUtilization` looks past them.
    pub provisional: bool,
    /// When it was read, boot time, where that is known better than by the end of the pass.
    pub at: Option<Duration>,
    /// Time between two of its readings, where it is read more seldom than there are passes.
    pub every: Option<Duration>,
    /// It belongs to its fine series alone: the coarse one is read elsewhere.
    pub fine_only: bool,
    /// The number.
    pub raw: Raw,
}

impl Record {
    /// A record without origin, own dimension or member.
    #[must_use]
    pub fn new(reading: &'static Reading, raw: Raw) -> Self {
        Record {
            reading,
            origin: None,
            own: None,
            member: String::new(),
            expected: false,
            provisional: false,
            at: None,
            every: None,
            fine_only: false,
            raw,
        }
    }

    /// Of this member.
    #[must_use]
    pub fn member(mut self, member: impl Into<String>) -> Self {
        self.member = member.into();
        self
    }

    /// With a fine series of this dimension value.
    #[must_use]
    pub fn own(mut self, dimension: OwnDimension, value: impl Into<String>) -> Self {
        self.own = Some((dimension, value.into()));
        self
    }

    /// Read from this namespace or socket.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = Some(origin.into());
        self
    }

    /// Not to be relied on yet.
    #[must_use]
    pub fn provisional(mut self, provisional: bool) -> Self {
        self.provisional = provisional;
        self
    }

    /// Read then, boot time, and again after `every`.
    #[must_use]
    pub fn read(mut self, at: Duration, every: Duration) -> Self {
        (self.at, self.every) = (Some(at), Some(every));
        self
    }

    /// Not part of the coarse series.
    #[must_use]
    pub fn fine_only(mut self) -> Self {
        self.fine_only = true;
        self
    }

    /// Named by the user.
    #[must_use]
    pub fn expected(mut self, expected: bool) -> Self {
        self.expected = expected;
        self
    }
}

/// Records of a pass: more than the largest machine has (ten thousand interfaces of six counters).
pub const RECORDS_MAX: usize = 100_000;
/// Notes of a pass: each is something that a person should mend.
pub const NOTES_MAX: usize = 100;

/// What one pass of one collector brought.
#[derive(Debug, Default)]
pub struct Readings {
    records: Vec<Record>,
    notes: Vec<String>,
    left_out: u64,
}

impl Readings {
    /// Records a number; over [`RECORDS_MAX`] it is left out and counted.
    pub fn push(&mut self, record: Record) {
        if self.records.len() < RECORDS_MAX {
            self.records.push(record);
        } else {
            self.left_out += 1;
        }
    }

    /// Says what this device or release does not have; shown by `once`, logged on change. Over [`NOTES_MAX`] it is left
    /// out and counted.
    pub fn note(&mut self, note: impl Into<String>) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(note.into());
        } else {
            self.left_out += 1;
        }
    }

    /// Records and notes that found no room.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// All numbers.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// All notes.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static READING: Reading = Reading {
        name: "test",
        kind: Kind::Gauge,
        feeds: &[],
    };

    #[test]
    fn a_pass_brings_so_much_and_what_is_over_is_counted() {
        let mut readings = Readings::default();
        for over in 0..3 {
            while readings.records().len() < RECORDS_MAX {
                readings.push(Record::new(&READING, Raw::Level(0.0)));
            }
            assert_eq!(readings.left_out(), over);
            readings.push(Record::new(&READING, Raw::Level(0.0)));
        }
        assert_eq!(readings.records().len(), RECORDS_MAX);
        for _ in 0..=NOTES_MAX {
            readings.note("again");
        }
        assert_eq!(
            (readings.notes().len(), readings.left_out()),
            (NOTES_MAX, 4)
        );
    }
}
