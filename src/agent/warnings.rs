//! What the configuration of remote firewalls is warned of at each start, a line for all that have it in common.

use std::collections::BTreeMap;

use crate::config::Wanted;

/// Firewalls that a line names.
const NAMED_MAX: usize = 20;

/// A line for each warning, with the firewalls it is about.
pub(super) fn warnings<'a>(wanted: impl Iterator<Item = &'a Wanted>) -> Vec<String> {
    let mut by_text: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for wanted in wanted {
        if let (Some(text), Some(target)) = (wanted.warning(), wanted.target.as_deref()) {
            by_text.entry(text).or_default().push(target);
        }
    }
    let lines = by_text.into_iter();
    lines
        .map(|(text, targets)| format!("{text}: {}", listed(&targets, NAMED_MAX)))
        .collect()
}

/// These words, and how many more there are.
pub(super) fn listed<T: AsRef<str>>(words: &[T], most: usize) -> String {
    let shown: Vec<&str> = words.iter().take(most).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match words.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn one_line_names_all_firewalls_that_believe_whoever_answers() {
        let one = |name: &str, tls: &str| {
            format!(
                "[[collectors.panos.firewall]]\nname = \"{name}\"\naddress = \"10.0.0.4\"\napi_key_file = \"/k\"\n{tls}\n"
            )
        };
        let insecure = "tls_insecure = true";
        let checked = "ca_file = \"/ca.pem\"\ntls_insecure = false";
        let text = [
            one("fw-b", insecure),
            one("fw-c", checked),
            one("fw-a", insecure),
        ];
        let config = parse(&text.concat(), None, &[]).unwrap();
        let lines = warnings(config.collectors().iter());
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].ends_with(": fw-b, fw-a"), "{lines:?}");
        assert!(warnings(crate::config::Config::default().collectors().iter()).is_empty());
    }

    #[test]
    fn long_lists_end_in_a_number() {
        assert_eq!(listed(&["a", "b"], 2), "a, b");
        assert_eq!(listed(&["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
