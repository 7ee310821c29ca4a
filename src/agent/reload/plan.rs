//! From the configuration in force to another: which collectors go on, and which are built.

use std::collections::{BTreeMap, BTreeSet};

use tracing::{info, warn};

use crate::agent::core::Setup;
use crate::agent::core::kept::Kept;
use crate::agent::setup;
use crate::agent::warnings::{listed, warnings};
use crate::collector::{Collector, Spec};
use crate::config::{Config, Listed, Text, Wanted};

/// The configuration in force, and its collectors by number.
#[derive(Debug, Clone)]
pub(in crate::agent) struct Running {
    pub(in crate::agent) config: Config,
    pub(in crate::agent) wanted: BTreeMap<usize, Wanted>,
    pub(in crate::agent) dry_run: bool,
    /// The first number that was never given.
    next: usize,
}

/// A collector that is built, under its number.
pub(in crate::agent) type Built = (usize, Box<dyn Collector>);

/// A new configuration, ready to be swapped in.
pub(in crate::agent) struct Plan {
    pub(in crate::agent) running: Running,
    pub(in crate::agent) built: Vec<Built>,
    pub(in crate::agent) setup: Setup,
    pub(in crate::agent) news: News,
}

/// Changes that one line names.
const CHANGES_SHOWN: usize = 20;

/// What there is to say of a reload, once it is done.
pub(in crate::agent) struct News {
    /// What was read anew.
    of: &'static str,
    /// Keys whose new value needs a restart.
    needs_restart: Vec<&'static str>,
    /// What else is to be warned of.
    warnings: Vec<String>,
    /// What is changed, in words.
    changes: String,
}

impl Running {
    /// What runs first.
    pub(in crate::agent) fn new(config: Config, dry_run: bool) -> Self {
        let wanted: BTreeMap<usize, Wanted> = config.collectors().into_iter().enumerate().collect();
        Running {
            next: wanted.len(),
            config,
            wanted,
            dry_run,
        }
    }

    /// The collector of this number reads this machine.
    pub(super) fn is_local(&self, number: usize) -> bool {
        let wanted = self.wanted.get(&number);
        wanted.is_some_and(|wanted| wanted.target.is_none())
    }

    /// All collectors built.
    ///
    /// # Errors
    /// Names the first that cannot be, and why.
    pub(in crate::agent) fn build(&self) -> Result<Vec<Built>, String> {
        let wanted = self.wanted.iter();
        wanted
            .map(|(number, wanted)| Ok((*number, wanted.build()?)))
            .collect()
    }

    /// How to get from here to this configuration. A collector that would be the same keeps its number.
    pub(super) fn plan(&self, mut config: Config) -> Result<Plan, String> {
        let needs_restart = self.keep_fixed(&mut config);
        let mut warned = self.keep_lists(&mut config);
        let mut next = self.next;
        let mut wanted = BTreeMap::new();
        let mut built = Vec::new();
        let old = self.by_subject();
        for new in config.collectors() {
            let known = old.get(&subject(&new)).filter(|(_, old)| old.is_as(&new));
            let number = known.map_or(next, |(number, _)| *number);
            if known.is_none() {
                built.push((number, new.build()?));
                next += 1;
            }
            wanted.insert(number, new);
        }
        let is_new = |(number, _): &(&usize, &Wanted)| **number >= self.next;
        let new = wanted.iter().filter(is_new);
        warned.extend(warnings(new.map(|(_, wanted)| wanted)));
        let changes = changes(self, &config, &wanted);
        Ok(Plan {
            setup: setup::of(&config, &wanted, Kept::default(), self.dry_run),
            running: Running {
                config,
                wanted,
                dry_run: self.dry_run,
                next,
            },
            built,
            news: News {
                of: "configuration reloaded",
                needs_restart,
                warnings: warned,
                changes,
            },
        })
    }

    /// How to get from here to what this collector's `firewalls_file` holds now; `None` where that is the same.
    ///
    /// # Errors
    /// Every fault of the list, a line each.
    pub(super) fn plan_list(&self, spec: &Spec, text: &Text) -> Result<Option<Plan>, Vec<String>> {
        let config = self.config.relisted(spec, text).map_err(|faults| {
            let lines = faults.to_string();
            lines.lines().map(ToOwned::to_owned).collect::<Vec<_>>()
        })?;
        let list = |config: &Config| config.collectors.listed.get(spec.name).cloned();
        let (old, new) = (list(&self.config), list(&config));
        if old == new {
            return Ok(None);
        }
        let changes = differences(&old.unwrap_or_default(), &new.unwrap_or_default());
        let mut plan = self.plan(config).map_err(|why| vec![why])?;
        plan.news.of = "firewalls_file";
        plan.news.changes = changes;
        Ok(Some(plan))
    }

    /// A list whose file is away stays as it was: somebody is about to replace it. What there is to say of it.
    fn keep_lists(&self, config: &mut Config) -> Vec<String> {
        let mut warned = Vec::new();
        for (name, new) in &mut config.collectors.listed {
            let old = self.config.collectors.listed.get(name);
            let Some(old) = old.filter(|old| new.is_missing && !old.is_missing) else {
                continue;
            };
            warned.push(format!("firewalls_file {} {LIST_GONE}", new.file));
            *new = Listed {
                file: std::mem::take(&mut new.file),
                ..old.clone()
            };
        }
        warned
    }

    fn by_subject(&self) -> BTreeMap<Subject<'_>, (usize, &Wanted)> {
        let wanted = self.wanted.iter();
        wanted
            .map(|(number, wanted)| (subject(wanted), (*number, wanted)))
            .collect()
    }

    /// Puts back what cannot change at run time; the names of such keys.
    fn keep_fixed(&self, config: &mut Config) -> Vec<&'static str> {
        let mut kept = Vec::new();
        if config.log.format != self.config.log.format {
            config.log.format = self.config.log.format;
            kept.push("[log] format");
        }
        if config.spool.dir != self.config.spool.dir {
            config.spool.dir.clone_from(&self.config.spool.dir);
            kept.push("[spool] dir");
        }
        kept
    }
}

impl News {
    /// Logs it.
    pub(in crate::agent) fn say(&self) {
        for key in &self.needs_restart {
            warn!("{key} needs a restart: the old value stays until then");
        }
        for warning in &self.warnings {
            warn!("{warning}");
        }
        info!("{}: {}", self.of, self.changes);
    }
}

/// Said of a `firewalls_file` that was there and is not any more.
pub(super) const LIST_GONE: &str = "is gone; the firewalls that it held stay until it is back";

/// What it is, and which firewall it reads: no two that run have both in common.
type Subject<'a> = (&'static str, Option<&'a str>);

fn subject(wanted: &Wanted) -> Subject<'_> {
    (wanted.spec.name, wanted.target.as_deref())
}

/// How many firewalls came, went and changed.
fn differences(old: &Listed, new: &Listed) -> String {
    let by_name = |list: &Listed| -> BTreeMap<String, toml::Table> {
        let tables = list.firewalls.iter();
        let named =
            tables.filter_map(|table| Some((table.get("name")?.as_str()?.to_owned(), table)));
        named.map(|(name, table)| (name, table.clone())).collect()
    };
    let (old, new) = (by_name(old), by_name(new));
    let came = new.keys().filter(|name| !old.contains_key(*name)).count();
    let gone = old.keys().filter(|name| !new.contains_key(*name)).count();
    let differs = |(name, table): &(&String, &toml::Table)| {
        old.get(*name).is_some_and(|before| before != *table)
    };
    let changed = new.iter().filter(differs).count();
    format!("{came} new, {gone} gone, {changed} changed")
}

/// Tables that differ, and collectors that come, go or are built anew.
fn changes(old: &Running, config: &Config, wanted: &BTreeMap<usize, Wanted>) -> String {
    let before = &old.config;
    let tables = [
        ("root", before.root != config.root),
        ("[log]", before.log != config.log),
        ("[cloudwatch]", before.cloudwatch != config.cloudwatch),
        ("[metrics]", before.metrics != config.metrics),
        ("[identity]", before.identity != config.identity),
        ("[spool]", before.spool != config.spool),
        ("[http]", before.http != config.http),
    ];
    let tables = tables.into_iter().filter(|(_, differs)| *differs);
    let mut parts: Vec<String> = tables.map(|(name, _)| name.to_owned()).collect();
    let known = old.by_subject();
    for (number, new) in wanted {
        let words = new.subject();
        match known.get(&subject(new)) {
            None => parts.push(format!("collector {words} new")),
            Some((before, _)) if before != number => {
                parts.push(format!("collector {words} built anew"));
            }
            Some((_, before)) if before.who != new.who => {
                parts.push(format!("identity for {words}"));
            }
            Some(_) => {}
        }
    }
    let left: BTreeSet<Subject<'_>> = wanted.values().map(subject).collect();
    let gone = old
        .wanted
        .values()
        .filter(|old| !left.contains(&subject(old)));
    parts.extend(gone.map(|old| format!("collector {} gone", old.subject())));
    if parts.is_empty() {
        return "nothing changed".to_owned();
    }
    listed(&parts, CHANGES_SHOWN)
}

#[cfg(test)]
mod tests;
