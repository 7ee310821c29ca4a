//! The session table of the kernel's connection tracking, in the process's own network namespace.
//!
//! Count and limit are world-readable sysctls; no capability is needed. The count is per namespace, the limit one
//! number for the host.

pub mod metrics;
pub mod wire;

use std::io::ErrorKind;

use async_trait::async_trait;

use crate::collector::{CollectError, Collector, Context, Spec};
use crate::host::files::Root;
use crate::model::reading::{Raw, Readings, Record};

/// The `conntrack` collector.
pub static SPEC: Spec = Spec {
    name: "conntrack",
    about: "The session table, from nf_conntrack's sysctls and /proc/net/stat",
    readings: &[&metrics::ENTRIES, &metrics::UTILIZATION, &metrics::FAILURES],
    fine_series: "none",
    sample_secs: 1,
    timeout_secs: 1,
    on_demand: false,
    keys: &[],
    build,
};

const COUNT: &str = "/proc/sys/net/netfilter/nf_conntrack_count";
const MAX: &str = "/proc/sys/net/netfilter/nf_conntrack_max";
const STAT: &str = "/proc/net/stat/nf_conntrack";

struct Conntrack {
    root: Root,
}

#[allow(clippy::unnecessary_wraps)] // the signature of every collector's builder
fn build(_: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    Ok(Box::new(Conntrack { root: context.root }))
}

#[async_trait]
impl Collector for Conntrack {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        let Some(count) = self.read(COUNT, wire::number)? else {
            return Err(CollectError::Absent(format!(
                "no {}: the nf_conntrack module is not loaded",
                self.root.path(COUNT).display()
            )));
        };
        out.push(Record::new(&metrics::ENTRIES, Raw::Level(as_f64(count))));
        match self.read(MAX, wire::number)? {
            Some(0) => out.note("nf_conntrack_max is 0: the table has no limit, so no utilization"),
            Some(max) => {
                let percent = as_f64(count) / as_f64(max) * 100.0;
                out.push(Record::new(&metrics::UTILIZATION, Raw::Level(percent)));
            }
            None => out.note("no nf_conntrack_max: no utilization"),
        }
        match self.read(STAT, wire::stat)? {
            Some(cpus) => record_failures(out, &cpus),
            None => out.note("no /proc/net/stat/nf_conntrack (CONFIG_NF_CONNTRACK_PROCFS): no SessionAllocFailures"),
        }
        Ok(())
    }
}

impl Conntrack {
    /// A file of numbers; `None` where it is not there.
    fn read<T>(
        &self,
        path: &str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, CollectError> {
        let shown = self.root.path(path);
        let failed = |verb: &str, why: &dyn std::fmt::Display| {
            CollectError::Failed(format!("cannot {verb} {}: {why}", shown.display()))
        };
        match self.root.read(path) {
            Ok(text) => parse(&text).map(Some).map_err(|why| failed("parse", &why)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &error)),
        }
    }
}

fn record_failures(out: &mut Readings, cpus: &[wire::Failures]) {
    for (cpu, failures) in cpus.iter().enumerate() {
        for (column, total) in [("drop", failures.drop), ("early_drop", failures.early_drop)] {
            let record = Record::new(&metrics::FAILURES, Raw::Total(total));
            out.push(record.member(format!("{cpu} {column}")));
        }
    }
}

#[allow(clippy::cast_precision_loss)] // entries stay far below 2^53
fn as_f64(number: u64) -> f64 {
    number as f64
}
