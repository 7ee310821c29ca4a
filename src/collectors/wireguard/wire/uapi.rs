//! The answer of a userspace implementation: lines of `key=value` (wireguard.com/xplatform, "Cross-platform Userspace
//! Implementation", IPC protocol).

use super::{Peer, PublicKey, moment};

/// Asks for everything: there is no question without the keys in its answer.
pub const QUESTION: &[u8] = b"get=1\n\n";

/// The answer ends with an empty line.
#[must_use]
pub fn is_whole(answer: &[u8]) -> bool {
    answer.ends_with(b"\n\n")
}

/// The peers of one interface.
///
/// # Errors
/// Names the field that is not as it should be, or the error that the implementation says.
pub fn uapi_peers(answer: &[u8]) -> Result<Vec<Peer>, String> {
    let mut peers: Vec<Peer> = Vec::new();
    let mut said = None;
    let mut secs = 0;
    for line in answer.split(|byte| *byte == b'\n') {
        let Some(at) = line.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (field, value) = (&line[..at], &line[at + 1..]);
        if field == b"errno" {
            said = Some(number("errno", value)?);
            continue;
        }
        if field == b"public_key" {
            let key = PublicKey::from_hex(value).ok_or("public_key is no key in hexadecimal")?;
            peers.push(Peer::new(key));
            secs = 0;
            continue;
        }
        // What comes before the first peer is the interface's own.
        let Some(peer) = peers.last_mut() else {
            continue;
        };
        match field {
            b"endpoint" => peer.has_endpoint = true,
            b"rx_bytes" => peer.rx_bytes = number("rx_bytes", value)?,
            b"tx_bytes" => peer.tx_bytes = number("tx_bytes", value)?,
            b"persistent_keepalive_interval" => {
                let interval = number("persistent_keepalive_interval", value)?;
                peer.keepalive_secs = u16::try_from(interval).unwrap_or(u16::MAX);
            }
            b"last_handshake_time_sec" => {
                secs = number("last_handshake_time_sec", value)?;
                peer.handshake = moment(secs, 0);
            }
            b"last_handshake_time_nsec" => {
                peer.handshake = moment(secs, number("last_handshake_time_nsec", value)?);
            }
            _ => {}
        }
    }
    match said {
        Some(0) => Ok(peers),
        Some(errno) => Err(format!("it answers with errno {errno}")),
        None => Err("its answer has no errno at the end".to_owned()),
    }
}

/// A whole number. What stands there instead is not quoted: it may be anything.
fn number(field: &str, value: &[u8]) -> Result<u64, String> {
    let text = std::str::from_utf8(value).ok();
    let number = text.and_then(|text| text.parse::<i64>().ok());
    // Some write a handshake that never was, and an unset clock, below zero.
    let number = number.map(|number| u64::try_from(number).unwrap_or_default());
    let number = number.or_else(|| text.and_then(|text| text.parse().ok()));
    number.ok_or_else(|| format!("{field} is no whole number"))
}
