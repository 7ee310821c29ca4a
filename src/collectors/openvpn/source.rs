//! One OpenVPN process: what is made of its status, and what is kept of it from pass to pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::freshness::{Freshness, Look};
use super::metrics;
use super::totals::{Bytes, Totals};
use super::wire::management::State;
use super::wire::status::{Client, Status, Told, Traffic};
use crate::collector::tunnels::{Direction, Tunnels};
use crate::model::reading::{Raw, Readings, Record};

/// What holds for all sources.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) tunnels: Tunnels,
    /// Common names, and stems of clients' files.
    pub(super) expect: BTreeSet<String>,
    pub(super) remote_access_max: Option<u32>,
}

/// A management socket or a status file.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path.
    origin: String,
    /// The tunnel of a client: the path's last part without its ending.
    name: String,
    totals: Totals,
    fresh: Option<Freshness>,
    /// When the client's connection began, while it lasts.
    connected: Option<String>,
    connections: u64,
}

impl Source {
    pub(super) fn new(path: &Path) -> Self {
        let stem = path.file_stem().unwrap_or(path.as_os_str());
        Source {
            origin: path.to_string_lossy().into_owned(),
            name: stem.to_string_lossy().into_owned(),
            totals: Totals::default(),
            fresh: None,
            connected: None,
            connections: 0,
        }
    }

    /// Looks at a status file's stamp at `now` (boot time); `age` is how old it is by the wall clock.
    pub(super) fn look(&mut self, stamp: &str, age: Duration, now: Duration) -> Look {
        if let Some(fresh) = &mut self.fresh {
            return fresh.look(stamp, now);
        }
        let (fresh, look) = Freshness::new(stamp, age, now);
        self.fresh = Some(fresh);
        look
    }

    /// Records a status. Its counters go out only where it `is_new`: those of a file stand still between two writings,
    /// and a rate over a part of that time would be none.
    pub(super) fn record(
        &mut self,
        out: &mut Readings,
        wanted: &mut Wanted,
        status: Status,
        state: Option<&State>,
        is_new: bool,
    ) {
        match status.told {
            Told::Clients(clients) => self.server(out, wanted, clients, is_new),
            Told::Traffic(traffic) => self.client(out, wanted, traffic, state, is_new),
        }
    }

    fn server(
        &mut self,
        out: &mut Readings,
        wanted: &mut Wanted,
        clients: Vec<Client>,
        is_new: bool,
    ) {
        let clients = clients.into_iter().filter(|client| !client.is_half_open);
        let clients: BTreeSet<Client> = clients.collect();
        #[allow(clippy::cast_precision_loss)] // thousands at the most
        let number = clients.len() as f64;
        self.level(out, &metrics::CLIENTS, number);
        if let Some(max) = wanted.remote_access_max {
            self.level(
                out,
                &metrics::CLIENTS_SHARE,
                number * 100.0 / f64::from(max),
            );
        }
        let named = clients
            .iter()
            .filter(|client| wanted.expect.contains(&client.name));
        let states = named
            .clone()
            .map(|client| (client.name.clone(), Some(true)))
            .collect();
        wanted.tunnels.source(out, Some(&self.origin), &states);
        if !is_new {
            return;
        }
        // Also those that are not there: the next connection then counts from its beginning.
        let mut carried: BTreeMap<&str, Vec<(String, Bytes)>> = BTreeMap::new();
        for name in &wanted.expect {
            carried.insert(name, Vec::new());
        }
        for client in named {
            let bytes = Bytes {
                received: client.received_bytes,
                sent: client.sent_bytes,
            };
            let connection = (client.connection.clone(), bytes);
            carried.entry(&client.name).or_default().push(connection);
        }
        let totals = self.totals.advance(carried);
        self.bytes(out, &wanted.tunnels, &totals);
    }

    /// From the counters alone one cannot tell whether it is connected.
    fn client(
        &mut self,
        out: &mut Readings,
        wanted: &mut Wanted,
        traffic: Traffic,
        state: Option<&State>,
        is_new: bool,
    ) {
        let is_connected = state.and_then(|state| state.is_connected);
        if let Some(state) = state.filter(|state| state.is_connected.is_none()) {
            let (origin, word) = (&self.origin, &state.word);
            out.note(format!(
                "{origin}: no TunnelState of a client that is {word:?}, a word not known"
            ));
        }
        let states = BTreeMap::from([(self.name.clone(), is_connected)]);
        wanted.tunnels.source(out, Some(&self.origin), &states);
        let since = state
            .filter(|_| is_connected == Some(true))
            .map(|state| state.since.clone());
        // Between two passes it was lost and found again: its counters began anew.
        let is_another = since.is_some() && self.connected.is_some() && since != self.connected;
        self.connections += u64::from(is_another);
        self.connected = since;
        if is_new {
            let bytes = Bytes {
                received: traffic.received_bytes,
                sent: traffic.sent_bytes,
            };
            let carried = vec![(self.connections.to_string(), bytes)];
            let totals = self.totals.advance([(self.name.as_str(), carried)]);
            self.bytes(out, &wanted.tunnels, &totals);
        }
    }

    fn bytes(&self, out: &mut Readings, tunnels: &Tunnels, totals: &[(&str, Bytes)]) {
        for (name, bytes) in totals {
            for (direction, total) in [
                (Direction::In, bytes.received),
                (Direction::Out, bytes.sent),
            ] {
                tunnels.bytes(out, Some(&self.origin), name, "", direction, total);
            }
        }
    }

    fn level(
        &self,
        out: &mut Readings,
        reading: &'static crate::model::reading::Reading,
        level: f64,
    ) {
        out.push(Record::new(reading, Raw::Level(level)).origin(self.origin.as_str()));
    }
}
