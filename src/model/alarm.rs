//! Alarms, as CloudWatch evaluates them, apart from how they are written down: `generate` makes them, its forms write
//! them, `simulate` judges by them, `cost` counts them.

use std::borrow::Cow;

use super::math::Math;

/// What only the account knows: a parameter of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parameter {
    /// Name of the Auto Scaling group.
    AutoScalingGroup,
    /// The instance that fwmetrics runs on.
    InstanceId,
    /// The other member of its pair.
    PeerInstanceId,
    /// Value of the dimension `LoadBalancer`, `gwy/name/0123456789abcdef`.
    LoadBalancer,
    /// Value of the dimension `TargetGroup`, `targetgroup/name/0123456789abcdef`.
    TargetGroup,
    /// Topic of all alarms.
    Topic,
    /// Topic of those that should wake somebody; that of all others where it is not given.
    PageTopic,
}

/// A text that may have to be filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Text {
    /// As it is.
    Fixed(String),
    /// Whatever the parameter is.
    Given(Parameter),
}

/// A metric under one dimension set; names of dimensions are sorted by nobody, values are exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricId {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: Cow<'static, str>,
    /// All its dimensions.
    pub dimensions: Vec<(&'static str, Text)>,
}

/// API reference, `Statistic`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// Sum over SampleCount.
    Average,
    /// The largest value.
    Maximum,
    /// The smallest value.
    Minimum,
    /// All values together.
    Sum,
    /// How many values.
    SampleCount,
}

impl Statistic {
    /// As the API has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Statistic::Average => "Average",
            Statistic::Maximum => "Maximum",
            Statistic::Minimum => "Minimum",
            Statistic::Sum => "Sum",
            Statistic::SampleCount => "SampleCount",
        }
    }
}

/// A metric's statistic, period by period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// Of this metric.
    pub metric: MetricId,
    /// Which statistic.
    pub statistic: Statistic,
    /// Over how long: 10, 20, 30 or a multiple of 60.
    pub period_secs: u32,
}

/// What an alarm looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// One statistic of one metric.
    One(Stat),
    /// Metric math; all inputs have one period. Ids begin with a lower-case letter.
    Math {
        /// Inputs by id.
        inputs: Vec<(&'static str, Stat)>,
        /// The series that is judged.
        result: Math,
    },
}

impl Measure {
    /// Every statistic that goes in.
    #[must_use]
    pub fn stats(&self) -> Vec<&Stat> {
        match self {
            Measure::One(stat) => vec![stat],
            Measure::Math { inputs, .. } => inputs.iter().map(|(_, stat)| stat).collect(),
        }
    }

    /// Over how long each point is, seconds.
    #[must_use]
    pub fn period_secs(&self) -> u32 {
        self.stats().first().map_or(60, |stat| stat.period_secs)
    }
}

/// When a point is bad. API reference, `ComparisonOperator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// At or above the threshold.
    AtLeast,
    /// Above it.
    Above,
    /// Below it.
    Below,
    /// At or below it.
    AtMost,
}

impl Comparison {
    /// As the API has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Comparison::AtLeast => "GreaterThanOrEqualToThreshold",
            Comparison::Above => "GreaterThanThreshold",
            Comparison::Below => "LessThanThreshold",
            Comparison::AtMost => "LessThanOrEqualToThreshold",
        }
    }

    /// The value is bad.
    #[must_use]
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Comparison::AtLeast => value >= threshold,
            Comparison::Above => value > threshold,
            Comparison::Below => value < threshold,
            Comparison::AtMost => value <= threshold,
        }
    }
}

/// How a point that is not there is taken. API reference, `TreatMissingData`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingData {
    /// As nothing: INSUFFICIENT_DATA when all are missing.
    Missing,
    /// The state stays.
    Ignore,
    /// As bad.
    Breaching,
    /// As good.
    NotBreaching,
}

impl MissingData {
    /// As the API has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            MissingData::Missing => "missing",
            MissingData::Ignore => "ignore",
            MissingData::Breaching => "breaching",
            MissingData::NotBreaching => "notBreaching",
        }
    }
}

/// What an alarm is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// To be looked at in office hours.
    Warn,
    /// Traffic is or will be lost: wakes somebody.
    Page,
    /// A scaling policy acts on it, nobody is told.
    Scale,
}

/// What is judged, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The series.
    pub measure: Measure,
    /// When a point is bad.
    pub comparison: Comparison,
    /// Against this.
    pub threshold: f64,
    /// M of N, N: points looked at.
    pub periods: u32,
    /// M: bad ones that make an alarm.
    pub datapoints: u32,
    /// Points that are not there.
    pub missing: MissingData,
}

/// An alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Its number in the README's table, such as `A2`.
    pub number: &'static str,
    /// The part of its name that says what it looks at; with scope and prefix it is unique and stable.
    pub slug: String,
    /// Whose it is: group, instance, firewall or pair.
    pub scope: Text,
    /// What it means and what to do; 1024 characters at most.
    pub description: String,
    /// What is judged.
    pub rule: Rule,
    /// What it is for.
    pub urgency: Urgency,
}

/// A step of a policy, in distance from the alarm's threshold. API reference of EC2 Auto Scaling, `StepAdjustment`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// From here on; none is without end downwards.
    pub from: Option<f64>,
    /// Up to here; none is without end upwards.
    pub to: Option<f64>,
    /// Instances that come or go.
    pub change: i32,
}

/// How a policy decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Target tracking; Auto Scaling makes its alarms itself.
    Target {
        /// What is held near the target.
        stat: Stat,
        /// The target.
        target: f64,
        /// It never takes a firewall away.
        scale_out_only: bool,
    },
    /// Step scaling on an alarm of ours.
    Steps {
        /// The alarm.
        alarm: Alarm,
        /// What it does.
        steps: Vec<Step>,
    },
    /// Simple scaling on an alarm of ours: one change, then no other by a simple policy until the cooldown is over.
    Simple {
        /// The alarm.
        alarm: Alarm,
        /// Instances that come or go.
        change: i32,
        /// From the end of the activity, seconds.
        cooldown_secs: u32,
    },
}

/// A scaling policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its number in the README's table, such as `P2`.
    pub number: &'static str,
    /// The part of its name that says what it does.
    pub slug: String,
    /// Its group.
    pub group: Text,
    /// How it decides.
    pub decision: Decision,
    /// What a new firewall needs until it takes its share, seconds (`EstimatedInstanceWarmup`; a simple policy has none).
    pub warm_up_secs: u32,
}
