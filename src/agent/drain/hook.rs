//! The lifecycle hook that a drain keeps waiting, and completes: when to call, and what an answer means for the next call.

use std::time::Duration;

use crate::publish::lifecycle::{Call, Reply};

/// Heartbeats are sent this often at least: the hook's timeout may be shorter than what the configuration says.
const HEARTBEAT_MOST: Duration = Duration::from_secs(60);
/// Of the hook's timeout: two heartbeats may be lost.
const HEARTBEATS_PER_TIMEOUT: u32 = 3;
/// The first retry, and the longest time between two.
const RETRY_LEAST: Duration = Duration::from_secs(2);
const RETRY_MOST: Duration = Duration::from_secs(60);
/// Between two looks whether the instance waits at the hook by now.
const ASK_AGAIN: Duration = Duration::from_secs(15);

/// What the answers came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The hook is completed.
    Completed,
    /// It would have been: a dry run.
    DryRun,
    /// It ended, perhaps by an earlier completion of ours whose answer was lost.
    Perhaps,
    /// It ended without us: it timed out, or another completed it.
    Elsewhere,
    /// No instance came to wait at it, or it could not be completed; why was said.
    GaveUp,
}

/// What is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its subject: the same is said once.
    pub state: String,
    /// The line.
    pub text: String,
    /// A person should look after it; else it is the usual course of things.
    pub is_trouble: bool,
}

/// Calls of one drain.
#[derive(Debug, Clone)]
pub struct Hook {
    every: Duration,
    /// A completion that is refused is tried for so long.
    patience: Duration,
    under_way: Option<Call>,
    /// When the next call is due, boot time.
    next: Duration,
    /// Auto Scaling knew the instance to wait.
    known: bool,
    failures: u32,
    /// A completion was sent, and its answer lost.
    asked: bool,
    /// When completing began.
    completing: Option<Duration>,
}

impl Hook {
    /// A hook of this timeout; the first heartbeat is due at once. `known`: an earlier run saw the instance wait at it.
    #[must_use]
    pub fn new(timeout: Duration, patience: Duration, known: bool) -> Self {
        Hook {
            every: (timeout / HEARTBEATS_PER_TIMEOUT).min(HEARTBEAT_MOST),
            patience,
            under_way: None,
            next: Duration::ZERO,
            known,
            failures: 0,
            asked: false,
            completing: None,
        }
    }

    /// From now on it is to be completed.
    pub fn complete(&mut self, now: Duration) {
        if self.completing.is_none() {
            self.completing = Some(now);
            self.next = now;
            self.failures = 0;
        }
    }

    /// It has another timeout.
    pub fn change(&mut self, timeout: Duration, now: Duration) {
        self.every = (timeout / HEARTBEATS_PER_TIMEOUT).min(HEARTBEAT_MOST);
        self.next = self.next.min(now + self.every);
    }

    /// The call that is due.
    pub fn due(&mut self, now: Duration) -> Option<Call> {
        if self.is_calling() || now < self.next {
            return None;
        }
        self.under_way = Some(match self.completing {
            Some(_) => Call::Complete,
            None => Call::Heartbeat,
        });
        self.under_way
    }

    /// A call was answered.
    pub fn answered(
        &mut self,
        call: Call,
        reply: Reply,
        now: Duration,
    ) -> (Option<Said>, Option<Ended>) {
        self.under_way = None;
        self.asked |= call == Call::Complete && matches!(reply, Reply::Lost(_));
        let wait = match reply {
            Reply::Done | Reply::DryRun => {
                self.known = true;
                self.failures = 0;
                self.next = match self.completing {
                    Some(_) => now,
                    None => now + self.every,
                };
                let ended = match reply {
                    Reply::DryRun => Ended::DryRun,
                    _ => Ended::Completed,
                };
                return (None, (call == Call::Complete).then_some(ended));
            }
            Reply::NoAction if self.known && self.asked => return (None, Some(Ended::Perhaps)),
            Reply::NoAction if self.known => return (None, Some(Ended::Elsewhere)),
            Reply::NoAction => ASK_AGAIN,
            Reply::Denied(_) | Reply::Unable(_) => RETRY_MOST,
            Reply::Failed(_) | Reply::Lost(_) => self.back_off(),
        };
        self.next = match self.completing {
            // A heartbeat that was under way when the rule was met.
            Some(_) if call == Call::Heartbeat => {
                self.failures = 0;
                now
            }
            _ => now + wait.min(self.every.max(RETRY_LEAST)),
        };
        let said = words(call, &reply);
        let since = self.completing.filter(|_| call == Call::Complete);
        let ended = since.is_some_and(|since| now.saturating_sub(since) >= self.patience);
        let ended = ended.then_some(Ended::GaveUp);
        (Some(said), ended)
    }

    fn back_off(&mut self) -> Duration {
        let wait = RETRY_LEAST * (1 << self.failures.min(5));
        self.failures += 1;
        wait.min(RETRY_MOST)
    }

    /// When it should be looked at again, boot time; `None` while an answer is awaited.
    #[must_use]
    pub fn wake(&self) -> Option<Duration> {
        (!self.is_calling()).then_some(self.next)
    }

    /// An answer is awaited.
    #[must_use]
    pub fn is_calling(&self) -> bool {
        self.under_way.is_some()
    }

    /// A completion is under way, or its answer was lost.
    #[must_use]
    pub fn may_be_completed(&self) -> bool {
        self.asked || self.under_way == Some(Call::Complete)
    }

    /// Auto Scaling knew the instance to wait.
    #[must_use]
    pub fn known(&self) -> bool {
        self.known
    }
}

fn words(call: Call, reply: &Reply) -> Said {
    let action = call.action();
    let (state, text) = match reply {
        Reply::Done | Reply::DryRun | Reply::NoAction => (
            "no action".to_owned(),
            format!(
                "{action}: no lifecycle action waits for this instance (not yet, while the group still deregisters it; never, where hook, group, instance or Region is another); asking again"
            ),
        ),
        Reply::Denied(why) => (
            why.clone(),
            format!("Auto Scaling denies {action}: {why}; asking again"),
        ),
        Reply::Unable(why) => (
            why.clone(),
            format!("{action} cannot be made: {why}; trying again"),
        ),
        Reply::Failed(why) | Reply::Lost(why) => {
            (why.clone(), format!("{action} failed: {why}; trying again"))
        }
    };
    let state = format!("{action} {state}");
    let is_trouble = !matches!(reply, Reply::Done | Reply::DryRun | Reply::NoAction);
    Said {
        state,
        text,
        is_trouble,
    }
}
