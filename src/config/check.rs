//! Walks the spanned tree against every part's schema: all faults at once, each with its place and remedy.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::firewalls::Taken;
use super::words::{NOT_SHOWN, a, integer, nearest, not_right, number, shown, wanted};
use super::{ALARM_NUMBERS, FAULTS_MAX, POLICY_NUMBERS, cross, firewalls, sections, tree::Tree};
use crate::catalogue;
use crate::collector::Spec;
use crate::collectors;
use crate::model::faults::{Fault, Place};
use crate::model::schema::{Key, KeyKind, Table, TextCheck};

/// All faults of the tree.
pub(super) fn check(tree: &Tree<'_>) -> Vec<Fault> {
    let mut faults = walk(tree, sections::all(), None);
    faults.extend(cross::check(tree));
    faults.extend(firewalls::check(tree));
    faults
}

/// All faults of a file that holds firewalls of this collector and nothing else.
pub(super) fn check_list(tree: &Tree<'_>, spec: &Spec, taken: &mut Taken) -> Vec<Fault> {
    let mut faults = walk(tree, sections::of_list(spec), Some(spec));
    faults.extend(firewalls::check_those(tree, spec, taken));
    faults
}

fn walk(tree: &Tree<'_>, tables: Vec<Table>, only: Option<&Spec>) -> Vec<Fault> {
    let mut walk = Walk {
        tree,
        tables,
        only: only.map(sections::firewalls_of),
        faults: Vec::new(),
    };
    walk.table(&At::default(), tree.top());
    walk.faults
}

struct Walk<'w, 't> {
    tree: &'w Tree<'t>,
    tables: Vec<Table>,
    /// The one list of tables that may stand in this file.
    only: Option<String>,
    faults: Vec<Fault>,
}

/// A place in the tree.
#[derive(Default)]
struct At {
    /// As the schema knows it.
    known: String,
    /// With the numbers of tables in their lists.
    shown: String,
}

impl At {
    fn below(&self, name: &str) -> At {
        At {
            known: join(&self.known, name),
            shown: join(&self.shown, name),
        }
    }

    fn item(&self, index: usize) -> At {
        At {
            known: self.known.clone(),
            shown: format!("{}[{index}]", self.shown),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

impl Walk<'_, '_> {
    fn table(&mut self, at: &At, table: &DeTable<'_>) {
        let keys = self
            .tables
            .iter()
            .find(|known| known.path == at.known)
            .map(|known| known.keys.clone())
            .unwrap_or_default();
        for (name, value) in table {
            if self.is_full() {
                return;
            }
            let place = self.tree.place(name.span().start);
            let name = name.get_ref().as_ref();
            let full = at.below(name);
            let known = self.tables.iter().find(|known| known.path == full.known);
            let header = known.map(|known| (known.is_list, known.header()));
            match (
                keys.iter().find(|key| key.name == name),
                header,
                value.get_ref(),
            ) {
                (Some(key), _, value) => self.value(&place, &full, key, value),
                (None, Some((false, _)), DeValue::Table(inner)) => self.table(&full, inner),
                (None, Some((true, header)), DeValue::Array(items)) => {
                    self.list(&full, &header, items);
                }
                (None, Some((is_list, header)), other) => {
                    let right = if is_list {
                        "a list of tables"
                    } else {
                        "a table"
                    };
                    let wrong = format!("is {}, not {right}", a(other));
                    let remedy = format!("write {header} and its keys below");
                    self.fault(place, &full.shown, wrong, remedy);
                }
                (None, None, _) => self.unknown(place, at, name, &keys),
            }
        }
    }

    /// Tables under one name.
    fn list(&mut self, at: &At, header: &str, items: &[Spanned<DeValue<'_>>]) {
        for (index, item) in items.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let at = at.item(index);
            match item.get_ref() {
                DeValue::Table(inner) => self.table(&at, inner),
                other => {
                    let wrong = format!("is {}, not a table", a(other));
                    let remedy = format!("write {header} and its keys below");
                    let place = self.tree.place(item.span().start);
                    self.fault(place, &at.shown, wrong, remedy);
                }
            }
        }
    }

    fn unknown(&mut self, place: Place, at: &At, name: &str, keys: &[Key]) {
        let full = at.below(name).shown;
        if let Some(only) = self.only.as_ref().filter(|only| **only != at.known) {
            let remedy = format!("this file takes [[{only}]] and its keys, nothing else");
            return self.fault(place, &full, "does not belong here".to_owned(), remedy);
        }
        let prefix = join(&at.known, "");
        let tables = self
            .tables
            .iter()
            .filter_map(|known| known.path.strip_prefix(&prefix))
            .filter(|rest| !rest.is_empty() && !rest.contains('.'))
            .map(ToOwned::to_owned);
        let known = keys.iter().map(|key| key.name.to_owned()).chain(tables);
        let elsewhere = self
            .tables
            .iter()
            .find(|known| known.keys.iter().any(|key| key.name == name))
            .map(|known| known.path.as_str());
        let remedy = match elsewhere {
            Some("") => "it belongs above the first table".to_owned(),
            Some(table) if !table.starts_with("collectors.") => {
                format!("it belongs in [{table}]")
            }
            _ => nearest(name, known),
        };
        self.fault(place, &full, "no such key".to_owned(), remedy);
    }

    fn value(&mut self, place: &Place, at: &At, key: &Key, value: &DeValue<'_>) {
        let wrong = match (key.kind, value) {
            (KeyKind::Bool, DeValue::Boolean(_)) => return,
            (KeyKind::Text(check) | KeyKind::OneOrMore(check), DeValue::String(text)) => {
                match check(text) {
                    Ok(()) => return,
                    Err(right) if key.is_private => {
                        Some((NOT_SHOWN.to_owned(), format!("write {right}")))
                    }
                    Err(right) => Some((not_right(text), format!("write {right}"))),
                }
            }
            (KeyKind::OneOf(words), DeValue::String(text)) if words.contains(&text.as_ref()) => {
                return;
            }
            (KeyKind::Number { min, max }, value) => match number(value) {
                Some(number) if (min..=max).contains(&number) => return,
                Some(number) => Some((
                    format!("{number} is out of range"),
                    format!("write {min} to {max}"),
                )),
                None => None,
            },
            (KeyKind::Int { min, max }, number) => match integer(number) {
                Some(number) if (min..=max).contains(&number) => return,
                Some(number) => Some((
                    format!("{number} is out of range"),
                    format!("write {min} to {max}"),
                )),
                None => None,
            },
            (KeyKind::OneOfInts(list), number)
                if integer(number).is_some_and(|n| list.contains(&n)) =>
            {
                return;
            }
            (KeyKind::TextList(check) | KeyKind::OneOrMore(check), DeValue::Array(items)) => {
                return self.text_list(place, at, items, check);
            }
            (KeyKind::Patterns, DeValue::Array(items)) => return self.patterns(place, at, items),
            (KeyKind::DimensionSets(known), DeValue::Array(sets)) => {
                match dimension_sets(sets, known) {
                    Ok(()) => return,
                    Err(wrong) => Some((wrong, wanted(key.kind))),
                }
            }
            _ => None,
        };
        let (wrong, remedy) =
            wrong.unwrap_or_else(|| (format!("is {}", shown(value)), wanted(key.kind)));
        self.fault(place.clone(), &at.shown, wrong, remedy);
    }

    /// Each list of texts knows what its items may name.
    fn text_list(
        &mut self,
        place: &Place,
        at: &At,
        items: &[Spanned<DeValue<'_>>],
        check: TextCheck,
    ) {
        let known = known_names(&at.known);
        for (index, item) in items.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let key = at.item(index).shown;
            let place = self.item_place(place, item.span());
            let DeValue::String(text) = item.get_ref() else {
                let wrong = format!("is {}", shown(item.get_ref()));
                self.fault(place, &key, wrong, "write a quoted text".to_owned());
                continue;
            };
            if !known.is_empty() && !known.iter().any(|name| name == text.as_ref()) {
                let wrong = format!("{text:?} is not known");
                self.fault(place, &key, wrong, nearest(text, known.iter().cloned()));
            } else if let Err(right) = check(text) {
                self.fault(place, &key, not_right(text), format!("write {right}"));
            }
        }
    }

    fn patterns(&mut self, place: &Place, at: &At, items: &[Spanned<DeValue<'_>>]) {
        for (index, item) in items.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let wrong = match item.get_ref() {
                DeValue::String(text) => match glob::Pattern::new(text) {
                    Ok(_) => continue,
                    Err(error) => format!("{text:?} is no pattern: {}", error.msg),
                },
                other => format!("is {}", shown(other)),
            };
            let place = self.item_place(place, item.span());
            let remedy = "write a pattern such as \"eth*\"".to_owned();
            self.fault(place, &at.item(index).shown, wrong, remedy);
        }
    }

    /// Items of a list from the environment have spans of their own text: the variable is the place.
    fn item_place(&self, place: &Place, span: Range<usize>) -> Place {
        match place {
            Place::Environment(_) => place.clone(),
            _ => self.tree.place(span.start),
        }
    }

    fn is_full(&self) -> bool {
        self.faults.len() >= FAULTS_MAX
    }

    fn fault(&mut self, place: Place, key: &str, wrong: String, remedy: String) {
        self.faults.push(Fault {
            place,
            key: key.to_owned(),
            wrong,
            remedy,
        });
    }
}

/// What the items of this list may be; empty where anything may.
pub(super) fn known_names(path: &str) -> Vec<String> {
    match path {
        "metrics.enable" => catalogue::all()
            .iter()
            .flat_map(|entry| {
                let fine = entry.metric.detail.dimension();
                let fine = fine.map(|own| format!("{}:{}", entry.metric.name, own.name()));
                std::iter::once(entry.metric.name.to_owned()).chain(fine)
            })
            .collect(),
        "metrics.disable" => catalogue::all()
            .iter()
            .map(|entry| entry.metric.name.to_owned())
            .collect(),
        "collectors.disable" => collectors::ALL
            .iter()
            .map(|spec| spec.name.to_owned())
            .collect(),
        "alarms.disable" => ALARM_NUMBERS.map(str::to_owned).to_vec(),
        "scaling.disable" => POLICY_NUMBERS.map(str::to_owned).to_vec(),
        _ => sections::groups(path)
            .iter()
            .map(|group| group.name.to_owned())
            .collect(),
    }
}

fn dimension_sets(sets: &[Spanned<DeValue<'_>>], known: &[&[&str]]) -> Result<(), String> {
    let mut seen = Vec::new();
    for set in sets {
        let items = set.get_ref().as_array();
        let names = items.map(|items| items.iter().map(|item| item.get_ref().as_str()));
        let names: Option<Vec<&str>> = names.and_then(Iterator::collect);
        match names.filter(|names| known.contains(&&names[..])) {
            Some(names) if !seen.contains(&names) => seen.push(names),
            Some(names) => return Err(format!("{names:?} stands twice")),
            None => return Err("one of its sets is not known".to_owned()),
        }
    }
    if seen.is_empty() {
        Err("is empty: nothing would be published".to_owned())
    } else {
        Ok(())
    }
}
