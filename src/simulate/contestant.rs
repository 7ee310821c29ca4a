//! Whose policies are compared, each with what it scales on and how it lets a firewall go.

use super::firewall::{Firewall, Life};
use super::scaling::{Act, Trigger, track, triggers};
use crate::model::alarm::{
    Comparison, Measure, MetricId, MissingData, Policy, Rule, Stat, Statistic,
};

/// Who publishes, and by what rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publisher {
    /// fwmetrics: the group's series only while in service, warmed up by `[identity] warm_up_secs`, never while draining.
    Fwmetrics,
    /// The vendor's own: as long as the firewall runs and is in service, and while it drains.
    Vendor,
    /// EC2: without warming and terminating instances; no exporter can fall silent.
    Hypervisor,
}

/// How a firewall leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// After the deregistration delay, seconds; its terminating hook, if any, is completed at once.
    AtOnce(u64),
    /// When both the deregistration delay and the drain are over.
    Drained(Drain),
}

impl Leave {
    /// A leaving firewall may be terminated.
    #[must_use]
    pub fn is_over(self, one: &Firewall, now: u64) -> bool {
        let Life::Draining(since, before) = one.life else {
            return false;
        };
        let waited = now - since;
        match self {
            Leave::AtOnce(delay) => waited >= delay,
            Leave::Drained(drain) => {
                let gone = one.sessions() < drain.below(before);
                let quiet = drain.quiet.is_some_and(|quiet| waited >= quiet);
                waited >= drain.deregistration && (gone || quiet || waited >= drain.most)
            }
        }
    }
}

/// fwmetrics' drain. Seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// `deregistration_delay.timeout_seconds`.
    pub deregistration: u64,
    /// Sessions are gone below this share of those at the start, percent.
    pub percent: u64,
    /// And so many and fewer are none.
    pub own: u64,
    /// And when none began for so long, where new ones are counted: a deregistered firewall gets none.
    pub quiet: Option<u64>,
    /// The cap.
    pub most: u64,
}

impl Drain {
    /// Fewer sessions than this are none: the bound of the agent's own wait. That one wants two readings in a row, which is
    /// left out here.
    #[must_use]
    pub fn below(self, before: u64) -> u64 {
        (before * self.percent).div_ceil(100).max(self.own + 1)
    }
}

/// One set of policies.
#[derive(Debug, Clone, PartialEq)]
pub struct Contestant {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Its policies.
    pub triggers: Vec<Trigger>,
    /// Who feeds them.
    pub publisher: Publisher,
    /// `DefaultInstanceWarmup`, seconds.
    pub warm_up_secs: u64,
    /// How a firewall leaves.
    pub leave: Leave,
}

/// Name of fwmetrics' own.
pub const OURS: &str = "fwmetrics";

/// fwmetrics' own: what `generate` makes.
#[must_use]
pub fn ours(policies: &[Policy], drain: Drain) -> Contestant {
    let warm_up = policies.iter().map(|policy| policy.warm_up_secs).max();
    Contestant {
        name: OURS,
        about: "the policies that `fwmetrics generate scaling` makes of this configuration, and its drain",
        triggers: triggers(policies),
        publisher: Publisher::Fwmetrics,
        warm_up_secs: u64::from(warm_up.unwrap_or(0)),
        leave: Leave::Drained(drain),
    }
}

/// `deregistration_delay.timeout_seconds` where a template does not set it.
const DEREGISTRATION_DEFAULT: u64 = 300;
/// Cooldown of both vendors' simple policies, seconds.
const COOLDOWN: u32 = 600;

/// The others. Where a vendor's template would not run as shipped, it gets what it lacks: metrics under the dimensions
/// that it looks at, each minute; replacement of unhealthy firewalls; the warm-up of the platform. Health checks are
/// GWLB's defaults for all, unhealthy after two failures; Juniper's template has three.
#[must_use]
pub fn others(warm_up_secs: u64) -> Vec<Contestant> {
    let rival = |name, about, triggers, publisher, leave| Contestant {
        name,
        about,
        triggers,
        publisher,
        warm_up_secs,
        leave: Leave::AtOnce(leave),
    };
    vec![
        // PaloAltoNetworks/terraform-aws-swfw-modules @f800528, modules/asg/variables.tf: scaling_target_value 70,
        // scaling_statistic Average. scaling_metric_name is empty there: this is the CPU among the metrics that VM-Series
        // publishes. Nothing waits for sessions: the module's Lambda completes the terminating hook when it is called.
        rival(
            "paloalto-cpu",
            "Palo Alto's Terraform module: target tracking, DataPlaneCPUUtilizationPct 70",
            track(&average("DataPlaneCPUUtilizationPct", 60), 70.0, false),
            Publisher::Vendor,
            DEREGISTRATION_DEFAULT,
        ),
        // PaloAltoNetworks/AWS-GWLB-VMSeries @71b277d, cft_simplifiedASG_with_warm_pools/asgwarmpools.yaml: its
        // WarmPoolMinSize is 0.
        rival(
            "paloalto-sessions",
            "Palo Alto's warm-pool template: panSessionUtilization above 60 for 15 min, below 50 for 30 min",
            vec![
                simple("panSessionUtilization", Comparison::Above, 60.0, 900, 1),
                simple("panSessionUtilization", Comparison::Below, 50.0, 1800, -1),
            ],
            Publisher::Vendor,
            20,
        ),
        // Juniper/vSRX-AWS @4d6c7fd, vSRX_AWS_GWLB/vsrx_cft/vsrx_aws_gwlb_asg_az/vsrx_aws_gwlb_security_asg_az.yaml:
        // ScalingTypeP simple_scaling, CpuThresholdP 50, MetricCollectIntervalP 1.
        rival(
            "juniper",
            "Juniper's vSRX template: DataPlaneCPU1Util, the first core, above 50 for 10 min, at most 50 for 20 min",
            vec![
                simple("DataPlaneCPU1Util", Comparison::Above, 50.0, 600, 1),
                simple("DataPlaneCPU1Util", Comparison::AtMost, 50.0, 1200, -1),
            ],
            Publisher::Vendor,
            10,
        ),
        // FortiGate, Check Point and Cisco scale on it; 50 is the guide's own example of target tracking.
        rival(
            "ec2-cpu",
            "target tracking, EC2's CPUUtilization 50, detailed monitoring",
            track(&average("CPUUtilization", 60), 50.0, false),
            Publisher::Hypervisor,
            DEREGISTRATION_DEFAULT,
        ),
        // The same repository, examples/combined_design_autoscale/example.tfvars: panSessionActive, 75.
        rival(
            "paloalto-example",
            "Palo Alto's Terraform example as shipped: target tracking, panSessionActive 75 (sessions)",
            track(&average("panSessionActive", 60), 75.0, false),
            Publisher::Vendor,
            DEREGISTRATION_DEFAULT,
        ),
    ]
}

fn average(name: &'static str, period_secs: u32) -> Stat {
    Stat {
        metric: MetricId {
            namespace: String::new(),
            name: name.into(),
            dimensions: Vec::new(),
        },
        statistic: Statistic::Average,
        period_secs,
    }
}

fn simple(
    name: &'static str,
    comparison: Comparison,
    threshold: f64,
    period_secs: u32,
    change: i32,
) -> Trigger {
    let rule = Rule {
        measure: Measure::One(average(name, period_secs)),
        comparison,
        threshold,
        periods: 1,
        datapoints: 1,
        missing: MissingData::Missing,
    };
    Trigger::new(rule, Act::Simple(change, COOLDOWN))
}

#[cfg(test)]
mod tests {
    use super::super::fleet::Fleet;
    use super::*;

    #[test]
    fn a_firewall_goes_when_delay_and_drain_are_over() {
        let mut fleet = Fleet::new(1, 0.5, 1);
        fleet.retire(100);
        let full = fleet.firewalls.remove(0);
        let left = full.sessions();
        let began_with = |before| {
            let mut one = full.clone();
            one.life = Life::Draining(100, before);
            one
        };
        // One in a hundred is as many as are left: they are not fewer.
        let (same, empty) = (began_with(left * 100), began_with(left * 100 + 1));
        let drain = |quiet| {
            Leave::Drained(Drain {
                deregistration: 350,
                percent: 1,
                own: 10,
                quiet,
                most: 900,
            })
        };
        for (leave, one, last) in [
            (Leave::AtOnce(20), &full, 120),
            (drain(None), &empty, 450),
            (drain(None), &same, 1000),
            (drain(None), &full, 1000),
            (drain(Some(400)), &full, 500),
        ] {
            assert!(!leave.is_over(one, last - 1));
            assert!(leave.is_over(one, last));
            assert!(leave.is_over(one, last + 1));
        }
    }
}
