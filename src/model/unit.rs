//! The units CloudWatch knows that our metrics use.

/// A unit, spelt as CloudWatch's `StandardUnit` (case matters; points of different units are separate series).
///
/// Source: API reference, MetricDatum, `Unit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// 0 to 100.
    Percent,
    /// A plain number of things.
    Count,
    /// Bits per second.
    BitsPerSecond,
    /// Thousands of bits per second.
    KilobitsPerSecond,
    /// Things per second.
    CountPerSecond,
    /// States and ratios without a unit.
    None,
}

impl Unit {
    /// All units, for tests and tables.
    pub const ALL: [Unit; 9] = [
        Unit::Seconds,
        Unit::Milliseconds,
        Unit::Bytes,
        Unit::Percent,
        Unit::Count,
        Unit::BitsPerSecond,
        Unit::KilobitsPerSecond,
        Unit::CountPerSecond,
        Unit::None,
    ];

    /// The spelling on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::Seconds => "Seconds",
            Unit::Milliseconds => "Milliseconds",
            Unit::Bytes => "Bytes",
            Unit::Percent => "Percent",
            Unit::Count => "Count",
            Unit::BitsPerSecond => "Bits/Second",
            Unit::KilobitsPerSecond => "Kilobits/Second",
            Unit::CountPerSecond => "Count/Second",
            Unit::None => "None",
        }
    }
}
