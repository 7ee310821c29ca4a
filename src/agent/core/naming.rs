//! Datums get their names, or wait for them; then they are checked and queued.

use std::collections::BTreeMap;

use super::Core;
use super::account::Reason;
use super::notices::Level;
use crate::aggregate::label::{Missing, Set, Unnamed};
use crate::clock::{Now, rfc3339};
use crate::identity;
use crate::model::datum::Datum;
use crate::model::identity::Identity;
use crate::publish::batch::split;
use crate::publish::spool::FileName;
use crate::publish::validate::{self, Violation};

impl Core {
    /// From here on datums are on the account; the names of the batches that they became.
    pub(super) fn publish(&mut self, unnamed: Vec<Unnamed>, now: Now) -> Vec<FileName> {
        self.account.sealed += unnamed.len() as u64;
        let named = self.waiting.enter(unnamed, &self.who, now.boot);
        let memory = self.setup.limits.memory_bytes;
        let gone = self.waiting.expire(now.boot, memory);
        self.give_up(&gone);
        self.say_what_waits();
        self.enqueue(named, now)
    }

    fn enqueue(&mut self, datums: Vec<(Set, Datum)>, now: Now) -> Vec<FileName> {
        let judging = self.clock.judging(now);
        // A call has one namespace, and what is ahead of the clock holds up no other.
        let mut calls: BTreeMap<(bool, bool), Vec<Datum>> = BTreeMap::new();
        for (set, datum) in datums {
            let ahead = match validate::datum(&datum, judging.wall_secs()) {
                Ok(()) => false,
                Err(Violation::TooNew) => true,
                Err(violation) => {
                    self.refuse(&datum, &violation);
                    continue;
                }
            };
            let call = calls.entry((ahead, set.is_vmseries())).or_default();
            call.push(datum);
        }
        let ahead = calls.iter().filter(|((ahead, _), _)| *ahead);
        self.say_ahead(ahead.map(|(_, datums)| datums.len()).sum());
        let batches = calls.into_iter().flat_map(|((_, is_vmseries), datums)| {
            let namespace = match is_vmseries {
                true => &self.setup.vmseries_namespace,
                false => &self.setup.namespace,
            };
            split(namespace, datums)
        });
        let batches = batches.collect();
        let (names, full) = self.queue.push(batches, now.boot);
        if full > 0 {
            self.account.drop(Reason::MemoryFull, full);
            let text = "unsent datums fill [spool] memory_bytes: the oldest are dropped";
            self.notices.change(Level::Error, "memory", text);
        }
        names
    }

    /// The clock went back behind what was read before: the queue holds it until the clock is there, or gives it up.
    fn say_ahead(&mut self, datums: usize) {
        if datums > 0 {
            let text = format!(
                "{datums} datums are stamped two hours or more ahead of this clock: they wait for it, 15 minutes at most; check NTP"
            );
            self.notices.say(Level::Warn, text);
        }
    }

    fn refuse(&mut self, datum: &Datum, violation: &Violation) {
        let reason = match violation {
            Violation::TooOld => Reason::TooOld,
            Violation::TooNew => Reason::TooNew,
            Violation::Form(_) => Reason::Illegal,
        };
        self.account.drop(reason, 1);
        let about = format!("datum {}", datum.metric);
        let text = dead_letter(datum, &violation.to_string());
        self.notices
            .change_of(Level::Error, &about, reason.word(), text);
    }

    /// What the metadata service said.
    pub(super) fn learn(&mut self, identity: Identity, problem: Option<String>, now: Now) {
        self.asked_identity = true;
        match problem {
            Some(problem) => self.notices.change(Level::Warn, "identity", problem),
            None => {
                let text = "the instance metadata service answers again";
                self.notices.over("identity", text);
            }
        }
        if identity == self.identity {
            return;
        }
        let text = format!(
            "identity: instance {}, group {}, lifecycle {}",
            identity.instance_id.as_deref().unwrap_or("unknown"),
            identity.auto_scaling_group.as_deref().unwrap_or("unknown"),
            identity.lifecycle
        );
        self.notices.say(Level::Info, text);
        self.identity = identity;
        self.identify();
        self.name_waiters(now);
    }

    /// Someone's identity changed: who waited for it may go.
    pub(super) fn name_waiters(&mut self, now: Now) {
        let (named, gone) = self.waiting.leave(&self.who);
        self.give_up(&gone);
        self.say_what_waits();
        self.enqueue(named, now);
    }

    pub(super) fn identify(&mut self) {
        let who = identity::who(&self.setup.identity, &self.identity);
        self.who.insert(None, who);
    }

    fn give_up(&mut self, reasons: &[Reason]) {
        for reason in reasons {
            self.account.drop(*reason, 1);
            let word = reason.word();
            let text = format!("datums that waited for a name are given up: {word}");
            self.notices
                .change(Level::Error, &format!("given up {word}"), text);
        }
    }

    fn say_what_waits(&mut self) {
        for (missing, subject, text) in [
            (
                Missing::InstanceId,
                "instance id",
                "the instance id is unknown: datums wait for it, 15 minutes at most; off EC2 set [identity] instance_id",
            ),
            (
                Missing::Group,
                "group",
                "the name of the Auto Scaling group is not readable: fleet datums wait, 15 minutes at most; switch instance tags in metadata on (InstanceMetadataTags=enabled) or set [identity] auto_scaling_group",
            ),
            (
                Missing::Firewall,
                "firewall",
                "datums from before this start are of firewalls that are not configured now: they wait for them, 15 minutes at most",
            ),
        ] {
            if self.waiting.missing(missing) {
                self.notices.change(Level::Warn, subject, text);
            } else {
                self.notices.over(
                    subject,
                    format!("no datum waits for the {subject} any more"),
                );
            }
        }
    }
}

/// Everything needed to find out what a given-up datum was.
pub(super) fn dead_letter(datum: &Datum, why: &str) -> String {
    let dimensions = datum.dimensions.iter();
    let dimensions: Vec<String> = dimensions
        .map(|d| format!("{}={}", d.name, d.value))
        .collect();
    format!(
        "gave up {}{{{}}} of {}: {why}",
        datum.metric,
        dimensions.join(","),
        rfc3339(datum.timestamp)
    )
}
