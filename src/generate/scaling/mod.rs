//! The scaling policies that fit a configuration: one set for each group.
//!
//! P1 adds firewalls in proportion and takes none away; P2 is faster than target tracking's three minutes; P3 is for
//! packet buffers, which are no measure for a target; P4 takes one away when the others can bear it, and then waits. There is
//! none on `AWS/EC2` CPU: a poll-mode dataplane keeps its cores busy without a packet.

use super::alarms::{ELSEWHERE, LeftOut, Missing, exact, in_service, stretched};
use crate::catalogue::Platform;
pub use crate::config::POLICY_NUMBERS as ALL_NUMBERS;
use crate::config::{Config, Scaling};
use crate::generate::published::Published;
use crate::model::alarm::{
    Alarm, Comparison, Decision, Measure, MetricId, MissingData, Policy, Rule, Stat, Statistic,
    Step, Text, Urgency,
};
use crate::model::math::Math;

/// What was made, in the order of the table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MadePolicies {
    /// The policies.
    pub policies: Vec<Policy>,
    /// Those that this configuration has no metric for, and those that it disables.
    pub left_out: Vec<LeftOut>,
}

/// The policies of a configuration.
#[must_use]
pub fn of(config: &Config) -> MadePolicies {
    made(config, &Published::of(config))
}

/// The policies of a configuration that publishes this.
#[must_use]
pub fn made(config: &Config, published: &Published) -> MadePolicies {
    let settings = &config.scaling;
    let mut policies = Vec::new();
    let mut missing = Missing::default();
    let groups = published.groups();
    for (number, slug, decide) in POLICIES {
        if settings.disable.contains(number) {
            let why = "[scaling] disable names it".to_owned();
            missing.add(number, slug.to_owned(), why, None);
        } else if groups.is_empty() {
            let why = "no firewall is in an Auto Scaling group".to_owned();
            missing.add(number, slug.to_owned(), why, None);
        }
        for group in groups.iter().filter(|_| !settings.disable.contains(number)) {
            let of = Of {
                published,
                settings,
                group,
            };
            let decision = match config.cloudwatch.role_arn {
                Some(_) => Err(ELSEWHERE.to_owned()),
                None => decide(&of),
            };
            match decision {
                Ok(decision) => policies.push(Policy {
                    number,
                    slug: slug.to_owned(),
                    group: group.clone(),
                    decision,
                    warm_up_secs: of.warm_up_secs(),
                }),
                Err(why) => missing.add(number, slug.to_owned(), why, Some(group.clone())),
            }
        }
    }
    MadePolicies {
        policies,
        left_out: missing.list(),
    }
}

type Decide = fn(&Of<'_>) -> Result<Decision, String>;

const POLICIES: [(&str, &str, Decide); 4] = [
    ("P1", "capacity-target", target),
    ("P2", "scale-out-fast", fast),
    ("P3", "scale-out-buffers", buffers),
    ("P4", "scale-in", scale_in),
];

/// A group and what its policies are made of.
struct Of<'a> {
    published: &'a Published,
    settings: &'a Scaling,
    group: &'a Text,
}

/// New Linux firewalls take their share after this, seconds.
const WARM_UP_LINUX: u32 = 180;
/// PAN-OS firewalls, seconds: Palo Alto's own templates have it.
const WARM_UP_PANOS: u32 = 900;

impl Of<'_> {
    fn warm_up_secs(&self) -> u32 {
        let mut members = self.published.members(self.group);
        let by_platform = match members.any(|one| one.platform == Platform::PanOs) {
            true => WARM_UP_PANOS,
            false => WARM_UP_LINUX,
        };
        self.settings.warm_up_secs.unwrap_or(by_platform)
    }

    fn capacity(&self, statistic: Statistic, period_secs: u32) -> Result<Stat, String> {
        let found = self.published.fleet(self.group, "CapacityUtilization")?;
        if found.every_secs > period_secs {
            return Err(format!(
                "CapacityUtilization is read every {} s: too seldom for a policy that looks at {period_secs} s",
                found.every_secs
            ));
        }
        Ok(stat(found.id, statistic, period_secs))
    }

    fn alarm(&self, number: &'static str, slug: &str, text: String, rule: Rule) -> Alarm {
        Alarm {
            number,
            slug: slug.to_owned(),
            scope: self.group.clone(),
            description: text,
            rule,
            urgency: Urgency::Scale,
        }
    }
}

fn stat(metric: MetricId, statistic: Statistic, period_secs: u32) -> Stat {
    Stat {
        metric,
        statistic,
        period_secs,
    }
}

/// P1. Target tracking looks at 60 s at the most (API reference of EC2 Auto Scaling, `CustomizedMetricSpecification`,
/// `Period`), and does nothing while points are missing.
fn target(of: &Of<'_>) -> Result<Decision, String> {
    let found = of.published.fleet(of.group, "CapacityUtilization")?;
    if found.every_secs > 60 {
        return Err(format!(
            "target tracking needs CapacityUtilization each minute, and it is read every {} s; a shorter sample_secs brings it",
            found.every_secs
        ));
    }
    Ok(Decision::Target {
        stat: found.over(Statistic::Average, 60),
        target: exact(of.settings.target_percent),
        scale_out_only: true,
    })
}

/// P2.
fn fast(of: &Of<'_>) -> Result<Decision, String> {
    let first = of.settings.step_percent;
    let second = exact(of.settings.second_step_percent - first);
    let found = of.published.fleet(of.group, "CapacityUtilization")?;
    let rule = Rule {
        measure: Measure::One(found.over(Statistic::Average, 60)),
        comparison: Comparison::AtLeast,
        threshold: exact(first),
        periods: 2,
        datapoints: 2,
        missing: MissingData::NotBreaching,
    };
    let text = format!(
        "Adds firewalls at once while the group's average capacity in use is {first} % or more for two minutes: one, and two from {} % on. A scaling policy acts on it; nobody has to. When it stays in alarm, new firewalls do not come up or take no flows: look at the group's activity and its maximum size.",
        of.settings.second_step_percent
    );
    let text = stretched(text, &rule, 60);
    Ok(Decision::Steps {
        alarm: of.alarm("P2", "scale-out-fast", text, rule),
        steps: vec![
            step(Some(0.0), Some(second), 1),
            step(Some(second), None, 2),
        ],
    })
}

/// P3.
fn buffers(of: &Of<'_>) -> Result<Decision, String> {
    let found = of.published.fleet(of.group, "PacketBufferUtilization")?;
    if !of.settings.buffers {
        return Err("it is optional; [scaling] buffers = true makes it".to_owned());
    }
    let percent = of.settings.buffers_percent;
    let rule = Rule {
        measure: Measure::One(found.over(Statistic::Maximum, 60)),
        comparison: Comparison::AtLeast,
        threshold: exact(percent),
        periods: 5,
        datapoints: 3,
        missing: MissingData::NotBreaching,
    };
    let text = format!(
        "Adds a firewall while the fullest packet buffers of the group are {percent} % full or more in three of five minutes. A scaling policy acts on it; nobody has to."
    );
    let text = stretched(text, &rule, 60);
    Ok(Decision::Steps {
        alarm: of.alarm("P3", "scale-out-buffers", text, rule),
        steps: vec![step(Some(0.0), None, 1)],
    })
}

/// Of P4, seconds: its period, so that its newest point has no minute from before the last change, also where
/// GroupInServiceInstances comes late. Of 300, 600 and 900 it is the smallest, and on the simulated fleet none is better:
/// flaps and overload are the same over all traces (Linux 0 and 188 to 189 min, VM-Series 1 and 289 to 298 min, two to ten
/// firewalls, three seeds, whenever the cooldown begins: `CoolsFrom` in src/simulate/setting.rs), and firewall hours grow
/// from 417 to 420. Without a cooldown the flaps are 3 and 4 to 5.
const COOLDOWN: u32 = 300;

/// P4: the load that the others would have without one of them, cap * n / (n - 1).
///
/// CloudWatch's arithmetic takes a missing value for 0 (user guide, "Using metric math"), so that a silent fleet would
/// look like an idle one while Auto Scaling goes on counting it: n of a dead `cap` is a load of 0. So the projection
/// holds only where more than three quarters of the readings of all members in service are there, and where there are
/// two of them; else the point is 100. Three quarters, for the newest minute may still be on its way: a fifth of all. So one
/// silent of five to eight, two of nine to twelve, do not hold it back, and are taken for as loaded as the others. To ask for
/// more and for 6 of 7 points instead brings a flap to each platform of the simulated fleet: a newest point that is high is
/// passed over as one that is late is.
///
/// Simple scaling, which the guide advises against, is meant here: an alarm invokes its action once a minute while it
/// stands, and a step policy takes one firewall away each time, before the average shows it. A simple policy "must wait for
/// the scaling activity or health check replacement to complete and the cooldown period to end" (EC2 Auto Scaling user
/// guide, "Step and simple scaling policies"). That hooks may hold it back too is right for a scale-in; P1 and P2 do not
/// wait: "target tracking and step scaling policies can initiate a scale-out activity immediately without waiting for the
/// cooldown period to end" ("Scaling cooldowns").
fn scale_in(of: &Of<'_>) -> Result<Decision, String> {
    const PERIOD: u32 = 300;
    let cap = of.capacity(Statistic::Average, PERIOD)?;
    let seen = of.capacity(Statistic::SampleCount, PERIOD)?;
    let n = stat(in_service(of.group), Statistic::Minimum, PERIOD);
    let least = f64::from(readings(of.published, of.group)) * 0.75;
    let input = Math::input;
    let others = || input("n").minus(Math::Number(1.0));
    let enough = input("seen").minus(Math::Number(least).times(input("n")));
    let projected = input("cap").times(input("n")).over(others());
    let percent = of.settings.scale_in_percent;
    let rule = Rule {
        measure: Measure::Math {
            inputs: vec![("cap", cap), ("seen", seen), ("n", n)],
            result: enough
                .times(others())
                .if_above(0.0, projected, Math::Number(100.0)),
        },
        comparison: Comparison::Below,
        threshold: exact(percent),
        periods: 6,
        datapoints: 6,
        missing: MissingData::NotBreaching,
    };
    let text = format!(
        "Takes one firewall away when the others would stay below {percent} % of their capacity without it, for half an hour, and more than three quarters of the members' readings are there; the next one five minutes later at the earliest. A scaling policy acts on it; in alarm while the group has its minimum size is as it should be. Where a quarter or more is missing none is taken away; a smaller part that is silent is taken for as loaded as the others."
    );
    Ok(Decision::Simple {
        alarm: of.alarm("P4", "scale-in", text, rule),
        change: -1,
        cooldown_secs: COOLDOWN,
    })
}

/// Readings of CapacityUtilization that each member sends into the group in 300 s, the fewest. One out of service sends
/// nothing, and its slower readings say nothing of the others.
#[must_use]
pub fn readings(published: &Published, group: &Text) -> u32 {
    let members = published.members(group).filter(|one| one.serves);
    let each = members.filter_map(|one| one.cpu_readings);
    each.min().unwrap_or(1)
}

const fn step(from: Option<f64>, to: Option<f64>, change: i32) -> Step {
    Step { from, to, change }
}

#[cfg(test)]
mod tests;
