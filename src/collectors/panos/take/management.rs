//! The management plane: its load, release and restarts.

use std::time::Duration;

use super::Taker;
use crate::collectors::panos::metrics as of;
use crate::collectors::panos::wire::{self, Element};

/// Below this nothing is wrong with the clock of an uptime: it is told in whole seconds.
const RESTARTED_SECS: f64 = 1.0;

impl Taker<'_> {
    pub(super) fn management_cpu(&mut self, result: &Element) -> Result<(), String> {
        let percent = wire::management_cpu(result, &mut self.odd);
        self.level(&of::MANAGEMENT_CPU, percent);
        Ok(())
    }

    pub(super) fn management_memory(&mut self, result: &Element) -> Result<(), String> {
        let percent = wire::management_memory(result, &mut self.odd);
        self.level(&of::MANAGEMENT_MEMORY, percent);
        Ok(())
    }

    pub(super) fn system(&mut self, result: &Element) -> Result<(), String> {
        let system = wire::system(result, &mut self.odd)?;
        self.level(&of::UPTIME, system.uptime_secs);
        if let (Some(before), Some(uptime)) = (self.memory.uptime_secs, system.uptime_secs)
            && uptime + RESTARTED_SECS < before
        {
            let up = Duration::try_from_secs_f64(uptime).unwrap_or_default();
            let up = humantime::format_duration(up);
            self.out.note(format!(
                "the firewall restarted {up} ago: its counters begin anew"
            ));
        }
        self.memory.uptime_secs = system.uptime_secs.or(self.memory.uptime_secs);
        self.memory.advanced_routing = system.advanced_routing;
        if let Some(certificate) = &system.device_certificate
            && certificate.eq_ignore_ascii_case("expired")
        {
            self.out.note("the device certificate has expired");
        }
        if let Some(release) = system.release {
            let model = system.model.as_deref().unwrap_or("PAN-OS");
            self.memory.release = Some(format!("{model} {release}"));
        }
        Ok(())
    }
}
