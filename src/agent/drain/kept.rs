//! The drain that a restart takes up again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is kept of a drain over a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Whose drain it is.
    pub instance: String,
    /// The hook it was for.
    pub hook: String,
    /// When it began, milliseconds of boot time; a boot later it means nothing.
    pub began_ms: u64,
    /// When the machine started, by the wall clock of the run that kept it, Unix seconds.
    #[serde(default)]
    pub booted_secs: i64,
    /// Sessions at the start.
    pub sessions: Option<f64>,
    /// Auto Scaling knew the instance to wait.
    pub known: bool,
    /// It ended.
    pub over: bool,
}

/// So far a start may lie from the one that was kept and be the same: the wall clock is set right in between.
const SAME_BOOT_SECS: u64 = 60;

impl Kept {
    /// It is of this instance, hook and start of the machine, and began before now, boot time.
    #[must_use]
    pub fn is_of(&self, instance: &str, hook: &str, booted_secs: i64, now: Duration) -> bool {
        self.instance == instance
            && self.hook == hook
            && self.booted_secs.abs_diff(booted_secs) <= SAME_BOOT_SECS
            && Duration::from_millis(self.began_ms) <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_drain_is_of_one_start_of_the_machine() {
        let kept = Kept {
            instance: "i-1".to_owned(),
            hook: "leave".to_owned(),
            began_ms: 60_000,
            booted_secs: 1_000_000,
            sessions: Some(5000.0),
            known: true,
            over: true,
        };
        let now = Duration::from_secs(100);
        assert!(kept.is_of("i-1", "leave", 1_000_000, now));
        assert!(kept.is_of("i-1", "leave", 1_000_060, now));
        assert!(!kept.is_of("i-1", "leave", 1_000_061, now));
        assert!(!kept.is_of("i-1", "leave", 1_000_000, Duration::from_secs(59)));
        assert!(!kept.is_of("i-2", "leave", 1_000_000, now));
        assert!(!kept.is_of("i-1", "stay", 1_000_000, now));
    }
}
