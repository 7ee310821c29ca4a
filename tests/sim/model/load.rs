//! Load of the dataplanes: each core and each resource in each second.

use std::collections::BTreeSet;

use super::firewall::Firewall;
use super::release::Platform;

/// A dataplane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataplane {
    /// Such as `dp0` or `s1dp0`.
    pub name: String,
    /// Its cores, from 0; the first belongs to management and reads 0.
    pub cores: u32,
    /// Cores after those that are listed and do not exist: they read `*`.
    pub absent_cores: u32,
}

/// What the load of all cores is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// The level, in percent.
    pub base_percent: f64,
    /// Rise and fall around it over five minutes, in percent of a core.
    pub swing_percent: f64,
    /// What each second and core may differ by at random, in percent of a core; 0 also makes counters grow evenly.
    pub noise_percent: u32,
    /// What each core has more than the one before.
    pub core_skew: f64,
    /// Unix seconds in which all packet cores read 100.
    pub spikes: BTreeSet<i64>,
}

/// A row of `resource-utilization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// `session`.
    Session,
    /// `packet buffer`.
    PacketBuffer,
    /// `packet descriptor`.
    PacketDescriptor,
    /// `packet descriptor (on-chip)` on hardware, `sw tags descriptor` on a VM.
    OnChipDescriptor,
}

impl Resource {
    /// All of them, in the order of the answer.
    pub const ALL: [Self; 4] = [
        Self::Session,
        Self::PacketBuffer,
        Self::PacketDescriptor,
        Self::OnChipDescriptor,
    ];

    /// Its name on a platform.
    pub fn name(self, platform: Platform) -> &'static str {
        match (self, platform) {
            (Self::Session, _) => "session",
            (Self::PacketBuffer, _) => "packet buffer",
            (Self::PacketDescriptor, _) => "packet descriptor",
            (Self::OnChipDescriptor, Platform::Vm) => "sw tags descriptor",
            (Self::OnChipDescriptor, Platform::Chassis) => "packet descriptor (on-chip)",
        }
    }
}

impl Firewall {
    /// What a core reads in a second. Core 0 reads 0 where there are others, and all read 0 before the start.
    pub fn core_percent(&self, dataplane: &str, core: u32, second: i64) -> u32 {
        let several = self
            .dataplanes
            .iter()
            .any(|dp| dp.name == dataplane && dp.cores > 1);
        if second < self.boot_unix || (core == 0 && several) {
            return 0;
        }
        if self.load.spikes.contains(&second) {
            return 100;
        }
        let skew = self.load.core_skew * f64::from(core.saturating_sub(1));
        let noise = f64::from(self.load.noise_percent);
        let random = self.random(&format!("{dataplane} {core}"), second);
        // From -1 to 1.
        let random = (random % 2001) as f64 / 1000.0 - 1.0;
        let level = self.load.base_percent + self.swing(second) + skew + noise * random;
        level.round().clamp(0.0, 100.0) as u32
    }

    /// The mean over the packet cores of all dataplanes in a second.
    pub fn mean_core_percent(&self, second: i64) -> f64 {
        let cores = self.packet_cores(second);
        f64::from(cores.iter().sum::<u32>()) / cores.len() as f64
    }

    /// The busiest packet core in a second.
    pub fn max_core_percent(&self, second: i64) -> u32 {
        self.packet_cores(second).into_iter().max().unwrap_or(0)
    }

    fn packet_cores(&self, second: i64) -> Vec<u32> {
        let mut percents = Vec::new();
        for dp in &self.dataplanes {
            let first = u32::from(dp.cores > 1);
            percents
                .extend((first..dp.cores).map(|core| self.core_percent(&dp.name, core, second)));
        }
        percents
    }

    /// What a resource of a dataplane reads in a second.
    pub fn resource_percent(&self, resource: Resource, dataplane: &str, second: i64) -> u32 {
        if second < self.boot_unix {
            return 0;
        }
        let level = match resource {
            Resource::Session => return self.session_percent(second),
            Resource::PacketBuffer => self.packet_buffer_percent,
            Resource::PacketDescriptor => self.packet_descriptor_percent,
            Resource::OnChipDescriptor => self.on_chip_descriptor_percent,
        };
        let name = format!("{} {dataplane}", resource.name(self.platform));
        let jitter = match self.load.noise_percent {
            0 => 0,
            _ => (self.random(&name, second) % 3) as u32,
        };
        (level + jitter).min(100)
    }

    fn session_percent(&self, second: i64) -> u32 {
        let active = self.sessions_active(second);
        (100 * active).checked_div(self.sessions.max).unwrap_or(0) as u32
    }

    /// Up for 150 seconds, then down for as long.
    fn swing(&self, second: i64) -> f64 {
        let place = second.rem_euclid(300);
        let height = 1.0 - (place - 150).abs() as f64 / 75.0;
        self.load.swing_percent * height
    }
}
