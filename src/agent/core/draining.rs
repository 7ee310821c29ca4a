//! This machine on its way out: a drain begins with the target lifecycle state Terminated, and is fed from here.

use std::collections::BTreeSet;
use std::time::Duration;

use super::notices::Level;
use super::{Action, Core, DrainPlan};
use crate::agent::core::kept::Keep;
use crate::agent::drain::gauge::{self, Gauges};
use crate::agent::drain::hook::Hook;
use crate::agent::drain::wait::Wait;
use crate::agent::drain::{Drain, Kept, Order};
use crate::aggregate::aggregator::{Emitted, End};
use crate::clock::Now;
use crate::model::dimension::INSTANCE_ID;
use crate::model::identity::{Group, Lifecycle};
use crate::publish::lifecycle::{Call, Reply, Waiting};

/// The state in which an instance leaves its group for good. From Standby and Detached it may come back, and a warm one
/// (`Warmed:Terminated`) has no sessions.
const TERMINATED: &str = "Terminated";
/// A hook that no instance waits at yet is asked for so long after the end of the wait: the group deregisters the
/// instance first, and the longest deregistration delay is an hour (Gateway Load Balancer, target group attributes).
const PATIENCE: Duration = Duration::from_secs(3600);

/// A drain, and what one would begin with.
#[derive(Debug, Default)]
pub(super) struct Draining {
    gauges: Gauges,
    drain: Option<Drain>,
    /// A call of a drain that was broken off is under way: its answer says nothing of the next.
    strays: bool,
    /// What an earlier run, or this one, wrote down.
    kept: Option<Kept>,
    /// When the machine started, by the wall clock at the start of this run, Unix seconds.
    booted_secs: i64,
}

fn tunnels(plan: Option<&DrainPlan>) -> BTreeSet<usize> {
    plan.map(|plan| plan.tunnels.clone()).unwrap_or_default()
}

impl Draining {
    /// Nothing is read yet.
    pub(super) fn new(plan: Option<&DrainPlan>) -> Self {
        let mut draining = Draining::default();
        draining.gauges.wait_for(tunnels(plan));
        draining
    }

    /// What an earlier run wrote down.
    pub(super) fn resume(&mut self, kept: Option<Kept>, now: Now) {
        self.kept = kept;
        let up = i64::try_from(now.boot.as_secs()).unwrap_or(i64::MAX);
        self.booted_secs = now.wall_secs().saturating_sub(up);
    }

    /// A pass of this collector ended so and brought these values.
    pub(super) fn take(&mut self, collector: usize, end: End, emitted: &[Emitted], at: Duration) {
        self.all_gauges(|gauges| gauges.passed(collector, end == End::Failed, at));
        for value in emitted.iter().filter(|value| value.key.target.is_none()) {
            if let Some((gauge, reading)) = gauge::reading(value, at) {
                self.gauges.put(gauge, reading);
                if let Some(drain) = &mut self.drain {
                    drain.take(gauge, reading);
                }
            }
        }
    }

    /// Those that a drain would begin with, and those of the one that is under way.
    fn all_gauges(&mut self, mut change: impl FnMut(&mut Gauges)) {
        change(&mut self.gauges);
        if let Some(drain) = &mut self.drain {
            change(drain.gauges());
        }
    }

    /// Another plan is in force. A drain that is under way goes on by its rule; one for another hook is broken off. True
    /// where one goes on.
    fn change(&mut self, old: Option<&DrainPlan>, new: Option<&DrainPlan>, now: Duration) -> bool {
        let [known, wanted] = [old, new].map(tunnels);
        self.all_gauges(|gauges| {
            (&known - &wanted)
                .iter()
                .for_each(|gone| gauges.forget(*gone));
            gauges.wait_for(&wanted - &known);
        });
        // Without a plan, it is broken off at the next look.
        let (Some(old), Some(new)) = (old, new) else {
            return false;
        };
        if old.hook != new.hook {
            self.break_off();
        }
        let is_same = (old.rule, old.timeout) == (new.rule, new.timeout);
        let Some(drain) = self.drain.as_mut().filter(|_| !is_same) else {
            return false;
        };
        drain.change(new.rule, new.timeout, now);
        drain.end().is_none()
    }

    fn break_off(&mut self) -> Option<Drain> {
        let drain = self.drain.take()?;
        self.strays |= drain.is_calling();
        Some(drain)
    }

    /// Auto Scaling answered.
    pub(super) fn answered(&mut self, call: Call, reply: Reply, now: Duration) {
        if std::mem::take(&mut self.strays) {
            return;
        }
        if let Some(drain) = &mut self.drain {
            drain.answered(call, reply, now);
        }
    }

    pub(super) fn wake(&self, now: Duration) -> Option<Duration> {
        self.drain.as_ref()?.wake(now)
    }
}

impl Core {
    /// Begins, goes on with, or breaks off the drain.
    pub(super) fn drain(&mut self, now: Duration) -> Vec<Action> {
        let leaves =
            matches!(&self.identity.lifecycle, Lifecycle::State(word) if word == TERMINATED);
        if !leaves || self.setup.drain.is_none() {
            if self.draining.break_off().is_some() {
                self.notices
                    .say(Level::Info, "this machine is not to be drained any more");
            }
            return Vec::new();
        }
        if self.draining.drain.is_none() && !self.draining.strays {
            self.begin_drain(now);
        }
        self.go_on_draining(now)
    }

    fn begin_drain(&mut self, now: Duration) {
        let Some(plan) = &self.setup.drain else {
            return;
        };
        let instance = self.own_instance().unwrap_or_default();
        let kept = self.draining.kept.as_ref();
        let booted = self.draining.booted_secs;
        let kept = kept.filter(|kept| kept.is_of(&instance, &plan.hook, booted, now));
        if kept.is_some_and(|kept| kept.over) {
            return;
        }
        let began = kept.map_or(now, |kept| Duration::from_millis(kept.began_ms));
        let first = kept.and_then(|kept| kept.sessions);
        let hook = &plan.hook;
        let text = match kept {
            None => format!(
                "the target lifecycle state is {TERMINATED}: draining, then completing the hook {hook}"
            ),
            Some(_) => format!(
                "going on with the drain that was begun before, then completing the hook {hook}"
            ),
        };
        let known = kept.is_some_and(|kept| kept.known);
        let hook = Hook::new(plan.timeout, PATIENCE, known);
        let wait = Wait::new(plan.rule, began, first, self.draining.gauges.clone());
        self.draining.drain = Some(Drain::new(wait, Some(hook), now));
        self.notices.say(Level::Info, text);
    }

    fn go_on_draining(&mut self, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(mut drain) = self.draining.drain.take() else {
            return actions;
        };
        for order in drain.step(now) {
            match order {
                Order::Say(text) => self.notices.say(Level::Info, text),
                Order::Warn(text) => self.notices.say(Level::Warn, text),
                Order::Call(call) => match self.waiting_instance() {
                    Ok(waiting) => actions.push(Action::Lifecycle(call, waiting)),
                    Err(why) => drain.answered(call, Reply::Unable(why.to_owned()), now),
                },
            }
        }
        actions.extend(self.keep_drain(&drain).map(Action::Keep));
        self.draining.drain = Some(drain);
        actions
    }

    /// What is new of it.
    fn keep_drain(&mut self, drain: &Drain) -> Option<Keep> {
        let hook = &self.setup.drain.as_ref()?.hook;
        let kept = drain.kept(&self.own_instance()?, hook, self.draining.booted_secs);
        if self.draining.kept.as_ref() == Some(&kept) {
            return None;
        }
        self.draining.kept = Some(kept.clone());
        Some(Keep::Drain(kept))
    }

    /// The end of this run. The hook stays as it is, for the next run or for its timeout.
    pub(super) fn stop_draining(&mut self) {
        let drain = self.draining.drain.take();
        if let Some(drain) = drain.filter(|drain| drain.end().is_none()) {
            let (_, hook) = drain.broken_off();
            let text = format!("stopped while draining: the lifecycle hook is {hook}");
            self.notices.insist(Level::Warn, text);
        }
    }

    /// Another configuration is in force; this was the plan before.
    pub(super) fn change_drain(&mut self, old: Option<&DrainPlan>, now: Duration) {
        if self.draining.change(old, self.setup.drain.as_ref(), now) {
            let text = "the drain goes on by the new [drain]";
            self.notices.say(Level::Info, text);
        }
    }

    fn own_instance(&self) -> Option<String> {
        let instance = self.who.get(&None)?.instance.as_ref();
        let id = instance.filter(|dimension| dimension.name == INSTANCE_ID)?;
        Some(id.value.clone())
    }

    /// The lifecycle action of this machine.
    fn waiting_instance(&self) -> Result<Waiting, &'static str> {
        let plan = self.setup.drain.as_ref();
        let group = self.who.get(&None).map(|who| &who.group);
        let Some(Group::Known(group)) = group else {
            return Err(
                "the name of the group is unknown; switch instance tags in metadata on (InstanceMetadataTags=enabled) or set [identity] auto_scaling_group",
            );
        };
        let instance = self.own_instance();
        let instance = instance.ok_or("the instance id is unknown; set [identity] instance_id")?;
        Ok(Waiting {
            group: group.clone(),
            hook: plan.map(|plan| plan.hook.clone()).unwrap_or_default(),
            instance,
            region: self.identity.region.clone(),
        })
    }
}
