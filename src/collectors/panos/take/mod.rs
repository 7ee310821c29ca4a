//! From what a firewall answered to readings: what each command's answer means.
//!
//! Where a value is not there, nothing is recorded. Unknown is not down, and unread is never 0.

mod dataplane;
mod interfaces;
mod management;
mod pair;
mod routing;
mod services;
#[cfg(test)]
mod tests;
mod tunnels;

use std::collections::HashSet;
use std::time::Duration;

use super::commands as ask;
use super::settings::Settings;
use super::wire::{Element, HaState, Oddities};
use crate::clock::Now;
use crate::collector::Command;
use crate::model::reading::{Raw, Reading, Readings, Record};

/// What is known of a firewall from earlier answers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Release, once it was told.
    pub(super) release: Option<String>,
    /// The advanced routing engine is on, or off; unknown where the firewall does not say.
    pub(super) advanced_routing: Option<bool>,
    uptime_secs: Option<f64>,
    ha: Option<HaState>,
    ha_changes: u64,
    /// Counters that were ever listed: one that comes new was 0 before.
    counters: HashSet<String>,
    /// The list of those of severity drop, and of those of protections, was read before, and without anything odd.
    drops_read: bool,
    protections_read: bool,
    /// Name, number and interface of each tunnel, as of the last answer.
    pub(super) tunnels: Vec<Known>,
    had_tunnels: bool,
    had_peers: bool,
    /// BGP peers of the last answer.
    pub(super) peers: usize,
}

/// A tunnel of the last answer.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) name: String,
    pub(super) id: Option<u64>,
    interface: Option<String>,
    expected: bool,
    /// It has series of its own.
    has_series: bool,
}

impl Memory {
    /// Numbers of the tunnels that have series of their own.
    pub(super) fn tunnel_ids(&self) -> impl Iterator<Item = u64> {
        let own = self.tunnels.iter().filter(|known| known.has_series);
        own.filter_map(|known| known.id)
    }
}

/// One answer on its way to readings.
pub(super) struct Taker<'a> {
    pub(super) settings: &'a Settings,
    pub(super) tunnels_max: usize,
    pub(super) memory: &'a mut Memory,
    pub(super) out: &'a mut Readings,
    /// When the answer was there.
    pub(super) at: Now,
    /// Time between two of them.
    pub(super) every: Duration,
    pub(super) odd: Oddities,
}

impl Taker<'_> {
    /// Records what the answer to a command says.
    ///
    /// # Errors
    /// Nothing in it is what the command gives.
    pub(super) fn take(&mut self, command: &Command, result: &Element) -> Result<(), String> {
        let is = |other: &'static Command| std::ptr::eq(command, other);
        match () {
            () if is(&ask::RESOURCES) => self.resources(result),
            () if is(&ask::SESSIONS) => self.sessions(result),
            () if is(&ask::VSYS) => self.vsys(result),
            () if is(&ask::BUFFER_PROTECTION) => self.congestion(result),
            () if is(&ask::SSL_PROXY) => self.ssl_proxy(result),
            () if is(&ask::HA) => self.pair(result),
            () if is(&ask::TUNNELS) => self.tunnels(result),
            () if is(&ask::TUNNEL) => self.tunnel_errors(result),
            () if is(&ask::BGP_ADVANCED) => self.bgp_advanced(result),
            () if is(&ask::BGP_LEGACY) => self.bgp_legacy(result),
            () if is(&ask::PBF) => self.next_hops(result),
            () if is(&ask::INTERFACES) => self.interfaces(result),
            () if is(&ask::INTERFACE_STATES) => self.interface_states(result),
            () if is(&ask::DROPS) => self.drops(result),
            () if is(&ask::DROPS_DOS) => self.drops_of_protections(result),
            () if is(&ask::REMOTE_ACCESS) => self.remote_access(result),
            () if is(&ask::MANAGEMENT_CPU) => self.management_cpu(result),
            () if is(&ask::MANAGEMENT_MEMORY) => self.management_memory(result),
            () if is(&ask::SYSTEM) => self.system(result),
            () if is(&ask::PANORAMA) => self.panorama(result),
            () if is(&ask::LICENSE) => self.licenses(result),
            () => Err("no reader for this command".to_owned()),
        }
    }

    fn record(&self, reading: &'static Reading, raw: Raw) -> Record {
        Record::new(reading, raw).read(self.at.boot, self.every)
    }

    fn level(&mut self, reading: &'static Reading, value: Option<f64>) {
        if let Some(value) = value {
            let record = self.record(reading, Raw::Level(value));
            self.out.push(record);
        }
    }

    fn state(&self, reading: &'static Reading, is_up: bool) -> Record {
        self.record(reading, Raw::Level(f64::from(u8::from(is_up))))
    }
}

/// A count as a level.
#[allow(clippy::cast_precision_loss)] // things that a firewall lists
fn count(things: usize) -> f64 {
    things as f64
}
