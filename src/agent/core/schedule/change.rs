//! Another timetable: collectors come and go, windows get another length, and the ticks of those that stay go on.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{
    BOUNDARY_TOLERANCE_MS, Due, Rhythm, Schedule, Span, Task, from_millis, lateness, millis,
    span_at,
};
use crate::clock::Now;

impl Schedule {
    /// From now on these collectors run, and windows are sealed `close_after` their end. A known number goes on where it
    /// is, its pass that is under way and its back-off too. The first pass of each new local one is handed out.
    pub fn change(
        &mut self,
        now: Now,
        close_after: Duration,
        rhythms: &BTreeMap<usize, Rhythm>,
    ) -> Vec<Due> {
        self.close_after = close_after;
        self.lateness = lateness(rhythms);
        let known: Vec<usize> = self.tasks.keys().copied().collect();
        self.tasks.retain(|number, _| rhythms.contains_key(number));
        for (number, rhythm) in rhythms {
            let task = self.tasks.entry(*number);
            task.or_insert_with(|| Task::new(*rhythm, now)).rhythm = *rhythm;
        }
        self.seed_those(now, |number| !known.contains(&number))
    }

    /// Windows of another length from now on; those before were drained. Everything that was due has been handed out.
    ///
    /// The boundaries lie where the window before would have had them, so that no tick comes twice for a rounding of the
    /// wall clock; unless that clock was set since.
    pub fn cut_anew(&mut self, now: Now, period: Duration) {
        let before = self.open;
        let wall_end_ms = before.label * 1000 + millis(self.period);
        let left_ms = millis(before.end.saturating_sub(now.boot));
        let number = before.number + 1;
        self.open = if (wall_end_ms - left_ms - now.wall_ms).abs() > BOUNDARY_TOLERANCE_MS {
            span_at(number, now, period)
        } else {
            span_along(before.end, wall_end_ms, number, now, period)
        };
        self.period = period;
    }
}

/// The window that holds `now` on a grid of which one boundary is known on both clocks.
fn span_along(
    boundary: Duration,
    boundary_wall_ms: i64,
    number: u64,
    now: Now,
    period: Duration,
) -> Span {
    let period_ms = millis(period);
    // Rounded up, so that the window ends after now.
    let left = boundary.saturating_sub(now.boot).as_nanos();
    let left_ms = i64::try_from(left.div_ceil(1_000_000)).unwrap_or(i64::MAX);
    let label_ms = (boundary_wall_ms - left_ms).div_euclid(period_ms) * period_ms;
    let end_ms = label_ms + period_ms;
    let end = if end_ms >= boundary_wall_ms {
        boundary + from_millis(end_ms - boundary_wall_ms)
    } else {
        boundary.saturating_sub(from_millis(boundary_wall_ms - end_ms))
    };
    Span {
        number,
        label: label_ms.div_euclid(1000),
        start: now.boot,
        end,
    }
}
