//! What the kernel's packet path drops or puts off on each core, from /proc/net/softnet_stat.
//!
//! The file counts for the whole host: it is the same in every network namespace.

pub mod metrics;
pub mod wire;

use std::io::ErrorKind;

use async_trait::async_trait;

use crate::collector::{CollectError, Collector, Context, Spec};
use crate::host::files::Root;
use crate::model::reading::{Raw, Reading, Readings, Record};

/// The `softnet` collector.
pub static SPEC: Spec = Spec {
    name: "softnet",
    about: "Drops, squeezes and backlog of each core's packet path, from /proc/net/softnet_stat",
    readings: &[&metrics::DROPS, &metrics::SQUEEZES, &metrics::BACKLOG],
    fine_series: "none",
    sample_secs: Some(1),
    timeout_secs: 1,
    on_demand: false,
    keys: &[],
    remote: None,
    build,
};

const STAT: &str = "/proc/net/softnet_stat";
/// A core's backlog takes so many packets, then it drops (net/core/dev.c, enqueue_to_backlog).
const MAX_BACKLOG: &str = "/proc/sys/net/core/netdev_max_backlog";

struct Softnet {
    root: Root,
}

#[allow(clippy::unnecessary_wraps)] // the signature of every collector's builder
fn build(_: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    Ok(Box::new(Softnet { root: context.root }))
}

#[async_trait]
impl Collector for Softnet {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        let Some(cores) = self.read(STAT, wire::softnet_stat)? else {
            let path = self.root.path(STAT);
            return Err(CollectError::Absent(format!("no {}", path.display())));
        };
        record_counters(out, &cores);
        let Some(fullest) = cores.iter().filter_map(|core| core.backlog).max() else {
            out.note("this kernel does not tell the backlog's length (5.10 does): no SoftnetBacklogUtilization");
            return Ok(());
        };
        match self.read(MAX_BACKLOG, wire::number)? {
            Some(0) => out.note("netdev_max_backlog is 0: no SoftnetBacklogUtilization"),
            Some(max) => {
                // The length is that of two queues, and the limit is for the first of them.
                let percent = (f64::from(fullest) / f64::from(max) * 100.0).min(100.0);
                out.push(Record::new(&metrics::BACKLOG, Raw::Level(percent)));
            }
            None => out.note(
                "no netdev_max_backlog: only the host's own network namespace has it, and this process is in another; no SoftnetBacklogUtilization",
            ),
        }
        Ok(())
    }
}

impl Softnet {
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

fn record_counters(out: &mut Readings, cores: &[wire::Core]) {
    for (line, core) in cores.iter().enumerate() {
        let mut push = |reading: &'static Reading, total: u32| {
            out.push(
                Record::new(reading, Raw::Total(total.into())).member(match core.cpu {
                    Some(cpu) => cpu.to_string(),
                    // A core that went offline moves the lines below it up: with another number of lines every
                    // counter starts anew, else one core's total would be taken for another's.
                    None => format!("line {line} of {}", cores.len()),
                }),
            );
        };
        push(&metrics::DROPS, core.dropped);
        push(&metrics::SQUEEZES, core.squeezed);
    }
}
