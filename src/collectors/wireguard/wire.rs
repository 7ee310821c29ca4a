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
    /// When the last handshake was completed.
    pub handshake: Handshake,
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
            handshake: Handshake::Never,
            rx_bytes: 0,
            tx_bytes: 0,
        }
    }
}

/// When a handshake was completed last, as far as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// There never was one.
    Never,
    /// Then, by the wall clock, since the Unix epoch.
    At(Duration),
    /// So long ago: boringtun tells that instead (seen in its 0.6, `api_get`).
    Ago(Duration),
    /// Once, and so long ago that it is forgotten: boringtun again, after nine minutes.
    Once,
}

impl Handshake {
    /// Both zero is never.
    fn at(secs: u64, nanos: u64) -> Self {
        let nanos = u32::try_from(nanos).unwrap_or_default();
        let moment = Duration::new(secs, nanos.min(999_999_999));
        if moment.is_zero() {
            return Handshake::Never;
        }
        Handshake::At(moment)
    }
}
