//! Whether this process sees the host's own network namespace, or a container's.
//!
//! The kernel registers most of net/core for the first namespace alone (net/core/sysctl_net_core.c: `net_core_table` for
//! `init_net`, `netns_core_table` with somaxconn for each). /proc/sys shows whoever looks their own namespace, also where
//! the /proc is another's that is mounted in. No right is needed. Namespace inodes would not do: a container's process 1
//! is its own, and another's link is not readable without the right to trace it.
//!
//! Kernels before 3.5 show the whole table in every namespace: there the answer is that nothing is hidden.

use crate::host::files::Root;

/// In every namespace: without it there is no /proc/sys/net to judge by.
const EVERYWHERE: &str = "/proc/sys/net/core/somaxconn";
/// In the first namespace alone.
const FIRST_ONLY: &str = "/proc/sys/net/core/netdev_max_backlog";

/// True when the process is surely in another network namespace than the host's own.
#[must_use]
pub fn hides_host(root: &Root) -> bool {
    let there = |path: &str| root.path(path).try_exists();
    matches!(
        (there(EVERYWHERE), there(FIRST_ONLY)),
        (Ok(true), Ok(false))
    )
}
