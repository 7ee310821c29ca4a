//! Where datums wait for a name: the instance id or the group's name may come minutes after the first window.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::agent::core::account::Reason;
use crate::aggregate::label::{Missing, Set, Unnamed};
use crate::aggregate::window::Target;
use crate::model::datum::Datum;
use crate::model::identity::{Group, Who};

/// How long they wait.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Bytes that one of them takes, nearly: fixed part, and each value with its count.
const FIXED_BYTES: usize = 200;
const VALUE_BYTES: usize = 16;

#[derive(Debug)]
struct Waiter {
    since: Duration,
    missing: Missing,
    unnamed: Unnamed,
}

/// The waiting room.
#[derive(Debug, Default)]
pub struct WaitingRoom {
    waiters: Vec<Waiter>,
}

impl WaitingRoom {
    /// Names what can be named, each with the set it goes out in; the rest waits.
    pub fn enter(
        &mut self,
        list: Vec<Unnamed>,
        who: &BTreeMap<Target, Who>,
        now: Duration,
    ) -> Vec<(Set, Datum)> {
        let mut named = Vec::new();
        for unnamed in list {
            match name(&unnamed, who) {
                Ok(datum) => named.push((unnamed.set, datum)),
                Err(missing) => self.waiters.push(Waiter {
                    since: now,
                    missing,
                    unnamed,
                }),
            }
        }
        named
    }

    /// Someone's identity changed: those that can be named now, and why others no longer need to wait.
    pub fn leave(&mut self, who: &BTreeMap<Target, Who>) -> (Vec<(Set, Datum)>, Vec<Reason>) {
        let (mut named, mut gone) = (Vec::new(), Vec::new());
        self.waiters.retain(|waiter| {
            match name(&waiter.unnamed, who) {
                Ok(datum) => named.push((waiter.unnamed.set, datum)),
                // It turned out that there is no group.
                Err(Missing::Group) if is_alone(&waiter.unnamed, who) => gone.push(Reason::NoAsg),
                Err(_) => return true,
            }
            false
        });
        (named, gone)
    }

    /// Those that waited too long, and the oldest while there is no room.
    pub fn expire(&mut self, now: Duration, memory_bytes: usize) -> Vec<Reason> {
        let mut gone = Vec::new();
        self.waiters.retain(|waiter| {
            let patient = now.saturating_sub(waiter.since) < PATIENCE;
            if !patient {
                gone.push(match waiter.missing {
                    Missing::Group => Reason::NoAsg,
                    Missing::InstanceId | Missing::Firewall => Reason::NoInstanceId,
                });
            }
            patient
        });
        let mut bytes: usize = self.waiters.iter().map(Waiter::bytes).sum();
        let mut over = 0;
        for waiter in &self.waiters {
            if bytes <= memory_bytes {
                break;
            }
            bytes -= waiter.bytes();
            over += 1;
        }
        self.waiters.drain(..over);
        gone.extend(std::iter::repeat_n(Reason::MemoryFull, over));
        gone
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// The end: how many are given up.
    pub fn clear(&mut self) -> usize {
        self.waiters.drain(..).count()
    }

    /// What somebody waits for.
    #[must_use]
    pub fn missing(&self, what: Missing) -> bool {
        self.waiters.iter().any(|waiter| waiter.missing == what)
    }
}

impl Waiter {
    fn bytes(&self) -> usize {
        FIXED_BYTES + VALUE_BYTES * self.unnamed.values.len()
    }
}

fn is_alone(unnamed: &Unnamed, who: &BTreeMap<Target, Who>) -> bool {
    let who = who.get(&unnamed.key.target);
    who.is_some_and(|who| who.group == Group::None)
}

fn name(unnamed: &Unnamed, who: &BTreeMap<Target, Who>) -> Result<Datum, Missing> {
    let target = &unnamed.key.target;
    let nobody = match target {
        Some(_) => Missing::Firewall,
        None => Missing::InstanceId,
    };
    unnamed.name(who.get(target).ok_or(nobody)?)
}
