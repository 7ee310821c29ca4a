//! The kernel's answer over generic netlink: include/uapi/linux/wireguard.h, drivers/net/wireguard/netlink.c.

use netlink_packet_core::{NLMSG_DONE, NetlinkBuffer, NlasIterator};

use super::{Handshake, Peer, PublicKey};
use crate::collector::links::value;

/// `WG_GENL_NAME`.
pub const FAMILY: &str = "wireguard";
/// `WG_CMD_GET_DEVICE`, which needs CAP_NET_ADMIN.
pub const COMMAND_GET_DEVICE: u8 = 0;
/// `WGDEVICE_A_IFNAME`: of which interface.
pub const ATTRIBUTE_NAME: u16 = 2;
/// `struct genlmsghdr`.
const HEADER_BYTES: usize = 4;
/// `WGDEVICE_A_PEERS`. `WGDEVICE_A_PRIVATE_KEY`, which is 3, is never looked at.
const PEERS: u16 = 8;
/// `WGPEER_A_*`. The preshared key, which is 2, is never looked at.
const PUBLIC_KEY: u16 = 1;
const ENDPOINT: u16 = 4;
const KEEPALIVE: u16 = 5;
const LAST_HANDSHAKE: u16 = 6;
const RX_BYTES: u16 = 7;
const TX_BYTES: u16 = 8;

/// The peers of one interface's dump. A peer with many allowed addresses goes on in the next message, without what was
/// said of it before.
///
/// # Errors
/// Says which part of the answer is not as the kernel writes it.
pub fn kernel_peers(dump: &[u8], family: u16) -> Result<Vec<Peer>, String> {
    let mut peers: Vec<Peer> = Vec::new();
    let mut rest = dump;
    while !rest.is_empty() {
        let message =
            NetlinkBuffer::new_checked(rest).map_err(|e| format!("netlink header: {e}"))?;
        let kind = message.message_type();
        if kind == NLMSG_DONE {
            break;
        }
        if kind == family {
            let attributes = message.payload().get(HEADER_BYTES..);
            device(
                attributes.ok_or("a message without its header")?,
                &mut peers,
            )?;
        }
        let step = (message.length() as usize).next_multiple_of(4);
        rest = rest.get(step..).unwrap_or_default();
    }
    Ok(peers)
}

fn device(attributes: &[u8], peers: &mut Vec<Peer>) -> Result<(), String> {
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.map_err(|e| format!("attributes of an interface: {e}"))?;
        if attribute.kind() != PEERS {
            continue;
        }
        for listed in NlasIterator::new(value(attribute)) {
            let listed = listed.map_err(|e| format!("list of peers: {e}"))?;
            peer(value(listed), peers)?;
        }
    }
    Ok(())
}

fn peer(attributes: &[u8], peers: &mut Vec<Peer>) -> Result<(), String> {
    let wrong = |e| format!("attributes of a peer: {e}");
    let all = || NlasIterator::new(attributes).map(|attribute| attribute.map_err(wrong));
    let mut key = None;
    for attribute in all() {
        let attribute = attribute?;
        if attribute.kind() == PUBLIC_KEY {
            key = PublicKey::from_bytes(value(attribute));
        }
    }
    let key = key.ok_or("a peer without a public key")?;
    if peers.last().is_none_or(|last| last.key != key) {
        peers.push(Peer::new(key));
    }
    let Some(peer) = peers.last_mut() else {
        return Ok(());
    };
    for attribute in all() {
        let attribute = attribute?;
        let kind = attribute.kind();
        match kind {
            ENDPOINT => peer.has_endpoint = true,
            KEEPALIVE => peer.keepalive_secs = u16::from_ne_bytes(array(value(attribute), kind)?),
            RX_BYTES => peer.rx_bytes = u64::from_ne_bytes(array(value(attribute), kind)?),
            TX_BYTES => peer.tx_bytes = u64::from_ne_bytes(array(value(attribute), kind)?),
            LAST_HANDSHAKE => peer.handshake = timespec(value(attribute))?,
            _ => {}
        }
    }
    Ok(())
}

/// `struct __kernel_timespec`; a clock before 1970 is an unset clock.
fn timespec(value: &[u8]) -> Result<Handshake, String> {
    let (secs, nanos) = value.split_at_checked(8).unwrap_or((value, &[]));
    let number = |bytes: &[u8]| array(bytes, LAST_HANDSHAKE).map(i64::from_ne_bytes);
    let whole = |number: i64| u64::try_from(number).unwrap_or_default();
    Ok(Handshake::at(whole(number(secs)?), whole(number(nanos)?)))
}

fn array<const N: usize>(value: &[u8], kind: u16) -> Result<[u8; N], String> {
    let wrong = |_| {
        format!(
            "attribute {kind} of a peer has {} bytes, not {N}",
            value.len()
        )
    };
    value.try_into().map_err(wrong)
}
