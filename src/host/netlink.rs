//! One question to the kernel over netlink, and its answer as raw datagrams.
//!
//! A netlink socket speaks to the network namespace it was made in; a root does not change that. The kernel works on a
//! question while it is sent and on the next part of a dump while the one before is received (net/netlink/af_netlink.c,
//! netlink_unicast_kernel, netlink_recvmsg), so an answer is there as a rule when it is asked for: the socket does not
//! block, and is not registered with the runtime.

use std::io;
use std::time::Duration;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer};
use netlink_sys::{Socket, SocketAddr};
use zeroize::Zeroize;

use crate::host::wiped::Wiped;

/// `struct nlmsghdr`.
pub const HEADER_BYTES: usize = 16;
/// The kernel fills at most 32 KiB per datagram of a dump (net/netlink/af_netlink.c, netlink_dump).
const DATAGRAM_BYTES: usize = 64 << 10;
/// A dump of ten thousand interfaces stays below; more is no answer we would want to hold.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// `ENOBUFS`: more was told than the socket holds.
const NO_BUFFERS: i32 = 105;
/// Where an answer is not there at once after all.
const RETRY_AFTER: Duration = Duration::from_millis(1);

/// A socket to one family of the kernel's.
///
/// After an error that is not the kernel's own (`raw_os_error` is `None`) an answer may still be on its way: throw the
/// socket away.
#[derive(Debug)]
pub struct Netlink {
    socket: Socket,
    sequence: u32,
    /// Kept: an allocation of this size is given back to the kernel each time it is freed.
    datagram: Vec<u8>,
}

impl Netlink {
    /// A socket in the network namespace of this thread.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn open(protocol: isize) -> io::Result<Self> {
        let mut socket = Socket::new(protocol)?;
        socket.set_non_blocking(true)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        Ok(Netlink {
            socket,
            sequence: 0,
            datagram: Vec::with_capacity(DATAGRAM_BYTES),
        })
    }

    /// A socket that hears what the kernel tells these groups, from now on.
    ///
    /// # Errors
    /// What the kernel says: `EPERM` for groups that need a right.
    pub fn listen(protocol: isize, groups: &[u32]) -> io::Result<Self> {
        let listening = Self::open(protocol)?;
        for group in groups {
            listening.socket.add_membership(*group)?;
        }
        Ok(listening)
    }

    /// What was heard since the last time, which may hold keys; waits for nothing. `false` where the kernel had no room to
    /// keep all of it.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn heard_secret(&mut self) -> io::Result<(Wiped, bool)> {
        let (mut heard, mut is_whole) = (Wiped::default(), true);
        while heard.len() < ANSWER_BYTES_MAX {
            self.datagram.clear();
            match self.socket.recv(&mut self.datagram, 0) {
                Ok(_) => {
                    heard.extend(&self.datagram);
                    self.datagram.as_mut_slice().zeroize();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.raw_os_error() == Some(NO_BUFFERS) => is_whole = false,
                Err(error) => return Err(error),
            }
        }
        Ok((heard, is_whole))
    }

    /// Asks and gathers the datagrams, in `deadline` or not at all. A dump goes on to its end; any other answer is
    /// one message. Without a dump no acknowledgement may be asked for.
    ///
    /// # Errors
    /// `TimedOut`; what the kernel refused; a dump that a change interrupted (`Interrupted`).
    pub async fn ask(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        deadline: Duration,
    ) -> io::Result<Vec<u8>> {
        self.gather(kind, flags, body, deadline).await
    }

    /// The same for an answer that may hold keys: nothing of it stays behind.
    ///
    /// # Errors
    /// As those of [`Netlink::ask`].
    pub async fn ask_secret(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        deadline: Duration,
    ) -> io::Result<Wiped> {
        self.gather(kind, flags, body, deadline).await
    }

    async fn gather<T: Gathered>(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        deadline: Duration,
    ) -> io::Result<T> {
        self.sequence = self.sequence.wrapping_add(1);
        let question = request(kind, flags, self.sequence, body);
        let answer = self.exchange(&question, flags & NLM_F_DUMP == NLM_F_DUMP);
        tokio::time::timeout(deadline, answer)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer over netlink"))?
    }

    async fn exchange<T: Gathered>(&mut self, question: &[u8], dump: bool) -> io::Result<T> {
        self.socket.send(question, 0)?;
        let mut gathered = T::default();
        loop {
            self.receive().await?;
            let done = is_last(&self.datagram, self.sequence, dump);
            gathered.add(&self.datagram);
            if T::IS_SECRET {
                self.datagram.as_mut_slice().zeroize();
            }
            if done? {
                return Ok(gathered);
            }
            if gathered.bytes() > ANSWER_BYTES_MAX {
                return Err(invalid("answer longer than 16 MiB"));
            }
        }
    }

    async fn receive(&mut self) -> io::Result<()> {
        loop {
            self.datagram.clear();
            match self.socket.recv(&mut self.datagram, 0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                received => return received.map(|_| ()),
            }
        }
    }
}

/// Where the datagrams of an answer go.
trait Gathered: Default {
    /// It may hold keys: no copy may stay elsewhere.
    const IS_SECRET: bool;

    fn add(&mut self, datagram: &[u8]);

    fn bytes(&self) -> usize;
}

impl Gathered for Vec<u8> {
    const IS_SECRET: bool = false;

    fn add(&mut self, datagram: &[u8]) {
        self.extend_from_slice(datagram);
    }

    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Gathered for Wiped {
    const IS_SECRET: bool = true;

    fn add(&mut self, datagram: &[u8]) {
        self.extend(datagram);
    }

    fn bytes(&self) -> usize {
        self.len()
    }
}

fn request(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes.extend_from_slice(body);
    // A few names at most: far below 2^32.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut header = NetlinkBuffer::new(&mut bytes[..]);
    header.set_length(length);
    header.set_message_type(kind);
    header.set_flags(flags);
    header.set_sequence_number(sequence);
    bytes
}

/// Walks the headers of a datagram: whether the answer ends in it.
fn is_last(datagram: &[u8], sequence: u32, dump: bool) -> io::Result<bool> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let header =
            NetlinkBuffer::new_checked(rest).map_err(|error| invalid(&error.to_string()))?;
        if header.sequence_number() != sequence {
            return Err(invalid("answer to another question"));
        }
        if header.flags() & NLM_F_DUMP_INTR != 0 {
            return Err(io::Error::new(
                io::ErrorKind::Interrupted,
                "the list changed while it was read",
            ));
        }
        match header.message_type() {
            NLMSG_DONE => return Ok(true),
            NLMSG_ERROR => return Err(kernel_error(header.payload())),
            _ if !dump => return Ok(true),
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
        _ => invalid("unreadable netlink error"),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
