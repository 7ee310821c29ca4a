//! `fwmetrics simulate`: policies on a fleet in virtual time, before a real one has them.

use super::{Failure, print};
use crate::catalogue;
use crate::cli::{Simulate, SimulateScaling, Simulated, SimulatedPlatform, SimulationFormat};
use crate::config::Config;
use crate::generate::published::Published;
use crate::generate::scaling;
use crate::model::alarm::{Decision, Measure, Policy};
use crate::render::simulation;
use crate::simulate::contestant::{self, Contestant, Drain};
use crate::simulate::run::{Outcome, run};
use crate::simulate::setting::{CoolsFrom, Setting};
use crate::simulate::telemetry::has_model;
use crate::simulate::trace::TRACES;

/// Runs it.
pub(super) fn call(args: &Simulate, config: &Config) -> Result<(), Failure> {
    let Simulated::Scaling(args) = &args.what;
    if args.min > args.max {
        let text = format!("--min {} is more than --max {}", args.min, args.max);
        return Err(Failure::Usage(text));
    }
    let fleet = fleet(args, config)?;
    let outcomes = outcomes(args, config, &fleet)?;
    if let Some(file) = &args.plot {
        let picture = simulation::svg(&outcomes, args.max);
        std::fs::write(file, picture)
            .map_err(|error| Failure::Failed(format!("cannot write {file}: {error}")))?;
    }
    print(&match args.format {
        SimulationFormat::Table => {
            let mut table = simulation::table(&outcomes, args.trace.is_some());
            if outcomes
                .iter()
                .any(|one| one.contestant == contestant::OURS)
            {
                table += &simulation::drain(&fleet.drain, config.drain.hook_name.is_some());
                table += &simulation::without_model(&without_model(&fleet.policies));
            }
            table
        }
        SimulationFormat::Json => simulation::json(&outcomes),
    })
}

fn outcomes(
    args: &SimulateScaling,
    config: &Config,
    fleet: &Fleet,
) -> Result<Vec<Outcome>, Failure> {
    let setting = Setting {
        min: args.min,
        max: args.max,
        boot_secs: fleet.platform.boot_secs,
        polls: fleet.platform.polls,
        fleet_warm_up_secs: config.identity.warm_up_secs,
        terminating_counts: args.terminating_counts,
        cools_from: CoolsFrom::default(),
        readings: fleet.readings,
        seed: args.seed,
    };
    let mut contestants = vec![contestant::ours(&fleet.policies, fleet.drain)];
    contestants.extend(contestant::others(fleet.platform.warm_up_secs.into()));
    let traces = TRACES.iter().map(|trace| trace.name).collect();
    let trace = chosen("--trace", args.trace.as_deref(), traces)?;
    let policies = contestants.iter().map(|one| one.name).collect();
    let policy = chosen("--policy", args.policy.as_deref(), policies)?;
    let traces = TRACES
        .iter()
        .filter(|one| trace.is_none_or(|name| one.name == name));
    let wanted = |one: &&Contestant| policy.is_none_or(|name| one.name == name);
    let runs = traces.flat_map(|trace| {
        let contestants = contestants.iter().filter(wanted);
        contestants.map(move |one| run(one, trace, &setting))
    });
    Ok(runs.collect())
}

/// The name, if it is one of those that there are.
fn chosen<'a>(
    option: &str,
    name: Option<&'a str>,
    known: Vec<&str>,
) -> Result<Option<&'a str>, Failure> {
    match name {
        Some(name) if !known.contains(&name) => {
            let known = known.join(", ");
            Err(Failure::Usage(format!(
                "{option} {name} is unknown: {known}"
            )))
        }
        name => Ok(name),
    }
}

/// What is known of a kind of firewall.
struct Platform {
    boot_secs: u64,
    warm_up_secs: u32,
    polls: bool,
    /// New sessions are counted without further ado.
    counts_new: bool,
}

impl Platform {
    const fn of(platform: SimulatedPlatform) -> Self {
        match platform {
            SimulatedPlatform::Linux => Platform {
                boot_secs: 180,
                warm_up_secs: 180,
                polls: false,
                counts_new: false,
            },
            SimulatedPlatform::VmSeries => Platform {
                boot_secs: 900,
                warm_up_secs: 900,
                polls: true,
                counts_new: true,
            },
        }
    }
}

/// The firewalls of a configuration's first group. One with several has the same policies for each.
struct Fleet {
    platform: Platform,
    policies: Vec<Policy>,
    /// As [`Setting::readings`].
    readings: u32,
    drain: Drain,
}

fn fleet(args: &SimulateScaling, config: &Config) -> Result<Fleet, Failure> {
    let mut config = config.clone();
    if let Some(platform) = args.platform {
        let warm_up = Platform::of(platform).warm_up_secs;
        config.scaling.warm_up_secs.get_or_insert(warm_up);
    }
    let published = Published::of(&config);
    let made = scaling::made(&config, &published).policies;
    let Some(group) = made.first().map(|policy| policy.group.clone()) else {
        let text =
            "this configuration makes no scaling policy: fwmetrics generate scaling says why";
        return Err(Failure::Failed(text.to_owned()));
    };
    let mut members = published.members(&group);
    let of_members = match members.any(|one| one.platform == catalogue::Platform::PanOs) {
        true => SimulatedPlatform::VmSeries,
        false => SimulatedPlatform::Linux,
    };
    let platform = Platform::of(args.platform.unwrap_or(of_members));
    Ok(Fleet {
        drain: drain(&config, &platform),
        platform,
        policies: made.into_iter().filter(|one| one.group == group).collect(),
        readings: scaling::readings(&published, &group),
    })
}

/// Policies that look at what no simulated firewall has, each with its metric.
fn without_model(policies: &[Policy]) -> Vec<(&'static str, String)> {
    let of = |policy: &Policy| {
        let measure = match &policy.decision {
            Decision::Target { stat, .. } => Measure::One(stat.clone()),
            Decision::Steps { alarm, .. } | Decision::Simple { alarm, .. } => {
                alarm.rule.measure.clone()
            }
        };
        let mut names = measure.stats().into_iter().map(|stat| &stat.metric.name);
        let name = names.find(|name| !has_model(name))?.to_string();
        Some((policy.number, name))
    };
    policies.iter().filter_map(of).collect()
}

/// The target group's delay in `deploy/fleet.yaml`, seconds.
const DEREGISTRATION_SECS: u64 = 350;

/// As `[drain]` has it. A deregistered target gets no new flow, so that the quiet time ends a drain, where somebody counts
/// new sessions: PAN-OS does, conntrack where it is told the counter. Without it a drain waits for the sessions or the cap.
fn drain(config: &Config, platform: &Platform) -> Drain {
    let conntrack = config.collectors.tables.get("conntrack");
    let counted = conntrack.is_some_and(|table| table.contains_key("new_sessions_counter"));
    let drain = &config.drain;
    Drain {
        deregistration: DEREGISTRATION_SECS,
        percent: drain.sessions_percent.into(),
        own: drain.own_sessions.into(),
        quiet: (platform.counts_new || counted).then_some(drain.quiet_secs),
        most: drain.wait_max_secs,
    }
}
