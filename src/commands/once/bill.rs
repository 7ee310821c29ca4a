//! The bill: what these series would cost for a month of `run`.

use std::collections::BTreeSet;

use super::look::{Looked, target_of};
use crate::aggregate::label::{Set, WantedSets, sets};
use crate::aggregate::window::Target;
use crate::catalogue::Cost;
use crate::config::Config;
use crate::generate::cost::calls_of;
use crate::model::identity::Group;
use crate::model::selection::Selection;
use crate::render::report::{Bill, Status};
use crate::self_metrics::EXPORTER_HEARTBEAT;

/// Series as they are counted: what several firewalls share is one.
#[derive(Default)]
struct Counted {
    shared: BTreeSet<(Set, Group, &'static str)>,
    own: usize,
}

impl Counted {
    fn add(&mut self, looked: &Looked, target: &Target, set: Set, metric: &'static str) {
        let group = || looked.who_is(target).group;
        match set {
            // A remote firewall is in a group or not; of this machine it may only be unknown so far.
            Set::Fleet | Set::VmSeriesFleet if target.is_some() && group() == Group::None => {}
            Set::Fleet | Set::VmSeriesFleet => drop(self.shared.insert((set, group(), metric))),
            Set::VmSeries => drop(self.shared.insert((set, Group::None, metric))),
            Set::Instance | Set::Pair | Set::Detail => self.own += 1,
        }
    }

    /// Under the names of the VM-Series plugin, and under ours.
    fn by_namespace(&self) -> [usize; 2] {
        let is_alias = |(set, ..): &&(Set, Group, &str)| set.is_vmseries();
        let aliases = self.shared.iter().filter(is_alias).count();
        [aliases, self.shared.len() - aliases + self.own]
    }
}

/// With heartbeat and CollectorUp, each datum with a value a second.
pub(super) fn of(config: &Config, selection: &Selection, looked: &Looked) -> Bill {
    let wanted = config.cloudwatch.sets();
    let counted = count(wanted, selection, looked);
    let period_secs = config.cloudwatch.period_secs;
    let namespaces = [
        config.cloudwatch.vmseries_namespace(),
        &config.cloudwatch.namespace,
    ];
    let calls = namespaces.into_iter().zip(counted.by_namespace());
    let calls = calls
        .map(|(name, series)| calls_of(name, series, period_secs))
        .sum();
    let series = counted.shared.len() + counted.own;
    Bill {
        fleet: counted.shared.len(),
        own: counted.own,
        calls,
        period_secs,
        dollars: Cost::monthly(series, calls, period_secs, &config.prices).total(),
        prices_of: config.prices.as_of(),
    }
}

fn count(wanted: WantedSets, selection: &Selection, looked: &Looked) -> Counted {
    let mut counted = Counted::default();
    for (_, value) in &looked.emitted {
        let target = &value.key.target;
        let in_pair = looked.who_is(target).ha_group.is_some();
        for set in sets(&value.key, wanted, in_pair) {
            counted.add(looked, target, set, value.key.metric.name);
        }
    }
    let targets: BTreeSet<Target> = looked.reports.iter().map(target_of).collect();
    for target in &targets {
        let wanted = wanted.of(target);
        let beats = selection.coarse(&EXPORTER_HEARTBEAT);
        if beats && wanted.fleet {
            counted.add(looked, target, Set::Fleet, EXPORTER_HEARTBEAT.name);
        }
        counted.own += usize::from(beats && wanted.instance);
    }
    let running = looked.reports.iter().filter(|collector| {
        collector.status != Status::Absent && wanted.of(&target_of(collector)).instance
    });
    counted.own += running.count();
    counted
}
