//! Inputs of the AWS CLI, one object a call: `aws cloudwatch put-metric-alarm --cli-input-json …`.
//!
//! What only the account knows stands in them as `${AutoScalingGroupName}`, and is to be replaced before the call.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::blank::Blank;
use super::{Filling, optional, ordered};
use crate::generate::bundle::Bundle;
use crate::generate::resource::{Kind, Resource};
use crate::model::alarm::Urgency;

/// What the role, its policy and its profile are called where the configuration does not say it.
const ROLE: &str = "fwmetrics";

/// The output: calls in the order in which they can be made, the placeholders, and what is left out.
#[must_use]
pub fn text(bundle: &Bundle) -> String {
    let filling = Filling::default();
    let resources = filling.resources(bundle);
    let mut calls = Vec::new();
    for resource in &resources {
        let before = calls.len();
        call(&mut calls, resource, &resources);
        calls[before..]
            .iter_mut()
            .for_each(|call| conditions(call, resource));
    }
    let shown = json!(calls).to_string();
    let mut placeholders = Map::new();
    for about in Blank::ALL.map(Blank::about) {
        if shown.contains(&format!("${{{}}}", about.name)) {
            // What an empty value does is the other forms': here nothing is made conditional.
            let said = about.about.split(" Empty:").next().unwrap_or_default();
            let said = match about.name {
                "SubnetIds" => "One subnet; add more to the list.",
                _ => said,
            };
            let what = [said, "Of the account that it is made in."];
            let what = what.iter().find(|text| !text.is_empty());
            placeholders.insert(about.name.to_owned(), json!(what));
        }
    }
    let left_out: Vec<Value> = bundle
        .left_out
        .iter()
        .map(|out| json!({"number": out.number, "name": out.name, "why": out.why}))
        .collect();
    let all = json!({"calls": calls, "left_out": left_out, "placeholders": placeholders});
    pretty(&all) + "\n"
}

/// What the other forms make a condition of: which placeholders have to have a value for this call, and which none.
fn conditions(call: &mut Value, resource: &Resource) {
    let names =
        |blanks: &[Blank]| -> Vec<&str> { blanks.iter().map(|blank| blank.about().name).collect() };
    if !resource.needs.is_empty() {
        call["only_with"] = json!(names(&resource.needs));
    }
    if let Some(blank) = resource.unless {
        call["not_with"] = json!(names(&[blank]));
    }
}

/// The calls that make one.
fn call(calls: &mut Vec<Value>, resource: &Resource, all: &[Resource]) {
    let mut input = filled(&Value::Object(resource.input.clone()));
    let name = |input: &Value| input["RoleName"].as_str().unwrap_or(ROLE).to_owned();
    let mut put = |words: &str, input: Value| calls.push(json!({"call": words, "input": input}));
    match resource.kind {
        Kind::Alarm => {
            let actions = actions(resource);
            if resource.tells.is_some() {
                input["OKActions"] = json!(actions);
            }
            input["AlarmActions"] = json!(actions);
            put("cloudwatch put-metric-alarm", input);
        }
        Kind::Policy => {
            put("autoscaling put-scaling-policy", input);
            // The alarm behind it names the policy by what this call answers.
            if let Some(last) = calls.last_mut() {
                last["answers"] = json!({"PolicyARN": format!("${{{}Arn}}", resource.id)});
            }
        }
        Kind::Dashboard => put("cloudwatch put-dashboard", input),
        Kind::ManagedPolicy => {
            input["PolicyName"] = policy_name(resource, all).into();
            put("iam create-policy", input);
        }
        Kind::Role => {
            let role = name(&input);
            input["RoleName"] = role.clone().into();
            put("iam create-role", input);
            let arn = format!("arn:${{Partition}}:iam::${{AccountId}}:policy/{role}");
            put(
                "iam attach-role-policy",
                json!({"RoleName": role, "PolicyArn": arn}),
            );
        }
        Kind::Profile => {
            put(
                "iam create-instance-profile",
                json!({"InstanceProfileName": ROLE}),
            );
            put(
                "iam add-role-to-instance-profile",
                json!({"InstanceProfileName": ROLE, "RoleName": ROLE}),
            );
        }
        Kind::Endpoint => {
            input["SubnetIds"] = json!([input["SubnetIds"]]);
            put("ec2 create-vpc-endpoint", input);
        }
    }
}

/// A policy is called as the role that has it.
fn policy_name(policy: &Resource, all: &[Resource]) -> String {
    let role = all.iter().find(|one| one.with.contains(&policy.id));
    let name = role.and_then(|role| role.input.get("RoleName")?.as_str());
    name.unwrap_or(ROLE).to_owned()
}

fn actions(alarm: &Resource) -> Vec<String> {
    match alarm.tells {
        Some(Urgency::Page) => vec!["${PageTopicArn}".to_owned()],
        Some(_) => vec!["${AlarmTopicArn}".to_owned()],
        None => alarm
            .with
            .iter()
            .map(|id| format!("${{{id}Arn}}"))
            .collect(),
    }
}

/// With placeholders for blanks; documents become texts, as the API takes them.
#[must_use]
pub fn filled(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(placed(text)),
        Value::Array(list) => list
            .iter()
            .map(|item| filled(optional(item).map_or(item, |(_, item)| item)))
            .collect(),
        Value::Object(table) => {
            let entry = |(key, value): (&String, &Value)| {
                let value = filled(value);
                let is_text = [
                    "PolicyDocument",
                    "AssumeRolePolicyDocument",
                    "DashboardBody",
                ]
                .contains(&key.as_str());
                let value = if is_text {
                    Value::String(pretty(&value))
                } else {
                    value
                };
                (key.clone(), value)
            };
            Value::Object(table.iter().map(entry).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn placed(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match Blank::of(c) {
            Some(blank) => {
                let _ = write!(out, "${{{}}}", blank.about().name);
            }
            None => out.push(c),
        }
    }
    out
}

/// JSON for people: keys in the order in which they are expected, two columns an indentation.
#[must_use]
pub fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, 0, value);
    out
}

fn write(out: &mut String, indent: usize, value: &Value) {
    let inner = indent + 2;
    match value {
        Value::Object(table) if !table.is_empty() => {
            let mut before = "{";
            for (key, value) in ordered(table) {
                let _ = write!(
                    out,
                    "{before}\n{:inner$}{}: ",
                    "",
                    Value::from(key.as_str())
                );
                write(out, inner, value);
                before = ",";
            }
            let _ = write!(out, "\n{:indent$}}}", "");
        }
        Value::Array(list) if !list.is_empty() => {
            let mut before = "[";
            for item in list {
                let _ = write!(out, "{before}\n{:inner$}", "");
                write(out, inner, item);
                before = ",";
            }
            let _ = write!(out, "\n{:indent$}]", "");
        }
        Value::Number(number) => out.push_str(&super::number(number)),
        _ => {
            let _ = write!(out, "{value}");
        }
    }
}
