//! What fwmetrics says of itself: metrics, and the readings they are made of.

use crate::model::dimension::OwnDimension;
use crate::model::metric::{Detail, Metric, Sets};
use crate::model::reading::{Feed, Fold, Kind, Reading, Width};
use crate::model::unit::Unit;

/// Someone looked in this minute. Whether the source answered says [`COLLECTOR_UP`].
pub static EXPORTER_HEARTBEAT: Metric = Metric::new(
    "ExporterHeartbeat",
    Unit::Count,
    Sets::FleetAndInstance,
    "1 per wall-clock minute and firewall while fwmetrics runs",
);

/// A pass succeeded or failed, by collector.
pub static COLLECTOR_UP_METRIC: Metric = Metric::new(
    "CollectorUp",
    Unit::None,
    Sets::DetailOnly,
    "1 when a pass of the collector succeeded, 0 when it failed; none while its source is absent",
)
.detail(Detail::On(OwnDimension::Collector));

/// How long passes took.
pub static COLLECTOR_DURATION_METRIC: Metric = Metric::new(
    "CollectorDuration",
    Unit::Milliseconds,
    Sets::Instance,
    "How long passes took, of all collectors",
)
.detail(Detail::OptIn(OwnDimension::Collector))
.opt_in();

/// Datums accepted.
pub static DATUMS_SENT_METRIC: Metric = Metric::new(
    "DatumsSent",
    Unit::Count,
    Sets::Instance,
    "Datums that CloudWatch accepted",
)
.opt_in();

/// Datums that wait.
pub static DATUMS_WAITING_METRIC: Metric = Metric::new(
    "DatumsWaiting",
    Unit::Count,
    Sets::Instance,
    "Datums sealed and not sent yet",
)
.opt_in();

/// Datums given up.
pub static DATUMS_DROPPED_METRIC: Metric = Metric::new(
    "DatumsDropped",
    Unit::Count,
    Sets::Instance,
    "Datums given up, by reason",
)
.detail(Detail::OptIn(OwnDimension::Reason))
.opt_in();

/// Series over the ceiling.
pub static SERIES_REFUSED_METRIC: Metric = Metric::new(
    "SeriesRefused",
    Unit::Count,
    Sets::Instance,
    "Series of a window that found no place under the ceiling",
)
.opt_in();

/// Failed attempts.
pub static PUBLISH_ERRORS_METRIC: Metric = Metric::new(
    "PublishErrors",
    Unit::Count,
    Sets::Instance,
    "Attempts to send that failed, by error code",
)
.detail(Detail::OptIn(OwnDimension::Code))
.opt_in();

/// This clock against CloudWatch's.
pub static CLOCK_SKEW_METRIC: Metric = Metric::new(
    "ClockSkew",
    Unit::Seconds,
    Sets::Instance,
    "How far this clock is ahead of CloudWatch's",
)
.opt_in();

/// All of them, for the catalogue.
pub static ALL: &[&Metric] = &[
    &EXPORTER_HEARTBEAT,
    &COLLECTOR_UP_METRIC,
    &COLLECTOR_DURATION_METRIC,
    &DATUMS_SENT_METRIC,
    &DATUMS_WAITING_METRIC,
    &DATUMS_DROPPED_METRIC,
    &SERIES_REFUSED_METRIC,
    &PUBLISH_ERRORS_METRIC,
    &CLOCK_SKEW_METRIC,
];

/// Those that each remote firewall has; the others are of the process, and so of this machine.
pub static OF_TARGET: &[&Metric] = &[
    &EXPORTER_HEARTBEAT,
    &COLLECTOR_UP_METRIC,
    &COLLECTOR_DURATION_METRIC,
];

macro_rules! reading {
    ($(#[$doc:meta])* $name:ident, $text:literal, $kind:expr, $metric:ident, $fold:expr) => {
        $(#[$doc])*
        pub static $name: Reading = Reading {
            name: $text,
            kind: $kind,
            feeds: &[Feed { metric: &$metric, fold: $fold }],
        };
    };
}

const TOTAL: Kind = Kind::Counter(Width::Bits64);

reading!(
    /// A pass succeeded or failed.
    COLLECTOR_UP, "collector_up", Kind::State, COLLECTOR_UP_METRIC, Fold::Min
);
reading!(
    /// Milliseconds of a pass.
    COLLECTOR_DURATION, "collector_duration", Kind::Gauge, COLLECTOR_DURATION_METRIC, Fold::Max
);
reading!(
    /// Datums accepted since start.
    DATUMS_SENT, "datums_sent", TOTAL, DATUMS_SENT_METRIC, Fold::Sum
);
reading!(
    /// Datums waiting now.
    DATUMS_WAITING, "datums_waiting", Kind::Gauge, DATUMS_WAITING_METRIC, Fold::Max
);
reading!(
    /// Datums given up since start.
    DATUMS_DROPPED, "datums_dropped", TOTAL, DATUMS_DROPPED_METRIC, Fold::Sum
);
reading!(
    /// Series refused since start.
    SERIES_REFUSED, "series_refused", TOTAL, SERIES_REFUSED_METRIC, Fold::Sum
);
reading!(
    /// Failed attempts since start.
    PUBLISH_ERRORS, "publish_errors", TOTAL, PUBLISH_ERRORS_METRIC, Fold::Sum
);
reading!(
    /// Seconds ahead of the server.
    CLOCK_SKEW, "clock_skew", Kind::Gauge, CLOCK_SKEW_METRIC, Fold::Max
);
