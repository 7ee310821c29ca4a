//! Walks the spanned tree against every part's schema: all faults at once, each with its place and remedy.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::words::{a, integer, nearest, not_right, shown, wanted};
use super::{FAULTS_MAX, cross, sections, tree::Tree};
use crate::catalogue;
use crate::collectors;
use crate::model::faults::{Fault, Place};
use crate::model::schema::{Key, KeyKind, Table, TextCheck};

/// All faults of the tree.
pub(super) fn check(tree: &Tree<'_>) -> Vec<Fault> {
    let mut walk = Walk {
        tree,
        tables: sections::all(),
        faults: Vec::new(),
    };
    walk.table("", tree.top());
    walk.faults.extend(cross::check(tree));
    walk.faults
}

struct Walk<'w, 't> {
    tree: &'w Tree<'t>,
    tables: Vec<Table>,
    faults: Vec<Fault>,
}

impl Walk<'_, '_> {
    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        let keys = self
            .tables
            .iter()
            .find(|known| known.path == path)
            .map(|known| known.keys.clone())
            .unwrap_or_default();
        for (name, value) in table {
            if self.is_full() {
                return;
            }
            let place = self.tree.place(name.span().start);
            let name = name.get_ref().as_ref();
            let full = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            let is_table = self.tables.iter().any(|known| known.path == full);
            match (keys.iter().find(|key| key.name == name), value.get_ref()) {
                (Some(key), value) => self.value(&place, &full, key, value),
                (None, DeValue::Table(inner)) if is_table => self.table(&full, inner),
                (None, other) if is_table => {
                    let wrong = format!("is {}, not a table", a(other));
                    self.fault(
                        place,
                        &full,
                        wrong,
                        format!("write [{full}] and its keys below"),
                    );
                }
                _ => self.unknown(place, path, &full, &keys),
            }
        }
    }

    fn unknown(&mut self, place: Place, path: &str, full: &str, keys: &[Key]) {
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}.")
        };
        let tables = self
            .tables
            .iter()
            .filter_map(|known| known.path.strip_prefix(&prefix))
            .filter(|rest| !rest.is_empty() && !rest.contains('.'))
            .map(ToOwned::to_owned);
        let known = keys.iter().map(|key| key.name.to_owned()).chain(tables);
        let name = full.rsplit('.').next().unwrap_or(full);
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
        self.fault(place, full, "no such key".to_owned(), remedy);
    }

    fn value(&mut self, place: &Place, full: &str, key: &Key, value: &DeValue<'_>) {
        let wrong = match (key.kind, value) {
            (KeyKind::Bool, DeValue::Boolean(_)) => return,
            (KeyKind::Text(check), DeValue::String(text)) => match check(text) {
                Ok(()) => return,
                Err(right) => Some((not_right(text), format!("write {right}"))),
            },
            (KeyKind::OneOf(words), DeValue::String(text)) if words.contains(&text.as_ref()) => {
                return;
            }
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
            (KeyKind::TextList(check), DeValue::Array(items)) => {
                return self.text_list(place, full, items, check);
            }
            (KeyKind::Patterns, DeValue::Array(items)) => return self.patterns(place, full, items),
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
        self.fault(place.clone(), full, wrong, remedy);
    }

    /// Each list of texts knows what its items may name.
    fn text_list(
        &mut self,
        place: &Place,
        full: &str,
        items: &[Spanned<DeValue<'_>>],
        check: TextCheck,
    ) {
        for (index, item) in items.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let key = format!("{full}[{index}]");
            let place = self.item_place(place, item.span());
            let DeValue::String(text) = item.get_ref() else {
                let wrong = format!("is {}", shown(item.get_ref()));
                self.fault(place, &key, wrong, "write a quoted text".to_owned());
                continue;
            };
            let known = known_names(full);
            if !known.is_empty() && !known.iter().any(|name| name == text.as_ref()) {
                let wrong = format!("{text:?} is not known");
                self.fault(place, &key, wrong, nearest(text, known.into_iter()));
            } else if let Err(right) = check(text) {
                self.fault(place, &key, not_right(text), format!("write {right}"));
            }
        }
    }

    fn patterns(&mut self, place: &Place, full: &str, items: &[Spanned<DeValue<'_>>]) {
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
            self.fault(place, &format!("{full}[{index}]"), wrong, remedy);
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
        _ => Vec::new(),
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
