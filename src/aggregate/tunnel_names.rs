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

    /// Forgets names that nobody used lately.
    pub fn sweep(&mut self, at: Duration) {
        let used = |used: &Duration| at.saturating_sub(*used) <= KEPT_FOR;
        self.owners.retain(|_, owners| owners.values().any(used));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dimension::OwnDimension;
    use crate::model::names::RX_DROPS;

    #[test]
    fn names_are_forgotten_after_an_hour() {
        let mut names = TunnelNames::default();
        let key = |name: &str| InnerKey {
            series: SeriesKey {
                target: None,
                metric: &RX_DROPS,
                own: Some((OwnDimension::Tunnel, name.to_owned())),
            },
            collector: Some("fake"),
        };
        names.outward(&key("old"), Duration::ZERO);
        names.outward(&key("new"), Duration::from_secs(1));
        names.sweep(KEPT_FOR);
        assert_eq!(names.owners.len(), 2);
        names.sweep(KEPT_FOR + Duration::from_secs(1));
        assert_eq!(names.owners.len(), 1);
    }
}
