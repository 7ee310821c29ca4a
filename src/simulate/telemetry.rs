//! What CloudWatch is told of a firewall, and by whom.

use super::contestant::{Contestant, Publisher};
use super::firewall::{Firewall, Life, float};
use super::setting::Setting;

/// What the hypervisor sees of a dataplane that polls, percent.
const POLLING_CPU: f64 = 97.0;

/// The contestant's metrics of this firewall reach CloudWatch.
pub(super) fn publishes(
    contestant: &Contestant,
    setting: &Setting,
    one: &Firewall,
    now: u64,
) -> bool {
    let serves = one.in_service();
    let warm = |from: u64, secs: u64| from == 0 || now >= from + secs;
    let speaks = !one.silent && one.dead.is_none();
    match contestant.publisher {
        // `warm_up_secs` counts from boot.
        Publisher::Fwmetrics => {
            speaks && serves.is_some() && warm(one.launched, setting.fleet_warm_up_secs)
        }
        Publisher::Vendor => speaks && !matches!(one.life, Life::Pending(_)),
        Publisher::Hypervisor => serves.is_some_and(|since| warm(since, contestant.warm_up_secs)),
    }
}

/// The series of the group itself, which Auto Scaling publishes.
pub(super) const IN_SERVICE: &str = "GroupInServiceInstances";

/// Simulated firewalls, or their group, have this metric. An alarm on another one sees no data.
#[must_use]
pub fn has_model(name: &str) -> bool {
    let any = Firewall::new(0, false, Life::InService(0), false);
    name == IN_SERVICE || value(name, &any, false).is_some()
}

/// What a firewall's exporter, or the hypervisor, says of it.
pub(super) fn value(name: &str, one: &Firewall, polls: bool) -> Option<f64> {
    match name {
        "CapacityUtilization" => Some(one.cpu().max(one.table())),
        "DataplaneCpuUtilization" | "DataPlaneCPUUtilizationPct" => Some(one.cpu()),
        "SessionTableUtilization" | "panSessionUtilization" => Some(one.table()),
        "ActiveSessions" | "panSessionActive" => Some(float(one.sessions())),
        "DataPlaneCPU1Util" => Some(one.first_core()),
        "CPUUtilization" => Some(if polls { POLLING_CPU } else { one.cpu() }),
        _ => None,
    }
}
