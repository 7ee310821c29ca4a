//! "show high-availability state": the pair.

use super::fields;
use super::oddities::Oddities;
use super::xml::Element;

/// The state of this member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HaState {
    /// It passes traffic: active, active-primary or active-secondary.
    Active,
    /// It stands by.
    Passive,
    /// An operator took it out.
    Suspended,
    /// It took itself out: a monitored link or path, or the dataplane, is down.
    NonFunctional,
    /// It looks for its peer.
    Initial,
    /// In an active/active pair, it is coming back.
    Tentative,
}

/// High availability as this member sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ha {
    /// Whether there is a pair; without one nothing else is known.
    pub enabled: bool,
    /// State of this member.
    pub state: Option<HaState>,
    /// Whether the peer is reached.
    pub peer_up: Option<bool>,
    /// Whether both have the same running configuration; `None` where they are not kept in step.
    pub config_in_sync: Option<bool>,
    /// The links that there are, HA1, HA1-backup, HA2 and HA2-backup, and whether they are up.
    pub links: Vec<(String, bool)>,
    /// Changes of the own state that were counted as flaps, preemption loops and non-functional loops together.
    pub flaps: Option<u64>,
}

/// High availability as this member sees it.
///
/// # Errors
/// The answer does not say whether there is a pair.
pub fn high_availability(result: &Element, odd: &mut Oddities) -> Result<Ha, String> {
    let enabled = fields::word(result, "enabled", odd, fields::yes_no)
        .ok_or("the answer does not say whether high availability is enabled")?;
    if !enabled {
        return Ok(Ha::default());
    }
    let group = result.child("group").unwrap_or(result);
    let local = group.child("local-info");
    let peer = group.child("peer-info");
    let flaps = |name: &str, odd: &mut Oddities| fields::whole(local?, name, odd);
    Ok(Ha {
        enabled,
        state: local.and_then(|local| fields::word(local, "state", odd, state)),
        peer_up: peer.and_then(|peer| fields::word(peer, "conn-status", odd, fields::up_down)),
        config_in_sync: config_in_sync(group, odd),
        links: peer.map_or_else(Vec::new, |peer| links(peer, odd)),
        flaps: fields::sum([
            flaps("preempt-flap-cnt", odd),
            flaps("nonfunc-flap-cnt", odd),
        ]),
    })
}

fn state(word: &str) -> Option<HaState> {
    match word {
        "active" | "active-primary" | "active-secondary" => Some(HaState::Active),
        "passive" => Some(HaState::Passive),
        "suspended" => Some(HaState::Suspended),
        "non-functional" => Some(HaState::NonFunctional),
        "initial" => Some(HaState::Initial),
        "tentative" => Some(HaState::Tentative),
        _ => None,
    }
}

fn config_in_sync(group: &Element, odd: &mut Oddities) -> Option<bool> {
    let kept = fields::word(group, "running-sync-enabled", odd, fields::yes_no);
    if kept == Some(false) {
        return None;
    }
    fields::word(group, "running-sync", odd, |word| match word {
        "synchronized" => Some(true),
        "not synchronized" => Some(false),
        _ => None,
    })
}

const LINKS: [(&str, &str); 4] = [
    ("conn-ha1", "HA1"),
    ("conn-ha1-backup", "HA1-backup"),
    ("conn-ha2", "HA2"),
    ("conn-ha2-backup", "HA2-backup"),
];

fn links(peer: &Element, odd: &mut Oddities) -> Vec<(String, bool)> {
    let links = LINKS.iter().filter_map(|(element, name)| {
        let link = peer.child(element)?;
        let up = fields::word(link, "conn-status", odd, fields::up_down)?;
        Some(((*name).to_owned(), up))
    });
    links.collect()
}
