//! The form of a window's journal: its file's name and lines. Pure; the door to the disk is `host::spool`.
//!
//! While a window is open, what is read goes into its journal every few seconds, so that a process that is killed, or a
//! power cut, costs no more than that. Each line is a CRC-32 and a record in JSON. The last line may be half-written: then
//! it is as if it were not there. When the window closes its batches are named first and written then: once all of them
//! are there, they hold what the journal held.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aggregate::window::{Change, SeriesKey, Window};
use crate::model::limits::VALUE_MAX;
use crate::publish::spool::{FileName, Unreadable};

/// This form. A file of another is not read.
const VERSION: u32 = 1;
/// Ends each name.
const ENDING: &str = ".journal";
/// Hex digits of the checksum, and a blank.
const HEAD_BYTES: usize = 9;

/// The name of a journal's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JournalName {
    /// The window's start on the wall clock, Unix seconds, never below 0.
    pub label: i64,
    /// Its number; none is given twice.
    pub id: u64,
}

impl JournalName {
    /// What this name means; `None` where it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (label, id) = text.strip_suffix(ENDING)?.split_once('-')?;
        let name = JournalName {
            label: label.parse().ok()?,
            id: u64::from_str_radix(id, 16).ok()?,
        };
        // One spelling only: `+1` and `01` are numbers too.
        (name.to_string() == text).then_some(name)
    }
}

impl std::fmt::Display for JournalName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:012}-{:016x}{ENDING}", self.label, self.id)
    }
}

/// A journal that was read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    /// The window's start, Unix seconds.
    pub label: i64,
    /// Its length.
    pub period_secs: i64,
    /// Its minute had its heartbeat before it was begun.
    pub beaten: bool,
    /// Its series.
    pub series: Vec<Kept>,
    /// The batches that it was to become, where it was closed.
    pub batches: Option<Vec<FileName>>,
    /// Minutes whose heartbeats are among these, Unix seconds.
    pub minutes: Vec<i64>,
    /// Bytes of whole lines; what follows is half-written.
    pub whole_bytes: u64,
}

/// A series in words: what it means may change with the version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The firewall; `None` is this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The metric.
    pub metric: String,
    /// Own dimension and its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<(String, String)>,
    /// The user named its tunnel or peer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expected: bool,
    /// It is a block.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_block: bool,
    /// Distinct values with their counts.
    pub values: Vec<(f64, u32)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Record<'a> {
    /// The first line.
    Begin {
        version: u32,
        label: i64,
        period_secs: i64,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        beaten: bool,
    },
    /// Series that are new or taken anew, and values of known ones, by number.
    Read {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        series: Vec<(u32, Kept)>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more: Vec<(u32, Vec<f64>)>,
    },
    /// The window was closed; names of its batches.
    Closed {
        batches: Vec<Cow<'a, str>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        minutes: Vec<i64>,
    },
}

impl Record<'_> {
    fn line(&self) -> Vec<u8> {
        // Strings, numbers and lists always have a JSON form; were it not so, the empty body would be no record.
        let body = serde_json::to_vec(self).unwrap_or_default();
        let head = format!("{:08x} ", crc32fast::hash(&body));
        [head.as_bytes(), &body, b"\n"].concat()
    }

    fn read(line: &[u8]) -> Option<Record<'_>> {
        let (head, body) = line.split_at_checked(HEAD_BYTES)?;
        let said = format!("{:08x} ", crc32fast::hash(body));
        (head == said.as_bytes()).then_some(())?;
        serde_json::from_slice(body).ok()
    }
}

/// The first line; `beaten` says that the window's minute had its heartbeat already.
#[must_use]
pub fn begin(label: i64, period_secs: i64, beaten: bool) -> Vec<u8> {
    let version = VERSION;
    let record = Record::Begin {
        version,
        label,
        period_secs,
        beaten,
    };
    record.line()
}

/// What the journal lacks, as a line; from now on it is taken to be there.
pub fn changes(window: &mut Window) -> Vec<u8> {
    let (mut series, mut more) = (Vec::new(), Vec::new());
    for change in window.changes() {
        match change {
            Change::Values(number, values) => more.push((number, values)),
            Change::Series {
                number,
                key,
                expected,
                is_block,
                values,
            } => series.push((number, Kept::of(key, expected, is_block, values))),
        }
    }
    Record::Read { series, more }.line()
}

/// The last line: the batches that the window becomes, and the minutes whose heartbeats are among them.
#[must_use]
pub fn closed(batches: &[FileName], minutes: &[i64]) -> Vec<u8> {
    let names = batches.iter();
    let batches = names.map(|name| name.to_string().into()).collect();
    let minutes = minutes.to_vec();
    Record::Closed { batches, minutes }.line()
}

/// The journal in a file's bytes, as far as its lines are whole.
///
/// # Errors
/// Why there is none in them.
pub fn decode(bytes: &[u8]) -> Result<Journal, Unreadable> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let whole = |line: &&[u8]| line.ends_with(b"\n");
    let first = lines.next().filter(whole).ok_or(Unreadable::Foreign)?;
    let begun = Record::read(&first[..first.len() - 1]);
    let Some(Record::Begin {
        version,
        label,
        period_secs,
        beaten,
    }) = begun
    else {
        return Err(Unreadable::Foreign);
    };
    if version != VERSION {
        return Err(Unreadable::Version(version));
    }
    let mut series = BTreeMap::new();
    let mut end = None;
    let mut whole_bytes = first.len();
    for line in lines.take_while(whole) {
        let Some(record) = Record::read(&line[..line.len() - 1]) else {
            break;
        };
        take(record, &mut series, &mut end)?;
        whole_bytes += line.len();
    }
    let content = |why: &str| Err(Unreadable::Content(why.to_owned()));
    if !(1..=3600).contains(&period_secs) || label < 0 {
        return content("a window of no legal length or start");
    }
    let legal = |(value, count): &(f64, u32)| value.abs() <= VALUE_MAX && *count > 0;
    let mut values = series.values().flat_map(|kept: &Kept| &kept.values);
    if !values.all(legal) {
        return content("a value that no datum may have");
    }
    Ok(Journal {
        label,
        period_secs,
        beaten,
        series: series.into_values().collect(),
        batches: end.as_ref().map(|end: &End| end.batches.clone()),
        minutes: end.map(|end| end.minutes).unwrap_or_default(),
        whole_bytes: whole_bytes as u64,
    })
}

/// What a closed window became.
struct End {
    batches: Vec<FileName>,
    minutes: Vec<i64>,
}

fn take(
    record: Record<'_>,
    known: &mut BTreeMap<u32, Kept>,
    end: &mut Option<End>,
) -> Result<(), Unreadable> {
    let content = |why: &str| Unreadable::Content(why.to_owned());
    match record {
        Record::Begin { .. } => return Err(content("it begins twice")),
        Record::Closed { batches, minutes } => {
            let names = batches.iter().map(|name| FileName::parse(name));
            let names = names.collect::<Option<Vec<_>>>();
            let batches = names.ok_or_else(|| content("a batch of no legal name"))?;
            *end = Some(End { batches, minutes });
        }
        Record::Read { series, more } => {
            known.extend(series);
            for (number, values) in more {
                let unknown = || content("values of an unknown series");
                let kept = known.get_mut(&number).ok_or_else(unknown)?;
                kept.values.extend(values.into_iter().map(|v| (v, 1)));
            }
        }
    }
    Ok(())
}

impl Kept {
    fn of(key: &SeriesKey, expected: bool, is_block: bool, values: Vec<(f64, u32)>) -> Self {
        let own = key.own.as_ref();
        Kept {
            target: key.target.as_ref().map(ToString::to_string),
            metric: key.metric.name.to_owned(),
            own: own.map(|(own, value)| (own.name().to_owned(), value.clone())),
            expected,
            is_block,
            values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::counter::Fine;
    use crate::self_metrics::EXPORTER_HEARTBEAT;

    fn key(own: Option<&str>) -> SeriesKey {
        use crate::model::dimension::OwnDimension;
        SeriesKey {
            target: None,
            metric: &EXPORTER_HEARTBEAT,
            own: own.map(|name| (OwnDimension::Tunnel, name.to_owned())),
        }
    }

    fn file() -> Vec<u8> {
        let mut window = Window::new(600, true);
        window.add(key(None), false, &Fine::Value(0.1));
        let mut bytes = begin(600, 60, false);
        bytes.extend(changes(&mut window));
        window.add(key(None), false, &Fine::Value(0.3));
        window.add(key(Some("a")), true, &Fine::Block(vec![1.0, 1.0]));
        bytes.extend(changes(&mut window));
        window.add(key(Some("a")), true, &Fine::Block(vec![2.0, 3.0]));
        bytes.extend(changes(&mut window));
        assert!(!window.has_changes());
        bytes
    }

    #[test]
    fn what_was_written_is_read_and_a_block_takes_the_place_of_the_one_before() {
        let mut bytes = file();
        let journal = decode(&bytes).unwrap();
        assert_eq!((journal.label, journal.period_secs), (600, 60));
        assert_eq!(journal.whole_bytes, bytes.len() as u64);
        assert_eq!(journal.series.len(), 2);
        assert_eq!(journal.series[0].values, [(0.1, 1), (0.3, 1)]);
        assert_eq!(journal.series[1].values, [(2.0, 1), (3.0, 1)]);
        let name = FileName {
            newest: 600,
            id: 7,
            datums: 3,
        };
        bytes.extend(closed(&[name], &[600]));
        let journal = decode(&bytes).unwrap();
        assert_eq!(journal.batches, Some(vec![name]));
        assert_eq!(journal.minutes, [600]);
    }

    #[test]
    fn cut_anywhere_the_whole_lines_remain() {
        let bytes = file();
        let first = begin(600, 60, false).len();
        for length in 0..bytes.len() {
            match decode(&bytes[..length]) {
                Ok(journal) => assert!(journal.whole_bytes <= length as u64 && length >= first),
                Err(why) => assert!(length < first, "{length}: {why}"),
            }
        }
    }

    #[test]
    fn a_flipped_bit_ends_the_journal_there() {
        let bytes = file();
        let first = begin(600, 60, false).len();
        for bit in 0..bytes.len() * 8 {
            let mut spoilt = bytes.clone();
            spoilt[bit / 8] ^= 1 << (bit % 8);
            match decode(&spoilt) {
                Ok(journal) => assert!(journal.whole_bytes <= (bit / 8) as u64),
                Err(_) => assert!(bit / 8 < first),
            }
        }
    }

    #[test]
    fn names_are_read_as_they_are_written_and_no_other() {
        let name = JournalName {
            label: 600,
            id: 0xab,
        };
        assert_eq!(JournalName::parse(&name.to_string()), Some(name));
        for other in [
            "000000000600-ab.journal",
            "x-00000000000000ab.journal",
            "a.batch",
        ] {
            assert_eq!(JournalName::parse(other), None);
        }
    }
}
