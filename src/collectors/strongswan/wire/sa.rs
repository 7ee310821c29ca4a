//! IKE SAs and child SAs, as `list-sas` and the events write them (vici_query.c, `list_ike` and `list_child`).

use super::message::Section;

/// What the state of a child SA says of its tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It carries traffic.
    Up,
    /// It does not, or not yet, or no more.
    Not,
    /// A word that is not known.
    Unknown,
}

/// Bytes that a child SA carried since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Received.
    pub received: u64,
    /// Sent.
    pub sent: u64,
}

/// A child SA: a pair of IPsec SAs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// The configured child's name.
    pub name: String,
    /// Its number, unique in one run of the daemon, and rising.
    pub id: u64,
    /// The SPI received with, hexadecimal: with the number, unique over restarts too. Only where the SAs are there.
    pub spi: Option<u32>,
    /// What its state says.
    pub standing: Standing,
    /// Its counters, only where the SAs are there.
    pub bytes: Option<Bytes>,
}

/// An IKE SA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ike {
    /// The connection's name; `(unnamed)` while the peer has not said who it is.
    pub name: String,
    /// Its number, unique in one run of the daemon; a rekeyed one gets another.
    pub id: u64,
    /// It is being deleted, and its child SAs with it, whatever they say.
    pub is_ending: bool,
    /// Its child SAs.
    pub children: Vec<Child>,
}

impl Ike {
    /// Reads the section of this name; `None` without a number.
    pub(super) fn read(name: String, section: &Section<'_>) -> Option<Self> {
        let id = section.number("uniqueid")?;
        let state = section.value("state").unwrap_or_default();
        let children = section.section("child-sas");
        let children = children.into_iter().flat_map(Section::sections);
        Some(Ike {
            name,
            id,
            is_ending: matches!(state, b"DELETING" | b"DESTROYING"),
            children: children
                .filter_map(|(name, child)| Child::read(&name, child))
                .collect(),
        })
    }
}

impl Child {
    /// Reads a section, whose name is `NAME-NUMBER`, or `NAME` alone before 5.5; `None` without a number.
    pub(super) fn read(section_name: &str, section: &Section<'_>) -> Option<Self> {
        let id = section.number("uniqueid")?;
        let ended = section_name.strip_suffix(&format!("-{id}"));
        let name = section.text("name");
        let spi = section.value("spi-in");
        let spi = spi.and_then(|digits| std::str::from_utf8(digits).ok());
        let received = section.number("bytes-in");
        let bytes = received.zip(section.number("bytes-out"));
        Some(Child {
            name: name.unwrap_or_else(|| ended.unwrap_or(section_name).to_owned()),
            id,
            spi: spi.and_then(|digits| u32::from_str_radix(digits, 16).ok()),
            standing: standing(section.value("state").unwrap_or_default()),
            bytes: bytes.map(|(received, sent)| Bytes { received, sent }),
        })
    }
}

/// The states of child_sa.h (`child_sa_state_t`), each thought through:
///
/// - CREATED, INSTALLING, RETRYING: being negotiated; ROUTED: a trap, the policy without SAs.
/// - INSTALLED: both SAs are in the kernel. REKEYING: so they are, while a new pair is negotiated. UPDATING: so they are,
///   while the kernel is told of a new address (MOBIKE), for some microseconds.
/// - REKEYED: replaced by a pair that is INSTALLED from the same moment on, and kept for what is under way: its outgoing
///   SA is gone, or goes with the peer's delete. Alone, when the new pair was deleted, it cannot send: with IKEv1 it stays
///   so until it expires.
/// - DELETING: the delete is on its way, by will or by a rekey whose new pair is INSTALLED. DELETED: done; a rekeyed pair
///   stays so for five seconds (`delete_rekeyed_delay`), still receiving what was on the way. DESTROYING: the end.
fn standing(state: &[u8]) -> Standing {
    match state {
        b"INSTALLED" | b"REKEYING" | b"UPDATING" => Standing::Up,
        b"CREATED" | b"ROUTED" | b"INSTALLING" | b"RETRYING" | b"REKEYED" | b"DELETING"
        | b"DELETED" | b"DESTROYING" => Standing::Not,
        _ => Standing::Unknown,
    }
}
