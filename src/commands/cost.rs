//! `fwmetrics cost`: the monthly bill of this configuration. Nothing is read and nobody is asked.

use super::{Failure, print};
use crate::cli::{Cost, CostFormat};
use crate::collectors;
use crate::config::Config;
use crate::generate::cost::{self, Assumed};
use crate::render::json;

/// Prints it.
pub(super) fn call(args: &Cost, config: &Config) -> Result<(), Failure> {
    let local = || collectors::ALL.iter().filter(|spec| spec.remote.is_none());
    if let Some(name) = args
        .only
        .iter()
        .find(|name| !local().any(|spec| spec.name == *name))
    {
        let known: Vec<&str> = local().map(|spec| spec.name).collect();
        let known = known.join(", ");
        return Err(Failure::Usage(format!(
            "--only {name}: no collector of this machine; known: {known}"
        )));
    }
    let narrowed = (!args.only.is_empty()).then(|| cost::only(config, &args.only));
    let assumed = Assumed {
        firewalls: args.firewalls as usize,
        is_alone: args.alone,
        tunnels: args.tunnels as usize,
        peers: args.peers as usize,
        interfaces: args.interfaces as usize,
        cores: args.cores as usize,
    };
    let bill = cost::of(narrowed.as_ref().unwrap_or(config), &assumed);
    print(&match args.format {
        CostFormat::Table => cost::table(&bill),
        CostFormat::Json => json::pretty(&bill),
    })
}
