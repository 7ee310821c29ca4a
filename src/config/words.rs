//! The words of faults: what a value is, what is wanted, what was perhaps meant.

use toml::de::DeValue;

use crate::model::schema::KeyKind;

/// Names further apart than this share of their length are not offered.
const NEAR: f64 = 0.55;

/// A whole number, in any of TOML's notations.
pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
}

/// A number, whole or not.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        // The range of a key is far within what an f64 holds exactly.
        #[allow(clippy::cast_precision_loss)]
        other => integer(other).map(|number| number as f64),
    }
}

/// What a key of this kind takes.
pub(super) fn wanted(kind: KeyKind) -> String {
    match kind {
        KeyKind::Bool => "write true or false".to_owned(),
        KeyKind::Text(_) => "write a quoted text".to_owned(),
        KeyKind::OneOf(words) => format!("write one of {}", quoted(words)),
        KeyKind::Int { min, max } => format!("write a whole number, {min} to {max}"),
        KeyKind::Number { min, max } => format!("write a number, {min} to {max}"),
        KeyKind::OneOfInts(list) => {
            let list: Vec<String> = list.iter().map(i64::to_string).collect();
            format!("write one of {}", list.join(", "))
        }
        KeyKind::Patterns | KeyKind::TextList(_) => {
            "write a list such as [\"a\", \"b\"]".to_owned()
        }
        KeyKind::OneOrMore(_) => "write a quoted text, or a list such as [\"a\", \"b\"]".to_owned(),
        KeyKind::DimensionSets(sets) => format!("write {sets:?} or one of the two"),
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
pub(super) fn a(value: &DeValue<'_>) -> &'static str {
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
pub(super) fn shown(value: &DeValue<'_>) -> String {
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

/// Of a text that may be a secret in the wrong place.
pub(super) const NOT_SHOWN: &str = "is not right (not shown: it may be a secret)";

/// A text that was refused; one that may hold a password is not shown.
pub(super) fn not_right(text: &str) -> String {
    if text.contains("://") && text.contains('@') {
        return "is not right (not shown: it may hold a password)".to_owned();
    }
    format!("{text:?} is not right")
}
