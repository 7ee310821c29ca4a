//! `--only`: which collectors, and which command groups of remote ones.

use std::collections::BTreeSet;

use crate::collector::{Command, Group, Remote, Spec};
use crate::collectors;
use crate::commands::Failure;
use crate::config::Wanted;
use crate::model::metric::Metric;

/// A look asks what a daemon asks this seldom only when its group is named: it costs the firewall something.
const COSTLY_SECS: u64 = 300;

/// Who is passive decides about other groups' metrics, and tunnels give theirs their names.
const NEEDED_BY_OTHERS: [&str; 2] = ["ha", "tunnels"];

/// A collector, or a group of its commands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    spec: &'static Spec,
    group: Option<&'static Group>,
}

impl Named {
    /// `NAME` or `NAME:GROUP`.
    ///
    /// # Errors
    /// There is none of this name; says which there are.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let (name, group) = match text.split_once(':') {
            Some((name, group)) => (name, Some(group)),
            None => (text, None),
        };
        let known = collectors::ALL.iter().copied();
        let spec = known.clone().find(|spec| spec.name == name);
        let spec = spec.ok_or_else(|| unknown("collector", name, known.map(|spec| spec.name)))?;
        let groups = spec.remote.map_or(&[][..], |remote| remote.groups);
        let group = group.map(|word| {
            let found = groups.iter().find(|group| group.name == word);
            let names = groups.iter().map(|group| group.name);
            found.ok_or_else(|| unknown(&format!("group of {name}"), word, names))
        });
        Ok(Named {
            spec,
            group: group.transpose()?,
        })
    }

    /// Metrics that are shown because of it, opt-in or not.
    pub(super) fn metrics(&self) -> Vec<&'static Metric> {
        match self.group {
            Some(group) => group.metrics().collect(),
            None if self.spec.on_demand => self.spec.metrics().collect(),
            None => Vec::new(),
        }
    }

    pub(super) fn is(&self, wanted: &Wanted) -> bool {
        self.spec.name == wanted.spec.name
    }
}

fn unknown(what: &str, name: &str, known: impl Iterator<Item = &'static str>) -> Failure {
    let known: Vec<&str> = known.collect();
    let known = match known.is_empty() {
        true => "it has none".to_owned(),
        false => format!("there are {}", known.join(", ")),
    };
    Failure::Usage(format!("no {what} {name:?}; {known}"))
}

/// A remote firewall is asked what is named, or all that costs it little.
pub(super) fn narrow(mut wanted: Wanted, named: &[Named]) -> Wanted {
    let Some(remote) = wanted.spec.remote else {
        return wanted;
    };
    let mine = named.iter().filter(|named| named.is(&wanted));
    let groups: Vec<&Group> = mine.filter_map(|named| named.group).collect();
    if groups.is_empty() {
        let (costly, cheap): (Vec<&Command>, Vec<&Command>) =
            commands(remote).partition(|command| command.period_secs >= COSTLY_SECS);
        let cheap = names(cheap.into_iter());
        let costly = names(costly.into_iter());
        wanted
            .wanted
            .retain(|name| cheap.contains(name) || !costly.contains(name));
        return wanted;
    }
    let asked = groups.iter().flat_map(|group| group.commands);
    wanted.wanted = names(asked.copied());
    // Commands of other groups bring some of these metrics too, and are not asked for them.
    let is_named = |name: &str| groups.iter().any(|group| group.name == name);
    let others = remote.groups.iter().map(|group| group.name);
    let others: Vec<toml::Value> = others
        .filter(|name| !is_named(name) && !NEEDED_BY_OTHERS.contains(name))
        .map(toml::Value::from)
        .collect();
    wanted.table.insert("disable".to_owned(), others.into());
    wanted
}

/// What a look leaves out of a remote firewall, though it is wanted.
pub(super) fn left_out(wanted: &Wanted, named: &[Named]) -> Option<String> {
    let remote = wanted.spec.remote?;
    if named
        .iter()
        .any(|named| named.is(wanted) && named.group.is_some())
    {
        return None;
    }
    let costly = |group: &&Group| {
        let mut commands = group.commands.iter();
        commands.any(|command| {
            let mut metrics = command.metrics.iter();
            command.period_secs >= COSTLY_SECS && metrics.any(|m| wanted.wanted.contains(m.name))
        })
    };
    let groups: Vec<&str> = remote
        .groups
        .iter()
        .filter(costly)
        .map(|group| group.name)
        .collect();
    let first = groups.first()?;
    Some(format!(
        "not asked, because it costs the firewall something: {} (--only {}:{first} asks)",
        groups.join(", "),
        wanted.spec.name
    ))
}

fn commands(remote: &'static Remote) -> impl Iterator<Item = &'static Command> {
    remote
        .groups
        .iter()
        .flat_map(|group| group.commands.iter().copied())
}

fn names<'a>(commands: impl Iterator<Item = &'a Command>) -> BTreeSet<&'static str> {
    commands
        .flat_map(|command| command.metrics.iter().map(|metric| metric.name))
        .collect()
}
