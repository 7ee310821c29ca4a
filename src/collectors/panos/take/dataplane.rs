//! The dataplane: cores, pools and sessions.

use super::Taker;
use crate::collectors::panos::metrics as of;
use crate::collectors::panos::wire::{self, Element, PoolKind};
use crate::model::dimension::OwnDimension;
use crate::model::reading::Raw;

/// Kilobits are thousands of bits, as in Palo Alto's own panSessionThroughputKbps.
const BITS_PER_KILOBIT: f64 = 1000.0;

impl Taker<'_> {
    /// Second by second, in blocks.
    pub(super) fn resources(&mut self, result: &Element) -> Result<(), String> {
        let resources = wire::resources(result, &mut self.odd)?;
        for core in resources.cores {
            let name = format!("{}/{}", core.dataplane, core.id);
            let record = self.record(&of::CORE, Raw::Block(core.percent));
            let record = record.member(name.clone()).own(OwnDimension::Core, name);
            self.out.push(record);
        }
        for pool in resources.pools {
            let reading = match pool.kind {
                PoolKind::PacketBuffer => &of::BUFFERS,
                PoolKind::PacketDescriptor => &of::DESCRIPTORS,
                PoolKind::OnChipDescriptor => &of::ON_CHIP,
            };
            let record = self.record(reading, Raw::Block(pool.percent));
            self.out.push(record.member(pool.dataplane));
        }
        Ok(())
    }

    pub(super) fn sessions(&mut self, result: &Element) -> Result<(), String> {
        let sessions = wire::sessions(result, &mut self.odd)?;
        let share = |active: f64| {
            let most = sessions.max.filter(|most| *most > 0.0)?;
            Some((100.0 * active / most).min(100.0))
        };
        self.level(&of::SESSIONS, sessions.active);
        self.level(&of::TABLE, sessions.active.and_then(share));
        self.level(&of::NEW_SESSIONS, sessions.per_second);
        let bits = sessions.kilobits_per_second;
        self.level(&of::THROUGHPUT, bits.map(|kbps| kbps * BITS_PER_KILOBIT));
        self.level(&of::PACKETS, sessions.packets_per_second);
        self.level(&of::TCP, sessions.tcp);
        self.level(&of::UDP, sessions.udp);
        self.level(&of::ICMP, sessions.icmp);
        Ok(())
    }

    pub(super) fn vsys(&mut self, result: &Element) -> Result<(), String> {
        for vsys in wire::vsys_meter(result, &mut self.odd)? {
            let record = self.record(&of::VSYS, Raw::Level(vsys.current));
            let record = record.member(vsys.vsys.clone());
            self.out.push(record.own(OwnDimension::Vsys, vsys.vsys));
        }
        Ok(())
    }

    pub(super) fn congestion(&mut self, result: &Element) -> Result<(), String> {
        for (dataplane, percent) in wire::buffer_protection(result, &mut self.odd)? {
            let record = self.record(&of::CONGESTION, Raw::Level(percent));
            self.out.push(record.member(dataplane));
        }
        Ok(())
    }

    #[allow(clippy::cast_precision_loss)] // sessions of a firewall
    pub(super) fn ssl_proxy(&mut self, result: &Element) -> Result<(), String> {
        let Some(most) = self.settings.ssl_proxy_max else {
            return Ok(());
        };
        let sessions = wire::ssl_sessions(result, &mut self.odd);
        let sessions = sessions.ok_or("no number of sessions in it")?;
        let share = 100.0 * sessions as f64 / most;
        self.level(&of::SSL_PROXY, Some(share.min(100.0)));
        Ok(())
    }
}
