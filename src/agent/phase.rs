//! The host's phase: when after a window's end this host sends, so that a fleet does not send at once.

use std::time::Duration;

/// A window closes at least this long after its end, so that its last pass has come home.
pub const CLOSE_AFTER_MS: u64 = 250;

/// An offset between 250 ms and `phase_secs`, the same for the same host at every start.
#[must_use]
pub fn of(host: &str, phase_secs: i64) -> Duration {
    let most = u64::try_from(phase_secs).unwrap_or_default() * 1000;
    let span = most.saturating_sub(CLOSE_AFTER_MS);
    let share = u64::from(crc32fast::hash(host.as_bytes()));
    Duration::from_millis(CLOSE_AFTER_MS + span * share / u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phase_is_stable_spread_and_bounded() {
        assert_eq!(of("a", 5), of("a", 5));
        assert_ne!(of("a", 5), of("b", 5));
        let phases: Vec<Duration> = (0..1000).map(|n| of(&format!("host-{n}"), 5)).collect();
        let (least, most) = (phases.iter().min(), phases.iter().max());
        assert!(
            least.is_some_and(
                |p| *p >= Duration::from_millis(250) && *p < Duration::from_millis(500)
            )
        );
        assert!(
            most.is_some_and(|p| *p <= Duration::from_secs(5) && *p > Duration::from_millis(4800))
        );
        assert_eq!(of("a", 0), Duration::from_millis(250));
    }
}
