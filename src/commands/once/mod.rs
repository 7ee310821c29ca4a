//! `fwmetrics once`: two passes, and what they say.

mod bill;
mod look;
mod only;
mod publish;
mod room;
mod show;

use super::{Failure, namespace, print, runtime, say};
use crate::catalogue;
use crate::cli::{Once, OnceFormat};
use crate::config::{Config, Http, Wanted};
use crate::model::identity::Group;
use crate::model::selection::Selection;
use crate::render::report::{CollectorReport, Status};
use crate::render::{datums, json, table};

use look::{Looked, look};
use only::{Named, left_out, narrow};
use publish::{batches, publish};
use show::{exposition, report};

/// Samples, prints, and sends where asked.
pub(super) fn call(args: &Once, config: &Config) -> Result<(), Failure> {
    let named = args.only.iter().map(|text| Named::read(text));
    let named: Vec<Named> = named.collect::<Result<_, _>>()?;
    let asked = asked(args, config, &named);
    let (wanted, left_out) = wanted(config, &asked, &named);
    if wanted.is_empty() {
        let missing = super::missing_lists(config).join("\n");
        return Err(Failure::Failed(
            format!("{missing}\nnothing to read")
                .trim_start()
                .to_owned(),
        ));
    }
    let with_asked = Config {
        metrics: asked,
        ..config.clone()
    };
    let selection = with_asked.selection();
    let runtime = runtime()?;
    let mut looked = runtime.block_on(look(args, config, &wanted, selection.clone()))?;
    if !args.all {
        room::keep(&mut looked, config.metrics.tunnels_max);
    }
    let blind = namespace::blind(config, &wanted);
    for (report, left_out) in looked.reports.iter_mut().zip(left_out) {
        report.notes.extend(left_out);
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
    if looked.has_own() && who.instance.is_none() {
        say("the instance id is unknown: InstanceId is \"unknown\"; set [identity] instance_id");
    }
    if args.fleet && looked.has_own() && !matches!(who.group, Group::Known(_)) {
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
            let of = collector.target.iter();
            let of: String = of.map(|target| format!(" of {target}")).collect();
            say(&format!("collector {}{of} failed: {why}", collector.name));
        }
    }
}

/// What is shown: what is published, with `--all` everything, and whatever is named that runs only on demand.
fn asked(args: &Once, config: &Config, named: &[Named]) -> Selection {
    if args.all {
        let every = catalogue::all();
        return Selection::everything(every.iter().map(|entry| entry.metric));
    }
    let mut selection = config.metrics.clone();
    for metric in named.iter().flat_map(Named::metrics) {
        selection.enable.insert(metric.name.to_owned());
    }
    selection
}

/// The collectors, and of each what is left out of it.
fn wanted(
    config: &Config,
    selection: &Selection,
    named: &[Named],
) -> (Vec<Wanted>, Vec<Option<String>>) {
    let mut config = config.clone();
    config.metrics = selection.clone();
    config.http = Http::default();
    let mut wanted = config.collectors();
    if !named.is_empty() {
        // Named ones run even where the configuration leaves them out.
        config.collectors.auto = Some(true);
        config.collectors.disable.clear();
        wanted = config.collectors();
        wanted.retain(|wanted| named.iter().any(|named| named.is(wanted)));
    }
    wanted
        .into_iter()
        .map(|wanted| {
            let left_out = left_out(&wanted, named);
            (narrow(wanted.looking(), named), left_out)
        })
        .unzip()
}
