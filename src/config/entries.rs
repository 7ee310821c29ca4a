//! Looks into the spanned tree by the names of tables and keys, for rules between keys.

use toml::de::{DeTable, DeValue};

use super::sections::{FIREWALL, FIREWALLS_FILE};
use crate::collector::Spec;

/// It has firewalls, or a file of them.
pub(super) fn reads_elsewhere(top: &DeTable<'_>, spec: &Spec) -> bool {
    let table = collector(top, spec.name).filter(|_| spec.remote.is_some());
    table.is_some_and(|table| {
        [FIREWALL, FIREWALLS_FILE]
            .iter()
            .any(|key| entry(table, key).is_some())
    })
}

pub(super) fn texts<'a>(table: &'a DeTable<'_>, name: &str) -> Vec<&'a str> {
    let items = entry(table, name).and_then(|(_, value)| value.as_array());
    items
        .into_iter()
        .flatten()
        .filter_map(|item| item.get_ref().as_str())
        .collect()
}

pub(super) fn collector<'a, 't>(top: &'a DeTable<'t>, name: &str) -> Option<&'a DeTable<'t>> {
    table(table(top, "collectors")?, name)
}

pub(super) fn table<'a, 't>(parent: &'a DeTable<'t>, name: &str) -> Option<&'a DeTable<'t>> {
    entry(parent, name).and_then(|(_, value)| value.as_table())
}

/// A key's start and value.
pub(super) fn entry<'a, 't>(
    table: &'a DeTable<'t>,
    name: &str,
) -> Option<(usize, &'a DeValue<'t>)> {
    table
        .iter()
        .find(|(key, _)| key.get_ref() == name)
        .map(|(key, value)| (key.span().start, value.get_ref()))
}
