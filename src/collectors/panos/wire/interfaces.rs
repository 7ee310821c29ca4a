//! "show counter interface all" and "show interface all": interfaces.

use std::collections::HashSet;

use super::fields;
use super::oddities::Oddities;
use super::xml::Element;

/// Counters of a hardware interface, since its start or their clearing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardware {
    /// Such as `ethernet1/1`.
    pub name: String,
    /// Bytes received (`ibytes`).
    pub received_bytes: Option<u64>,
    /// Bytes sent (`obytes`).
    pub sent_bytes: Option<u64>,
    /// Packets received (`ipackets`).
    pub received_packets: Option<u64>,
    /// Packets sent (`opackets`).
    pub sent_packets: Option<u64>,
    /// Packets received with errors (`ierrors`).
    pub receive_errors: Option<u64>,
    /// Packets received and dropped (`idrops`).
    pub receive_drops: Option<u64>,
    /// Packets that could not be sent (`port/tx-error`).
    pub send_errors: Option<u64>,
}

/// Counters of a logical interface, since its start or their clearing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logical {
    /// Such as `tunnel.1`.
    pub name: String,
    /// Bytes received (`ibytes`).
    pub received_bytes: Option<u64>,
    /// Bytes sent (`obytes`).
    pub sent_bytes: Option<u64>,
}

/// All counters of interfaces ("show counter interface all"); each name stands once in each list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Interfaces {
    /// Hardware interfaces.
    pub hardware: Vec<Hardware>,
    /// Logical interfaces, tunnels among them.
    pub logical: Vec<Logical>,
}

/// All counters of interfaces. Entries without a name, which big models list, are left out; of entries with the same
/// name, the first is taken.
///
/// # Errors
/// The answer has neither of the two lists.
pub fn interface_counters(result: &Element, odd: &mut Oddities) -> Result<Interfaces, String> {
    if result.child("hw").is_none() && result.child("ifnet").is_none() {
        return Err("neither hw nor ifnet in the answer".to_owned());
    }
    let hardware = named(result.all("hw/entry"));
    // Nested twice on most releases.
    let logical = named(
        result
            .all("ifnet/ifnet/entry")
            .chain(result.all("ifnet/entry")),
    );
    Ok(Interfaces {
        hardware: hardware
            .map(|(name, entry)| of_hardware(name, entry, odd))
            .collect(),
        logical: logical
            .map(|(name, entry)| of_logical(name, entry, odd))
            .collect(),
    })
}

fn named<'a>(
    entries: impl Iterator<Item = &'a Element>,
) -> impl Iterator<Item = (&'a str, &'a Element)> {
    let mut seen = HashSet::new();
    entries
        .filter_map(|entry| Some((entry.either("name")?, entry)))
        .filter(move |(name, _)| seen.insert(*name))
}

fn of_hardware(name: &str, entry: &Element, odd: &mut Oddities) -> Hardware {
    let port = entry.child("port");
    let send_errors = port.and_then(|port| fields::whole(port, "tx-error", odd));
    let mut count = |name| fields::whole(entry, name, odd);
    Hardware {
        name: name.to_owned(),
        received_bytes: count("ibytes"),
        sent_bytes: count("obytes"),
        received_packets: count("ipackets"),
        sent_packets: count("opackets"),
        receive_errors: count("ierrors"),
        receive_drops: count("idrops"),
        send_errors,
    }
}

fn of_logical(name: &str, entry: &Element, odd: &mut Oddities) -> Logical {
    Logical {
        name: name.to_owned(),
        received_bytes: fields::whole(entry, "ibytes", odd),
        sent_bytes: fields::whole(entry, "obytes", odd),
    }
}

/// Whether hardware interfaces are up ("show interface all"); those in another state are left out.
///
/// # Errors
/// The answer has no list of hardware interfaces.
pub fn interface_states(
    result: &Element,
    odd: &mut Oddities,
) -> Result<Vec<(String, bool)>, String> {
    if result.child("hw").is_none() {
        return Err("no hw in the answer".to_owned());
    }
    let states = named(result.all("hw/entry")).filter_map(|(name, entry)| {
        let up = fields::word(entry, "state", odd, fields::up_down)?;
        Some((name.to_owned(), up))
    });
    Ok(states.collect())
}
