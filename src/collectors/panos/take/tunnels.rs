//! Tunnels: what is configured or expected, and what of it is up.

use std::collections::{BTreeMap, BTreeSet};

use super::{Known, Taker, count};
use crate::collector::tunnels::parts;
use crate::collectors::panos::metrics as of;
use crate::collectors::panos::wire::{self, Element, Tunnel, TunnelState};
use crate::model::dimension::OwnDimension;
use crate::model::reading::{Raw, Record};

/// Names that a note lists.
const NAMES_SHOWN: usize = 5;

impl Taker<'_> {
    pub(super) fn tunnels(&mut self, result: &Element) -> Result<(), String> {
        let read = wire::tunnels(result, &mut self.odd)?;
        let listed = one_by_name(read.list);
        let expected: BTreeSet<String> = self.settings.expect_tunnels.iter().cloned().collect();
        self.memory.had_tunnels |= !listed.is_empty() || !expected.is_empty();
        if !self.memory.had_tunnels {
            return Ok(());
        }
        let own = self.with_series(&listed, &expected);
        let (mut up, mut down) = (0, 0);
        let is_listed = |name: &String| listed.keys().any(|known| is_of(known, name));
        for name in expected.iter().filter(|name| !is_listed(name)) {
            down += 1;
            let record = self.state(&of::TUNNEL, false);
            self.out.push(tunnel(record, name).expected(true));
        }
        for (name, tunnel_) in &listed {
            match tunnel_.state {
                Some(TunnelState::Active) => up += 1,
                Some(TunnelState::Init | TunnelState::Inactive) => down += 1,
                None => {}
            }
            if own.contains(name) {
                self.one(name, tunnel_, is_expected(name, &expected));
            }
        }
        for (reading, number) in [
            (&of::CONFIGURED, up + down),
            (&of::UP, up),
            (&of::DOWN, down),
        ] {
            self.level(reading, Some(count(number)));
        }
        self.memory.tunnels = listed
            .into_iter()
            .map(|(name, tunnel)| Known {
                expected: is_expected(&name, &expected),
                has_series: own.contains(&name),
                id: tunnel.id,
                interface: tunnel.interface,
                name,
            })
            .collect();
        Ok(())
    }

    /// Which tunnels get series of their own: expected ones, and others by name while there is room.
    fn with_series(
        &mut self,
        listed: &BTreeMap<String, Tunnel>,
        expected: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let asked = |name: &&String| is_expected(name, expected);
        let (asked, others): (Vec<_>, Vec<_>) = listed.keys().partition(asked);
        let room = self.tunnels_max.saturating_sub(asked.len());
        let others = others.into_iter();
        let (own, over): (Vec<_>, Vec<_>) = others.enumerate().partition(|(at, _)| *at < room);
        if !over.is_empty() {
            let names = over.iter().take(NAMES_SHOWN).map(|(_, name)| name.as_str());
            let names: Vec<&str> = names.collect();
            let more = if over.len() > NAMES_SHOWN {
                ", …"
            } else {
                ""
            };
            self.out.note(format!(
                "{} tunnels over [metrics] tunnels_max = {} have no series of their own, and count in TunnelsUp and TunnelsDown only: {}{more}",
                over.len(),
                self.tunnels_max,
                names.join(", ")
            ));
        }
        let own = own.into_iter().map(|(_, name)| name.clone());
        own.chain(asked.into_iter().cloned()).collect()
    }

    fn one(&mut self, name: &str, read: &Tunnel, expected: bool) {
        if let Some(state) = &read.state {
            let record = self.state(&of::TUNNEL, matches!(state, TunnelState::Active));
            self.out.push(tunnel(record, name).expected(expected));
        }
        if let Some(is_up) = read.monitor {
            let record = self.state(&of::MONITOR, is_up);
            self.out.push(tunnel(record, name).expected(expected));
        }
    }

    /// The counters of one tunnel, whose number was asked for.
    pub(super) fn tunnel_errors(&mut self, result: &Element) -> Result<(), String> {
        for errors in wire::tunnel_errors(result, &mut self.odd) {
            let known = self.memory.tunnels.iter();
            let mut known = known.filter(|known| known.has_series);
            let Some(known) = known.find(|known| Some(&known.name) == errors.name.as_ref()) else {
                continue;
            };
            let expected = known.expected;
            if let (Some(name), Some(total)) = (&errors.name, errors.total()) {
                let record = self.record(&of::ERRORS, Raw::Total(total));
                self.out.push(tunnel(record, name).expected(expected));
            }
        }
        Ok(())
    }

    /// Bytes of tunnel interfaces, told by the tunnel that has one for itself.
    pub(super) fn tunnel_bytes(&mut self, logical: &[wire::Logical]) {
        let by_interface: BTreeMap<&str, &wire::Logical> = logical
            .iter()
            .map(|logical| (logical.name.as_str(), logical))
            .collect();
        for (interface, name, expected) in self.one_to_one() {
            let Some(bytes) = by_interface.get(interface.as_str()) else {
                continue;
            };
            for (reading, direction, total) in [
                (&of::BYTES_IN, "in", bytes.received_bytes),
                (&of::BYTES_OUT, "out", bytes.sent_bytes),
            ] {
                let Some(total) = total else {
                    continue;
                };
                let record = self.record(reading, Raw::Total(total));
                self.out.push(tunnel(record, &name).expected(expected));
                let record = self.record(
                    &of::TUNNEL_SHARE,
                    Raw::Total(parts(total, self.settings.tunnel_ceiling())),
                );
                let record = record
                    .own(OwnDimension::Tunnel, name.clone())
                    .member(format!("{name} {direction}"));
                self.out.push(record.expected(expected));
            }
        }
    }

    /// Interface, tunnel and whether it is expected. Where several tunnels (proxy ids) share an interface, its bytes are
    /// none's, unless all are parts of one: `name:proxy-id`.
    fn one_to_one(&self) -> Vec<(String, String, bool)> {
        let mut by_interface: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
        let mut with_series: BTreeSet<&str> = BTreeSet::new();
        for known in &self.memory.tunnels {
            let Some(interface) = known.interface.as_deref() else {
                continue;
            };
            let name = known.name.split(':').next().unwrap_or(&known.name);
            let names = by_interface.entry(interface).or_default();
            *names.entry(name).or_default() |= known.expected;
            with_series.extend(known.has_series.then_some(interface));
        }
        let single = by_interface
            .into_iter()
            .filter(|(interface, names)| names.len() == 1 && with_series.contains(interface));
        single
            .flat_map(|(interface, names)| names.into_iter().map(move |(n, e)| (interface, n, e)))
            .map(|(interface, name, expected)| (interface.to_owned(), name.to_owned(), expected))
            .collect()
    }
}

/// A tunnel is listed once a name; of two the one that is worse off counts.
fn one_by_name(list: Vec<Tunnel>) -> BTreeMap<String, Tunnel> {
    let mut listed: BTreeMap<String, Tunnel> = BTreeMap::new();
    for tunnel in list {
        let is_up = |tunnel: &Tunnel| matches!(tunnel.state, Some(TunnelState::Active));
        match listed.get(&tunnel.name) {
            Some(known) if !is_up(known) || is_up(&tunnel) => {}
            _ => drop(listed.insert(tunnel.name.clone(), tunnel)),
        }
    }
    listed
}

/// A tunnel with proxy ids is listed once for each: `name:proxy-id`.
fn is_of(listed: &str, name: &str) -> bool {
    let rest = listed.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

fn is_expected(listed: &str, expected: &BTreeSet<String>) -> bool {
    let name = listed.split(':').next().unwrap_or(listed);
    expected.contains(listed) || expected.contains(name)
}

fn tunnel(record: Record, name: &str) -> Record {
    record.member(name).own(OwnDimension::Tunnel, name)
}
