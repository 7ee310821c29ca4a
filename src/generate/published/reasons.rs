//! Why a series is not published, and what would publish it.

use super::Published;
use super::firewall::Firewall;
use crate::aggregate::label::Set;
use crate::catalogue;
use crate::model::metric::{Metric, Sets};

/// No metric of this name is left.
pub(super) fn unknown(name: &str) -> String {
    format!("{name} is not published: there is no such metric any more")
}

/// What would have to name it has no name.
pub(super) fn nameless(name: &str) -> String {
    format!("{name} is not published: nothing names its dimensions")
}

impl Published {
    /// Why this metric of none of these firewalls goes out in this set.
    pub(super) fn why_not(&self, firewalls: &[&Firewall], metric: &Metric, set: Set) -> String {
        format!(
            "{} is not published: {}",
            metric.name,
            self.cause(firewalls, metric, set)
        )
    }

    fn cause(&self, firewalls: &[&Firewall], metric: &Metric, set: Set) -> String {
        let is_fine = set == Set::Detail;
        let known = |one: &&&Firewall| match is_fine {
            true => one.fine.contains(metric),
            false => one.coarse.contains(metric),
        };
        if self.selection.disable.contains(metric.name) {
            return "[metrics] disable names it".to_owned();
        }
        if !self.selection.holds(metric, is_fine) {
            return format!(
                "it is an opt-in; [metrics] enable = [{:?}]",
                opt_in(metric, is_fine)
            );
        }
        let own: Vec<&&Firewall> = firewalls.iter().filter(known).collect();
        let remote_only = own.iter().all(|one| one.target.is_some());
        if own.is_empty() {
            return no_source(metric);
        }
        if self.wanted.vmseries.only && remote_only {
            return "[cloudwatch.vmseries] only = true sends nothing under names of fwmetrics"
                .to_owned();
        }
        match set {
            Set::Fleet if metric.sets != Sets::FleetAndInstance => {
                "{AutoScalingGroupName} is none of its dimension sets".to_owned()
            }
            Set::Fleet if !self.wanted.fleet => {
                "[cloudwatch] dimension_sets has no [\"AutoScalingGroupName\"]".to_owned()
            }
            Set::Fleet if own.iter().all(|one| !one.serves) => {
                "no firewall of the group is in service; in_service = true says that one is"
                    .to_owned()
            }
            Set::Fleet => {
                "series of the group wait for the dataplane's CPU, which nothing reads".to_owned()
            }
            _ => "[cloudwatch] dimension_sets has no [\"InstanceId\"]".to_owned(),
        }
    }
}

fn opt_in(metric: &Metric, is_fine: bool) -> String {
    let own = metric.detail.dimension().filter(|_| is_fine);
    match own {
        Some(own) if metric.sets != Sets::DetailOnly => format!("{}:{}", metric.name, own.name()),
        _ => metric.name.to_owned(),
    }
}

/// Nothing that runs emits it.
fn no_source(metric: &Metric) -> String {
    let entries = catalogue::all();
    let entry = entries.iter().find(|entry| entry.metric == metric);
    let sources = entry.map_or(String::new(), |entry| entry.sources.join(", "));
    format!("nothing that reads these firewalls brings it (it comes from: {sources})")
}
