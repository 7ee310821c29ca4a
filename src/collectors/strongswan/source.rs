//! One daemon: its socket, the connection to it, and what is known of its SAs.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::live::{Live, Picture};
use super::session::{Found, Session};
use crate::collector::tunnels::{Direction, Tunnels};
use crate::host::unix::{Refusal, within};
use crate::model::reading::Readings;

/// What is said of a right that is missing.
const DROPIN: &str = "strongswan.conf";
const WHAT: &str = "strongSwan's charon";

/// A daemon's socket.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    /// As the configuration names it, where there are several.
    origin: Option<String>,
    session: Option<Session>,
    live: Live,
    was_read: bool,
    /// Tunnels whose totals have been told.
    told: BTreeSet<String>,
}

/// Why a daemon was not read.
pub(super) enum Unread {
    /// It is not here.
    Absent(String),
    /// It should have been read.
    Failed(String),
}

/// A daemon that was read.
pub(super) struct Read {
    pub(super) picture: Picture,
    pub(super) half_open: Option<u64>,
    pub(super) notes: Vec<String>,
}

impl Source {
    pub(super) fn new(path: PathBuf, origin: Option<String>) -> Self {
        Source {
            path,
            origin,
            session: None,
            live: Live::default(),
            was_read: false,
            told: BTreeSet::new(),
        }
    }

    pub(super) fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Reads it within `deadline`. One that is `wanted` is not allowed to be absent.
    pub(super) async fn read(
        &mut self,
        deadline: Duration,
        wanted: bool,
        tunnels: &Tunnels,
    ) -> Result<Read, Unread> {
        let found = match within(deadline, self.exchange()).await {
            Ok(found) => found,
            Err(refusal) => {
                self.leave();
                let told = refusal.told(WHAT, &self.path, DROPIN);
                return Err(match refusal {
                    Refusal::Absent if !wanted && !self.was_read => Unread::Absent(told),
                    _ => Unread::Failed(told),
                });
            }
        };
        self.was_read = true;
        let expected = |name: &str| tunnels.is_expected(name);
        let traps = found.trapped();
        let mut picture = self.live.picture(&found.configured, &traps, expected);
        let mut notes = found.notes;
        notes.append(&mut picture.notes);
        Ok(Read {
            picture,
            half_open: found.half_open,
            notes,
        })
    }

    /// A daemon that was started anew closed the kept connection: then over a new one, once.
    async fn exchange(&mut self) -> Result<Found, Refusal> {
        if let Some(session) = &mut self.session {
            match session.pass(&mut self.live).await {
                Err(Refusal::Broken(_)) => self.leave(),
                done => return done,
            }
        }
        let session = Session::open(&self.path, &mut self.live).await?;
        self.session.insert(session).pass(&mut self.live).await
    }

    fn leave(&mut self) {
        self.session = None;
        self.live.lost();
    }

    /// Records the totals of its tunnels.
    pub(super) fn bytes(&mut self, out: &mut Readings, picture: &Picture, tunnels: &Tunnels) {
        for (name, tunnel) in &picture.tunnels {
            let total = [
                (Direction::In, tunnel.total.received),
                (Direction::Out, tunnel.total.sent),
            ];
            for (direction, total) in total {
                let mut push = |total| {
                    tunnels.bytes(out, self.origin.as_deref(), name, name, direction, total);
                };
                // A counter's first reading seeds, and nothing of what is new here was there before.
                if total > 0 && !self.told.contains(name) {
                    push(0);
                }
                push(total);
            }
            if !self.told.contains(name) {
                self.told.insert(name.clone());
            }
        }
    }
}
