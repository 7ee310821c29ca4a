//! Services beside the dataplane: remote access, Panorama, licences.

use super::Taker;
use crate::collectors::panos::metrics as of;
use crate::collectors::panos::wire::{self, Element};

const DAY_SECS: i64 = 86_400;

impl Taker<'_> {
    #[allow(clippy::cast_precision_loss)] // users of a firewall
    pub(super) fn remote_access(&mut self, result: &Element) -> Result<(), String> {
        let Some(users) = wire::remote_access_users(result, &mut self.odd) else {
            return Ok(());
        };
        self.level(&of::USERS, Some(users as f64));
        let most = self.settings.remote_access_max;
        let share = most.map(|most| (100.0 * users as f64 / most).min(100.0));
        self.level(&of::USERS_SHARE, share);
        Ok(())
    }

    pub(super) fn panorama(&mut self, result: &Element) -> Result<(), String> {
        let servers = wire::panorama(result, &mut self.odd);
        if !servers.is_empty() {
            let record = self.state(&of::PANORAMA, servers.contains(&true));
            self.out.push(record);
        }
        Ok(())
    }

    /// The licence that ends first; perpetual ones never do.
    #[allow(clippy::cast_precision_loss)] // days
    pub(super) fn licenses(&mut self, result: &Element) -> Result<(), String> {
        let today = self.at.wall_secs().div_euclid(DAY_SECS);
        let licenses = wire::licenses(result, &mut self.odd)?;
        let ending = licenses.into_iter().filter_map(|license| {
            let last = license.expires?;
            let left = match license.expired {
                Some(true) => 0,
                _ => (last - today).max(0),
            };
            Some((left, license.feature))
        });
        if let Some((left, feature)) = ending.min() {
            self.level(&of::LICENSE, Some(left as f64));
            if left == 0 {
                self.out.note(format!("the licence {feature} has ended"));
            }
        }
        Ok(())
    }
}
