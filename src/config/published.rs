//! What is published, and what of it is wanted of each firewall.

use std::collections::BTreeSet;

use super::Config;
use crate::collector::{Group, Remote, Spec};
use crate::collectors;
use crate::model::metric::Metric;
use crate::model::selection::Selection;

impl Config {
    /// What is published: what `[metrics]` says, and what firewalls ask for beside it. A group in a firewall's `enable`
    /// brings the opt-in metrics that hang on it, and some keys bring their own; `[metrics] disable` has the last word.
    #[must_use]
    pub fn selection(&self) -> Selection {
        let mut selection = self.metrics.clone();
        let asked = self.firewalls().flat_map(|(_, remote, table)| {
            let enabled = remote
                .groups
                .iter()
                .filter(|group| names(table, "enable", group));
            let silent = enabled
                .flat_map(Group::metrics)
                .filter(|metric| !self.metrics.any(metric));
            silent.map(|metric| metric.name).chain((remote.asks)(table))
        });
        let disabled = |asked: &str| {
            let metric = asked.split(':').next().unwrap_or(asked);
            self.metrics.disable.contains(metric)
        };
        for asked in asked.filter(|asked| !disabled(asked)) {
            if !selection.enable.contains(asked) {
                selection.enable.insert(asked.to_owned());
            }
        }
        selection
    }

    /// With `[http]`: what `/metrics` shows, published or not. What fwmetrics costs is always among it.
    #[must_use]
    pub fn shown(&self) -> Option<Selection> {
        self.http.listen?;
        Some(with_own(self.selection()))
    }

    /// Something that reads firewalls from elsewhere, its statement, and one firewall's table: of the main file first,
    /// then of the list.
    pub(super) fn firewalls(
        &self,
    ) -> impl Iterator<Item = (&'static Spec, &'static Remote, &toml::Table)> {
        let remote = collectors::ALL.iter().filter_map(|spec| {
            let runs = !self.collectors.disable.contains(spec.name);
            spec.remote.filter(|_| runs).map(|remote| (*spec, remote))
        });
        remote.flat_map(|(spec, remote)| {
            let listed = self.collectors.listed.get(spec.name);
            let listed = listed.into_iter().flat_map(|list| &list.firewalls);
            self.written(spec)
                .chain(listed)
                .map(move |table| (spec, remote, table))
        })
    }

    /// The firewalls of this collector in the main file.
    pub(super) fn written(&self, spec: &Spec) -> impl Iterator<Item = &toml::Table> {
        let table = self.collectors.tables.get(spec.name);
        let items = table.and_then(|table| table.get(super::sections::FIREWALL)?.as_array());
        items
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_table)
    }
}

fn with_own(mut selection: Selection) -> Selection {
    for metric in collectors::exporter::SPEC.metrics() {
        selection.disable.remove(metric.name);
        selection.enable.insert(metric.name.to_owned());
    }
    selection
}

/// This list of a firewall's table names the group.
pub(super) fn names(table: &toml::Table, list: &str, group: &Group) -> bool {
    let items = table.get(list).and_then(toml::Value::as_array);
    items.is_some_and(|items| items.iter().any(|item| item.as_str() == Some(group.name)))
}

/// Which metrics of which groups somebody wants.
pub(super) struct Wishes(Vec<(&'static Group, Vec<Wish>)>);

struct Wish {
    metric: &'static Metric,
    /// `[metrics]` selects it, or `/metrics` shows it: then whatever brings it is asked.
    by_user: bool,
    /// Or some firewall asks for it: then it is taken where its group runs.
    by_any: bool,
}

impl Wishes {
    /// The wishes for this collector's metrics.
    pub(super) fn of(config: &Config, remote: &'static Remote) -> Self {
        let own = config.http.listen.is_some();
        let seen = |selection: Selection| match own {
            true => with_own(selection),
            false => selection,
        };
        let (user, any) = (seen(config.metrics.clone()), seen(config.selection()));
        let wish = |metric| Wish {
            metric,
            by_user: user.any(metric),
            by_any: any.any(metric),
        };
        let groups = remote.groups.iter();
        let wishes = groups.map(|group| (group, group.metrics().map(wish).collect()));
        Wishes(wishes.collect())
    }

    /// What is wanted of the firewall with this table.
    pub(super) fn from(&self, table: &toml::Table) -> BTreeSet<&'static str> {
        let mut wanted = BTreeSet::new();
        for (group, wishes) in &self.0 {
            if names(table, "disable", group) {
                continue;
            }
            let runs = group.on || names(table, "enable", group);
            let these = wishes
                .iter()
                .filter(|wish| wish.by_user || (runs && wish.by_any));
            wanted.extend(these.map(|wish| wish.metric.name));
        }
        wanted
    }
}
