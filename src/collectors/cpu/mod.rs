//! CPU time of the dataplane and of the rest, from /proc/stat.

pub mod metrics;
pub mod wire;

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Deserialize;

use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::files::Root;
use crate::model::dimension::OwnDimension;
use crate::model::reading::{Raw, Reading, Readings, Record};
use crate::model::schema::{Key, KeyKind};

/// The `cpu` collector.
pub static SPEC: Spec = Spec {
    name: "cpu",
    about: "CPU time per core, from /proc/stat",
    readings: &[
        &metrics::DATAPLANE_BUSY,
        &metrics::MANAGEMENT_BUSY,
        &metrics::STEAL,
        &metrics::SOFTIRQ,
    ],
    fine_series: "2 per core, opt-in",
    sample_secs: Some(1),
    timeout_secs: 1,
    on_demand: false,
    keys: &[Key::new(
        "cpus",
        KeyKind::Text(check_cpus),
        "",
        "The dataplane's cores, such as \"2-7\". Default: all cores; with isolated cores (poll mode) it must be given, else the dataplane's CPU is absent.",
    )
    .example("\"2-7\"")
    .pattern(r"^[0-9+,\s-]+$")],
    remote: None,
    build,
};

fn check_cpus(text: &str) -> Result<(), String> {
    match wire::cpu_list(text) {
        Ok(cores) if cores.is_empty() => Err("at least one CPU, such as \"2-7\"".to_owned()),
        Ok(_) => Ok(()),
        Err(wrong) => Err(format!("a CPU list such as \"2-7,9\" ({wrong})")),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    cpus: Option<String>,
}

struct Cpu {
    root: Root,
    cpus: Option<BTreeSet<u32>>,
    isolated: BTreeSet<u32>,
    passes: u64,
    steady: wire::Steady,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let cpus = settings.cpus.as_deref().map(wire::cpu_list).transpose()?;
    Ok(Box::new(Cpu {
        root: context.root,
        cpus,
        isolated: BTreeSet::new(),
        passes: 0,
        steady: wire::Steady::default(),
    }))
}

const STAT: &str = "/proc/stat";
/// Cores taken out of the scheduler's hands: poll-mode dataplanes keep them 100 % busy whatever the load.
const ISOLATED: [&str; 2] = [
    "/sys/devices/system/cpu/isolated",
    "/sys/devices/system/cpu/nohz_full",
];

/// Passes between two looks at them: cpusets may isolate cores at run time, seldom.
const ISOLATED_EVERY: u64 = 60;

/// Which cores are dataplane and which management.
struct Planes {
    dataplane: BTreeSet<u32>,
    management: BTreeSet<u32>,
}

#[async_trait]
impl Collector for Cpu {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        let path = self.root.path(STAT);
        let text = match self.root.read(STAT) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(CollectError::Absent(format!("no {}", path.display())));
            }
            Err(error) => {
                return Err(CollectError::Failed(format!(
                    "cannot read {}: {error}",
                    path.display()
                )));
            }
        };
        let cores = wire::proc_stat(&text).map_err(|wrong| {
            CollectError::Failed(format!("cannot parse {}: {wrong}", path.display()))
        })?;
        let online = cores.iter().map(|core| core.core).collect();
        let planes = self.planes(&online, out)?;
        for core in cores.into_iter().map(|core| self.steady.of(core)) {
            let total = core.total();
            let mut share = |reading, part| record(out, reading, core.core, part, total);
            if planes.dataplane.contains(&core.core) {
                share(&metrics::DATAPLANE_BUSY, core.busy());
            }
            if planes.management.contains(&core.core) {
                share(&metrics::MANAGEMENT_BUSY, core.busy());
            }
            share(&metrics::STEAL, core.steal());
            share(&metrics::SOFTIRQ, core.softirq());
        }
        Ok(())
    }
}

impl Cpu {
    fn planes(
        &mut self,
        online: &BTreeSet<u32>,
        out: &mut Readings,
    ) -> Result<Planes, CollectError> {
        if let Some(cpus) = &self.cpus {
            let absent: Vec<String> = cpus.difference(online).map(u32::to_string).collect();
            if absent.len() == cpus.len() {
                return Err(CollectError::Failed(format!(
                    "none of the cores in [collectors.cpu] cpus is online (missing: {})",
                    absent.join(", ")
                )));
            }
            if !absent.is_empty() {
                out.note(format!("cores of `cpus` not online: {}", absent.join(", ")));
            }
            return Ok(Planes {
                dataplane: cpus.clone(),
                management: online.difference(cpus).copied().collect(),
            });
        }
        if self.passes.is_multiple_of(ISOLATED_EVERY) {
            self.isolated = self.read_isolated()?;
        }
        self.passes += 1;
        if self.isolated.is_empty() {
            return Ok(Planes {
                dataplane: online.clone(),
                management: BTreeSet::new(),
            });
        }
        out.note(
            "isolated cores found: a poll-mode dataplane is always busy, so its CPU is absent; set [collectors.cpu] cpus if the kernel forwards on known cores",
        );
        Ok(Planes {
            dataplane: BTreeSet::new(),
            management: online.difference(&self.isolated).copied().collect(),
        })
    }

    fn read_isolated(&self) -> Result<BTreeSet<u32>, CollectError> {
        let mut all = BTreeSet::new();
        for path in ISOLATED {
            let shown = self.root.path(path);
            let failed = |verb: &str, why: &dyn std::fmt::Display| {
                CollectError::Failed(format!("cannot {verb} {}: {why}", shown.display()))
            };
            match self.root.read(path) {
                Ok(text) => all.extend(wire::cpu_list(&text).map_err(|why| failed("parse", &why))?),
                // Older kernels have none, nor those without CONFIG_NO_HZ_FULL.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed("read", &error)),
            }
        }
        Ok(all)
    }
}

fn record(out: &mut Readings, reading: &'static Reading, core: u32, part: u64, whole: u64) {
    let core = core.to_string();
    out.push(
        Record::new(reading, Raw::Part { part, whole })
            .member(core.clone())
            .own(OwnDimension::Core, core),
    );
}
