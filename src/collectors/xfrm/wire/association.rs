//! `XFRM_MSG_NEWSA`: include/uapi/linux/xfrm.h, `struct xfrm_usersa_info` as 64-bit kernels lay it out.

use netlink_packet_core::NlasIterator;

use super::{Address, bytes, messages};
use crate::collector::links::value;

/// `XFRM_MSG_GETSA`, which needs CAP_NET_ADMIN as every question of this family does.
pub const GET_ASSOCIATION: u16 = 18;
/// `XFRM_MSG_NEWSA`.
const NEW_ASSOCIATION: u16 = 16;
/// `XFRM_MSG_DELSA`: its payload is an id of 24 bytes, and the association an attribute.
const DELETED_ASSOCIATION: u16 = 17;
const ID_BYTES: usize = 24;
/// `XFRMA_SA`.
const WHOLE: u16 = 6;
/// `XFRM_MSG_EXPIRE`: the association, and one byte that says whether it has ended, on eight bytes.
const EXPIRED: u16 = 24;
const EXPIRED_BYTES: usize = STRUCTURE_BYTES + 8;
/// `XFRM_MSG_UPDSA`.
const UPDATED_ASSOCIATION: u16 = 26;
/// `XFRMNLGRP_EXPIRE`, `XFRMNLGRP_SA`: who listens to them hears of each association that comes and goes.
pub const GROUPS: [u32; 2] = [2, 3];
/// Where the fields are: selector 56 bytes, then id, source, lifetimes, what was counted, statistics.
const DESTINATION: usize = 56;
const SPI: usize = 72;
const PROTOCOL: usize = 76;
const SOURCE: usize = 80;
const BYTES: usize = 160;
const ADDED: usize = 176;
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
    /// When it was made, seconds of the wall clock: one made anew under an old number has another.
    pub added: u64,
    /// Bytes that went through it.
    pub bytes: u64,
    /// Packets refused: too old or replayed, or not authentic.
    pub errors: u64,
    /// Negotiated, or set by hand: it has an algorithm. While it is negotiated there is an entry without.
    pub is_ready: bool,
}

/// What became of an association.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It is there, or has its keys now.
    Made(Association),
    /// It has ended, with what it counted to the last.
    Ended(Association),
}

/// All associations of a dump.
///
/// # Errors
/// Says which part of the answer is not as the kernel writes it.
pub fn associations(dump: &[u8]) -> Result<Vec<Association>, String> {
    let mut found = Vec::new();
    messages(dump, |kind, payload| {
        if kind == NEW_ASSOCIATION {
            found.push(association(payload, attributes(payload, STRUCTURE_BYTES)?)?);
        }
        Ok(())
    })?;
    Ok(found)
}

/// What was heard of associations, in its order.
///
/// # Errors
/// Says which part is not as the kernel writes it.
pub fn events(heard: &[u8]) -> Result<Vec<Event>, String> {
    let mut found = Vec::new();
    messages(heard, |kind, payload| {
        match kind {
            NEW_ASSOCIATION | UPDATED_ASSOCIATION => {
                let attributes = attributes(payload, STRUCTURE_BYTES)?;
                found.push(Event::Made(association(payload, attributes)?));
            }
            DELETED_ASSOCIATION => {
                let attributes = attributes(payload, ID_BYTES)?;
                let whole = NlasIterator::new(attributes).filter_map(Result::ok);
                let mut whole = whole.filter(|attribute| attribute.kind() == WHOLE);
                let whole = whole.next().map(value);
                let whole = whole.ok_or("an association that ended, without what it was")?;
                found.push(Event::Ended(association(whole, attributes)?));
            }
            // A soft end only asks for a rekey.
            EXPIRED if bytes(payload, STRUCTURE_BYTES)? != [0] => {
                let attributes = attributes(payload, EXPIRED_BYTES)?;
                found.push(Event::Ended(association(payload, attributes)?));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

fn attributes(payload: &[u8], at: usize) -> Result<&[u8], String> {
    let attributes = payload.get(at..);
    attributes.ok_or_else(|| "an association shorter than its structure".to_owned())
}

/// The structure, which may be longer, and the attributes beside it.
fn association(payload: &[u8], attributes: &[u8]) -> Result<Association, String> {
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
        added: u64::from_ne_bytes(bytes(payload, ADDED)?),
        bytes: u64::from_ne_bytes(bytes(payload, BYTES)?),
        errors,
        is_ready: has_algorithm && spi != 0,
    })
}
