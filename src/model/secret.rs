//! A secret: it goes to its destination, and nowhere else.

use std::fmt;

/// Stands where a secret was.
const HIDDEN: &[u8] = b"(secret)";
/// Shorter texts are no secrets worth the name, and would be found in any sentence.
const HIDDEN_LEAST: usize = 4;

/// A key or password. It has no Display, and its Debug says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// For the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The bytes without it: an appliance may answer with what it was sent.
    #[must_use]
    pub fn hidden_in(&self, bytes: Vec<u8>) -> Vec<u8> {
        let secret = self.0.as_bytes();
        if secret.len() < HIDDEN_LEAST {
            return bytes;
        }
        let mut hidden = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some(at) = rest.windows(secret.len()).position(|part| part == secret) {
            hidden.extend_from_slice(&rest[..at]);
            hidden.extend_from_slice(HIDDEN);
            rest = &rest[at + secret.len()..];
        }
        hidden.extend_from_slice(rest);
        hidden
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_it() {
        let secret = Secret::new("LUFRPT1abc==");
        assert_eq!(format!("{secret:?}"), "(secret)");
        let said = b"no LUFRPT1abc==LUFRPT1abc== here".to_vec();
        assert_eq!(secret.hidden_in(said), b"no (secret)(secret) here");
        assert_eq!(Secret::new("").hidden_in(b"ab".to_vec()), b"ab");
    }
}
