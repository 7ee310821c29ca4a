//! What WireGuard says of its peers: the kernel's attributes, or the lines of a userspace implementation. Pure.
//!
//! Both answers hold the interface's private key and the peers' preshared keys. Neither parser copies them, nor anything
//! of a line or attribute that it does not know; what a complaint quotes are names of fields.

mod kernel;
mod key;
mod uapi;

use std::time::Duration;

pub use kernel::{ATTRIBUTE_NAME, COMMAND_GET_DEVICE, FAMILY, kernel_peers};
pub use key::PublicKey;
pub use uapi::{QUESTION, is_whole, uapi_peers};

/// A configured peer, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Who it is.
    pub key: PublicKey,
    /// It is known where it can be reached: configured, or heard from once.
    pub has_endpoint: bool,
    /// Seconds between packets that keep the way open; 0 is off.
    pub keepalive_secs: u16,
    /// When the last handshake was completed, wall clock, since the Unix epoch; `None` is never.
    pub handshake: Option<Duration>,
    /// Bytes received from it, handshakes included.
    pub rx_bytes: u64,
    /// Bytes sent to it, handshakes included, also those that nobody answered.
    pub tx_bytes: u64,
}

impl Peer {
    /// One of which nothing but the name is known yet.
    #[must_use]
    pub fn new(key: PublicKey) -> Self {
        Peer {
            key,
            has_endpoint: false,
            keepalive_secs: 0,
            handshake: None,
            rx_bytes: 0,
            tx_bytes: 0,
        }
    }
}

/// A moment since the Unix epoch; both zero is never.
fn moment(secs: u64, nanos: u64) -> Option<Duration> {
    let nanos = u32::try_from(nanos).unwrap_or_default().min(999_999_999);
    let moment = Duration::new(secs, nanos);
    (!moment.is_zero()).then_some(moment)
}
