//! What is said of a clock that differs from CloudWatch's.

use super::Core;
use super::notices::Level;
use super::server_clock::Verdict;
use crate::clock::Now;
use crate::publish::outcome::Answer;

/// A clock this far from CloudWatch's is worth a line: points land in the wrong minute.
const WARN_MS: i64 = 5_000;

impl Core {
    /// Learns from an answer what CloudWatch's clock says; `now` is the wall clock as it is.
    pub(super) fn measure_clock(&mut self, answer: &Answer, now: Now) {
        let Some(date) = answer.server_time else {
            return;
        };
        let verdict = self.clock.answered(date, now);
        let skew_ms = self.clock.skew_ms();
        let wrong = !self.clock.is_corrected() && skew_ms.saturating_abs() > WARN_MS;
        let (off, change) = (apart(skew_ms), "windows are labelled by CloudWatch's clock");
        match verdict {
            Verdict::Begun => {
                let text = format!(
                    "this clock is {off}: from here on {change} ([cloudwatch] correct_clock); check NTP"
                );
                self.notices.change(Level::Warn, "clock", text);
            }
            Verdict::Changed => {
                let text = format!(
                    "CloudWatch's clock moved against this machine's: {change}, and this one is {off}"
                );
                self.notices.say(Level::Warn, text);
            }
            Verdict::Refused => {
                let text = format!(
                    "this clock is {off}, more than a day: it is not corrected by that; set it"
                );
                self.notices
                    .change_of(Level::Warn, "clock", "refused", text);
            }
            Verdict::AsBefore if wrong => {
                self.notices
                    .change(Level::Warn, "clock", misplaced(skew_ms))
            }
            Verdict::AsBefore if self.clock.is_corrected() => {}
            Verdict::AsBefore | Verdict::Ended => self
                .notices
                .over("clock", "this clock agrees with CloudWatch's"),
        }
    }
}

/// By order of magnitude, so that a drifting clock is not a line a minute.
fn misplaced(skew_ms: i64) -> String {
    let secs = skew_ms.unsigned_abs() / 1000;
    let at_least = 10u64.pow(secs.max(1).ilog10());
    format!(
        "this clock is {} CloudWatch's by {at_least} s or more: points land in the wrong minute; check NTP",
        side(skew_ms)
    )
}

#[allow(clippy::cast_precision_loss)] // for people
fn apart(skew_ms: i64) -> String {
    let secs = skew_ms.unsigned_abs() as f64 / 1000.0;
    format!("{secs:.1} s {} CloudWatch's", side(skew_ms))
}

fn side(skew_ms: i64) -> &'static str {
    if skew_ms > 0 { "ahead of" } else { "behind" }
}
