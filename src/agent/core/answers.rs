//! CloudWatch's answers: what they make of the queue, the account and the log.

use super::Core;
use super::account::Reason;
use super::exposure::readiness;
use super::naming::dead_letter;
use super::notices::Level;
use super::queue::{RETRY_AFTER_MOST, Settled};
use crate::clock::Now;
use crate::publish::outcome::{Answer, Outcome, remedy};

impl Core {
    pub(super) fn answer(&mut self, id: u64, answer: &Answer, now: Now) {
        self.account.calls += 1;
        self.ready = readiness(answer);
        if answer.outcome != Outcome::Sent {
            self.account.error(&answer.code);
        }
        match self
            .queue
            .settle(id, answer.outcome, answer.retry_after, now.boot)
        {
            Settled::Sent(datums) => {
                self.account.sent += datums as u64;
                self.notices.over("send", "CloudWatch accepts again");
                if !self.queue.bars_a_namespace() {
                    let text = "CloudWatch takes every namespace again";
                    self.notices.over("namespace", text);
                }
                self.notices
                    .over("memory", "there is room for unsent datums again");
                self.notices
                    .over("disk", "there is room for unsent datums on disk again");
                self.notices
                    .say(Level::Debug, format!("sent {datums} datums"));
            }
            Settled::Kept => {
                let text = trouble(answer);
                self.notices
                    .change_of(Level::Warn, "send", &answer.code, text);
                let text = format!("an attempt to send failed: {}", answer.code);
                self.notices.say(Level::Debug, text);
            }
            Settled::Barred(namespace) => {
                let text = format!(
                    "CloudWatch denies namespace {namespace} alone: {}: {}; {}; its batches are kept, others go on",
                    answer.code,
                    answer.reason,
                    remedy(&answer.code)
                );
                self.notices
                    .change_of(Level::Warn, "namespace", &answer.code, text);
            }
            Settled::Split => {
                let code = &answer.code;
                let text =
                    format!("CloudWatch refused a batch ({code}): halved to find the bad datum");
                self.notices
                    .change_of(Level::Warn, "refused batch", code, text);
            }
            Settled::Refused(datum) => {
                self.account.drop(Reason::Invalid, 1);
                self.notices
                    .say(Level::Error, dead_letter(&datum, &answer.reason));
            }
            Settled::Unknown => {}
        }
    }
}

/// One line that says what became of a batch and what to do.
fn trouble(answer: &Answer) -> String {
    let Answer { code, reason, .. } = answer;
    let asks = answer.retry_after.map_or_else(String::new, |wait| {
        let secs = wait.min(RETRY_AFTER_MOST).as_secs_f64();
        format!("; it asks for a pause, of which {secs:.0} s are kept")
    });
    match answer.outcome {
        Outcome::Denied => format!("CloudWatch denies: {code}: {reason}; {}", remedy(code)),
        Outcome::Throttled => format!("CloudWatch throttles ({code}): batches are kept{asks}"),
        _ => format!("cannot reach CloudWatch: {code}: {reason}; batches are kept{asks}"),
    }
}
