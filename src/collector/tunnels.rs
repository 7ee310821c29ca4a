//! Tunnels as every source of them tells: what is configured or expected, what of it is up, and what went through.
//!
//! A tunnel whose state the source does not know counts nowhere and has no sample. One that the user expects and that no
//! source listed is configured and down, but only where every source was read. Where there never was a tunnel, nothing
//! is said: no firewall without tunnels pays for three series of zeros.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::dimension::OwnDimension;
use crate::model::names::tunnels::{
    TUNNEL_BANDWIDTH_UTILIZATION, TUNNEL_BYTES_IN, TUNNEL_BYTES_OUT, TUNNEL_ERRORS, TUNNEL_STATE,
    TUNNELS_CONFIGURED, TUNNELS_DOWN, TUNNELS_UP,
};
use crate::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record, Width};
use crate::model::schema::{Key, KeyKind, visible_text};

/// The tunnels that should be there.
pub const EXPECT: Key = Key::new(
    "expect",
    KeyKind::TextList(visible_text),
    "[]",
    "Tunnels that should be there, by the names of their series: one that is not configured counts as down.",
);

/// The ceiling of a tunnel; its default is [`BITS_PER_SECOND`].
pub const CEILING: Key = Key::new(
    "tunnel_bits_per_second_max",
    KeyKind::Int {
        min: 1000,
        max: 1_000_000_000_000,
    },
    "1250000000",
    "Ceiling of one tunnel in one direction, for TunnelBandwidthUtilization.",
);

/// What a standard AWS VPN tunnel carries, bits per second (AWS Site-to-Site VPN quotas).
pub const BITS_PER_SECOND: f64 = 1_250_000_000.0;

/// A total of [`SHARE`] is so many times percent of the ceiling times seconds: whole numbers of a small unit.
const SHARE_PARTS: f64 = 1e6;

macro_rules! readings {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $kind:expr, $metric:ident by $fold:ident;)*) => {
        $($(#[$doc])*
        pub static $name: Reading = Reading {
            name: $text,
            kind: $kind,
            feeds: &[Feed { metric: &$metric, fold: Fold::$fold }],
        };)*
    };
}

const TOTAL: Kind = Kind::Counter(Width::Bits64);

readings! {
    /// State of a tunnel.
    STATE, "tunnel", Kind::State, TUNNEL_STATE by Min;
    /// Tunnels that should be up.
    CONFIGURED, "tunnels_configured", Kind::Gauge, TUNNELS_CONFIGURED by Sum;
    /// Tunnels that are up.
    UP, "tunnels_up", Kind::Gauge, TUNNELS_UP by Sum;
    /// Tunnels that are down.
    DOWN, "tunnels_down", Kind::Gauge, TUNNELS_DOWN by Sum;
    /// Bytes received through a tunnel.
    BYTES_IN, "tunnel_bytes_in", TOTAL, TUNNEL_BYTES_IN by Sum;
    /// Bytes sent through a tunnel.
    BYTES_OUT, "tunnel_bytes_out", TOTAL, TUNNEL_BYTES_OUT by Sum;
    /// Packets that a tunnel refused.
    ERRORS, "tunnel_errors", TOTAL, TUNNEL_ERRORS by Sum;
    /// Bytes of one direction of a tunnel, in parts of its ceiling.
    SHARE, "tunnel_share", Kind::Rate(Width::Bits64, 1.0 / SHARE_PARTS), TUNNEL_BANDWIDTH_UTILIZATION by Max;
}

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Received through the tunnel.
    In,
    /// Sent through it.
    Out,
}

/// What a collector knows of its tunnels from pass to pass.
#[derive(Debug)]
pub struct Tunnels {
    expect: BTreeSet<String>,
    /// Bits per second of one tunnel in one direction.
    ceiling: f64,
    /// There was a tunnel once, or one is expected.
    ever: bool,
    /// Names that the sources of this pass listed.
    listed: BTreeSet<String>,
    /// How many of each source of this pass are up and down.
    counts: Vec<(Option<String>, usize, usize)>,
    /// An expected one was missing once: what is counted of those goes on, so that it falls to 0 at once.
    ever_missing: bool,
}

impl Tunnels {
    /// For these expected names and this ceiling, bits per second.
    #[must_use]
    pub fn new(expect: impl IntoIterator<Item = String>, ceiling: f64) -> Self {
        let expect: BTreeSet<String> = expect.into_iter().collect();
        Tunnels {
            ever: !expect.is_empty(),
            expect,
            ceiling,
            listed: BTreeSet::new(),
            counts: Vec::new(),
            ever_missing: false,
        }
    }

    /// The user names tunnels that should be there.
    #[must_use]
    pub fn expects_any(&self) -> bool {
        !self.expect.is_empty()
    }

    /// The user named this one.
    #[must_use]
    pub fn is_expected(&self, name: &str) -> bool {
        self.expect.contains(name)
    }

    /// Records what one source listed: `true` is up, `false` configured and down, `None` unknown. How many there are is
    /// told at the end: half a sum would be a wrong sum.
    pub fn source(
        &mut self,
        out: &mut Readings,
        origin: Option<&str>,
        states: &BTreeMap<String, Option<bool>>,
    ) {
        self.ever |= !states.is_empty();
        if !self.ever {
            return;
        }
        let (mut up, mut down) = (0, 0);
        for (name, state) in states {
            match state {
                Some(true) => up += 1,
                Some(false) => down += 1,
                None => continue,
            }
            let state = Raw::Level(f64::from(u8::from(*state == Some(true))));
            // An expected one has one place whether a source lists it or none does: no old 0 lingers beside a new 1.
            let place = origin.filter(|_| !self.is_expected(name));
            self.push(out, &STATE, place, name, name, state);
        }
        self.counts.push((origin.map(str::to_owned), up, down));
        self.listed.extend(states.keys().cloned());
    }

    /// Ends a pass in which every source was read: tells how many there are, and that what is expected and was not listed
    /// is configured and down.
    pub fn end(&mut self, out: &mut Readings) {
        for (origin, up, down) in std::mem::take(&mut self.counts) {
            count(out, origin.as_deref(), up, down);
        }
        let listed = std::mem::take(&mut self.listed);
        let missing: Vec<String> = self.expect.difference(&listed).cloned().collect();
        for name in &missing {
            self.push(out, &STATE, None, name, name, Raw::Level(0.0));
        }
        self.ever_missing |= !missing.is_empty();
        if self.ever_missing {
            count(out, None, 0, missing.len());
        }
        if !missing.is_empty() {
            out.note(format!(
                "expected and not there: {}; the tunnels that are there: {}",
                shown(&missing),
                shown(&listed.into_iter().collect::<Vec<_>>())
            ));
        }
    }

    /// Begins a pass: what earlier ones listed says nothing of this one.
    pub fn begin(&mut self) {
        self.listed.clear();
        self.counts.clear();
    }

    /// Records the running total of bytes of one member (an SA, an interface) of a tunnel.
    pub fn bytes(
        &self,
        out: &mut Readings,
        origin: Option<&str>,
        name: &str,
        member: &str,
        direction: Direction,
        total: u64,
    ) {
        let (reading, word) = match direction {
            Direction::In => (&BYTES_IN, "in"),
            Direction::Out => (&BYTES_OUT, "out"),
        };
        self.push(out, reading, origin, name, member, Raw::Total(total));
        let share = Raw::Total(parts(total, self.ceiling));
        // Another direction is another member: each has a total of its own.
        let member = [member, " ", word].concat();
        self.push(out, &SHARE, origin, name, &member, share);
    }

    /// Records the running total of packets that one member of a tunnel refused.
    pub fn errors(
        &self,
        out: &mut Readings,
        origin: Option<&str>,
        name: &str,
        member: &str,
        total: u64,
    ) {
        self.push(out, &ERRORS, origin, name, member, Raw::Total(total));
    }

    /// Records anything of one tunnel, in its fine series.
    pub fn push(
        &self,
        out: &mut Readings,
        reading: &'static Reading,
        origin: Option<&str>,
        name: &str,
        member: &str,
        raw: Raw,
    ) {
        let record = Record::new(reading, raw)
            .member(member)
            .own(OwnDimension::Tunnel, name)
            .expected(self.is_expected(name));
        out.push(at(record, origin));
    }
}

fn count(out: &mut Readings, origin: Option<&str>, up: usize, down: usize) {
    for (reading, number) in [(&CONFIGURED, up + down), (&UP, up), (&DOWN, down)] {
        #[allow(clippy::cast_precision_loss)] // thousands at the most
        let number = Raw::Level(number as f64);
        out.push(at(Record::new(reading, number), origin));
    }
}

fn at(record: Record, origin: Option<&str>) -> Record {
    match origin {
        Some(origin) => record.origin(origin),
        None => record,
    }
}

/// A few names; the rest as a number.
#[must_use]
pub fn shown(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let first: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len() {
        0 => "none".to_owned(),
        few if few <= SHOWN => first.join(", "),
        many => format!("{} and {} more", first.join(", "), many - SHOWN),
    }
}

/// A total of bytes in parts of a ceiling in bits per second, whose rate is percent of that ceiling.
#[must_use]
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)] // exact to a part in 2^53, and never negative
pub fn parts(bytes: u64, ceiling: f64) -> u64 {
    let percent_seconds = bytes as f64 * 8.0 * 100.0 / ceiling;
    (percent_seconds * SHARE_PARTS) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(states: &[(&str, Option<bool>)]) -> BTreeMap<String, Option<bool>> {
        let states = states.iter();
        states
            .map(|(name, state)| ((*name).to_owned(), *state))
            .collect()
    }

    /// Reading, member and level of each record.
    fn said(out: &Readings) -> Vec<(&'static str, String, f64)> {
        let level = |record: &Record| match record.raw {
            Raw::Level(level) => level,
            _ => f64::NAN,
        };
        let records = out.records().iter();
        records
            .map(|record| (record.reading.name, record.member.clone(), level(record)))
            .collect()
    }

    #[test]
    fn where_there_never_was_a_tunnel_nothing_is_said() {
        let mut tunnels = Tunnels::new([], BITS_PER_SECOND);
        let mut out = Readings::default();
        tunnels.source(&mut out, None, &states(&[]));
        tunnels.end(&mut out);
        assert_eq!(said(&out), []);
        tunnels.source(&mut out, None, &states(&[("a", Some(true))]));
        tunnels.begin();
        let mut out = Readings::default();
        tunnels.source(&mut out, None, &states(&[]));
        tunnels.end(&mut out);
        let none = ["tunnels_configured", "tunnels_up", "tunnels_down"];
        assert_eq!(said(&out), none.map(|name| (name, String::new(), 0.0)));
    }

    #[test]
    fn an_unknown_state_counts_nowhere_and_an_expected_name_that_is_missing_is_down() {
        let mut tunnels = Tunnels::new(["a", "d"].map(str::to_owned), BITS_PER_SECOND);
        let mut out = Readings::default();
        let read = states(&[("a", Some(true)), ("b", Some(false)), ("c", None)]);
        tunnels.source(&mut out, Some("one"), &read);
        tunnels.end(&mut out);
        let wanted = [
            ("tunnel", "a", 1.0),
            ("tunnel", "b", 0.0),
            ("tunnels_configured", "", 2.0),
            ("tunnels_up", "", 1.0),
            ("tunnels_down", "", 1.0),
            ("tunnel", "d", 0.0),
            ("tunnels_configured", "", 1.0),
            ("tunnels_up", "", 0.0),
            ("tunnels_down", "", 1.0),
        ];
        let wanted = wanted.map(|(reading, member, level)| (reading, member.to_owned(), level));
        assert_eq!(said(&out), wanted);
        assert_eq!(out.notes().len(), 1);
        // Once it is there nothing is counted of it any more, at once.
        tunnels.begin();
        let mut later = Readings::default();
        let read = states(&[("a", Some(true)), ("d", Some(true))]);
        tunnels.source(&mut later, Some("one"), &read);
        tunnels.end(&mut later);
        let said = said(&later);
        let counts: Vec<f64> = said[2..].iter().map(|(.., level)| *level).collect();
        assert_eq!(counts, [2.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
        let expected: Vec<bool> = out.records().iter().map(|r| r.expected).collect();
        assert_eq!(&expected[..2], [true, false]);
    }

    #[test]
    fn a_full_tunnel_is_a_hundred_percent_a_second() {
        let second = 1_250_000_000 / 8;
        let grown = parts(3 * second, BITS_PER_SECOND) - parts(2 * second, BITS_PER_SECOND);
        assert_eq!(grown, 100_000_000);
    }
}
