//! `XFRM_MSG_NEWSA`: include/uapi/linux/xfrm.h, `struct xfrm_usersa_info` as 64-bit kernels lay it out.

use netlink_packet_core::NlasIterator;

use super::{Address, bytes, messages};
use crate::collector::links::value;

/// `XFRM_MSG_GETSA`, which needs CAP_NET_ADMIN as every question of this family does.
pub const GET_ASSOCIATION: u16 = 18;
/// `XFRM_MSG_NEWSA`.
const NEW_ASSOCIATION: u16 = 16;
/// Where the fields are: selector 56 bytes, then id, source, lifetimes, what was counted, statistics.
const DESTINATION: usize = 56;
const SPI: usize = 72;
const PROTOCOL: usize = 76;
const SOURCE: usize = 80;
const BYTES: usize = 160;
const STATISTICS: usize = 192;
const REQID: usize = 208;
const FAMILY: usize = 212;
const STRUCTURE_BYTES: usize = 224;
/// `XFRMA_ALG_AUTH`, `_CRYPT`, `_COMP`, `_AEAD`, `_AUTH_TRUNC`: their presence says that the keys are in.
const ALGORITHMS: [u16; 5] = [1, 2, 3, 18, 20];
/// `XFRMA_IF_ID`.
const IF_ID: u16 = 31;

/// A security association: one direction of a tunnel, until it is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// Where its packets go.
    pub destination: Address,
    /// Where they come from.
    pub source: Address,
    /// Its number at the destination; 0 in an entry that only asks for negotiation.
    pub spi: u32,
    /// 50 is ESP, 51 is AH.
    pub protocol: u8,
    /// Which templates it serves.
    pub reqid: u32,
    /// Which interface of kind `xfrm` it belongs to; 0 is none.
    pub if_id: u32,
    /// Bytes that went through it.
    pub bytes: u64,
    /// Packets refused: too old or replayed, or not authentic.
    pub errors: u64,
    /// Negotiated, or set by hand: it has an algorithm. While it is negotiated there is an entry without.
    pub is_ready: bool,
}

/// All associations of a dump.
///
/// # Errors
/// Says which part of the answer is not as the kernel writes it.
pub fn associations(dump: &[u8]) -> Result<Vec<Association>, String> {
    let mut found = Vec::new();
    messages(dump, NEW_ASSOCIATION, |payload| {
        found.push(association(payload)?);
        Ok(())
    })?;
    Ok(found)
}

fn association(payload: &[u8]) -> Result<Association, String> {
    let attributes = payload.get(STRUCTURE_BYTES..);
    let attributes = attributes.ok_or("an association shorter than its structure")?;
    let number = |at| bytes(payload, at).map(u32::from_ne_bytes);
    let spi = u32::from_be_bytes(bytes(payload, SPI)?);
    let (mut if_id, mut has_algorithm) = (0, false);
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.map_err(|e| format!("attributes of an association: {e}"))?;
        match attribute.kind() {
            IF_ID => if_id = u32::from_ne_bytes(bytes(value(attribute), 0)?),
            kind => has_algorithm |= ALGORITHMS.contains(&kind),
        }
    }
    let family = u16::from_ne_bytes(bytes(payload, FAMILY)?);
    let mut errors = 0;
    for at in 0..3 {
        errors += u64::from(number(STATISTICS + 4 * at)?);
    }
    Ok(Association {
        destination: Address::new(bytes(payload, DESTINATION)?, family),
        source: Address::new(bytes(payload, SOURCE)?, family),
        spi,
        protocol: bytes::<1>(payload, PROTOCOL)?[0],
        reqid: number(REQID)?,
        if_id,
        bytes: u64::from_ne_bytes(bytes(payload, BYTES)?),
        errors,
        is_ready: has_algorithm && spi != 0,
    })
}
