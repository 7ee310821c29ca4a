//! The account, in datums: sealed = sent + waiting + dropped.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// No room on disk.
    DiskFull,
    /// Its file was spoilt.
    Corrupt,
    /// It was in memory alone when the process was killed, or its file was taken away.
    Lost,
    /// Still unsent at the end, and not on disk.
    Shutdown,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 11] = [
        Reason::NoAsg,
        Reason::NoInstanceId,
        Reason::Illegal,
        Reason::Invalid,
        Reason::TooOld,
        Reason::TooNew,
        Reason::MemoryFull,
        Reason::DiskFull,
        Reason::Corrupt,
        Reason::Lost,
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
            Reason::DiskFull => "disk_full",
            Reason::Corrupt => "corrupt",
            Reason::Lost => "lost",
            Reason::Shutdown => "shutdown",
        }
    }
}

/// What of the account outlives a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Datums of closed windows.
    pub sealed: u64,
    /// Accepted by CloudWatch.
    pub sent: u64,
    /// Given up, by the word of the reason.
    pub dropped: BTreeMap<String, u64>,
    /// Waiting in files; what waits besides is in memory.
    pub on_disk: u64,
}

/// Totals: datums since the state directory was made, the rest since start.
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

    /// What was counted as lost when these totals were resumed.
    #[must_use]
    pub fn lost_since(&self, totals: &Totals) -> u64 {
        let before = totals.dropped.get(Reason::Lost.word());
        let lost = self.dropped.get(&Reason::Lost).copied().unwrap_or(0);
        lost.saturating_sub(before.copied().unwrap_or(0))
    }

    /// So many that were given up as lost are there after all.
    pub fn found(&mut self, datums: u64) {
        if let Some(lost) = self.dropped.get_mut(&Reason::Lost) {
            *lost = lost.saturating_sub(datums);
        }
        self.dropped.retain(|_, datums| *datums > 0);
    }

    /// Goes on where an earlier run ended. What it had in memory alone is lost, unless it said why it is not. `None`
    /// where the totals are not an account.
    #[must_use]
    pub fn resume(totals: &Totals) -> Option<Self> {
        let mut account = Account {
            sealed: totals.sealed,
            sent: totals.sent,
            ..Account::default()
        };
        for (word, datums) in &totals.dropped {
            // A reason of another version's is kept as the vaguest of ours.
            let known = Reason::ALL.into_iter().find(|reason| reason.word() == word);
            let sum = account
                .dropped
                .entry(known.unwrap_or(Reason::Lost))
                .or_default();
            *sum = sum.checked_add(*datums)?;
        }
        let mut dropped = account.dropped.values();
        let settled = dropped.try_fold(account.sent, |sum, datums| sum.checked_add(*datums))?;
        let owed = totals.sealed.checked_sub(settled)?;
        let lost = owed.checked_sub(totals.on_disk)?;
        account.drop(Reason::Lost, usize::try_from(lost).ok()?);
        Some(account)
    }

    /// What was given up, by the word of the reason.
    #[must_use]
    pub fn dropped_by_word(&self) -> BTreeMap<String, u64> {
        let dropped = self.dropped.iter();
        dropped
            .map(|(reason, datums)| (reason.word().to_owned(), *datums))
            .collect()
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
