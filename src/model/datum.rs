//! A datum: one series in one window, ready to be sent.

use std::borrow::Cow;

use crate::model::unit::Unit;

/// Storage resolution of a datum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// One second: the point can be read at 1, 5, 10 or 30 s for three hours.
    Second,
    /// One minute.
    Minute,
}

impl Resolution {
    /// That of windows of this length.
    #[must_use]
    pub const fn of(period_secs: i64) -> Self {
        if period_secs < 60 {
            Resolution::Second
        } else {
            Resolution::Minute
        }
    }

    /// Seconds, as on the wire.
    #[must_use]
    pub const fn secs(self) -> i32 {
        match self {
            Resolution::Second => 1,
            Resolution::Minute => 60,
        }
    }
}

/// A dimension of a datum.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dimension {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: String,
}

/// One series in one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// Metric name.
    pub metric: Cow<'static, str>,
    /// Unit.
    pub unit: Unit,
    /// Dimensions, in the order they are sent.
    pub dimensions: Vec<Dimension>,
    /// Start of the window, Unix seconds.
    pub timestamp: i64,
    /// Storage resolution.
    pub resolution: Resolution,
    /// Distinct values and how often each was read.
    pub values: Vec<(f64, u32)>,
}
