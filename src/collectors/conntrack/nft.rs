//! A named counter of nftables: its name in the configuration, the question for it and the kernel's answer.
//! Pure: include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h, net/netfilter/{nf_tables_api,nft_counter}.c.

use netlink_packet_core::{DefaultNla, Emitable, NLA_HEADER_SIZE, NetlinkBuffer, NlasIterator};

/// `NFNL_SUBSYS_NFTABLES`.
const SUBSYSTEM: u16 = 10;
/// `NFT_MSG_NEWOBJ`: an answer.
const NEW_OBJECT: u16 = SUBSYSTEM << 8 | 18;
/// `NFT_MSG_GETOBJ`. Never `NFT_MSG_GETOBJ_RESET`, which sets the counter to 0.
pub const GET_OBJECT: u16 = SUBSYSTEM << 8 | 19;
/// `struct nfgenmsg`.
const FAMILY_HEADER_BYTES: usize = 4;
/// `NFT_OBJECT_COUNTER`.
const COUNTER: u32 = 1;
/// `NFT_NAME_MAXLEN` with its closing zero byte.
const NAME_BYTES_MAX: usize = 255;
/// `NFTA_OBJ_*`.
const TABLE: u16 = 1;
const NAME: u16 = 2;
const TYPE: u16 = 3;
const DATA: u16 = 4;
const HANDLE: u16 = 6;
/// `NFTA_COUNTER_PACKETS`.
const PACKETS: u16 = 2;
/// `NFPROTO_*` of nft's words, include/uapi/linux/netfilter.h.
const FAMILIES: [(&str, u8); 6] = [
    ("ip", 2),
    ("ip6", 10),
    ("inet", 1),
    ("arp", 3),
    ("bridge", 7),
    ("netdev", 5),
];

/// Family, table and name of a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterName {
    family: u8,
    table: String,
    name: String,
    text: String,
}

impl CounterName {
    /// Reads `family table name`, as nft writes it.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let families = FAMILIES.map(|(word, _)| word);
        let right = || {
            format!(
                "family, table and name of a counter, such as \"inet filter new_flows\"; families: {}",
                families.join(", ")
            )
        };
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [family, table, name] = words[..] else {
            return Err(right());
        };
        let known = FAMILIES.iter().find(|(word, _)| *word == family);
        let (_, family) = known.ok_or_else(right)?;
        let fits = |word: &str| word.len() <= NAME_BYTES_MAX && !word.contains('\0');
        if !fits(table) || !fits(name) {
            return Err(right());
        }
        Ok(CounterName {
            family: *family,
            table: table.to_owned(),
            name: name.to_owned(),
            text: words.join(" "),
        })
    }

    /// As nft writes it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name alone.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What follows the netlink header of a [`GET_OBJECT`].
    #[must_use]
    pub fn question(&self) -> Vec<u8> {
        let zero_ended = |text: &str| [text.as_bytes(), b"\0"].concat();
        let attributes = [
            DefaultNla::new(TABLE, zero_ended(&self.table)),
            DefaultNla::new(NAME, zero_ended(&self.name)),
            DefaultNla::new(TYPE, COUNTER.to_be_bytes().to_vec()),
        ];
        // Family, NFNETLINK_V0 and no resource.
        let mut body = vec![self.family, 0, 0, 0];
        for attribute in attributes {
            let start = body.len();
            body.resize(start + attribute.buffer_len(), 0);
            attribute.emit(&mut body[start..]);
        }
        body
    }
}

/// What the kernel says of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    /// Packets counted since it was made or reset.
    pub packets: u64,
    /// Tells a counter from one made later under its name; 0 on kernels before 4.17.
    pub handle: u64,
}

/// Reads an answer.
///
/// # Errors
/// Says what is not as it should be.
pub fn counter(answer: &[u8]) -> Result<Counter, String> {
    let message = NetlinkBuffer::new_checked(answer).map_err(|e| e.to_string())?;
    if message.message_type() != NEW_OBJECT {
        return Err(format!("a message of type {}", message.message_type()));
    }
    let attributes = message
        .payload()
        .get(FAMILY_HEADER_BYTES..)
        .ok_or("a message without its header")?;
    let object = |wanted| attribute(attributes, wanted);
    if object(TYPE)?.map(|value| value == COUNTER.to_be_bytes()) != Some(true) {
        return Err("an object that is no counter".to_owned());
    }
    let data = object(DATA)?.ok_or("a counter without data")?;
    let packets = attribute(data, PACKETS)?.ok_or("a counter without packets")?;
    Ok(Counter {
        packets: number(packets)?,
        handle: object(HANDLE)?.map_or(Ok(0), number)?,
    })
}

/// The value of the attribute of this kind.
fn attribute(attributes: &[u8], wanted: u16) -> Result<Option<&[u8]>, String> {
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.map_err(|e| e.to_string())?;
        if attribute.kind() == wanted {
            let length = usize::from(attribute.length());
            return Ok(attribute.into_inner().get(NLA_HEADER_SIZE..length));
        }
    }
    Ok(None)
}

/// 64 bits, big endian.
fn number(value: &[u8]) -> Result<u64, String> {
    let bytes =
        <[u8; 8]>::try_from(value).map_err(|_| format!("a number of {} bytes", value.len()))?;
    Ok(u64::from_be_bytes(bytes))
}
