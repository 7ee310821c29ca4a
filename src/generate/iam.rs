//! Permissions, as narrow as this configuration allows: what the firewall may do, who may take its role, the pair of
//! roles that publishes into another account, and what goes through VPC endpoints. `iam/README.md` says why each line is
//! there.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::form::blank::{self, Blank, plain};
use super::published::Published;
use super::resource::{Kind, Resource};
use crate::config::Config;
use crate::model::alarm::Text;

/// Everything that the configuration needs.
#[must_use]
pub fn of(config: &Config) -> Vec<Resource> {
    let mut all = firewall(config);
    if let Some(arn) = &config.cloudwatch.role_arn {
        all.extend(central(config, arn));
    }
    let mut services = vec![("monitoring", "EndpointMonitoring")];
    if config.cloudwatch.role_arn.is_some() {
        services.push(("sts", "EndpointSts"));
    }
    // Drains by hand alone make none: a VPC may have one already, and takes no second.
    if config.drain.hook_name.is_some() {
        services.push(("autoscaling", "EndpointAutoScaling"));
    }
    for (service, id) in services {
        all.push(endpoint(config, service, id));
    }
    all
}

/// The firewalls' policy, role and profile; not in the account that they publish into, should that be another.
fn firewall(config: &Config) -> Vec<Resource> {
    let policy = Resource::new(
        "FirewallPolicy".to_owned(),
        Kind::ManagedPolicy,
        json!({"Description": "What fwmetrics does on a firewall", "PolicyDocument": permissions(config)}),
    );
    let mut role = Resource::new(
        "FirewallRole".to_owned(),
        Kind::Role,
        json!({"Description": "Firewalls that run fwmetrics", "AssumeRolePolicyDocument": trust()}),
    );
    role.with.push(policy.id.clone());
    let mut profile = Resource::new("FirewallProfile".to_owned(), Kind::Profile, json!({}));
    profile.with.push(role.id.clone());
    let needs = policy.needs.clone();
    let mut all = vec![policy, role, profile];
    for one in &mut all {
        one.needs.clone_from(&needs);
        one.unless = Some(Blank::FirewallRole);
    }
    all
}

/// The role that firewalls of another account assume, made where the firewalls' role is given.
fn central(config: &Config, arn: &str) -> Vec<Resource> {
    let (path, name) = path_and_name(arn);
    let mut policy = Resource::new(
        "CentralPolicy".to_owned(),
        Kind::ManagedPolicy,
        json!({"Description": "What firewalls of another account publish", "PolicyDocument": document(vec![publish(config)])}),
    );
    let mut role = Resource::new(
        "CentralRole".to_owned(),
        Kind::Role,
        json!({
            "RoleName": name,
            "Path": path,
            "Description": "Firewalls of another account that run fwmetrics",
            "AssumeRolePolicyDocument": central_trust(config),
        }),
    );
    role.with.push(policy.id.clone());
    policy.needs.clone_from(&role.needs);
    vec![policy, role]
}

/// `arn:…:role/a/b` as `/a/` and `b`.
fn path_and_name(arn: &str) -> (String, &str) {
    let whole = arn.split_once(":role/").map_or(arn, |(_, whole)| whole);
    match whole.rsplit_once('/') {
        Some((path, name)) => (format!("/{path}/"), name),
        None => ("/".to_owned(), whole),
    }
}

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What the firewall may do.
#[must_use]
pub fn permissions(config: &Config) -> Value {
    let first = match &config.cloudwatch.role_arn {
        Some(arn) => json!({
            "Sid": "PublishFromAnotherAccount",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": plain(arn),
        }),
        None => publish(config),
    };
    document([Some(first), drain(config)].into_iter().flatten().collect())
}

/// Into the namespaces of this configuration and no other.
fn publish(config: &Config) -> Value {
    json!({
        "Sid": "PublishFirewallMetrics",
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": namespaces(config)}},
    })
}

fn namespaces(config: &Config) -> Value {
    let settings = &config.cloudwatch;
    match settings.vmseries {
        Some(_) => json!([settings.namespace, settings.vmseries_namespace()]),
        None => json!(settings.namespace),
    }
}

/// Completing the hooks of these groups' instances, where there are any.
fn drain(config: &Config) -> Option<Value> {
    let groups = groups(config);
    (!groups.is_empty()).then(|| {
        json!({
            "Sid": "CompleteLifecycleHook",
            "Effect": "Allow",
            "Action": HOOK_ACTIONS,
            "Resource": listed(groups),
        })
    })
}

const HOOK_ACTIONS: [&str; 2] = [
    "autoscaling:CompleteLifecycleAction",
    "autoscaling:RecordLifecycleActionHeartbeat",
];

/// ARNs of the groups that are drained from here: this machine's where `run` does it, and those of remote firewalls,
/// which `fwmetrics drain --target` does by hand. The id in the middle is known to nobody before the group is made.
fn groups(config: &Config) -> Vec<String> {
    let [region, account, partition] =
        [Blank::Region, Blank::Account, Blank::Partition].map(Blank::mark);
    let own = config.drain.hook_name.is_some();
    let arn = |name: String| {
        format!(
            "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{name}"
        )
    };
    let firewalls = Published::of(config).firewalls.into_iter();
    let drained = firewalls.filter(|one| own || one.target.is_some());
    let names: BTreeSet<String> = drained
        .filter_map(|one| Some(literal(&one.group?)))
        .collect();
    let mut arns: Vec<String> = names.into_iter().map(arn).collect();
    if own && arns.is_empty() {
        arns.push(arn(Blank::AutoScalingGroup.mark().to_string()));
    }
    arns
}

/// A group's name, and no pattern: `*`, `?` and `$` as IAM escapes them (user guide, "IAM policy elements: Variables").
fn literal(group: &Text) -> String {
    let escaped = |c: char| match c {
        '*' | '?' | '$' => format!("${{{c}}}"),
        _ => c.to_string(),
    };
    blank::text(group).chars().map(escaped).collect()
}

/// A policy's way of writing: one stands alone.
fn listed(mut texts: Vec<String>) -> Value {
    match texts.len() {
        1 => Value::String(texts.remove(0)),
        _ => json!(texts),
    }
}

/// EC2 hands the role to instances.
#[must_use]
pub fn trust() -> Value {
    document(vec![json!({
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    })])
}

/// The firewalls' role, and it alone, may take the central one.
#[must_use]
pub fn central_trust(config: &Config) -> Value {
    let mut statement = json!({
        "Sid": "FirewallsOfAnotherAccount",
        "Effect": "Allow",
        "Principal": {"AWS": Blank::FirewallRole.mark().to_string()},
        "Action": "sts:AssumeRole",
    });
    if let Some(id) = &config.cloudwatch.external_id {
        statement["Condition"] = json!({"StringEquals": {"sts:ExternalId": plain(id)}});
    }
    document(vec![statement])
}

/// An interface endpoint that lets through what fwmetrics does, for principals of the accounts concerned.
fn endpoint(config: &Config, service: &str, id: &str) -> Resource {
    let region = Blank::Region.mark();
    let input = json!({
        "VpcEndpointType": "Interface",
        "VpcId": Blank::Vpc.mark().to_string(),
        "ServiceName": format!("com.amazonaws.{region}.{service}"),
        "SubnetIds": Blank::Subnets.mark().to_string(),
        "SecurityGroupIds": [Blank::SecurityGroup.mark().to_string()],
        "PrivateDnsEnabled": true,
        "PolicyDocument": endpoint_policy(config, service),
    });
    let mut made = Resource::new(id.to_owned(), Kind::Endpoint, input);
    made.unless = Some(Blank::FirewallRole);
    made
}

/// What passes the endpoint of this service.
#[must_use]
pub fn endpoint_policy(config: &Config, service: &str) -> Value {
    let own = Blank::Account.mark().to_string();
    let role = config.cloudwatch.role_arn.as_deref();
    let (action, resource) = match service {
        "sts" => (json!("sts:AssumeRole"), json!(role.map(plain))),
        "autoscaling" => (json!(HOOK_ACTIONS), listed(groups(config))),
        _ => (json!("cloudwatch:PutMetricData"), json!("*")),
    };
    // Metrics are sent as the role of the other account.
    let sender = role
        .filter(|_| service == "monitoring")
        .and_then(|arn| arn.split(':').nth(4));
    let mut equals = json!({"aws:PrincipalAccount": sender.unwrap_or(&own)});
    if service == "monitoring" {
        equals["cloudwatch:namespace"] = namespaces(config);
    }
    document(vec![json!({
        "Effect": "Allow",
        "Principal": "*",
        "Action": action,
        "Resource": resource,
        "Condition": {"StringEquals": equals},
    })])
}

#[cfg(test)]
mod tests;
