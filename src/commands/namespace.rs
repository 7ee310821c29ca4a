//! What is said where the host's own network namespace is not seen.

use crate::config::{Config, Wanted};
use crate::host::files::Root;
use crate::host::namespace;

/// Collectors whose source is that of a network namespace.
const CONCERNED: [&str; 2] = ["conntrack", "interfaces"];
/// Names other namespaces, and so is not concerned.
const ELSEWHERE: &str = "netns";

const NOTE: &str = "not the host's network namespace but the one that fwmetrics runs in (a container's, perhaps); for the host's, start it with --network host (podman, docker) or hostNetwork: true (pods)";

/// The wanted collectors that do not see the host's interfaces and sessions.
pub(super) fn blind(config: &Config, wanted: &[Wanted]) -> Vec<&'static str> {
    if !namespace::hides_host(&Root::new(&config.root)) {
        return Vec::new();
    }
    wanted
        .iter()
        .filter(|wanted| CONCERNED.contains(&wanted.spec.name))
        .filter(|wanted| !wanted.table.contains_key(ELSEWHERE))
        .map(|wanted| wanted.spec.name)
        .collect()
}

/// What each of them notes.
pub(super) fn note() -> String {
    NOTE.to_owned()
}

/// One line for all of them; `None` where there are none.
pub(super) fn line(blind: &[&str]) -> Option<String> {
    (!blind.is_empty()).then(|| format!("{}: {NOTE}", blind.join(", ")))
}
