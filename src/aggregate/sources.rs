//! Series fed by sources: each source's newest contribution, folded on the grid of the fastest.
//!
//! A source is one collector's namespace or socket. If one that was read before has failed since, or is older
//! than two and a half of its periods, the folded series is withheld: half a sum is a wrong sum. A source that is
//! absent, or whose collector goes on well without it, no longer belongs to the series.

use std::time::Duration;

use crate::aggregate::counter::Fine;
use crate::aggregate::fold::{Folding, newest};
use crate::model::reading::Fold;

/// Periods after which a contribution is too old to be folded, in halves.
const STALE_HALF_PERIODS: u32 = 5;

/// Ticks lie this near to their grid at least: a clock that is corrected moves them.
const TICK_SLACK: Duration = Duration::from_millis(500);

/// How a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It read what there is.
    Ok,
    /// None of its sources is there.
    Absent,
    /// A source could not be read.
    Failed,
}

/// Who contributes: a collector task and, where it has several, the namespace or socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceKey<'a> {
    /// The collector's sampling period; the fastest leads.
    pub period: Duration,
    /// The collector's number.
    pub collector: usize,
    /// Namespace or socket.
    pub origin: Option<&'a str>,
}

#[derive(Debug, Clone)]
struct Contribution {
    period: Duration,
    collector: usize,
    origin: Option<String>,
    at: Duration,
    failed: bool,
    /// What the pass at hand has brought so far.
    fresh: Option<Folding>,
    /// `None` once an increase was taken: it counts once.
    folding: Option<Folding>,
}

impl Contribution {
    fn new(source: SourceKey<'_>, at: Duration) -> Self {
        Contribution {
            period: source.period,
            collector: source.collector,
            origin: source.origin.map(ToOwned::to_owned),
            at,
            failed: false,
            fresh: None,
            folding: None,
        }
    }

    fn source(&self) -> SourceKey<'_> {
        SourceKey {
            period: self.period,
            collector: self.collector,
            origin: self.origin.as_deref(),
        }
    }

    fn is_stale(&self, at: Duration) -> bool {
        at.saturating_sub(self.at) * 2 > self.period * STALE_HALF_PERIODS
    }

    /// A pass at this moment should have brought it: what is read more seldom than there are passes is not always due.
    fn is_due(&self, at: Duration) -> bool {
        at.saturating_sub(self.at) + TICK_SLACK >= self.period
    }

    fn add(&mut self, folding: Folding) {
        self.fresh = Some(match self.fresh.take() {
            Some(fresh) => fresh.and(folding),
            None => folding,
        });
    }

    /// The pass due at `at` is over: what it brought takes the place of what was there, but for pending increases.
    fn accept(&mut self, at: Duration, increases: bool) {
        let Some(fresh) = self.fresh.take() else {
            return;
        };
        self.folding = match self.folding.take().filter(|_| increases) {
            Some(pending) => Some(pending.and(fresh)),
            None => Some(fresh),
        };
        self.at = at;
        self.failed = false;
    }
}

/// One series and what each source last gave to it.
#[derive(Debug, Clone)]
pub struct Series {
    fold: Fold,
    /// Increases must count once: they are added up until they are taken.
    increases: bool,
    contributions: Vec<Contribution>,
    last: Option<f64>,
}

/// The state of a series for a rule that looks at it from outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Newest {
    /// Read and fresh.
    Value(f64),
    /// Read before, but a source failed or fell silent.
    Withheld,
}

impl Series {
    /// A series without contributions.
    #[must_use]
    pub fn new(fold: Fold, increases: bool) -> Self {
        Series {
            fold,
            increases,
            contributions: Vec::new(),
            last: None,
        }
    }

    /// Takes in one member of the pass due at `at`; true when this source gave nothing before.
    pub fn add(&mut self, source: SourceKey<'_>, at: Duration, folding: Folding) -> bool {
        let mut known = self.contributions.iter_mut();
        if let Some(known) = known.find(|known| known.source() == source) {
            known.add(folding);
            return false;
        }
        let mut new = Contribution::new(source, at);
        new.add(folding);
        self.contributions.push(new);
        self.contributions
            .sort_by(|a, b| a.source().cmp(&b.source()));
        true
    }

    /// The pass of this collector due at `at` is over.
    pub fn settle(&mut self, collector: usize, at: Duration, end: End) {
        let brought = self.contributions.iter_mut();
        brought
            .filter(|known| known.collector == collector)
            .for_each(|known| known.accept(at, self.increases));
        match end {
            End::Ok => self.go_on(collector, at),
            End::Absent => self.absent(collector),
            End::Failed => self.fail(collector, at),
        }
    }

    /// A pass of this collector failed: what it should have brought at `at`, and did not, is failed.
    fn fail(&mut self, collector: usize, at: Duration) {
        for known in &mut self.contributions {
            if known.collector == collector && known.is_due(at) {
                known.failed = true;
            }
        }
    }

    /// A pass of this collector found no source: none of its contributions counts any more.
    fn absent(&mut self, collector: usize) {
        self.contributions
            .retain(|known| known.collector != collector);
        self.forget_when_empty();
    }

    /// A pass of this collector succeeded: what it has not brought for two and a half periods is no longer there.
    fn go_on(&mut self, collector: usize, at: Duration) {
        self.contributions
            .retain(|known| known.collector != collector || !known.is_stale(at));
        self.forget_when_empty();
    }

    fn forget_when_empty(&mut self) {
        if self.contributions.is_empty() {
            self.last = None;
        }
    }

    /// Nobody contributes any more.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contributions.is_empty()
    }

    /// This collector contributes.
    #[must_use]
    pub fn is_fed_by(&self, collector: usize) -> bool {
        self.contributions
            .iter()
            .any(|known| known.collector == collector)
    }

    /// Time between its values: its fastest source leads.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        self.contributions.first().map(|known| known.period)
    }

    /// Its values are increases of a counter.
    #[must_use]
    pub fn increases(&self) -> bool {
        self.increases
    }

    /// The value on the grid of the fastest source: made when `collector` is the one that leads.
    pub fn take(&mut self, collector: usize, at: Duration) -> Option<Fine> {
        let leads = self.contributions.first()?.collector == collector;
        if !leads || self.is_withheld(at) {
            return None;
        }
        let foldings = self
            .contributions
            .iter()
            .filter_map(|known| known.folding.clone());
        let fine = foldings.reduce(Folding::and)?.finish(self.fold);
        if self.increases {
            for known in &mut self.contributions {
                known.folding = None;
            }
        }
        self.last = newest(&fine);
        Some(fine)
    }

    /// The newest value, or that it is withheld; `None` when there is none.
    #[must_use]
    pub fn newest(&self, at: Duration) -> Option<Newest> {
        let last = self.last?;
        Some(if self.is_withheld(at) {
            Newest::Withheld
        } else {
            Newest::Value(last)
        })
    }

    /// The last value that was made, however old.
    #[must_use]
    pub fn last(&self) -> Option<f64> {
        self.last
    }

    fn is_withheld(&self, at: Duration) -> bool {
        self.contributions
            .iter()
            .any(|known| known.failed || known.is_stale(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::fold::Partial;

    fn source(period: u64, collector: usize, origin: &str) -> SourceKey<'_> {
        SourceKey {
            period: Duration::from_secs(period),
            collector,
            origin: Some(origin),
        }
    }

    fn give(series: &mut Series, source: SourceKey<'_>, at: u64, value: f64) {
        let at = Duration::from_secs(at);
        series.add(source, at, Folding::Moment(Partial::of(value)));
        series.settle(source.collector, at, End::Ok);
    }

    #[test]
    fn the_fastest_source_leads_and_the_newest_of_the_others_is_folded_in() {
        let mut series = Series::new(Fold::Sum, false);
        give(&mut series, source(10, 1, "b"), 0, 100.0);
        assert_eq!(series.take(1, Duration::ZERO), Some(Fine::Value(100.0)));
        for at in 0..3 {
            give(&mut series, source(1, 0, "a"), at, 1.0);
            assert_eq!(
                series.take(0, Duration::from_secs(at)),
                Some(Fine::Value(101.0))
            );
            assert_eq!(series.take(1, Duration::from_secs(at)), None);
        }
    }

    #[test]
    fn increases_of_a_slower_source_count_once() {
        let mut series = Series::new(Fold::Sum, true);
        give(&mut series, source(10, 1, "b"), 0, 7.0);
        give(&mut series, source(1, 0, "a"), 0, 1.0);
        assert_eq!(series.take(0, Duration::ZERO), Some(Fine::Value(8.0)));
        give(&mut series, source(1, 0, "a"), 1, 1.0);
        assert_eq!(
            series.take(0, Duration::from_secs(1)),
            Some(Fine::Value(1.0))
        );
    }

    #[test]
    fn a_source_that_failed_withholds_the_series_until_it_is_read_again() {
        let mut series = Series::new(Fold::Max, false);
        give(&mut series, source(1, 0, "a"), 0, 1.0);
        give(&mut series, source(1, 1, "b"), 0, 2.0);
        let at = Duration::from_secs(1);
        series.fail(1, at);
        give(&mut series, source(1, 0, "a"), 1, 1.0);
        assert_eq!(series.take(0, at), None);
        give(&mut series, source(1, 1, "b"), 1, 2.0);
        assert_eq!(series.take(0, at), Some(Fine::Value(2.0)));
    }

    #[test]
    fn a_source_older_than_two_and_a_half_periods_withholds_the_series() {
        for (age_ms, withheld) in [(2499, false), (2500, false), (2501, true)] {
            let mut series = Series::new(Fold::Max, false);
            give(&mut series, source(1, 0, "a"), 0, 1.0);
            assert!(series.take(0, Duration::ZERO).is_some());
            let newest = series.newest(Duration::from_millis(age_ms));
            assert_eq!(newest == Some(Newest::Withheld), withheld, "{age_ms} ms");
        }
    }

    #[test]
    fn an_absent_source_no_longer_counts() {
        let mut series = Series::new(Fold::Sum, false);
        give(&mut series, source(1, 0, "a"), 0, 1.0);
        give(&mut series, source(1, 1, "b"), 0, 2.0);
        series.absent(1);
        assert_eq!(series.take(0, Duration::ZERO), Some(Fine::Value(1.0)));
        series.absent(0);
        assert_eq!(series.newest(Duration::ZERO), None);
    }

    #[test]
    fn a_source_that_its_collector_does_well_without_is_forgotten() {
        let mut series = Series::new(Fold::Max, false);
        give(&mut series, source(1, 0, "a"), 0, 1.0);
        assert!(series.take(0, Duration::ZERO).is_some());
        series.go_on(0, Duration::from_millis(2500));
        assert!(!series.is_empty());
        series.go_on(0, Duration::from_millis(2501));
        assert!(series.is_empty());
    }

    #[test]
    fn increases_fold_without_the_zeros_between_them() {
        for (fold, wanted) in [(Fold::Mean, 10.0), (Fold::Min, 10.0), (Fold::Sum, 10.0)] {
            let mut series = Series::new(fold, true);
            for at in 0..3 {
                give(&mut series, source(1, 0, "a"), at, 10.0);
                assert_eq!(
                    series.take(0, Duration::from_secs(at)),
                    Some(Fine::Value(wanted))
                );
            }
        }
    }
}
