//! The account, in datums: sealed = sent + waiting + dropped.

use std::collections::BTreeMap;
use std::fmt;

use crate::aggregate::aggregator::Refused;

/// Why a datum was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The name of its Auto Scaling group did not become known in time.
    NoAsg,
    /// The instance id did not become known in time.
    NoInstanceId,
    /// It broke a rule of CloudWatch's, found before sending.
    Illegal,
    /// CloudWatch refused it when it stood alone.
    Invalid,
    /// Older than is sent.
    TooOld,
    /// Labelled too far in the future: the clock was wrong when it was read.
    TooNew,
    /// No room to wait in.
    MemoryFull,
    /// Still unsent at the end.
    Shutdown,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 8] = [
        Reason::NoAsg,
        Reason::NoInstanceId,
        Reason::Illegal,
        Reason::Invalid,
        Reason::TooOld,
        Reason::TooNew,
        Reason::MemoryFull,
        Reason::Shutdown,
    ];

    /// The word in logs and in the dimension `Reason`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Reason::NoAsg => "no_asg",
            Reason::NoInstanceId => "no_instance_id",
            Reason::Illegal => "illegal",
            Reason::Invalid => "invalid",
            Reason::TooOld => "too_old",
            Reason::TooNew => "too_new",
            Reason::MemoryFull => "memory_full",
            Reason::Shutdown => "shutdown",
        }
    }
}

/// Totals since start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Datums of closed windows.
    pub sealed: u64,
    /// Accepted by CloudWatch.
    pub sent: u64,
    /// Given up, by reason.
    pub dropped: BTreeMap<Reason, u64>,
    /// Series that found no place under the ceiling, once per window; never sealed.
    pub refused_series: u64,
    /// Readings that made no value, as counted at the end.
    pub refused_readings: Refused,
    /// Second blocks of a series and window whose first was sealed already.
    pub late_blocks: u64,
    /// Local ticks without a pass.
    pub missed_ticks: u64,
    /// Failed attempts, by code.
    pub errors: BTreeMap<String, u64>,
    /// Calls that were answered or gave up.
    pub calls: u64,
}

/// Codes kept apart; an endpoint that invents more is counted under `other`.
const CODES_MAX: usize = 32;

impl Account {
    /// Counts datums given up.
    pub fn drop(&mut self, reason: Reason, datums: usize) {
        if datums > 0 {
            *self.dropped.entry(reason).or_default() += datums as u64;
        }
    }

    /// Counts a failed attempt.
    pub fn error(&mut self, code: &str) {
        let known = self.errors.contains_key(code) || self.errors.len() < CODES_MAX;
        let code = if known { code } else { "other" };
        *self.errors.entry(code.to_owned()).or_default() += 1;
    }

    /// All that was given up.
    #[must_use]
    pub fn dropped_total(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// What must be waiting if nothing was lost.
    #[must_use]
    pub fn owed(&self) -> u64 {
        self.sealed - self.sent - self.dropped_total()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "sealed {} = sent {} + waiting {} + dropped {}",
            self.sealed,
            self.sent,
            self.owed(),
            self.dropped_total()
        )?;
        for (reason, datums) in &self.dropped {
            write!(f, ", {} {datums}", reason.word())?;
        }
        write!(f, "; calls {}", self.calls)?;
        if self.refused_series > 0 {
            write!(f, ", refused series {}", self.refused_series)?;
        }
        let Refused {
            resets,
            invalid,
            nameless,
        } = self.refused_readings;
        for (what, count) in [
            ("counter resets", resets),
            ("illegal readings", invalid),
            ("nameless readings", nameless),
            ("late blocks", self.late_blocks),
        ] {
            if count > 0 {
                write!(f, ", {what} {count}")?;
            }
        }
        if self.missed_ticks > 0 {
            write!(f, ", missed ticks {}", self.missed_ticks)?;
        }
        Ok(())
    }
}
