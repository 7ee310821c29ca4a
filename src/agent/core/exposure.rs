//! What the core says to those who ask: `/metrics`, `/healthz` and `/readyz`.

use std::borrow::Cow;

use super::account::Reason;
use super::board::From;
use super::{Core, PassDone};
use crate::aggregate::aggregator::{Emitted, End};
use crate::clock::Now;
use crate::publish::outcome::{Answer, Outcome, remedy};
use crate::render::family::Type;
use crate::render::prometheus::{Exposition, Labels, target_label};
use crate::self_metrics as own;

/// What `/readyz` says before the first answer.
pub(super) const NOTHING_SENT: &str = "no window sent yet: the first goes out when it ends";

impl Core {
    /// Puts a pass on the board, and hands back what of it is published.
    pub(super) fn put_up(
        &mut self,
        done: &PassDone,
        end: End,
        mut emitted: Vec<Emitted>,
    ) -> Vec<Emitted> {
        let planned = &self.setup.collectors[&done.collector];
        let Some(board) = &mut self.board else {
            return emitted;
        };
        let from = From {
            source: done.collector,
            at: done.at,
            period: planned.rhythm.period,
        };
        for value in &emitted {
            board.take(value, from);
        }
        let up = (end != End::Absent).then_some(end == End::Ok);
        board.passed(&planned.target, up, done.took, from);
        let selection = &self.setup.selection;
        emitted.retain(|value| selection.holds(value.key.metric, value.key.own.is_some()));
        emitted
    }

    /// Everything that is known now.
    pub fn exposition(&mut self, now: Now) -> Exposition {
        let mut out = Exposition::default();
        out.build_info();
        let Core { board, setup, .. } = self;
        if let Some(board) = board {
            let collectors = &setup.collectors;
            let name = |number: usize| (collectors[&number].name, &collectors[&number].target);
            board.show(now.boot, name, &mut out);
            let help = "Values of series that found no place in /metrics, over series_max";
            let left_out = total(board.left_out());
            out.own(
                "fwmetrics_metrics_left_out_total",
                Type::Counter,
                help,
                vec![],
                left_out,
            );
        }
        self.expose_beats(&mut out);
        self.expose_account(&mut out);
        self.expose_state(now, &mut out);
        self.expose_backlog(now, &mut out);
        out
    }

    fn expose_beats(&self, out: &mut Exposition) {
        for target in &self.targets {
            let labels = target_label(target).into_iter().collect();
            let beats = total(self.beats);
            out.metric(&own::EXPORTER_HEARTBEAT, Type::Counter, labels, beats);
        }
    }

    fn expose_account(&self, out: &mut Exposition) {
        let account = &self.account;
        let count = Type::Counter;
        for (metric, number) in [
            (&own::DATUMS_SENT_METRIC, account.sent),
            (&own::SERIES_REFUSED_METRIC, account.refused_series),
        ] {
            out.metric(metric, count, vec![], total(number));
        }
        for reason in Reason::ALL {
            let dropped = account.dropped.get(&reason).copied().unwrap_or(0);
            let labels = label("reason", reason.word());
            out.metric(&own::DATUMS_DROPPED_METRIC, count, labels, total(dropped));
        }
        for (code, errors) in &account.errors {
            let labels = label("code", code);
            out.metric(&own::PUBLISH_ERRORS_METRIC, count, labels, total(*errors));
        }
        for (name, help, number) in [
            (
                "fwmetrics_datums_sealed_total",
                "Datums of closed windows: sent, waiting or dropped",
                account.sealed,
            ),
            (
                "fwmetrics_publish_calls_total",
                "PutMetricData calls that were answered or gave up",
                account.calls,
            ),
            (
                "fwmetrics_missed_ticks_total",
                "Local ticks without a pass",
                account.missed_ticks,
            ),
            (
                "fwmetrics_late_blocks_total",
                "Blocks that came after their window was sent",
                account.late_blocks,
            ),
            (
                "fwmetrics_spool_set_aside_total",
                "Files in the spool that were no batches, or spoilt ones",
                self.set_aside,
            ),
            (
                "fwmetrics_readings_left_out_total",
                "Readings and notes of a pass over the most that one may bring",
                self.left_out,
            ),
            (
                "fwmetrics_log_lines_suppressed_total",
                "Log lines left out, over the ceiling of lines a minute",
                self.notices.suppressed(),
            ),
        ] {
            out.own(name, count, help, vec![], total(number));
        }
        for (result, number) in [("ok", self.reloads.ok), ("failed", self.reloads.failed)] {
            let help = "Reloads of the configuration and of firewalls_file since start; a failed one left the old one in force";
            let labels = label("result", result);
            out.own(
                "fwmetrics_reloads_total",
                count,
                help,
                labels,
                total(number),
            );
        }
        let refused = self.aggregator.refused();
        for (reason, number) in [
            ("reset", refused.resets),
            ("invalid", refused.invalid),
            ("nameless", refused.nameless),
        ] {
            let help = "Readings that made no value: a counter that started again, no legal number, a name without a visible character";
            let labels = label("reason", reason);
            out.own(
                "fwmetrics_readings_refused_total",
                count,
                help,
                labels,
                total(number),
            );
        }
    }

    fn expose_state(&self, now: Now, out: &mut Exposition) {
        let gauge = Type::Gauge;
        out.metric(
            &own::DATUMS_WAITING_METRIC,
            gauge,
            vec![],
            total(self.waiting()),
        );
        if let Some(skew) = self.clock.skew_secs() {
            out.metric(&own::CLOCK_SKEW_METRIC, gauge, vec![], skew);
        }
        #[allow(clippy::cast_precision_loss)] // bytes in memory, seconds since 1970
        for (name, help, value) in [
            (
                "fwmetrics_queue_bytes",
                "Batches that wait in memory",
                self.queue_bytes() as f64,
            ),
            (
                "fwmetrics_spool_bytes",
                "Files of the spool, those set aside too",
                self.queue.spool_bytes() as f64,
            ),
            (
                "fwmetrics_clock_correction_seconds",
                "What is added to this clock for the labels of windows ([cloudwatch] correct_clock)",
                self.clock.correction_secs(now),
            ),
            (
                "fwmetrics_start_time_seconds",
                "When fwmetrics started, Unix time",
                self.started as f64,
            ),
            (
                "fwmetrics_ready",
                "1 when the last send succeeded, as /readyz says",
                f64::from(u8::from(self.ready.is_ok())),
            ),
        ] {
            out.own(name, gauge, help, vec![], value);
        }
    }

    /// Without a backlog its oldest window has no age.
    fn expose_backlog(&self, now: Now, out: &mut Exposition) {
        let backlog = self.queue.backlog();
        let batches = backlog.map_or(0, |backlog| backlog.batches as u64);
        let name = "fwmetrics_backlog_batches";
        let help = "Batches that wait behind the fresh window";
        out.own(name, Type::Gauge, help, vec![], total(batches));
        if let Some(backlog) = backlog {
            let age = now.wall_secs().saturating_sub(backlog.oldest).max(0);
            let name = "fwmetrics_backlog_oldest_seconds";
            let help = "Age of the oldest window that waits behind the fresh one";
            out.own(name, Type::Gauge, help, vec![], total(age.unsigned_abs()));
        }
    }

    /// Whether the last send succeeded, and if not, why and what to do, in one line.
    ///
    /// # Errors
    /// That line.
    pub fn ready(&self) -> Result<(), &str> {
        match &self.ready {
            Ok(()) => Ok(()),
            Err(why) => Err(why),
        }
    }
}

/// What an answer means to `/readyz`. The server's words stay in the log: they name accounts and roles.
pub(super) fn readiness(answer: &Answer) -> Result<(), Cow<'static, str>> {
    let code = &answer.code;
    let why = match answer.outcome {
        Outcome::Sent => return Ok(()),
        Outcome::Denied => format!("CloudWatch denies: {code}; {}", remedy(code)),
        Outcome::Throttled => format!("CloudWatch throttles ({code}): batches are kept"),
        Outcome::Unreachable { .. } => {
            format!("cannot reach CloudWatch: {code}; batches are kept")
        }
        Outcome::TooLarge | Outcome::Invalid => {
            format!("CloudWatch refused a batch ({code}): the log names the bad datum")
        }
    };
    Err(why.into())
}

fn label(name: &'static str, value: &str) -> Labels {
    vec![(name.into(), value.to_owned())]
}

#[allow(clippy::cast_precision_loss)] // counts of datums stay far below 2^53
fn total(count: u64) -> f64 {
    count as f64
}
