//! Draining: a firewall on its way out is kept until its sessions are gone. One pure state machine for `run` and for
//! `fwmetrics drain`: readings, answers and time go in; lines, calls to Auto Scaling and the end come out.

pub mod gauge;
pub mod hook;
mod kept;
pub mod wait;
mod words;

use std::time::Duration;

use crate::publish::lifecycle::{Call, Reply};
use gauge::{Gauge, Gauges, Reading};
use hook::{Ended, Hook};
pub use kept::Kept;
use wait::{Rule, Wait, Why};

/// Where things stand is said this often.
const SAY_EVERY: Duration = Duration::from_secs(60);
/// And sooner when something changed, but not more often than this.
const SAY_LEAST: Duration = Duration::from_secs(5);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Say it; a trouble.
    Warn(String),
    /// Say it.
    Say(String),
    /// Call Auto Scaling; the answer comes back by [`Drain::answered`].
    Call(Call),
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Why the wait ended; `None` where the hook ended first.
    pub why: Option<Why>,
    /// The hook was completed, or there was none to complete.
    pub completed: bool,
}

/// One drain.
#[derive(Debug)]
pub struct Drain {
    wait: Wait,
    hook: Option<Hook>,
    why: Option<Why>,
    end: Option<End>,
    orders: Vec<Order>,
    /// The state that was said last, and when.
    said: Option<(Duration, State)>,
    /// The first line waits a little for the first reading, boot time.
    first_line: Duration,
    /// The trouble with Auto Scaling that was said last.
    trouble: Option<String>,
}

/// What makes a new line worth while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// The sessions are read.
    read: bool,
    /// How often they halved.
    halvings: u32,
    tunnels: bool,
}

impl Drain {
    /// Begins now.
    #[must_use]
    pub fn new(mut wait: Wait, hook: Option<Hook>, now: Duration) -> Self {
        wait.count(now);
        Drain {
            wait,
            hook,
            why: None,
            end: None,
            orders: Vec::new(),
            said: None,
            first_line: now + SAY_LEAST,
            trouble: None,
        }
    }

    /// A reading came.
    pub fn take(&mut self, gauge: Gauge, reading: Reading) {
        self.wait.take(gauge, reading);
    }

    /// To say which collectors are to be heard, and how their passes ended.
    pub fn gauges(&mut self) -> &mut Gauges {
        self.wait.gauges_mut()
    }

    /// From now on it goes by this rule, and the hook has this timeout.
    pub fn change(&mut self, rule: Rule, timeout: Duration, now: Duration) {
        self.wait.change(rule);
        if let Some(hook) = &mut self.hook {
            hook.change(timeout, now);
        }
    }

    /// An answer of Auto Scaling is awaited.
    #[must_use]
    pub fn is_calling(&self) -> bool {
        self.hook.as_ref().is_some_and(Hook::is_calling)
    }

    /// What to say of it where it is broken off.
    #[must_use]
    pub fn broken_off(&self) -> (&'static str, &'static str) {
        let when = match self.why {
            Some(Why::Gone | Why::Quiet) => "stopped",
            Some(Why::Cap) | None => "stopped before the sessions were gone",
        };
        let asked = self.hook.as_ref().is_some_and(Hook::may_be_completed);
        (
            when,
            if asked {
                "perhaps not completed"
            } else {
                "not completed"
            },
        )
    }

    /// Auto Scaling answered a call.
    pub fn answered(&mut self, call: Call, reply: Reply, now: Duration) {
        let Some(hook) = &mut self.hook else {
            return;
        };
        let (said, ended) = hook.answered(call, reply, now);
        match said {
            None if self.trouble.take().is_some() && ended.is_none() => {
                self.say("Auto Scaling takes the calls of this drain".to_owned());
            }
            None => {}
            Some(said) if self.trouble.as_ref() == Some(&said.state) => {}
            Some(said) => {
                self.trouble = Some(said.state);
                self.orders.push(match said.is_trouble {
                    true => Order::Warn(said.text),
                    false => Order::Say(said.text),
                });
            }
        }
        if let Some(ended) = ended {
            self.ended(&ended);
        }
    }

    fn ended(&mut self, ended: &Ended) {
        let completed = matches!(ended, Ended::Completed | Ended::DryRun | Ended::Perhaps);
        match ended {
            Ended::Completed => self.say("the lifecycle hook is completed (CONTINUE): the instance may go".to_owned()),
            Ended::DryRun => self.say("dry run: the lifecycle hook is not completed; otherwise the instance might go now".to_owned()),
            Ended::Perhaps => self.say("the lifecycle action is over: it timed out, another completed it, or our own earlier call completed it, whose answer was lost; counted as completed".to_owned()),
            Ended::Elsewhere => self.say("the lifecycle action is over: it timed out, or another completed it; there is nothing left to complete".to_owned()),
            Ended::GaveUp => self.orders.push(Order::Warn("gave up: the lifecycle hook is not completed, and ends by its own timeout".to_owned())),
        }
        self.end = Some(End {
            why: self.why,
            completed,
        });
    }

    fn say(&mut self, text: String) {
        self.orders.push(Order::Say(text));
    }

    /// What is to be done now.
    pub fn step(&mut self, now: Duration) -> Vec<Order> {
        if self.end.is_none() {
            if self.why.is_none() {
                self.look(now);
            }
            let call = self.hook.as_mut().and_then(|hook| hook.due(now));
            self.orders.extend(call.map(Order::Call));
        }
        std::mem::take(&mut self.orders)
    }

    fn look(&mut self, now: Duration) {
        let Some(why) = self.wait.over(now) else {
            self.tell(now);
            return;
        };
        self.why = Some(why);
        let line = words::over(&self.wait, why, now);
        self.orders.push(match why {
            Why::Cap => Order::Warn(line),
            Why::Gone | Why::Quiet => Order::Say(line),
        });
        match &mut self.hook {
            Some(hook) => hook.complete(now),
            None => {
                self.end = Some(End {
                    why: Some(why),
                    completed: true,
                });
            }
        }
    }

    /// Says where things stand, where it is time to.
    fn tell(&mut self, now: Duration) {
        let state = self.state(now);
        let due = match self.said {
            None => state.read || now >= self.first_line,
            Some((at, said)) => {
                let every = if said == state { SAY_EVERY } else { SAY_LEAST };
                now.saturating_sub(at) >= every
            }
        };
        if due {
            self.said = Some((now, state));
            self.say(words::standing(&self.wait, now));
        }
    }

    fn state(&self, now: Duration) -> State {
        let gauges = self.wait.gauges();
        let sessions = gauges.fresh(Gauge::Sessions, now);
        let up = |gauge| !gauges.is_none(gauge, now);
        let mut halvings = self.said.map_or(0, |(_, said)| said.halvings);
        if let (Some(reading), Some(first)) = (sessions, self.wait.first()) {
            // Only down: what goes to and fro is no news.
            while halvings < 32 && reading.value < first / f64::from(2_u32 << halvings.min(30)) {
                halvings += 1;
            }
        }
        State {
            read: sessions.is_some(),
            halvings,
            tunnels: up(Gauge::Tunnels) || up(Gauge::Users) || self.wait.waits_to_hear(),
        }
    }

    /// When it should be looked at again at the latest, boot time.
    #[must_use]
    pub fn wake(&self, now: Duration) -> Option<Duration> {
        if self.end.is_some() {
            return None;
        }
        let looks = self.why.is_none().then(|| {
            let next = self.said.map_or(self.first_line, |(at, _)| at + SAY_EVERY);
            next.min(self.wait.wake(now))
        });
        let calls = self.hook.as_ref().and_then(Hook::wake);
        looks.into_iter().chain(calls).min()
    }

    /// How it ended.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// What is to be kept of it over a restart.
    #[must_use]
    pub fn kept(&self, instance: &str, hook: &str, booted_secs: i64) -> Kept {
        Kept {
            booted_secs,
            instance: instance.to_owned(),
            hook: hook.to_owned(),
            began_ms: u64::try_from(self.wait.began().as_millis()).unwrap_or(u64::MAX),
            sessions: self.wait.first(),
            known: self.hook.as_ref().is_some_and(Hook::known),
            over: self.end.is_some(),
        }
    }
}
