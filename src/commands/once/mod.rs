//! `fwmetrics once`: two passes, and what they say.

mod look;
mod publish;
mod show;

use super::{Failure, namespace, print, runtime, say};
use crate::catalogue;
use crate::cli::{Once, OnceFormat};
use crate::collectors;
use crate::config::{Config, Http, Wanted};
use crate::model::identity::Group;
use crate::model::selection::Selection;
use crate::render::report::{CollectorReport, Status};
use crate::render::{datums, json, table};

use look::{Looked, look};
use publish::{batches, publish};
use show::{exposition, report};

/// Samples, prints, and sends where asked.
pub(super) fn call(args: &Once, config: &Config) -> Result<(), Failure> {
    let asked = selection(args, config)?;
    let wanted = wanted(args, config, &asked);
    let with_asked = Config {
        metrics: asked,
        ..config.clone()
    };
    let selection = with_asked.selection();
    let runtime = runtime()?;
    let mut looked = runtime.block_on(look(args, config, &wanted, selection.clone()))?;
    let blind = namespace::blind(config, &wanted);
    for report in &mut looked.reports {
        if blind.contains(&report.name) {
            report.notes.push(namespace::note());
        }
    }
    let report = report(config, &selection, &looked);
    let printed = match args.format {
        OnceFormat::Table => print(&table::report(&report)),
        OnceFormat::Json => print(&json::report(&report)),
        OnceFormat::Datums => {
            warn(args, &looked, &blind);
            print(&datums::array(&batches(args, config, &looked)))
        }
        OnceFormat::Prometheus => {
            beside(&looked, &blind);
            print(&exposition(&looked).text())
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
fn warn(args: &Once, looked: &Looked, blind: &[&str]) {
    let who = looked.who();
    if who.instance.is_none() {
        say("the instance id is unknown: InstanceId is \"unknown\"; set [identity] instance_id");
    }
    if args.fleet && !matches!(who.group, Group::Known(_)) {
        say(
            "no fleet series: the Auto Scaling group is unknown; set [identity] auto_scaling_group",
        );
    }
    beside(looked, blind);
}

/// A form that has no place for why a collector failed, or what it does not see, has it beside the output.
fn beside(looked: &Looked, blind: &[&str]) {
    if let Some(line) = namespace::line(blind) {
        say(&line);
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
    config.http = Http::default();
    let mut wanted = config.collectors();
    if !args.only.is_empty() {
        // Named ones run even where the configuration leaves them out.
        config.collectors.auto = Some(true);
        config.collectors.disable.clear();
        wanted = config.collectors();
        wanted.retain(|wanted| args.only.iter().any(|name| name == wanted.spec.name));
    }
    wanted.into_iter().map(Wanted::looking).collect()
}
