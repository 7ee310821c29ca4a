//! One readable chain of reasons from an error and its sources: on one line, of a bounded length.

use std::error::Error;

/// Longest chain shown; a page of HTML in an error is no reason.
const CHARS_MAX: usize = 1000;

/// What went wrong, and why, and why that: each reason once, joined by colons.
#[must_use]
pub fn of(error: &dyn Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let part = line(&error.to_string());
        // Many errors show their source in their own text already.
        if !part.is_empty() && !parts.iter().any(|known| known.contains(&part)) {
            parts.push(part);
        }
        next = error.source();
    }
    bounded(&parts.join(": "))
}

/// The first error of this type in the chain.
pub fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// A foreign text on one line, of a bounded length.
#[must_use]
pub fn line(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    bounded(&words.join(" "))
}

fn bounded(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Link(&'static str, #[source] Option<Box<Link>>);

    #[test]
    fn each_reason_stands_once_and_on_one_line() {
        let error = Link(
            "cannot send",
            Some(Box::new(Link(
                "no\nroute",
                Some(Box::new(Link("no route", None))),
            ))),
        );
        assert_eq!(of(&error), "cannot send: no route");
    }

    #[test]
    fn a_page_is_cut() {
        for (length, cut) in [(1000, false), (1001, true)] {
            assert_eq!(line(&"x".repeat(length)).ends_with('…'), cut);
        }
    }
}
