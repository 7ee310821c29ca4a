//! The high-availability pair.

use super::Taker;
use crate::collectors::panos::metrics as of;
use crate::collectors::panos::wire::{self, Element, HaState};
use crate::model::dimension::OwnDimension;
use crate::model::reading::Raw;

impl Taker<'_> {
    pub(super) fn pair(&mut self, result: &Element) -> Result<(), String> {
        let ha = wire::high_availability(result, &mut self.odd)?;
        if !ha.enabled {
            return Ok(());
        }
        let active = ha.state.as_ref().and_then(is_active);
        self.level(&of::HA, active.map(|active| f64::from(u8::from(active))));
        for (reading, state) in [
            (&of::HA_PEER, ha.peer_up),
            (&of::HA_SYNC, ha.config_in_sync),
        ] {
            self.level(reading, state.map(|is_up| f64::from(u8::from(is_up))));
        }
        for (link, is_up) in ha.links {
            let record = self.state(&of::HA_LINK, is_up).member(link.clone());
            self.out.push(record.own(OwnDimension::Link, link));
        }
        if let Some(state) = ha.state {
            let before = self.memory.ha.replace(state);
            let changed = before.is_some() && before != self.memory.ha;
            self.memory.ha_changes += u64::from(changed);
            let changes = Raw::Total(self.memory.ha_changes);
            let record = self.record(&of::HA_CHANGES, changes);
            self.out.push(record);
        }
        Ok(())
    }
}

/// Between two roles a member is neither.
fn is_active(state: &HaState) -> Option<bool> {
    match state {
        HaState::Active => Some(true),
        HaState::Passive | HaState::Suspended | HaState::NonFunctional => Some(false),
        HaState::Initial | HaState::Tentative => None,
    }
}
