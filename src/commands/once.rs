//! `fwmetrics once`: two passes, and what they say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Failure, print, runtime, say};
use crate::agent::tasks;
use crate::aggregate::aggregator::{Aggregator, Emitted, End, Pass, Source};
use crate::aggregate::counter::Fine;
use crate::aggregate::fold::newest;
use crate::aggregate::label::{Set, Unnamed, WantedSets, sets};
use crate::catalogue::{self, Cost, prices};
use crate::cli::{Once, OnceFormat};
use crate::clock::{self, Now, rfc3339};
use crate::collector::{CollectError, Collector};
use crate::collectors;
use crate::config::{Config, Wanted};
use crate::identity::{self, Metadata};
use crate::model::datum::{Datum, Dimension, Resolution};
use crate::model::dimension::INSTANCE_ID;
use crate::model::identity::{Group, Identity, Who};
use crate::model::names::CAPACITY_UTILIZATION;
use crate::model::reading::Readings;
use crate::model::selection::Selection;
use crate::publish::batch::{Batch, split};
use crate::publish::cloudwatch::CloudWatch;
use crate::publish::outcome::{Outcome, remedy};
use crate::render::report::{self, Bill, CollectorReport, Report, Sample, Status};
use crate::render::{datums, json, table};
use crate::self_metrics::EXPORTER_HEARTBEAT;

/// How long the metadata service may take, beside the passes.
const IDENTITY_WITHIN: Duration = Duration::from_millis(500);

/// Samples, prints, and sends where asked.
pub(super) fn call(args: &Once, config: &Config) -> Result<(), Failure> {
    let selection = selection(args, config)?;
    let wanted = wanted(args, config, &selection);
    let runtime = runtime()?;
    let looked = runtime.block_on(look(args, config, &wanted, selection.clone()))?;
    let report = report(config, &selection, &looked);
    let printed = match args.format {
        OnceFormat::Table => print(&table::report(&report)),
        OnceFormat::Json => print(&json::report(&report)),
        OnceFormat::Datums => {
            warn(args, &looked);
            print(&datums::array(&batches(args, config, &looked)))
        }
    };
    // A reader that left does not keep anything from being sent.
    let sent = if args.publish {
        runtime.block_on(publish(args, config, &looked))
    } else {
        Ok(())
    };
    runtime.shutdown_background();
    sent.and(printed)?;
    let failed = |collector: &CollectorReport| collector.status == Status::Failed;
    if report.collectors.iter().any(failed) {
        return Err(Failure::Shown);
    }
    Ok(())
}

/// What a list of datums does not show.
fn warn(args: &Once, looked: &Looked) {
    let who = looked.who();
    if who.instance.is_none() {
        say("the instance id is unknown: InstanceId is \"unknown\"; set [identity] instance_id");
    }
    if args.fleet && !matches!(who.group, Group::Known(_)) {
        say(
            "no fleet series: the Auto Scaling group is unknown; set [identity] auto_scaling_group",
        );
    }
    for collector in &looked.reports {
        if let (Status::Failed, Some(why)) = (collector.status, &collector.error) {
            say(&format!("collector {} failed: {why}", collector.name));
        }
    }
}

/// What is shown: what is published, with `--all` everything, and whatever is named that runs only on demand.
fn selection(args: &Once, config: &Config) -> Result<Selection, Failure> {
    if let Some(unknown) = args.only.iter().find(|name| {
        collectors::ALL
            .iter()
            .all(|spec| spec.name != name.as_str())
    }) {
        let known: Vec<&str> = collectors::ALL.iter().map(|spec| spec.name).collect();
        return Err(Failure::Usage(format!(
            "no collector {unknown:?}; there are {}",
            known.join(", ")
        )));
    }
    if args.all {
        let every = catalogue::all();
        return Ok(Selection::everything(
            every.iter().map(|entry| entry.metric),
        ));
    }
    let mut selection = config.metrics.clone();
    let named = collectors::ALL
        .iter()
        .filter(|spec| spec.on_demand && args.only.iter().any(|name| name == spec.name));
    for metric in named.flat_map(|spec| spec.metrics()) {
        selection.enable.insert(metric.name.to_owned());
    }
    Ok(selection)
}

fn wanted(args: &Once, config: &Config, selection: &Selection) -> Vec<Wanted> {
    let mut config = config.clone();
    config.metrics = selection.clone();
    let mut wanted = config.collectors();
    if !args.only.is_empty() {
        // Named ones run even where the configuration leaves them out.
        config.collectors.auto = true;
        config.collectors.disable.clear();
        wanted = config.collectors();
        wanted.retain(|wanted| args.only.iter().any(|name| name == wanted.spec.name));
    }
    wanted
}

/// What two passes brought.
struct Looked {
    started: Now,
    elapsed: Duration,
    identity: Identity,
    settings: identity::Settings,
    emitted: Vec<(usize, Emitted)>,
    reports: Vec<CollectorReport>,
}

impl Looked {
    fn who(&self) -> Who {
        identity::who(&self.settings, &self.identity)
    }
}

async fn look(
    args: &Once,
    config: &Config,
    wanted: &[Wanted],
    selection: Selection,
) -> Result<Looked, Failure> {
    let identity = tokio::spawn(identify());
    let started = clock::now();
    let mut made = Vec::new();
    for wanted in wanted {
        made.push(Some(wanted.build().map_err(Failure::Failed)?));
    }
    let sources = wanted
        .iter()
        .map(|wanted| Source {
            collector: wanted.spec.name,
            target: None,
            period: wanted.period,
        })
        .collect();
    let mut aggregator = Aggregator::new(sources, selection);
    let first = passes(wanted, &mut made).await;
    feed(&mut aggregator, &first);
    tokio::time::sleep((started.boot + args.over).saturating_sub(clock::now().boot)).await;
    let second = passes(wanted, &mut made).await;
    let emitted = feed(&mut aggregator, &second);
    let reports = wanted
        .iter()
        .zip(first.iter().zip(&second))
        .map(|(wanted, both)| fared(wanted, both))
        .collect();
    Ok(Looked {
        started,
        elapsed: clock::now().boot.saturating_sub(started.boot),
        identity: identity.await.unwrap_or_default(),
        settings: config.identity.clone(),
        emitted,
        reports,
    })
}

/// What the metadata service says in half a second.
async fn identify() -> Identity {
    let mut identity = Identity::default();
    if let Some(metadata) = Metadata::from_environment() {
        // Whatever was learnt before the deadline stays in `identity`.
        let _ = tokio::time::timeout(IDENTITY_WITHIN, metadata.refresh(&mut identity)).await;
    }
    identity
}

/// One pass of one collector.
struct Passed {
    at: Duration,
    took: Duration,
    readings: Readings,
    result: Result<(), CollectError>,
}

/// One pass of each, side by side.
async fn passes(wanted: &[Wanted], made: &mut [Option<Box<dyn Collector>>]) -> Vec<Passed> {
    let running: Vec<_> = wanted
        .iter()
        .zip(made.iter_mut())
        .map(|(wanted, collector)| {
            let (collector, timeout) = (collector.take(), wanted.timeout);
            tokio::spawn(async move {
                let began = clock::now().boot;
                let (collector, readings, result) = tasks::collect(collector?, timeout).await;
                let at = clock::now().boot;
                let took = at.saturating_sub(began);
                Some((
                    collector,
                    Passed {
                        at,
                        took,
                        readings,
                        result,
                    },
                ))
            })
        })
        .collect();
    let mut passed = Vec::new();
    for (running, kept) in running.into_iter().zip(made) {
        passed.push(match running.await {
            Ok(Some((collector, done))) => {
                *kept = Some(collector);
                done
            }
            _ => Passed {
                at: clock::now().boot,
                took: Duration::ZERO,
                readings: Readings::default(),
                result: Err(CollectError::Failed("the collector panicked".to_owned())),
            },
        });
    }
    passed
}

fn feed(aggregator: &mut Aggregator, passes: &[Passed]) -> Vec<(usize, Emitted)> {
    // All of a round are due at one moment, so that none is stale for another.
    let due = passes
        .iter()
        .map(|passed| passed.at)
        .max()
        .unwrap_or_default();
    let mut emitted = Vec::new();
    // The dataplane's CPU comes last: CapacityUtilization is then made of this round's inputs.
    for (source, passed) in passes.iter().enumerate().rev() {
        let pass = Pass {
            source,
            due,
            at: passed.at,
            readings: &passed.readings,
            end: match &passed.result {
                Ok(()) => End::Ok,
                Err(CollectError::Absent(_)) => End::Absent,
                Err(CollectError::Failed(_)) => End::Failed,
            },
        };
        emitted.extend(
            aggregator
                .pass(&pass)
                .into_iter()
                .map(|value| (source, value)),
        );
    }
    emitted
}

fn fared(wanted: &Wanted, (first, second): (&Passed, &Passed)) -> CollectorReport {
    // A failure of the first pass leaves the rates without a beginning: it is one of the whole.
    let worst = match &first.result {
        Err(CollectError::Failed(_)) if second.result.is_ok() => &first.result,
        _ => &second.result,
    };
    let (status, error) = match worst {
        Ok(()) => (Status::Ok, None),
        Err(CollectError::Absent(why)) => (Status::Absent, Some(why.clone())),
        Err(CollectError::Failed(why)) => (Status::Failed, Some(why.clone())),
    };
    let elapsed = first.took.max(second.took).as_secs_f64() * 1000.0;
    CollectorReport {
        name: wanted.spec.name,
        target: None,
        status,
        elapsed_ms: (elapsed * 1000.0).round() / 1000.0,
        error,
        notes: second.readings.notes().to_vec(),
    }
}

fn report(config: &Config, selection: &Selection, looked: &Looked) -> Report {
    let who = looked.who();
    let mut samples: Vec<Sample> = looked
        .emitted
        .iter()
        .map(|(source, value)| sample(&looked.reports[*source], value))
        .collect();
    samples.sort_by(|a, b| (a.metric, &a.dimensions).cmp(&(b.metric, &b.dimensions)));
    Report {
        version: env!("CARGO_PKG_VERSION"),
        time: rfc3339(looked.started.wall_secs()),
        elapsed_ms: u64::try_from(looked.elapsed.as_millis()).unwrap_or(u64::MAX),
        identity: report::Who {
            instance_id: who.instance.map(|instance| instance.value),
            auto_scaling_group: match who.group {
                Group::Known(name) => Some(name),
                Group::Unread | Group::None => None,
            },
            region: config
                .cloudwatch
                .region
                .clone()
                .or_else(|| looked.identity.region.clone()),
        },
        collectors: looked.reports.clone(),
        samples,
        bill: bill(config, selection, looked),
    }
}

fn sample(collector: &CollectorReport, value: &Emitted) -> Sample {
    let derived = value.key.metric == &CAPACITY_UTILIZATION;
    Sample {
        collector: if derived { "derived" } else { collector.name },
        target: value.key.target.as_ref().map(ToString::to_string),
        metric: value.key.metric.name,
        unit: value.key.metric.unit.as_str(),
        value: newest(&value.fine).unwrap_or_default(),
        values: match &value.fine {
            Fine::Value(_) => None,
            Fine::Block(values) => Some(values.clone()),
        },
        dimensions: value
            .key
            .own
            .iter()
            .map(|(own, text)| (own.name(), text.clone()))
            .collect(),
        bound_by: value.bound_by,
    }
}

fn sets_of(config: &Config) -> WantedSets {
    let has = |name: &str| {
        config
            .cloudwatch
            .dimension_sets
            .iter()
            .flatten()
            .any(|known| known == name)
    };
    WantedSets {
        fleet: has("AutoScalingGroupName"),
        instance: has("InstanceId"),
    }
}

/// What these series would cost for a month of `run`: with heartbeat and CollectorUp, each datum with a value a second.
fn bill(config: &Config, selection: &Selection, looked: &Looked) -> Bill {
    let wanted = sets_of(config);
    let mut counted: BTreeMap<Set, usize> = BTreeMap::new();
    for set in looked
        .emitted
        .iter()
        .flat_map(|(_, value)| sets(&value.key, wanted, false))
    {
        *counted.entry(set).or_default() += 1;
    }
    if selection.coarse(&EXPORTER_HEARTBEAT) {
        *counted.entry(Set::Fleet).or_default() += usize::from(wanted.fleet);
        *counted.entry(Set::Instance).or_default() += usize::from(wanted.instance);
    }
    let running = looked
        .reports
        .iter()
        .filter(|collector| collector.status != Status::Absent)
        .count();
    *counted.entry(Set::Detail).or_default() += if wanted.instance { running } else { 0 };
    let fleet = counted.remove(&Set::Fleet).unwrap_or(0);
    let own = counted.values().sum();
    let period_secs = config.cloudwatch.period_secs;
    let calls = split(
        &Arc::from(config.cloudwatch.namespace.as_str()),
        full_window(fleet + own, period_secs),
    )
    .len();
    Bill {
        fleet,
        own,
        calls,
        period_secs,
        dollars: Cost::monthly(fleet + own, calls, period_secs).total(),
        prices_of: prices::READ_ON,
    }
}

/// So many datums as large as they get in a window.
fn full_window(series: usize, period_secs: i64) -> Vec<Datum> {
    let datum = Datum {
        metric: "ConntrackAllowanceUtilization".into(),
        unit: CAPACITY_UTILIZATION.unit,
        dimensions: vec![
            Dimension {
                name: INSTANCE_ID.into(),
                value: "i-0123456789abcdef0".to_owned()
            };
            2
        ],
        timestamp: 0,
        resolution: Resolution::Minute,
        values: vec![(0.5, 1); usize::try_from(period_secs).unwrap_or(60)],
    };
    vec![datum; series]
}

/// The samples as datums, stamped with the start of the window that is running.
fn batches(args: &Once, config: &Config, looked: &Looked) -> Vec<Batch> {
    let period_secs = config.cloudwatch.period_secs;
    let mut who = looked.who();
    who.instance.get_or_insert(Dimension {
        name: INSTANCE_ID.into(),
        value: "unknown".to_owned(),
    });
    let wanted = sets_of(config);
    // Sent for real, a fleet's series come only from an instance in service.
    let may = args.fleet && (who.in_service || !args.publish);
    let wanted = WantedSets {
        fleet: wanted.fleet && may,
        ..wanted
    };
    let timestamp = looked.started.wall_secs().div_euclid(period_secs) * period_secs;
    let resolution = if period_secs < 60 {
        Resolution::Second
    } else {
        Resolution::Minute
    };
    let mut named = Vec::new();
    for (_, value) in &looked.emitted {
        for set in sets(&value.key, wanted, who.ha_group.is_some()) {
            let unnamed = Unnamed {
                set,
                key: value.key.clone(),
                expected: value.expected,
                timestamp,
                resolution,
                values: newest(&value.fine)
                    .map(|newest| (newest, 1))
                    .into_iter()
                    .collect(),
            };
            // Without a group's name there are no fleet datums.
            named.extend(unnamed.name(&who).ok());
        }
    }
    split(&Arc::from(config.cloudwatch.namespace.as_str()), named)
}

async fn publish(args: &Once, config: &Config, looked: &Looked) -> Result<(), Failure> {
    if looked.who().instance.is_none() {
        return Err(Failure::Failed(
            "nothing was published: the instance id is unknown; set [identity] instance_id"
                .to_owned(),
        ));
    }
    let batches = batches(args, config, looked);
    if batches.is_empty() {
        let text = "nothing was read, so nothing was published";
        return Err(Failure::Failed(text.to_owned()));
    }
    let mut cloudwatch = CloudWatch::new(config.cloudwatch.clone());
    for batch in batches {
        let answer = cloudwatch.send(&batch).await;
        let (count, namespace) = (batch.datums().len(), batch.namespace());
        match answer.outcome {
            Outcome::Sent => say(&format!(
                "CloudWatch accepted {count} datums in namespace {namespace}"
            )),
            Outcome::Denied => {
                let text = format!(
                    "CloudWatch denies {count} datums: {}: {}; {}",
                    answer.code,
                    answer.reason,
                    remedy(&answer.code)
                );
                return Err(Failure::Failed(text));
            }
            _ => {
                return Err(Failure::Failed(format!(
                    "{count} datums were not sent: {}: {}",
                    answer.code, answer.reason
                )));
            }
        }
    }
    Ok(())
}
