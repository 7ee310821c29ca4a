//! `fwmetrics simulate`: policies on a fleet in virtual time, before a real one has them.

use super::{Failure, print};
use crate::cli::{Simulate, SimulateScaling, Simulated, SimulatedPlatform, SimulationFormat};
use crate::config::Config;
use crate::generate::scaling;
use crate::model::alarm::Policy;
use crate::render::simulation;
use crate::simulate::contestant::{self, Contestant, Drain};
use crate::simulate::run::{Outcome, Setting, run};
use crate::simulate::trace::TRACES;

/// Runs it.
pub(super) fn call(args: &Simulate, config: &Config) -> Result<(), Failure> {
    let Simulated::Scaling(args) = &args.what;
    if args.min > args.max {
        let text = format!("--min {} is more than --max {}", args.min, args.max);
        return Err(Failure::Usage(text));
    }
    let outcomes = outcomes(args, config)?;
    if let Some(file) = &args.plot {
        let picture = simulation::svg(&outcomes, args.max);
        std::fs::write(file, picture)
            .map_err(|error| Failure::Failed(format!("cannot write {file}: {error}")))?;
    }
    print(&match args.format {
        SimulationFormat::Table => simulation::table(&outcomes, args.trace.is_some()),
        SimulationFormat::Json => simulation::json(&outcomes),
    })
}

fn outcomes(args: &SimulateScaling, config: &Config) -> Result<Vec<Outcome>, Failure> {
    let platform = Platform::of(args.platform);
    let setting = Setting {
        min: args.min,
        max: args.max,
        boot_secs: platform.boot_secs,
        polls: platform.polls,
        fleet_warm_up_secs: config.identity.warm_up_secs,
        terminating_counts: args.terminating_counts,
        seed: args.seed,
    };
    let contestants = contestants(config, &platform)?;
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
    /// New sessions are counted, so that a drain may end when none began for so long, seconds.
    quiet: Option<u64>,
}

impl Platform {
    const fn of(platform: SimulatedPlatform) -> Self {
        match platform {
            SimulatedPlatform::Linux => Platform {
                boot_secs: 180,
                warm_up_secs: 180,
                polls: false,
                quiet: None,
            },
            SimulatedPlatform::VmSeries => Platform {
                boot_secs: 900,
                warm_up_secs: 900,
                polls: true,
                quiet: Some(350),
            },
        }
    }
}

fn contestants(config: &Config, platform: &Platform) -> Result<Vec<Contestant>, Failure> {
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
    let mut all = vec![contestant::ours(&policies, drain(platform))];
    all.extend(contestant::others(u64::from(platform.warm_up_secs)));
    Ok(all)
}

/// As `deploy/fleet.yaml` has it: the target group's delay, and the defaults of `[drain]`.
const fn drain(platform: &Platform) -> Drain {
    Drain {
        deregistration: 350,
        percent: 1,
        own: 10,
        quiet: platform.quiet,
        most: 900,
    }
}
