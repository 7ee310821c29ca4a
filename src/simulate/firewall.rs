//! One firewall: what it carries, and what its gauges say.

/// A kind of flows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Its part of the load.
    pub(super) share: f64,
    /// Mean time to its end, seconds.
    pub(super) life_secs: f64,
    /// What one flow takes of a firewall.
    pub(super) load: f64,
}

/// Requests, downloads and long sessions: half, three tenths and a fifth of the load. A choice, not a measurement: what
/// it must have is a part that leaves within seconds and one that stays for an hour.
pub(super) const KINDS: [Kind; 3] = [
    Kind {
        share: 0.5,
        life_secs: 15.0,
        load: 1e-4,
    },
    Kind {
        share: 0.3,
        life_secs: 300.0,
        load: 2e-4,
    },
    Kind {
        share: 0.2,
        life_secs: 3600.0,
        load: 5e-4,
    },
];

/// The session table. A fully loaded firewall has about 6900 flows, so that sessions and CPU run full alike: a policy on
/// sessions is as well off as one on CPU.
pub const SESSIONS_MAX: f64 = 7000.0;
/// `UnhealthyThresholdCount`, GWLB's default.
const UNHEALTHY_AFTER: u32 = 2;
/// Where the bulk flow's cores are: one of so many firewalls has it on its first core.
pub(super) const CORES: usize = 4;

/// Where an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Booting; the launch hook is completed at this time, seconds.
    Pending(u64),
    /// In service since.
    InService(u64),
    /// Terminating since, with so many sessions.
    Draining(u64, u64),
}

/// One firewall.
#[derive(Debug, Clone)]
pub struct Firewall {
    /// When it was launched, seconds; the order in which they come.
    pub launched: u64,
    /// One of two Availability Zones.
    pub zone: bool,
    /// Where it is.
    pub life: Life,
    /// It forwards nothing any more, since.
    pub dead: Option<u64>,
    /// Its exporter tells nothing.
    pub silent: bool,
    /// Load of the bulk flow, a share of its capacity.
    pub bulk: f64,
    /// The bulk flow runs on its first core.
    pub(super) bulk_first: bool,
    pub(super) failures: u32,
    pub(super) flows: [u64; 3],
}

impl Firewall {
    pub(super) const fn new(launched: u64, zone: bool, life: Life, silent: bool) -> Self {
        Firewall {
            launched,
            zone,
            life,
            dead: None,
            silent,
            bulk: 0.0,
            bulk_first: false,
            failures: 0,
            flows: [0; 3],
        }
    }

    /// In service since, if it is.
    #[must_use]
    pub const fn in_service(&self) -> Option<u64> {
        match self.life {
            Life::InService(since) => Some(since),
            _ => None,
        }
    }

    /// What it is asked to carry, a share of its capacity; above 1 is overload.
    #[must_use]
    pub fn demand(&self) -> f64 {
        let flows = self.flows.iter().zip(&KINDS);
        let load: f64 = flows.map(|(count, kind)| float(*count) * kind.load).sum();
        load + self.bulk
    }

    /// Mean of its cores, percent.
    #[must_use]
    pub fn cpu(&self) -> f64 {
        100.0 * self.demand().min(1.0)
    }

    /// Its first dataplane core, percent.
    #[must_use]
    pub fn first_core(&self) -> f64 {
        let spread = self.demand() - self.bulk;
        let own = if self.bulk_first {
            self.bulk * float(CORES as u64)
        } else {
            0.0
        };
        100.0 * (spread + own).min(1.0)
    }

    /// Sessions in its table.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.flows.iter().sum()
    }

    /// Its session table, percent.
    #[must_use]
    pub fn table(&self) -> f64 {
        100.0 * (float(self.sessions()) / SESSIONS_MAX).min(1.0)
    }

    /// More is asked of it than it can carry. Of a dead one, which carries nothing, this is not said.
    #[must_use]
    pub fn is_overloaded(&self) -> bool {
        self.dead.is_none() && (self.demand() > 1.0 || float(self.sessions()) > SESSIONS_MAX)
    }

    pub(super) fn takes_new(&self) -> bool {
        self.in_service().is_some() && self.failures < UNHEALTHY_AFTER
    }
}

/// Exactly.
pub(super) fn float(count: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of flows and seconds are far below 2^52"
    )]
    let number = count as f64;
    number
}
