//! From a sealed window to datums: which dimension sets a series goes out in, and whose name it carries.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::aggregate::admission::Rank;
use crate::aggregate::window::{Sealed, SeriesKey, Target};
use crate::model::datum::{Datum, Dimension, Resolution};
use crate::model::dimension::{AUTO_SCALING_GROUP, HA_GROUP, OwnDimension};
use crate::model::identity::{Group, Who};
use crate::model::metric::{Alias, Sets};
use crate::model::names::HA_ACTIVE;

/// A dimension set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Set {
    /// `{AutoScalingGroupName}`.
    Fleet,
    /// `{InstanceId}`.
    Instance,
    /// `{HaGroup}`.
    Pair,
    /// `{InstanceId, own}`, for tunnels of a pair `{HaGroup, Tunnel}`.
    Detail,
    /// The VM-Series plugin's name without any dimension: all firewalls in one series.
    VmSeries,
    /// The VM-Series plugin's name, `{AutoScalingGroupName}`.
    VmSeriesFleet,
}

impl Set {
    /// Under the VM-Series plugin's names, which have a namespace of their own.
    #[must_use]
    pub const fn is_vmseries(self) -> bool {
        matches!(self, Set::VmSeries | Set::VmSeriesFleet)
    }
}

/// Which of the coarse sets the configuration asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WantedSets {
    /// `{AutoScalingGroupName}`.
    pub fleet: bool,
    /// `{InstanceId}`, and detail with it.
    pub instance: bool,
    /// Those of the VM-Series plugin's names.
    pub vmseries: WantedAliases,
}

/// What of the VM-Series plugin's names goes out; of remote firewalls alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WantedAliases {
    /// Without any dimension.
    pub all: bool,
    /// `{AutoScalingGroupName}`.
    pub fleet: bool,
    /// Nothing else of these firewalls goes out.
    pub only: bool,
}

impl WantedSets {
    /// What goes out of this target at all: under names of ours nothing where others are to stand alone.
    #[must_use]
    pub fn of(self, target: &Target) -> Self {
        match target {
            None => WantedSets {
                vmseries: WantedAliases::default(),
                ..self
            },
            Some(_) if self.vmseries.only => WantedSets {
                fleet: false,
                instance: false,
                ..self
            },
            Some(_) => self,
        }
    }

    /// What of it goes out while the target speaks for others so far.
    #[must_use]
    pub fn spoken(self, speaks: Speaks) -> Self {
        WantedSets {
            fleet: self.fleet && speaks == Speaks::ForGroup,
            vmseries: WantedAliases {
                all: self.vmseries.all && speaks != Speaks::ForItself,
                fleet: self.vmseries.fleet && speaks == Speaks::ForGroup,
                ..self.vmseries
            },
            ..self
        }
    }
}

/// For whom a target speaks in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// It is not in service, or not ready.
    ForItself,
    /// As one of all firewalls: it has no group.
    ForAll,
    /// For its group, and as one of all firewalls.
    ForGroup,
}

/// A series of one dimension set in one window; its identity may still be unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct Unnamed {
    /// The dimension set.
    pub set: Set,
    /// The series.
    pub key: SeriesKey,
    /// The user named its tunnel or peer.
    pub expected: bool,
    /// Start of the window, Unix seconds.
    pub timestamp: i64,
    /// Storage resolution.
    pub resolution: Resolution,
    /// Distinct values with their counts.
    pub values: Vec<(f64, u32)>,
}

/// What a datum waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Missing {
    /// The name of the Auto Scaling group.
    Group,
    /// The instance id.
    InstanceId,
    /// The remote firewall: it is not configured any more, or not yet again.
    Firewall,
}

/// The dimension sets of one series.
#[must_use]
pub fn sets(key: &SeriesKey, wanted: WantedSets, in_pair: bool) -> Vec<Set> {
    let wanted = wanted.of(&key.target);
    if key.own.is_some() {
        return if wanted.instance {
            vec![Set::Detail]
        } else {
            Vec::new()
        };
    }
    let (fleet, instance) = match key.metric.sets {
        Sets::FleetAndInstance => (true, true),
        Sets::Instance => (false, true),
        Sets::DetailOnly => (false, false),
    };
    let pair = in_pair && key.metric.name == HA_ACTIVE;
    let alias = key.metric.vmseries.is_some();
    [
        (fleet && wanted.fleet, Set::Fleet),
        (instance && wanted.instance, Set::Instance),
        (pair && wanted.instance, Set::Pair),
        (alias && wanted.vmseries.all, Set::VmSeries),
        (alias && wanted.vmseries.fleet, Set::VmSeriesFleet),
    ]
    .into_iter()
    .filter_map(|(goes, set)| goes.then_some(set))
    .collect()
}

/// The series of a window once per dimension set; of those that firewalls share only what the target speaks for.
#[must_use]
pub fn expand(
    sealed: &[Sealed],
    label: i64,
    resolution: Resolution,
    wanted: WantedSets,
    speaks: impl Fn(&Target) -> Speaks,
    in_pair: impl Fn(&Target) -> bool,
) -> Vec<Unnamed> {
    let mut out = Vec::new();
    for series in sealed
        .iter()
        .filter(|series| !series.distribution.is_empty())
    {
        let target = &series.key.target;
        let wanted = wanted.spoken(speaks(target));
        for set in sets(&series.key, wanted, in_pair(target)) {
            out.push(Unnamed {
                set,
                key: series.key.clone(),
                expected: series.expected,
                timestamp: label,
                resolution,
                values: series.distribution.values(),
            });
        }
    }
    out
}

impl Unnamed {
    /// The order in which the series ceiling lets series in.
    #[must_use]
    pub fn rank(&self) -> Rank {
        match self.set {
            Set::Fleet | Set::VmSeries | Set::VmSeriesFleet => Rank::Fleet,
            Set::Instance | Set::Pair => Rank::Instance,
            Set::Detail if self.expected => Rank::Expected,
            Set::Detail => Rank::Rest,
        }
    }

    /// The datum under this identity.
    ///
    /// # Errors
    /// Says what of the identity is not known yet.
    pub fn name(&self, who: &Who) -> Result<Datum, Missing> {
        let alias = self.alias();
        let values = self.values.iter();
        Ok(Datum {
            metric: Cow::Borrowed(alias.name),
            unit: alias.unit,
            dimensions: self.dimensions(who)?,
            timestamp: self.timestamp,
            resolution: self.resolution,
            values: values
                .map(|(value, count)| (value / alias.divisor, *count))
                .collect(),
        })
    }

    /// The name under which it goes out, and what its values are there.
    fn alias(&self) -> Alias {
        let metric = self.key.metric;
        let alias = metric.vmseries.filter(|_| self.set.is_vmseries());
        alias.unwrap_or(Alias::new(metric.name, metric.unit))
    }

    fn dimensions(&self, who: &Who) -> Result<Vec<Dimension>, Missing> {
        let instance = || who.instance.clone().ok_or(Missing::InstanceId);
        let pair = |group: &String| dimension(HA_GROUP, group.clone());
        Ok(match (self.set, &self.key.own, &who.ha_group) {
            (Set::VmSeries, ..) => Vec::new(),
            (Set::Fleet | Set::VmSeriesFleet, ..) => match &who.group {
                Group::Known(name) => vec![dimension(AUTO_SCALING_GROUP, name.clone())],
                Group::Unread | Group::None => return Err(Missing::Group),
            },
            (Set::Pair, _, Some(group)) => vec![pair(group)],
            (Set::Instance | Set::Pair, ..) | (Set::Detail, None, _) => vec![instance()?],
            (Set::Detail, Some((OwnDimension::Tunnel, tunnel)), Some(group)) => {
                vec![pair(group), dimension("Tunnel", tunnel.clone())]
            }
            (Set::Detail, Some((own, value)), _) => {
                vec![instance()?, dimension(own.name(), value.clone())]
            }
        })
    }
}

fn dimension(name: &'static str, value: String) -> Dimension {
    Dimension {
        name: Cow::Borrowed(name),
        value,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::metric::Metric;
    use crate::model::names::{
        CAPACITY_UTILIZATION, SESSION_TABLE_UTILIZATION, THROUGHPUT_BITS_PER_SECOND,
    };
    use crate::model::unit::Unit;

    const BOTH: WantedSets = WantedSets {
        fleet: true,
        instance: true,
        vmseries: WantedAliases {
            all: true,
            fleet: true,
            only: false,
        },
    };
    const ALONE: WantedSets = WantedSets {
        vmseries: WantedAliases {
            only: true,
            ..BOTH.vmseries
        },
        ..BOTH
    };

    fn key(target: Option<&str>, metric: &'static Metric) -> SeriesKey {
        SeriesKey {
            target: target.map(Arc::from),
            metric,
            own: None,
        }
    }

    #[test]
    fn an_alias_is_of_a_remote_firewall_and_of_a_coarse_series() {
        let of = |target, metric, wanted| sets(&key(target, metric), wanted, false);
        let ours = [Set::Fleet, Set::Instance];
        let all = [Set::Fleet, Set::Instance, Set::VmSeries, Set::VmSeriesFleet];
        assert_eq!(of(Some("fw"), &SESSION_TABLE_UTILIZATION, BOTH), all);
        assert_eq!(of(Some("fw"), &SESSION_TABLE_UTILIZATION, ALONE), all[2..]);
        assert_eq!(of(Some("fw"), &CAPACITY_UTILIZATION, BOTH), ours);
        assert_eq!(of(Some("fw"), &CAPACITY_UTILIZATION, ALONE), []);
        for wanted in [BOTH, ALONE] {
            assert_eq!(of(None, &SESSION_TABLE_UTILIZATION, wanted), ours);
        }
        let fine = SeriesKey {
            own: Some((OwnDimension::Interface, "ethernet1/1".to_owned())),
            ..key(Some("fw"), &THROUGHPUT_BITS_PER_SECOND)
        };
        assert_eq!(sets(&fine, BOTH, false), [Set::Detail]);
        assert_eq!(sets(&fine, ALONE, false), []);
    }

    #[test]
    fn without_a_group_it_speaks_as_one_of_all_and_not_ready_for_itself() {
        let key = key(Some("fw"), &SESSION_TABLE_UTILIZATION);
        for (speaks, wanted) in [
            (Speaks::ForItself, &[Set::Instance][..]),
            (Speaks::ForAll, &[Set::Instance, Set::VmSeries]),
            (
                Speaks::ForGroup,
                &[Set::Fleet, Set::Instance, Set::VmSeries, Set::VmSeriesFleet],
            ),
        ] {
            assert_eq!(sets(&key, BOTH.spoken(speaks), false), wanted);
        }
    }

    #[test]
    fn an_alias_has_its_own_name_unit_and_values() {
        let unnamed = |set| Unnamed {
            set,
            key: key(Some("fw"), &THROUGHPUT_BITS_PER_SECOND),
            expected: false,
            timestamp: 60,
            resolution: Resolution::Minute,
            values: vec![(1_009_000.0, 2), (3_000.0, 1)],
        };
        let who = |group| Who {
            instance: None,
            group,
            in_service: true,
            ha_group: None,
        };
        let edge = who(Group::Known("edge".to_owned()));
        let group = dimension(AUTO_SCALING_GROUP, "edge".to_owned());
        for (set, dimensions) in [(Set::VmSeries, vec![]), (Set::VmSeriesFleet, vec![group])] {
            let wanted = Datum {
                metric: Cow::Borrowed("panSessionThroughputKbps"),
                unit: Unit::KilobitsPerSecond,
                dimensions,
                timestamp: 60,
                resolution: Resolution::Minute,
                values: vec![(1009.0, 2), (3.0, 1)],
            };
            assert_eq!(unnamed(set).name(&edge), Ok(wanted));
            assert_eq!(unnamed(set).rank(), Rank::Fleet);
        }
        // Without dimensions there is nothing to wait for.
        assert!(unnamed(Set::VmSeries).name(&who(Group::Unread)).is_ok());
        let waits = unnamed(Set::VmSeriesFleet).name(&who(Group::Unread));
        assert_eq!(waits, Err(Missing::Group));
    }
}
