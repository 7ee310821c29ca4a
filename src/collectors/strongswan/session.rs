//! A connection to one daemon, kept, and what is asked over it in a pass.
//!
//! Events come in between answers, and all that came since the last pass come before the first answer of this one.

use std::collections::BTreeSet;
use std::io::{Error, ErrorKind};
use std::path::Path;

use super::live::{Live, Name};
use super::wire::{self, Connection, Event, Frames, Packet};
use crate::host::unix::{Refusal, Stream};

/// Events that come by themselves.
const TOLD: [&str; 4] = ["ike-updown", "ike-rekey", "child-updown", "child-rekey"];
/// Events that commands stream to the one who asked.
const STREAMED: [&str; 3] = ["list-conn", "list-sa", "list-policy"];
/// All that one pass may bring: an IKE SA with a child SA takes 750 bytes, so twice the most that are kept.
const PASS_BYTES_MAX: usize = 64 << 20;
/// What is read at once: as much as a chunk of [`Stream::until`] and the packet that it completes.
const READ_BYTES_MAX: usize = wire::PACKET_BYTES_MAX;
/// Until the first complete listing, so many are asked for in a pass: what one leaves out, the next has as a rule.
const LISTINGS_MAX: usize = 3;
/// Connections that are asked for once more by name, where a listing left them out.
const ASKED_AGAIN_MAX: usize = 16;

/// A connection on which the events are registered.
#[derive(Debug)]
pub(super) struct Session {
    stream: Stream,
    frames: Frames,
    /// Events that this release does not have.
    unknown: Vec<&'static str>,
    /// Bytes read in the pass at hand.
    read: usize,
}

/// What a pass found beside the SAs.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) configured: Vec<Connection>,
    /// Children whose policy waits for traffic; the connection where the release tells it.
    pub(super) traps: BTreeSet<(Option<String>, String)>,
    pub(super) half_open: Option<u64>,
    pub(super) notes: Vec<String>,
}

impl Found {
    /// The traps among the configured children.
    pub(super) fn trapped(&self) -> BTreeSet<Name> {
        let connections = self.configured.iter();
        let names = connections.flat_map(|connection| {
            let children = connection.children.iter();
            children.map(|(child, _)| (connection.name.clone(), child.clone()))
        });
        names
            .filter(|(connection, child)| {
                let named = (Some(connection.clone()), child.clone());
                self.traps.contains(&named) || self.traps.contains(&(None, child.clone()))
            })
            .collect()
    }
}

impl Session {
    /// Connects and registers the events.
    pub(super) async fn open(path: &Path, live: &mut Live) -> Result<Self, Refusal> {
        let mut session = Session {
            stream: Stream::connect(path).await?,
            frames: Frames::default(),
            unknown: Vec::new(),
            read: 0,
        };
        for event in STREAMED.into_iter().chain(TOLD) {
            session.stream.send(&wire::register(event)).await?;
            // An event registered before may come in between.
            while !session.registered(event, live).await? {}
        }
        Ok(session)
    }

    /// Asks for everything once.
    pub(super) async fn pass(&mut self, live: &mut Live) -> Result<Found, Refusal> {
        let mut found = Found::default();
        self.read = 0;
        if !self.unknown.is_empty() {
            let unknown = self.unknown.join(", ");
            found.notes.push(format!("this release of strongSwan has no events {unknown}: a drop between two passes, and the last bytes of a rekeyed SA, are not seen"));
        }
        self.ask("list-conns", &[], live, &mut found).await?;
        let (mut total, mut before) = (None, self.statistics(live, &mut found).await?);
        for _ in 0..LISTINGS_MAX {
            live.begin();
            let all = [("noblock", "yes")];
            self.ask("list-sas", &all, live, &mut found).await?;
            // Some may end while they are listed: those listed have to be as many as there were before or after.
            let after = self.statistics(live, &mut found).await?;
            total = before.max(after);
            before = after;
            if live.is_seeded() || live.is_complete(total) {
                break;
            }
        }
        for connection in live.left_out().iter().take(ASKED_AGAIN_MAX) {
            let one = [("noblock", "yes"), ("ike", connection.as_str())];
            self.ask("list-sas", &one, live, &mut found).await?;
        }
        live.end(total);
        let traps = [("trap", "yes")];
        self.ask("list-policies", &traps, live, &mut found).await?;
        Ok(found)
    }

    /// How many IKE SAs there are, where the daemon tells.
    async fn statistics(
        &mut self,
        live: &mut Live,
        found: &mut Found,
    ) -> Result<Option<u64>, Refusal> {
        let answer = self.ask("stats", &[], live, found).await?;
        let (total, half_open) = wire::statistics(&answer).map_err(wrong)?;
        found.half_open = half_open;
        Ok(total)
    }

    /// Sends a command and takes in what comes up to its answer, which is returned.
    async fn ask(
        &mut self,
        command: &str,
        arguments: &[(&str, &str)],
        live: &mut Live,
        found: &mut Found,
    ) -> Result<Vec<u8>, Refusal> {
        self.stream.send(&wire::command(command, arguments)).await?;
        loop {
            let bytes = self.packet().await?;
            match wire::packet(&bytes).map_err(wrong)? {
                Packet::Event(name, message) => match wire::event(name, message).map_err(wrong)? {
                    Event::Configured(connection) => found.configured.push(connection),
                    Event::Trap(connection, child) => {
                        found.traps.insert((connection, child));
                    }
                    event => live.hear(&event),
                },
                Packet::Answer(message) => return Ok(message.to_vec()),
                Packet::CommandUnknown => return Err(wrong(format!("no command {command}"))),
                Packet::Registered | Packet::EventUnknown => {
                    return Err(wrong(format!("another answer than one to {command}")));
                }
            }
        }
    }

    /// Takes in a packet that may be the answer to a registration; `true` when it was.
    async fn registered(&mut self, event: &'static str, live: &mut Live) -> Result<bool, Refusal> {
        let bytes = self.packet().await?;
        match wire::packet(&bytes).map_err(wrong)? {
            Packet::Registered => Ok(true),
            Packet::EventUnknown if TOLD.contains(&event) => {
                self.unknown.push(event);
                Ok(true)
            }
            Packet::Event(name, message) => {
                live.hear(&wire::event(name, message).map_err(wrong)?);
                Ok(false)
            }
            _ => Err(wrong(format!("it does not register {event}"))),
        }
    }

    async fn packet(&mut self) -> Result<Vec<u8>, Refusal> {
        loop {
            if let Some(packet) = self.frames.take().map_err(wrong)? {
                return Ok(packet.to_vec());
            }
            let some = |bytes: &[u8]| !bytes.is_empty();
            let bytes = self.stream.until(READ_BYTES_MAX, some).await?;
            self.read += bytes.len();
            if self.read > PASS_BYTES_MAX {
                return Err(wrong(format!("more than {PASS_BYTES_MAX} bytes")));
            }
            self.frames.push(&bytes);
        }
    }
}

fn wrong(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Refusal {
    Refusal::Broken(Error::new(ErrorKind::InvalidData, why))
}
