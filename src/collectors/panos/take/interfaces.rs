//! Interfaces, and what the dataplane drops.

use std::collections::BTreeMap;

use super::Taker;
use crate::collectors::panos::metrics as of;
use crate::collectors::panos::wire::{self, Counter, Element, Hardware};
use crate::model::dimension::OwnDimension;
use crate::model::reading::{Raw, Reading};

/// What PAN-OS says of counters that name a dropped packet.
const DROP: &str = "drop";
/// A firewall has some hundred of them.
const COUNTERS_MAX: usize = 4096;

impl Taker<'_> {
    pub(super) fn interfaces(&mut self, result: &Element) -> Result<(), String> {
        let interfaces = wire::interface_counters(result, &mut self.odd)?;
        for hardware in &interfaces.hardware {
            self.hardware(hardware);
        }
        self.tunnel_bytes(&interfaces.logical);
        Ok(())
    }

    fn hardware(&mut self, hardware: &Hardware) {
        let errors = [
            ("received", hardware.receive_errors),
            ("sent", hardware.send_errors),
        ];
        for (direction, total) in errors {
            self.total(&of::INTERFACE_ERROR, &hardware.name, direction, total);
        }
        self.total(&of::DROPS, &hardware.name, "", hardware.receive_drops);
        // The whole is what `show session info` says: here are management and HA links too.
        for (reading, total) in [
            (&of::RX_BITS, hardware.received_bytes),
            (&of::RX_PACKETS, hardware.received_packets),
        ] {
            if let Some(total) = total {
                let record = self.record(reading, Raw::Total(total)).fine_only();
                let record = record.member(hardware.name.clone());
                let name = hardware.name.clone();
                self.out.push(record.own(OwnDimension::Interface, name));
            }
        }
    }

    fn total(
        &mut self,
        reading: &'static Reading,
        interface: &str,
        member: &str,
        total: Option<u64>,
    ) {
        if let Some(total) = total {
            let record = self.record(reading, Raw::Total(total));
            let record = record.member(format!("{interface} {member}"));
            self.out
                .push(record.own(OwnDimension::Interface, interface));
        }
    }

    pub(super) fn interface_states(&mut self, result: &Element) -> Result<(), String> {
        for (interface, is_up) in wire::interface_states(result, &mut self.odd)? {
            let record = self.state(&of::INTERFACE, is_up).member(interface.clone());
            self.out
                .push(record.own(OwnDimension::Interface, interface));
        }
        Ok(())
    }

    pub(super) fn drops(&mut self, result: &Element) -> Result<(), String> {
        let counters = one_by_name(wire::global_counters(result, &mut self.odd)?);
        for counter in counters.iter().filter(|counter| counter.severity == DROP) {
            self.dropped(counter, self.memory.drops_read);
        }
        self.memory.drops_read = self.odd.is_empty();
        Ok(())
    }

    /// Those that the user named and that are of another severity.
    pub(super) fn drops_of_protections(&mut self, result: &Element) -> Result<(), String> {
        let counters = one_by_name(wire::global_counters(result, &mut self.odd)?);
        let settings = self.settings;
        let named = |counter: &&Counter| {
            counter.severity != DROP && settings.drop_counters.contains(&counter.name)
        };
        for counter in counters.iter().filter(named) {
            self.dropped(counter, self.memory.protections_read);
        }
        self.memory.protections_read = self.odd.is_empty();
        Ok(())
    }

    /// Counters of 0 are not listed: one that comes new, in a list that was read before, has grown from there.
    fn dropped(&mut self, counter: &Counter, read_before: bool) {
        let is_named = self.settings.drop_counters.contains(&counter.name);
        let has_room = self.memory.counters.len() < COUNTERS_MAX;
        let is_new = has_room && self.memory.counters.insert(counter.name.clone());
        let from_zero = (is_new && read_before).then_some(0);
        for total in from_zero.into_iter().chain([counter.value]) {
            let mut record = self.record(&of::DROPPED, Raw::Total(total));
            record = record.member(counter.name.clone());
            if is_named {
                record = record.own(OwnDimension::Counter, counter.name.clone());
            }
            if counter.severity != DROP {
                record = record.fine_only();
            }
            self.out.push(record);
        }
    }
}

/// A counter that is listed for each dataplane is their sum.
fn one_by_name(list: Vec<Counter>) -> Vec<Counter> {
    let mut counters: BTreeMap<String, Counter> = BTreeMap::new();
    for counter in list {
        match counters.get_mut(&counter.name) {
            Some(known) => known.value = known.value.saturating_add(counter.value),
            None => drop(counters.insert(counter.name.clone(), counter)),
        }
    }
    counters.into_values().collect()
}
