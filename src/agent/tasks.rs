//! The tasks that carry: one per collector, one for sending, one for the metadata service. Each waits for a request,
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
/// pass; after a panic it is built anew.
async fn pass(number: usize, wanted: &Wanted, kept: &mut Option<Box<dyn Collector>>) -> PassDone {
    let started = clock::now().boot;
    let built = kept.take().map_or_else(|| wanted.build(), Ok);
    let (readings, result) = match built {
        Err(why) => (Readings::default(), Err(CollectError::Failed(why))),
        Ok(collector) => {
            let deadline = wanted.timeout;
            match tokio::spawn(collect(collector, deadline)).await {
                Ok((collector, readings, result)) => {
                    *kept = Some(collector);
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

/// A pass with its deadline; what was recorded before it is kept.
pub(crate) async fn collect(
    mut collector: Box<dyn Collector>,
    deadline: Duration,
) -> (Box<dyn Collector>, Readings, Result<(), CollectError>) {
    let mut readings = Readings::default();
    let result = tokio::time::timeout(deadline, collector.collect(&mut readings)).await;
    let result = result.unwrap_or_else(|_| {
        Err(CollectError::Failed(format!(
            "no answer within {} s (timeout_secs)",
            deadline.as_secs()
        )))
    });
    (collector, readings, result)
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
