//! `firewalls_file`: firewalls that other tools write, in the same tables as the main file's and nothing else.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;

use super::entries::{collector, entry};
use super::firewalls::{Taken, plain_tables};
use super::sections::FIREWALLS_FILE;
use super::tree::Tree;
use super::{Config, check, file};
use crate::collector::Spec;
use crate::collectors;
use crate::model::faults::{Fault, Faults, Place};

/// A thousand firewalls have a third of it.
const LIST_BYTES_MAX: u64 = 4 << 20;

/// What a `firewalls_file` held.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listed {
    /// Its path.
    pub file: String,
    /// Its tables, without faults.
    pub firewalls: Vec<toml::Table>,
    /// It was not there; another tool may write it later.
    pub is_missing: bool,
}

/// What reading such a file brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// Its text.
    Whole(String),
    /// It is not there.
    Missing,
    /// It is there, and this is why it cannot be read.
    Unreadable(String),
}

/// What a file looks like from outside: as long as that is the same, so is the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print(Result<[u64; 5], ErrorKind>);

impl Print {
    fn of(name: &str) -> Self {
        let data = std::fs::metadata(name).map_err(|error| error.kind());
        Print(data.map(|data| {
            let [secs, nanos] = [data.mtime(), data.mtime_nsec()].map(i64::cast_unsigned);
            [data.dev(), data.ino(), data.len(), secs, nanos]
        }))
    }
}

/// Reads such a file.
pub(super) fn read(name: &str) -> Text {
    match file::read(name, LIST_BYTES_MAX) {
        Ok(text) => Text::Whole(text),
        Err(error) if error.kind() == ErrorKind::NotFound => Text::Missing,
        Err(error) => Text::Unreadable(error.to_string()),
    }
}

/// Looks at such a file, and reads it where it looks otherwise than it did. What is read is as new as its print, or
/// newer.
#[must_use]
pub fn look(name: &str, known: Option<&Print>) -> Option<(Print, Text)> {
    let print = Print::of(name);
    if known == Some(&print) {
        return None;
    }
    let text = read(name);
    Some((print, text))
}

/// The lists that the main file names, and what is wrong in them.
pub(super) fn of_tree(
    tree: &Tree<'_>,
    read: &dyn Fn(&str) -> Option<Text>,
) -> (BTreeMap<String, Listed>, Vec<Fault>) {
    let mut taken = Taken::by_tree(tree);
    let (mut lists, mut faults) = (BTreeMap::new(), Vec::new());
    for spec in collectors::ALL.iter().filter(|spec| spec.remote.is_some()) {
        let table = collector(tree.top(), spec.name);
        let named = table.and_then(|table| entry(table, FIREWALLS_FILE)?.1.as_str());
        let Some(name) = named.filter(|name| name.starts_with('/')) else {
            continue;
        };
        match read(name).map(|text| listed(spec, name, &text, &mut taken)) {
            None => {}
            Some(Ok(list)) => drop(lists.insert(spec.name.to_owned(), list)),
            Some(Err(wrong)) => faults.extend(wrong),
        }
    }
    (lists, faults)
}

fn listed(spec: &Spec, name: &str, text: &Text, taken: &mut Taken) -> Result<Listed, Vec<Fault>> {
    let mut list = Listed {
        file: name.to_owned(),
        ..Listed::default()
    };
    match text {
        Text::Missing => list.is_missing = true,
        Text::Unreadable(why) => {
            return Err(vec![Fault {
                place: Place::Other(name.to_owned(), None),
                key: String::new(),
                wrong: format!("cannot read it: {why}"),
                remedy: format!("a readable file of UTF-8 text is wanted ({FIREWALLS_FILE})"),
            }]);
        }
        Text::Whole(text) => {
            let (tree, mut faults) = Tree::read_other(text, name);
            faults.extend(check::check_list(&tree, spec, taken));
            if !faults.is_empty() {
                return Err(faults);
            }
            list.firewalls = plain_tables(&tree, spec);
        }
    }
    Ok(list)
}

impl Config {
    /// Every `firewalls_file`, and whose it is.
    #[must_use]
    pub fn lists(&self) -> Vec<(&'static Spec, String)> {
        let remote = collectors::ALL.iter().filter(|spec| spec.remote.is_some());
        remote
            .filter_map(|spec| {
                let table = self.collectors.tables.get(spec.name)?;
                let file = table.get(FIREWALLS_FILE)?.as_str()?;
                Some((*spec, file.to_owned()))
            })
            .collect()
    }

    /// The same configuration with what this collector's `firewalls_file` holds now.
    ///
    /// # Errors
    /// All faults of the list at once.
    pub fn relisted(&self, spec: &Spec, text: &Text) -> Result<Config, Faults> {
        let mut config = self.clone();
        for (_, name) in self.lists().iter().filter(|(of, _)| of.name == spec.name) {
            let mut taken = Taken::beside_list(self, spec.name);
            let list = listed(spec, name, text, &mut taken).map_err(|mut list| {
                list.sort();
                list.dedup();
                Faults { file: None, list }
            })?;
            config.collectors.listed.insert(spec.name.to_owned(), list);
        }
        Ok(config)
    }
}
