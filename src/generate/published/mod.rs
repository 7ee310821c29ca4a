//! What `fwmetrics run` of a configuration may send: every series with its dimensions, and for one that it does not
//! send, why not.
//!
//! Nothing is known here that is not known elsewhere: collectors and what is wanted of them come from the
//! configuration, dimension sets and names from `aggregate::label`, which names the real datums.

mod expected;
mod firewall;
mod found;
mod naming;
mod reasons;

use std::collections::BTreeSet;

use crate::aggregate::label::{Set, WantedSets};
use crate::catalogue;
use crate::config::Config;
use crate::model::alarm::{MetricId, Text};
use crate::model::dimension::OwnDimension;
use crate::model::metric::Metric;
use crate::model::selection::Selection;
use crate::model::unit::Unit;
pub use expected::Expected;
pub use firewall::Firewall;
pub use found::Found;

/// A series as CloudWatch will have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Its namespace.
    pub namespace: String,
    /// Its metric.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Its dimensions; a value that is none is found at run time: an interface, a core, a tunnel nobody named.
    pub dimensions: Vec<(&'static str, Option<Text>)>,
}

/// All that may be sent.
#[derive(Debug)]
pub struct Published {
    /// This machine first, then remote firewalls in the order of the configuration.
    pub firewalls: Vec<Firewall>,
    namespace: String,
    vmseries_namespace: String,
    wanted: WantedSets,
    selection: Selection,
    catalogue: Vec<&'static Metric>,
}

impl Published {
    /// By this configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let selection = config.selection();
        Published {
            firewalls: firewall::all(config, &selection),
            namespace: config.cloudwatch.namespace.clone(),
            vmseries_namespace: config.cloudwatch.vmseries_namespace().to_owned(),
            wanted: config.cloudwatch.sets(),
            selection,
            catalogue: catalogue::all().iter().map(|entry| entry.metric).collect(),
        }
    }

    /// Tunnels of a firewall that get series of their own.
    #[must_use]
    pub fn tunnels_max(&self) -> usize {
        self.selection.tunnels_max
    }

    /// The Auto Scaling groups, each once. A machine that does not know its own is in the one that the parameter names.
    #[must_use]
    pub fn groups(&self) -> Vec<Text> {
        let mut groups = Vec::new();
        for group in self.firewalls.iter().filter_map(|one| one.group.as_ref()) {
            if !groups.contains(group) {
                groups.push(group.clone());
            }
        }
        groups
    }

    /// The firewalls of a group.
    pub fn members<'a>(&'a self, group: &'a Text) -> impl Iterator<Item = &'a Firewall> {
        let all = self.firewalls.iter();
        all.filter(move |one| one.group.as_ref() == Some(group))
    }

    /// Firewalls that may stand alone: those that the configuration puts into no group.
    pub fn alone(&self) -> impl Iterator<Item = &Firewall> {
        let all = self.firewalls.iter();
        all.filter(|one| one.is_read && !matches!(one.group, Some(Text::Fixed(_))))
    }

    /// Firewalls that the configuration puts into a group.
    pub fn grouped(&self) -> impl Iterator<Item = &Firewall> {
        let all = self.firewalls.iter();
        all.filter(|one| one.is_read && matches!(one.group, Some(Text::Fixed(_))))
    }

    /// Names of active/passive pairs.
    #[must_use]
    pub fn pairs(&self) -> BTreeSet<&str> {
        let read = self.firewalls.iter().filter(|one| one.is_read);
        read.filter_map(|one| one.pair.as_deref()).collect()
    }

    /// The firewalls of a pair.
    pub fn pair<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Firewall> {
        let all = self.firewalls.iter();
        all.filter(move |one| one.is_read && one.pair.as_deref() == Some(name))
    }

    /// A metric of a group.
    ///
    /// # Errors
    /// Why it is not published so.
    pub fn fleet(&self, group: &Text, name: &str) -> Result<Found, String> {
        let metric = self.metric(name)?;
        let goes = |one: &&Firewall| self.sets(one, metric, None).contains(&Set::Fleet);
        let slowest = self.members(group).filter(goes);
        match slowest.max_by_key(|one| one.every_secs(metric, None)) {
            Some(one) => self.found(one, metric, None, Set::Fleet),
            None => Err(self.why_not(&self.members(group).collect::<Vec<_>>(), metric, Set::Fleet)),
        }
    }

    /// A metric of one firewall.
    ///
    /// # Errors
    /// Why it is not published so.
    pub fn own(&self, firewall: &Firewall, name: &str) -> Result<Found, String> {
        let metric = self.metric(name)?;
        if self.sets(firewall, metric, None).contains(&Set::Instance) {
            return self.found(firewall, metric, None, Set::Instance);
        }
        Err(self.why_not(&[firewall], metric, Set::Instance))
    }

    /// The series of a metric that has this value of its own dimension: of a firewall, or for tunnels of a pair.
    ///
    /// # Errors
    /// Why it is not published so.
    pub fn detail(
        &self,
        firewall: &Firewall,
        name: &str,
        own: (OwnDimension, &str),
    ) -> Result<Found, String> {
        let metric = self.metric(name)?;
        let own = Some((own.0, own.1.to_owned()));
        if self.sets(firewall, metric, own.clone()) == [Set::Detail] {
            return self.found(firewall, metric, own, Set::Detail);
        }
        Err(self.why_not(&[firewall], metric, Set::Detail))
    }

    fn metric(&self, name: &str) -> Result<&'static Metric, String> {
        let mut all = self.catalogue.iter();
        let known = all.find(|metric| metric.name == name).copied();
        known.ok_or_else(|| reasons::unknown(name))
    }

    /// The dimension sets that a series of this firewall goes out in.
    fn sets(
        &self,
        firewall: &Firewall,
        metric: &'static Metric,
        own: Option<(OwnDimension, String)>,
    ) -> Vec<Set> {
        let emitted = match &own {
            Some((dimension, _)) => {
                metric.detail.dimension() == Some(*dimension)
                    && firewall.fine.contains(metric)
                    && self.selection.fine(metric)
            }
            None => firewall.coarse.contains(metric) && self.selection.coarse(metric),
        };
        match emitted {
            true => naming::sets(firewall, metric, own, self.wanted),
            false => Vec::new(),
        }
    }

    fn found(
        &self,
        firewall: &Firewall,
        metric: &'static Metric,
        own: Option<(OwnDimension, String)>,
        set: Set,
    ) -> Result<Found, String> {
        let every_secs = firewall.every_secs(metric, own.as_ref());
        let (name, _, dimensions) = naming::named(firewall, metric, own, set)
            .ok_or_else(|| reasons::nameless(metric.name))?;
        let dimensions = dimensions.into_iter();
        let id = MetricId {
            namespace: self.namespace_of(set).to_owned(),
            name,
            dimensions: dimensions
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
        };
        Ok(Found { id, every_secs })
    }

    fn namespace_of(&self, set: Set) -> &str {
        match set.is_vmseries() {
            true => &self.vmseries_namespace,
            false => &self.namespace,
        }
    }

    /// Every series, each once, by name and dimensions.
    #[must_use]
    pub fn series(&self) -> Vec<Series> {
        let mut all = Vec::new();
        for firewall in &self.firewalls {
            let coarse = firewall.coarse.iter().map(|metric| (*metric, None));
            let fine = firewall.fine.iter().flat_map(|metric| {
                let values = firewall.values(metric).into_iter();
                values.map(|own| (*metric, Some(own)))
            });
            for (metric, own) in coarse.chain(fine) {
                for set in self.sets(firewall, metric, own.clone()) {
                    let named = naming::named(firewall, metric, own.clone(), set);
                    let Some((name, unit, dimensions)) = named else {
                        continue;
                    };
                    all.push(Series {
                        namespace: self.namespace_of(set).to_owned(),
                        name: name.into_owned(),
                        unit,
                        dimensions,
                    });
                }
            }
        }
        all.sort_by(|a, b| key(a).cmp(&key(b)));
        all.dedup();
        all
    }
}

fn key(series: &Series) -> (&str, &str, &[(&'static str, Option<Text>)]) {
    (&series.namespace, &series.name, &series.dimensions)
}

#[cfg(test)]
mod tests;
