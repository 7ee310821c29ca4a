//! From a configuration to what the core is made from.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::core::kept::Kept;
use crate::agent::core::queue::Limits;
use crate::agent::core::schedule::Rhythm;
use crate::agent::core::{DrainPlan, Planned, Setup};
use crate::agent::drain::gauge::reads_tunnels;
use crate::agent::drain::wait::Rule;
use crate::agent::phase;
use crate::aggregate::window::Target;
use crate::config::{Config, Wanted};
use crate::host::files::Root;
use crate::model::identity::Who;

/// What each remote firewall adds to `[spool] memory_bytes`: two windows of it, or a few minutes of default metrics.
const MEMORY_BYTES_EACH: usize = 64 << 10;
/// And to `disk_bytes`.
const DISK_BYTES_EACH: u64 = 256 << 10;

/// What the core is made from, or goes on with after a reload. Reads some small files of /proc and /sys.
pub(super) fn of(
    config: &Config,
    wanted: &BTreeMap<usize, Wanted>,
    kept: Kept,
    dry_run: bool,
) -> Setup {
    let cloudwatch = &config.cloudwatch;
    let period_secs = u64::try_from(cloudwatch.period_secs).unwrap_or(60);
    let host = host(config);
    let period = Duration::from_secs(period_secs);
    let after_end = |name: &str| phase::of_firewall(&host, name, cloudwatch.phase_secs, period);
    let remote: BTreeMap<Target, Who> = wanted
        .values()
        .filter_map(|wanted| Some((wanted.target.clone(), wanted.who.clone()?)))
        .collect();
    let selection = config.selection();
    let shown = config.shown();
    let read = shown.as_ref().unwrap_or(&selection);
    let tunnels = wanted
        .iter()
        .filter(|(_, wanted)| wanted.target.is_none() && reads_tunnels(wanted, read))
        .map(|(number, _)| *number)
        .collect();
    Setup {
        collectors: wanted
            .iter()
            .map(|(number, wanted)| (*number, planned(wanted, after_end)))
            .collect(),
        selection,
        shown,
        sets: cloudwatch.sets(),
        namespace: Arc::from(cloudwatch.namespace.as_str()),
        vmseries_namespace: Arc::from(cloudwatch.vmseries_namespace()),
        period,
        close_after: match remote.is_empty() {
            true => phase::of(&host, cloudwatch.phase_secs),
            false => phase::after_passes(cloudwatch.phase_secs),
        },
        series_max: cloudwatch.series_max,
        limits: Limits {
            memory_bytes: config.spool.memory_bytes + remote.len() * MEMORY_BYTES_EACH,
            // A dry run has no spool.
            disk_bytes: (!dry_run).then(|| disk_bytes(config, wanted)),
            oldest_secs: config.spool.oldest_secs,
            requests_per_second: cloudwatch.requests_per_second,
        },
        checkpoint: Duration::from_secs(config.spool.checkpoint_secs),
        correct_clock: cloudwatch.correct_clock,
        identity: config.identity.clone(),
        drain: config.drain.hook_name.clone().map(|hook| DrainPlan {
            hook,
            timeout: Duration::from_secs(config.drain.heartbeat_timeout_secs),
            rule: Rule::of(&config.drain),
            tunnels,
        }),
        remote,
        kept,
        seed: u64::from(crc32fast::hash(host.as_bytes())),
    }
}

/// `[spool] disk_bytes`, and what remote firewalls add.
pub(super) fn disk_bytes(config: &Config, wanted: &BTreeMap<usize, Wanted>) -> u64 {
    let remote = wanted.values().filter(|wanted| wanted.target.is_some());
    config.spool.disk_bytes + remote.count() as u64 * DISK_BYTES_EACH
}

fn planned(wanted: &Wanted, after_end: impl Fn(&str) -> Duration) -> Planned {
    Planned {
        name: wanted.spec.name,
        target: wanted.target.clone(),
        rhythm: Rhythm {
            period: wanted.period,
            after_end: wanted.target.as_deref().map(after_end),
        },
        published: wanted.published,
        timeout: wanted.timeout,
    }
}

/// What tells this host from its neighbours without asking anyone: on Nitro the board's asset tag is the instance id;
/// elsewhere it is a constant of the maker's. Machine ids are sometimes baked into an image, so they come after it.
fn host(config: &Config) -> String {
    let root = Root::new(&config.root);
    let read = |path: &str| root.read(path).ok().map(|text| text.trim().to_owned());
    let instance = read("/sys/devices/virtual/dmi/id/board_asset_tag");
    let others = ["/etc/machine-id", "/proc/sys/kernel/hostname"];
    config
        .identity
        .instance_id
        .clone()
        .or(instance.filter(|tag| tag.starts_with("i-")))
        .or_else(|| {
            others
                .iter()
                .filter_map(|path| read(path))
                .find(|text| !text.is_empty())
        })
        .unwrap_or_default()
}
