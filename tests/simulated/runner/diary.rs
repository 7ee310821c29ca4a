//! The last lines of a course, for whoever looks into one that failed.

use std::collections::VecDeque;

use fwmetrics::clock::Now;

use crate::simulated::EPOCH_MS;

/// Lines kept.
const LINES: usize = 2000;

/// Off unless it is asked for: lines cost more than what they tell of.
#[derive(Debug, Default)]
pub(super) struct Diary(Option<VecDeque<String>>);

impl Diary {
    pub(super) fn kept() -> Self {
        Diary(Some(VecDeque::new()))
    }

    pub(super) fn write(&mut self, now: Now, line: impl FnOnce() -> String) {
        let Some(lines) = &mut self.0 else { return };
        if lines.len() == LINES {
            lines.pop_front();
        }
        let (boot, wall) = (now.boot.as_millis(), now.wall_ms - EPOCH_MS);
        lines.push_back(format!("{boot} ms, wall {wall}: {}", line()));
    }
}

impl Drop for Diary {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in self.0.iter().flatten() {
                eprintln!("{line}");
            }
        }
    }
}
