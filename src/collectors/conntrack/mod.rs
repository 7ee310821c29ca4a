//! The session tables of the kernel's connection tracking: of the process's own network namespace, always, and of
//! those that `netns` names.
//!
//! Count and limit are world-readable sysctls; no capability is needed for the own namespace. The count is per
//! namespace, the limit one number for the host. Each namespace is an origin: `ActiveSessions` is the sum,
//! `SessionTableUtilization` the fullest. An own namespace without connection tracking is no fault while another has it.

pub mod metrics;
pub mod nft;
pub mod wire;

mod counter;
mod named;
mod namespaces;
mod pidfile;
mod settings;
mod table;

use std::io::ErrorKind;
use std::time::Duration;

use async_trait::async_trait;

use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::files::{self, FileId, Root};
use crate::model::reading::Readings;
use crate::model::schema::{Key, KeyKind};

use counter::NewSessions;
use namespaces::Namespace;
use nft::CounterName;
use settings::Settings;
use table::{Table, failed};

/// The `conntrack` collector.
pub static SPEC: Spec = Spec {
    name: "conntrack",
    about: "The session tables of network namespaces, from nf_conntrack's sysctls and /proc/net/stat, and a counter of nftables",
    readings: &[
        &metrics::ENTRIES,
        &metrics::UTILIZATION,
        &metrics::FAILURES,
        &metrics::NEW_SESSIONS,
    ],
    fine_series: "none",
    sample_secs: Some(1),
    timeout_secs: 1,
    on_demand: false,
    keys: &[
        Key::new(
            "netns",
            KeyKind::TextList(settings::check_entry),
            "[]",
            "Network namespaces to read beside the own: a name in /run/netns (needs the drop-in netns.conf) or the absolute path of the PID file of a process in it (needs no capability, but the drop-in netns-pid.conf), such as [\"dataplane\", \"/run/firewall.pid\"].",
        ),
        Key::new(
            "new_sessions_counter",
            KeyKind::Text(settings::check_counter),
            "",
            "Family, table and name of the nftables counter on `ct state new`, such as \"inet filter new_flows\", for NewSessionsPerSecond (needs the drop-in nft.conf). Looked for in the own namespace and in those that netns names, not in those of PID files.",
        )
        .example("\"inet filter new_flows\""),
    ],
    remote: None,
    build,
};

const COUNT: &str = "/proc/sys/net/netfilter/nf_conntrack_count";
const MAX: &str = "/proc/sys/net/netfilter/nf_conntrack_max";
const STAT: &str = "/proc/net/stat/nf_conntrack";

struct Conntrack {
    root: Root,
    timeout: Duration,
    namespaces: Vec<Namespace>,
    new_sessions: Option<NewSessions>,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    let counter = settings.new_sessions_counter.as_deref();
    let counter = counter.map(CounterName::parse).transpose()?;
    let namespaces = settings
        .netns
        .into_iter()
        .map(|text| Namespace::new(text, context.root.clone(), counter.is_some()));
    Ok(Box::new(Conntrack {
        namespaces: namespaces.collect::<Result<_, _>>()?,
        root: context.root,
        timeout: context.timeout,
        new_sessions: counter.map(NewSessions::new),
    }))
}

#[async_trait]
impl Collector for Conntrack {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        let wait = self.wait();
        let mut faults = Vec::new();
        let own = self.own(out, &mut faults);
        let there = own.is_some() || !faults.is_empty();
        let max = self.max(there, out, &mut faults);
        if let Some(own) = &own {
            table::record(out, own, max, None);
        }
        let own = own.and_then(|own| own.id);
        let others = namespaces::read_all(&mut self.namespaces, out, max, own, wait).await;
        faults.extend(others.failed);
        if there {
            // The module is loaded, so its files should be there.
            faults.extend(others.absent);
        } else {
            others.absent.into_iter().for_each(|why| out.note(why));
        }
        let mut counted = false;
        if let Some(new_sessions) = &mut self.new_sessions {
            let found = new_sessions.count(&mut self.namespaces, own, out, wait);
            match found.await {
                Ok(()) => counted = true,
                Err(why) => faults.push(why),
            }
        }
        if !faults.is_empty() {
            return Err(CollectError::Failed(faults.join("; ")));
        }
        let nothing = format!(
            "no {}: the nf_conntrack module is not loaded",
            self.root.path(COUNT).display()
        );
        if !there && others.read == 0 && !counted {
            return Err(CollectError::Absent(nothing));
        }
        if !there {
            out.note(nothing);
        }
        Ok(())
    }
}

impl Conntrack {
    /// What one wait may hold up a pass: all of them together half its deadline.
    fn wait(&self) -> Duration {
        let waits = u32::try_from(2 * self.namespaces.len() + 1).unwrap_or(u32::MAX);
        self.timeout / 2 / waits
    }

    /// The process's own table; `None` where there is none, or its count could not be read.
    fn own(&self, out: &mut Readings, faults: &mut Vec<String>) -> Option<Table> {
        let (entries, _) = kept(self.read(COUNT, wire::number), faults)?;
        let stat = self.read(STAT, wire::stat);
        if matches!(stat, Ok(None)) {
            out.note("no /proc/net/stat/nf_conntrack (CONFIG_NF_CONNTRACK_PROCFS): no SessionAllocFailures");
        }
        let stat = kept(stat, faults);
        Some(Table {
            entries,
            id: stat.as_ref().map(|(_, id)| *id),
            failures: stat.map(|(stat, _)| stat.failures),
        })
    }

    /// The limit, one for the host; `None` where there is none.
    fn max(&self, there: bool, out: &mut Readings, faults: &mut Vec<String>) -> Option<u64> {
        let read = self.read(MAX, wire::number);
        if there && matches!(read, Ok(None)) {
            out.note("no nf_conntrack_max: no utilization");
        }
        let (max, _) = kept(read, faults)?;
        if max == 0 {
            out.note("nf_conntrack_max is 0: the table has no limit, so no utilization");
        }
        Some(max)
    }

    /// A file of numbers; `None` where it is not there.
    fn read<T>(
        &self,
        path: &str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Option<(T, FileId)>, CollectError> {
        let shown = self.root.path(path);
        let file = match self.root.open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| failed("read", &shown, &error))?,
        };
        let read = || Ok((files::text(&file)?, FileId::of_open(&file)?));
        let (text, id) = read().map_err(|error: std::io::Error| failed("read", &shown, &error))?;
        let parsed = parse(&text).map_err(|why| failed("parse", &shown, &why))?;
        Ok(Some((parsed, id)))
    }
}

/// What was read; a fault is gathered, so that the pass goes on.
fn kept<T>(read: Result<Option<T>, CollectError>, faults: &mut Vec<String>) -> Option<T> {
    read.unwrap_or_else(|error| {
        faults.push(error.to_string());
        None
    })
}
