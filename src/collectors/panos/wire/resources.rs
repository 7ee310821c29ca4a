//! "show running resource-monitor second last N": load of the dataplanes, second by second.

use super::oddities::Oddities;
use super::words::{self, quoted};
use super::xml::Element;

/// One core of a dataplane.
#[derive(Debug, Clone, PartialEq)]
pub struct Core {
    /// The dataplane's name on the device, such as `dp0` or `s1dp0`.
    pub dataplane: String,
    /// The core's number in it.
    pub id: u32,
    /// Busy share of each second, percent, oldest first; the last is the newest of every list in the answer, which may
    /// be of different lengths.
    pub percent: Vec<f64>,
}

/// What a pool holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolKind {
    /// `packet buffer`.
    PacketBuffer,
    /// `packet descriptor`.
    PacketDescriptor,
    /// `packet descriptor (on-chip)` of hardware, `sw tags descriptor` of virtual firewalls.
    OnChipDescriptor,
}

/// A pool of a dataplane.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// The dataplane's name on the device.
    pub dataplane: String,
    /// What it holds.
    pub kind: PoolKind,
    /// Used share in each second, percent, oldest first.
    pub percent: Vec<f64>,
}

/// Load of all dataplanes, in the order of the answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resources {
    /// Cores that process packets: core 0 is left out where there are others.
    pub cores: Vec<Core>,
    /// Pools of the kinds that are known.
    pub pools: Vec<Pool>,
}

/// Load of all dataplanes, whatever their names.
///
/// # Errors
/// There are no dataplanes in the answer, as where it is text.
pub fn resources(result: &Element, odd: &mut Oddities) -> Result<Resources, String> {
    let processors = result
        .find("resource-monitor/data-processors")
        .or_else(|| result.child("data-processors"))
        .ok_or("no data-processors in the answer")?;
    let mut all = Resources::default();
    for dataplane in processors.children() {
        match dataplane.child("second") {
            Some(second) => {
                all.cores.extend(cores(dataplane.name(), second, odd));
                all.pools.extend(pools(dataplane.name(), second, odd));
            }
            // A slot without a card.
            None if dataplane.is_empty() => {}
            None => odd.push(format!("{} has no list of seconds", dataplane.name())),
        }
    }
    Ok(all)
}

/// Core 0 belongs to the management plane or sees to the others, and would hold the mean down. That hangs on which
/// cores there are and never on their values: the series would jump.
fn cores(dataplane: &str, second: &Element, odd: &mut Oddities) -> Vec<Core> {
    let averages = second.child("cpu-load-average");
    let Some(list) = averages.or_else(|| second.child("cpu-load-maximum")) else {
        return Vec::new();
    };
    let rows: Vec<(u32, Row)> = list
        .children()
        .filter_map(|entry| Some((core_id(entry, odd)?, row(entry))))
        .filter(|(_, row)| *row != Row::Absent)
        .collect();
    let alone = rows.len() < 2;
    let of_packets = rows.into_iter().filter(|(id, _)| *id != 0 || alone);
    of_packets
        .filter_map(|(id, row)| {
            let percent = row.believed(&format!("core {dataplane}/{id}"), odd)?;
            let dataplane = dataplane.to_owned();
            Some(Core {
                dataplane,
                id,
                percent,
            })
        })
        .collect()
}

fn core_id(entry: &Element, odd: &mut Oddities) -> Option<u32> {
    let text = entry.either("coreid").unwrap_or_default();
    let id = words::whole(text).and_then(|id| u32::try_from(id).ok());
    if id.is_none() {
        odd.push(format!("coreid: {} is not a number", quoted(text)));
    }
    id
}

fn pools(dataplane: &str, second: &Element, odd: &mut Oddities) -> Vec<Pool> {
    second
        .all("resource-utilization/entry")
        .filter_map(|entry| {
            let kind = kind(entry.either("name")?)?;
            let percent = row(entry).believed(&format!("{kind:?} of {dataplane}"), odd)?;
            let dataplane = dataplane.to_owned();
            Some(Pool {
                dataplane,
                kind,
                percent,
            })
        })
        .collect()
}

fn kind(name: &str) -> Option<PoolKind> {
    match &*name.to_ascii_lowercase() {
        "packet buffer" => Some(PoolKind::PacketBuffer),
        "packet descriptor" => Some(PoolKind::PacketDescriptor),
        "packet descriptor (on-chip)" | "sw tags descriptor" => Some(PoolKind::OnChipDescriptor),
        _ => None,
    }
}

/// A list of seconds.
#[derive(Debug, PartialEq)]
enum Row {
    /// `*`: there is no such core.
    Absent,
    /// Why it is not believed.
    Wrong(String),
    /// Percent, oldest first.
    Read(Vec<f64>),
}

impl Row {
    fn believed(self, of: &str, odd: &mut Oddities) -> Option<Vec<f64>> {
        match self {
            Self::Absent => None,
            Self::Wrong(why) => {
                odd.push(format!("{of}: {why}"));
                None
            }
            Self::Read(values) => Some(values),
        }
    }
}

/// The newest comes first on the wire. What has not run for as long as was asked has `*` at the end.
fn row(entry: &Element) -> Row {
    let list = entry.either("value").unwrap_or_default();
    let mut values = Vec::new();
    for word in list.split(',').map(str::trim) {
        match words::number(word) {
            Some(percent) if percent <= 100.0 => values.push(percent),
            Some(_) => return Row::Wrong(format!("{} is no percentage", quoted(word))),
            None if !values.is_empty() => break,
            None if word == "*" || words::placeholder(word) => return Row::Absent,
            None => return Row::Wrong(format!("{} is no number", quoted(word))),
        }
    }
    values.reverse();
    Row::Read(values)
}
