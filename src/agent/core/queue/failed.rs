//! What is under way on disk, and what of it failed: each kind of operation by itself.

use std::time::Duration;

use crate::publish::spool::FileName;

/// What is remembered of an operation until it ends.
#[derive(Debug)]
pub(super) enum UnderWay {
    List,
    Write(FileName, u64),
    Load(FileName),
    Remove(Vec<FileName>),
    /// One of the journals'.
    Journal,
}

/// What kind of operation it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    List,
    Write,
    Load,
    Remove,
    Journal,
}

impl UnderWay {
    pub(super) fn kind(&self) -> Kind {
        match self {
            UnderWay::List => Kind::List,
            UnderWay::Write(..) => Kind::Write,
            UnderWay::Load(_) => Kind::Load,
            UnderWay::Remove(_) => Kind::Remove,
            UnderWay::Journal => Kind::Journal,
        }
    }
}

/// Until when each kind of operation is left alone, boot time: it failed. The others go on: a disk that takes no batch
/// still gives those that it has, and so there is room again.
#[derive(Debug, Default)]
pub(super) struct Failed {
    pub(super) list: Option<Duration>,
    pub(super) write: Option<Duration>,
    pub(super) load: Option<Duration>,
    pub(super) remove: Option<Duration>,
    pub(super) journal: Option<Duration>,
}

impl Failed {
    pub(super) fn of(&mut self, kind: Kind) -> &mut Option<Duration> {
        match kind {
            Kind::List => &mut self.list,
            Kind::Write => &mut self.write,
            Kind::Load => &mut self.load,
            Kind::Remove => &mut self.remove,
            Kind::Journal => &mut self.journal,
        }
    }
}

/// The time for which it is left alone is over.
pub(super) fn is_over(until: Option<Duration>, now: Duration) -> bool {
    until.is_none_or(|until| until <= now)
}
