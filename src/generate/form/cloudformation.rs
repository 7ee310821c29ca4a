//! A CloudFormation template: user guide, "Template anatomy" and "Fn::Sub"; each type's own page.

pub(super) mod dashboard;

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::blank::Blank;
use super::{Filling, Gap, yaml};
use crate::generate::alarms::LeftOut;
use crate::generate::bundle::Bundle;
use crate::generate::resource::{Kind, Resource, into_map};
use crate::model::alarm::Urgency;

/// Parts of a template, each indented as under its own heading.
#[derive(Debug, Default)]
pub struct Parts {
    /// Comments that name what is left out.
    pub comments: String,
    /// Below `Metadata:`.
    pub metadata: String,
    /// Below `Parameters:`.
    pub parameters: String,
    /// Below `Conditions:`.
    pub conditions: String,
    /// Below `Resources:`.
    pub resources: String,
    /// Below `Outputs:`: what launch templates and other accounts have to name.
    pub outputs: String,
}

/// A template that stands by itself.
#[must_use]
pub fn text(bundle: &Bundle) -> String {
    let parts = parts(bundle, &Filling::default());
    let mut out = String::from("# Made by `fwmetrics generate`.\n");
    out.push_str(&parts.comments);
    out.push_str("AWSTemplateFormatVersion: \"2010-09-09\"\nDescription: Alarms, scaling policies, dashboards and permissions of fwmetrics\n");
    let headed = [
        ("Metadata", &parts.metadata),
        ("Parameters", &parts.parameters),
        ("Conditions", &parts.conditions),
        ("Resources", &parts.resources),
    ];
    for (heading, part) in headed {
        if !part.is_empty() {
            let _ = write!(out, "\n{heading}:\n{part}");
        }
    }
    if parts.resources.is_empty() {
        // A template has to have one.
        out.push_str(
            "\nResources:\n  Nothing:\n    Type: AWS::CloudFormation::WaitConditionHandle\n",
        );
    }
    if !parts.outputs.is_empty() {
        let _ = write!(out, "\nOutputs:\n{}", parts.outputs);
    }
    out
}

/// The parts of a template, for a stack that fills some blanks itself.
#[must_use]
pub fn parts(bundle: &Bundle, filling: &Filling<'_>) -> Parts {
    let resources = filling.resources(bundle);
    let mut parts = Parts::default();
    left_out(&mut parts, &bundle.left_out);
    let parameters = filling.parameters(&resources);
    for blank in &parameters {
        yaml::entry(
            &mut parts.parameters,
            2,
            blank.about().name,
            &parameter(*blank),
        );
    }
    for (name, condition) in conditions(&resources, filling, &parameters) {
        yaml::entry(&mut parts.conditions, 2, &name, &condition);
    }
    for one in &resources {
        resource(&mut parts.resources, one, filling);
        output(&mut parts.outputs, one, filling);
    }
    parts
}

fn left_out(parts: &mut Parts, all: &[LeftOut]) {
    if all.is_empty() {
        return;
    }
    yaml::comment(&mut parts.comments, 0, "Left out, and why:");
    for out in all {
        let line = format!("  {} {}: {}", out.number, out.name, out.why);
        yaml::comment(&mut parts.comments, 0, &line);
    }
    let list: Vec<Value> = all
        .iter()
        .map(|out| json!({"Number": out.number, "Name": out.name, "Why": out.why}))
        .collect();
    yaml::entry(
        &mut parts.metadata,
        2,
        "fwmetrics",
        &json!({"LeftOut": list}),
    );
}

fn parameter(blank: Blank) -> Value {
    let about = blank.about();
    json!({
        "Type": "String",
        "Description": about.about,
        "AllowedPattern": format!("^$|^{}$", about.pattern),
        "Default": "",
    })
}

fn given(blank: Blank) -> String {
    format!("Has{}", blank.about().name)
}

fn is_given(blank: Blank) -> Value {
    json!({"Condition": given(blank)})
}

/// `HasX` for each parameter; and one for each combination that a resource needs.
fn conditions(
    resources: &[Resource],
    filling: &Filling<'_>,
    parameters: &[Blank],
) -> Map<String, Value> {
    let mut all = Map::new();
    for blank in parameters {
        let empty = json!({"Fn::Equals": [{"Ref": blank.about().name}, ""]});
        all.insert(given(*blank), json!({"Fn::Not": [empty]}));
    }
    for one in resources {
        let mut terms: Vec<Value> = filling.open(&one.needs).into_iter().map(is_given).collect();
        terms.extend(
            one.unless
                .map(|blank| json!({"Fn::Not": [is_given(blank)]})),
        );
        match (condition(one, filling), terms.len()) {
            (Some(name), 2..) => all.insert(name, json!({"Fn::And": terms})),
            (Some(name), 1) if one.unless.is_some() => all.insert(name, terms.remove(0)),
            _ => None,
        };
    }
    all
}

/// The condition of a resource.
fn condition(resource: &Resource, filling: &Filling<'_>) -> Option<String> {
    let needs = filling.open(&resource.needs);
    let names: Vec<&str> = needs.iter().map(|blank| blank.about().name).collect();
    let with = (!names.is_empty()).then(|| format!("Has{}", names.join("And")));
    let without = resource
        .unless
        .map(|blank| format!("No{}", blank.about().name));
    match (with, without) {
        (Some(with), Some(without)) => Some(with + &without),
        (with, without) => with.or(without),
    }
}

fn resource(out: &mut String, resource: &Resource, filling: &Filling<'_>) {
    let kind = match resource.kind {
        Kind::Alarm => "CloudWatch::Alarm",
        Kind::Policy => "AutoScaling::ScalingPolicy",
        Kind::Dashboard => "CloudWatch::Dashboard",
        Kind::ManagedPolicy => "IAM::ManagedPolicy",
        Kind::Role => "IAM::Role",
        Kind::Profile => "IAM::InstanceProfile",
        Kind::Endpoint => "EC2::VPCEndpoint",
    };
    let _ = write!(out, "  {}:\n    Type: AWS::{kind}\n", resource.id);
    if let Some(condition) = condition(resource, filling) {
        let _ = writeln!(out, "    Condition: {condition}");
    }
    let properties = properties(resource, filling);
    yaml::entry(out, 4, "Properties", &Value::Object(properties));
}

fn output(out: &mut String, resource: &Resource, filling: &Filling<'_>) {
    let (name, value) = match resource.kind {
        Kind::Role => ("Arn", json!({"Fn::GetAtt": [resource.id, "Arn"]})),
        Kind::Profile => ("Name", json!({"Ref": resource.id})),
        _ => return,
    };
    let mut told = into_map(json!({"Value": value}));
    if let Some(condition) = condition(resource, filling) {
        told.insert("Condition".to_owned(), json!(condition));
    }
    let name = format!("{}{name}", resource.id);
    yaml::entry(out, 2, &name, &Value::Object(told));
}

fn properties(resource: &Resource, filling: &Filling<'_>) -> Map<String, Value> {
    let mut own = resource.input.clone();
    let body = own.remove("DashboardBody");
    // A policy has no name to be given.
    own.remove("PolicyName");
    let mut made = into_map(value(&Value::Object(own), filling));
    let refs: Vec<Value> = resource.with.iter().map(|id| json!({"Ref": id})).collect();
    match resource.kind {
        Kind::Alarm => actions(&mut made, resource, refs, filling),
        Kind::Dashboard => {
            made.insert(
                "DashboardName".to_owned(),
                dashboard::name(&resource.input, filling),
            );
            made.insert(
                "DashboardBody".to_owned(),
                dashboard::body(&body.unwrap_or_default(), filling),
            );
        }
        Kind::Role => {
            made.insert("ManagedPolicyArns".to_owned(), Value::Array(refs));
        }
        Kind::Profile => {
            made.insert("Roles".to_owned(), Value::Array(refs));
        }
        Kind::Endpoint => {
            let subnets = made.remove("SubnetIds");
            made.insert("SubnetIds".to_owned(), json!({"Fn::Split": [",", subnets]}));
        }
        Kind::Policy | Kind::ManagedPolicy => {}
    }
    made
}

/// Whom an alarm tells, in either direction; or the policy that it drives.
fn actions(
    made: &mut Map<String, Value>,
    alarm: &Resource,
    refs: Vec<Value>,
    filling: &Filling<'_>,
) {
    let Some(urgency) = alarm.tells else {
        if !refs.is_empty() {
            made.insert("AlarmActions".to_owned(), Value::Array(refs));
        }
        return;
    };
    let choose = |blank: Blank, other: Value| {
        let topic = value(&json!([blank.mark().to_string()]), filling);
        match filling.own(blank) {
            Some(_) => topic,
            None => json!({"Fn::If": [given(blank), topic, other]}),
        }
    };
    let nobody = json!({"Ref": "AWS::NoValue"});
    let topics = match urgency {
        Urgency::Page => choose(Blank::PageTopic, choose(Blank::Topic, nobody)),
        _ => choose(Blank::Topic, nobody),
    };
    made.insert("AlarmActions".to_owned(), topics.clone());
    made.insert("OKActions".to_owned(), topics);
}

/// A tree with references for its blanks.
pub(super) fn value(tree: &Value, filling: &Filling<'_>) -> Value {
    match tree {
        Value::String(text) => substituted(text, filling, Map::new()),
        Value::Array(list) => list.iter().map(|item| value(item, filling)).collect(),
        Value::Object(table) => {
            let entry = |(key, item): (&String, &Value)| (key.clone(), value(item, filling));
            Value::Object(table.iter().map(entry).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => tree.clone(),
    }
}

/// Stands for `$` before a brace, which Fn::Sub would take for its own.
const DOLLAR: &str = "Dollar";

/// A text: itself, a reference, or an Fn::Sub with these variables.
fn substituted(text: &str, filling: &Filling<'_>, mut variables: Map<String, Value>) -> Value {
    let gaps: Vec<Gap<'_>> = text.chars().filter_map(|c| filling.gap(c)).collect();
    if gaps.is_empty() {
        return Value::String(text.to_owned());
    }
    if let ([gap], 1) = (gaps.as_slice(), text.chars().count()) {
        return reference(*gap);
    }
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(gap) = filling.gap(c) {
            let _ = write!(out, "${{{}}}", name(gap));
        } else if c == '$' && chars.peek() == Some(&'{') {
            let _ = write!(out, "${{{DOLLAR}}}");
            variables.insert(DOLLAR.to_owned(), "$".into());
        } else {
            out.push(c);
        }
    }
    match variables.is_empty() {
        true => json!({"Fn::Sub": out}),
        false => json!({"Fn::Sub": [out, variables]}),
    }
}

fn name(gap: Gap<'_>) -> String {
    match gap {
        Gap::Blank(blank) => match blank.is_parameter() {
            true => blank.about().name.to_owned(),
            false => format!("AWS::{}", blank.about().name),
        },
        Gap::Reference(name) => name.to_owned(),
        Gap::Item(place) => format!("Item{place}"),
    }
}

fn reference(gap: Gap<'_>) -> Value {
    let name = name(gap);
    match name.split_once('.') {
        Some((resource, attribute)) => json!({"Fn::GetAtt": [resource, attribute]}),
        None => json!({"Ref": name}),
    }
}
