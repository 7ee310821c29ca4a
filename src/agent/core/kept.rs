//! What outlives a restart beside the spool: the last minute that had its heartbeat, the series that were let in, and how
//! far a drain is.
//!
//! Flash wears: the minute is some bytes a minute, the series are written when they changed, else every ten minutes.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Core;
use super::account::Totals;
use super::notices::Level;
use crate::agent::drain;
use crate::aggregate::admission::KEPT_FOR;
use crate::aggregate::label::Set;
use crate::aggregate::tunnel_room::{TunnelRoom, tunnel_of};
use crate::aggregate::window::SeriesKey;
use crate::catalogue;
use crate::clock::Now;
use crate::model::dimension::OwnDimension;

/// Changed series are written at most this often.
const CHANGED_EVERY: Duration = Duration::from_secs(60);
/// Unchanged ones are written again, so that they are known to have been seen.
const UNCHANGED_EVERY: Duration = Duration::from_secs(600);

/// An accepted series, in words: what it means may change with the version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeptSeries {
    /// The firewall; `None` is this machine.
    pub target: Option<String>,
    /// The dimension set.
    pub set: Set,
    /// The metric.
    pub metric: String,
    /// Own dimension and its value.
    pub own: Option<(String, String)>,
    /// When it was seen last, Unix seconds.
    pub seen: i64,
}

/// Something to be kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Keep {
    /// The start of the last minute whose heartbeat was made, Unix seconds.
    Heartbeat(i64),
    /// The accepted series.
    Series(Vec<KeptSeries>),
    /// How far the drain is.
    Drain(drain::Kept),
}

/// How it went to keep something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The file.
    pub file: &'static str,
    /// Why it is not there.
    pub problem: Option<String>,
}

/// What was kept before this start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// The start of the last minute whose heartbeat was made.
    pub heartbeat: Option<i64>,
    /// The accepted series.
    pub series: Vec<KeptSeries>,
    /// How far a drain was.
    pub drain: Option<drain::Kept>,
    /// The account of the run before, for one who has its spool.
    pub totals: Option<Totals>,
}

/// When what was written last.
#[derive(Debug, Default)]
pub(super) struct Written {
    heartbeat: Option<i64>,
    /// How many series were let in, counted over all changes.
    changes: u64,
    series_at: Option<Duration>,
    at_end: bool,
    /// Files that could not be written.
    failing: BTreeSet<&'static str>,
}

impl Core {
    /// Goes on where the process before ended.
    pub(super) fn resume(&mut self, kept: Kept, now: Now) {
        self.draining.resume(kept.drain, now);
        if let Some(minute) = kept.heartbeat {
            self.heartbeats.resume(minute);
            self.written.heartbeat = Some(minute);
        }
        for series in kept.series {
            let age = now.wall_secs().saturating_sub(series.seen).max(0);
            let age = Duration::from_secs(age.unsigned_abs());
            if let Some((set, key)) = series.key().filter(|_| age <= KEPT_FOR) {
                let seen = now.boot.saturating_sub(age);
                if let Some(name) = tunnel_of(&key) {
                    let most = self.setup.selection.tunnels_max;
                    let room = self.tunnel_rooms.entry(key.target.clone());
                    room.or_insert_with(|| TunnelRoom::new(most))
                        .resume(name, seen);
                }
                self.admission_of(&key.target.clone())
                    .resume((set, key), seen);
            }
        }
        self.written.changes = self.admissions();
    }

    /// What has to be written before the end, once.
    pub(super) fn keep_at_end(&mut self, now: Now) -> Vec<Keep> {
        if std::mem::replace(&mut self.written.at_end, true) {
            return Vec::new();
        }
        self.keep(now, true)
    }

    /// What has to be written now.
    pub(super) fn keep(&mut self, now: Now, last: bool) -> Vec<Keep> {
        let mut keep = Vec::new();
        let minute = self.heartbeats.last();
        if minute != self.written.heartbeat {
            self.written.heartbeat = minute;
            keep.extend(minute.map(Keep::Heartbeat));
        }
        let changes = self.admissions();
        let every = match changes == self.written.changes {
            true => UNCHANGED_EVERY,
            false => CHANGED_EVERY,
        };
        let due = |at: Duration| now.boot.saturating_sub(at) >= every;
        if last || self.written.series_at.is_none_or(due) {
            self.written.changes = changes;
            self.written.series_at = Some(now.boot);
            keep.push(Keep::Series(self.accepted(now)));
        }
        keep
    }

    /// How the writing went; what did not get there is tried again.
    pub(super) fn stored(&mut self, stored: Stored) {
        let failing = &mut self.written.failing;
        match stored.problem {
            Some(why) => {
                failing.insert(stored.file);
                // As after a change: in a minute, not in ten.
                self.written.changes = u64::MAX;
                let text = format!(
                    "{why}: what should outlive a restart is kept in memory only; make the directory of [spool] dir writable"
                );
                self.notices
                    .change_of(Level::Warn, "state directory", "failed", text);
            }
            // One file may still fit where the other does not.
            None => {
                failing.remove(stored.file);
                if failing.is_empty() {
                    self.notices
                        .over("state directory", "the state directory takes files again");
                }
            }
        }
    }

    fn admissions(&self) -> u64 {
        self.admission.values().map(|of| of.changes()).sum()
    }

    fn accepted(&self, now: Now) -> Vec<KeptSeries> {
        let of_all = self.admission.values().flat_map(|of| of.accepted());
        let mut series: Vec<KeptSeries> = of_all
            .map(|((set, key), seen)| KeptSeries {
                target: key.target.as_ref().map(ToString::to_string),
                set: *set,
                metric: key.metric.name.to_owned(),
                own: key
                    .own
                    .as_ref()
                    .map(|(own, value)| (own.name().to_owned(), value.clone())),
                seen: now.wall_secs()
                    - i64::try_from(now.boot.saturating_sub(seen).as_secs()).unwrap_or_default(),
            })
            .collect();
        series.sort();
        series
    }
}

impl KeptSeries {
    /// The series it names, where this version knows the metric.
    fn key(&self) -> Option<(Set, SeriesKey)> {
        let own = self.own.as_ref();
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        let key = series_key(self.target.as_deref(), &self.metric, own)?;
        Some((self.set, key))
    }
}

/// The series of these words, where this version knows them.
pub(super) fn series_key(
    target: Option<&str>,
    metric: &str,
    own: Option<(&str, &str)>,
) -> Option<SeriesKey> {
    let own = match own {
        None => None,
        Some((name, value)) => {
            let mut known = OwnDimension::ALL.into_iter();
            Some((known.find(|own| own.name() == name)?, value.to_owned()))
        }
    };
    Some(SeriesKey {
        target: target.map(Into::into),
        metric: catalogue::find(metric)?,
        own,
    })
}
