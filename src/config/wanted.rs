//! From the configuration to the collectors that it runs: one for each source of this machine, one for each firewall.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use super::Config;
use super::published::{self, Wishes};
use super::sections::{FIREWALL, FIREWALLS_FILE};
use crate::aggregate::window::Target;
use crate::collector::{Collector, Context, Spec, passes};
use crate::collectors;
use crate::host::files::Root;
use crate::host::state::StateDir;
use crate::identity::{self, Firewall, who_of};
use crate::model::dimension::OwnDimension;
use crate::model::identity::Who;
use crate::model::metric::Metric;
use crate::model::selection::Selection;

/// A collector that this configuration runs.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it is.
    pub spec: &'static Spec,
    /// The firewall that it reads; `None` is this machine.
    pub target: Target,
    /// Who that firewall is.
    pub who: Option<Who>,
    /// Its table; of a remote one the firewall's.
    pub table: toml::Table,
    /// Time between passes.
    pub period: Duration,
    /// Deadline of a pass.
    pub timeout: Duration,
    /// Of a remote firewall: the metrics that somebody wants. Of this machine nothing is left unread, and it is empty.
    pub wanted: BTreeSet<&'static str>,
    /// Something of it is published; else it runs for `/metrics` alone.
    pub published: bool,
    tunnels_max: usize,
    is_look: bool,
    is_named: bool,
    root: Root,
    state: StateDir,
}

impl Wanted {
    /// The other would read the same in the same way: then there is no need for another collector. Whether it is
    /// published, and who the firewall is, is none of the collector's business.
    #[must_use]
    pub fn is_as(&self, other: &Wanted) -> bool {
        let tunnels = |wanted: &Wanted| wanted.chooses_tunnels().then_some(wanted.tunnels_max);
        self.spec.name == other.spec.name
            && self.target == other.target
            && (self.period, self.timeout) == (other.period, other.timeout)
            && self.root.path("/") == other.root.path("/")
            && self.state.path() == other.state.path()
            && self.is_look == other.is_look
            && tunnels(self) == tunnels(other)
            && self.wanted == other.wanted
            && self.own().eq(other.own())
    }

    /// The same for one who only looks: it keeps nothing over restarts.
    #[must_use]
    pub fn looking(mut self) -> Self {
        self.state = self.state.read_only();
        self.is_look = true;
        self
    }

    /// The same for one who watches these metrics for a while, so often: it keeps nothing over restarts either.
    #[must_use]
    pub fn watching(mut self, metrics: &[&'static str], period: Duration) -> Self {
        self.state = self.state.read_only();
        self.wanted.retain(|name| metrics.contains(name));
        self.period = period;
        self
    }

    /// Makes the collector.
    ///
    /// # Errors
    /// Names the collector and what it cannot work with.
    pub fn build(&self) -> Result<Box<dyn Collector>, String> {
        let context = Context {
            target: self.target.clone(),
            period: self.period,
            wanted: self.wanted.clone(),
            tunnels_max: self.tunnels_max,
            is_look: self.is_look,
            ..Context::local(self.root.clone(), self.timeout, self.state.clone())
        };
        (self.spec.build)(&self.table, context).map_err(|why| match &self.target {
            Some(name) => format!("[[collectors.{}.{FIREWALL}]] {name}: {why}", self.spec.name),
            None => format!("[collectors.{}]: {why}", self.spec.name),
        })
    }

    /// What it is and, of a remote one, which firewall it reads, in words.
    #[must_use]
    pub fn subject(&self) -> String {
        match &self.target {
            Some(target) => format!("{} of {target}", self.spec.name),
            None => self.spec.name.to_owned(),
        }
    }

    /// What it warns of at each start.
    #[must_use]
    pub fn warning(&self) -> Option<&'static str> {
        let remote = self.spec.remote?;
        (remote.warn)(&self.table)
    }

    /// It reads what this metric is made of, published or not: of a remote firewall only where somebody wants something
    /// of the command that brings it.
    #[must_use]
    pub fn reads(&self, metric: &Metric) -> bool {
        self.every(metric).is_some()
    }

    /// Time between two readings of what this metric is made of, the longest where several commands bring it; none
    /// where it is not read.
    #[must_use]
    pub fn every(&self, metric: &Metric) -> Option<Duration> {
        let Some(remote) = self.spec.remote else {
            let mut read = self.spec.metrics();
            return read.any(|own| own == metric).then_some(self.period);
        };
        let groups = remote.groups.iter();
        let asked = groups.filter(|group| !published::names(&self.table, "disable", group));
        let commands = asked.flat_map(|group| group.commands);
        let commands = commands.filter(|command| {
            let mut metrics = command.metrics.iter();
            command.metrics.contains(&metric) && metrics.any(|own| self.wanted.contains(own.name))
        });
        let passes = commands.map(|command| passes(command.period_secs, self.period));
        let most = passes.max()?;
        Some(self.period * u32::try_from(most).unwrap_or(u32::MAX))
    }

    /// Somebody named it: it has a table of its own.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.is_named
    }

    /// The keys that the collector itself reads.
    fn own(&self) -> impl Iterator<Item = (&String, &toml::Value)> {
        // In force with their defaults, and compared so.
        let common = ["sample_secs", "timeout_secs"];
        let identity = identity::FIREWALL.iter().map(|key| key.name);
        let identity: Vec<&str> = identity.filter(|_| self.target.is_some()).collect();
        self.table
            .iter()
            .filter(move |(key, _)| !common.contains(&key.as_str()))
            .filter(move |(key, _)| !identity.contains(&key.as_str()))
    }

    /// It asks for the details of so many tunnels and no more; of this machine all are read.
    fn chooses_tunnels(&self) -> bool {
        let tunnel = Some(OwnDimension::Tunnel);
        let readings = self.spec.readings.iter();
        let mut feeds = readings.flat_map(|reading| reading.feeds);
        self.spec.remote.is_some() && feeds.any(|feed| feed.metric.detail.dimension() == tunnel)
    }
}

impl Config {
    /// The collectors that run, in the order of the list; of a remote one as many as there are firewalls.
    #[must_use]
    pub fn collectors(&self) -> Vec<Wanted> {
        let selection = self.selection();
        let shown = self.shown();
        let shown = shown.as_ref().unwrap_or(&selection);
        // One for all: it does one piece of work at a time.
        let state = StateDir::new(&self.spool.dir);
        let mut wanted = Vec::new();
        for spec in collectors::ALL {
            let mut one = self.wanted(spec, &selection, &state);
            let Some(remote) = spec.remote else {
                if self.runs(spec, shown) {
                    wanted.push(one);
                }
                continue;
            };
            let wishes = Wishes::of(self, remote);
            let own = self.firewalls().filter(|(of, ..)| of.name == spec.name);
            wanted.extend(own.map(|(.., table)| {
                // The schema was checked.
                let firewall = Firewall::deserialize(table.clone()).unwrap_or_default();
                one.who = Some(who_of(&firewall));
                one.target = Some(Arc::from(firewall.name));
                one.wanted = wishes.from(table);
                one.table.clone_from(table);
                one.clone()
            }));
        }
        wanted
    }

    /// Only firewalls from elsewhere are read, unless `auto` says otherwise.
    #[must_use]
    pub fn is_poller(&self) -> bool {
        let remote = collectors::ALL.iter().filter(|spec| spec.remote.is_some());
        remote
            .filter_map(|spec| self.collectors.tables.get(spec.name))
            .any(|table| table.contains_key(FIREWALL) || table.contains_key(FIREWALLS_FILE))
    }

    /// A collector as its table has it.
    fn wanted(&self, spec: &'static Spec, selection: &Selection, state: &StateDir) -> Wanted {
        let table = self.collectors.tables.get(spec.name);
        let secs = |key: &str, default: i64| {
            let configured = table.and_then(|table| table.get(key)?.as_integer());
            Duration::from_secs(u64::try_from(configured.unwrap_or(default)).unwrap_or(1))
        };
        let once_a_window = self.cloudwatch.period_secs;
        Wanted {
            spec,
            target: None,
            who: None,
            period: secs("sample_secs", spec.sample_secs.unwrap_or(once_a_window)),
            timeout: secs("timeout_secs", spec.timeout_secs),
            wanted: BTreeSet::new(),
            published: needs(spec, selection),
            tunnels_max: self.metrics.tunnels_max,
            is_look: false,
            is_named: table.is_some(),
            root: Root::new(&self.root),
            state: state.clone(),
            table: match spec.remote {
                Some(_) => toml::Table::new(),
                None => table.cloned().unwrap_or_default(),
            },
        }
    }

    fn runs(&self, spec: &Spec, shown: &Selection) -> bool {
        let auto = self.collectors.auto.unwrap_or_else(|| !self.is_poller());
        let asked = auto || self.collectors.tables.contains_key(spec.name);
        asked && needs(spec, shown) && !self.collectors.disable.contains(spec.name)
    }
}

/// What runs, in words; of a remote collector how many firewalls it reads.
#[must_use]
pub fn names<'a>(wanted: impl Iterator<Item = &'a Wanted> + Clone) -> String {
    let parts = collectors::ALL.iter().filter_map(|spec| {
        let own = wanted
            .clone()
            .filter(|wanted| wanted.spec.name == spec.name);
        match (own.count(), spec.remote) {
            (0, _) => None,
            (1, Some(_)) => Some(format!("{} of 1 firewall", spec.name)),
            (count, Some(_)) => Some(format!("{} of {count} firewalls", spec.name)),
            (_, None) => Some(spec.name.to_owned()),
        }
    });
    let parts: Vec<String> = parts.collect();
    match parts.is_empty() {
        true => "none so far".to_owned(),
        false => parts.join(", "),
    }
}

fn needs(spec: &Spec, selection: &Selection) -> bool {
    !spec.on_demand || spec.metrics().any(|metric| selection.any(metric))
}
