//! One OpenVPN process: what is made of its status, and what is kept of it from pass to pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use super::freshness::{Freshness, Look};
use super::totals::{Bytes, Totals};
use super::wire::management::State;
use super::wire::status::{Client, Status, Told, Traffic};
use crate::collector::remote_access::RemoteAccess;
use crate::collector::tunnels::{Direction, Tunnels};
use crate::model::reading::Readings;

/// What holds for all sources.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) tunnels: Tunnels,
    /// Common names, and stems of clients' files.
    pub(super) expect: BTreeSet<String>,
    pub(super) remote_access: RemoteAccess,
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
    /// Connections of each tunnel that were there at the last look.
    connections: BTreeMap<String, BTreeSet<String>>,
    /// How often a client's own connection was lost and found again between two looks.
    again: u64,
}

impl Source {
    pub(super) fn new(path: &Path) -> Self {
        let stem = path.file_stem().unwrap_or(path.as_os_str());
        Source {
            origin: path.to_string_lossy().into_owned(),
            name: stem.to_string_lossy().into_owned(),
            totals: Totals::default(),
            fresh: None,
            connections: BTreeMap::new(),
            again: 0,
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
        let origin = Some(self.origin.as_str());
        wanted.remote_access.source(out, origin, clients.len());
        let named = clients
            .iter()
            .filter(|client| wanted.expect.contains(&client.name));
        let mut connections: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for client in named.clone() {
            let of = connections.entry(client.name.clone()).or_default();
            of.insert(client.connection.clone());
        }
        let states = self.worst_since(connections);
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
        let since = state.filter(|_| is_connected == Some(true));
        let since = since.map(|state| BTreeSet::from([state.since.clone()]));
        let connected = since.map(|since| (self.name.clone(), since));
        let worst = self.worst_since(connected.into_iter().collect());
        // Its counters began anew.
        let was_lost = worst.get(&self.name) == Some(&Some(false));
        self.again += u64::from(was_lost);
        let is_up = is_connected.map(|is_connected| is_connected && !was_lost);
        let states = BTreeMap::from([(self.name.clone(), is_up)]);
        wanted.tunnels.source(out, Some(&self.origin), &states);
        if is_new {
            let bytes = Bytes {
                received: traffic.received_bytes,
                sent: traffic.sent_bytes,
            };
            let carried = vec![(self.again.to_string(), bytes)];
            let totals = self.totals.advance([(self.name.as_str(), carried)]);
            self.bytes(out, &wanted.tunnels, &totals);
        }
    }

    /// The worst state since the last look of each tunnel that has a connection: one whose connections are all others
    /// was down in between.
    fn worst_since(
        &mut self,
        connections: BTreeMap<String, BTreeSet<String>>,
    ) -> BTreeMap<String, Option<bool>> {
        let before = std::mem::replace(&mut self.connections, connections);
        let states = self.connections.iter().map(|(name, now)| {
            let before = before.get(name);
            (
                name.clone(),
                Some(before.is_none_or(|before| !before.is_disjoint(now))),
            )
        });
        states.collect()
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
}
