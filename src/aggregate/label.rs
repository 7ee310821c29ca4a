//! From a sealed window to datums: which dimension sets a series goes out in, and whose name it carries.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::aggregate::admission::Rank;
use crate::aggregate::window::{Sealed, SeriesKey, Target};
use crate::model::datum::{Datum, Dimension, Resolution};
use crate::model::dimension::{AUTO_SCALING_GROUP, HA_GROUP, OwnDimension};
use crate::model::identity::{Group, Who};
use crate::model::metric::Sets;
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
}

/// Which of the coarse sets the configuration asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedSets {
    /// `{AutoScalingGroupName}`.
    pub fleet: bool,
    /// `{InstanceId}`, and detail with it.
    pub instance: bool,
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
}

/// The dimension sets of one series.
#[must_use]
pub fn sets(key: &SeriesKey, wanted: WantedSets, in_pair: bool) -> Vec<Set> {
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
    [
        (fleet && wanted.fleet, Set::Fleet),
        (instance && wanted.instance, Set::Instance),
        (pair && wanted.instance, Set::Pair),
    ]
    .into_iter()
    .filter_map(|(goes, set)| goes.then_some(set))
    .collect()
}

/// The series of a window once per dimension set; fleet series only where `fleet` says the target may.
#[must_use]
pub fn expand(
    sealed: &[Sealed],
    label: i64,
    resolution: Resolution,
    wanted: WantedSets,
    fleet: impl Fn(&Target) -> bool,
    in_pair: impl Fn(&Target) -> bool,
) -> Vec<Unnamed> {
    let mut out = Vec::new();
    for series in sealed
        .iter()
        .filter(|series| !series.distribution.is_empty())
    {
        let target = &series.key.target;
        let wanted = WantedSets {
            fleet: wanted.fleet && fleet(target),
            ..wanted
        };
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
            Set::Fleet => Rank::Fleet,
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
        Ok(Datum {
            metric: Cow::Borrowed(self.key.metric.name),
            unit: self.key.metric.unit,
            dimensions: self.dimensions(who)?,
            timestamp: self.timestamp,
            resolution: self.resolution,
            values: self.values.clone(),
        })
    }

    fn dimensions(&self, who: &Who) -> Result<Vec<Dimension>, Missing> {
        let instance = || who.instance.clone().ok_or(Missing::InstanceId);
        let pair = |group: &String| dimension(HA_GROUP, group.clone());
        Ok(match (self.set, &self.key.own, &who.ha_group) {
            (Set::Fleet, ..) => match &who.group {
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
