//! Names of tunnels: one that two collectors of a target use becomes `collector/name` for both.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::aggregate::register::InnerKey;
use crate::aggregate::window::{SeriesKey, Target};
use crate::model::dimension::legal_value;

/// Owners of a tunnel's name are forgotten when they have not used it for so long.
const KEPT_FOR: Duration = Duration::from_secs(3600);

/// Which collectors use a tunnel's name, and when last.
#[derive(Debug, Default)]
pub struct TunnelNames {
    owners: BTreeMap<(Target, String), BTreeMap<&'static str, Duration>>,
}

impl TunnelNames {
    /// The series of a pass due at `due` under the name it goes out by.
    pub fn outward(&mut self, key: &InnerKey, due: Duration) -> SeriesKey {
        let mut series = key.series.clone();
        if let (Some(collector), Some((_, name))) = (key.collector, &mut series.own) {
            let owners = self
                .owners
                .entry((series.target.clone(), name.clone()))
                .or_default();
            owners.insert(collector, due);
            owners.retain(|_, used| due.saturating_sub(*used) <= KEPT_FOR);
            if owners.len() > 1 {
                *name = legal_value(&format!("{collector}/{name}")).unwrap_or_default();
            }
        }
        series
    }
}
