//! rtnetlink: the kernel's answer to "all links, with their counters", as raw datagrams.
//!
//! Netlink speaks to the network namespace the process is in; a root does not change that.

use std::io;
use std::time::Duration;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer,
};
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket, protocols::NETLINK_ROUTE};

/// `RTM_GETLINK`, include/uapi/linux/rtnetlink.h.
const RTM_GETLINK: u16 = 18;
/// `struct nlmsghdr` and `struct ifinfomsg`.
const REQUEST_BYTES: usize = 16 + 16;
/// The kernel fills at most 32 KiB per datagram of a dump (net/netlink/af_netlink.c, netlink_dump).
const DATAGRAM_BYTES: usize = 64 << 10;
/// A dump of ten thousand interfaces stays below; more is no answer we would want to hold.
const DUMP_BYTES_MAX: usize = 16 << 20;

/// A socket to the kernel's routing family, reopened after any error so that no stale answer is taken for a new one.
#[derive(Debug, Default)]
pub struct Links {
    socket: Option<Route>,
    sequence: u32,
}

struct Route(TokioSocket);

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Route")
    }
}

impl Links {
    /// Asks for all links and gathers the datagrams, in `deadline` or not at all.
    ///
    /// # Errors
    /// `TimedOut`; what the kernel refused; a dump that a change interrupted (`Interrupted`).
    pub async fn dump(&mut self, deadline: Duration) -> io::Result<Vec<u8>> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => open()?,
        };
        self.sequence = self.sequence.wrapping_add(1);
        let answer = tokio::time::timeout(deadline, dump(&socket.0, self.sequence))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer from rtnetlink"))??;
        self.socket = Some(socket);
        Ok(answer)
    }
}

fn open() -> io::Result<Route> {
    let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
    socket.socket_mut().bind_auto()?;
    socket.socket_ref().connect(&SocketAddr::new(0, 0))?;
    Ok(Route(socket))
}

async fn dump(socket: &TokioSocket, sequence: u32) -> io::Result<Vec<u8>> {
    socket.send(&request(sequence)).await?;
    let mut gathered = Vec::new();
    let mut datagram = Vec::with_capacity(DATAGRAM_BYTES);
    loop {
        datagram.clear();
        socket.recv(&mut datagram).await?;
        let done = is_last(&datagram, sequence)?;
        gathered.extend_from_slice(&datagram);
        if done {
            return Ok(gathered);
        }
        if gathered.len() > DUMP_BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "answer longer than 16 MiB",
            ));
        }
    }
}

fn request(sequence: u32) -> [u8; REQUEST_BYTES] {
    let mut bytes = [0; REQUEST_BYTES];
    let mut header = NetlinkBuffer::new(&mut bytes[..]);
    header.set_length(REQUEST_BYTES as u32);
    header.set_message_type(RTM_GETLINK);
    header.set_flags(NLM_F_REQUEST | NLM_F_DUMP);
    header.set_sequence_number(sequence);
    bytes
}

/// Walks the headers of a datagram: whether the dump ends in it.
fn is_last(datagram: &[u8], sequence: u32) -> io::Result<bool> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let header = NetlinkBuffer::new_checked(rest)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        if header.sequence_number() != sequence {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "answer to another question",
            ));
        }
        if header.flags() & NLM_F_DUMP_INTR != 0 {
            return Err(io::Error::new(
                io::ErrorKind::Interrupted,
                "the list of interfaces changed while it was read",
            ));
        }
        match header.message_type() {
            NLMSG_DONE => return Ok(true),
            NLMSG_ERROR => return Err(kernel_error(header.payload())),
            _ => {}
        }
        let step = (header.length() as usize).next_multiple_of(4);
        rest = rest.get(step..).unwrap_or_default();
    }
    Ok(false)
}

/// `struct nlmsgerr` begins with a negative errno.
fn kernel_error(payload: &[u8]) -> io::Error {
    match payload.first_chunk::<4>().map(|b| i32::from_ne_bytes(*b)) {
        Some(code) if code < 0 => io::Error::from_raw_os_error(-code),
        _ => io::Error::new(io::ErrorKind::InvalidData, "unreadable netlink error"),
    }
}
