//! Watching a firewall: the collectors that know of its sessions and tunnels, again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::agent::drain::gauge::{Gauge, Gauges, Reading, reading, reads_tunnels};
use crate::agent::tasks;
use crate::aggregate::aggregator::{Aggregator, End, Pass, Source};
use crate::clock;
use crate::collector::{CollectError, Collector};
use crate::commands::{Failure, say};
use crate::config::{Config, Wanted};
use crate::model::reading::Readings;
use crate::model::selection::Selection;

/// Passes come at least this often: a drain is no matter of minutes.
const PERIOD_MOST: Duration = Duration::from_secs(10);
/// A source that is not there may come to be.
const ABSENT_RECHECK: Duration = Duration::from_secs(30);
/// Passes that wait for the loop.
const PASSES_MAX: usize = 16;

fn names() -> Vec<&'static str> {
    Gauge::ALL.iter().map(|gauge| gauge.metric().name).collect()
}

/// What is to be read for this firewall; `None` is this machine.
pub(super) fn watched(target: Option<&str>, config: &Config) -> Result<Vec<Wanted>, Failure> {
    let names = names();
    let mut config = config.clone();
    // Published or not, it is needed here.
    config
        .metrics
        .disable
        .retain(|name| !names.contains(&name.as_str()));
    if target.is_none() {
        config.collectors.auto = Some(true);
    }
    let all = config.collectors();
    let targets = all.iter().filter_map(|wanted| wanted.target.as_deref());
    if let Some(name) = target.filter(|name| !targets.clone().any(|known| known == *name)) {
        let known: Vec<&str> = targets.collect();
        let known = match known.is_empty() {
            true => "the configuration has none".to_owned(),
            false => format!("there are {}", known.join(", ")),
        };
        return Err(Failure::Usage(format!("no firewall {name:?}; {known}")));
    }
    let of_it = all
        .into_iter()
        .filter(|wanted| wanted.target.as_deref() == target);
    let useful = of_it.filter(|wanted| {
        wanted
            .spec
            .metrics()
            .any(|metric| names.contains(&metric.name))
    });
    let watched = useful.map(|wanted| {
        let period = wanted.period.min(PERIOD_MOST);
        wanted.watching(&names, period)
    });
    Ok(watched.collect())
}

/// One pass.
struct Passed {
    source: usize,
    at: Duration,
    readings: Readings,
    result: Result<(), CollectError>,
}

/// What a pass brings.
pub(super) struct Brought {
    pub(super) collector: usize,
    pub(super) failed: bool,
    /// Boot time.
    pub(super) at: Duration,
    pub(super) readings: Vec<(Gauge, Reading)>,
}

/// Passes of all collectors, as they come home.
pub(super) struct Watch {
    passes: Receiver<Passed>,
    aggregator: Aggregator,
    subjects: Vec<String>,
    /// The trouble of each that was said.
    said: BTreeMap<usize, String>,
}

impl Watch {
    /// Starts the collectors; those that may know of tunnels are to be heard.
    pub(super) fn start(
        config: &Config,
        wanted: Vec<Wanted>,
        gauges: &mut Gauges,
    ) -> Result<Self, Failure> {
        let selection = Selection {
            enable: names().into_iter().map(ToOwned::to_owned).collect(),
            tunnels_max: config.metrics.tunnels_max,
            ..Selection::default()
        };
        let all = wanted.iter().enumerate();
        let tunnels = all.filter(|(_, wanted)| reads_tunnels(wanted, &selection));
        gauges.wait_for(tunnels.map(|(number, _)| number));
        let source = |wanted: &Wanted| Source {
            collector: wanted.spec.name,
            target: wanted.target.clone(),
            period: wanted.period,
        };
        let aggregator = Aggregator::new(wanted.iter().map(source).collect(), selection);
        let subjects = wanted.iter().map(Wanted::subject).collect();
        let (done, passes) = channel(PASSES_MAX);
        for (source, wanted) in wanted.into_iter().enumerate() {
            let collector = wanted.build().map_err(Failure::Failed)?;
            tokio::spawn(again(source, wanted, collector, done.clone()));
        }
        Ok(Watch {
            passes,
            aggregator,
            subjects,
            said: BTreeMap::new(),
        })
    }

    /// What the next pass brings; never, where nothing can be read.
    pub(super) async fn next(&mut self) -> Brought {
        let Some(passed) = self.passes.recv().await else {
            return std::future::pending().await;
        };
        self.tell(&passed);
        let pass = Pass {
            source: passed.source,
            due: passed.at,
            at: passed.at,
            readings: &passed.readings,
            end: match &passed.result {
                Ok(()) => End::Ok,
                Err(CollectError::Absent(_)) => End::Absent,
                Err(CollectError::Failed(_)) => End::Failed,
            },
        };
        let emitted = self.aggregator.pass(&pass);
        let readings = emitted.iter().filter_map(|value| reading(value, passed.at));
        Brought {
            collector: passed.source,
            failed: pass.end == End::Failed,
            at: passed.at,
            readings: readings.collect(),
        }
    }

    /// A failure is said once, and its end.
    fn tell(&mut self, passed: &Passed) {
        let subject = &self.subjects[passed.source];
        let Err(CollectError::Failed(why)) = &passed.result else {
            if self.said.remove(&passed.source).is_some() && passed.result.is_ok() {
                say(&format!("collector {subject} reads again"));
            }
            return;
        };
        // Its numbers change by themselves.
        let state: String = why.chars().filter(|c| !c.is_ascii_hexdigit()).collect();
        if self.said.get(&passed.source) != Some(&state) {
            say(&format!("collector {subject} failed: {why}"));
            self.said.insert(passed.source, state);
        }
    }
}

/// Passes of one collector, until nobody takes them. One that was cut off or panicked is built anew.
async fn again(source: usize, wanted: Wanted, first: Box<dyn Collector>, done: Sender<Passed>) {
    let mut kept = Some(first);
    loop {
        let failed = |why: String| (Readings::default(), Err(CollectError::Failed(why)));
        let (readings, result) = match kept.take().map_or_else(|| wanted.build(), Ok) {
            Err(why) => failed(why),
            Ok(collector) => match tokio::spawn(tasks::collect(collector, wanted.timeout)).await {
                Ok((collector, readings, result)) => {
                    kept = collector;
                    (readings, result)
                }
                Err(ended) => failed(format!("the collector panicked ({ended})")),
            },
        };
        let pause = match &result {
            Err(CollectError::Absent(_)) => ABSENT_RECHECK,
            _ => wanted.period,
        };
        let at = clock::now().boot;
        let passed = Passed {
            source,
            at,
            readings,
            result,
        };
        if done.send(passed).await.is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}
