//! Looking: two passes of each collector, side by side.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crate::agent::tasks;
use crate::aggregate::aggregator::{Aggregator, Emitted, End, Pass, Source};
use crate::aggregate::window::{SeriesKey, Target};
use crate::cli::Once;
use crate::clock::{self, Now};
use crate::collector::{CollectError, Collector};
use crate::commands::Failure;
use crate::config::{Config, Wanted};
use crate::identity::{self, Metadata};
use crate::model::identity::{Identity, Who};
use crate::model::reading::Readings;
use crate::model::selection::Selection;
use crate::render::report::{CollectorReport, Status};

/// How long the metadata service may take, beside the passes.
const IDENTITY_WITHIN: Duration = Duration::from_millis(500);

/// What two passes brought.
pub(super) struct Looked {
    pub(super) started: Now,
    pub(super) elapsed: Duration,
    pub(super) identity: Identity,
    settings: identity::Settings,
    /// Remote firewalls, as configured.
    remote: BTreeMap<Target, Who>,
    pub(super) emitted: Vec<(usize, Emitted)>,
    pub(super) reports: Vec<CollectorReport>,
}

impl Looked {
    /// This machine: as configured, else as the metadata service says.
    pub(super) fn who(&self) -> Who {
        identity::who(&self.settings, &self.identity)
    }

    /// This machine, or a remote firewall.
    pub(super) fn who_is(&self, target: &Target) -> Who {
        self.remote
            .get(target)
            .cloned()
            .unwrap_or_else(|| self.who())
    }

    /// Something of this machine itself was read.
    pub(super) fn has_own(&self) -> bool {
        self.emitted
            .iter()
            .any(|(_, value)| value.key.target.is_none())
    }
}

/// Whom a collector read.
pub(super) fn target_of(collector: &CollectorReport) -> Target {
    collector.target.as_deref().map(Arc::from)
}

/// Two passes of each collector, and the metadata service asked beside them.
pub(super) async fn look(
    args: &Once,
    config: &Config,
    wanted: &[Wanted],
    selection: Selection,
) -> Result<Looked, Failure> {
    let identity = tokio::spawn(identify());
    let started = clock::now();
    let mut made = Vec::new();
    for wanted in wanted {
        made.push(Some(wanted.build().map_err(Failure::Failed)?));
    }
    let sources = wanted
        .iter()
        .map(|wanted| Source {
            collector: wanted.spec.name,
            target: wanted.target.clone(),
            period: wanted.period,
        })
        .collect();
    let mut aggregator = Aggregator::new(sources, selection);
    let first = passes(wanted, &mut made).await;
    let mut emitted = feed(&mut aggregator, &first);
    tokio::time::sleep((started.boot + args.over).saturating_sub(clock::now().boot)).await;
    let second = passes(wanted, &mut made).await;
    let again = feed(&mut aggregator, &second);
    // This machine is read twice as a whole, of a remote firewall the second pass reads again what has totals.
    let keys: HashSet<&SeriesKey> = again.iter().map(|(_, value)| &value.key).collect();
    emitted.retain(|(_, value)| value.key.target.is_some() && !keys.contains(&value.key));
    emitted.extend(again);
    let reports = wanted
        .iter()
        .zip(first.iter().zip(&second))
        .map(|(wanted, both)| fared(wanted, both))
        .collect();
    Ok(Looked {
        started,
        elapsed: clock::now().boot.saturating_sub(started.boot),
        identity: identity.await.unwrap_or_default(),
        settings: config.identity.clone(),
        remote: wanted
            .iter()
            .filter_map(|wanted| Some((wanted.target.clone(), wanted.who.clone()?)))
            .collect(),
        emitted,
        reports,
    })
}

/// What the metadata service says in half a second.
async fn identify() -> Identity {
    let mut identity = Identity::default();
    if let Some(metadata) = Metadata::from_environment() {
        // Whatever was learnt before the deadline stays in `identity`.
        let _ = tokio::time::timeout(IDENTITY_WITHIN, metadata.refresh(&mut identity)).await;
    }
    identity
}

/// One pass of one collector.
struct Passed {
    at: Duration,
    took: Duration,
    readings: Readings,
    result: Result<(), CollectError>,
}

/// One pass of each, side by side.
async fn passes(wanted: &[Wanted], made: &mut [Option<Box<dyn Collector>>]) -> Vec<Passed> {
    let running: Vec<_> = wanted
        .iter()
        .zip(made.iter_mut())
        .map(|(wanted, collector)| {
            // One that panicked or was cut off in the first pass is built anew, as in the daemon.
            let collector = collector.take().or_else(|| wanted.build().ok());
            let timeout = wanted.timeout;
            tokio::spawn(async move {
                let began = clock::now().boot;
                let (collector, readings, result) = tasks::collect(collector?, timeout).await;
                let at = clock::now().boot;
                let took = at.saturating_sub(began);
                Some((
                    collector,
                    Passed {
                        at,
                        took,
                        readings,
                        result,
                    },
                ))
            })
        })
        .collect();
    let mut passed = Vec::new();
    for (running, kept) in running.into_iter().zip(made) {
        passed.push(match running.await {
            Ok(Some((collector, done))) => {
                *kept = collector;
                done
            }
            _ => Passed {
                at: clock::now().boot,
                took: Duration::ZERO,
                readings: Readings::default(),
                result: Err(CollectError::Failed("the collector panicked".to_owned())),
            },
        });
    }
    passed
}

fn feed(aggregator: &mut Aggregator, passes: &[Passed]) -> Vec<(usize, Emitted)> {
    // All of a round are due at one moment, so that none is stale for another.
    let due = passes
        .iter()
        .map(|passed| passed.at)
        .max()
        .unwrap_or_default();
    let mut emitted = Vec::new();
    // The dataplane's CPU comes last: CapacityUtilization is then made of this round's inputs.
    for (source, passed) in passes.iter().enumerate().rev() {
        let pass = Pass {
            source,
            due,
            at: passed.at,
            readings: &passed.readings,
            end: match &passed.result {
                Ok(()) => End::Ok,
                Err(CollectError::Absent(_)) => End::Absent,
                Err(CollectError::Failed(_)) => End::Failed,
            },
        };
        emitted.extend(
            aggregator
                .pass(&pass)
                .into_iter()
                .map(|value| (source, value)),
        );
    }
    emitted
}

fn fared(wanted: &Wanted, (first, second): (&Passed, &Passed)) -> CollectorReport {
    // A failure of the first pass leaves the rates without a beginning: it is one of the whole.
    let worst = match &first.result {
        Err(CollectError::Failed(_)) if second.result.is_ok() => &first.result,
        _ => &second.result,
    };
    let (status, error) = match worst {
        Ok(()) => (Status::Ok, None),
        Err(CollectError::Absent(why)) => (Status::Absent, Some(why.clone())),
        Err(CollectError::Failed(why)) => (Status::Failed, Some(why.clone())),
    };
    let elapsed = first.took.max(second.took).as_secs_f64() * 1000.0;
    let mut notes = second.readings.notes().to_vec();
    if wanted.target.is_some() {
        let before = first.readings.notes().iter();
        let more = before.filter(|note| !notes.contains(note));
        notes.splice(0..0, more.cloned().collect::<Vec<_>>());
    }
    CollectorReport {
        name: wanted.spec.name,
        target: wanted.target.as_ref().map(ToString::to_string),
        status,
        elapsed_ms: (elapsed * 1000.0).round() / 1000.0,
        error,
        notes,
    }
}
