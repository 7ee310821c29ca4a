//! Public keys, 32 bytes: in base64 for people and `wg`, in hexadecimal on the UAPI socket. They are no secret.

use std::fmt;

const KEY_BYTES: usize = 32;
/// Base64 of 32 bytes: 43 characters and one that fills up.
const TEXT_CHARS: usize = 44;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A peer's public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; KEY_BYTES]);

impl PublicKey {
    /// From its bytes, as the kernel tells them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        <[u8; KEY_BYTES]>::try_from(bytes).ok().map(PublicKey)
    }

    /// From 64 hexadecimal digits, as the UAPI socket tells them.
    #[must_use]
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        if digits.len() != 2 * KEY_BYTES {
            return None;
        }
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let mut key = [0; KEY_BYTES];
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(PublicKey(key))
    }

    /// From base64, as `wg pubkey` writes it.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        if text.len() != TEXT_CHARS || text[TEXT_CHARS - 1] != b'=' {
            return None;
        }
        let mut bits = 0_u32;
        let mut key = Vec::with_capacity(KEY_BYTES + 1);
        for (at, byte) in text[..TEXT_CHARS - 1].iter().enumerate() {
            let sextet = ALPHABET.iter().position(|letter| letter == byte)?;
            bits = bits << 6 | u32::try_from(sextet).ok()?;
            // Four letters are three bytes; each but the first of them completes one.
            if at % 4 != 0 {
                let [.., byte] = (bits >> (6 - 2 * (at % 4))).to_be_bytes();
                key.push(byte);
            }
        }
        // The last letter carries two bits more than there are: they are zero in what `wg` writes.
        (bits & 3 == 0).then(|| PublicKey::from_bytes(&key))?
    }
}

/// Base64.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(TEXT_CHARS);
        for three in self.0.chunks(3) {
            let byte = |at: usize| usize::from(three.get(at).copied().unwrap_or_default());
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for at in 0..=three.len() {
                text.push(char::from(ALPHABET[bits >> (18 - 6 * at) & 63]));
            }
        }
        text.push('=');
        f.write_str(&text)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_and_hexadecimal_are_one_key() {
        let text = "XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQU=";
        let hex = b"5dc1813f5d1db6e951c0838360fabb47b45bc650583ed9fa33aa92a25e75b105";
        let key = PublicKey::from_base64(text).unwrap();
        assert_eq!(PublicKey::from_hex(hex), Some(key));
        assert_eq!(key.to_string(), text);
        assert_eq!(format!("{key:?}"), text);
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in [
            "",
            "=",
            "XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQU",
            "XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQV=",
            "XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51s-U=",
            "XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQUx",
        ] {
            assert_eq!(PublicKey::from_base64(text), None, "{text}");
        }
        assert_eq!(PublicKey::from_hex(&[b'g'; 64]), None);
        assert_eq!(PublicKey::from_hex(b"5d"), None);
        assert_eq!(PublicKey::from_bytes(&[0; 31]), None);
    }
}
