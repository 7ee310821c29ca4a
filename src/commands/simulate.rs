//! `fwmetrics simulate`: policies on a fleet in virtual time, before a real one has them.

use super::{Failure, print};
use crate::cli::{Simulate, SimulateScaling, Simulated, SimulatedPlatform, SimulationFormat};
use crate::config::Config;
use crate::generate::scaling;
use crate::model::alarm::Policy;
use crate::render::simulation;
use crate::simulate::contestant::{self, Contestant, Drain};
use crate::simulate::run::{Outcome, run};
use crate::simulate::setting::{CoolsFrom, Setting};
use crate::simulate::trace::TRACES;

/// Runs it.
pub(super) fn call(args: &Simulate, config: &Config) -> Result<(), Failure> {
    let Simulated::Scaling(args) = &args.what;
    if args.min > args.max {
        let text = format!("--min {} is more than --max {}", args.min, args.max);
        return Err(Failure::Usage(text));
    }
    let platform = Platform::of(args.platform);
    let drain = drain(config, &platform);
    let outcomes = outcomes(args, config, &platform, drain)?;
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
                table += &simulation::drain(&drain, config.drain.hook_name.is_some());
            }
            table
        }
        SimulationFormat::Json => simulation::json(&outcomes),
    })
}

fn outcomes(
    args: &SimulateScaling,
    config: &Config,
    platform: &Platform,
    drain: Drain,
) -> Result<Vec<Outcome>, Failure> {
    let setting = Setting {
        min: args.min,
        max: args.max,
        boot_secs: platform.boot_secs,
        polls: platform.polls,
        fleet_warm_up_secs: config.identity.warm_up_secs,
        terminating_counts: args.terminating_counts,
        cools_from: CoolsFrom::default(),
        readings: 300,
        seed: args.seed,
    };
    let contestants = contestants(config, platform, drain)?;
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

fn contestants(
    config: &Config,
    platform: &Platform,
    drain: Drain,
) -> Result<Vec<Contestant>, Failure> {
    let mut config = config.clone();
    let warm_up = config.scaling.warm_up_secs;
    config.scaling.warm_up_secs = Some(warm_up.unwrap_or(platform.warm_up_secs));
    let made = scaling::of(&config).policies;
    let Some(group) = made.first().map(|policy| policy.group.clone()) else {
        let text =
            "this configuration makes no scaling policy: fwmetrics generate scaling says why";
        return Err(Failure::Failed(text.to_owned()));
    };
    // A configuration with several groups has the same policies for each.
    let policies: Vec<Policy> = made.into_iter().filter(|one| one.group == group).collect();
    let mut all = vec![contestant::ours(&policies, drain)];
    all.extend(contestant::others(u64::from(platform.warm_up_secs)));
    Ok(all)
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
