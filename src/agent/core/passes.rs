//! Passes come home: their values go into windows, their failures into the log and the back-off.

use std::time::Duration;

use super::notices::Level;
use super::schedule::Tick;
use super::{ABSENT_RECHECK, Core, Held, PassDone, RETRY_MOST};
use crate::aggregate::aggregator::{Emitted, End, Pass};
use crate::aggregate::counter::Fine;
use crate::aggregate::window::{SeriesKey, Window};
use crate::clock::Now;
use crate::collector::CollectError;
use crate::model::reading::Raw;

/// Labels of sealed blocks remembered per series.
const BLOCK_LABELS: usize = 16;

impl Core {
    pub(super) fn pass(&mut self, done: &PassDone, now: Now) {
        let Some(tick) = self.schedule.finished(done.collector) else {
            return;
        };
        self.judge(done, now);
        self.left_out += done.readings.left_out();
        let end = match &done.error {
            None => End::Ok,
            Some(CollectError::Absent(_)) => End::Absent,
            Some(CollectError::Failed(_)) => End::Failed,
        };
        let emitted = self.aggregator.pass(&Pass {
            source: done.collector,
            due: tick.due,
            at: done.at,
            readings: &done.readings,
            end,
        });
        self.draining.take(done.collector, end, &emitted, done.at);
        if tick.seeds {
            return;
        }
        let published = self.put_up(done, end, emitted);
        self.record(tick, read_at(done), now, published);
        if end != End::Absent {
            self.observe_pass(done, tick, now);
        }
    }

    /// Values into the window they belong to; one that is closed already is opened again under its label, and goes
    /// out with the next.
    pub(super) fn record(&mut self, tick: Tick, at: Duration, now: Now, emitted: Vec<Emitted>) {
        for value in emitted {
            let label = match &value.fine {
                Fine::Value(_) => tick.label,
                Fine::Block(seconds) => self.label_of_block(tick, at, now, seconds.len()),
            };
            let sealed = self.sealed_blocks.get(&value.key);
            let is_block = matches!(value.fine, Fine::Block(_));
            if is_block && sealed.is_some_and(|labels| labels.contains(&label)) {
                self.account.late_blocks += 1;
                continue;
            }
            self.window(tick.window, label, now)
                .add(value.key, value.expected, &value.fine);
        }
    }

    /// The window that holds the block's middle; when the pass came late, the one its real start lies in.
    fn label_of_block(&self, tick: Tick, at: Duration, now: Now, seconds: usize) -> i64 {
        let wall_ms = |boot: Duration| {
            let ago = now.boot.saturating_sub(boot).as_millis();
            now.wall_ms - i64::try_from(ago).unwrap_or_default()
        };
        let length_ms = i64::try_from(seconds).unwrap_or_default() * 1000;
        let late = at.saturating_sub(tick.due) > self.setup.period / 4;
        let within_ms = if late {
            wall_ms(at) - length_ms
        } else {
            wall_ms(tick.due) - length_ms / 2
        };
        let period_ms = self.period_secs() * 1000;
        within_ms.div_euclid(period_ms) * self.period_secs()
    }

    /// Remembers which windows of a series had their block. Where series come and go, the one whose last block is the
    /// oldest is forgotten: all that it can cost is a second datum.
    pub(super) fn block_sealed(&mut self, key: &SeriesKey, label: i64) {
        let most = 2 * self.setup.series_max * self.targets.len();
        if self.sealed_blocks.len() >= most && !self.sealed_blocks.contains_key(key) {
            let series = self.sealed_blocks.iter();
            let oldest = series.min_by_key(|(_, labels)| labels.back().copied());
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.sealed_blocks.remove(&key);
            }
        }
        let labels = self.sealed_blocks.entry(key.clone()).or_default();
        if labels.len() == BLOCK_LABELS {
            labels.pop_front();
        }
        labels.push_back(label);
    }

    pub(super) fn window(&mut self, number: u64, label: i64, now: Now) -> &mut Window {
        let held = |held: &Held| held.number == number && held.window.label == label;
        let index = match self.windows.iter().position(held) {
            Some(index) => index,
            None => {
                self.windows.push_back(Held {
                    number,
                    window: Window::new(label, self.queue.has_spool()),
                    journal: self.journals.name(label),
                    journal_due: self.journals.due(now.boot),
                });
                self.windows.len() - 1
            }
        };
        &mut self.windows[index].window
    }

    /// Logs and back-off of a collector: a failure once and on change, absence once.
    fn judge(&mut self, done: &PassDone, now: Now) {
        let planned = &self.setup.collectors[&done.collector];
        let subject = planned.subject();
        let period = planned.rhythm.period;
        let failures = self.failures.entry(done.collector).or_default();
        match &done.error {
            None => {
                *failures = 0;
                self.notices
                    .over(&subject, format!("{subject}: reads again"));
            }
            Some(CollectError::Absent(why)) => {
                *failures = 0;
                self.schedule
                    .hold(done.collector, now.boot + ABSENT_RECHECK);
                self.notices
                    .change(Level::Info, &subject, format!("{subject}: absent: {why}"));
            }
            Some(CollectError::Failed(why)) => {
                *failures = failures.saturating_add(1);
                // What could still be read keeps its grain: only a pass that brought nothing is tried less often.
                // A remote firewall's collector has manners of its own.
                let is_local = planned.rhythm.after_end.is_none();
                if is_local && done.readings.records().is_empty() {
                    let wait = period
                        .saturating_mul(1 << (*failures - 1).min(10))
                        .min(RETRY_MOST);
                    // The next tick on the grid is one period away anyhow.
                    let until = now.boot + wait.saturating_sub(period);
                    self.schedule.hold(done.collector, until);
                }
                let text = format!("{subject}: failed: {why}");
                self.notices
                    .change_of(Level::Warn, &subject, &without_numbers(why), text);
            }
        }
        for note in done.readings.notes() {
            let about = format!("{subject} note {note}");
            self.notices
                .change(Level::Info, &about, format!("{subject}: {note}"));
        }
    }
}

/// When the blocks of a pass were read; a remote pass asks for more after them.
fn read_at(done: &PassDone) -> Duration {
    let records = done.readings.records().iter();
    let blocks = records.filter(|record| matches!(record.raw, Raw::Block(_)));
    let read = blocks.filter_map(|record| record.at).max();
    read.unwrap_or(done.at)
}

/// A parse error shows the line it met, whose counters change: without them it is the same error.
fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_hexdigit()).collect()
}
