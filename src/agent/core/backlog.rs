//! The progress of the backlog in the log: what waits behind the fresh window, and how long it will take.

use std::time::Duration;

use super::Core;
use super::notices::Level;
use super::queue::Backlog;
use crate::clock::{Now, rfc3339};

/// A backlog that is gone before is no news: one call failed, and the next did not.
const NEWS_AFTER: Duration = Duration::from_secs(5);
/// Between two lines.
const SAID_EVERY: Duration = Duration::from_secs(60);

/// A backlog since it came to be.
#[derive(Debug)]
pub(super) struct Progress {
    /// Boot time.
    since: Duration,
    /// When the last line was written, and of what.
    said: Option<(Duration, Backlog)>,
    /// What the queue had sent of backlogs when this one came to be, and at the last line.
    sent_before: u64,
    sent_when_said: u64,
    /// When it began to drain, and what was sent of it until then.
    draining: Option<(Duration, u64)>,
}

impl Progress {
    fn new(now: Duration, sent: u64) -> Self {
        Progress {
            since: now,
            said: None,
            sent_before: sent,
            sent_when_said: sent,
            draining: None,
        }
    }

    /// What is to be said of it now, if anything.
    fn line(&mut self, backlog: Backlog, sent: u64, now: Now) -> Option<String> {
        if sent > self.sent_when_said && self.draining.is_none() {
            self.draining = Some((now.boot, sent));
        }
        let due = match self.said {
            None => self.since + NEWS_AFTER,
            Some((said, _)) => said + SAID_EVERY,
        };
        // One that stays as it is is said once.
        if now.boot < due || self.said.is_some_and(|(_, before)| before == backlog) {
            return None;
        }
        if sent == self.sent_when_said {
            self.draining = None;
        }
        self.said = Some((now.boot, backlog));
        self.sent_when_said = sent;
        let Backlog {
            batches,
            datums,
            oldest,
        } = backlog;
        let age = now.wall_secs().saturating_sub(oldest);
        let age = span(Duration::from_secs(age.max(0).unsigned_abs()));
        let oldest = rfc3339(oldest);
        let pace = self.pace(datums, sent, now.boot);
        Some(format!(
            "{datums} datums in {batches} batches wait behind the fresh window, the oldest of {oldest} ({age} ago): {pace}"
        ))
    }

    fn pace(&self, datums: u64, sent: u64, now: Duration) -> String {
        let Some((from, before)) = self.draining else {
            return "not draining".to_owned();
        };
        let (took, sent) = (now.saturating_sub(from), sent - before);
        #[allow(clippy::cast_precision_loss)] // counts of datums stay far below 2^53
        let to_go = took.as_secs_f64() * datums as f64 / sent as f64;
        match Duration::try_from_secs_f64(to_go) {
            Ok(to_go) => format!("about {} to go", span(to_go)),
            // Nothing was sent since the first of it.
            Err(_) => "it begins to drain".to_owned(),
        }
    }

    /// What is to be said when it is gone.
    fn end(&self, sent: u64, now: Duration) -> Option<String> {
        self.said?;
        let took = span(now.saturating_sub(self.since));
        let sent = sent - self.sent_before;
        Some(format!(
            "nothing waits behind the fresh window any more, after {took}: {sent} datums of the backlog were sent"
        ))
    }
}

impl Core {
    pub(super) fn watch_backlog(&mut self, now: Now) {
        let sent = self.queue.backlog_sent();
        let line = match (self.queue.backlog(), &mut self.backlog) {
            (None, progress) => progress
                .take()
                .and_then(|progress| progress.end(sent, now.boot)),
            (Some(backlog), progress) => {
                let begun = || Progress::new(now.boot, sent);
                progress.get_or_insert_with(begun).line(backlog, sent, now)
            }
        };
        if let Some(line) = line {
            self.notices.say(Level::Info, line);
        }
    }
}

/// A span in words, to the second below two minutes, to the minute below two hours.
fn span(time: Duration) -> String {
    let secs = time.as_secs();
    let minutes = (secs + 30) / 60;
    match secs {
        0..120 => format!("{secs} s"),
        120..7200 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_exact_as_their_length_asks() {
        for (secs, words) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (150, "3 min"),
            (7199, "120 min"),
            (7200, "2 h 0 min"),
            (43_529, "12 h 5 min"),
        ] {
            assert_eq!(span(Duration::from_secs(secs)), words);
        }
    }
}
