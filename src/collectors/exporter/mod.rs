//! What fwmetrics itself costs: its own memory and CPU, from sysinfo (this process, whatever the root).

pub mod metrics;

use async_trait::async_trait;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::collector::{CollectError, Collector, Context, Spec};
use crate::model::reading::{Raw, Readings, Record};

/// The `exporter` collector.
pub static SPEC: Spec = Spec {
    name: "exporter",
    about: "Memory and CPU of fwmetrics itself",
    readings: &[&metrics::MEMORY, &metrics::CPU],
    fine_series: "none",
    sample_secs: Some(1),
    timeout_secs: 1,
    on_demand: true,
    keys: &[],
    remote: None,
    build,
};

struct Exporter {
    system: System,
    pid: Pid,
    /// sysinfo's CPU share is against the refresh before: the first one is none.
    seeded: bool,
}

fn build(_: &toml::Table, _: Context) -> Result<Box<dyn Collector>, String> {
    Ok(Box::new(Exporter {
        system: System::new().map_err(|e| e.to_string())?,
        pid: Pid::from_u32(std::process::id()),
        seeded: false,
    }))
}

#[async_trait]
impl Collector for Exporter {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[self.pid]),
            false,
            ProcessRefreshKind::nothing().with_memory().with_cpu(),
        );
        let process = self
            .system
            .process(self.pid)
            .ok_or_else(|| CollectError::Failed("this process is not in /proc".to_owned()))?;
        #[allow(clippy::cast_precision_loss)] // memory stays far below 2^53 bytes
        let memory = process.memory() as f64;
        out.push(Record::new(&metrics::MEMORY, Raw::Level(memory)));
        if self.seeded {
            let cpu = f64::from(process.cpu_usage());
            out.push(Record::new(&metrics::CPU, Raw::Level(cpu)));
        }
        self.seeded = true;
        Ok(())
    }
}
