//! Windows close: their series are let in, put into dimension sets, and named.

use std::collections::BTreeMap;
use std::time::Duration;

use super::notices::Level;
use super::schedule::Span;
use super::{Core, Held};
use crate::aggregate::admission::{Admission, Rank};
use crate::aggregate::label::{Set, Speaks, Unnamed, expand};
use crate::aggregate::window::{SeriesKey, Target, Window};
use crate::clock::Now;
use crate::model::datum::Resolution;
use crate::model::identity::Group;
use crate::model::names::DATAPLANE_CPU_UTILIZATION;
use crate::publish::journal::JournalName;
use crate::self_metrics::EXPORTER_HEARTBEAT;

impl Core {
    /// Everything that a window's end brings: its series, and the heartbeats of minutes that ended with it.
    pub(super) fn close(&mut self, span: Span, now: Now) {
        let minutes = self.heartbeats.closed(span.label, self.period_secs());
        self.close_with(span, &minutes, now);
    }

    /// The same with the heartbeats of these minutes.
    pub(super) fn close_with(&mut self, span: Span, minutes: &[i64], now: Now) {
        let emitted = self.observe_self(now);
        let window = self.window(span.number, span.label, now);
        for value in emitted {
            window.add(value.key, value.expected, &value.fine);
        }
        // With it go windows that were opened again for a pass that came late.
        let (due, later): (Vec<Held>, Vec<Held>) = self
            .windows
            .drain(..)
            .partition(|held| held.number <= span.number);
        self.windows.extend(later);
        let (period_secs, resolution) = (self.period_secs(), Resolution::of(self.period_secs()));
        let last = due.len().saturating_sub(1);
        for (index, mut held) in due.into_iter().enumerate() {
            let minutes = if index == last { minutes } else { &[] };
            let beaten = self.heartbeats.has(held.window.label);
            let window = &mut held.window;
            self.journals
                .closing(held.journal, window, period_secs, beaten);
            self.seal_as(held.journal, held.window, resolution, minutes, now);
        }
    }

    /// Seals one window and publishes it with the heartbeats of these minutes.
    pub(super) fn seal_as(
        &mut self,
        journal: JournalName,
        window: Window,
        resolution: Resolution,
        minutes: &[i64],
        now: Now,
    ) {
        self.beats += minutes.len() as u64;
        let mut unnamed = self.seal(window, resolution, now);
        unnamed.extend(self.beat(minutes));
        let admitted = self.admit(unnamed, now);
        let batches = self.publish(admitted, now);
        self.journals.closed(journal, batches, minutes);
    }

    /// Which targets may speak for others: in service, warm, and their dataplane's CPU was read in the window or is being
    /// read (at a longer period, or unpublished).
    fn speaks_for_others(&self, window: &Window, now: Now) -> BTreeMap<Target, Speaks> {
        // This machine's boot is none of a remote firewall's.
        let is_warm = now.boot >= Duration::from_secs(self.setup.identity.warm_up_secs);
        let speaks = |target: &Target| {
            let warm = is_warm || target.is_some();
            let read = window.holds(target, &DATAPLANE_CPU_UTILIZATION)
                || self.aggregator.reads_cpu(target, now.boot);
            match warm && read {
                true => self.serves(target),
                false => Speaks::ForItself,
            }
        };
        let targets = self.targets.iter();
        targets
            .map(|target| (target.clone(), speaks(target)))
            .collect()
    }

    /// The series of a window in their dimension sets.
    fn seal(&mut self, window: Window, resolution: Resolution, now: Now) -> Vec<Unnamed> {
        let label = window.label;
        let speaks = self.speaks_for_others(&window, now);
        let sealed = window.seal();
        for series in &sealed {
            if series.is_block {
                self.block_sealed(&series.key, label);
            }
            let error = series.distribution.relative_error();
            if error > 0.0 {
                let metric = series.key.metric.name;
                let text = format!(
                    "{metric} has more than 150 distinct values in a window: merged within {:.1} %",
                    error * 100.0
                );
                self.notices
                    .change_of(Level::Info, &format!("merged {metric}"), "", text);
            }
        }
        let of = |target: &Target| self.who.get(target);
        expand(
            &sealed,
            label,
            resolution,
            self.setup.sets,
            |target| speaks.get(target).copied().unwrap_or(Speaks::ForItself),
            |target| of(target).is_some_and(|who| who.ha_group.is_some()),
        )
    }

    /// The series ceiling, target by target.
    pub(super) fn admit(&mut self, expanded: Vec<Unnamed>, now: Now) -> Vec<Unnamed> {
        let mut by_target: BTreeMap<Target, Vec<Unnamed>> = BTreeMap::new();
        for unnamed in expanded {
            let target = unnamed.key.target.clone();
            by_target.entry(target).or_default().push(unnamed);
        }
        let mut admitted = Vec::new();
        let mut refused = 0;
        for (target, mut list) in by_target {
            self.within_tunnel_room(&target, &mut list, now);
            let wanted: Vec<(Rank, (Set, SeriesKey))> = list
                .iter()
                .map(|unnamed| (unnamed.rank(), (unnamed.set, unnamed.key.clone())))
                .collect();
            let verdicts = self.admission_of(&target).admit(&wanted, now.boot);
            refused += verdicts.iter().filter(|admitted| !**admitted).count();
            let both = list.into_iter().zip(verdicts);
            admitted.extend(both.filter_map(|(unnamed, yes)| yes.then_some(unnamed)));
        }
        self.account.refused_series += refused as u64;
        if refused > 0 {
            let most = self.setup.series_max;
            let text = format!(
                "{refused} series over the ceiling of {most} are not published; raise [cloudwatch] series_max or disable metrics"
            );
            self.notices
                .change_of(Level::Warn, "series ceiling", "over", text);
        } else {
            self.notices.over(
                "series ceiling",
                "all series find room under the ceiling again",
            );
        }
        admitted
    }

    /// The accepted series of a target.
    pub(super) fn admission_of(&mut self, target: &Target) -> &mut Admission<(Set, SeriesKey)> {
        let most = self.setup.series_max;
        self.admission
            .entry(target.clone())
            .or_insert_with(|| Admission::new(most))
    }

    /// The heartbeats of these minutes, one per target and set.
    pub(super) fn beat(&self, minutes: &[i64]) -> Vec<Unnamed> {
        let mut beats = Vec::new();
        if !self.setup.selection.coarse(&EXPORTER_HEARTBEAT) {
            return beats;
        }
        for target in &self.targets {
            let wanted = self.setup.sets.of(target).spoken(self.serves(target));
            let sets = [(wanted.fleet, Set::Fleet), (wanted.instance, Set::Instance)];
            for (_, set) in sets.into_iter().filter(|(goes, _)| *goes) {
                beats.extend(minutes.iter().map(|minute| Unnamed {
                    set,
                    key: SeriesKey {
                        target: target.clone(),
                        metric: &EXPORTER_HEARTBEAT,
                        own: None,
                    },
                    expected: false,
                    timestamp: *minute,
                    resolution: Resolution::Minute,
                    values: vec![(1.0, 1)],
                }));
            }
        }
        beats
    }

    /// For whom the lifecycle lets this target speak.
    fn serves(&self, target: &Target) -> Speaks {
        match self.who.get(target).filter(|who| who.in_service) {
            Some(who) if who.group == Group::None => Speaks::ForAll,
            Some(_) => Speaks::ForGroup,
            None => Speaks::ForItself,
        }
    }

    pub(super) fn period_secs(&self) -> i64 {
        i64::try_from(self.setup.period.as_secs()).unwrap_or(60)
    }
}
