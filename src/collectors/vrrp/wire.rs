//! What keepalived and the kernel say: the JSON dump, /proc/PID/status, and the PID file. Pure.
//!
//! The dump (vrrp_json.c of keepalived 1.4.5 to 2.4.3) is a list of instances, or with `json_version 2` (2.2.8) an object
//! with that list under `vrrp`. Only the fields below are kept: older releases write passwords into `auth_data`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// 255 routers of both families on a few interfaces.
pub const INSTANCES_MAX: usize = 4096;
/// Names are free text.
const NAME_CHARS_MAX: usize = 100;
/// `SIGJSON` is `SIGRTMIN + 2` in every release (lib/signals.h, before 2.2.2 vrrp_json.h). glibc keeps 32 and 33 for
/// itself (signal(7)), musl 34 too.
const JSON_SIGNALS: [u8; 2] = [36, 37];

/// Why a dump could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It ends too early: keepalived is still writing (it puts the file in place first, and writes then).
    Torn,
    /// It is none, and why.
    Wrong(String),
}

/// State of an instance (vrrp.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has not decided yet.
    Init,
    /// Another has the addresses.
    Backup,
    /// It has the addresses.
    Master,
    /// An interface, script or process that it watches has failed.
    Fault,
    /// It is being stopped or deleted, or a number of another release.
    Other,
}

/// One VRRP instance. Counters are those of the process and survive its reload, not its restart.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its name in keepalived's configuration.
    pub name: String,
    /// Number of the virtual router, where it is told.
    pub router: Option<u64>,
    /// Its state.
    pub state: State,
    /// Time between adverts of the master that it listens to, else its own, seconds.
    pub advert_secs: f64,
    /// When its state changed last, or the configuration was loaded; Unix time.
    pub last_transition: Option<f64>,
    /// Times it became MASTER.
    pub become_master: u64,
    /// Times it left MASTER.
    pub release_master: u64,
    /// Adverts sent.
    pub adverts_sent: u64,
    /// Adverts of others.
    pub adverts_received: u64,
    /// Packets of others for this router that were refused for what they say: another password, other addresses.
    pub adverts_refused: u64,
}

/// Reads a dump.
///
/// # Errors
/// Says what is wrong, and nothing of the text: it may hold a password.
pub fn dump(text: &[u8]) -> Result<Vec<Instance>, Fault> {
    let read = match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => serde_json::from_slice::<Second>(text).map(|second| second.vrrp),
        Some(_) => serde_json::from_slice::<Instances>(text),
        None => return Err(Fault::Torn),
    };
    let instances = read.map_err(|error| match is_torn(text, &error) {
        true => Fault::Torn,
        false => Fault::Wrong(format!(
            "not keepalived's JSON: line {}, column {}",
            error.line(),
            error.column()
        )),
    })?;
    Ok(instances.0)
}

/// A number that breaks off at its point is a wrong one to the parser, and no end.
fn is_torn(text: &[u8], error: &serde_json::Error) -> bool {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    error.is_eof() || (error.is_syntax() && before + error.column() >= text.len())
}

#[derive(serde::Deserialize)]
struct Second {
    #[serde(default)]
    vrrp: Instances,
}

/// One after the other, so that a long list takes no more room than what is kept of it.
#[derive(Default)]
struct Instances(Vec<Instance>);

impl<'de> Deserialize<'de> for Instances {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(InstancesVisitor)
    }
}

struct InstancesVisitor;

impl<'de> Visitor<'de> for InstancesVisitor {
    type Value = Instances;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a list of {INSTANCES_MAX} instances at most")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Instances, A::Error> {
        let mut instances = Vec::new();
        while let Some(entry) = list.next_element::<Entry>()? {
            if instances.len() == INSTANCES_MAX {
                return Err(A::Error::invalid_length(INSTANCES_MAX + 1, &self));
            }
            instances.extend(instance(entry));
        }
        Ok(Instances(instances))
    }
}

#[derive(serde::Deserialize)]
struct Entry {
    #[serde(default)]
    data: Data,
    #[serde(default)]
    stats: Stats,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Data {
    iname: Loose,
    vrid: Loose,
    state: Loose,
    adver_int: Loose,
    master_adver_int: Loose,
    last_transition: Loose,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Stats {
    advert_rcvd: Loose,
    advert_sent: Loose,
    become_master: Loose,
    release_master: Loose,
    advert_interval_err: Loose,
    addr_list_err: Loose,
    invalid_authtype: Loose,
    authtype_mismatch: Loose,
    auth_failure: Loose,
}

/// `None` for an entry without a name.
fn instance(entry: Entry) -> Option<Instance> {
    let Entry { data, stats } = entry;
    let Loose::Text(name) = data.iname else {
        return None;
    };
    let refused = [
        stats.advert_interval_err,
        stats.addr_list_err,
        stats.invalid_authtype,
        stats.authtype_mismatch,
        stats.auth_failure,
    ];
    let advert = [data.master_adver_int, data.adver_int];
    Some(Instance {
        name,
        router: data.vrid.whole(),
        state: match data.state.whole() {
            Some(0) => State::Init,
            Some(1) => State::Backup,
            Some(2) => State::Master,
            Some(3) => State::Fault,
            _ => State::Other,
        },
        advert_secs: advert
            .iter()
            .filter_map(Loose::real)
            .find(|secs| (0.01..=255.0).contains(secs))
            .unwrap_or(1.0), // keepalived's default
        last_transition: data.last_transition.real(),
        become_master: stats.become_master.whole().unwrap_or(0),
        release_master: stats.release_master.whole().unwrap_or(0),
        adverts_sent: stats.advert_sent.whole().unwrap_or(0),
        adverts_received: stats.advert_rcvd.whole().unwrap_or(0),
        adverts_refused: refused
            .iter()
            .filter_map(Loose::whole)
            .fold(0, u64::saturating_add),
    })
}

/// A value of whatever type: a release that writes one field differently is still read.
#[derive(Default)]
enum Loose {
    Whole(u64),
    Real(f64),
    Text(String),
    #[default]
    Else,
}

impl Loose {
    fn whole(&self) -> Option<u64> {
        match self {
            Loose::Whole(number) => Some(*number),
            _ => None,
        }
    }

    #[allow(clippy::cast_precision_loss)] // seconds
    fn real(&self) -> Option<f64> {
        match self {
            Loose::Whole(number) => Some(*number as f64),
            Loose::Real(number) => Some(*number),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose::Whole(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Loose, E> {
        Ok(Loose::Else)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose::Real(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        let shown = text.chars().take(NAME_CHARS_MAX);
        let shown = shown.map(|c| if c.is_control() { '?' } else { c });
        Ok(Loose::Text(shown.collect()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Loose, E> {
        Ok(Loose::Else)
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Else)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Loose, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Else)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Loose, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Else)
    }
}

/// What /proc/PID/status says (proc_pid_status(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Whose files it makes.
    pub uid: u32,
    /// It has been stopped by a signal.
    pub stopped: bool,
    blocked: u64,
    ignored: u64,
    caught: u64,
    pending: u64,
}

/// Reads /proc/PID/status.
///
/// # Errors
/// Names the line that is missing or cannot be read.
pub fn status(text: &str) -> Result<Status, String> {
    let word = |key: &str, at: usize| {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(name, _)| *name == key);
        let words = found.next().map(|(_, rest)| rest.split_ascii_whitespace());
        words
            .and_then(|mut words| words.nth(at))
            .ok_or_else(|| format!("no line {key}"))
    };
    let set = |key: &str| {
        u64::from_str_radix(word(key, 0)?, 16).map_err(|_| format!("line {key} is no set"))
    };
    Ok(Status {
        // Real, effective, saved, file system.
        uid: word("Uid", 3)?
            .parse()
            .map_err(|_| "line Uid is no number".to_owned())?,
        stopped: word("State", 0)? == "T",
        blocked: set("SigBlk")?,
        ignored: set("SigIgn")?,
        caught: set("SigCgt")?,
        pending: set("SigPnd")? | set("ShdPnd")?,
    })
}

impl Status {
    /// The signal that has this keepalived write its dump; `None` where it takes none. It does not catch its signals: it
    /// blocks them and reads them from a signalfd (lib/signals.c, since 2.0), and ignores all others. A signal that a
    /// process neither catches, blocks nor ignores ends it, so no other number than one that is taken here may be sent.
    #[must_use]
    pub fn json_signal(&self) -> Option<u8> {
        let takes = |signal: &&u8| self.has(self.blocked | self.caught, **signal);
        let mut taken = JSON_SIGNALS
            .iter()
            .filter(|signal| !self.has(self.ignored, **signal))
            .filter(takes);
        let first = taken.next().copied();
        // Both: no keepalived that we know.
        first.filter(|_| taken.next().is_none())
    }

    /// This signal waits to be taken. Real-time signals queue: another one would be a second dump.
    #[must_use]
    pub fn has_pending(&self, signal: u8) -> bool {
        self.has(self.pending, signal)
    }

    fn has(&self, set: u64, signal: u8) -> bool {
        set & (1 << (signal - 1)) != 0
    }
}

/// Whether a process of this /proc/PID/comm and /proc/PID/cmdline is keepalived. Its `process_name` sets the first.
#[must_use]
pub fn is_keepalived(comm: &str, command_line: &str) -> bool {
    let program = command_line.split('\0').next().unwrap_or_default();
    comm.trim_end() == "keepalived" || program.rsplit('/').next() == Some("keepalived")
}

/// Reads a PID file.
///
/// # Errors
/// When it holds no process number.
pub fn pid(text: &[u8]) -> Result<u32, String> {
    let text = std::str::from_utf8(text).map(str::trim);
    let pid = text.ok().and_then(|text| text.parse().ok());
    pid.filter(|pid| *pid != 0)
        .ok_or_else(|| "no process number in it".to_owned())
}
