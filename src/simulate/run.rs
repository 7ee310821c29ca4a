//! One run: a fleet, a trace, a contestant's policies; and what came of it.

use serde::Serialize;

use super::contestant::{Contestant, Leave, Publisher};
use super::firewall::{Firewall, Life, float};
use super::fleet::{Fleet, Flows, STEP_SECS};
use super::points::{Point, Points};
use super::scaling::{Group, Policies};
use super::setting::{CoolsFrom, Setting};
use super::telemetry::{IN_SERVICE, publishes, value};
use super::trace::{BULK_LOAD, Event, Trace};

/// Alarms are evaluated each minute, so long after its start, seconds: the last minute's window has closed and arrived
/// (fwmetrics' phase is 5 s by default).
const EVALUATED_AT: u64 = 30;
/// A change of direction within this time is a flap, seconds.
const FLAP_SECS: u64 = 3600;
/// How full the first firewalls are.
const FIRST_SHARE: f64 = 0.55;

/// A minute of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moment {
    /// Load, in firewalls.
    pub load: f64,
    /// Firewalls in service.
    pub in_service: u32,
    /// Firewalls that are paid.
    pub running: u32,
    /// Mean demand of those in service, percent.
    pub mean: f64,
    /// Demand of the fullest, percent.
    pub fullest: f64,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Whose policies.
    pub contestant: &'static str,
    /// On which trace.
    pub trace: &'static str,
    /// Firewall-minutes with more demand than capacity. Draining firewalls count, since they carry old flows. Dead ones do
    /// not: they carry nothing, and what they cost is `flows.lost`.
    pub overload_minutes: f64,
    /// Scale-outs undone by a scale-in within an hour, and the reverse.
    pub flaps: u32,
    /// From launch to termination.
    pub firewall_hours: f64,
    /// From the trace's mark to the first added firewall in service, seconds.
    pub first_added_secs: Option<u64>,
    /// Firewalls that policies took away while exporters that feed them were silent.
    pub blind_scale_ins: u32,
    /// Times that policies made the group larger.
    pub scale_outs: u32,
    /// Times that they made it smaller.
    pub scale_ins: u32,
    /// Counts of flows at the end.
    pub flows: Flows,
    /// Those still there.
    pub active: u64,
    /// Minute by minute.
    #[serde(skip)]
    pub timeline: Vec<Moment>,
}

/// Runs it.
#[must_use]
pub fn run(contestant: &Contestant, trace: &Trace, setting: &Setting) -> Outcome {
    let mut run = Run::new(contestant, trace, setting);
    for step in 0..trace.minutes * 60 / STEP_SECS {
        run.step(step * STEP_SECS);
    }
    run.outcome.flows = run.fleet.flows;
    run.outcome.active = run.fleet.active();
    run.outcome
}

struct Run<'a> {
    contestant: &'a Contestant,
    trace: &'a Trace,
    setting: &'a Setting,
    fleet: Fleet,
    policies: Policies,
    points: Points,
    names: Vec<String>,
    desired: u32,
    /// The last change by a policy: when, and whether it was out.
    last: Option<(u64, bool)>,
    /// When the first firewall was launched after the mark.
    added: Option<u64>,
    outcome: Outcome,
}

impl<'a> Run<'a> {
    fn new(contestant: &'a Contestant, trace: &'a Trace, setting: &'a Setting) -> Self {
        let load = (trace.load)(0.0) * f64::from(setting.max);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count, not below 0"
        )]
        let wanted = (load / FIRST_SHARE).ceil() as u32;
        let desired = wanted.clamp(setting.min, setting.max);
        let stats = contestant.triggers.iter();
        let stats = stats.flat_map(|trigger| trigger.rule.measure.stats());
        let mut names: Vec<String> = stats.map(|stat| stat.metric.name.to_string()).collect();
        names.sort();
        names.dedup();
        Run {
            contestant,
            trace,
            setting,
            fleet: Fleet::new(desired, load, setting.seed),
            policies: Policies::new(contestant.triggers.clone()),
            points: Points::default(),
            names,
            desired,
            last: None,
            added: None,
            outcome: Outcome {
                contestant: contestant.name,
                trace: trace.name,
                overload_minutes: 0.0,
                flaps: 0,
                firewall_hours: 0.0,
                first_added_secs: None,
                blind_scale_ins: 0,
                scale_outs: 0,
                scale_ins: 0,
                flows: Flows::default(),
                active: 0,
                timeline: Vec::new(),
            },
        }
    }

    fn step(&mut self, now: u64) {
        let minute = float(now) / 60.0;
        let load = (self.trace.load)(minute) * f64::from(self.setting.max);
        self.events(now);
        self.fleet.step(now, load);
        let leave = self.contestant.leave;
        self.fleet.remove(now, |one| leave.is_over(one, now));
        if now % 60 == EVALUATED_AT {
            self.decide(now);
        }
        self.reconcile(now);
        self.sample(now);
        self.account(now, load);
    }

    fn events(&mut self, now: u64) {
        let at = |minute: u64| now == minute * 60;
        match self.trace.event {
            Event::Bulk(from, _) if at(from) => self.fleet.place_bulk(BULK_LOAD),
            Event::Bulk(_, to) if at(to) => self.fleet.end_bulk(),
            Event::Death(when) if at(when) => self.fleet.kill(now),
            Event::SilentAll(from, to) | Event::SilentHalf(from, to) if at(from) || at(to) => {
                let all = matches!(self.trace.event, Event::SilentAll(..));
                let firewalls = self.fleet.firewalls.iter_mut().enumerate();
                firewalls.for_each(|(nth, one)| one.silent = at(from) && (all || nth % 2 == 0));
            }
            _ => {}
        }
    }

    /// New firewalls cannot reach CloudWatch either.
    fn nobody_reports(&self, now: u64) -> bool {
        matches!(self.trace.event, Event::SilentAll(from, to) if (from * 60..to * 60).contains(&now))
    }

    fn decide(&mut self, now: u64) {
        let group = self.group(now);
        let end = minute_of(now);
        let next = self.policies.evaluate(&self.points, end, now, &group);
        let Some(next) = next else {
            return;
        };
        let out = next > self.desired;
        self.outcome.scale_outs += u32::from(out);
        self.outcome.scale_ins += u32::from(!out);
        if let Some((when, before)) = self.last
            && before != out
            && now - when <= FLAP_SECS
        {
            self.outcome.flaps += 1;
        }
        if !out && self.is_blind() {
            self.outcome.blind_scale_ins += self.desired - next;
        }
        self.last = Some((now, out));
        if out && now >= self.trace.mark * 60 && self.added.is_none() {
            self.added = Some(now);
        }
        self.desired = next;
    }

    /// Exporters that feed the policies are silent.
    fn is_blind(&self) -> bool {
        let fed = self.contestant.publisher != Publisher::Hypervisor;
        let mut serving = self.fleet.firewalls.iter();
        fed && serving.any(|one| one.silent && one.in_service().is_some())
    }

    fn group(&self, now: u64) -> Group {
        let mut group = Group {
            desired: self.desired,
            min: self.setting.min,
            max: self.setting.max,
            terminating_counts: self.setting.terminating_counts,
            ..Group::default()
        };
        for one in &self.fleet.firewalls {
            match one.life {
                Life::Draining(since, _) => {
                    group.terminating += 1;
                    group.awaited += u32::from(match self.setting.cools_from {
                        CoolsFrom::Start => false,
                        CoolsFrom::Deregistered => now < since + self.deregistration(),
                        CoolsFrom::Gone => true,
                    });
                }
                Life::InService(since)
                    if since == 0 || now >= since + self.contestant.warm_up_secs =>
                {
                    group.warmed += 1;
                }
                Life::InService(_) => group.warming += 1,
                Life::Pending(_) => {
                    group.warming += 1;
                    group.pending += 1;
                }
            }
        }
        group
    }

    fn deregistration(&self) -> u64 {
        match self.contestant.leave {
            Leave::AtOnce(delay) => delay,
            Leave::Drained(drain) => drain.deregistration,
        }
    }

    /// Auto Scaling launches and terminates until the group has its desired size.
    fn reconcile(&mut self, now: u64) {
        let stays = |one: &&Firewall| !matches!(one.life, Life::Draining(..));
        let mut count = self.fleet.firewalls.iter().filter(stays).count();
        while count < self.desired as usize {
            let silent = self.nobody_reports(now);
            self.fleet.launch(now, self.setting.boot_secs, silent);
            count += 1;
        }
        while count > self.desired as usize {
            self.fleet.retire(now);
            count -= 1;
        }
    }

    fn sample(&mut self, now: u64) {
        let minute = minute_of(now);
        // Everybody else's a second.
        let count = float(STEP_SECS)
            * match self.contestant.publisher {
                Publisher::Fwmetrics => f64::from(self.setting.readings) / 300.0,
                Publisher::Vendor | Publisher::Hypervisor => 1.0,
            };
        let mut serving = 0.0;
        for one in &self.fleet.firewalls {
            serving += f64::from(u8::from(one.in_service().is_some()));
            if !publishes(self.contestant, self.setting, one, now) {
                continue;
            }
            for name in &self.names {
                if let Some(value) = value(name, one, self.setting.polls) {
                    self.points.put(name, minute, Point::of(value, count));
                }
            }
        }
        if now.is_multiple_of(60) {
            let point = Point::of(serving, 1.0);
            self.points.put(IN_SERVICE, minute, point);
        }
    }

    fn account(&mut self, now: u64, load: f64) {
        let step = float(STEP_SECS);
        let mut moment = Moment {
            load,
            ..Moment::default()
        };
        for one in &self.fleet.firewalls {
            moment.running += 1;
            self.outcome.firewall_hours += step / 3600.0;
            if one.is_overloaded() {
                self.outcome.overload_minutes += step / 60.0;
            }
            if let Some(since) = one.in_service() {
                moment.in_service += 1;
                moment.mean += 100.0 * one.demand();
                moment.fullest = moment.fullest.max(100.0 * one.demand());
                let first = self.added.is_some_and(|added| one.launched >= added);
                if first && self.outcome.first_added_secs.is_none() {
                    self.outcome.first_added_secs = Some(since - self.trace.mark * 60);
                }
            }
        }
        moment.mean /= f64::from(moment.in_service.max(1));
        if now.is_multiple_of(60) {
            self.outcome.timeline.push(moment);
        }
    }
}

fn minute_of(now: u64) -> usize {
    usize::try_from(now / 60).unwrap_or(usize::MAX)
}
