//! A metric: its name, unit and the dimension sets it goes out in. Names and sets are an API.

use crate::model::dimension::OwnDimension;
use crate::model::unit::Unit;

/// The coarse dimension sets of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sets {
    /// `{AutoScalingGroupName}` and `{InstanceId}`.
    FleetAndInstance,
    /// `{InstanceId}` alone.
    Instance,
    /// Neither: the metric has only fine series.
    DetailOnly,
}

/// Whether a metric has fine series of its own, and when they go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// None.
    No,
    /// Only when `[metrics] enable` names `Metric:Dimension`.
    OptIn(OwnDimension),
    /// With the metric itself.
    On(OwnDimension),
}

impl Detail {
    /// The dimension of the fine series.
    #[must_use]
    pub const fn dimension(self) -> Option<OwnDimension> {
        match self {
            Detail::No => None,
            Detail::OptIn(dimension) | Detail::On(dimension) => Some(dimension),
        }
    }
}

/// How Palo Alto's own CloudWatch plugin publishes the same thing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alias {
    /// Its name there.
    pub name: &'static str,
    /// Its unit there.
    pub unit: Unit,
    /// A value of ours is divided by this: exact where it is a multiple, as a factor of 0.001 would not be.
    pub divisor: f64,
}

impl Alias {
    /// The same values under another name.
    #[must_use]
    pub const fn new(name: &'static str, unit: Unit) -> Self {
        Alias {
            name,
            unit,
            divisor: 1.0,
        }
    }
}

/// One metric of the catalogue. Two sources that emit it share the one static.
#[derive(Debug)]
pub struct Metric {
    /// The name in CloudWatch.
    pub name: &'static str,
    /// Its unit, never to be changed.
    pub unit: Unit,
    /// Coarse sets.
    pub sets: Sets,
    /// Fine series.
    pub detail: Detail,
    /// Published without being asked for.
    pub on: bool,
    /// Withheld while the target is the passive member of a pair.
    pub active_only: bool,
    /// What the VM-Series plugin calls it.
    pub vmseries: Option<Alias>,
    /// What it means and where it is read, one sentence.
    pub help: &'static str,
}

impl Metric {
    /// A metric that is on by default and has coarse series only; the rest by the `const` methods below.
    #[must_use]
    pub const fn new(name: &'static str, unit: Unit, sets: Sets, help: &'static str) -> Self {
        Metric {
            name,
            unit,
            sets,
            detail: Detail::No,
            on: true,
            active_only: false,
            vmseries: None,
            help,
        }
    }

    /// With fine series.
    #[must_use]
    pub const fn detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    /// Only when `[metrics] enable` names it.
    #[must_use]
    pub const fn opt_in(mut self) -> Self {
        self.on = false;
        self
    }

    /// Withheld on a passive member.
    #[must_use]
    pub const fn active_only(mut self) -> Self {
        self.active_only = true;
        self
    }

    /// Known to the VM-Series plugin too.
    #[must_use]
    pub const fn vmseries(mut self, alias: Alias) -> Self {
        self.vmseries = Some(alias);
        self
    }
}

/// A metric is its name: the catalogue's test holds names unique. As a rule both are the one static.
impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.name == other.name
    }
}
impl Eq for Metric {}
impl std::hash::Hash for Metric {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
impl PartialOrd for Metric {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Metric {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        if std::ptr::eq(self, other) {
            return std::cmp::Ordering::Equal;
        }
        self.name.cmp(other.name)
    }
}
