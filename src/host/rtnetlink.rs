//! rtnetlink: the kernel's answer to "all links, with their counters", as raw datagrams.

use std::io;
use std::time::Duration;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::protocols::NETLINK_ROUTE;

use crate::host::netlink::Netlink;

/// `RTM_GETLINK`, include/uapi/linux/rtnetlink.h.
const RTM_GETLINK: u16 = 18;
/// `struct ifinfomsg`, all zero: every link.
const ALL_LINKS: [u8; 16] = [0; 16];

/// A socket to the kernel's routing family, reopened after any error so that no stale answer is taken for a new one.
#[derive(Debug, Default)]
pub struct Links {
    socket: Option<Netlink>,
}

impl Links {
    /// Asks for all links and gathers the datagrams, in `deadline` or not at all.
    ///
    /// # Errors
    /// `TimedOut`; what the kernel refused; a dump that a change interrupted (`Interrupted`).
    pub async fn dump(&mut self, deadline: Duration) -> io::Result<Vec<u8>> {
        let mut socket = match self.socket.take() {
            Some(socket) => socket,
            None => Netlink::open(NETLINK_ROUTE)?,
        };
        let flags = NLM_F_REQUEST | NLM_F_DUMP;
        let answer = socket.ask(RTM_GETLINK, flags, &ALL_LINKS, deadline).await?;
        self.socket = Some(socket);
        Ok(answer)
    }
}
