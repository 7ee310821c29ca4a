//! The spanned tree: what the file says, with the environment grafted in, and where each key came from.

use std::borrow::Cow;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, FAULTS_MAX, sections};
use crate::model::chain;
use crate::model::faults::{Fault, Place};
use crate::model::schema::KeyKind;

const PREFIX: &str = "FWMETRICS_";
/// Of a longer text not all syntax errors are gathered.
const RECOVERED_BYTES_MAX: usize = 32 << 10;

/// The tree and the origin of its spans: those beyond the file's end are numbers of environment variables.
pub(super) struct Tree<'t> {
    table: Spanned<DeTable<'t>>,
    line_starts: Vec<usize>,
    length: usize,
    variables: Vec<String>,
    /// The file, where it is not the configuration's own.
    other: Option<String>,
    is_broken: bool,
}

impl<'t> Tree<'t> {
    /// Parses the file and grafts the environment. Syntax faults and unknown variables are returned beside.
    pub(super) fn read(text: &'t str, environment: &'t [(String, String)]) -> (Self, Vec<Fault>) {
        let (mut tree, mut faults) = Tree::of(text, None);
        for (name, value) in environment
            .iter()
            .filter(|(name, _)| name.starts_with(PREFIX))
        {
            faults.extend(tree.graft(name, value).err());
        }
        (tree, faults)
    }

    /// Parses a file of this name that the configuration names. Syntax faults are returned beside.
    pub(super) fn read_other(text: &'t str, file: &str) -> (Self, Vec<Fault>) {
        Tree::of(text, Some(file.to_owned()))
    }

    fn of(text: &'t str, other: Option<String>) -> (Self, Vec<Fault>) {
        let (table, errors) = parse(text);
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let tree = Tree {
            table,
            line_starts: std::iter::once(0)
                .chain(starts.map(|(at, _)| at + 1))
                .collect(),
            length: text.len(),
            variables: Vec::new(),
            other,
            is_broken: !errors.is_empty(),
        };
        let faults = errors
            .iter()
            .take(FAULTS_MAX)
            .map(|error| Fault {
                place: tree.place(error.span().map_or(0, |span| span.start)),
                key: String::new(),
                wrong: chain::line(error.message()),
                remedy: match error.message() {
                    "duplicate key" => "keep one of the two".to_owned(),
                    _ => "TOML is wanted: key = value, [table]".to_owned(),
                },
            })
            .collect();
        (tree, faults)
    }

    /// It is not all there: what is missing may stand in the text all the same.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// The top table.
    pub(super) fn top(&self) -> &DeTable<'t> {
        self.table.get_ref()
    }

    /// Where the key or value that begins here is from.
    pub(super) fn place(&self, start: usize) -> Place {
        match start
            .checked_sub(self.length + 1)
            .and_then(|number| self.variables.get(number))
        {
            Some(name) => Place::Environment(name.clone()),
            None => {
                let line = self.line_starts.partition_point(|line| *line <= start);
                match &self.other {
                    Some(file) => Place::Other(file.clone(), Some(line)),
                    None => Place::Line(line),
                }
            }
        }
    }

    /// The typed configuration. The schema was checked before, so this fails only where the two disagree.
    pub(super) fn deserialize(self) -> Result<Config, String> {
        Config::deserialize(toml::de::Deserializer::from(self.table)).map_err(|e| e.to_string())
    }

    fn graft(&mut self, name: &str, text: &'t str) -> Result<(), Fault> {
        let path: Vec<String> = name[PREFIX.len()..]
            .split("__")
            .map(str::to_ascii_lowercase)
            .collect();
        let (key, tables) = path
            .split_last()
            .map_or(("", &[][..]), |(k, t)| (k.as_str(), t));
        let fault = |wrong: String, remedy: String| Fault {
            place: Place::Environment(name.to_owned()),
            key: path.join("."),
            wrong,
            remedy,
        };
        let table = tables.join(".");
        let dotted = path.join(".");
        let mut lists = sections::all().into_iter().filter(|known| known.is_list);
        if let Some(list) = lists.find(|list| [&table, &dotted].contains(&&list.path)) {
            let wrong = "tables of a list cannot be set from the environment".to_owned();
            let remedy = format!("write {} into the file", list.header());
            return Err(fault(wrong, remedy));
        }
        let kind = sections::all()
            .into_iter()
            .find(|known| known.path == table)
            .and_then(|known| known.keys.into_iter().find(|known| known.name == key))
            .map(|known| known.kind)
            .ok_or_else(|| fault("no such key".to_owned(), near_variable(name)))?;
        let value = match kind {
            KeyKind::Text(_) | KeyKind::OneOf(_) => DeValue::String(Cow::Borrowed(text)),
            _ => {
                let parsed = DeValue::parse(text.trim()).map_err(|_| {
                    let wrong = format!("{text:.60?} is no TOML value of its kind");
                    fault(wrong, super::words::wanted(kind))
                })?;
                parsed.into_inner()
            }
        };
        let twin = |known: &&String| known.eq_ignore_ascii_case(name);
        if let Some(twin) = self.variables.iter().find(twin) {
            let wrong = format!("{twin} sets the same key");
            return Err(fault(wrong, "keep one of the two".to_owned()));
        }
        let span = self.length + 1 + self.variables.len();
        self.variables.push(name.to_owned());
        insert(self.table.get_mut(), tables, key, span, value);
        Ok(())
    }
}

/// What there is of the tree, and what is wrong with the text: of a long one the first error only, for each costs memory.
fn parse(text: &str) -> (Spanned<DeTable<'_>>, Vec<toml::de::Error>) {
    if text.len() <= RECOVERED_BYTES_MAX {
        return DeTable::parse_recoverable(text);
    }
    match DeTable::parse(text) {
        Ok(table) => (table, Vec::new()),
        Err(first) => (spanned(0, DeTable::new()), vec![first]),
    }
}

fn insert<'t>(
    table: &mut DeTable<'t>,
    path: &[String],
    key: &str,
    span: usize,
    value: DeValue<'t>,
) {
    let Some((first, rest)) = path.split_first() else {
        table.remove(key);
        table.insert(
            spanned(span, Cow::Owned(key.to_owned())),
            spanned(span, value),
        );
        return;
    };
    if !table.keys().any(|known| known.get_ref() == first) {
        let empty = DeValue::Table(DeTable::new());
        table.insert(
            spanned(span, Cow::Owned(first.clone())),
            spanned(span, empty),
        );
    }
    let inner = table.iter_mut().find(|(known, _)| known.get_ref() == first);
    // Something else than a table under this name is a fault that the check reports.
    if let Some((_, value_of)) = inner
        && let DeValue::Table(inner) = value_of.get_mut()
    {
        insert(inner, rest, key, span, value);
    }
}

fn spanned<T>(start: usize, value: T) -> Spanned<T> {
    Spanned::new(start..start, value)
}

/// The nearest variable, compared without the part that all of them share.
fn near_variable(name: &str) -> String {
    let tables = sections::all().into_iter().filter(|known| !known.is_list);
    let known = tables.flat_map(|known| {
        known.keys.into_iter().map(move |key| {
            let table = if known.path.is_empty() {
                String::new()
            } else {
                format!("{}.", known.path)
            };
            let dotted = format!("{table}{}", key.name);
            dotted.replace('.', "__").to_ascii_uppercase()
        })
    });
    let name = name.trim_start_matches(PREFIX);
    let remedy = super::words::nearest(name, known);
    remedy.replace("did you mean ", &format!("did you mean {PREFIX}"))
}
