//! Fields of an element, read with a note of what is there and cannot be read.

use super::oddities::Oddities;
use super::words::{self, quoted};
use super::xml::Element;

/// The child's number.
pub(super) fn number(element: &Element, name: &str, odd: &mut Oddities) -> Option<f64> {
    read(element, name, odd, "a number", words::number)
}

/// The child's whole number.
pub(super) fn whole(element: &Element, name: &str, odd: &mut Oddities) -> Option<u64> {
    read(element, name, odd, "a whole number", words::whole)
}

/// The child's word, which comes in lower case, as what it means.
pub(super) fn word<T>(
    element: &Element,
    name: &str,
    odd: &mut Oddities,
    meaning: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    read(element, name, odd, "a word that is known", |text| {
        meaning(&text.to_ascii_lowercase())
    })
}

fn read<T>(
    element: &Element,
    name: &str,
    odd: &mut Oddities,
    wanted: &str,
    reader: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let text = element.either(name)?;
    let value = reader(text);
    if value.is_none() && !words::placeholder(text) {
        odd.push(format!("{name}: {} is not {wanted}", quoted(text)));
    }
    value
}

/// What `word` may mean of a thing that is on or off.
pub(super) fn yes_no(word: &str) -> Option<bool> {
    match word {
        "yes" | "on" | "true" | "enabled" => Some(true),
        "no" | "off" | "false" | "disabled" => Some(false),
        _ => None,
    }
}

/// What `word` may mean of a thing that is up or down.
pub(super) fn up_down(word: &str) -> Option<bool> {
    match word {
        "up" => Some(true),
        "down" => Some(false),
        _ => None,
    }
}

/// The text of a field that says something.
pub(super) fn text(element: &Element, name: &str) -> Option<String> {
    let text = element.either(name)?;
    (!words::placeholder(text)).then(|| text.to_owned())
}

/// The entry's own name, a child or an attribute; a nameless one is odd.
pub(super) fn name(entry: &Element, what: &str, odd: &mut Oddities) -> Option<String> {
    let name = entry.either("name");
    if name.is_none() {
        odd.push(format!("{what} without a name"));
    }
    name.map(str::to_owned)
}

/// The sum of all, or nothing where one is not known: a part that is missing once would look like a counter that
/// started anew.
pub(super) fn sum(parts: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    let parts: Option<Vec<u64>> = parts.into_iter().collect();
    let parts = parts.filter(|parts| !parts.is_empty())?;
    parts.into_iter().try_fold(0_u64, u64::checked_add)
}
