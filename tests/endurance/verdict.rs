//! What arrived, against what was there: nothing sealed is lost, nothing is there twice without a reason.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::account::Account;
use super::lives::{CHECKPOINT_SECS, Campaign, Life};
use crate::support::{Call, Stored};

/// The closing of a window, 250 ms after its end, and as long again for a machine under load to write it.
const SEALED_AFTER_SECS: f64 = 0.25;
const SLACK_SECS: f64 = 1.0;
/// A pass runs at the full second; one that is read up to 0.8 s late still belongs to it.
const READ_EARLY_SECS: f64 = 0.2;
/// A request that was under way at the kill may be read by the endpoint so much later.
const UNDER_WAY_SECS: f64 = 1.0;

const SESSIONS: &str = "ActiveSessions";
const HEARTBEAT: &str = "ExporterHeartbeat";

/// A datum's series and timestamp.
type Place = (String, Vec<(String, String)>, i64);

/// All figures of a campaign.
#[derive(Debug, Default)]
pub struct Figures {
    pub kills: usize,
    pub windows: usize,
    pub accepted: usize,
    /// Datums in bodies that came a second time, byte for byte.
    pub repeated: usize,
    /// Kills after which an accepted batch was sent again.
    pub answers_lost: usize,
    /// Datums of windows that went on in the next life.
    pub continued: usize,
    /// Heartbeats that were made again after a kill.
    pub heartbeats_again: usize,
    /// Seconds read before a kill and not arrived, at most.
    pub readings_lost_most: usize,
    pub readings_lost: usize,
    /// The longest time before a kill from which on readings were lost.
    pub lost_before_kill_secs: f64,
    pub halves: usize,
    /// Seconds in which this machine held us up: nothing is asked of them.
    pub excused: usize,
    /// Seconds in which a reading was due.
    pub looked_at: usize,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} kills, {} windows, {} datums arrived, {} of them again after {} kills that cut an answer off, \
             {} in windows that went on in the next life, {} heartbeats made again; seconds not kept before a kill: \
             {} at most, {} in all, the oldest {:.2} s before; {} half-written files, {} seconds excused",
            self.kills,
            self.windows,
            self.accepted,
            self.repeated,
            self.answers_lost,
            self.continued,
            self.heartbeats_again,
            self.readings_lost_most,
            self.readings_lost,
            self.lost_before_kill_secs,
            self.halves,
            self.excused
        )
    }
}

/// What the endpoint has, in the order of its calls.
pub struct Arrived {
    pub stored: Vec<Stored>,
    pub calls: Vec<Call>,
    /// Calls whose body came before, byte for byte, and the call it came in first.
    again: HashMap<usize, usize>,
}

impl Arrived {
    pub fn of(campaign: &Campaign) -> Self {
        let (stored, calls) = (campaign.endpoint.accepted(), campaign.endpoint.calls());
        let mut first: HashMap<&str, usize> = HashMap::new();
        let mut again = HashMap::new();
        let accepted = calls.iter().enumerate().filter(|(_, call)| call.accepted);
        for (index, call) in accepted {
            match first.get(call.digest.as_str()) {
                Some(earlier) => drop(again.insert(index, *earlier)),
                None => drop(first.insert(&call.digest, index)),
            }
        }
        Arrived {
            stored,
            calls,
            again,
        }
    }

    /// Datums of bodies that are no repetition.
    fn once(&self) -> impl Iterator<Item = &Stored> {
        let stored = self.stored.iter();
        stored.filter(|datum| !self.again.contains_key(&datum.call))
    }

    /// Values of the session table in the instance's series, one for each reading, with the window they came in.
    fn sessions(&self) -> Vec<(f64, i64)> {
        let of_instance = |datum: &&Stored| {
            datum.name == SESSIONS && datum.dimensions.keys().eq(["InstanceId"].iter())
        };
        let datums = self.once().filter(of_instance);
        let readings = datums.flat_map(|datum| {
            let label = datum.timestamp as i64;
            let values = datum.values.iter();
            values.flat_map(move |(value, count)| vec![(*value, label); *count as usize])
        });
        readings.collect()
    }
}

/// Each datum of each batch that was ever seen on disk arrived with the same values.
pub fn all_spooled_arrived(campaign: &Campaign, arrived: &Arrived) {
    let mut there: HashMap<Place, Vec<&[(f64, f64)]>> = HashMap::new();
    for datum in &arrived.stored {
        there.entry(place(datum)).or_default().push(&datum.values);
    }
    for (name, batch) in &campaign.batches {
        for datum in batch.datums() {
            let dimensions = datum.dimensions.iter();
            let mut dimensions: Vec<(String, String)> = dimensions
                .map(|d| (d.name.to_string(), d.value.clone()))
                .collect();
            dimensions.sort();
            let place = (datum.metric.to_string(), dimensions, datum.timestamp);
            let values: Vec<(f64, f64)> = datum
                .values
                .iter()
                .map(|(value, count)| (*value, f64::from(*count)))
                .collect();
            let found = there.get(&place).is_some_and(|all| all.contains(&&*values));
            assert!(found, "lost: {place:?} {values:?} of {name}");
        }
    }
}

fn place(datum: &Stored) -> Place {
    let dimensions = datum.dimensions.clone().into_iter().collect();
    (datum.name.clone(), dimensions, datum.timestamp as i64)
}

/// A body that comes again lay in the spool when a kill kept its answer from being taken in; and a place that is
/// filled by two bodies is a window that went on in the next life.
pub fn duplicates_have_a_reason(campaign: &Campaign, arrived: &Arrived, figures: &mut Figures) {
    let mut kills = BTreeSet::new();
    for (index, first) in &arrived.again {
        let (before, after) = (&arrived.calls[*first], &arrived.calls[*index]);
        let mut datums = arrived.stored.iter().filter(|datum| datum.call == *index);
        let newest = datums.clone().map(|datum| datum.timestamp as i64).max();
        let left = |life: &Life| {
            let mut batches = life.left.batches.iter();
            batches.any(|name| Some(name.newest) == newest && name.datums == after.datums)
        };
        let lives = campaign.lives.iter().enumerate();
        let mut between = lives.filter(|(_, life)| {
            before.unix_secs < life.killed + UNDER_WAY_SECS && life.killed < after.unix_secs
        });
        let kill = between.find(|(_, life)| left(life));
        let (kill, _) = kill.unwrap_or_else(|| {
            let what = datums.next().map(place);
            panic!("call {index} repeats call {first} without a reason: {what:?}")
        });
        kills.insert(kill);
        figures.repeated += after.datums;
    }
    figures.answers_lost = kills.len();
    let mut times: BTreeMap<Place, usize> = BTreeMap::new();
    for datum in arrived.once() {
        *times.entry(place(datum)).or_default() += 1;
    }
    for (place, times) in times.into_iter().filter(|(_, times)| *times > 1) {
        let killed_around = campaign.lives.iter().any(|life| {
            let end = (place.2 + campaign.period_secs as i64) as f64;
            (place.2 as f64..end + SEALED_AFTER_SECS + SLACK_SECS).contains(&life.killed)
        });
        if place.0 == HEARTBEAT {
            // Made again by the next life, where a kill came before it was noted that it was made.
            let ends = (place.2 + 60 + campaign.period_secs as i64) as f64;
            let near = place.2 as f64..ends + SEALED_AFTER_SECS + SLACK_SECS;
            let killed = campaign
                .lives
                .iter()
                .any(|life| near.contains(&life.killed));
            assert!(killed, "{times} heartbeats, and no kill: {place:?}");
            figures.heartbeats_again += times - 1;
        } else {
            assert!(killed_around, "{times} times, and no kill: {place:?}");
            figures.continued += times - 1;
        }
    }
}

/// No reading is in two bodies, each is in its window, and none is missing but at the end of a life.
pub fn readings_are_whole(campaign: &Campaign, arrived: &Arrived, figures: &mut Figures) {
    let stalls = campaign.root.stalls();
    let stalled = |second: i64| {
        let (from, to) = (second as f64 - 1.5, second as f64 + 1.5);
        stalls.iter().any(|stall| stall.0 < to && from < stall.1)
    };
    // How many readings a second has.
    let mut seconds = BTreeMap::<i64, usize>::new();
    let mut values = BTreeSet::new();
    for (value, label) in arrived.sessions() {
        let read = (campaign.root.read_at(value) + READ_EARLY_SECS).floor() as i64;
        let known = !values.insert(value.to_bits());
        assert!(!known || stalled(read), "{value} of {label} is there twice");
        // A tick runs up to a second late, and its window is that of the second in which it was due.
        let window = label..label + campaign.period_secs as i64;
        let late = i64::from(!window.contains(&read));
        let inside = window.contains(&(read - late)) || stalled(read);
        assert!(inside, "read in second {read}, in window {label}");
        *seconds.entry(read - late).or_default() += 1;
    }
    let readings = |second: i64| seconds.get(&second).copied().unwrap_or(0);
    // One that was read late is beside the next.
    let is_there = |second: i64| readings(second) > 0 || readings(second + 1) > 1;
    let labels: BTreeSet<i64> = arrived.sessions().iter().map(|(_, label)| *label).collect();
    figures.windows = labels.len();
    for life in &campaign.lives {
        // The counters are seeded half a second before the first tick, and a program under load starts slowly.
        let first = (life.started + 0.5 + SLACK_SECS).ceil() as i64;
        let last = life.killed.ceil() as i64 - 1;
        let missing = (first..=last).filter(|second| !is_there(*second));
        let (excused, missing): (Vec<i64>, Vec<i64>) = missing.partition(|second| stalled(*second));
        figures.excused += excused.len();
        figures.looked_at += usize::try_from((last - first + 1).max(0)).unwrap();
        figures.readings_lost += missing.len();
        figures.readings_lost_most = figures.readings_lost_most.max(missing.len());
        if let Some(oldest) = missing.first() {
            let before = life.killed - *oldest as f64;
            figures.lost_before_kill_secs = figures.lost_before_kill_secs.max(before);
            assert!(
                before <= may_lose(),
                "{life:?}: seconds {missing:?} are missing"
            );
        }
    }
}

/// Seconds before a kill that may be missing.
const fn may_lose() -> f64 {
    CHECKPOINT_SECS as f64 + SLACK_SECS
}

/// The account at the end, over all lives.
pub fn account_balances(account: Account, arrived: &Arrived, figures: &mut Figures) {
    figures.accepted = arrived.stored.len();
    assert!(account.balances(), "{account:?}");
    assert_eq!(account.waiting, 0, "{account:?}");
    assert_eq!(account.dropped, account.lost, "{account:?}");
    // What came twice is on the account once, or twice where the kill came after the account and before the removal.
    let (least, most) = (figures.accepted - figures.repeated, figures.accepted);
    let sent = account.sent as usize;
    assert!((least..=most).contains(&sent), "{account:?} {figures:?}");
}
