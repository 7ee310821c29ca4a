//! Memory, swap, disks, load and uptime of the machine, from sysinfo.
//!
//! The one source that does not follow `root`: sysinfo reads /proc of the process itself. Memory, swap, load and uptime
//! in a container are therefore the host's, not the container's limits (unless the container engine puts files of its
//! own over /proc, as LXC does); the file systems are those mounted in the container.

mod disks;
pub mod metrics;
mod mounts;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use glob::Pattern;
use serde::Deserialize;
use sysinfo::{MemoryRefreshKind, System};

use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::model::reading::{Raw, Reading, Readings, Record};
use crate::model::schema::{Key, KeyKind};

use disks::{Look, select};

/// The `host` collector. A pass reads all five, whichever are enabled; it takes well under a millisecond.
pub static SPEC: Spec = Spec {
    name: "host",
    about: "Memory, swap, disks, load and uptime of this machine, whatever the root",
    readings: &[
        &metrics::MEMORY,
        &metrics::SWAP,
        &metrics::DISK,
        &metrics::LOAD,
        &metrics::UPTIME,
    ],
    fine_series: "none",
    sample_secs: Some(10),
    timeout_secs: 2,
    on_demand: true,
    keys: &[Key::new(
        "disks",
        KeyKind::Patterns,
        "[]",
        "Mount points whose fullest is DiskUtilization, such as [\"/\", \"/var/*\"]. Default: all local writable file systems but tmpfs. NFS and CIFS are never looked at.",
    )],
    remote: None,
    build,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    disks: Vec<String>,
}

struct Host {
    /// For the disks: below the pass's own deadline, so that the error names them.
    disks_within: Duration,
    disks: Vec<Pattern>,
    look: Look,
    other_root: bool,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let patterns = settings.disks.iter().map(|text| Pattern::new(text));
    Ok(Box::new(Host {
        disks_within: context.timeout * 9 / 10,
        disks: patterns
            .collect::<Result<_, _>>()
            .map_err(|e| e.to_string())?,
        look: Look::default(),
        other_root: context.root.path("/") != Path::new("/"),
    }))
}

#[async_trait]
impl Collector for Host {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        if self.other_root {
            out.note("reads this process's own machine, whatever `root` says");
        }
        // The disks come last: they alone may be waited for.
        let quick = [memory(out), load(out), uptime(out)];
        let all = quick.into_iter().chain([self.disks(out).await]);
        let wrong: Vec<String> = all.filter_map(Result::err).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        Err(CollectError::Failed(wrong.join("; ")))
    }
}

impl Host {
    async fn disks(&mut self, out: &mut Readings) -> Result<(), String> {
        let all = self.look.all(self.disks_within).await?;
        let mut some = false;
        for one in select(&all, &self.disks) {
            if let Some(percent) = one.utilization() {
                let record = Record::new(&metrics::DISK, Raw::Level(percent));
                out.push(record.member(one.mount_point.to_string_lossy()));
                some = true;
            }
        }
        if !some {
            out.note(if self.disks.is_empty() {
                "no local writable file system: no DiskUtilization"
            } else {
                "no file system with a size is mounted where [collectors.host] disks says: no DiskUtilization"
            });
        }
        Ok(())
    }
}

fn memory(out: &mut Readings) -> Result<(), String> {
    // Made anew each time: a refresh that fails would leave the old numbers.
    let mut system = System::new().map_err(|e| e.to_string())?;
    system.refresh_memory_specifics(MemoryRefreshKind::everything());
    let percent = utilization(system.total_memory(), system.available_memory())
        .ok_or("cannot read MemTotal of /proc/meminfo")?;
    level(out, &metrics::MEMORY, percent);
    match utilization(system.total_swap(), system.free_swap()) {
        Some(percent) => level(out, &metrics::SWAP, percent),
        None => out.note("no swap on this machine: no SwapUtilization"),
    }
    Ok(())
}

fn load(out: &mut Readings) -> Result<(), String> {
    let load = System::load_average().map_err(|e| format!("cannot read /proc/loadavg: {e}"))?;
    level(out, &metrics::LOAD, load.one);
    Ok(())
}

fn uptime(out: &mut Readings) -> Result<(), String> {
    let secs = System::uptime().map_err(|e| format!("cannot read /proc/uptime: {e}"))?;
    #[allow(clippy::cast_precision_loss)] // far below 2^53 seconds
    level(out, &metrics::UPTIME, secs as f64);
    Ok(())
}

fn level(out: &mut Readings, reading: &'static Reading, value: f64) {
    out.push(Record::new(reading, Raw::Level(value)));
}

/// Percent of `total` that is not `available`; `None` of nothing.
#[allow(clippy::cast_precision_loss)] // bytes far below 2^53
fn utilization(total: u64, available: u64) -> Option<f64> {
    (total != 0).then(|| 100.0 * total.saturating_sub(available) as f64 / total as f64)
}
