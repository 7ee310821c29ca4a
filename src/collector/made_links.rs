//! Links that software makes, by kind: which tunnels' interfaces there are. Pure: RTM_NEWLINK messages to links.
//! Numbers from include/uapi/linux/{if_link,if,rtnetlink}.h.

use netlink_packet_core::{NLA_HEADER_SIZE, NLMSG_DONE, NetlinkBuffer, NlaBuffer, NlasIterator};

const RTM_NEWLINK: u16 = 16;
/// `struct ifinfomsg`: family u8, pad u8, type u16, index i32, flags u32, change u32.
const IFINFOMSG_BYTES: usize = 16;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
/// Within the data of a link of kind `xfrm`.
const IFLA_XFRM_IF_ID: u16 = 2;
const IFF_UP: u32 = 1;

/// A link that software made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeLink {
    /// Its name.
    pub name: String,
    /// Its index: a link made anew under an old name has another.
    pub index: i32,
    /// Its kind, such as `wireguard`, `tun` or `xfrm`.
    pub kind: String,
    /// The administrator has set it up.
    pub is_up: bool,
    /// Of a link of kind `xfrm`: which policies and SAs are its own.
    pub xfrm_if_id: Option<u32>,
}

/// All links of a dump that have a kind.
///
/// # Errors
/// Says which part of the answer is not as the kernel writes it.
pub fn made_links(dump: &[u8]) -> Result<Vec<MadeLink>, String> {
    let mut links = Vec::new();
    let mut rest = dump;
    while !rest.is_empty() {
        let message =
            NetlinkBuffer::new_checked(rest).map_err(|e| format!("netlink header: {e}"))?;
        match message.message_type() {
            NLMSG_DONE => break,
            RTM_NEWLINK => links.extend(link(message.payload())?),
            _ => {}
        }
        let step = (message.length() as usize).next_multiple_of(4);
        rest = rest.get(step..).unwrap_or_default();
    }
    Ok(links)
}

fn link(payload: &[u8]) -> Result<Option<MadeLink>, String> {
    let (header, attributes) = payload
        .split_at_checked(IFINFOMSG_BYTES)
        .ok_or("link message shorter than its header")?;
    let index = i32::from_ne_bytes([header[4], header[5], header[6], header[7]]);
    let flags = u32::from_ne_bytes([header[8], header[9], header[10], header[11]]);
    let (mut name, mut info) = (String::new(), None);
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.map_err(|e| format!("attributes of link {index}: {e}"))?;
        match attribute.kind() {
            IFLA_IFNAME => name = text(value(attribute)),
            IFLA_LINKINFO => info = Some(value(attribute)),
            _ => {}
        }
    }
    let Some(kind) = info.and_then(|info| find(info, IFLA_INFO_KIND)).map(text) else {
        return Ok(None);
    };
    if name.is_empty() {
        return Err(format!("link {index} has no name"));
    }
    let data = info.and_then(|info| find(info, IFLA_INFO_DATA));
    let data = data.filter(|_| kind == "xfrm");
    let if_id = data.and_then(|data| find(data, IFLA_XFRM_IF_ID));
    Ok(Some(MadeLink {
        name,
        index,
        is_up: flags & IFF_UP != 0,
        xfrm_if_id: if_id.and_then(|id| id.first_chunk().copied().map(u32::from_ne_bytes)),
        kind,
    }))
}

/// The value of an attribute, for as long as the answer lives.
#[must_use]
pub fn value<'a>(attribute: NlaBuffer<&'a [u8]>) -> &'a [u8] {
    let length = usize::from(attribute.length());
    let bytes: &'a [u8] = attribute.into_inner();
    bytes.get(NLA_HEADER_SIZE..length).unwrap_or_default()
}

fn find(attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    NlasIterator::new(attributes)
        .filter_map(Result::ok)
        .find(|attribute| attribute.kind() == wanted)
        .map(value)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_answers_are_errors_and_links_without_a_kind_are_none_of_ours() {
        assert!(made_links(&[1, 2, 3]).is_err());
        assert!(link(&[0; 15]).is_err());
        assert_eq!(link(&[0; 16]), Ok(None));
    }
}
