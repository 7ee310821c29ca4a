//! The tasks that carry: one per collector, one for sending, one for Auto Scaling, one for the metadata service. Each waits for a request,
//! does it within a deadline, and brings back an event.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::agent::core::{Event, PassDone};
use crate::clock;
use crate::collector::{CollectError, Collector};
use crate::config::Wanted;
use crate::identity::Metadata;
use crate::model::identity::Identity;
use crate::model::reading::Readings;
use crate::publish::batch::Batch;
use crate::publish::cloudwatch::CloudWatch;
use crate::publish::lifecycle::{self, Call, Lifecycle, Reply, Waiting};
use crate::publish::outcome::{Answer, Outcome};
use crate::publish::settings::CloudWatchSettings;
use crate::render::datums;

/// Between two looks at the lifecycle state; a group acts within minutes.
const IDENTITY_EVERY: Duration = Duration::from_secs(15);
/// After a failed one.
const IDENTITY_RETRY: Duration = Duration::from_secs(30);

/// Where batches go.
#[derive(Debug, Clone)]
pub(super) enum Sink {
    /// To CloudWatch.
    CloudWatch(CloudWatchSettings),
    /// To standard output.
    DryRun,
}

/// Starts a collector's task; each message is a request for one pass.
pub(super) fn collector(
    number: usize,
    wanted: Wanted,
    first: Box<dyn Collector>,
    events: Sender<Event>,
) -> Sender<()> {
    // One request at a time: the core never asks for a second pass before the first is home.
    let (requests, mut asked) = channel(1);
    tokio::spawn(async move {
        let mut kept = Some(first);
        while asked.recv().await.is_some() {
            let done = pass(number, &wanted, &mut kept).await;
            if events.send(Event::Pass(Box::new(done))).await.is_err() {
                return;
            }
        }
    });
    requests
}

/// One pass in a task of its own, so that a panic ends the pass and not the agent. The collector comes back with the
/// pass; after a panic, and where its deadline cut it off, it is built anew.
async fn pass(number: usize, wanted: &Wanted, kept: &mut Option<Box<dyn Collector>>) -> PassDone {
    let started = clock::now().boot;
    let built = kept.take().map_or_else(|| wanted.build(), Ok);
    let (readings, result) = match built {
        Err(why) => (Readings::default(), Err(CollectError::Failed(why))),
        Ok(collector) => {
            let deadline = wanted.timeout;
            match tokio::spawn(collect(collector, deadline)).await {
                Ok((collector, readings, result)) => {
                    *kept = collector;
                    (readings, result)
                }
                Err(ended) => {
                    let why = format!("the collector panicked ({ended}); it is built anew");
                    (Readings::default(), Err(CollectError::Failed(why)))
                }
            }
        }
    };
    let at = clock::now().boot;
    PassDone {
        collector: number,
        at,
        took: at.saturating_sub(started),
        readings,
        error: result.err(),
    }
}

/// A pass with its deadline; what was recorded before it is kept. A collector that was cut off does not come back: it
/// may be half-way through a conversation, and would take an old answer for a new one.
pub(crate) async fn collect(
    mut collector: Box<dyn Collector>,
    deadline: Duration,
) -> (
    Option<Box<dyn Collector>>,
    Readings,
    Result<(), CollectError>,
) {
    let mut readings = Readings::default();
    let result = tokio::time::timeout(deadline, collector.collect(&mut readings)).await;
    match result {
        Ok(result) => (Some(collector), readings, result),
        Err(_) => {
            let why = format!(
                "no answer within {} s (timeout_secs); the collector is built anew",
                deadline.as_secs()
            );
            (None, readings, Err(CollectError::Failed(why)))
        }
    }
}

/// Starts the sender.
pub(super) fn sender(sink: Sink, events: Sender<Event>) -> Sender<(u64, Arc<Batch>)> {
    let (batches, mut given): (_, Receiver<(u64, Arc<Batch>)>) = channel(1);
    tokio::spawn(async move {
        let mut client = None;
        while let Some((id, batch)) = given.recv().await {
            let answer = match &sink {
                Sink::CloudWatch(settings) => send(settings, &mut client, batch).await,
                Sink::DryRun => print(batch, &events).await,
            };
            if events.send(Event::Answer(id, answer)).await.is_err() {
                return;
            }
        }
    });
    batches
}

/// One attempt in a task of its own: a panic in the SDK costs this attempt and its client, not the sender.
async fn send(
    settings: &CloudWatchSettings,
    kept: &mut Option<CloudWatch>,
    batch: Arc<Batch>,
) -> Answer {
    let mut client = kept
        .take()
        .unwrap_or_else(|| CloudWatch::new(settings.clone()));
    let attempt = tokio::spawn(async move {
        let answer = client.send(&batch).await;
        (client, answer)
    });
    match attempt.await {
        Ok((client, answer)) => {
            *kept = Some(client);
            answer
        }
        Err(ended) => {
            let outcome = Outcome::Unreachable {
                maybe_accepted: true,
            };
            let reason = format!("the AWS SDK panicked ({ended}); its client is built anew");
            Answer::new(outcome, "Panic", reason)
        }
    }
}

/// A dry run's batch on standard output, one line. A reader that left ends the run; a slow one holds up only this.
async fn print(batch: Arc<Batch>, events: &Sender<Event>) -> Answer {
    let line = datums::line(&batch) + "\n";
    let written = tokio::task::spawn_blocking(move || {
        let mut out = std::io::stdout();
        out.write_all(line.as_bytes()).and_then(|()| out.flush())
    });
    let (outcome, reason) = match written.await {
        Ok(Ok(())) => (Outcome::Sent, String::new()),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            // The loop may be gone already; then nobody waits for this event.
            let _ = events.send(Event::Stop).await;
            (Outcome::Sent, String::new())
        }
        Ok(Err(error)) => (
            Outcome::Denied,
            format!("cannot write to standard output: {error}"),
        ),
        Err(ended) => (Outcome::Denied, format!("writing panicked: {ended}")),
    };
    let code = if reason.is_empty() { "" } else { "Output" };
    Answer::new(outcome, code, reason)
}

/// Starts the caller of Auto Scaling; without settings it calls nobody, and says what it would.
pub(super) fn lifecycle(
    settings: Option<lifecycle::Settings>,
    events: Sender<Event>,
) -> Sender<(Call, Waiting)> {
    // One call at a time: a drain waits for the answer.
    let (calls, mut given) = channel(1);
    tokio::spawn(async move {
        let mut kept = None;
        while let Some((call, waiting)) = given.recv().await {
            let reply = match &settings {
                Some(settings) => attempt(settings, &mut kept, call, waiting).await,
                None => {
                    tracing::info!("dry run: {} is not called", call.action());
                    Reply::DryRun
                }
            };
            if events.send(Event::Lifecycle(call, reply)).await.is_err() {
                return;
            }
        }
    });
    calls
}

/// One call in a task of its own, for the same reason as an attempt to send.
pub(crate) async fn attempt(
    settings: &lifecycle::Settings,
    kept: &mut Option<Lifecycle>,
    call: Call,
    waiting: Waiting,
) -> Reply {
    let caller = kept.take();
    let mut caller = caller.unwrap_or_else(|| Lifecycle::new(settings.clone()));
    let attempt = tokio::spawn(async move {
        let reply = caller.call(call, &waiting).await;
        (caller, reply)
    });
    match attempt.await {
        Ok((caller, reply)) => {
            *kept = Some(caller);
            reply
        }
        Err(ended) => Reply::Failed(format!("the call panicked ({ended})")),
    }
}

/// Starts the look-out for who we are. Each look is a task of its own, for the same reason as an attempt to send.
pub(super) fn identity(events: Sender<Event>) {
    tokio::spawn(async move {
        let mut identity = Identity::default();
        let mut service = Metadata::from_environment();
        while let Some(metadata) = service.take() {
            let mut known = identity.clone();
            let look = tokio::spawn(async move {
                let problem = metadata.refresh(&mut known).await.err();
                (metadata, known, problem)
            });
            let problem = match look.await {
                Ok((metadata, known, problem)) => {
                    identity = known;
                    service = Some(metadata);
                    problem
                }
                Err(ended) => Some(format!("the metadata client panicked ({ended})")),
            };
            let pause = if problem.is_some() {
                // Its client keeps a token that the service may have revoked; a new one asks for a new token.
                service = Metadata::from_environment();
                IDENTITY_RETRY
            } else {
                IDENTITY_EVERY
            };
            let event = Event::Identity(identity.clone(), problem);
            if events.send(event).await.is_err() {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::collector::{Context, Spec};
    use crate::config::Config;
    use crate::model::reading::{Raw, Record};
    use crate::self_metrics::COLLECTOR_UP;

    /// What each collector does in its first pass; those after read.
    const FIRST: [&str; 4] = ["hangs", "panics", "fails", "reads"];
    static BUILT: AtomicU32 = AtomicU32::new(0);

    struct Scripted {
        number: u32,
        passes: u32,
    }

    #[async_trait::async_trait]
    impl Collector for Scripted {
        async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
            let level = Raw::Level(f64::from(self.number * 10 + self.passes));
            out.push(Record::new(&COLLECTOR_UP, level));
            self.passes += 1;
            match FIRST.get(self.number as usize) {
                Some(&"hangs") => std::future::pending().await,
                Some(&"panics") => panic!("on purpose"),
                Some(&"fails") if self.passes == 1 => {
                    Err(CollectError::Failed("on purpose".to_owned()))
                }
                _ => Ok(()),
            }
        }
    }

    #[allow(clippy::unnecessary_wraps)] // the signature of every collector's builder
    fn build(_: &toml::Table, _: Context) -> Result<Box<dyn Collector>, String> {
        let number = BUILT.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Scripted { number, passes: 0 }))
    }

    static SPEC: Spec = Spec {
        name: "scripted",
        about: "A collector of this test",
        readings: &[&COLLECTOR_UP],
        fine_series: "none",
        sample_secs: Some(1),
        timeout_secs: 1,
        on_demand: false,
        keys: &[],
        remote: None,
        build,
    };

    #[tokio::test]
    async fn a_collector_that_hangs_or_panics_is_built_anew_and_reads_again() {
        let mut wanted = Config::default().collectors().remove(0);
        wanted.spec = &SPEC;
        wanted.timeout = Duration::from_millis(20);
        let (events, mut happened) = channel(1);
        let requests = collector(7, wanted.clone(), wanted.build().unwrap(), events);
        let mut seen = Vec::new();
        for _ in 0..5 {
            requests.send(()).await.unwrap();
            let Some(Event::Pass(done)) = happened.recv().await else {
                panic!("no pass came home");
            };
            assert_eq!(done.collector, 7);
            let levels = done
                .readings
                .records()
                .iter()
                .map(|record| match record.raw {
                    Raw::Level(level) => level,
                    _ => f64::NAN,
                });
            let why = done.error.map(|error| error.to_string());
            seen.push((levels.collect::<Vec<_>>(), why.unwrap_or_default()));
        }
        // What was read before the deadline is kept; a panic takes it along.
        assert_eq!(seen[0].0, [0.0]);
        assert!(
            seen[0]
                .1
                .ends_with("(timeout_secs); the collector is built anew")
        );
        assert_eq!(seen[1].0, [] as [f64; 0]);
        assert!(seen[1].1.contains("panicked"), "{}", seen[1].1);
        // One that only failed goes on with what it knows.
        assert_eq!(seen[2], (vec![20.0], "on purpose".to_owned()));
        assert_eq!(seen[3], (vec![21.0], String::new()));
        assert_eq!(seen[4], (vec![22.0], String::new()));
    }
}
