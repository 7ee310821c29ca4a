//! "show session info" and "show session meter": the session table, whole and by virtual system.

use std::collections::HashMap;

use super::fields;
use super::oddities::Oddities;
use super::xml::Element;

/// The session table and what passes ("show session info").
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sessions {
    /// Sessions now (`num-active`).
    pub active: Option<f64>,
    /// Sessions that the table takes (`num-max`).
    pub max: Option<f64>,
    /// TCP sessions now (`num-tcp`).
    pub tcp: Option<f64>,
    /// UDP sessions now (`num-udp`).
    pub udp: Option<f64>,
    /// ICMP sessions now (`num-icmp`).
    pub icmp: Option<f64>,
    /// New sessions per second (`cps`).
    pub per_second: Option<f64>,
    /// Packets per second (`pps`).
    pub packets_per_second: Option<f64>,
    /// Kilobits per second (`kbps`).
    pub kilobits_per_second: Option<f64>,
}

/// The session table and what passes.
///
/// # Errors
/// Neither the sessions nor their maximum can be read.
pub fn sessions(result: &Element, odd: &mut Oddities) -> Result<Sessions, String> {
    let mut number = |name| fields::number(result, name, odd);
    let sessions = Sessions {
        active: number("num-active"),
        max: number("num-max"),
        tcp: number("num-tcp"),
        udp: number("num-udp"),
        icmp: number("num-icmp"),
        per_second: number("cps"),
        packets_per_second: number("pps"),
        kilobits_per_second: number("kbps"),
    };
    match (sessions.active, sessions.max) {
        (None, None) => Err("neither num-active nor num-max in the answer".to_owned()),
        _ => Ok(sessions),
    }
}

/// Sessions of a virtual system.
#[derive(Debug, Clone, PartialEq)]
pub struct VsysSessions {
    /// Such as `vsys1`.
    pub vsys: String,
    /// Sessions now, over all dataplanes.
    pub current: f64,
}

/// What the dataplanes say of one virtual system.
struct Slot {
    vsys: String,
    /// `None` when one of them could not be read.
    current: Option<f64>,
    used: bool,
}

/// Sessions by virtual system, summed over the dataplanes ("show session meter"), in the order of the answer.
///
/// The device lists a slot for each virtual system that could be, and does not say which are. Those in use are taken to
/// be the first, `vsys1`, which always is, and those with sessions, throttled ones or a limit of their own; so a virtual
/// system that is configured, idle and without a limit is left out.
///
/// # Errors
/// The answer lists no virtual system.
pub fn vsys_meter(result: &Element, odd: &mut Oddities) -> Result<Vec<VsysSessions>, String> {
    let mut slots: Vec<Slot> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for entry in result.all("entry") {
        let Some(vsys) = vsys_name(entry, odd) else {
            continue;
        };
        let place = *places.entry(vsys.clone()).or_insert(slots.len());
        if place == slots.len() {
            slots.push(Slot::new(vsys));
        }
        slots[place].add(entry, odd);
    }
    if slots.is_empty() {
        return Err("no virtual system in the answer".to_owned());
    }
    Ok(slots.into_iter().filter_map(Slot::sessions).collect())
}

fn vsys_name(entry: &Element, odd: &mut Oddities) -> Option<String> {
    let name = entry.either("vsys").or_else(|| entry.attribute("name"));
    let Some(name) = name else {
        odd.push("vsys without a name");
        return None;
    };
    // The number alone or the name, by release.
    let number = name.bytes().all(|byte| byte.is_ascii_digit());
    Some(if number {
        format!("vsys{name}")
    } else {
        name.to_owned()
    })
}

impl Slot {
    fn new(vsys: String) -> Self {
        Self {
            used: vsys == "vsys1",
            current: Some(0.0),
            vsys,
        }
    }

    fn add(&mut self, entry: &Element, odd: &mut Oddities) {
        let current = fields::number(entry, "current", odd);
        let mut some = |name| fields::number(entry, name, odd).is_some_and(|n| n > 0.0);
        self.used |= current != Some(0.0) || some("throttled") || some("maximum");
        self.current = self.current.zip(current).map(|(all, more)| all + more);
    }

    fn sessions(self) -> Option<VsysSessions> {
        let current = self.current.filter(|_| self.used)?;
        Some(VsysSessions {
            vsys: self.vsys,
            current,
        })
    }
}
