//! The answer of a userspace implementation: lines of `key=value` (wireguard.com/xplatform, "Cross-platform Userspace
//! Implementation", IPC protocol).

use super::{Handshake, Peer, PublicKey};

/// Asks for everything: there is no question without the keys in its answer.
pub const QUESTION: &[u8] = b"get=1\n\n";

/// The answer ends with an empty line.
#[must_use]
pub fn is_whole(answer: &[u8]) -> bool {
    answer.ends_with(b"\n\n")
}

/// Only boringtun tells this of the interface, and only it tells ages for stamps.
const TELLS_AGES: &[u8] = b"own_public_key";

/// The peers of one interface.
///
/// # Errors
/// Names the field that is not as it should be, or the error that the implementation says.
pub fn uapi_peers(answer: &[u8]) -> Result<Vec<Peer>, String> {
    let mut peers: Vec<Peer> = Vec::new();
    let (mut said, mut tells_ages) = (None, false);
    let mut handshake = (0, 0);
    for line in answer.split(|byte| *byte == b'\n') {
        let Some(at) = line.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (field, value) = (&line[..at], &line[at + 1..]);
        match field {
            b"errno" => said = Some(number("errno", value)?),
            b"public_key" => {
                let key = PublicKey::from_hex(value);
                peers.push(Peer::new(key.ok_or("public_key is no key in hexadecimal")?));
                handshake = (0, 0);
            }
            TELLS_AGES => tells_ages = true,
            // What comes before the first peer is the interface's own.
            _ => {
                if let Some(peer) = peers.last_mut() {
                    read(peer, &mut handshake, field, value)?;
                }
            }
        }
    }
    if tells_ages {
        peers.iter_mut().for_each(as_age);
    }
    match said {
        Some(0) => Ok(peers),
        Some(errno) => Err(format!("it answers with errno {errno}")),
        None => Err("its answer has no errno at the end".to_owned()),
    }
}

fn read(
    peer: &mut Peer,
    handshake: &mut (u64, u64),
    field: &[u8],
    value: &[u8],
) -> Result<(), String> {
    match field {
        b"endpoint" => peer.has_endpoint = true,
        b"rx_bytes" => peer.rx_bytes = number("rx_bytes", value)?,
        b"tx_bytes" => peer.tx_bytes = number("tx_bytes", value)?,
        b"persistent_keepalive_interval" => {
            let interval = number("persistent_keepalive_interval", value)?;
            peer.keepalive_secs = u16::try_from(interval).unwrap_or(u16::MAX);
        }
        b"last_handshake_time_sec" => handshake.0 = number("last_handshake_time_sec", value)?,
        b"last_handshake_time_nsec" => handshake.1 = number("last_handshake_time_nsec", value)?,
        _ => return Ok(()),
    }
    peer.handshake = Handshake::at(handshake.0, handshake.1);
    Ok(())
}

/// boringtun counts only what went through a session, and leaves out the age of one that it forgot.
fn as_age(peer: &mut Peer) {
    peer.handshake = match peer.handshake {
        Handshake::At(age) => Handshake::Ago(age),
        Handshake::Never if peer.rx_bytes > 0 => Handshake::Once,
        other => other,
    };
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
