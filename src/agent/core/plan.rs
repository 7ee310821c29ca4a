//! What the core is made from, and what follows from it alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use super::kept::Kept;
use super::queue::Limits;
use super::schedule::Rhythm;
use crate::agent::drain::wait::Rule;
use crate::aggregate::aggregator::Source;
use crate::aggregate::label::WantedSets;
use crate::aggregate::window::Target;
use crate::identity;
use crate::model::identity::Who;
use crate::model::selection::Selection;

/// What the core is made from.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The collectors, by number. No number is given twice: at a reload a known one is a collector that goes on.
    pub collectors: BTreeMap<usize, Planned>,
    /// What is published.
    pub selection: Selection,
    /// With `[http]`: what is shown, published or not.
    pub shown: Option<Selection>,
    /// In which coarse sets.
    pub sets: WantedSets,
    /// Namespace.
    pub namespace: Arc<str>,
    /// Namespace of the VM-Series plugin's names.
    pub vmseries_namespace: Arc<str>,
    /// Length of a window.
    pub period: Duration,
    /// A window is sealed so long after its end.
    pub close_after: Duration,
    /// Series per target.
    pub series_max: usize,
    /// Limits of the queue.
    pub limits: Limits,
    /// What is read is on disk after so long, where there is a spool.
    pub checkpoint: Duration,
    /// Identity of this machine as configured.
    pub identity: identity::Settings,
    /// Identities of remote firewalls, all from their configuration.
    pub remote: BTreeMap<Target, Who>,
    /// What was kept from before this start.
    pub kept: Kept,
    /// With `[drain] hook_name`: what this machine waits for on its way out.
    pub drain: Option<DrainPlan>,
    /// Windows are labelled by CloudWatch's clock where ours is wrong.
    pub correct_clock: bool,
    /// Decides the jitter.
    pub seed: u64,
}

/// What this machine waits for on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrainPlan {
    /// The lifecycle hook.
    pub hook: String,
    /// Its timeout.
    pub timeout: Duration,
    /// When it is completed.
    pub rule: Rule,
    /// The collectors of this machine that may know of tunnels.
    pub tunnels: BTreeSet<usize>,
}

/// A collector as the core knows it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its name.
    pub name: &'static str,
    /// The firewall it reads.
    pub target: Target,
    /// When it runs.
    pub rhythm: Rhythm,
    /// Something of it is published; else it runs for `/metrics` alone.
    pub published: bool,
    /// Deadline of a pass.
    pub timeout: Duration,
}

impl Planned {
    /// What log lines about it begin with.
    pub(super) fn subject(&self) -> String {
        match &self.target {
            Some(target) => format!("collector {} of {target}", self.name),
            None => format!("collector {}", self.name),
        }
    }
}

/// What the aggregator hands out: what is shown holds what is published.
pub(super) fn emitted(setup: &Setup) -> Selection {
    setup
        .shown
        .clone()
        .unwrap_or_else(|| setup.selection.clone())
}

pub(super) fn board(setup: &Setup) -> Option<Board> {
    setup.shown.as_ref().map(|_| Board::new(setup.series_max))
}

/// Every firewall that something reads: the remote ones, and this machine where a collector reads it.
pub(super) fn targets(setup: &Setup) -> Vec<Target> {
    let collectors = setup.collectors.values();
    let targets: BTreeSet<Target> = collectors.map(|planned| planned.target.clone()).collect();
    targets.into_iter().collect()
}

pub(super) fn rhythms(setup: &Setup) -> BTreeMap<usize, Rhythm> {
    let collectors = setup.collectors.iter();
    collectors
        .map(|(number, planned)| (*number, planned.rhythm))
        .collect()
}

/// Our own sources are numbered from the other end, once per target; a target keeps the number it had. What we say of
/// ourselves is this machine's, also where no collector reads it.
pub(super) fn ours(setup: &Setup, before: &BTreeMap<Target, usize>) -> BTreeMap<Target, usize> {
    let mut next = before.values().min().copied().unwrap_or(usize::MAX);
    let targets: BTreeSet<Target> = targets(setup).into_iter().chain([None]).collect();
    targets
        .into_iter()
        .map(|target| {
            let number = before.get(&target).copied().unwrap_or_else(|| {
                next -= 1;
                next
            });
            (target, number)
        })
        .collect()
}

/// The collectors and ourselves, by number.
pub(super) fn sources(setup: &Setup, ours: &BTreeMap<Target, usize>) -> BTreeMap<usize, Source> {
    let collectors = setup.collectors.iter().map(|(number, planned)| {
        let source = Source {
            collector: planned.name,
            target: planned.target.clone(),
            period: planned.rhythm.period,
        };
        (*number, source)
    });
    let ours = ours.iter().map(|(target, number)| {
        let source = Source {
            collector: "self",
            target: target.clone(),
            period: setup.period,
        };
        (*number, source)
    });
    collectors.chain(ours).collect()
}
