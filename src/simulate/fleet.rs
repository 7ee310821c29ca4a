//! Firewalls behind a Gateway Load Balancer: flows, health, capacity.
//!
//! A flow stays with the firewall that it began on: "existing flows stay on the same target" whatever its health, and
//! while it drains (GWLB user guide, "Health checks" and "Target group attributes", `no_rebalance`). New flows go to
//! healthy registered targets by hash, equal shares. Flows of a kind on one firewall are one number: each ends with the
//! same chance a second, so that which of them it was does not matter.

use fastrand::Rng;
use serde::Serialize;

use super::chance::{binomial, poisson};
use super::firewall::{CORES, Firewall, KINDS, Life, float};

/// One step of time, seconds; health checks have this interval too (GWLB's default).
pub const STEP_SECS: u64 = 10;
/// From unhealthy in the target group to its replacement by Auto Scaling, seconds (assumed; health check type ELB).
const REPLACED_AFTER_SECS: u64 = 60;
/// How long clients hold on to a connection that answers nothing, seconds, mean (assumed).
const PATIENCE_SECS: f64 = 30.0;

/// Flows, counted from the start. What came is what ended, is there, was cut or was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Flows {
    /// New ones, reconnecting clients too.
    pub arrived: u64,
    /// Ended by themselves.
    pub ended: u64,
    /// Cut because their firewall was taken away.
    pub cut: u64,
    /// Given up on a dead firewall, or no firewall was there.
    pub lost: u64,
}

/// All firewalls, and the flows through them.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The firewalls, oldest first.
    pub firewalls: Vec<Firewall>,
    /// Counts.
    pub flows: Flows,
    /// Clients that come again.
    again: [u64; 3],
    rng: Rng,
}

impl Fleet {
    /// `count` firewalls that have carried `demand` firewalls' load for long.
    #[must_use]
    pub fn new(count: u32, demand: f64, seed: u64) -> Self {
        let mut fleet = Fleet {
            firewalls: Vec::new(),
            flows: Flows::default(),
            again: [0; 3],
            rng: Rng::with_seed(seed),
        };
        for at in 0..count {
            let firewall = Firewall::new(0, at % 2 == 1, Life::InService(0), false);
            fleet.firewalls.push(firewall);
        }
        for (at, kind) in KINDS.iter().enumerate() {
            let there = poisson(&mut fleet.rng, demand * kind.share / kind.load);
            fleet.spread(at, there);
        }
        fleet
    }

    /// Flows that are there.
    #[must_use]
    pub fn active(&self) -> u64 {
        self.firewalls.iter().map(Firewall::sessions).sum()
    }

    /// One step: old flows end, new ones come, dead firewalls are found.
    pub fn step(&mut self, now: u64, demand: f64) {
        let step = float(STEP_SECS);
        for (at, kind) in KINDS.iter().enumerate() {
            let ending = 1.0 - (-step / kind.life_secs).exp();
            self.end(at, ending);
            // Those that come within the step and are there at its end; in balance as many as end.
            let mean = demand * kind.share / kind.load * ending;
            let new = poisson(&mut self.rng, mean) + std::mem::take(&mut self.again[at]);
            self.spread(at, new);
        }
        for firewall in &mut self.firewalls {
            firewall.failures += u32::from(firewall.dead.is_some());
            if matches!(firewall.life, Life::Pending(ready) if ready <= now) {
                firewall.life = Life::InService(now);
            }
        }
    }

    fn end(&mut self, kind: usize, share: f64) {
        let giving_up = 1.0 - (-float(STEP_SECS) / PATIENCE_SECS).exp();
        for firewall in &mut self.firewalls {
            let there = &mut firewall.flows[kind];
            let gone = match firewall.dead {
                None => binomial(&mut self.rng, *there, share),
                Some(_) => binomial(&mut self.rng, *there, giving_up),
            };
            *there -= gone;
            if firewall.dead.is_some() {
                self.flows.lost += gone;
                self.again[kind] += gone;
            } else {
                self.flows.ended += gone;
            }
        }
    }

    /// New flows by hash. "All unhealthy": every target takes its share, and forwards nothing.
    fn spread(&mut self, kind: usize, mut count: u64) {
        self.flows.arrived += count;
        let healthy = self.firewalls.iter().any(Firewall::takes_new);
        let takes = |firewall: &&mut Firewall| match healthy {
            true => firewall.takes_new(),
            false => firewall.in_service().is_some(),
        };
        let mut targets: Vec<&mut Firewall> = self.firewalls.iter_mut().filter(takes).collect();
        let mut left = float(targets.len() as u64);
        for target in &mut targets {
            let share = binomial(&mut self.rng, count, 1.0 / left);
            target.flows[kind] += share;
            count -= share;
            left -= 1.0;
        }
        // Nobody there: they come again.
        self.flows.lost += count;
        self.again[kind] += count;
    }

    /// Launches one into the emptier zone ("Availability Zone balance").
    pub fn launch(&mut self, now: u64, boot_secs: u64, silent: bool) {
        let ready = now + boot_secs.next_multiple_of(STEP_SECS);
        let zone = self.in_zone(true) < self.in_zone(false);
        let firewall = Firewall::new(now, zone, Life::Pending(ready), silent);
        self.firewalls.push(firewall);
    }

    fn in_zone(&self, zone: bool) -> usize {
        let there = |one: &&Firewall| one.zone == zone && !matches!(one.life, Life::Draining(..));
        self.firewalls.iter().filter(there).count()
    }

    /// Takes one out of service: of the fuller zone, the oldest (guide, "Default termination policy": Availability Zone
    /// balance, then the oldest launch template, which all share, then the one nearest to its next billing hour, which
    /// per-second billing leaves open; oldest first is assumed).
    pub fn retire(&mut self, now: u64) {
        let zone = self.in_zone(true) > self.in_zone(false);
        let leaves =
            |one: &&mut Firewall| one.zone == zone && !matches!(one.life, Life::Draining(..));
        if let Some(oldest) = self.firewalls.iter_mut().find(leaves) {
            oldest.life = Life::Draining(now, oldest.sessions());
        }
    }

    /// Terminates those for which it is time, and dead ones that were found.
    pub fn remove(&mut self, now: u64, is_time: impl Fn(&Firewall) -> bool) {
        let (flows, again) = (&mut self.flows, &mut self.again);
        let mut homeless = 0.0;
        self.firewalls.retain(|one| {
            let replaced = one
                .dead
                .is_some_and(|since| now >= since + REPLACED_AFTER_SECS);
            let draining = matches!(one.life, Life::Draining(..)) && is_time(one);
            if !replaced && !draining {
                return true;
            }
            homeless += one.bulk;
            for (count, again) in one.flows.iter().zip(again.iter_mut()) {
                *again += count;
                if replaced {
                    flows.lost += count;
                } else {
                    flows.cut += count;
                }
            }
            false
        });
        if homeless > 0.0 {
            self.place_bulk(homeless);
        }
    }

    /// The bulk flow begins, on one firewall of those that take new flows.
    pub fn place_bulk(&mut self, load: f64) {
        let takes = self.firewalls.iter_mut().filter(|one| one.takes_new());
        let mut takes: Vec<&mut Firewall> = takes.collect();
        let count = takes.len();
        if count > 0 {
            let target = &mut takes[self.rng.usize(..count)];
            target.bulk += load;
            target.bulk_first = self.rng.usize(..CORES) == 0;
        }
    }

    /// The bulk flow ends.
    pub fn end_bulk(&mut self) {
        for firewall in &mut self.firewalls {
            firewall.bulk = 0.0;
        }
    }

    /// One firewall of those in service dies.
    pub fn kill(&mut self, now: u64) {
        if let Some(one) = self.firewalls.iter_mut().find(|one| one.takes_new()) {
            one.dead = Some(now);
        }
    }
}

#[cfg(test)]
mod tests;
