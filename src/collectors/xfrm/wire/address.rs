//! `xfrm_address_t`: an address of either family in 16 bytes.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::fmt;

/// `AF_INET6`.
const INET6: u16 = 10;

/// An address of a policy or an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Address {
    bytes: [u8; 16],
    is_v6: bool,
}

impl Address {
    /// Of this family's number. Of an IPv4 address the first four bytes count.
    #[must_use]
    pub fn new(bytes: [u8; 16], family: u16) -> Self {
        let is_v6 = family == INET6;
        let mut kept = bytes;
        if !is_v6 {
            kept[4..].fill(0);
        }
        Address { bytes: kept, is_v6 }
    }

    /// Any: a template that takes whatever address the negotiation brings.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.bytes == [0; 16]
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.bytes;
        match self.is_v6 {
            true => Ipv6Addr::from(self.bytes).fmt(f),
            false => Ipv4Addr::new(a, b, c, d).fmt(f),
        }
    }
}
