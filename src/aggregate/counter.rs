//! From running totals to increases, rates and shares, member by member.

use std::time::Duration;

use crate::aggregate::members::Members;
use crate::model::limits::VALUE_MAX;
use crate::model::reading::{Kind, Raw, Record, Width};

/// A member that was not read for so long is forgotten at the next sweep; back again, it seeds anew.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// What a reading became at the finest grain.
#[derive(Debug, Clone, PartialEq)]
pub enum Fine {
    /// One value.
    Value(f64),
    /// Values a second apart, oldest first.
    Block(Vec<f64>),
}

/// Why a reading made no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// The first one of its member only seeds.
    Seed,
    /// The counter started again.
    Reset,
    /// No time passed, or the whole did not grow.
    NoGrowth,
    /// Not finite, or beyond what CloudWatch takes; or the raw form does not fit the kind.
    Invalid,
}

#[derive(Debug, Clone, Copy)]
struct Seed {
    part: u64,
    whole: u64,
    at: Duration,
}

/// The last total of each member.
#[derive(Debug, Default)]
pub struct Counters {
    seeds: Members<Seed>,
    swept: Duration,
}

impl Counters {
    /// Makes a value of a record read at `at` (boot time) by the source of this number.
    ///
    /// # Errors
    /// Says why no value could be made.
    pub fn advance(
        &mut self,
        source: usize,
        record: &Record,
        at: Duration,
    ) -> Result<Fine, Dropped> {
        let fine = match (record.reading.kind, &record.raw) {
            (Kind::Gauge | Kind::State, Raw::Level(value)) => Fine::Value(*value),
            (Kind::Gauge | Kind::State, Raw::Block(values)) => Fine::Block(values.clone()),
            (Kind::Counter(width), Raw::Total(total)) => {
                let (before, _) = self.exchange(source, record, *total, 0, at)?;
                Fine::Value(as_f64(increase(width, before.part, *total)?))
            }
            (Kind::Rate(width, scale), Raw::Total(total)) => {
                let (before, elapsed) = self.exchange(source, record, *total, 0, at)?;
                let grown = increase(width, before.part, *total)?;
                let elapsed = whole_millis(elapsed);
                if elapsed.is_zero() {
                    return Err(Dropped::NoGrowth);
                }
                Fine::Value(meant(as_f64(grown) / elapsed.as_secs_f64() * scale))
            }
            (Kind::Share, Raw::Part { part, whole }) => {
                let (before, _) = self.exchange(source, record, *part, *whole, at)?;
                Fine::Value(share(before, *part, *whole)?)
            }
            _ => return Err(Dropped::Invalid),
        };
        if is_legal(&fine) {
            Ok(fine)
        } else {
            Err(Dropped::Invalid)
        }
    }

    /// Forgets the totals of these sources.
    pub fn forget(&mut self, gone: impl Fn(usize) -> bool) {
        self.seeds.forget(gone);
    }

    /// Remembers the new total and hands out the one before, with the time between.
    fn exchange(
        &mut self,
        source: usize,
        record: &Record,
        part: u64,
        whole: u64,
        at: Duration,
    ) -> Result<(Seed, Duration), Dropped> {
        self.sweep(at);
        let before = self.seeds.put(source, record, Seed { part, whole, at });
        before
            .map(|seed| (seed, at.saturating_sub(seed.at)))
            .ok_or(Dropped::Seed)
    }

    /// Forgets members that are gone, once in a while.
    fn sweep(&mut self, at: Duration) {
        if at.saturating_sub(self.swept) > FORGOTTEN_AFTER {
            self.swept = at;
            self.seeds
                .retain(|seed| at.saturating_sub(seed.at) <= FORGOTTEN_AFTER);
        }
    }
}

/// When within a pass the kernel's number was read is known to a millisecond at best; finer digits of the time would
/// only make each rate of a window another number.
fn whole_millis(elapsed: Duration) -> Duration {
    let rounded = elapsed + Duration::from_micros(500);
    Duration::new(rounded.as_secs(), rounded.subsec_millis() * 1_000_000)
}

/// A rate to 21 binary digits, half a millionth of it: no window can shorten more.
fn meant(rate: f64) -> f64 {
    const JITTER_BITS: u32 = 32;
    let half = 1u64 << (JITTER_BITS - 1);
    let rounded = rate.to_bits().saturating_add(half) >> JITTER_BITS << JITTER_BITS;
    f64::from_bits(rounded)
}

/// The increase of a counter of this width; a reset is an error.
fn increase(width: Width, before: u64, now: u64) -> Result<u64, Dropped> {
    match width {
        Width::Bits64 => now.checked_sub(before).ok_or(Dropped::Reset),
        Width::Bits32 => {
            let grown = now.wrapping_sub(before) & u64::from(u32::MAX);
            if grown > 1 << 31 {
                return Err(Dropped::Reset);
            }
            Ok(grown)
        }
    }
}

/// Increase of the part over increase of the whole, in percent. A part that falls counts as 0: the kernel's
/// idle and iowait times may go back a little (fs/proc/stat.c, get_iowait_time).
fn share(before: Seed, part: u64, whole: u64) -> Result<f64, Dropped> {
    let grown = whole.checked_sub(before.whole).ok_or(Dropped::Reset)?;
    if grown == 0 {
        return Err(Dropped::NoGrowth);
    }
    let part = part.saturating_sub(before.part);
    Ok((as_f64(part) / as_f64(grown) * 100.0).clamp(0.0, 100.0))
}

#[allow(clippy::cast_precision_loss)] // an increase above 2^53 in one pass is no longer exact, and no longer real
fn as_f64(number: u64) -> f64 {
    number as f64
}

fn is_legal(fine: &Fine) -> bool {
    let legal = |value: &f64| value.is_finite() && value.abs() <= VALUE_MAX;
    match fine {
        Fine::Value(value) => legal(value),
        Fine::Block(values) => !values.is_empty() && values.iter().all(legal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reading::Reading;

    fn totals(kind: Kind, totals: &[(u64, u64)]) -> Vec<Result<Fine, Dropped>> {
        let reading: &'static Reading = Box::leak(Box::new(Reading {
            name: "r",
            kind,
            feeds: &[],
        }));
        let mut counters = Counters::default();
        totals
            .iter()
            .map(|(at, total)| {
                let record = Record::new(reading, Raw::Total(*total));
                counters.advance(0, &record, Duration::from_millis(*at))
            })
            .collect()
    }

    #[test]
    fn the_first_reading_seeds_and_later_ones_are_increases() {
        assert_eq!(
            totals(
                Kind::Counter(Width::Bits64),
                &[(0, 10), (1000, 15), (2000, 15)]
            ),
            [
                Err(Dropped::Seed),
                Ok(Fine::Value(5.0)),
                Ok(Fine::Value(0.0))
            ]
        );
    }

    #[test]
    fn a_64_bit_counter_that_falls_is_a_reset_and_seeds_again() {
        assert_eq!(
            totals(
                Kind::Counter(Width::Bits64),
                &[(0, 10), (1000, 4), (2000, 7)]
            ),
            [
                Err(Dropped::Seed),
                Err(Dropped::Reset),
                Ok(Fine::Value(3.0))
            ]
        );
    }

    #[test]
    fn a_32_bit_counter_wraps_and_resets_above_half() {
        let max = u64::from(u32::MAX);
        let half = 1u64 << 31;
        assert_eq!(
            totals(Kind::Counter(Width::Bits32), &[(0, max), (1, 4)]),
            [Err(Dropped::Seed), Ok(Fine::Value(5.0))]
        );
        for (grown, reset) in [(half - 1, false), (half, false), (half + 1, true)] {
            let last = totals(Kind::Counter(Width::Bits32), &[(0, 0), (1, grown)]).remove(1);
            assert_eq!(last.is_err(), reset, "{grown}");
        }
    }

    #[test]
    fn a_rate_divides_by_the_time_that_really_passed() {
        assert_eq!(
            totals(
                Kind::Rate(Width::Bits64, 8.0),
                &[(0, 0), (2000, 100), (2000, 200)]
            ),
            [
                Err(Dropped::Seed),
                Ok(Fine::Value(400.0)),
                Err(Dropped::NoGrowth)
            ]
        );
    }

    #[test]
    fn a_share_is_clamped_and_needs_growth() {
        let seed = Seed {
            part: 50,
            whole: 100,
            at: Duration::ZERO,
        };
        assert_eq!(share(seed, 75, 200), Ok(25.0));
        assert_eq!(share(seed, 40, 200), Ok(0.0));
        assert_eq!(share(seed, 500, 200), Ok(100.0));
        assert_eq!(share(seed, 60, 100), Err(Dropped::NoGrowth));
        assert_eq!(share(seed, 60, 99), Err(Dropped::Reset));
    }

    #[test]
    fn what_cloudwatch_would_refuse_is_invalid() {
        for value in [f64::NAN, f64::INFINITY, VALUE_MAX * 1.1] {
            assert!(!is_legal(&Fine::Value(value)));
        }
        assert!(is_legal(&Fine::Value(-VALUE_MAX)));
    }
}
