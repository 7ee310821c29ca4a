//! What arrived at the endpoint: how often, how late, and whether each body came whole.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::support::cloudwatch::{Call, Series};
use crate::support::{Endpoint, Stored};

/// From the end of a window of a second, without phase, to its arrival: what takes longer is late. Room for a busy
/// machine; nothing is asserted of it.
const LATE_AFTER_SECS: f64 = 1.0 + 2.0;

/// Counted over every call.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Distinct windows, by their start; minutes' heartbeats are not among them.
    pub(crate) windows: BTreeSet<i64>,
    /// Datums of distinct bodies.
    pub(crate) arrived: u64,
    /// Datums that arrived in a body that had arrived before.
    pub(crate) doubled: u64,
    /// Datums, and windows, that arrived late.
    pub(crate) late: u64,
    pub(crate) late_windows: BTreeSet<i64>,
    /// Points, each a series and a timestamp, that arrived in two bodies that are not the same.
    pub(crate) torn: BTreeSet<String>,
    /// Datums of bodies that were tried and never accepted.
    pub(crate) never: u64,
}

/// The start of a datum's window.
pub(crate) fn window(datum: &Stored) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)] // whole seconds
    (datum.name != "ExporterHeartbeat").then_some(datum.timestamp as i64)
}

impl Tally {
    pub(crate) fn of(endpoint: &Endpoint) -> Self {
        let (calls, stored) = (endpoint.calls(), endpoint.accepted());
        let mut tally = Tally {
            never: never_accepted(&calls),
            windows: stored.iter().filter_map(window).collect(),
            ..Tally::default()
        };
        let mut bodies = HashMap::<&str, usize>::new();
        let mut points = BTreeMap::<(Series, i64), usize>::new();
        for datum in &stored {
            let first = *bodies
                .entry(&calls[datum.call].digest)
                .or_insert(datum.call);
            if first != datum.call {
                tally.doubled += 1;
                continue;
            }
            tally.arrived += 1;
            tally.is_late(datum, &calls[datum.call]);
            #[allow(clippy::cast_possible_truncation)] // whole seconds
            let point = (datum.series(), datum.timestamp as i64);
            if points.insert(point.clone(), datum.call).is_some() {
                tally.torn.insert(format!("{point:?}"));
            }
        }
        tally
    }

    fn is_late(&mut self, datum: &Stored, call: &Call) {
        let Some(start) = window(datum) else { return };
        if call.unix_secs - datum.timestamp > LATE_AFTER_SECS {
            self.late += 1;
            self.late_windows.insert(start);
        }
    }

    /// Seconds between the first window and the last that have none.
    pub(crate) fn gaps(&self) -> u64 {
        let (Some(first), Some(last)) = (self.windows.first(), self.windows.last()) else {
            return 0;
        };
        (last - first + 1).unsigned_abs() - self.windows.len() as u64
    }
}

fn never_accepted(calls: &[Call]) -> u64 {
    let accepted = calls.iter().filter(|call| call.accepted);
    let accepted: HashSet<&str> = accepted.map(|call| call.digest.as_str()).collect();
    let tried = calls.iter().map(|call| (call.digest.as_str(), call.datums));
    let never: HashMap<&str, usize> = tried
        .filter(|(digest, _)| !accepted.contains(digest))
        .collect();
    never.values().sum::<usize>() as u64
}
