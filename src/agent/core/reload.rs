//! Another configuration in force: the parts that it changes are swapped, everything else goes on.
//!
//! What goes on is more than what is swapped: the windows, the heartbeats, the waiting room, the queue, the account, and
//! of each collector that stays its ticks, its back-off and its counters' last totals.

use std::sync::Arc;
use std::time::Duration;

use super::event::collects;
use super::plan::{board, emitted, ours, rhythms, sources, targets};
use super::server_clock::ServerClock;
use super::{Action, Core, Setup};
use crate::aggregate::label::WantedAliases;
use crate::clock::Now;

/// Reloads since start.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reloads {
    /// A new configuration is in force.
    pub(super) ok: u64,
    /// The old one stayed.
    pub(super) failed: u64,
}

impl Core {
    /// Takes over a configuration. A number in it that is known is a collector that goes on; what else is in it is new.
    /// What was kept before the start means nothing here.
    pub(super) fn reload(&mut self, mut setup: Setup, now: Now) -> Vec<Action> {
        // What is due by now is due under the old one.
        let mut actions = self.go_on(now);
        if self.stopping_until.is_some() {
            return actions;
        }
        self.reloads.ok += 1;
        if setup.period != self.setup.period {
            self.seal_all(now);
            self.schedule.cut_anew(now, setup.period);
        }
        self.ours = ours(&setup, &self.ours);
        self.targets = targets(&setup);
        actions.extend(self.retire(&setup, now.boot));
        let selects_anew = setup.selection != self.setup.selection;
        let identified_anew =
            setup.identity != self.setup.identity || setup.remote != self.setup.remote;
        self.admission
            .retain(|target, _| self.targets.contains(target));
        self.tunnel_rooms
            .retain(|target, _| self.targets.contains(target));
        for admission in self.admission.values_mut() {
            admission.limit(setup.series_max);
        }
        self.queue.limit(setup.limits);
        self.journals.limit(setup.checkpoint);
        if setup.correct_clock != self.setup.correct_clock {
            self.clock = ServerClock::new(setup.correct_clock);
        }
        let first = self
            .schedule
            .change(now, setup.close_after, &rhythms(&setup));
        if setup.sets.vmseries == WantedAliases::default() {
            // For those that are sealed and wait for a name.
            setup.vmseries_namespace = Arc::clone(&self.setup.vmseries_namespace);
        }
        let old = std::mem::replace(&mut self.setup, setup);
        self.change_drain(old.drain.as_ref(), now.boot);
        if selects_anew {
            let selection = &self.setup.selection;
            for held in &mut self.windows {
                let goes_out = |is_fine, metric| selection.holds(metric, is_fine);
                held.window
                    .retain(|key| goes_out(key.own.is_some(), key.metric));
            }
        }
        if identified_anew {
            self.know_firewalls();
            self.identify();
        }
        self.name_waiters(now);
        actions.extend(collects(first));
        actions.extend(self.go_on(now));
        actions
    }

    /// Who the firewalls are. One that is gone keeps its name until what was read of it is sealed.
    fn know_firewalls(&mut self) {
        let windows = &self.windows;
        self.who
            .retain(|target, _| windows.iter().any(|held| held.window.has(target)));
        let remote = self.setup.remote.iter();
        self.who
            .extend(remote.map(|(target, who)| (target.clone(), who.clone())));
    }

    /// As at shutdown: whatever is open goes out as it is.
    fn seal_all(&mut self, now: Now) {
        for span in self.schedule.drain() {
            self.close(span, now);
        }
    }

    /// Takes leave of the collectors that are not in this setup any more, and makes room for those that are new.
    fn retire(&mut self, setup: &Setup, at: Duration) -> Vec<Action> {
        let gone = |number: &usize| !setup.collectors.contains_key(number);
        self.aggregator
            .change(sources(setup, &self.ours), emitted(setup), at);
        match (&mut self.board, &setup.shown) {
            (Some(board), Some(_)) => board.change(setup.series_max, |number| gone(&number)),
            _ => self.board = board(setup),
        }
        let old = self.setup.collectors.iter();
        let mut actions = Vec::new();
        for (number, planned) in old.filter(|(number, _)| gone(number)) {
            self.notices.forget(&planned.subject());
            actions.push(Action::Retire(*number));
        }
        self.failures.retain(|number, _| !gone(number));
        for number in setup.collectors.keys() {
            self.failures.entry(*number).or_default();
        }
        actions
    }
}
