//! The most connections that EC2 was ever seen to have left for this instance: what ENA tells is only how many are
//! left *now*, and the limit itself is documented nowhere.
//!
//! The largest number seen is a lower bound of the limit. It is kept over restarts, and over boots too as long as the
//! instance type is the same, for the limit is the type's: a firewall that boots under load would else take what the
//! load leaves for the limit. Another type starts anew. Where the type cannot be read the figure is kept within one
//! boot, in which the type cannot change. Within a boot it never falls.
//!
//! Until it was watched for an hour it is not proven: a firewall that was full when it was first looked at would show
//! 0 %, so the figure goes out but decides nothing.

use serde::{Deserialize, Serialize};

/// The file in the state directory.
pub const FILE: &str = "ena-baseline.json";
/// How long an instance is watched before its baseline counts.
const PROVEN_AFTER_SECS: u64 = 3600;
/// A rise by less than one part in so many is not written to the disk.
const WORTH_STORING: u64 = 100;

/// What the baseline belongs to; `None` where it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// /proc/sys/kernel/random/boot_id.
    pub boot_id: Option<String>,
    /// The instance type, such as `c6in.4xlarge`.
    pub instance_type: Option<String>,
    /// Since boot, in seconds.
    pub uptime_secs: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    boot_id: Option<String>,
    instance_type: Option<String>,
    /// Connections.
    largest: u64,
    /// Uptime when the watch began.
    since_secs: Option<u64>,
    proven: bool,
}

/// What is known of the limit.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    now: Option<Kept>,
    stored: Option<Kept>,
}

/// What a reading makes of the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The most connections ever seen available, this reading included.
    pub largest: u64,
    /// It was watched for long enough to be relied on.
    pub proven: bool,
}

impl Baseline {
    /// From the file.
    ///
    /// # Errors
    /// When it is not what [`Baseline::to_store`] writes.
    pub fn restore(bytes: &[u8]) -> Result<Self, String> {
        let kept: Kept = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        Ok(Baseline {
            now: Some(kept.clone()),
            stored: Some(kept),
        })
    }

    /// Takes in what an earlier run kept, where it could be read only now.
    pub fn absorb(&mut self, earlier: Baseline, machine: &Machine) {
        self.stored = earlier.stored;
        let earlier = earlier.now.and_then(|kept| kept.on(machine));
        match (&mut self.now, earlier) {
            (Some(now), Some(earlier)) => {
                now.largest = now.largest.max(earlier.largest);
                now.proven |= earlier.proven;
            }
            (now, earlier) => *now = now.take().or(earlier),
        }
    }

    /// Takes in what is available now.
    pub fn see(&mut self, machine: &Machine, available: u64) -> Verdict {
        let known = self.now.take().and_then(|kept| kept.on(machine));
        let mut kept = known.unwrap_or_else(|| Kept::new(machine));
        kept.largest = kept.largest.max(available);
        kept.since_secs = kept.since_secs.or(machine.uptime_secs);
        if let (Some(since), Some(now)) = (kept.since_secs, machine.uptime_secs) {
            kept.proven |= now.saturating_sub(since) >= PROVEN_AFTER_SECS;
        }
        let verdict = Verdict {
            largest: kept.largest,
            proven: kept.proven,
        };
        self.now = Some(kept);
        verdict
    }

    /// The file's new content, when it is worth writing: at first, for another boot or type, when proven, and when
    /// the largest rose by more than 1 %.
    #[must_use]
    pub fn to_store(&self) -> Option<Vec<u8>> {
        let now = self.now.as_ref()?;
        if let Some(stored) = &self.stored {
            let rise = now.largest.saturating_sub(stored.largest);
            let as_stored = Kept {
                largest: stored.largest,
                ..now.clone()
            };
            if as_stored == *stored && rise <= stored.largest / WORTH_STORING {
                return None;
            }
        }
        serde_json::to_vec(now).ok()
    }

    /// The content is on the disk.
    pub fn stored(&mut self) {
        self.stored.clone_from(&self.now);
    }
}

impl Kept {
    fn new(machine: &Machine) -> Self {
        Kept {
            boot_id: machine.boot_id.clone(),
            instance_type: machine.instance_type.clone(),
            largest: 0,
            since_secs: machine.uptime_secs,
            proven: false,
        }
    }

    /// The same for this machine; `None` when it says nothing of it.
    fn on(self, machine: &Machine) -> Option<Self> {
        let same = |kept: &Option<String>, now: &Option<String>| kept.is_some() && kept == now;
        if same(&self.boot_id, &machine.boot_id) {
            return Some(self);
        }
        if !same(&self.instance_type, &machine.instance_type) {
            return None;
        }
        // The watch begins again: uptime did.
        Some(Kept {
            largest: self.largest,
            proven: self.proven,
            ..Kept::new(machine)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(boot: &str, kind: &str, uptime: u64) -> Machine {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Machine {
            boot_id: text(boot),
            instance_type: text(kind),
            uptime_secs: Some(uptime),
        }
    }

    fn restarted(baseline: &Baseline) -> Baseline {
        Baseline::restore(&serde_json::to_vec(baseline.now.as_ref().unwrap()).unwrap()).unwrap()
    }

    fn see(baseline: &mut Baseline, machine: &Machine, available: u64) -> (u64, bool) {
        let verdict = baseline.see(machine, available);
        (verdict.largest, verdict.proven)
    }

    #[test]
    fn it_rises_never_falls_and_is_proven_after_an_hour_of_watching() {
        let mut baseline = Baseline::default();
        for (uptime, available, wanted) in [
            (5000, 100, (100, false)),
            (5010, 300, (300, false)),
            (8599, 50, (300, false)),
            (8600, 50, (300, true)),
        ] {
            let now = machine("b", "c6i.large", uptime);
            assert_eq!(see(&mut baseline, &now, available), wanted, "{uptime}");
        }
    }

    #[test]
    fn the_hour_goes_on_over_a_restart() {
        let mut baseline = Baseline::default();
        see(&mut baseline, &machine("b", "t", 100), 9);
        let mut baseline = restarted(&baseline);
        assert_eq!(see(&mut baseline, &machine("b", "t", 3699), 8), (9, false));
        assert_eq!(see(&mut baseline, &machine("b", "t", 3700), 8), (9, true));
    }

    #[test]
    fn another_boot_keeps_it_for_the_same_type_only() {
        let mut proven = Baseline::default();
        see(&mut proven, &machine("b", "t", 0), 9);
        see(&mut proven, &machine("b", "t", 3600), 9);
        for (boot, kind, wanted) in [
            ("b", "t", (9, true)),
            ("c", "t", (9, true)),
            ("c", "u", (1, false)),
            ("c", "", (1, false)),
            ("b", "", (9, true)),
            ("", "", (1, false)),
        ] {
            let mut baseline = restarted(&proven);
            let now = machine(boot, kind, 60);
            assert_eq!(see(&mut baseline, &now, 1), wanted, "{boot} {kind}");
        }
    }

    #[test]
    fn an_unproven_one_waits_a_whole_hour_of_the_next_boot() {
        let mut baseline = Baseline::default();
        see(&mut baseline, &machine("b", "t", 100), 9);
        let mut baseline = restarted(&baseline);
        assert_eq!(see(&mut baseline, &machine("c", "t", 30), 1), (9, false));
        assert_eq!(see(&mut baseline, &machine("c", "t", 3629), 1), (9, false));
        assert_eq!(see(&mut baseline, &machine("c", "t", 3630), 1), (9, true));
    }

    #[test]
    fn what_could_be_read_only_later_still_counts_for_this_machine() {
        let mut earlier = Baseline::default();
        see(&mut earlier, &machine("b", "t", 0), 9);
        see(&mut earlier, &machine("b", "t", 3600), 9);
        for (kind, wanted) in [("t", (9, true)), ("u", (2, false))] {
            let now = machine("c", kind, 60);
            let mut baseline = Baseline::default();
            assert_eq!(see(&mut baseline, &now, 2), (2, false));
            baseline.absorb(restarted(&earlier), &now);
            assert_eq!(see(&mut baseline, &now, 1), wanted, "{kind}");
        }
    }

    #[test]
    fn without_an_uptime_it_is_never_proven() {
        let mut baseline = Baseline::default();
        for _ in 0..2 {
            assert_eq!(see(&mut baseline, &Machine::default(), 5), (5, false));
        }
    }

    #[test]
    fn only_what_matters_is_stored() {
        let mut baseline = Baseline::default();
        assert_eq!(baseline.to_store(), None);
        for (uptime, available, stores) in [
            (10, 1000, true),
            (20, 1000, false),
            (30, 1010, false),
            (40, 1011, true),
            (50, 2, false),
            (3610, 2, true),
            (3620, 2, false),
        ] {
            baseline.see(&machine("b", "t", uptime), available);
            let bytes = baseline.to_store();
            assert_eq!(bytes.is_some(), stores, "{uptime}");
            if bytes.is_some() {
                baseline.stored();
            }
        }
        assert!(Baseline::restore(b"{").is_err() && Baseline::restore(b"{}").is_err());
    }
}
