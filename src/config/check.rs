//! Walks the spanned tree against every part's schema: all faults at once, each with its place and remedy.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{cross, sections, tree::Tree};
use crate::catalogue;
use crate::collectors;
use crate::model::faults::{Fault, Place};
use crate::model::schema::{Key, KeyKind};

/// Names further apart than this share of their length are not offered.
const NEAR: f64 = 0.55;

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
    tables: Vec<(String, Vec<&'static Key>)>,
    faults: Vec<Fault>,
}

impl Walk<'_, '_> {
    fn table(&mut self, path: &str, table: &DeTable<'_>) {
        let keys = self
            .tables
            .iter()
            .find(|(known, _)| known == path)
            .map(|(_, keys)| keys.clone())
            .unwrap_or_default();
        for (name, value) in table {
            let place = self.tree.place(name.span().start);
            let name = name.get_ref().as_ref();
            let full = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            let is_table = self.tables.iter().any(|(known, _)| *known == full);
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

    fn unknown(&mut self, place: Place, path: &str, full: &str, keys: &[&'static Key]) {
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}.")
        };
        let tables = self
            .tables
            .iter()
            .filter_map(|(known, _)| known.strip_prefix(&prefix))
            .filter(|rest| !rest.is_empty() && !rest.contains('.'))
            .map(ToOwned::to_owned);
        let known = keys.iter().map(|key| key.name.to_owned()).chain(tables);
        let name = full.rsplit('.').next().unwrap_or(full);
        let elsewhere = self
            .tables
            .iter()
            .find(|(_, keys)| keys.iter().any(|key| key.name == name));
        let remedy = match elsewhere {
            Some((table, _)) if table.is_empty() => "it belongs above the first table".to_owned(),
            Some((table, _)) if !table.starts_with("collectors.") => {
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
            (KeyKind::TextList, DeValue::Array(items)) => {
                return self.text_list(place, full, items);
            }
            (KeyKind::Patterns, DeValue::Array(items)) => return self.patterns(place, full, items),
            (KeyKind::DimensionSets, DeValue::Array(sets)) => match dimension_sets(sets) {
                Ok(()) => return,
                Err(wrong) => Some((wrong, wanted(key.kind))),
            },
            _ => None,
        };
        let (wrong, remedy) =
            wrong.unwrap_or_else(|| (format!("is {}", shown(value)), wanted(key.kind)));
        self.fault(place.clone(), full, wrong, remedy);
    }

    /// Each list of texts knows what its items may name.
    fn text_list(&mut self, place: &Place, full: &str, items: &[Spanned<DeValue<'_>>]) {
        for (index, item) in items.iter().enumerate() {
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
            }
        }
    }

    fn patterns(&mut self, place: &Place, full: &str, items: &[Spanned<DeValue<'_>>]) {
        for (index, item) in items.iter().enumerate() {
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
fn known_names(path: &str) -> Vec<String> {
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

fn dimension_sets(sets: &[Spanned<DeValue<'_>>]) -> Result<(), String> {
    let known = ["AutoScalingGroupName", "InstanceId"];
    let mut seen = Vec::new();
    for set in sets {
        let name = match set.get_ref().as_array().map(|items| &items[..]) {
            Some([name]) => name.get_ref().as_str(),
            _ => None,
        };
        match name.filter(|name| known.contains(name)) {
            Some(name) if !seen.contains(&name) => seen.push(name),
            Some(name) => return Err(format!("[{name:?}] stands twice")),
            None => return Err("one of its sets is not known".to_owned()),
        }
    }
    if seen.is_empty() {
        Err("is empty: nothing would be published".to_owned())
    } else {
        Ok(())
    }
}

pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

pub(super) fn wanted(kind: KeyKind) -> String {
    match kind {
        KeyKind::Bool => "write true or false".to_owned(),
        KeyKind::Text(_) => "write a quoted text".to_owned(),
        KeyKind::OneOf(words) => format!("write one of {}", quoted(words)),
        KeyKind::Int { min, max } => format!("write a whole number, {min} to {max}"),
        KeyKind::OneOfInts(list) => {
            let list: Vec<String> = list.iter().map(i64::to_string).collect();
            format!("write one of {}", list.join(", "))
        }
        KeyKind::Patterns | KeyKind::TextList => "write a list such as [\"a\", \"b\"]".to_owned(),
        KeyKind::DimensionSets => {
            "write [[\"AutoScalingGroupName\"], [\"InstanceId\"]] or one of the two".to_owned()
        }
    }
}

fn quoted(words: &[&str]) -> String {
    words
        .iter()
        .map(|word| format!("{word:?}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a value is, with an article.
fn a(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// What a value is, and which, where that is short.
fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {text:.60?}"),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => format!("{flag}"),
        other => a(other).to_owned(),
    }
}

/// "did you mean" for the nearest of the known names, else the list where it is short.
pub(super) fn nearest(name: &str, known: impl Iterator<Item = String>) -> String {
    let known: Vec<String> = known.collect();
    let closest = known
        .iter()
        .map(|candidate| {
            let likeness = likeness(&name.to_lowercase(), &candidate.to_lowercase());
            (likeness, candidate)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match closest {
        Some((likeness, candidate)) if likeness >= NEAR => format!("did you mean {candidate}?"),
        _ if known.len() <= 12 => format!("known: {}", known.join(", ")),
        _ => "`fwmetrics metrics` and the README list what there is".to_owned(),
    }
}

/// Slips of the finger, or a name that was not written to its end.
fn likeness(name: &str, candidate: &str) -> f64 {
    let begun = name.len() >= 4 && candidate.starts_with(name);
    if begun {
        return 1.0;
    }
    strsim::normalized_damerau_levenshtein(name, candidate)
}

/// A text that was refused; one that may hold a password is not shown.
fn not_right(text: &str) -> String {
    if text.contains("://") && text.contains('@') {
        return "is not right (not shown: it may hold a password)".to_owned();
    }
    format!("{text:?} is not right")
}
