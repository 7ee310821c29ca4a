//! How Auto Scaling decides. EC2 Auto Scaling user guide, "Step and simple scaling policies", "Target tracking scaling
//! policies", "Dynamic scaling", "Set the default instance warmup", "Scaling cooldowns" (2023).

use super::alarm::{State, judge, range};
use super::points::Points;
use crate::model::alarm::{Comparison, Decision, Measure, MissingData, Policy, Rule, Stat, Step};

/// What a policy does while its alarm is in ALARM.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Target tracking's alarm above or below the target.
    Target(f64),
    /// Step scaling.
    Steps(Vec<Step>),
    /// Simple scaling: so many, then nothing by a simple policy for the cooldown, seconds.
    Simple(i32, u32),
}

/// A policy with its alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// Its alarm.
    pub rule: Rule,
    /// What follows.
    pub act: Act,
    state: State,
}

impl Trigger {
    /// A policy whose alarm was just made.
    #[must_use]
    pub const fn new(rule: Rule, act: Act) -> Self {
        Trigger {
            rule,
            act,
            state: State::InsufficientData,
        }
    }

    fn is_out(&self) -> bool {
        match (&self.act, self.rule.comparison) {
            (Act::Target(_), comparison) => comparison == Comparison::Above,
            (Act::Steps(steps), _) => steps.iter().any(|step| step.change > 0),
            (Act::Simple(change, _), _) => *change > 0,
        }
    }
}

/// The triggers of policies: a target has two alarms, which Auto Scaling makes itself.
#[must_use]
pub fn triggers(policies: &[Policy]) -> Vec<Trigger> {
    let of = |policy: &Policy| match &policy.decision {
        Decision::Steps { alarm, steps } => {
            vec![Trigger::new(alarm.rule.clone(), Act::Steps(steps.clone()))]
        }
        Decision::Simple {
            alarm,
            change,
            cooldown_secs,
        } => {
            let act = Act::Simple(*change, *cooldown_secs);
            vec![Trigger::new(alarm.rule.clone(), act)]
        }
        Decision::Target {
            stat,
            target,
            scale_out_only,
        } => track(stat, *target, *scale_out_only),
    };
    policies.iter().flat_map(of).collect()
}

/// Three minutes above the target, fifteen below nine tenths of it: remembered from the alarms that Auto Scaling makes;
/// the guide does not state them. "If the metric is missing data points, this causes the CloudWatch alarm state to
/// change to INSUFFICIENT_DATA. When this happens, Amazon EC2 Auto Scaling cannot scale your group until new data points
/// are found."
#[must_use]
pub fn track(stat: &Stat, target: f64, scale_out_only: bool) -> Vec<Trigger> {
    const LOW: f64 = 0.9;
    let alarm = |comparison, threshold, periods| Rule {
        measure: Measure::One(stat.clone()),
        comparison,
        threshold,
        periods,
        datapoints: periods,
        missing: MissingData::Missing,
    };
    let high = alarm(Comparison::Above, target, 3);
    let low = alarm(Comparison::Below, target * LOW, 15);
    let mut both = vec![Trigger::new(high, Act::Target(target))];
    if !scale_out_only {
        both.push(Trigger::new(low, Act::Target(target)));
    }
    both
}

/// The group, as Auto Scaling counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Group {
    /// In service and warmed up: the current capacity.
    pub warmed: u32,
    /// On its way or warming up: scale-out is in progress.
    pub warming: u32,
    /// Of them, on its way: not in service yet.
    pub pending: u32,
    /// On its way out.
    pub terminating: u32,
    /// Of them, those that simple scaling waits for, as [`CoolsFrom`](super::setting::CoolsFrom).
    pub awaited: u32,
    /// What the group should have.
    pub desired: u32,
    /// Never fewer.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// Terminating instances are current capacity for scaling in. The guide said so until May 2022 ("While scaling in,
    /// we consider instances that are terminating as part of the current capacity of the group"); then the sentence
    /// went, and none says the opposite.
    pub terminating_counts: bool,
}

impl Group {
    /// No scaling activity is under way, as simple scaling has it ("after a scaling activity is started, the policy must
    /// wait for the scaling activity or health check replacement to complete and the cooldown period to end before
    /// responding to additional alarms"), whatever policy began it. Warm-up is a matter of step scaling and target tracking.
    const fn is_settled(&self) -> bool {
        self.pending == 0 && self.awaited == 0
    }
}

/// The policies of a group.
#[derive(Debug, Clone)]
pub struct Policies {
    triggers: Vec<Trigger>,
    /// A simple policy acted, and its activity is under way: when it ends at the earliest, and the cooldown from then on.
    acted: Option<(u64, u32)>,
    quiet_until: u64,
}

impl Policies {
    /// Alarms that were just made.
    #[must_use]
    pub fn new(triggers: Vec<Trigger>) -> Self {
        Policies {
            triggers,
            acted: None,
            quiet_until: 0,
        }
    }

    /// Evaluates all alarms on what lies before minute `end`, and acts on those in ALARM: "For Auto Scaling actions, the
    /// alarm continues to invoke the action once per minute that the alarm remains in the new state" (CloudWatch user
    /// guide, "Using Amazon CloudWatch alarms"). The new desired capacity, where it changes.
    pub fn evaluate(
        &mut self,
        points: &Points,
        end: usize,
        now: u64,
        group: &Group,
    ) -> Option<u32> {
        let quiet = self.is_quiet(now, group);
        let mut wanted = Vec::new();
        let mut in_agreed = true;
        for (at, trigger) in self.triggers.iter_mut().enumerate() {
            let range = range(&trigger.rule, points, end);
            trigger.state = judge(&trigger.rule, &range, trigger.state);
            let value = range.into_iter().flatten().next_back();
            let acts = trigger.state == State::Alarm;
            let next = value.filter(|_| acts);
            let next = next.and_then(|value| propose(trigger, value, group));
            // "It will scale in only if all of the target tracking policies (with the scale-in portion enabled) are
            // ready to scale in."
            in_agreed &= acts || trigger.is_out() || !matches!(trigger.act, Act::Target(_));
            wanted.extend(next.map(|next| (at, next.clamp(group.min, group.max))));
        }
        let allowed = |(at, next): &&(usize, u32)| match self.triggers[*at].act {
            Act::Simple(..) => !quiet && *next != group.desired,
            Act::Target(_) if *next < group.desired => in_agreed,
            _ => *next != group.desired,
        };
        // "Amazon EC2 Auto Scaling chooses the policy that provides the largest capacity for both scale out and scale in."
        let (at, next) = *wanted
            .iter()
            .filter(allowed)
            .max_by_key(|(_, next)| *next)?;
        if let Act::Simple(_, cooldown) = self.triggers[at].act {
            self.acted = Some((now, cooldown));
        }
        Some(next)
    }

    /// Simple policies do nothing: an activity is under way, or their cooldown, which "takes effect starting when the last
    /// instance finishes launching or terminating". Others go on: "target tracking and step scaling policies can initiate a
    /// scale-out activity immediately without waiting for the cooldown period to end".
    ///
    /// That a cooldown follows the activities of other policies too ("after your Auto Scaling group launches or terminates
    /// instances, it waits for a cooldown period to end") is left out: a scale-in comes the sooner.
    fn is_quiet(&mut self, now: u64, group: &Group) -> bool {
        let busy = !group.is_settled();
        if let Some((ended, cooldown)) = self.acted {
            if busy {
                self.acted = Some((now + 60, cooldown));
            } else {
                self.acted = None;
                self.quiet_until = ended + u64::from(cooldown);
            }
        }
        busy || now < self.quiet_until
    }
}

/// What one policy in ALARM would set the desired capacity to.
fn propose(trigger: &Trigger, value: f64, group: &Group) -> Option<u32> {
    let out = trigger.is_out();
    // "While the scale-out activity is in progress, all scale-in activities initiated by scaling policies are blocked
    // until the instances finish warming up." Simple scaling goes by its cooldown instead.
    let is_simple = matches!(trigger.act, Act::Simple(..));
    if !out && !is_simple && group.warming > 0 {
        return None;
    }
    // "Instances that are still warming up are counted as part of the desired capacity for the next scale-out activity.
    // Therefore, multiple alarm breaches that fall in the range of the same step adjustment result in a single scaling
    // activity": what comes is reckoned from those that are warm, and only what goes beyond the desired is added.
    let leaving = if group.terminating_counts {
        group.terminating
    } else {
        0
    };
    let current = group.warmed + if out { 0 } else { leaving };
    let next = match &trigger.act {
        Act::Simple(change, _) => group.desired.saturating_add_signed(*change),
        Act::Steps(steps) => {
            current.saturating_add_signed(step(steps, value, trigger.rule.threshold)?)
        }
        Act::Target(target) => proportional(current, value / target),
    };
    let changes = if out {
        next > group.desired
    } else {
        next < group.desired
    };
    changes.then_some(next)
}

/// The step that the distance from the threshold falls into. "If the metric value is above the breach threshold, the
/// lower bound is inclusive and the upper bound is exclusive. If the metric value is below the breach threshold, the
/// lower bound is exclusive and the upper bound is inclusive."
fn step(steps: &[Step], value: f64, threshold: f64) -> Option<i32> {
    let distance = value - threshold;
    let above = distance >= 0.0;
    let fits = |step: &&Step| {
        let from = step.from.unwrap_or(f64::NEG_INFINITY);
        let to = step.to.unwrap_or(f64::INFINITY);
        match above && step.to != Some(0.0) {
            true => from <= distance && distance < to,
            false => from < distance && distance <= to,
        }
    };
    steps.iter().find(fits).map(|step| step.change)
}

/// "Because it is not possible to add 1.5 instances, we round up and add two … if removing 1.5 instances increases your
/// CPU utilization to above 50 percent, we remove just one": rounded up either way.
fn proportional(current: u32, share: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count, never below 0; `as` saturates"
    )]
    let next = (f64::from(current) * share).ceil() as u32;
    next
}

#[cfg(test)]
mod tests;
