//! How what is made for AWS is written down: CloudFormation, Terraform, and inputs of the AWS CLI.
//!
//! Everything is first made as the API takes it, a [`serde_json::Value`] in a [`Resource`](super::resource::Resource); what
//! only the account knows stands in its texts as a [`blank`]. Each form fills the blanks in its own way.

pub mod blank;
pub mod cloudformation;
pub mod hcl;
pub mod json;
pub mod terraform;
pub mod yaml;

use serde_json::{Map, Number, Value, json};

use super::dashboard::{ITEM, WHEN};
use super::resource::{Resource, needs};
use blank::Blank;

/// Keys that stand first in a table, in the order in which people expect them; the rest follows by name.
const FIRST: [&str; 17] = [
    "call",
    "input",
    "type",
    "x",
    "y",
    "width",
    "height",
    "Id",
    "Name",
    "AlarmName",
    "Version",
    "Sid",
    "Effect",
    "Principal",
    "Action",
    "Resource",
    "Condition",
];

/// A table in reading order.
fn ordered(table: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut entries: Vec<_> = table.iter().collect();
    let rank = |key: &str| FIRST.iter().position(|first| *first == key);
    entries.sort_by_key(|(key, _)| rank(key).unwrap_or(FIRST.len()));
    entries
}

/// A number without an exponent, and without a point where it is whole: YAML 1.1 takes `1e-7` for a text.
fn number(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

/// How a stack around the resources fills what a template by itself would ask for, and texts of its own configuration. A
/// reference is a parameter or `Resource.Attribute` in CloudFormation, an expression in Terraform.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filling<'a> {
    /// Blanks that the stack knows: for these there is no parameter and no condition.
    pub blanks: &'a [(Blank, &'a str)],
    /// Texts in configured values that stand for something, such as `@InstanceIdA@`.
    pub tokens: &'a [(&'a str, &'a str)],
    /// Likewise for a blank that may stay empty: what has it in it is there only where it is given.
    pub optional: &'a [(&'a str, Blank)],
}

/// The first character that stands for a token; those of blanks lie before.
const TOKENS: u32 = 0xE100;
/// The first that stands for an item that may not be there, in CloudFormation's dashboards.
const ITEMS: u32 = 0xE200;

/// What a character of a text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap<'a> {
    /// A blank that the form fills.
    Blank(Blank),
    /// What the stack refers to.
    Reference(&'a str),
    /// Such an item, by its place.
    Item(usize),
}

impl<'a> Filling<'a> {
    fn gap(&self, c: char) -> Option<Gap<'a>> {
        if let Some(blank) = Blank::of(c) {
            return Some(self.own(blank).map_or(Gap::Blank(blank), Gap::Reference));
        }
        if let Some(item) = u32::from(c).checked_sub(ITEMS) {
            return (c <= '\u{EFFF}').then_some(Gap::Item(item as usize));
        }
        let token = u32::from(c).checked_sub(TOKENS)?;
        let (_, reference) = self.tokens.get(token as usize)?;
        Some(Gap::Reference(reference))
    }

    fn own(&self, blank: Blank) -> Option<&'a str> {
        let known = self.blanks.iter().find(|(own, _)| *own == blank);
        known.map(|(_, reference)| *reference)
    }

    /// Those of the blanks that have to be given.
    fn open(&self, blanks: &[Blank]) -> Vec<Blank> {
        let open = blanks.iter().copied();
        open.filter(|blank| self.own(*blank).is_none()).collect()
    }

    /// Every parameter that the resources need.
    fn parameters(&self, resources: &[Resource]) -> Vec<Blank> {
        let mut all: Vec<Blank> = Vec::new();
        for one in resources {
            all.extend(one.needs.iter().chain(&one.unless));
            // Also what only items hang on that may not be there.
            all.extend(needs(&one.input));
            if one.tells.is_some() {
                all.extend([Blank::Topic, Blank::PageTopic]);
            }
        }
        all.sort();
        all.dedup();
        self.open(&all)
    }

    /// Puts marks into a tree where tokens are.
    fn mark(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let tokens = (TOKENS..ITEMS).zip(self.tokens);
                let tokens =
                    tokens.map(|(at, (token, _))| (token, char::from_u32(at).unwrap_or('?')));
                let optional = self.optional.iter();
                let optional = optional.map(|(token, blank)| (token, blank.mark()));
                for (token, mark) in tokens.chain(optional) {
                    *text = text.replace(token, &mark.to_string());
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|item| self.mark(item)),
            Value::Object(table) => table.values_mut().for_each(|item| self.mark(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The resources of a bundle with marks for tokens.
    fn resources(&self, bundle: &super::bundle::Bundle) -> Vec<Resource> {
        let mut all = bundle.resources();
        for one in &mut all {
            one.input.values_mut().for_each(|value| self.mark(value));
            match one.input.get_mut("DashboardBody") {
                Some(body) => self.hang(body),
                None => one.needs.extend(self.hanging(&needs(&one.input))),
            }
        }
        all
    }

    /// Those of the blanks that may stay empty.
    fn hanging(&self, blanks: &[Blank]) -> Vec<Blank> {
        let is_optional = |blank: &&Blank| self.optional.iter().any(|(_, own)| own == *blank);
        blanks.iter().filter(is_optional).copied().collect()
    }

    /// Makes texts of lists optional items where they hang on such a blank.
    fn hang(&self, value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|item| match item {
                Value::String(text) => {
                    let when = self.hanging(&blank::blanks(text).collect::<Vec<_>>());
                    if !when.is_empty() {
                        let when: String = when.into_iter().map(Blank::mark).collect();
                        *item = json!({WHEN: when, ITEM: text});
                    }
                }
                _ => self.hang(item),
            }),
            Value::Object(table) => table.values_mut().for_each(|item| self.hang(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// An item of a list that may not be there: the blanks that have to be given, and the item.
fn optional(value: &Value) -> Option<(Vec<Blank>, &Value)> {
    let marks = value.get(WHEN)?.as_str()?;
    Some((blank::blanks(marks).collect(), value.get(ITEM)?))
}

#[cfg(test)]
mod tests;
