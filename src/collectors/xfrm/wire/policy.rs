//! `XFRM_MSG_NEWPOLICY`: include/uapi/linux/xfrm.h, `struct xfrm_userpolicy_info` as 64-bit kernels lay it out.

use netlink_packet_core::NlasIterator;

use super::{Address, bytes, messages};
use crate::collector::links::value;

/// `XFRM_MSG_GETPOLICY`, which needs CAP_NET_ADMIN.
pub const GET_POLICY: u16 = 21;
/// `XFRM_MSG_NEWPOLICY`.
const NEW_POLICY: u16 = 19;
const DIRECTION: usize = 160;
const ACTION: usize = 161;
const STRUCTURE_BYTES: usize = 168;
/// `XFRM_POLICY_ALLOW`.
const ALLOW: u8 = 0;
/// `XFRMA_TMPL`: a list of `struct xfrm_user_tmpl`.
const TEMPLATES: u16 = 5;
const TEMPLATE_BYTES: usize = 64;
/// `XFRMA_IF_ID`.
const IF_ID: u16 = 31;
/// `IPPROTO_ESP`, `IPPROTO_AH`. Compression (108) is an extra of theirs, and no tunnel.
const PROTOCOLS: [u8; 2] = [50, 51];

/// Of which packets a policy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// `XFRM_POLICY_IN`.
    In,
    /// `XFRM_POLICY_OUT`.
    Out,
}

/// What a policy asks an association to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Template {
    /// Where the tunnel's packets go.
    pub destination: Address,
    /// Where they come from.
    pub source: Address,
    /// 50 is ESP, 51 is AH.
    pub protocol: u8,
    /// Which associations serve it; 0 is any.
    pub reqid: u32,
}

/// A policy that sends packets through associations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Of which packets.
    pub direction: Direction,
    /// The interface of kind `xfrm` that it belongs to; 0 is none.
    pub if_id: u32,
    /// The associations that it needs.
    pub templates: Vec<Template>,
}

/// The policies of a dump that need associations. Those of single sockets, of forwarding (as those of receiving) and
/// those that block or let pass are none.
///
/// # Errors
/// Says which part of the answer is not as the kernel writes it.
pub fn policies(dump: &[u8]) -> Result<Vec<Policy>, String> {
    let mut found = Vec::new();
    messages(dump, |kind, payload| {
        if kind == NEW_POLICY {
            found.extend(policy(payload)?);
        }
        Ok(())
    })?;
    Ok(found)
}

fn policy(payload: &[u8]) -> Result<Option<Policy>, String> {
    let attributes = payload.get(STRUCTURE_BYTES..);
    let attributes = attributes.ok_or("a policy shorter than its structure")?;
    let direction = match bytes(payload, DIRECTION)? {
        [0] => Direction::In,
        [1] => Direction::Out,
        [_] => return Ok(None),
    };
    if bytes(payload, ACTION)? != [ALLOW] {
        return Ok(None);
    }
    let (mut if_id, mut templates) = (0, Vec::new());
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.map_err(|e| format!("attributes of a policy: {e}"))?;
        match attribute.kind() {
            IF_ID => if_id = u32::from_ne_bytes(bytes(value(attribute), 0)?),
            TEMPLATES => {
                for listed in value(attribute).chunks_exact(TEMPLATE_BYTES) {
                    templates.push(template(listed)?);
                }
            }
            _ => {}
        }
    }
    templates.retain(|template| PROTOCOLS.contains(&template.protocol));
    Ok((!templates.is_empty()).then_some(Policy {
        direction,
        if_id,
        templates,
    }))
}

/// Destination, SPI, protocol; family, source, reqid; mode and algorithms.
fn template(listed: &[u8]) -> Result<Template, String> {
    let family = u16::from_ne_bytes(bytes(listed, 24)?);
    Ok(Template {
        destination: Address::new(bytes(listed, 0)?, family),
        source: Address::new(bytes(listed, 28)?, family),
        protocol: bytes::<1>(listed, 20)?[0],
        reqid: u32::from_ne_bytes(bytes(listed, 44)?),
    })
}
