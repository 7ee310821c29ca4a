//! What happens, and what is to be done.

use std::sync::Arc;
use std::time::Duration;

use super::kept::{Keep, Stored};
use super::notices::Line;
use super::plan::Setup;
use super::queue::op::{Done, Op};
use super::schedule::Due;
use crate::collector::CollectError;
use crate::model::identity::Identity;
use crate::model::reading::Readings;
use crate::publish::batch::Batch;
use crate::publish::lifecycle::{Call, Reply, Waiting};
use crate::publish::outcome::Answer;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// Time passed.
    Timer,
    /// A pass came home.
    Pass(Box<PassDone>),
    /// A batch was answered.
    Answer(u64, Answer),
    /// The metadata service was asked.
    Identity(Identity, Option<String>),
    /// Something was written to the state directory, or why not.
    Stored(Stored),
    /// An operation on the spool ended.
    Disk(Done),
    /// Auto Scaling was called, for the drain.
    Lifecycle(Call, Reply),
    /// Another configuration, checked; all that is new in it is built.
    Reload(Box<Setup>),
    /// A configuration was refused, and this one stays.
    NotReloaded,
    /// SIGTERM.
    Stop,
}

/// A finished pass.
#[derive(Debug)]
pub struct PassDone {
    /// The collector's number.
    pub collector: usize,
    /// When it was read, boot time.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// What it recorded.
    pub readings: Readings,
    /// How it ended.
    pub error: Option<CollectError>,
}

/// What to do.
#[derive(Debug)]
pub enum Action {
    /// Start a pass of this collector.
    Collect(usize),
    /// This collector is gone: nobody waits for its pass any more.
    Retire(usize),
    /// Send this batch.
    Send(u64, Arc<Batch>),
    /// Call Auto Scaling, for the drain.
    Lifecycle(Call, Waiting),
    /// Keep this over a restart.
    Keep(Keep),
    /// Do this in the spool; the next comes when its end was told, but for the last, which comes with the exit.
    Disk(Op),
    /// Write a log line.
    Log(Line),
    /// All is done.
    Exit,
}

/// The passes among what is due.
pub(super) fn collects(due: Vec<Due>) -> Vec<Action> {
    due.into_iter()
        .filter_map(|due| match due {
            Due::Pass(collector, _) => Some(Action::Collect(collector)),
            Due::Missed(..) | Due::Close(_) => None,
        })
        .collect()
}
