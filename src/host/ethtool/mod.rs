//! Statistics of network drivers, as `ethtool -S` shows them. They are not in ethtool's netlink family, only behind
//! the ioctl SIOCETHTOOL (include/uapi/linux/ethtool.h, net/ethtool/ioctl.c). No right is needed.
//!
//! The kernel holds its configuration lock (rtnl) during the call, and a driver may wait for its device: ENA asks it
//! over the admin queue and waits up to seconds. So a call runs on a blocking thread, one at a time, within a deadline.
//! It looks into the network namespace that the process is in; a root does not change that.

mod raw;

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use async_trait::async_trait;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use crate::host::blocking::Blocking;

use raw::{Exchange, NAME_BYTES};

/// `ETHTOOL_GDRVINFO`; its answer is `struct ethtool_drvinfo` with texts of 32 bytes: driver, version …
const GET_DRIVER: u32 = 0x03;
const DRIVER: usize = 4;
const VERSION: usize = 36;
/// `ETHTOOL_GSTRINGS`: command, set, length, then the names.
const GET_STRINGS: u32 = 0x1b;
const STRINGS: usize = 12;
/// `ETHTOOL_GSTATS`: command, length, then the values.
const GET_STATISTICS: u32 = 0x1d;
const STATISTICS: usize = 8;
/// `ETHTOOL_GSSET_INFO`: command, reserved, a mask of sets in 64 bits, then the length of each set that is there.
const GET_SET_INFO: u32 = 0x37;
const MASK: usize = 8;
const LENGTH: usize = 16;
/// `ETH_SS_STATS`, the set of the statistics' names.
const SET_OF_STATISTICS: u32 = 1;
/// `ETH_GSTRING_LEN`: bytes of a text, padded with NUL.
pub const TEXT_BYTES: usize = 32;
/// More than the largest NIC has; half of what the buffer takes.
const STATISTICS_MAX: usize = 16384;

/// What a driver counts, names and values in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statistics {
    /// The driver's name.
    pub driver: String,
    /// Its version; of a driver in the kernel's own tree, often the kernel's release.
    pub version: String,
    /// Names, each of `TEXT_BYTES`, padded with NUL.
    pub names: Vec<u8>,
    /// Values.
    pub values: Vec<u64>,
}

/// What the kernel said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The statistics.
    Read(Statistics),
    /// This driver has none (`EOPNOTSUPP`).
    NoStatistics,
    /// There is no such interface in this network namespace (`ENODEV`).
    NoInterface,
}

/// Who can be asked; a test answers in the kernel's place.
#[async_trait]
pub trait Ethtool: Send {
    /// The statistics of an interface, within `deadline`.
    ///
    /// # Errors
    /// What the kernel says; `TimedOut`, also while an earlier call still hangs; `InvalidData` for more than 16384
    /// statistics; `Interrupted` when the list changed twice while it was read.
    async fn statistics(&mut self, interface: &str, deadline: Duration) -> io::Result<Answer>;
}

/// The kernel.
#[derive(Debug, Default)]
pub struct Kernel {
    blocking: Blocking,
}

#[async_trait]
impl Ethtool for Kernel {
    async fn statistics(&mut self, interface: &str, deadline: Duration) -> io::Result<Answer> {
        let interface = interface.to_owned();
        let slow = "the driver does not answer";
        let asked = self
            .blocking
            .within(deadline, slow, move || read(&interface));
        asked.await
    }
}

/// Asks now, on this thread.
fn read(interface: &str) -> io::Result<Answer> {
    let name = name(interface)?;
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let mut exchange = Exchange::new()?;
    for _ in 0..2 {
        match read_once(&mut exchange, socket.as_fd(), name) {
            Ok(Some(statistics)) => return Ok(Answer::Read(statistics)),
            Ok(None) => {} // queues came or went between the calls
            Err(error) => {
                return match Errno::from_io_error(&error) {
                    Some(Errno::OPNOTSUPP) => Ok(Answer::NoStatistics),
                    Some(Errno::NODEV) => Ok(Answer::NoInterface),
                    _ => Err(error),
                };
            }
        }
    }
    Err(io::Error::new(
        ErrorKind::Interrupted,
        "the list of statistics changed while it was read",
    ))
}

fn name(interface: &str) -> io::Result<[u8; NAME_BYTES]> {
    let mut name = [0; NAME_BYTES];
    // The last byte stays NUL.
    if interface.is_empty() || interface.len() >= NAME_BYTES || interface.contains('\0') {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "no interface has such a name",
        ));
    }
    name[..interface.len()].copy_from_slice(interface.as_bytes());
    Ok(name)
}

/// `None` when the number of statistics changed on the way.
fn read_once(
    exchange: &mut Exchange,
    socket: BorrowedFd<'_>,
    name: [u8; NAME_BYTES],
) -> io::Result<Option<Statistics>> {
    let answer = ask(exchange, socket, name, &[GET_DRIVER])?;
    let (driver, version) = (text(&answer[DRIVER..]), text(&answer[VERSION..]));
    // The mask in 64 bits, as two words in the machine's order.
    let mask = (1u64 << SET_OF_STATISTICS).to_ne_bytes();
    let [low, high] = [&mask[..4], &mask[4..]].map(word);
    let answer = ask(exchange, socket, name, &[GET_SET_INFO, 0, low, high, 0])?;
    if answer[MASK..][..8] != mask {
        return Err(Errno::OPNOTSUPP.into());
    }
    let count = word(&answer[LENGTH..]);
    let length = count as usize;
    if length > STATISTICS_MAX {
        return Err(io::Error::new(
            ErrorKind::InvalidData,
            format!("{length} statistics; more than {STATISTICS_MAX} are not read"),
        ));
    }
    if length == 0 {
        return Err(Errno::OPNOTSUPP.into());
    }
    // Kernels since late 2025 hold the stated length against theirs and answer 0 when it is another.
    let question = [GET_STRINGS, SET_OF_STATISTICS, count];
    let answer = ask(exchange, socket, name, &question)?;
    if word(&answer[8..]) != count {
        return Ok(None);
    }
    let names = answer[STRINGS..][..length * TEXT_BYTES].to_vec();
    let answer = ask(exchange, socket, name, &[GET_STATISTICS, count])?;
    if word(&answer[4..]) != count {
        return Ok(None);
    }
    let values = answer[STATISTICS..][..length * 8].as_chunks().0;
    Ok(Some(Statistics {
        driver,
        version,
        names,
        values: values
            .iter()
            .map(|bytes| u64::from_ne_bytes(*bytes))
            .collect(),
    }))
}

/// Puts a question of these words; the answer begins where they lay.
fn ask<'a>(
    exchange: &'a mut Exchange,
    socket: BorrowedFd<'_>,
    name: [u8; NAME_BYTES],
    words: &[u32],
) -> io::Result<&'a [u8]> {
    for (place, word) in exchange.bytes().chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_ne_bytes());
    }
    exchange.ask(socket, name)?;
    Ok(exchange.bytes())
}

/// The first four bytes, which every slice of the buffer has.
fn word(bytes: &[u8]) -> u32 {
    bytes
        .first_chunk()
        .map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}

fn text(bytes: &[u8]) -> String {
    let text = bytes.iter().take(TEXT_BYTES).take_while(|byte| **byte != 0);
    String::from_utf8_lossy(&text.copied().collect::<Vec<_>>()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_interface_can_have_are_refused_before_the_kernel_is_asked() {
        for name in ["", "sixteen-bytes-xx", "nul\0in"] {
            let error = read(name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}");
        }
        assert_eq!(name("fifteen-bytes-x").unwrap()[15], 0);
    }

    /// The real kernel: the loopback device has no statistics, and no interface is named like this.
    #[tokio::test]
    async fn no_statistics_and_no_interface_are_no_errors() {
        let mut kernel = Kernel::default();
        let deadline = Duration::from_secs(30);
        let lo = kernel.statistics("lo", deadline).await.unwrap();
        assert_eq!(lo, Answer::NoStatistics);
        let none = kernel.statistics("fwm-none", deadline).await.unwrap();
        assert_eq!(none, Answer::NoInterface);
    }
}
