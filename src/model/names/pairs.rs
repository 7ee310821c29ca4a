//! Metrics of high-availability pairs.

use crate::model::dimension::OwnDimension;
use crate::model::metric::{Detail, Metric, Sets};
use crate::model::unit::Unit;

/// Whether this member of a pair carries the traffic; active-only metrics hang on it.
pub static HA_ACTIVE_METRIC: Metric = Metric::new(
    "HaActive",
    Unit::None,
    Sets::Instance,
    "1 on the active member of a pair, 0 on the passive one and on one that is suspended or not functional; none while it is initial or tentative, or high availability is off; keepalived: 1 while MASTER of any instance that counts, 0 in BACKUP and FAULT, and 0 once after MASTER was left and regained between two readings, none in INIT. With ha_group in {HaGroup} too",
);

/// Whether the other member is there.
pub static HA_PEER_UP: Metric = Metric::new(
    "HaPeerUp",
    Unit::None,
    Sets::Instance,
    "1 when the connection to the other member is up, 0 when it is down; keepalived: as BACKUP, whether the master's adverts arrive, none as MASTER (a backup sends nothing) and in FAULT or INIT",
);

/// Whether both members have one configuration.
pub static HA_CONFIG_IN_SYNC: Metric = Metric::new(
    "HaConfigInSync",
    Unit::None,
    Sets::Instance,
    "1 when the running configuration is synchronized, 0 when not; none where that is switched off. PAN-OS only",
);

/// Whether a link between the members is up.
pub static HA_LINK_STATE: Metric = Metric::new(
    "HaLinkState",
    Unit::None,
    Sets::DetailOnly,
    "1 when the link is up, 0 when it is down: HA1, HA1-backup, HA2, HA2-backup; none for one that is not configured. PAN-OS only",
)
.detail(Detail::On(OwnDimension::Link));

/// How often the role changed.
pub static HA_STATE_CHANGES: Metric = Metric::new(
    "HaStateChanges",
    Unit::Count,
    Sets::Instance,
    "Changes of the own state between readings; keepalived: of all instances that count, together",
);
