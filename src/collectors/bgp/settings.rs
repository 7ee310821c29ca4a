//! The settings of the `bgp` collector, and the sockets that they name.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::doors::{Daemon, in_directory};
use crate::model::schema::one_or_more;

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    #[serde(deserialize_with = "one_or_more")]
    frr: Vec<String>,
    #[serde(deserialize_with = "one_or_more")]
    bird: Vec<String>,
    pub(super) expect: BTreeSet<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            frr: vec!["/var/run/frr".to_owned()],
            bird: vec!["/run/bird/bird.ctl".to_owned()],
            expect: BTreeSet::new(),
        }
    }
}

/// A socket to read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) daemon: Daemon,
    /// As configured, below the root.
    pub(super) path: String,
    /// The user named it: it should be there.
    pub(super) is_named: bool,
    /// What stands before its peers' names.
    pub(super) prefix: String,
}

impl Settings {
    /// All sockets of this table.
    pub(super) fn sockets(&self, table: &toml::Table) -> Vec<Socket> {
        let mut sockets = Vec::new();
        for (prefix, directory) in prefixed(&self.frr) {
            for daemon in [Daemon::Bgpd, Daemon::Bfdd] {
                let path = in_directory(directory, daemon);
                sockets.push(Socket {
                    daemon,
                    path: path.to_string_lossy().into_owned(),
                    // Not everybody has BFD.
                    is_named: daemon == Daemon::Bgpd && table.contains_key("frr"),
                    prefix: prefix.clone(),
                });
            }
        }
        sockets.extend(
            prefixed(&self.bird)
                .into_iter()
                .map(|(prefix, path)| Socket {
                    daemon: Daemon::Bird,
                    path: path.to_owned(),
                    is_named: table.contains_key("bird"),
                    prefix,
                }),
        );
        sockets
    }
}

/// Each path once, with what stands before its peers' names: nothing for the first, so that a second one renames no
/// series; for others their last part, or all of it where two end alike.
fn prefixed(paths: &[String]) -> Vec<(String, &str)> {
    let mut all: Vec<(String, &str)> = Vec::new();
    for path in paths {
        if all.iter().any(|(_, known)| known == path) {
            continue;
        }
        let stem = Path::new(path).file_stem();
        let short = stem.map(|stem| format!("{}/", stem.to_string_lossy()));
        let is_free = |short: &String| all.iter().all(|(known, _)| known != short);
        let prefix = match short.filter(is_free) {
            _ if all.is_empty() => String::new(),
            Some(short) => short,
            None => format!("{path}/"),
        };
        all.push((prefix, path));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_has_plain_names_and_two_that_end_alike_their_whole_paths() {
        let paths = ["/run/frr", "/run/frr/a", "/run/frr", "/x/a", "/y/b.ctl"];
        let paths = paths.map(str::to_owned);
        let wanted = [
            ("", "/run/frr"),
            ("a/", "/run/frr/a"),
            ("/x/a/", "/x/a"),
            ("b/", "/y/b.ctl"),
        ];
        let wanted = wanted.map(|(prefix, path)| (prefix.to_owned(), path));
        assert_eq!(prefixed(&paths), wanted);
    }

    #[test]
    fn what_is_written_is_named_and_bfdd_never() {
        let table: toml::Table = toml::from_str("frr = \"/x\"\nexpect = [\"a\"]").unwrap();
        let settings: Settings = table.clone().try_into().unwrap();
        let sockets = settings.sockets(&table);
        let seen: Vec<_> = sockets
            .iter()
            .map(|s| (s.path.as_str(), s.is_named))
            .collect();
        let wanted = [
            ("/x/bgpd.vty", true),
            ("/x/bfdd.vty", false),
            ("/run/bird/bird.ctl", false),
        ];
        assert_eq!(seen, wanted);
    }
}
