//! What EC2 allows the instance: packets over its limits, and connections still to be had, from the ENA driver's
//! statistics.
//!
//! EC2 counts per interface and limits per instance: the counters are summed, of the connections that are left the
//! smallest number is taken.
//!
//! Each reading is a command to the device, over the driver's admin queue and under the kernel's configuration lock,
//! so it is made every 10 s: counters lose nothing by it, and connections are seen six times a minute.

pub mod baseline;
pub mod metrics;
mod system;
pub mod wire;

use std::io::{self, ErrorKind};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::ethtool::{Answer, Ethtool, Kernel, Statistics, TEXT_BYTES};
use crate::host::files::Root;
use crate::host::state::StateDir;
use crate::model::reading::{Raw, Reading, Readings, Record};
use crate::model::schema::{Key, KeyKind};

use baseline::{Baseline, Machine};
use system::Interface;
use wire::Allowances;

/// The `ena` collector.
pub static SPEC: Spec = Spec {
    name: "ena",
    about: "EC2's allowances of bandwidth, packets and connections, from the ENA driver's statistics",
    readings: &[
        &metrics::BW_IN_EXCEEDED,
        &metrics::BW_OUT_EXCEEDED,
        &metrics::PPS_EXCEEDED,
        &metrics::CONNTRACK_EXCEEDED,
        &metrics::LINK_LOCAL_EXCEEDED,
        &metrics::CONNTRACK_UTILIZATION,
    ],
    fine_series: "none",
    sample_secs: Some(10),
    timeout_secs: 5,
    on_demand: false,
    keys: &[Key::new(
        "drivers",
        KeyKind::TextList(check_driver),
        "[\"ena\"]",
        "Drivers whose interfaces are read; of any driver's statistics the allowances are taken, by their names in the ENA driver.",
    )],
    remote: None,
    build,
};

/// The readings of [`wire::EXCEEDED`], in its order.
static EXCEEDED: [&Reading; wire::EXCEEDED.len()] = [
    &metrics::BW_IN_EXCEEDED,
    &metrics::BW_OUT_EXCEEDED,
    &metrics::PPS_EXCEEDED,
    &metrics::CONNTRACK_EXCEEDED,
    &metrics::LINK_LOCAL_EXCEEDED,
];

fn check_driver(text: &str) -> Result<(), String> {
    if text.is_empty() || text.contains(['/', '*', ' ']) {
        return Err("a driver's name, such as \"ena\"".to_owned());
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Settings {
    drivers: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            drivers: vec!["ena".to_owned()],
        }
    }
}

struct Ena {
    root: Root,
    state: StateDir,
    timeout: Duration,
    drivers: Vec<String>,
    ethtool: Box<dyn Ethtool>,
    baseline: Baseline,
    /// The state directory was asked and answered: before that nothing is stored over what it may hold.
    restored: bool,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    build_with(table, context, Box::new(Kernel::default()))
}

/// The collector, asking `ethtool` instead of the kernel.
///
/// # Errors
/// When the table is not as the schema has it.
pub fn build_with(
    table: &toml::Table,
    context: Context,
    ethtool: Box<dyn Ethtool>,
) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    Ok(Box::new(Ena {
        root: context.root,
        state: context.state,
        timeout: context.timeout,
        drivers: settings.drivers,
        ethtool,
        baseline: Baseline::default(),
        restored: false,
    }))
}

#[async_trait]
impl Collector for Ena {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        let interfaces = system::interfaces(&self.root, &self.drivers)?;
        let (mut available, mut failed, mut answered) = (Vec::new(), Vec::new(), false);
        // Each has its share of the pass: one that hangs is named, and takes none of the others', nor the disk's.
        let shares = u32::try_from(interfaces.len()).unwrap_or(u32::MAX).max(1);
        let share = self.timeout * 8 / 10 / shares;
        for interface in &interfaces {
            let name = &interface.name;
            match self.ethtool.statistics(name, share).await {
                Ok(Answer::Read(statistics)) => {
                    answered = true;
                    match record_allowances(out, interface, &statistics) {
                        Ok(left) => available.extend(left),
                        Err(why) => failed.push(why),
                    }
                }
                Ok(Answer::NoStatistics) => {
                    answered = true;
                    out.note(format!("the driver of {name} has no statistics"));
                }
                Ok(Answer::NoInterface) => out.note(format!(
                    "{name} is not in this process's network namespace: its statistics are not read"
                )),
                Err(error) => failed.push(format!("cannot read the statistics of {name}: {error}")),
            }
        }
        if let Some(available) = available.into_iter().min() {
            self.utilization(out, available).await;
        }
        match failed.is_empty() {
            true if answered => Ok(()),
            true => Err(CollectError::Absent(format!(
                "no interface of driver {} is in this process's network namespace",
                self.drivers.join(", ")
            ))),
            false => Err(CollectError::Failed(failed.join("; "))),
        }
    }
}

impl Ena {
    async fn utilization(&mut self, out: &mut Readings, available: u64) {
        let machine = system::machine(&self.root);
        if machine.uptime_secs.is_none() {
            out.note(
                "no /proc/uptime: ConntrackAllowanceUtilization stays out of CapacityUtilization",
            );
        }
        if !self.restored {
            self.restore(&machine, out).await;
        }
        let verdict = self.baseline.see(&machine, available);
        if verdict.largest == 0 {
            out.note("no connections were ever seen available: no ConntrackAllowanceUtilization");
        } else {
            let percent = 100.0 * (1.0 - as_f64(available) / as_f64(verdict.largest));
            let record = Record::new(&metrics::CONNTRACK_UTILIZATION, Raw::Level(percent));
            out.push(record.provisional(!verdict.proven));
        }
        if let Some(bytes) = self.baseline.to_store().filter(|_| self.restored) {
            match patiently(self.timeout, self.state.store(baseline::FILE, bytes)).await {
                Ok(()) => self.baseline.stored(),
                Err(error) => out.note(format!(
                    "cannot keep {}: {error}; after a restart ConntrackAllowanceUtilization starts anew",
                    self.state.path().join(baseline::FILE).display()
                )),
            }
        }
    }

    /// Takes in what an earlier run kept; a file that says nothing is as good as none, one that cannot be read now is
    /// tried again.
    async fn restore(&mut self, machine: &Machine, out: &mut Readings) {
        let loaded = patiently(self.timeout, self.state.load(baseline::FILE)).await;
        let file = self.state.path().join(baseline::FILE);
        let file = file.display();
        // Too long to be ours is a content, and no failure to read.
        let unread = |error: &io::Error| error.kind() != ErrorKind::InvalidData;
        self.restored = !loaded.as_ref().is_err_and(unread);
        match loaded.map(|bytes| bytes.map(|bytes| Baseline::restore(&bytes))) {
            Ok(None) => {}
            Ok(Some(Ok(earlier))) => self.baseline.absorb(earlier, machine),
            Ok(Some(Err(why))) => out.note(format!("cannot use {file}: {why}; it is made anew")),
            Err(error) => out.note(format!(
                "cannot read {file}: {error}; until it can be read, ConntrackAllowanceUtilization is against the most seen since start, and nothing is kept"
            )),
        }
    }
}

/// A dead disk must not use up the pass: a collector that its deadline cuts off is built anew, and would forget the most
/// it has seen.
async fn patiently<T>(
    timeout: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let late = |_| io::Error::new(ErrorKind::TimedOut, "the disk does not answer");
    let done = tokio::time::timeout(timeout / 12, work).await;
    done.map_err(late)?
}

/// Records an interface's counters; hands out the connections that are left, where the driver tells them.
fn record_allowances(
    out: &mut Readings,
    interface: &Interface,
    read: &Statistics,
) -> Result<Option<u64>, String> {
    let pairs = wire::statistics(&read.names, &read.values, TEXT_BYTES);
    let allowances = Allowances::of(pairs);
    let of = format!(
        "{} (driver {} {})",
        interface.name, read.driver, read.version
    );
    if allowances.is_unanswered() {
        return Err(format!(
            "the allowances of {of} are all 0: the device did not answer its driver"
        ));
    }
    if allowances.is_empty() {
        out.note(format!(
            "{of} tells no allowances: Amazon's driver does from 2.2.10 on, connections left from 2.8.1 on"
        ));
        return Ok(None);
    }
    let missing: Vec<&str> = allowances.missing().collect();
    if !missing.is_empty() {
        let hint = match missing[..] {
            [wire::AVAILABLE] => ": Amazon's driver does from 2.8.1 on, on Nitro instances",
            _ => "",
        };
        out.note(format!("{of} does not tell {}{hint}", missing.join(", ")));
    }
    for (reading, total) in EXCEEDED.into_iter().zip(allowances.exceeded) {
        if let Some(total) = total {
            let record = Record::new(reading, Raw::Total(total));
            out.push(record.member(interface.member.clone()));
        }
    }
    Ok(allowances.available)
}

#[allow(clippy::cast_precision_loss)] // connections stay far below 2^53
fn as_f64(number: u64) -> f64 {
    number as f64
}
