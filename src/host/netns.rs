//! Network namespaces by name, as `ip netns` keeps them in /run/netns.
//!
//! A namespace is entered by a thread of its own that ends there: the process and its other threads stay where they
//! are, and what the thread opened goes on speaking of the namespace. A descriptor of the namespace itself, of a file
//! in its /proc/net, or of a socket made there keeps it alive, also after `ip netns delete`; one of a sysctl does not.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::sync::oneshot::{Receiver, channel};

/// Where `ip netns` keeps namespaces (the user's view of iproute2's NETNS_RUN_DIR).
pub const DIRECTORY: &str = "/run/netns";
/// The thread opens a few files.
const STACK_BYTES: usize = 128 << 10;

/// Does `work` in a thread that enters the namespace of `handle`; what it brought comes to the receiver.
///
/// # Errors
/// No thread could be made. To the receiver: `EPERM` without CAP_SYS_ADMIN, `EINVAL` where `handle` is no network
/// namespace (setns(2)), or what the work says.
pub fn inside<T: Send + 'static>(
    handle: File,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<Receiver<io::Result<T>>> {
    let (sender, receiver) = channel();
    std::thread::Builder::new()
        .name("netns".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let network = Some(LinkNameSpaceType::Network);
            let entered = move_into_link_name_space(handle.as_fd(), network);
            // The asker may have given up: then nobody needs it.
            let _ = sender.send(entered.map_err(io::Error::from).and_then(|()| work()));
        })?;
    Ok(receiver)
}
