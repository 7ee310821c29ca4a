//! The host's phase: when after a window's end this host sends, so that a fleet does not send at once.

use std::time::Duration;

/// A window closes at least this long after its end, so that its last pass has come home.
pub const CLOSE_AFTER_MS: u64 = 250;

/// What a pass of a remote firewall takes at the most, as a rule; one that takes longer comes late.
const PASS_TAKES: Duration = Duration::from_secs(5);

/// An offset between 250 ms and `phase_secs`, the same for the same host at every start.
#[must_use]
pub fn of(host: &str, phase_secs: i64) -> Duration {
    let most = u64::try_from(phase_secs).unwrap_or_default() * 1000;
    let span = most.saturating_sub(CLOSE_AFTER_MS);
    let share = u64::from(crc32fast::hash(host.as_bytes()));
    Duration::from_millis(CLOSE_AFTER_MS + span * share / u64::from(u32::MAX))
}

/// Where firewalls are read from elsewhere, a window closes so long after its end: their passes begin within the phase.
#[must_use]
pub fn after_passes(phase_secs: i64) -> Duration {
    Duration::from_secs(u64::try_from(phase_secs).unwrap_or_default()) + PASS_TAKES
}

/// Of a remote firewall: how long after a window's end its pass is due, below both `phase_secs` and a quarter of the
/// window; the same for the same host and firewall at every start.
#[must_use]
pub fn of_firewall(host: &str, firewall: &str, phase_secs: i64, period: Duration) -> Duration {
    let phase = Duration::from_secs(u64::try_from(phase_secs).unwrap_or_default());
    let below = phase.min(period / 4);
    // Checksums of names that differ in a digit lie close together: another of it spreads them.
    let name = crc32fast::hash(format!("{host}\0{firewall}").as_bytes());
    let share = u64::from(crc32fast::hash(&name.to_le_bytes()));
    let nanos = u64::try_from(below.as_nanos()).unwrap_or_default();
    Duration::from_millis((nanos / 1_000_000 * share) >> u32::BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firewalls_are_spread_below_the_phase_and_a_quarter_of_the_window() {
        let secs = Duration::from_secs;
        for (phase_secs, period, below_ms) in [(5, 60, 5000), (30, 60, 15_000), (5, 10, 2500)] {
            let of =
                |n: usize| of_firewall("host", &format!("fw-{n:03}"), phase_secs, secs(period));
            let mut tenths = [0; 10];
            for n in 0..1000 {
                let offset = of(n);
                assert_eq!(offset, of(n));
                assert!(offset < Duration::from_millis(below_ms), "{offset:?}");
                let tenth = offset.as_millis() * 10 / u128::from(below_ms);
                tenths[usize::try_from(tenth).unwrap()] += 1;
            }
            assert!(tenths.iter().all(|n| (60..140).contains(n)), "{tenths:?}");
        }
        assert_eq!(of_firewall("host", "fw", 0, secs(60)), Duration::ZERO);
        let one = of_firewall("host", "fw", 5, secs(60));
        assert_ne!(one, of_firewall("other", "fw", 5, secs(60)));
    }

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
