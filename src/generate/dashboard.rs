//! The dashboard that a person opens first: states of alarms on top, then the fleet, then each firewall by search
//! expressions, so that one that is gone falls out. Only what this configuration publishes is on it.
//!
//! CloudWatch API reference, "Dashboard body structure and syntax"; user guide, "Using search expressions in graphs".

mod grid;
mod table;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::form::blank::{Blank, blanks, plain, text};
use super::published::{Published, Series};
use super::resource::{alarm_name, alarm_needs};
use super::scaling;
use crate::config::Config;
use crate::model::alarm::{Alarm, Decision, Measure, MetricId, Parameter, Policy, Stat, Text};
use grid::Grid;
use table::{BALANCER, FIREWALLS, FLEET, GROUP, Graph, Line, Search};

/// A dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// Its name: letters, digits, dashes and underscores, and what stands in for a group's name.
    pub name: String,
    /// The part of its id that says what it shows.
    pub slug: String,
    /// It is made only where these are given.
    pub needs: Vec<Blank>,
    /// Its body. An item of a list that is `{WHEN: marks, ITEM: item}` is there only where those blanks are given.
    pub body: Value,
}

/// See [`Dashboard::body`].
pub const WHEN: &str = "when";
/// See [`Dashboard::body`].
pub const ITEM: &str = "item";

/// Alarms in one widget of their states, at most (API reference, "Alarm widget object").
const ALARMS_PER_WIDGET: usize = 100;

/// One for each group, one for a machine that may stand alone, one for all whose names are known.
#[must_use]
pub fn of(config: &Config, prefix: &str, alarms: &[Alarm]) -> Vec<Dashboard> {
    let published = Published::of(config);
    let groups = published.groups();
    let maker = Maker {
        series: published.series(),
        namespace: &config.cloudwatch.namespace,
        published: &published,
        prefix,
        alarms,
        policies: scaling::of(config).policies,
        is_elsewhere: config.cloudwatch.role_arn.is_some(),
    };
    let mut all: Vec<Dashboard> = groups.iter().map(|group| maker.fleet(group)).collect();
    let alone = published.alone().map(|one| one.scope());
    let scopes: BTreeSet<Text> = alarms
        .iter()
        .map(|one| one.scope.clone())
        .chain(alone)
        .collect();
    let own = |scope: &Text| *scope == Text::Given(Parameter::InstanceId);
    let named = |scope: &Text| matches!(scope, Text::Fixed(_)) && !groups.contains(scope);
    for (slug, is_in) in [
        ("firewall", &own as &dyn Fn(&Text) -> bool),
        ("firewalls", &named),
    ] {
        if scopes.iter().any(is_in) {
            all.push(maker.firewalls(slug, is_in));
        }
    }
    all
}

/// How the dashboard of firewalls without a group is called.
const OTHERS: &str = "all-firewalls";

struct Maker<'a> {
    published: &'a Published,
    series: Vec<Series>,
    namespace: &'a str,
    prefix: &'a str,
    alarms: &'a [Alarm],
    policies: Vec<Policy>,
    /// The group and the load balancer are in another account, with AWS's metrics of them.
    is_elsewhere: bool,
}

impl Maker<'_> {
    fn fleet(&self, group: &Text) -> Dashboard {
        let shown = text(group);
        let needs: Vec<Blank> = blanks(&shown).collect();
        let balancer = Text::Given(Parameter::LoadBalancer);
        let mut grid = Grid::default();
        self.states(&mut grid, &needs, |scope| {
            scope == group || *scope == balancer
        });
        grid.title(&format!("Fleet {shown}"));
        let own = |name: &str| Some(self.published.fleet(group, name).ok()?.id);
        grid.all(FLEET.iter().filter_map(|graph| self.graph(graph, own)));
        if !self.is_elsewhere {
            let aws = |name: &str| Some(of_group(group, name));
            grid.all(GROUP.iter().filter_map(|graph| self.graph(graph, aws)));
            let searched = BALANCER.iter().map(|search| {
                let all = search.of.iter().map(|name| (*name, search.by));
                self.search(search, all.collect())
            });
            grid.all(searched);
        }
        self.each(&mut grid);
        self.dashboard("fleet", &shown, needs, grid)
    }

    fn firewalls(&self, slug: &str, is_in: &dyn Fn(&Text) -> bool) -> Dashboard {
        let own = Blank::InstanceId.mark().to_string();
        let (shown, needs) = match slug {
            "firewall" => (own, vec![Blank::InstanceId]),
            _ => (OTHERS.to_owned(), Vec::new()),
        };
        let mut grid = Grid::default();
        self.states(&mut grid, &needs, is_in);
        self.each(&mut grid);
        self.dashboard(slug, &shown, needs, grid)
    }

    fn dashboard(&self, slug: &str, shown: &str, needs: Vec<Blank>, grid: Grid) -> Dashboard {
        let legal =
            |c: char| c.is_ascii_alphanumeric() || "-_".contains(c) || Blank::of(c).is_some();
        let whole = format!("{}-{}", self.prefix, shown);
        let mut name: String = whole
            .chars()
            .map(|c| if legal(c) { c } else { '-' })
            .collect();
        // Two groups stay two where signs are lost, and none is taken for all firewalls.
        if name != whole || (slug == "fleet" && shown == OTHERS) {
            name.push_str(&format!("-{:08x}", crc32fast::hash(whole.as_bytes())));
        }
        let slug = match needs.is_empty() && slug == "fleet" {
            true => format!("{slug}-{:08x}", crc32fast::hash(shown.as_bytes())),
            false => slug.to_owned(),
        };
        Dashboard {
            name,
            slug,
            needs,
            body: json!({"start": "-PT6H", "widgets": grid.widgets()}),
        }
    }

    /// States of the alarms with such a scope; one that needs more than the dashboard is shown where it is made.
    fn states(&self, grid: &mut Grid, needs: &[Blank], is_in: impl Fn(&Text) -> bool) {
        let [region, account, partition] =
            [Blank::Region, Blank::Account, Blank::Partition].map(Blank::mark);
        let arn = |alarm: &Alarm| {
            let name = alarm_name(self.prefix, alarm);
            let arn = format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}");
            let more = alarm_needs(self.prefix, alarm);
            let more: String = more
                .into_iter()
                .filter(|one| !needs.contains(one))
                .map(Blank::mark)
                .collect();
            match more.is_empty() {
                true => Value::String(arn),
                false => json!({WHEN: more, ITEM: arn}),
            }
        };
        let mine = self.alarms.iter().filter(|alarm| is_in(&alarm.scope));
        let (arns, more): (Vec<Value>, Vec<Value>) = mine.map(arn).partition(Value::is_string);
        for part in shared(&arns, &more) {
            let properties =
                json!({"title": "Alarms", "alarms": part, "sortBy": "stateUpdatedTimestamp"});
            grid.put(24, 1 + part.len().div_ceil(6), "alarm", properties);
        }
    }

    /// What every firewall has, line by line.
    fn each(&self, grid: &mut Grid) {
        grid.title("Each firewall");
        let graphs = FIREWALLS.iter().filter_map(|search| {
            let found = search.of.iter().flat_map(|name| {
                let all = self.series.iter().filter(move |one| one.name == *name);
                let mine = all.filter(|one| one.namespace == self.namespace);
                mine.filter_map(move |one| Some((*name, schema(one, search.by)?)))
            });
            let found: BTreeSet<(&str, &str)> = found.collect();
            (!found.is_empty()).then(|| self.search(search, found.into_iter().collect()))
        });
        grid.all(graphs);
    }

    /// A graph of what of it is published.
    fn graph(&self, graph: &Graph, metric: impl Fn(&str) -> Option<MetricId>) -> Option<Value> {
        let known = graph
            .lines
            .iter()
            .filter_map(|line| Some((line, metric(line.metric)?)));
        let known: Vec<(&Line, MetricId)> = known.collect();
        let metrics: Vec<Value> = known.iter().map(|(line, id)| plotted(line, id)).collect();
        let marks: Vec<Value> = known
            .iter()
            .flat_map(|(line, id)| self.thresholds(line, id))
            .collect();
        let mut properties = self.frame(graph.title, graph.is_percent, metrics);
        if !marks.is_empty() {
            properties["annotations"] = json!({"horizontal": marks});
        }
        (!known.is_empty()).then_some(properties)
    }

    fn search(&self, search: &Search, found: Vec<(&str, &str)>) -> Value {
        let one = |(at, (name, by)): (usize, &(&str, &str))| {
            let namespace = match search.is_aws {
                true => "AWS/GatewayELB",
                false => self.namespace,
            };
            let schema = format!("{{\"{}\",{by}}} MetricName=\"{name}\"", plain(namespace));
            json!([{"id": format!("e{at}"), "expression": format!("SEARCH('{schema}', '{}', 60)", search.stat)}])
        };
        let metrics = found.iter().enumerate().map(one).collect();
        self.frame(search.title, search.is_percent, metrics)
    }

    fn frame(&self, title: &str, is_percent: bool, metrics: Vec<Value>) -> Value {
        let left = match is_percent {
            true => json!({"min": 0, "max": 100}),
            false => json!({"min": 0}),
        };
        json!({
            "title": title,
            "region": Blank::Region.mark().to_string(),
            "period": 60,
            "yAxis": {"left": left},
            "metrics": metrics,
        })
    }

    /// Where alarms and policies act on this line; that one counts from the first on needs no mark.
    fn thresholds(&self, line: &Line, id: &MetricId) -> Vec<Value> {
        if id.namespace != self.namespace {
            return Vec::new();
        }
        let is_line = |stat: &Stat| stat.metric == *id && stat.statistic.word() == line.stat;
        let mut marks = Vec::new();
        for alarm in self.alarms {
            if let Measure::One(stat) = &alarm.rule.measure
                && is_line(stat)
                && alarm.rule.threshold > 0.0
            {
                marks.push(json!({"label": format!("{} {}", alarm.number, alarm.slug), "value": alarm.rule.threshold}));
            }
        }
        for policy in &self.policies {
            let (stats, value) = match &policy.decision {
                Decision::Target { stat, target, .. } => (vec![stat], *target),
                Decision::Steps { alarm, .. } | Decision::Simple { alarm, .. } => {
                    (alarm.rule.measure.stats(), alarm.rule.threshold)
                }
            };
            if stats.into_iter().any(is_line) {
                marks.push(
                    json!({"label": format!("{} {}", policy.number, policy.slug), "value": value}),
                );
            }
        }
        marks
    }
}

/// Alarms as widgets take them. One that may not be there is never the first, so that a form can write the comma with it.
fn shared(arns: &[Value], more: &[Value]) -> Vec<Vec<Value>> {
    let is_room =
        |n: &usize| arns.len().div_ceil(*n) + more.len().div_ceil(*n) <= ALARMS_PER_WIDGET;
    let count = (1..=arns.len()).find(is_room).unwrap_or(arns.len());
    let part = |all: &[Value], at: usize| {
        all[at * all.len() / count..(at + 1) * all.len() / count].to_vec()
    };
    (0..count)
        .map(|at| [part(arns, at), part(more, at)].concat())
        .collect()
}

/// A metric of the group itself, which Auto Scaling publishes (user guide of EC2 Auto Scaling, "Amazon CloudWatch
/// metrics for Amazon EC2 Auto Scaling").
fn of_group(group: &Text, name: &str) -> MetricId {
    MetricId {
        namespace: "AWS/AutoScaling".to_owned(),
        name: name.to_owned().into(),
        dimensions: vec![("AutoScalingGroupName", group.clone())],
    }
}

fn plotted(line: &Line, id: &MetricId) -> Value {
    let mut one = vec![json!(plain(&id.namespace)), json!(id.name)];
    for (name, value) in &id.dimensions {
        one.extend([json!(name), json!(text(value))]);
    }
    let mut look = json!({"stat": line.stat, "label": line.label});
    if line.is_right {
        look["yAxis"] = json!("right");
    }
    one.push(look);
    Value::Array(one)
}

/// The names of a series' dimensions where they are a firewall's, or a pair's, and this one of its own.
fn schema(series: &Series, own: &str) -> Option<&'static str> {
    let names: Vec<&str> = series.dimensions.iter().map(|(name, _)| *name).collect();
    let known = table::SCHEMAS
        .iter()
        .find(|(_, all)| all.split(',').eq(names.iter().copied()));
    known.filter(|(of, _)| *of == own).map(|(_, all)| *all)
}

#[cfg(test)]
mod tests;
