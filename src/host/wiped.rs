//! Bytes that may hold other programs' keys: they are wiped when they are dropped, and where they were when they move.
//!
//! WireGuard and the kernel's IPsec hand out their keys with the counters. What a parser does not copy so never outlives
//! the pass, neither in freed memory nor in a core.

use std::fmt;
use std::ops::Deref;

use zeroize::Zeroizing;

/// A growing buffer that leaves nothing behind.
#[derive(Default)]
pub struct Wiped(Zeroizing<Vec<u8>>);

impl Wiped {
    /// Adds bytes. A place that has become too small is wiped, where `Vec` would free it as it is.
    pub fn extend(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let room = needed.max(self.0.capacity() * 2);
            let mut larger = Zeroizing::new(Vec::with_capacity(room));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }
}

impl Deref for Wiped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes that are not shown", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_shows_nothing() {
        let mut wiped = Wiped::default();
        for part in [&b"private"[..], b"", b"_key=", &[b'k'; 1000]] {
            wiped.extend(part);
        }
        assert!(wiped.starts_with(b"private_key=kkk"));
        assert_eq!(wiped.len(), 1012);
        assert_eq!(format!("{wiped:?}"), "1012 bytes that are not shown");
    }
}
