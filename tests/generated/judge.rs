//! What holds between the alarms and policies of a configuration and the series that it sent.

use std::collections::{BTreeMap, BTreeSet};

use fwmetrics::config::{Config, Wanted};
use fwmetrics::generate::published::{Published, Series};
use fwmetrics::generate::resource::alarm_name;
use fwmetrics::generate::{alarms, scaling};
use fwmetrics::model::alarm::{Alarm, Decision, Measure, MetricId, Parameter, Policy, Stat, Text};
use fwmetrics::model::dimension::OwnDimension;

use super::passes::{GROUP, INSTANCE, Sent, expected, shown};

/// AWS's own metrics and their dimensions: CloudWatch metrics of Gateway Load Balancers, and of Auto Scaling groups.
const OF_AWS: [(&str, &str, &[&[&str]]); 4] = [
    (
        "AWS/AutoScaling",
        "GroupInServiceInstances",
        &[&["AutoScalingGroupName"]],
    ),
    ("AWS/GatewayELB", "UnHealthyHostCount", TARGETS),
    ("AWS/GatewayELB", "HealthyHostCount", TARGETS),
    (
        "AWS/GatewayELB",
        "RejectedFlowCount",
        &[&["LoadBalancer"], &["AvailabilityZone", "LoadBalancer"]],
    ),
];
const TARGETS: &[&[&str]] = &[
    &["LoadBalancer", "TargetGroup"],
    &["AvailabilityZone", "LoadBalancer", "TargetGroup"],
];

/// Metrics of a group that have an alarm each, by its number.
const OF_GROUP: [(&str, &str); 14] = [
    ("A1", "ExporterHeartbeat"),
    ("A2", "DataplaneCpuUtilization"),
    ("A3", "SessionTableUtilization"),
    ("A4", "PacketBufferUtilization"),
    ("A5", "BwInAllowanceExceeded"),
    ("A5", "BwOutAllowanceExceeded"),
    ("A5", "PpsAllowanceExceeded"),
    ("A6", "ConntrackAllowanceExceeded"),
    ("A7", "ConntrackAllowanceUtilization"),
    ("A8", "LinkLocalAllowanceExceeded"),
    ("A9", "SessionAllocFailures"),
    ("A10b", "TunnelsDown"),
    ("A15", "RxDrops"),
    ("A15", "SoftnetDrops"),
];
/// Of a firewall outside of a group.
const OF_FIREWALL: [(&str, &str); 4] = [
    ("A1b", "ExporterHeartbeat"),
    ("A11", "TunnelBandwidthUtilization"),
    ("A12", "BgpPeersDown"),
    ("A12", "BfdSessionsDown"),
];

/// What fwmetrics says of itself only when there was something to say.
const OF_TROUBLE: [&str; 2] = ["ClockSkew", "PublishErrors"];

pub struct Judge {
    pub config: Config,
    pub sent: BTreeSet<Sent>,
    pub alarms: Vec<Alarm>,
    pub policies: Vec<Policy>,
    pub left_out: Vec<alarms::LeftOut>,
    pub series: Vec<Series>,
    /// Values of parameters.
    instance: String,
    group: String,
}

impl Judge {
    pub fn new(config: Config, sent: BTreeSet<Sent>) -> Self {
        let made = alarms::of(&config);
        let policies = scaling::of(&config);
        Judge {
            sent,
            alarms: made.alarms,
            policies: policies.policies,
            left_out: made.left_out.into_iter().chain(policies.left_out).collect(),
            series: Published::of(&config).series(),
            instance: INSTANCE.to_owned(),
            group: GROUP.to_owned(),
            config,
        }
    }

    /// Every statistic that anything looks at, with the number of what does.
    fn stats(&self) -> Vec<(&'static str, &Stat)> {
        let alarms = self.alarms.iter();
        let alarms = alarms.flat_map(|alarm| stats_of(alarm.number, &alarm.rule.measure));
        let policies = self
            .policies
            .iter()
            .flat_map(|policy| match &policy.decision {
                Decision::Target { stat, .. } => vec![(policy.number, stat)],
                Decision::Steps { alarm, .. } | Decision::Simple { alarm, .. } => {
                    stats_of(policy.number, &alarm.rule.measure)
                }
            });
        alarms.chain(policies).collect()
    }

    /// What the parameter is where these series were sent; of a peer nobody here knows.
    fn value(&self, text: &Text) -> Option<String> {
        match text {
            Text::Fixed(value) => Some(value.clone()),
            Text::Given(Parameter::InstanceId) => Some(self.instance.clone()),
            Text::Given(Parameter::AutoScalingGroup) => Some(self.group.clone()),
            Text::Given(_) => None,
        }
    }

    fn is_sent(&self, id: &MetricId) -> bool {
        let mut wanted: Vec<(&str, Option<String>)> = id
            .dimensions
            .iter()
            .map(|(name, value)| (*name, self.value(value)))
            .collect();
        wanted.sort();
        self.sent.iter().any(|sent| {
            let same =
                |((name, value), (wanted, fixed)): (&(String, String), &(&str, Option<String>))| {
                    match fixed {
                        Some(fixed) => name == wanted && value == fixed,
                        // The peer has the same configuration, and an instance id.
                        None => name == wanted || name == "Firewall",
                    }
                };
            sent.namespace == id.namespace
                && sent.name == id.name
                && sent.dimensions.len() == wanted.len()
                && sent.dimensions.iter().zip(&wanted).all(same)
        })
    }

    /// Whatever is looked at is sent, exactly so and under one unit; of AWS's metrics it is documented.
    pub fn looked_at_is_sent(&self) -> Result<(), String> {
        let mut units: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
        for sent in &self.sent {
            let units = units.entry((&sent.namespace, &sent.name)).or_default();
            units.insert(sent.unit);
        }
        for (number, stat) in self.stats() {
            let id = &stat.metric;
            if id.namespace.starts_with("AWS/") {
                documented(id).map_err(|why| format!("{number}: {why}"))?;
            } else if !self.is_sent(id) {
                return Err(format!("{number} looks at what is not sent: {id:?}"));
            } else if units[&(id.namespace.as_str(), &*id.name)].len() != 1 {
                return Err(format!("{number}: {} has several units", id.name));
            }
        }
        Ok(())
    }

    /// Whatever is sent is among what is said to be published, with its unit.
    pub fn sent_is_published(&self) -> Result<(), String> {
        for sent in &self.sent {
            let is = |series: &&Series| {
                let mut dimensions: Vec<_> = series.dimensions.iter().collect();
                dimensions.sort_by_key(|(name, _)| *name);
                let same = |((name, value), (known, text)): (
                    &(String, String),
                    &&(&str, Option<Text>),
                )| {
                    let fixed = text.as_ref().and_then(|text| self.value(text));
                    name == known && fixed.is_none_or(|fixed| fixed == *value)
                };
                series.name == sent.name
                    && series.namespace == sent.namespace
                    && series.unit.as_str() == sent.unit
                    && dimensions.len() == sent.dimensions.len()
                    && sent.dimensions.iter().zip(&dimensions).all(same)
            };
            if !self.series.iter().any(|series| is(&series)) {
                return Err(format!("sent and not published: {}", shown(sent)));
            }
        }
        Ok(())
    }

    /// Whatever is said to be published, and waits for nothing but a reading, is sent where everything is read.
    pub fn published_is_sent(&self) -> Result<(), String> {
        for series in &self.series {
            let dimensions = series.dimensions.iter();
            let known: Option<Vec<(&'static str, Text)>> = dimensions
                .map(|(name, value)| Some((*name, value.clone()?)))
                .collect();
            let Some(dimensions) = known.filter(|_| !OF_TROUBLE.contains(&series.name.as_str()))
            else {
                continue;
            };
            let id = MetricId {
                namespace: series.namespace.clone(),
                name: series.name.clone().into(),
                dimensions,
            };
            if !self.is_sent(&id) {
                return Err(format!("published and not sent: {id:?}"));
            }
        }
        Ok(())
    }

    /// Whatever is sent and has an alarm in the table has it here, and every number is made or named.
    pub fn sent_is_looked_at(&self) -> Result<(), String> {
        for sent in self
            .sent
            .iter()
            .filter(|sent| sent.namespace == self.config.cloudwatch.namespace)
        {
            for number in self.numbers_for(sent) {
                let is = |id: &MetricId| id.name == sent.name && self.is(id, sent);
                let looked_at = self
                    .stats()
                    .iter()
                    .any(|(of, stat)| *of == number && is(&stat.metric));
                if !looked_at && !self.is_disabled(number) {
                    return Err(format!("{number} does not look at {}", shown(sent)));
                }
            }
        }
        for number in alarms::ALL_NUMBERS.into_iter().chain(scaling::ALL_NUMBERS) {
            let made = self.alarms.iter().map(|alarm| alarm.number);
            let mut made = made.chain(self.policies.iter().map(|policy| policy.number));
            if !made.any(|of| of == number) && !self.left_out.iter().any(|one| one.number == number)
            {
                return Err(format!("{number} is neither made nor named"));
            }
        }
        Ok(())
    }

    fn is(&self, id: &MetricId, sent: &Sent) -> bool {
        let mut own: Vec<_> = id
            .dimensions
            .iter()
            .map(|(name, value)| ((*name).to_owned(), self.value(value).unwrap_or_default()))
            .collect();
        own.sort();
        own == sent.dimensions
    }

    /// No period is shorter than the time between two passes of what reads its metric: most would have no point.
    pub fn periods_have_readings(&self) -> Result<(), String> {
        for (number, stat) in self.stats() {
            let slowest = self.slowest(&stat.metric);
            if u64::from(stat.period_secs) < slowest {
                return Err(format!(
                    "{number}: a period of {} s, read every {slowest} s: {:?}",
                    stat.period_secs, stat.metric
                ));
            }
            if !stat.period_secs.is_multiple_of(60) {
                return Err(format!("{number}: a period of {} s", stat.period_secs));
            }
        }
        Ok(())
    }

    /// Seconds between two passes of the slowest collector that brings a metric under these dimensions.
    fn slowest(&self, id: &MetricId) -> u64 {
        let value = |name: &str| {
            let mut own = id.dimensions.iter();
            own.find(|(known, _)| *known == name)
                .and_then(|(_, value)| self.value(value))
        };
        let source = match &*id.name {
            "CapacityUtilization" => "DataplaneCpuUtilization",
            name => name,
        };
        let all = self.config.collectors();
        let brings = |one: &Wanted, name: &str| {
            let mut metrics = one.spec.metrics();
            metrics.any(|metric| metric.name == name && one.reads(metric))
        };
        // Palo Alto's names alone leave none of ours.
        let aliases = self.config.cloudwatch.vmseries.as_ref();
        let is_ours = aliases.is_none_or(|aliases| !aliases.only)
            || *id.namespace == *self.config.cloudwatch.vmseries_namespace();
        let goes = |one: &Wanted| is_ours || one.target.is_none();
        // One that nobody reads the CPU of says nothing for its group.
        let speaks = |one: &Wanted| {
            let own = all.iter().filter(|other| other.target == one.target);
            let mut own = own.filter(|other| brings(other, "DataplaneCpuUtilization"));
            self.is_in_service(one) && own.next().is_some()
        };
        let is_of = |one: &Wanted| match (value("AutoScalingGroupName"), value("HaGroup")) {
            (Some(group), _) => {
                self.key(one, "auto_scaling_group", &self.group) == Some(group) && speaks(one)
            }
            (_, Some(pair)) => self.key(one, "ha_group", "") == Some(pair),
            _ => {
                let own = self.key(one, "instance_id", &self.instance);
                let instance = value("InstanceId").or_else(|| value("Firewall"));
                own.or_else(|| self.key(one, "name", "")) == instance
            }
        };
        let reads = |one: &Wanted| match (value("Collector"), value("Tunnel")) {
            (Some(name), _) => one.spec.name == name,
            (_, Some(tunnel)) => {
                let names = expected(one, OwnDimension::Tunnel);
                let full = |name: &String| format!("{}/{name}", one.spec.name) == tunnel;
                brings(one, source) && names.iter().any(|name| *name == tunnel || full(name))
            }
            _ => brings(one, source),
        };
        let readers = all
            .iter()
            .filter(|one| goes(one) && is_of(one) && reads(one));
        readers.map(|one| one.period.as_secs()).max().unwrap_or(0)
    }

    fn is_in_service(&self, one: &Wanted) -> bool {
        match one.target {
            Some(_) => one.table.get("in_service").and_then(toml::Value::as_bool) == Some(true),
            None => self.config.identity.in_service != Some(false),
        }
    }

    /// What the configuration says of the firewall that this one reads; of this machine what the metadata service says
    /// where the configuration does not.
    fn key(&self, one: &Wanted, key: &str, found: &str) -> Option<String> {
        if one.target.is_some() {
            let text = one.table.get(key).and_then(toml::Value::as_str);
            return text.map(str::to_owned);
        }
        let identity = &self.config.identity;
        let own = match key {
            "auto_scaling_group" => &identity.auto_scaling_group,
            "ha_group" => &identity.ha_group,
            "instance_id" => &identity.instance_id,
            _ => &None,
        };
        own.clone()
            .or_else(|| (!found.is_empty()).then(|| found.to_owned()))
    }

    /// No two alarms have one name: the second would replace the first.
    pub fn names_differ(&self) -> Result<(), String> {
        let of_policies = self.policies.iter().filter_map(|one| match &one.decision {
            Decision::Steps { alarm, .. } | Decision::Simple { alarm, .. } => Some(alarm),
            Decision::Target { .. } => None,
        });
        let mut names = BTreeSet::new();
        for alarm in self.alarms.iter().chain(of_policies) {
            let name = alarm_name(&self.config.alarms.prefix, alarm);
            if !names.insert(name.clone()) {
                return Err(format!("two alarms are called {name}"));
            }
        }
        Ok(())
    }

    fn is_disabled(&self, number: &str) -> bool {
        self.config.alarms.disable.contains(number) || self.config.scaling.disable.contains(number)
    }

    /// The numbers of the table that this series calls for.
    fn numbers_for(&self, sent: &Sent) -> Vec<&'static str> {
        let of = |table: &[(&'static str, &str)]| {
            let own = table.iter().filter(|(_, name)| *name == sent.name);
            own.map(|(number, _)| *number).collect::<Vec<_>>()
        };
        let names: Vec<&str> = sent
            .dimensions
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        match names.as_slice() {
            ["AutoScalingGroupName"] => {
                let mut numbers = of(&OF_GROUP);
                if self.config.cloudwatch.role_arn.is_some() {
                    // Auto Scaling and its metrics are in another account.
                    numbers.retain(|number| *number != "A1");
                    return numbers;
                }
                if sent.name == "CapacityUtilization" {
                    numbers.push("P2");
                    let id = MetricId {
                        namespace: sent.namespace.clone(),
                        name: sent.name.clone().into(),
                        dimensions: vec![(
                            "AutoScalingGroupName",
                            Text::Fixed(sent.dimensions[0].1.clone()),
                        )],
                    };
                    // Target tracking takes a point each minute or none; scaling in counts those of five.
                    let slowest = self.slowest(&id);
                    numbers.extend((slowest <= 60).then_some("P1"));
                    numbers.extend((slowest <= 300).then_some("P4"));
                }
                if sent.name == "PacketBufferUtilization" && self.config.scaling.buffers {
                    numbers.push("P3");
                }
                numbers
            }
            ["InstanceId" | "Firewall"] if self.is_alone(&sent.dimensions[0].1) => of(&OF_FIREWALL),
            _ => self.detail_for(sent),
        }
    }

    /// Of a pair, or of a firewall that stands alone: tunnels that somebody named, and collectors.
    fn detail_for(&self, sent: &Sent) -> Vec<&'static str> {
        let value = |name: &str| {
            let mut own = sent.dimensions.iter();
            own.find(|(known, _)| known == name)
                .map(|(_, value)| value.as_str())
        };
        let whose = value("InstanceId").or_else(|| value("Firewall"));
        let is_mine = value("HaGroup").is_some() || whose.is_some_and(|one| self.is_alone(one));
        let is_named =
            |name: &str| name == "panos" || self.config.collectors.tables.contains_key(name);
        match (sent.name.as_str(), value("Tunnel"), value("Collector")) {
            ("TunnelState", Some(tunnel), _) if is_mine && !tunnel.contains("found by") => {
                vec!["A10"]
            }
            ("CollectorUp", _, Some(name)) if is_mine && is_named(name) => vec!["A14"],
            _ => Vec::new(),
        }
    }

    /// The configuration puts the firewall that is called so into no group.
    fn is_alone(&self, called: &str) -> bool {
        if called == INSTANCE || called == "i-own" {
            return self.config.identity.auto_scaling_group.is_none();
        }
        let all = self.config.collectors();
        let mut own = all.iter().filter(|one| {
            let text = |key: &str| one.table.get(key).and_then(toml::Value::as_str);
            text("instance_id") == Some(called) || text("name") == Some(called)
        });
        own.any(|one| !one.table.contains_key("auto_scaling_group"))
    }
}

fn stats_of<'a>(number: &'static str, measure: &'a Measure) -> Vec<(&'static str, &'a Stat)> {
    let stats = measure.stats().into_iter();
    stats.map(|stat| (number, stat)).collect()
}

fn documented(id: &MetricId) -> Result<(), String> {
    let mut names: Vec<&str> = id.dimensions.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let mut all = OF_AWS.iter();
    let known = all.find(|(namespace, name, _)| *namespace == id.namespace && *name == id.name);
    match known {
        Some((.., sets)) if sets.contains(&names.as_slice()) => Ok(()),
        _ => Err(format!("AWS documents no such metric: {id:?}")),
    }
}
