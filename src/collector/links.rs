//! RTM_NEWLINK messages: bytes to links. Numbers from include/uapi/linux/{if_link,if,rtnetlink}.h.

use netlink_packet_core::{NLA_HEADER_SIZE, NLMSG_DONE, NetlinkBuffer, NlaBuffer, NlasIterator};

const RTM_NEWLINK: u16 = 16;
/// `struct ifinfomsg`: family u8, pad u8, type u16, index i32, flags u32, change u32.
const IFINFOMSG_BYTES: usize = 16;
const IFLA_IFNAME: u16 = 3;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
/// Within the data of a link of kind `xfrm`.
const IFLA_XFRM_IF_ID: u16 = 2;
const IFLA_STATS64: u16 = 23;
const IFLA_CARRIER_DOWN_COUNT: u16 = 48;
const IFF_UP: u32 = 1;
const IFF_LOWER_UP: u32 = 1 << 16;
const IFF_LOOPBACK: u32 = 8;
const ARPHRD_ETHER: u16 = 1;

/// What a link is, as far as counting goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Class {
    /// Hardware or paravirtual Ethernet: packets enter the machine here.
    Hardware,
    /// One end of a veth pair.
    Veth,
    /// Loopback, bridge, bond, vlan, tunnel …: their packets are counted elsewhere already.
    #[default]
    Other,
}

/// One link with the counters that we use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// Its index: a link made anew under an old name has another.
    pub index: i32,
    /// What it is.
    pub class: Class,
    /// Its kind by the driver's name, such as `gre`; `None` for what no software made.
    pub kind: Option<String>,
    /// The administrator set it up (`IFF_UP`).
    pub is_on: bool,
    /// Its driver sees a carrier (`IFF_LOWER_UP`); stateless tunnels always say so.
    pub has_carrier: bool,
    /// How often its carrier went; `None` before Linux 4.16.
    pub carrier_downs: Option<u32>,
    /// `None` where the kernel does not know (tunnels, loopback) or the link is set down by the administrator.
    pub up: Option<bool>,
    /// The counters; `None` where the driver has none.
    pub counters: Option<Counters>,
    /// Of a link of kind `xfrm`: which policies and SAs are its own.
    pub xfrm_if_id: Option<u32>,
}

impl Link {
    /// Software made it, of this kind.
    #[must_use]
    pub fn is_of_kind(&self, kind: &str) -> bool {
        self.kind.as_deref() == Some(kind)
    }
}

/// From `struct rtnl_link_stats64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Packets received.
    pub rx_packets: u64,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Bad packets received.
    pub rx_errors: u64,
    /// Packet transmit problems.
    pub tx_errors: u64,
    /// Received, but no room for them.
    pub rx_dropped: u64,
    /// Missed by the device.
    pub rx_missed: u64,
}

/// All links of a dump.
///
/// # Errors
/// Says which part of the answer is not as the kernel writes it.
pub fn links(dump: &[u8]) -> Result<Vec<Link>, String> {
    let mut links = Vec::new();
    let mut rest = dump;
    while !rest.is_empty() {
        let message =
            NetlinkBuffer::new_checked(rest).map_err(|e| format!("netlink header: {e}"))?;
        match message.message_type() {
            NLMSG_DONE => break,
            RTM_NEWLINK => links.push(link(message.payload())?),
            _ => {}
        }
        let step = (message.length() as usize).next_multiple_of(4);
        rest = rest.get(step..).unwrap_or_default();
    }
    Ok(links)
}

fn link(payload: &[u8]) -> Result<Link, String> {
    let (header, attributes) = payload
        .split_at_checked(IFINFOMSG_BYTES)
        .ok_or("link message shorter than its header")?;
    let device = u16::from_ne_bytes([header[2], header[3]]);
    let index = i32::from_ne_bytes([header[4], header[5], header[6], header[7]]);
    let flags = u32::from_ne_bytes([header[8], header[9], header[10], header[11]]);
    let (mut name, mut info, mut state, mut counters) = (String::new(), None, None, None);
    let mut carrier_downs = None;
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.map_err(|e| format!("attributes of link {index}: {e}"))?;
        match attribute.kind() {
            IFLA_IFNAME => name = text(attribute.value()),
            IFLA_OPERSTATE => state = attribute.value().first().copied(),
            IFLA_LINKINFO => info = Some(value(attribute)),
            IFLA_CARRIER_DOWN_COUNT => {
                let bytes = attribute.value().first_chunk();
                carrier_downs = bytes.map(|bytes| u32::from_ne_bytes(*bytes));
            }
            IFLA_STATS64 => counters = Some(stats64(attribute.value())?),
            _ => {}
        }
    }
    if name.is_empty() {
        return Err(format!("link {index} has no name"));
    }
    let within = |wanted: u16| info.and_then(|info| find(info, wanted));
    let kind = within(IFLA_INFO_KIND).map(text);
    let data = within(IFLA_INFO_DATA).filter(|_| kind.as_deref() == Some("xfrm"));
    let if_id = data.and_then(|data| find(data, IFLA_XFRM_IF_ID));
    Ok(Link {
        name,
        index,
        xfrm_if_id: if_id.and_then(|id| id.first_chunk().copied().map(u32::from_ne_bytes)),
        class: class(device, flags, kind.as_deref()),
        kind,
        is_on: flags & IFF_UP != 0,
        has_carrier: flags & IFF_LOWER_UP != 0,
        carrier_downs,
        up: up(flags, state),
        counters,
    })
}

/// Hardware and paravirtual NICs have no kind: only what is made by software has one.
fn class(device: u16, flags: u32, kind: Option<&str>) -> Class {
    match kind {
        Some("veth") => Class::Veth,
        None if device == ARPHRD_ETHER && flags & IFF_LOOPBACK == 0 => Class::Hardware,
        _ => Class::Other,
    }
}

/// RFC 2863 states: 6 UP; 2 DOWN, 3 LOWERLAYERDOWN, 1 NOTPRESENT; 0 UNKNOWN, 4 TESTING, 5 DORMANT say neither.
fn up(flags: u32, state: Option<u8>) -> Option<bool> {
    if flags & IFF_UP == 0 {
        return None;
    }
    match state {
        Some(6) => Some(true),
        Some(1..=3) => Some(false),
        _ => None,
    }
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
    let end = bytes
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// The struct grows at its end with newer kernels; the fields used here have always been in it.
fn stats64(bytes: &[u8]) -> Result<Counters, String> {
    let field = |number: usize| {
        bytes
            .get(number * 8..)
            .and_then(|rest| rest.first_chunk())
            .map(|chunk| u64::from_ne_bytes(*chunk))
            .ok_or_else(|| format!("link counters end before field {number}"))
    };
    Ok(Counters {
        rx_packets: field(0)?,
        rx_bytes: field(2)?,
        tx_bytes: field(3)?,
        rx_errors: field(4)?,
        tx_errors: field(5)?,
        rx_dropped: field(6)?,
        rx_missed: field(15)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kindless_ethernet_is_hardware() {
        assert_eq!(class(1, 1, None), Class::Hardware);
        assert_eq!(class(1, 1, Some("veth")), Class::Veth);
        for (device, flags, kind) in [(772, 9, None), (1, 1, Some("bridge")), (65534, 1, None)] {
            assert_eq!(class(device, flags, kind), Class::Other);
        }
    }

    #[test]
    fn unknown_is_not_down() {
        assert_eq!(up(1, Some(6)), Some(true));
        assert_eq!(up(1, Some(2)), Some(false));
        for (flags, state) in [(1, Some(0)), (1, Some(5)), (1, None), (0, Some(2))] {
            assert_eq!(up(flags, state), None);
        }
    }

    #[test]
    fn torn_answers_are_errors() {
        assert!(links(&[1, 2, 3]).is_err());
        assert!(link(&[0; 15]).is_err());
        assert!(link(&[0; 16]).is_err_and(|e| e.contains("no name")));
        assert!(stats64(&[0; 127]).is_err());
        assert!(stats64(&[0; 128]).is_ok());
    }
}
