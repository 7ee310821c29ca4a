//! From what is meant to what the API takes: one [`Resource`] for each alarm, policy, dashboard and grant.

mod names;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::form::blank::{self, Blank};
use crate::model::alarm::{Alarm, Decision, Measure, MetricId, Policy, Stat, Step, Text, Urgency};
pub use names::{Ids, alarm_name, camel};

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// CloudWatch, PutMetricAlarm.
    Alarm,
    /// EC2 Auto Scaling, PutScalingPolicy.
    Policy,
    /// CloudWatch, PutDashboard; the body as a tree.
    Dashboard,
    /// IAM, CreatePolicy; the document as a tree.
    ManagedPolicy,
    /// IAM, CreateRole; likewise. Its policies stand in [`Resource::with`].
    Role,
    /// IAM, CreateInstanceProfile; its role stands in [`Resource::with`].
    Profile,
    /// EC2, CreateVpcEndpoint; the document as a tree.
    Endpoint,
}

/// One thing to create.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// What it is called in a template: letters and digits, unique and stable.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Input of the API's call.
    pub input: Map<String, Value>,
    /// It is created only where all of these are given.
    pub needs: Vec<Blank>,
    /// It is not created where this is given.
    pub unless: Option<Blank>,
    /// Whom an alarm tells.
    pub tells: Option<Urgency>,
    /// Ids of those that it refers to: the policy that an alarm drives, the policies of a role, the role of a profile.
    pub with: Vec<String>,
}

impl Resource {
    /// One of this kind, created under no condition.
    #[must_use]
    pub fn new(id: String, kind: Kind, input: Value) -> Self {
        let mut resource = Resource {
            id,
            kind,
            input: into_map(input),
            needs: Vec::new(),
            unless: None,
            tells: None,
            with: Vec::new(),
        };
        resource.needs = needs(&resource.input);
        resource
    }
}

pub(super) fn alarm(prefix: &str, alarm: &Alarm, ids: &mut Ids) -> Resource {
    let id = ids.of(alarm.number, &alarm.slug, &alarm.scope);
    named(prefix, alarm, id)
}

fn named(prefix: &str, alarm: &Alarm, id: String) -> Resource {
    let rule = &alarm.rule;
    let mut input = into_map(json!({
        "AlarmName": alarm_name(prefix, alarm),
        "AlarmDescription": blank::plain(&alarm.description),
        "ComparisonOperator": rule.comparison.word(),
        "DatapointsToAlarm": rule.datapoints,
        "EvaluationPeriods": rule.periods,
        "Threshold": rule.threshold,
        "TreatMissingData": rule.missing.word(),
    }));
    match &rule.measure {
        Measure::One(stat) => input.append(&mut simple(stat)),
        Measure::Math { inputs, result } => {
            let mut queries: Vec<Value> = inputs.iter().map(|(id, stat)| query(id, stat)).collect();
            queries.push(
                json!({"Id": "result", "Expression": result.to_string(), "ReturnData": true}),
            );
            input.insert("Metrics".to_owned(), Value::Array(queries));
        }
    }
    let mut made = Resource::new(id, Kind::Alarm, Value::Object(input));
    made.tells = Some(alarm.urgency).filter(|urgency| *urgency != Urgency::Scale);
    made
}

/// Parameters without which there is no such alarm.
#[must_use]
pub fn alarm_needs(prefix: &str, one: &Alarm) -> Vec<Blank> {
    alarm(prefix, one, &mut Ids::default()).needs
}

/// An alarm's own metric, or a policy's.
fn simple(stat: &Stat) -> Map<String, Value> {
    let mut input = metric(&stat.metric);
    input.insert("Statistic".to_owned(), stat.statistic.word().into());
    input.insert("Period".to_owned(), stat.period_secs.into());
    input
}

fn metric(metric: &MetricId) -> Map<String, Value> {
    let dimension =
        |(name, value): &(&'static str, Text)| json!({"Name": name, "Value": blank::text(value)});
    let dimensions: Vec<Value> = metric.dimensions.iter().map(dimension).collect();
    into_map(json!({
        "Namespace": blank::plain(&metric.namespace),
        "MetricName": metric.name,
        "Dimensions": dimensions,
    }))
}

fn query(id: &str, stat: &Stat) -> Value {
    json!({
        "Id": id,
        "MetricStat": {
            "Metric": metric(&stat.metric),
            "Period": stat.period_secs,
            "Stat": stat.statistic.word(),
        },
        "ReturnData": false,
    })
}

pub(super) fn policy(made: &mut Vec<Resource>, prefix: &str, policy: &Policy, ids: &mut Ids) {
    let id = ids.of(policy.number, &policy.slug, &policy.group);
    let mut input = into_map(json!({
        "AutoScalingGroupName": blank::text(&policy.group),
        "PolicyName": format!("{prefix}-{}-{}", policy.number, policy.slug),
    }));
    let driver = match &policy.decision {
        Decision::Target {
            stat,
            target,
            scale_out_only,
        } => {
            input.append(&mut tracking(stat, *target, *scale_out_only));
            None
        }
        Decision::Steps { alarm, steps } => {
            input.append(&mut stepping(steps));
            Some(alarm)
        }
        Decision::Simple {
            alarm,
            change,
            cooldown_secs,
        } => {
            input.append(&mut changing(*change, *cooldown_secs));
            Some(alarm)
        }
    };
    // API reference, PutScalingPolicy: "Valid only if the policy type is TargetTrackingScaling or StepScaling."
    if !matches!(policy.decision, Decision::Simple { .. }) {
        let warm_up = policy.warm_up_secs.into();
        input.insert("EstimatedInstanceWarmup".to_owned(), warm_up);
    }
    let mut own = Resource::new(id, Kind::Policy, Value::Object(input));
    let Some(driver) = driver else {
        made.push(own);
        return;
    };
    let mut driver = named(
        prefix,
        driver,
        ids.of(
            policy.number,
            &format!("{}-alarm", driver.slug),
            &driver.scope,
        ),
    );
    driver.with.push(own.id.clone());
    // Neither is of use without the other.
    let both: BTreeSet<Blank> = own.needs.iter().chain(&driver.needs).copied().collect();
    own.needs = both.into_iter().collect();
    driver.needs.clone_from(&own.needs);
    made.extend([own, driver]);
}

fn tracking(stat: &Stat, target: f64, scale_out_only: bool) -> Map<String, Value> {
    let mut of = simple(stat);
    // Without it 60 s are taken, which is what P1 has; the key is younger than the call, and many tools do not know it.
    of.remove("Period");
    into_map(json!({
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingConfiguration": {
            "CustomizedMetricSpecification": of,
            "DisableScaleIn": scale_out_only,
            "TargetValue": target,
        },
    }))
}

fn stepping(steps: &[Step]) -> Map<String, Value> {
    let step = |step: &Step| {
        let mut one = into_map(json!({"ScalingAdjustment": step.change}));
        let bounds = [
            ("MetricIntervalLowerBound", step.from),
            ("MetricIntervalUpperBound", step.to),
        ];
        for (name, bound) in bounds {
            if let Some(bound) = bound {
                one.insert(name.to_owned(), bound.into());
            }
        }
        Value::Object(one)
    };
    into_map(json!({
        "PolicyType": "StepScaling",
        "AdjustmentType": "ChangeInCapacity",
        "MetricAggregationType": "Average",
        "StepAdjustments": steps.iter().map(step).collect::<Vec<_>>(),
    }))
}

fn changing(change: i32, cooldown_secs: u32) -> Map<String, Value> {
    into_map(json!({
        "PolicyType": "SimpleScaling",
        "AdjustmentType": "ChangeInCapacity",
        "ScalingAdjustment": change,
        "Cooldown": cooldown_secs,
    }))
}

/// Parameters that a tree refers to, each once.
#[must_use]
pub fn needs(input: &Map<String, Value>) -> Vec<Blank> {
    fn walk(value: &Value, found: &mut BTreeSet<Blank>) {
        match value {
            Value::String(text) => found.extend(blank::blanks(text)),
            Value::Array(list) => list.iter().for_each(|item| walk(item, found)),
            Value::Object(table) => table.values().for_each(|item| walk(item, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut found = BTreeSet::new();
    input.values().for_each(|value| walk(value, &mut found));
    found
        .into_iter()
        .filter(|blank| blank.is_parameter())
        .collect()
}

/// The table that was written as one.
#[must_use]
pub fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
