//! The settings of the `conntrack` collector, and what their texts may be.

use serde::Deserialize;

use super::nft::CounterName;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub(super) netns: Vec<String>,
    pub(super) new_sessions_counter: Option<String>,
}

/// What an entry of `netns` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A network namespace in /run/netns.
    Name(String),
    /// A file that holds the number of a process in the namespace.
    PidFile(String),
}

impl Entry {
    /// Reads an entry: an absolute path is a PID file, anything else a name.
    ///
    /// # Errors
    /// Says what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let right = || {
            "the name of a namespace in /run/netns, such as \"dataplane\", or the absolute path of a PID file, such as \"/run/firewall.pid\""
                .to_owned()
        };
        if text.contains('\0') || text.ends_with('/') {
            return Err(right());
        }
        if text.starts_with('/') {
            return Ok(Entry::PidFile(text.to_owned()));
        }
        if text.trim() != text || text.contains('/') || ["", ".", ".."].contains(&text) {
            return Err(right());
        }
        Ok(Entry::Name(text.to_owned()))
    }
}

pub(super) fn check_entry(text: &str) -> Result<(), String> {
    Entry::parse(text).map(|_| ())
}

pub(super) fn check_counter(text: &str) -> Result<(), String> {
    CounterName::parse(text).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_in_front_makes_a_pid_file() {
        let name = |text: &str| Ok(Entry::Name(text.to_owned()));
        assert_eq!(Entry::parse("dataplane"), name("dataplane"));
        assert_eq!(Entry::parse("a.b-c d"), name("a.b-c d"));
        let file = Entry::PidFile("/run/firewall.pid".to_owned());
        assert_eq!(Entry::parse("/run/firewall.pid"), Ok(file));
    }

    #[test]
    fn what_can_be_neither_is_refused() {
        for text in [
            "", " ", ".", "..", "a/b", "../a", "/", "/run/", "a\0", " a", "a\n",
        ] {
            assert!(Entry::parse(text).is_err(), "{text:?}");
        }
    }
}
