//! The board behind `/metrics`: the newest value of each series, totals since start, how each collector's last pass
//! went. What was not read lately is not shown: a frozen value looks like a healthy one.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::aggregate::aggregator::Emitted;
use crate::aggregate::fold::newest;
use crate::aggregate::window::{SeriesKey, Target};
use crate::render::family::Type;
use crate::render::prometheus::Exposition;

/// A series is shown for so many half periods of its source; the aggregator's rule for folding.
const FRESH_HALF_PERIODS: u32 = 5;
/// How a pass went is shown for so long at least: a failed source is tried seldom, and is to be seen as failed.
const PASS_SHOWN_FOR: Duration = Duration::from_secs(300);
/// The total of a series that is not shown is kept for so long, so that it goes on where it was.
const KEPT_FOR: Duration = Duration::from_secs(3600);
/// Passes come this near to their grid at least.
const TICK_SLACK: Duration = Duration::from_millis(500);
/// Between two looks for what to forget.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// The pass that brought values.
#[derive(Debug, Clone, Copy)]
pub struct From {
    /// The collector's number.
    pub source: usize,
    /// When it was read, boot time.
    pub at: Duration,
    /// Time between its passes.
    pub period: Duration,
}

impl From {
    fn is_fresh(self, now: Duration) -> bool {
        now.saturating_sub(self.at) * 2 <= self.period * FRESH_HALF_PERIODS
    }
}

#[derive(Debug)]
struct Shown {
    kind: Type,
    /// Newest value, or total.
    value: f64,
    from: From,
    /// A later pass of its source failed without it.
    unread: bool,
}

/// How a collector's last pass went.
#[derive(Debug, Clone, Copy)]
struct Went {
    up: bool,
    took: Duration,
    from: From,
}

/// The newest of everything.
#[derive(Debug)]
pub struct Board {
    series_max: usize,
    series: BTreeMap<Target, BTreeMap<SeriesKey, Shown>>,
    passes: BTreeMap<usize, Went>,
    /// Values that found no room.
    left_out: u64,
    swept: Duration,
}

impl Board {
    /// An empty board with room for so many series of each target.
    #[must_use]
    pub fn new(series_max: usize) -> Self {
        Board {
            series_max,
            series: BTreeMap::new(),
            passes: BTreeMap::new(),
            left_out: 0,
            swept: Duration::ZERO,
        }
    }

    /// Takes in a value.
    pub fn take(&mut self, value: &Emitted, from: From) {
        let Some(newest) = newest(&value.fine) else {
            return;
        };
        let from = From {
            period: value.period,
            ..from
        };
        let series = self.series.entry(value.key.target.clone()).or_default();
        if let Some(shown) = series.get_mut(&value.key) {
            shown.value = match shown.kind {
                Type::Counter => shown.value + newest,
                Type::Gauge => newest,
            };
            shown.from = from;
            shown.unread = false;
            return;
        }
        if series.len() >= self.series_max && from.at.saturating_sub(self.swept) >= SWEEP_EVERY {
            self.swept = from.at;
            series.retain(|_, shown| shown.is_fresh(from.at));
        }
        if series.len() >= self.series_max {
            self.left_out += 1;
            return;
        }
        let shown = Shown {
            kind: Type::of(value),
            value: newest,
            from,
            unread: false,
        };
        series.insert(value.key.clone(), shown);
    }

    /// A pass ended; `Some(false)` when it failed, `None` when its source is absent.
    pub fn passed(&mut self, target: &Target, up: Option<bool>, took: Duration, from: From) {
        match up {
            Some(up) => self.passes.insert(from.source, Went { up, took, from }),
            None => self.passes.remove(&from.source),
        };
        let series = self.series.get_mut(target).into_iter().flatten();
        if up == Some(true) {
            return;
        }
        for (_, shown) in series {
            let of_it = shown.from.source == from.source;
            // What is read more seldom than there are passes was not missing.
            let age = from.at.saturating_sub(shown.from.at);
            shown.unread |= of_it && age + TICK_SLACK >= shown.from.period;
        }
    }

    /// Other collectors and another ceiling: what one brought that is gone falls out at once; its totals are kept, should
    /// another bring them on.
    pub fn change(&mut self, series_max: usize, gone: impl Fn(usize) -> bool) {
        self.series_max = series_max;
        self.passes.retain(|source, _| !gone(*source));
        for shown in self.series.values_mut().flat_map(BTreeMap::values_mut) {
            shown.unread |= gone(shown.from.source);
        }
    }

    /// Values that found no room since start.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Writes down what is fresh; `collector` names a number.
    pub fn show<'a>(
        &mut self,
        now: Duration,
        collector: impl Fn(usize) -> (&'static str, &'a Target),
        out: &mut Exposition,
    ) {
        for series in self.series.values_mut() {
            series.retain(|_, shown| now.saturating_sub(shown.from.at) <= KEPT_FOR);
            for (key, shown) in series.iter().filter(|(_, shown)| shown.is_fresh(now)) {
                out.series(key, shown.kind, shown.value);
            }
        }
        for (source, went) in &self.passes {
            let age = now.saturating_sub(went.from.at);
            if age <= PASS_SHOWN_FOR || went.from.is_fresh(now) {
                let (name, target) = collector(*source);
                let took_ms = went.took.as_secs_f64() * 1000.0;
                out.collector(name, target, f64::from(u8::from(went.up)), took_ms);
            }
        }
    }
}

impl Shown {
    fn is_fresh(&self, now: Duration) -> bool {
        !self.unread && self.from.is_fresh(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::counter::Fine;
    use crate::model::dimension::OwnDimension;
    use crate::model::names::{ACTIVE_SESSIONS, RX_DROPS};

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn from(source: usize, at: Duration) -> From {
        From {
            source,
            at,
            period: secs(1),
        }
    }

    fn gauge(fine: Fine) -> Emitted {
        Emitted {
            key: SeriesKey {
                target: None,
                metric: &ACTIVE_SESSIONS,
                own: None,
            },
            expected: false,
            fine,
            increases: false,
            period: secs(1),
            bound_by: None,
        }
    }

    fn drops(interface: &str, increase: f64) -> Emitted {
        Emitted {
            key: SeriesKey {
                target: None,
                metric: &RX_DROPS,
                own: Some((OwnDimension::Interface, interface.to_owned())),
            },
            fine: Fine::Value(increase),
            increases: true,
            period: secs(1),
            ..gauge(Fine::Value(0.0))
        }
    }

    /// The lines without heads.
    fn lines(board: &mut Board, now: Duration) -> Vec<String> {
        let mut out = Exposition::default();
        board.show(now, |_| ("fake", &None), &mut out);
        let text = out.text();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(ToOwned::to_owned).collect()
    }

    #[test]
    fn gauges_show_the_newest_counters_the_total() {
        let mut board = Board::new(10);
        for at in 1..=3 {
            board.take(
                &gauge(Fine::Block(vec![1.0, f64::from(at)])),
                from(0, secs(3)),
            );
            board.take(&drops("eth0", 2.0), from(0, secs(3)));
        }
        assert_eq!(
            lines(&mut board, secs(3)),
            [
                "fwmetrics_active_sessions 3",
                "fwmetrics_rx_drops_total{interface=\"eth0\"} 6"
            ]
        );
    }

    #[test]
    fn a_value_older_than_two_and_a_half_periods_falls_out_and_its_total_goes_on() {
        let mut board = Board::new(10);
        board.take(&drops("eth0", 2.0), from(0, secs(10)));
        for (age_ms, shown) in [(2499, 1), (2500, 1), (2501, 0)] {
            let now = secs(10) + Duration::from_millis(age_ms);
            assert_eq!(lines(&mut board, now).len(), shown, "{age_ms} ms");
        }
        board.take(&drops("eth0", 3.0), from(0, secs(60)));
        assert_eq!(
            lines(&mut board, secs(60)),
            ["fwmetrics_rx_drops_total{interface=\"eth0\"} 5"]
        );
    }

    #[test]
    fn a_failed_pass_takes_down_at_once_what_it_did_not_bring() {
        for (up, left) in [(Some(true), 2), (Some(false), 1), (None, 1)] {
            let mut board = Board::new(10);
            board.take(&gauge(Fine::Value(1.0)), from(0, secs(1)));
            board.take(&drops("eth0", 2.0), from(1, secs(1)));
            board.passed(&None, up, secs(0), from(0, secs(2)));
            let lines = lines(&mut board, secs(2));
            let values = lines.iter().filter(|line| !line.contains("collector"));
            assert_eq!(values.count(), left, "{up:?}: {lines:?}");
        }
        let mut board = Board::new(10);
        board.take(&gauge(Fine::Value(1.0)), from(0, secs(2)));
        board.passed(&None, Some(false), secs(0), from(0, secs(2)));
        assert!(lines(&mut board, secs(2)).contains(&"fwmetrics_active_sessions 1".to_owned()));
    }

    #[test]
    fn a_failed_collector_is_seen_until_it_is_absent_or_silent() {
        let mut board = Board::new(10);
        board.passed(
            &None,
            Some(false),
            Duration::from_millis(5),
            from(0, secs(1)),
        );
        let down = "fwmetrics_collector_up{collector=\"fake\"} 0".to_owned();
        let took = "fwmetrics_collector_duration_milliseconds{collector=\"fake\"} 5".to_owned();
        assert_eq!(lines(&mut board, secs(301)), [took, down]);
        assert!(lines(&mut board, secs(302)).is_empty());
        board.passed(&None, Some(true), secs(0), from(0, secs(400)));
        board.passed(&None, None, secs(0), from(0, secs(401)));
        assert!(lines(&mut board, secs(401)).is_empty());
    }

    #[test]
    fn what_a_collector_brought_that_is_gone_falls_out_and_its_total_goes_on() {
        let mut board = Board::new(10);
        for source in [0, 1] {
            let name = format!("eth{source}");
            board.take(&drops(&name, 2.0), from(source, secs(1)));
            board.passed(&None, Some(true), secs(0), from(source, secs(1)));
        }
        board.change(10, |source| source == 1);
        assert_eq!(lines(&mut board, secs(1)).len(), 3);
        board.take(&drops("eth1", 3.0), from(2, secs(2)));
        let total = "fwmetrics_rx_drops_total{interface=\"eth1\"} 5".to_owned();
        assert!(lines(&mut board, secs(2)).contains(&total));
    }

    #[test]
    fn the_ceiling_holds_and_what_is_left_out_is_counted() {
        let mut board = Board::new(2);
        for (number, left_out) in [(1, 0), (2, 0), (3, 1)] {
            board.take(&drops(&format!("eth{number}"), 1.0), from(0, secs(1)));
            assert_eq!(board.left_out(), left_out, "{number} series");
        }
        // One that went on keeps its place; one that is gone leaves it.
        board.take(&drops("eth1", 1.0), from(0, secs(100)));
        board.take(&drops("eth3", 1.0), from(0, secs(100)));
        assert_eq!(lines(&mut board, secs(100)).len(), 2);
        assert_eq!(board.left_out(), 1);
    }
}
