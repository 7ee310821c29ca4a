//! Rules of `[[collectors.NAME.firewall]]`: what each table needs, and that no two firewalls are one.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;
use toml::de::{DeTable, DeValue};

use super::entries::{collector, entry, table, texts};
use super::sections::{FIREWALL, firewalls_of};
use super::tree::Tree;
use super::words::integer;
use super::{Config, FAULTS_MAX};
use crate::collector::Spec;
use crate::collectors;
use crate::model::dimension::legal_value;
use crate::model::faults::{Fault, Place};

/// Names and instance ids that are given away.
#[derive(Debug, Default)]
pub(super) struct Taken {
    names: BTreeSet<String>,
    /// With whose they are.
    instances: BTreeMap<String, String>,
}

impl Taken {
    /// By the main file and the environment.
    pub(super) fn by_tree(tree: &Tree<'_>) -> Self {
        let top = tree.top();
        let identity = table(top, "identity").and_then(|table| entry(table, "instance_id"));
        let mut taken = Taken::by_machine(identity.and_then(|(_, id)| id.as_str()));
        for spec in collectors::ALL {
            for (_, firewall) in tables(top, spec) {
                taken.take(&plain(firewall));
            }
        }
        taken
    }

    /// By the tables of the main file, and by the lists of other collectors than this one.
    pub(super) fn beside_list(config: &Config, collector: &str) -> Self {
        let mut taken = Taken::by_machine(config.identity.instance_id.as_deref());
        let listed = config.collectors.listed.iter();
        let others = listed.filter(|(name, _)| name.as_str() != collector);
        let others = others.flat_map(|(_, list)| &list.firewalls);
        let written = collectors::ALL.iter().flat_map(|spec| config.written(spec));
        for firewall in written.chain(others) {
            taken.take(firewall);
        }
        taken
    }

    fn by_machine(instance_id: Option<&str>) -> Self {
        let mut taken = Taken::default();
        if let Some(id) = instance_id.and_then(legal_value) {
            taken.instances.insert(id, "[identity]".to_owned());
        }
        taken
    }

    /// Takes what this firewall is known by; the keys under which it stood already, and whose it was.
    fn take(&mut self, firewall: &toml::Table) -> Vec<(&'static str, String)> {
        let text = |key: &str| firewall.get(key).and_then(Value::as_str);
        let name = text("name").unwrap_or_default();
        let mut twice = Vec::new();
        if !name.is_empty() && !self.names.insert(name.to_owned()) {
            twice.push(("name", "another firewall".to_owned()));
        }
        let Some(id) = text("instance_id").and_then(legal_value) else {
            return twice;
        };
        match self.instances.get(&id) {
            Some(whose) => twice.push(("instance_id", whose.clone())),
            None => drop(self.instances.insert(id, format!("firewall {name:?}"))),
        }
        twice
    }
}

/// All faults of the firewalls in the main file.
pub(super) fn check(tree: &Tree<'_>) -> Vec<Fault> {
    let identity = table(tree.top(), "identity").and_then(|table| entry(table, "instance_id"));
    let mut taken = Taken::by_machine(identity.and_then(|(_, id)| id.as_str()));
    let specs = collectors::ALL.iter();
    specs
        .flat_map(|spec| check_those(tree, spec, &mut taken))
        .collect()
}

/// Faults of the firewalls of this collector, beside those that are taken already.
pub(super) fn check_those(tree: &Tree<'_>, spec: &Spec, taken: &mut Taken) -> Vec<Fault> {
    let mut faults = Vec::new();
    if tree.is_broken() {
        return faults;
    }
    for (index, (start, firewall)) in tables(tree.top(), spec).enumerate() {
        if faults.len() >= FAULTS_MAX {
            break;
        }
        let one = One {
            tree,
            path: format!("{}[{index}]", firewalls_of(spec)),
            start,
            firewall,
        };
        faults.extend(one.faults(spec, taken));
    }
    faults
}

/// The firewalls of this collector as they stand in the tree, and where.
fn tables<'a, 't>(
    top: &'a DeTable<'t>,
    spec: &Spec,
) -> impl Iterator<Item = (usize, &'a DeTable<'t>)> {
    let remote = collector(top, spec.name).filter(|_| spec.remote.is_some());
    let items = remote.and_then(|remote| entry(remote, FIREWALL)?.1.as_array());
    items
        .into_iter()
        .flatten()
        .filter_map(|item| Some((item.span().start, item.get_ref().as_table()?)))
}

/// The firewalls of this collector, as it reads them.
pub(super) fn plain_tables(tree: &Tree<'_>, spec: &Spec) -> Vec<toml::Table> {
    tables(tree.top(), spec)
        .map(|(_, firewall)| plain(firewall))
        .collect()
}

/// One firewall's table.
struct One<'a, 't> {
    tree: &'a Tree<'t>,
    path: String,
    start: usize,
    firewall: &'a DeTable<'t>,
}

impl One<'_, '_> {
    fn faults(&self, spec: &Spec, taken: &mut Taken) -> Vec<Fault> {
        let firewall = plain(self.firewall);
        let mut faults = Vec::new();
        if !firewall.contains_key("name") {
            let remedy = "write name = \"fw-a\": log lines and series need it".to_owned();
            faults.push(self.fault("name", "is missing".to_owned(), remedy));
        }
        for wrong in spec
            .remote
            .map_or(Vec::new(), |remote| (remote.check)(&firewall))
        {
            faults.push(self.fault(wrong.key, wrong.wrong, wrong.remedy));
        }
        for (key, whose) in taken.take(&firewall) {
            let wrong = format!("is that of {whose} too");
            let remedy = "give each firewall its own".to_owned();
            faults.push(self.fault(key, wrong, remedy));
        }
        faults.extend(self.both_ways());
        faults
    }

    /// The same group in `enable` and `disable`.
    fn both_ways(&self) -> Vec<Fault> {
        let disabled = texts(self.firewall, "disable");
        texts(self.firewall, "enable")
            .into_iter()
            .filter(|group| disabled.contains(group))
            .map(|group| {
                let wrong = format!("disables {group:?}, which enable asks for");
                let remedy = "take it out of one of the two".to_owned();
                self.fault("disable", wrong, remedy)
            })
            .collect()
    }

    /// At the key, or at the table where the key is not there.
    fn fault(&self, key: &str, wrong: String, remedy: String) -> Fault {
        let start = entry(self.firewall, key).map_or(self.start, |(start, _)| start);
        Fault {
            place: self.place(start),
            key: format!("{}.{key}", self.path),
            wrong,
            remedy,
        }
    }

    fn place(&self, start: usize) -> Place {
        self.tree.place(start)
    }
}

/// What of a table is what it should be; the rest is a fault of its own.
fn plain(table: &DeTable<'_>) -> toml::Table {
    table
        .iter()
        .filter_map(|(key, value)| Some((key.get_ref().to_string(), value_of(value.get_ref())?)))
        .collect()
}

fn value_of(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(_) => Value::Integer(integer(value)?),
        DeValue::Float(number) => Value::Float(number.as_str().replace('_', "").parse().ok()?),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(moment) => Value::Datetime(*moment),
        DeValue::Array(items) => {
            let items = items.iter().filter_map(|item| value_of(item.get_ref()));
            Value::Array(items.collect())
        }
        DeValue::Table(inner) => Value::Table(plain(inner)),
    })
}
