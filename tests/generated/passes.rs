//! Passes in which each collector of a configuration brings everything that it could ever read, and the core that
//! makes windows of them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fwmetrics::agent::core::schedule::Rhythm;
use fwmetrics::agent::core::{Event, Planned, Setup};
use fwmetrics::collector::CollectError;
use fwmetrics::config::{Config, Wanted};
use fwmetrics::model::dimension::OwnDimension;
use fwmetrics::model::identity::{Identity, Lifecycle};
use fwmetrics::model::metric::Metric;
use fwmetrics::model::reading::{Kind, Raw, Reading, Readings, Record};

use crate::simulated::{Faults, World, setup};

/// What the metadata service says of this machine.
pub const INSTANCE: &str = "i-imds";
pub const GROUP: &str = "asg-imds";

/// A series as it was sent: namespace, name, sorted dimensions, unit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
    pub unit: &'static str,
}

thread_local! {
    /// The collectors of the world at hand: a pass is a plain function.
    static WANTED: RefCell<Vec<Wanted>> = const { RefCell::new(Vec::new()) };
}

/// Runs the configuration for two minutes and more: a counter seeds in the first.
pub fn sent(config: &Config) -> BTreeSet<Sent> {
    let wanted = config.collectors();
    let setup = setup_of(config, &wanted);
    WANTED.with_borrow_mut(|known| *known = wanted);
    let mut world = World::of(setup, Faults::none(7), pass);
    world.seen = Some(Vec::new());
    world.step(Event::Identity(
        Identity {
            instance_id: Some(INSTANCE.to_owned()),
            auto_scaling_group: Some(GROUP.to_owned()),
            region: None,
            lifecycle: Lifecycle::State("InService".to_owned()),
        },
        None,
    ));
    world.run(Duration::from_secs(130));
    world.stop();
    let seen = world.seen.take().unwrap_or_default().into_iter();
    seen.map(|(namespace, datum)| {
        let dimensions = datum.dimensions.iter();
        let mut dimensions: Vec<(String, String)> = dimensions
            .map(|one| (one.name.to_string(), one.value.clone()))
            .collect();
        dimensions.sort();
        Sent {
            namespace,
            name: datum.metric.to_string(),
            dimensions,
            unit: datum.unit.as_str(),
        }
    })
    .collect()
}

/// As the agent makes it, but that passes are few.
fn setup_of(config: &Config, wanted: &[Wanted]) -> Setup {
    let period = Duration::from_secs(config.cloudwatch.period_secs.unsigned_abs());
    let planned = |one: &Wanted| Planned {
        name: one.spec.name,
        target: one.target.clone(),
        rhythm: match &one.target {
            Some(_) => Rhythm {
                period,
                after_end: Some(Duration::from_millis(1200)),
            },
            None => Rhythm {
                period: period.min(Duration::from_secs(15)),
                after_end: None,
            },
        },
        published: one.published,
        timeout: one.timeout,
    };
    let remote = wanted.iter();
    let remote = remote.filter_map(|one| Some((one.target.clone(), one.who.clone()?)));
    Setup {
        collectors: wanted.iter().map(planned).enumerate().collect(),
        selection: config.selection(),
        shown: config.shown(),
        sets: config.cloudwatch.sets(),
        namespace: Arc::from(config.cloudwatch.namespace.as_str()),
        vmseries_namespace: Arc::from(config.cloudwatch.vmseries_namespace()),
        period,
        close_after: Duration::from_secs(3),
        series_max: config.cloudwatch.series_max,
        identity: config.identity.clone(),
        remote: remote.collect(),
        ..setup(1)
    }
}

fn pass(world: &mut World) -> (Readings, Option<CollectError>) {
    let mut readings = Readings::default();
    let number = world.passes;
    WANTED.with_borrow(|known| {
        let one = &known[world.collecting];
        for reading in one
            .spec
            .readings
            .iter()
            .filter(|reading| brings(one, reading))
        {
            records(one, reading, number, &mut readings);
        }
    });
    (readings, None)
}

/// A local collector reads all; a remote one what the commands bring that are asked for the sake of anything wanted.
fn brings(one: &Wanted, reading: &Reading) -> bool {
    let Some(remote) = one.spec.remote else {
        return true;
    };
    let disabled = one.table.get("disable").and_then(toml::Value::as_array);
    let is_off = |name: &str| {
        disabled.is_some_and(|list| list.iter().any(|item| item.as_str() == Some(name)))
    };
    let groups = remote.groups.iter().filter(|group| !is_off(group.name));
    let commands = groups.flat_map(|group| group.commands.iter());
    let mut asked = commands.filter(|command| {
        let mut metrics = command.metrics.iter();
        metrics.any(|metric| one.wanted.contains(metric.name))
    });
    let feeds = |metric: &Metric| reading.feeds.iter().any(|feed| feed.metric == metric);
    asked.any(|command| command.metrics.iter().any(|metric| feeds(metric)))
}

/// Of a reading with fine series one member each that is expected, and one that is found.
fn records(one: &Wanted, reading: &'static Reading, number: u64, out: &mut Readings) {
    let own = reading
        .feeds
        .iter()
        .find_map(|feed| feed.metric.detail.dimension());
    let raw = || match reading.kind {
        Kind::Gauge | Kind::State => Raw::Level(1.0),
        Kind::Counter(_) | Kind::Rate(..) => Raw::Total(number * 1000),
        Kind::Share => Raw::Part {
            part: number * 10,
            whole: number * 100,
        },
    };
    let Some(own) = own else {
        return out.push(Record::new(reading, raw()));
    };
    let found = format!("found by {}", one.spec.name);
    let names = expected(one, own).into_iter().map(|name| (name, true));
    for (name, is_expected) in names.chain([(found, false)]) {
        let record = Record::new(reading, raw()).member(&*name);
        out.push(record.own(own, name).expected(is_expected));
    }
}

/// What the collector's table names, as the user guide of its keys has it.
pub fn expected(one: &Wanted, own: OwnDimension) -> Vec<String> {
    let list = |key: &str| {
        let items = one.table.get(key).and_then(toml::Value::as_array);
        let texts = items.into_iter().flatten().filter_map(toml::Value::as_str);
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    let peers = list("peers").into_iter();
    let peers = peers.map(|peer| peer.split('=').next().unwrap_or_default().to_owned());
    match (own, one.spec.name) {
        (OwnDimension::Peer, "bgp") => list("expect"),
        (OwnDimension::Tunnel, "panos") => list("expect_tunnels"),
        (OwnDimension::Tunnel, "wireguard") => list("expect").into_iter().chain(peers).collect(),
        (OwnDimension::Tunnel, _) => list("expect"),
        _ => Vec::new(),
    }
}

/// The name of a dimension in one datum, for messages.
pub fn shown(sent: &Sent) -> String {
    let dimensions = sent.dimensions.iter();
    let dimensions: Vec<Cow<'_, str>> = dimensions
        .map(|(name, value)| format!("{name}={value}").into())
        .collect();
    format!(
        "{} {}{{{}}}",
        sent.namespace,
        sent.name,
        dimensions.join(",")
    )
}
