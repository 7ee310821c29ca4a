//! Terraform's HCL: registry documentation of the `aws` provider, 5 and later, each resource's own page.

use serde_json::{Map, Value, json};

use super::blank::{self, Blank};
use super::hcl::{self, Block, code};
use super::{Filling, Gap};
use crate::generate::bundle::Bundle;
use crate::generate::resource::{Kind, Resource};
use crate::model::alarm::Urgency;

/// Parts of a configuration.
#[derive(Debug, Default)]
pub struct Parts {
    /// Comments that name what is left out.
    pub comments: String,
    /// `variable` blocks.
    pub variables: String,
    /// `data` and `locals` blocks that the resources refer to.
    pub data: String,
    /// `resource` blocks.
    pub resources: String,
    /// `output` blocks: what launch templates and other accounts have to name.
    pub outputs: String,
}

/// A file that stands by itself.
#[must_use]
pub fn text(bundle: &Bundle) -> String {
    let parts = parts(bundle, &Filling::default());
    let mut out = String::from("# Made by `fwmetrics generate`.\n");
    out.push_str(&parts.comments);
    let aws = json!({"source": "hashicorp/aws", "version": ">= 5.50"});
    let providers = Block::new("required_providers").set("aws", aws);
    let terraform = Block::new("terraform").block(providers);
    put(&mut out, &terraform, &Filling::default());
    for part in [
        &parts.variables,
        &parts.data,
        &parts.resources,
        &parts.outputs,
    ] {
        out.push_str(part);
    }
    out
}

/// The parts of a file, for a stack that fills some blanks itself.
#[must_use]
pub fn parts(bundle: &Bundle, filling: &Filling<'_>) -> Parts {
    let resources = filling.resources(bundle);
    let mut parts = Parts::default();
    if !bundle.left_out.is_empty() {
        hcl::comment(&mut parts.comments, "Left out, and why:");
    }
    for out in &bundle.left_out {
        let line = format!("  {} {}: {}", out.number, out.name, out.why);
        hcl::comment(&mut parts.comments, &line);
    }
    for blank in filling.parameters(&resources) {
        put(&mut parts.variables, &variable(blank), filling);
    }
    for one in &resources {
        let block = resource(one, filling);
        put(&mut parts.resources, &block, filling);
        if let Some(output) = output(one) {
            put(&mut parts.outputs, &output, filling);
        }
        for policy in one.with.iter().filter(|_| one.kind == Kind::Role) {
            put(
                &mut parts.resources,
                &attachment(&block, &one.id, policy),
                filling,
            );
        }
    }
    for (head, word) in [
        ("data \"aws_region\" \"current\"", "data.aws_region."),
        (
            "data \"aws_caller_identity\" \"current\"",
            "data.aws_caller_identity.",
        ),
        ("data \"aws_partition\" \"current\"", "data.aws_partition."),
    ] {
        if parts.resources.contains(word) {
            put(&mut parts.data, &Block::new(head), filling);
        }
    }
    if resources.iter().any(|one| one.tells.is_some()) {
        put(&mut parts.data, &topics(filling), filling);
    }
    parts
}

/// A block of its own, an empty line before it.
fn put(out: &mut String, block: &Block, filling: &Filling<'_>) {
    out.push('\n');
    hcl::write(out, 0, block, &|c| fill(filling, c));
}

/// The expression for a character that stands for something.
fn fill(filling: &Filling<'_>, c: char) -> Option<String> {
    Some(match filling.gap(c)? {
        Gap::Blank(blank) => expression(blank),
        Gap::Reference(expression) => expression.to_owned(),
        Gap::Item(_) => return None,
    })
}

fn expression(blank: Blank) -> String {
    match blank.is_parameter() {
        true => format!("var.{}", blank.snake()),
        false => blank.about().terraform.to_owned(),
    }
}

fn variable(blank: Blank) -> Block {
    let about = blank.about();
    let pattern = format!(
        "can(regex(\"^$|^{}$\", {}))",
        about.pattern,
        expression(blank)
    );
    let validation = Block::new("validation")
        .set("condition", code(&pattern))
        .set(
            "error_message",
            format!("{} has another form.", blank.snake()),
        );
    Block::new(format!("variable \"{}\"", blank.snake()))
        .set("description", about.about)
        .set("type", code("string"))
        .set("default", "")
        .block(validation)
}

/// Whom alarms tell: a page goes to the other topic where it has none of its own.
fn topics(filling: &Filling<'_>) -> Block {
    let of = |blank: Blank| {
        filling
            .own(blank)
            .map_or_else(|| expression(blank), str::to_owned)
    };
    let (topic, page) = (of(Blank::Topic), of(Blank::PageTopic));
    let paged = format!("compact([{page} != \"\" ? {page} : {topic}])");
    Block::new("locals")
        .set("fwmetrics_topics", code(&format!("compact([{topic}])")))
        .set("fwmetrics_page_topics", code(&paged))
}

fn resource(resource: &Resource, filling: &Filling<'_>) -> Block {
    let kind = kind(resource.kind);
    let mut block = Block::new(format!(
        "resource \"{kind}\" \"{}\"",
        blank::snake(&resource.id)
    ));
    if let Some(condition) = condition(resource, filling) {
        block = block.set("count", code(&format!("{condition} ? 1 : 0")));
    }
    block = match resource.kind {
        Kind::ManagedPolicy => block.set("name_prefix", "fwmetrics-"),
        Kind::Role if !resource.input.contains_key("RoleName") => {
            block.set("name_prefix", "fwmetrics-")
        }
        Kind::Profile => {
            let roles = resource
                .with
                .iter()
                .map(|id| referred("aws_iam_role", id, "name"));
            let role = format!("one({})", roles.collect::<String>());
            block
                .set("name_prefix", "fwmetrics-")
                .set("role", code(&role))
        }
        _ => block,
    };
    block = body(block, &resource.input, filling);
    match resource.kind {
        Kind::Alarm => actions(block, resource),
        _ => block,
    }
}

/// null where it is not made.
fn output(resource: &Resource) -> Option<Block> {
    let attribute = match resource.kind {
        Kind::Role => "arn",
        Kind::Profile => "name",
        _ => return None,
    };
    let kind = kind(resource.kind);
    let id = blank::snake(&resource.id);
    let value = format!("one({})", referred(kind, &resource.id, attribute));
    Some(Block::new(format!("output \"{id}_{attribute}\"")).set("value", code(&value)))
}

/// A role's policy, where there is the role.
fn attachment(role: &Block, id: &str, policy: &str) -> Block {
    let mut block = Block::new(format!(
        "resource \"aws_iam_role_policy_attachment\" \"{}\"",
        blank::snake(id)
    ));
    let is_count = |item: &&hcl::Item| matches!(item, hcl::Item::Set(name, _) if name == "count");
    block.body.extend(role.body.iter().find(is_count).cloned());
    let one = |kind, id, attribute| code(&format!("one({})", referred(kind, id, attribute)));
    block
        .set("role", one("aws_iam_role", id, "name"))
        .set("policy_arn", one("aws_iam_policy", policy, "arn"))
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Alarm => "aws_cloudwatch_metric_alarm",
        Kind::Policy => "aws_autoscaling_policy",
        Kind::Dashboard => "aws_cloudwatch_dashboard",
        Kind::ManagedPolicy => "aws_iam_policy",
        Kind::Role => "aws_iam_role",
        Kind::Profile => "aws_iam_instance_profile",
        Kind::Endpoint => "aws_vpc_endpoint",
    }
}

/// A list of one, or of none where that is not made.
fn referred(kind: &str, id: &str, attribute: &str) -> String {
    format!("{kind}.{}[*].{attribute}", blank::snake(id))
}

fn condition(resource: &Resource, filling: &Filling<'_>) -> Option<String> {
    let given = filling
        .open(&resource.needs)
        .into_iter()
        .map(|blank| format!("{} != \"\"", expression(blank)));
    let not = resource
        .unless
        .map(|blank| format!("{} == \"\"", expression(blank)));
    let terms: Vec<String> = given.chain(not).collect();
    (!terms.is_empty()).then(|| terms.join(" && "))
}

fn actions(block: Block, alarm: &Resource) -> Block {
    let topics = match alarm.tells {
        Some(Urgency::Page) => code("local.fwmetrics_page_topics"),
        Some(_) => code("local.fwmetrics_topics"),
        None => {
            let policies = alarm
                .with
                .iter()
                .map(|id| referred("aws_autoscaling_policy", id, "arn"));
            return block.set("alarm_actions", code(&policies.collect::<String>()));
        }
    };
    block
        .set("alarm_actions", topics.clone())
        .set("ok_actions", topics)
}

/// Where the provider's names are not the API's in snake case.
const NAMES: [(&str, &str); 9] = [
    ("AutoScalingGroupName", "autoscaling_group_name"),
    ("PolicyName", "name"),
    ("RoleName", "name"),
    ("Metrics", "metric_query"),
    ("MetricStat", "metric"),
    ("StepAdjustments", "step_adjustment"),
    ("PolicyDocument", "policy"),
    ("AssumeRolePolicyDocument", "assume_role_policy"),
    ("DashboardBody", "dashboard_body"),
];

fn name(key: &str) -> String {
    let known = NAMES.iter().find(|(api, _)| *api == key);
    known.map_or_else(|| blank::snake(key), |(_, name)| (*name).to_owned())
}

/// Attributes first, then blocks.
fn body(mut block: Block, input: &Map<String, Value>, filling: &Filling<'_>) -> Block {
    let mut blocks = Vec::new();
    for (key, value) in super::ordered(input) {
        match (key.as_str(), value) {
            ("PolicyDocument" | "AssumeRolePolicyDocument" | "DashboardBody", _) => {
                block = block.set(&name(key), hcl::call("jsonencode", value.clone()));
            }
            ("DashboardName", _) => block = block.set("dashboard_name", legal(value, filling)),
            ("SubnetIds", _) => {
                let subnets = format!("split(\",\", {})", shown(value, filling));
                block = block.set("subnet_ids", code(&subnets));
            }
            ("Dimensions", Value::Array(list)) => block = block.set("dimensions", dimensions(list)),
            ("MetricStat", Value::Object(stat)) => {
                blocks.push(body(Block::new("metric"), &flat(stat), filling))
            }
            ("CustomizedMetricSpecification", Value::Object(inner)) => {
                blocks.push(specification(inner, filling))
            }
            (_, Value::Object(inner)) => blocks.push(body(Block::new(name(key)), inner, filling)),
            (_, Value::Array(list)) if list.iter().all(Value::is_object) => {
                let inner = list.iter().filter_map(Value::as_object);
                blocks.extend(inner.map(|inner| body(Block::new(name(key)), inner, filling)));
            }
            _ => block = block.set(&name(key), value.clone()),
        }
    }
    blocks.into_iter().fold(block, Block::block)
}

fn shown(value: &Value, filling: &Filling<'_>) -> String {
    hcl::expression(value, 2, &|c| fill(filling, c))
}

/// A dashboard's name takes no dot, space or slash, which a group's may have.
fn legal(value: &Value, filling: &Filling<'_>) -> Value {
    let name = shown(value, filling);
    match value
        .as_str()
        .is_some_and(|text| text.contains(Blank::AutoScalingGroup.mark()))
    {
        true => code(&format!("replace({name}, \"/[^A-Za-z0-9_-]/\", \"-\")")),
        false => value.clone(),
    }
}

/// `[{Name, Value}]` as a table.
fn dimensions(list: &[Value]) -> Value {
    let pair = |one: &Value| Some((one["Name"].as_str()?.to_owned(), one["Value"].clone()));
    Value::Object(list.iter().filter_map(pair).collect())
}

/// A MetricStat with its metric's keys beside its own.
fn flat(stat: &Map<String, Value>) -> Map<String, Value> {
    let mut own = stat.clone();
    if let Some(Value::Object(mut metric)) = own.remove("Metric") {
        own.append(&mut metric);
    }
    own
}

/// What target tracking follows: its dimensions are blocks.
fn specification(input: &Map<String, Value>, filling: &Filling<'_>) -> Block {
    let mut own = input.clone();
    let dimensions = own.remove("Dimensions").unwrap_or_default();
    let block = body(Block::new("customized_metric_specification"), &own, filling);
    let each = dimensions
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object);
    each.fold(block, |block, one| {
        block.block(body(Block::new("metric_dimension"), one, filling))
    })
}
