//! One firewall as far as the configuration knows it: who it is, and what is read of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::expected::{self, Expected};
use crate::aggregate::window::Target;
use crate::catalogue::Platform;
use crate::config::{Config, Wanted};
use crate::model::alarm::{Parameter, Text};
use crate::model::dimension::{FIREWALL, INSTANCE_ID, OwnDimension, legal_value};
use crate::model::identity::{Group, Who};
use crate::model::metric::Metric;
use crate::model::names::{CAPACITY_UTILIZATION, DATAPLANE_CPU_UTILIZATION};
use crate::model::selection::Selection;
use crate::self_metrics::{self, COLLECTOR_DURATION_METRIC, COLLECTOR_UP_METRIC};

/// Stands for a value that is found at run time.
pub(super) const FOUND: &str = "\u{1}found";

/// A firewall.
#[derive(Debug)]
pub struct Firewall {
    /// `None` is this machine.
    pub target: Target,
    /// By which its metrics are known.
    pub platform: Platform,
    /// `InstanceId`, or `Firewall` where a remote one has none, and its value.
    pub instance: (&'static str, Text),
    /// Its group; a parameter where this machine finds it out itself, and then it may be in none.
    pub group: Option<Text>,
    /// Its pair.
    pub pair: Option<String>,
    /// Some collector reads it; of this machine there are self metrics all the same.
    pub is_read: bool,
    /// Collectors that read it and publish something, and whether somebody named them.
    pub collectors: Vec<(&'static str, bool)>,
    /// Tunnels and peers that the user names, as their series are called.
    pub expected: Vec<Expected>,
    /// Readings of its dataplane's CPU in five minutes; none where nothing reads it.
    pub cpu_readings: Option<u32>,
    /// The configuration lets it speak for its group.
    pub serves: bool,
    pub(super) reads_cpu: bool,
    /// Seconds between readings, by collector.
    every: Vec<(&'static str, &'static Metric, u32)>,
    /// What of it could have coarse series, and what fine ones, were all selected.
    pub(super) coarse: BTreeSet<&'static Metric>,
    pub(super) fine: BTreeSet<&'static Metric>,
}

impl Firewall {
    /// What it is called in a file.
    #[must_use]
    pub fn scope(&self) -> Text {
        match &self.target {
            Some(name) => Text::Fixed(name.to_string()),
            None => self.instance.1.clone(),
        }
    }

    /// Seconds between readings of a series, the longest where several collectors bring it; 0 where none does.
    pub(super) fn every_secs(&self, metric: &Metric, own: Option<&(OwnDimension, String)>) -> u32 {
        // Made of the others whenever the CPU is read.
        let source = match *metric == CAPACITY_UTILIZATION {
            true => &DATAPLANE_CPU_UTILIZATION,
            false => metric,
        };
        let by = own.and_then(|(own, name)| self.reader(*own, name));
        let read = self.every.iter();
        let read = read.filter(|(of, read, _)| *read == source && by.is_none_or(|by| by == *of));
        read.map(|(.., secs)| *secs).max().unwrap_or(0)
    }

    /// The collector of a series that the user names, or that is about a collector.
    fn reader(&self, own: OwnDimension, name: &str) -> Option<&str> {
        if own == OwnDimension::Collector {
            let mut all = self.collectors.iter().map(|(known, _)| *known);
            return all.find(|known| *known == name);
        }
        let mut named = self.expected.iter();
        let one = named.find(|one| one.own == own && one.name == name)?;
        Some(one.by.name)
    }

    /// The values of the metric's own dimension that are known, and the mark of those found at run time.
    pub(super) fn values(&self, metric: &Metric) -> Vec<(OwnDimension, String)> {
        let Some(dimension) = metric.detail.dimension() else {
            return Vec::new();
        };
        if dimension == OwnDimension::Collector {
            let names = self.collectors.iter();
            return names
                .map(|(name, _)| (dimension, (*name).to_owned()))
                .collect();
        }
        let known = self.expected.iter().filter(|one| one.own == dimension);
        let known = known.filter(|one| one.by.metrics().any(|own| own == metric));
        let names = known.map(|one| one.name.clone());
        let found = std::iter::once(FOUND.to_owned());
        names.chain(found).map(|name| (dimension, name)).collect()
    }
}

/// This machine, then the remote ones.
pub(super) fn all(config: &Config, selection: &Selection) -> Vec<Firewall> {
    let wanted = config.collectors();
    let mut targets: Vec<Target> = vec![None];
    for target in wanted.iter().map(|one| &one.target) {
        if !targets.contains(target) {
            targets.push(target.clone());
        }
    }
    let of = |target: &Target| {
        let own: Vec<&Wanted> = wanted.iter().filter(|one| one.target == *target).collect();
        match own.iter().find_map(|one| one.who.as_ref()) {
            Some(who) => remote(target, who, &own),
            None => local(config, &own),
        }
    };
    let mut firewalls: Vec<Firewall> = targets.iter().map(of).collect();
    for firewall in &mut firewalls {
        // What is derived of the CPU.
        if firewall.reads_cpu && selection.coarse(&CAPACITY_UTILIZATION) {
            firewall.coarse.insert(&CAPACITY_UTILIZATION);
        }
    }
    firewalls
}

fn local(config: &Config, own: &[&Wanted]) -> Firewall {
    let identity = &config.identity;
    let legal = |text: &Option<String>| text.as_deref().and_then(legal_value);
    let given =
        |value: Option<String>, parameter| value.map_or(Text::Given(parameter), Text::Fixed);
    let group = given(
        legal(&identity.auto_scaling_group),
        Parameter::AutoScalingGroup,
    );
    let mut firewall = Firewall {
        instance: (
            INSTANCE_ID,
            given(legal(&identity.instance_id), Parameter::InstanceId),
        ),
        group: (!own.is_empty()).then_some(group),
        pair: legal(&identity.ha_group),
        serves: identity.in_service != Some(false),
        ..bare(None, Platform::Linux, own)
    };
    for metric in own.iter().flat_map(|one| one.spec.metrics()) {
        firewall.takes(metric);
    }
    let of_target: BTreeSet<&Metric> = self_metrics::OF_TARGET.iter().copied().collect();
    for metric in self_metrics::ALL {
        if firewall.is_read || !of_target.contains(metric) {
            firewall.takes(metric);
        }
    }
    firewall
}

fn remote(target: &Target, who: &Who, own: &[&Wanted]) -> Firewall {
    let by_name = || (FIREWALL, target.as_deref().unwrap_or_default().to_owned());
    let instance = who.instance.as_ref().map_or_else(by_name, |dimension| {
        let name = match &dimension.name {
            Cow::Borrowed(name) if *name == FIREWALL => FIREWALL,
            _ => INSTANCE_ID,
        };
        (name, dimension.value.clone())
    });
    let mut firewall = Firewall {
        instance: (instance.0, Text::Fixed(instance.1)),
        group: match &who.group {
            Group::Known(name) => Some(Text::Fixed(name.clone())),
            Group::Unread | Group::None => None,
        },
        pair: who.ha_group.clone(),
        serves: who.in_service,
        ..bare(target.clone(), Platform::PanOs, own)
    };
    for one in own {
        let metrics = one.spec.metrics();
        for metric in metrics.filter(|metric| one.wanted.contains(metric.name)) {
            firewall.takes(metric);
        }
    }
    for metric in self_metrics::OF_TARGET {
        firewall.takes(metric);
    }
    firewall
}

/// What both kinds have.
fn bare(target: Target, platform: Platform, own: &[&Wanted]) -> Firewall {
    let published = own.iter().filter(|one| one.published);
    let cpu = own.iter().find(|one| one.reads(&DATAPLANE_CPU_UTILIZATION));
    Firewall {
        instance: (INSTANCE_ID, Text::Fixed(String::new())),
        group: None,
        pair: None,
        is_read: !own.is_empty(),
        collectors: published
            .map(|one| (one.spec.name, one.is_named()))
            .collect(),
        expected: expected::of(own),
        cpu_readings: cpu.map(|one| readings(one, target.is_some())),
        serves: false,
        reads_cpu: cpu.is_some(),
        every: own.iter().flat_map(|one| every(one)).collect(),
        coarse: BTreeSet::new(),
        fine: BTreeSet::new(),
        target: target.as_deref().map(Arc::from),
        platform,
    }
}

/// What a collector brings, and so often; that it works shows in each pass.
fn every(one: &Wanted) -> Vec<(&'static str, &'static Metric, u32)> {
    let secs = |every: Duration| u32::try_from(every.as_secs()).unwrap_or(u32::MAX);
    let up = (one.spec.name, &COLLECTOR_UP_METRIC, secs(one.period));
    let read = one.spec.metrics();
    let read = read.filter_map(|metric| Some((one.spec.name, metric, secs(one.every(metric)?))));
    read.chain([up]).collect()
}

/// Readings of the dataplane's CPU in five minutes: one a pass, of a remote firewall one a second of up to a minute.
fn readings(cpu: &Wanted, is_remote: bool) -> u32 {
    let period = u32::try_from(cpu.period.as_secs())
        .unwrap_or(u32::MAX)
        .max(1);
    let each = if is_remote { period.min(60) } else { 1 };
    (300 * each / period).max(1)
}

impl Firewall {
    fn takes(&mut self, metric: &'static Metric) {
        let fine_only = [&COLLECTOR_UP_METRIC, &COLLECTOR_DURATION_METRIC].contains(&metric);
        if !fine_only || !self.collectors.is_empty() {
            self.coarse.insert(metric);
            self.fine.insert(metric);
        }
    }
}
