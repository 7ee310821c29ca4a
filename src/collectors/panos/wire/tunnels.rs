//! "show running tunnel flow all" and "show vpn flow tunnel-id N": IPsec tunnels and their errors.

use super::fields;
use super::oddities::Oddities;
use super::xml::Element;

/// State of a tunnel, in the words of the CLI's own filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelState {
    /// It has keys and passes packets.
    Active,
    /// It has no keys yet.
    Init,
    /// It was up and is not.
    Inactive,
}

/// An IPsec tunnel; each proxy ID of one is a tunnel of its own, named `tunnel:proxy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tunnel {
    /// Its name in the configuration.
    pub name: String,
    /// Its number, by which "show vpn flow tunnel-id" asks.
    pub id: Option<u64>,
    /// The interface inside, such as `tunnel.1` (`inner-if`); its byte counters are the tunnel's.
    pub interface: Option<String>,
    /// `None` where the device does not say it, or in a word that is not known.
    pub state: Option<TunnelState>,
    /// Whether the tunnel monitor reaches the other side; `None` without one.
    pub monitor: Option<bool>,
}

/// The IPsec tunnels of a firewall ("show running tunnel flow all"). Down ones are in the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tunnels {
    /// How many there are (`num_ipsec`), where the device says it.
    pub configured: Option<u64>,
    /// In the order of the answer; a name may stand twice.
    pub list: Vec<Tunnel>,
}

/// The IPsec tunnels of a firewall; an empty answer means that there are none.
///
/// # Errors
/// The answer is something else.
pub fn tunnels(result: &Element, odd: &mut Oddities) -> Result<Tunnels, String> {
    let marks = ["num_ipsec", "total", "IPSec", "entry"];
    if !result.is_empty() && !marks.iter().any(|mark| result.child(mark).is_some()) {
        return Err("neither num_ipsec nor tunnels in the answer".to_owned());
    }
    let configured = fields::whole(result, "num_ipsec", odd);
    let entries = entries(result);
    let list = entries.filter_map(|entry| tunnel(entry, odd)).collect();
    Ok(Tunnels { configured, list })
}

fn entries(result: &Element) -> impl Iterator<Item = &Element> {
    // Beside IPSec stand SSL-VPN, GlobalProtect-Gateway and others, which are no tunnels between sites.
    let path = match result.child("IPSec") {
        Some(_) => "IPSec/entry",
        None => "entry",
    };
    result.all(path)
}

fn tunnel(entry: &Element, odd: &mut Oddities) -> Option<Tunnel> {
    Some(Tunnel {
        name: fields::name(entry, "tunnel", odd)?,
        id: fields::whole(entry, "id", odd),
        interface: fields::text(entry, "inner-if"),
        state: fields::word(entry, "state", odd, state),
        monitor: monitor(entry, odd),
    })
}

fn state(word: &str) -> Option<TunnelState> {
    match word {
        "active" => Some(TunnelState::Active),
        "init" => Some(TunnelState::Init),
        "inactive" => Some(TunnelState::Inactive),
        _ => None,
    }
}

/// In the list `mon` is off, up or down; the full record has `monitor` with `on` and `status`.
fn monitor(entry: &Element, odd: &mut Oddities) -> Option<bool> {
    if entry.either("mon").is_some() {
        let word = |word: &str| match word {
            "off" => Some(None),
            _ => fields::up_down(word).map(Some),
        };
        return fields::word(entry, "mon", odd, word).flatten();
    }
    let monitor = entry.child("monitor")?;
    let on = fields::word(monitor, "on", odd, fields::yes_no);
    let reaches = |word: &str| fields::up_down(word).or_else(|| fields::yes_no(word));
    on.filter(|on| *on)
        .and_then(|_| fields::word(monitor, "status", odd, reaches))
}

/// Packets of a tunnel that were refused ("show vpn flow tunnel-id N"), since its keys were made or the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TunnelErrors {
    /// Its name, where the answer says it.
    pub name: Option<String>,
    /// Could not be decrypted (`dec-err`).
    pub decryption: Option<u64>,
    /// Failed authentication (`auth-err`).
    pub authentication: Option<u64>,
    /// Came twice or too late (`pkt-replay`).
    pub replayed: Option<u64>,
}

impl TunnelErrors {
    /// All of them; `None` unless each is known.
    pub fn total(&self) -> Option<u64> {
        fields::sum([self.decryption, self.authentication, self.replayed])
    }
}

/// Packets that were refused, for each tunnel whose errors are in the answer; none where it is empty, as for a tunnel
/// that is gone.
pub fn tunnel_errors(result: &Element, odd: &mut Oddities) -> Vec<TunnelErrors> {
    // The record of one tunnel may stand in the result itself.
    let records = entries(result).chain([result]);
    let counted = |record: &&Element| COUNTED.iter().any(|name| record.child(name).is_some());
    records
        .filter(counted)
        .map(|record| errors(record, odd))
        .collect()
}

const COUNTED: [&str; 3] = ["dec-err", "auth-err", "pkt-replay"];

fn errors(entry: &Element, odd: &mut Oddities) -> TunnelErrors {
    let [decryption, authentication, replayed] =
        COUNTED.map(|name| fields::whole(entry, name, odd));
    TunnelErrors {
        name: fields::text(entry, "name"),
        decryption,
        authentication,
        replayed,
    }
}
