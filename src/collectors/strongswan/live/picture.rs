//! What one pass tells: each tunnel's state and totals, and the road warriors.

use std::collections::{BTreeMap, BTreeSet};

use super::super::wire::{Bytes, Connection, Mode, Standing};
use super::{Live, NAMES_MAX, Name};

/// One tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tunnel {
    /// Up or down, the worst since the last picture; `None` is unknown, or a trap that waits for traffic.
    pub state: Option<bool>,
    /// What went through it since the first listing.
    pub total: Bytes,
}

/// One daemon at the end of a pass.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Tunnels by name.
    pub tunnels: BTreeMap<String, Tunnel>,
    /// Road warriors with a tunnel; `None` where no connection serves any.
    pub road_warriors: Option<usize>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Standings of a tunnel's child SAs, folded.
#[derive(Default)]
struct Folded {
    up: bool,
    unknown: bool,
}

impl Live {
    /// Draws the picture, and begins the next one. `traps` are tunnels that come up when there is traffic for them;
    /// `expected` says whether the user expects a tunnel of this name.
    pub fn picture(
        &mut self,
        configured: &[Connection],
        traps: &BTreeSet<Name>,
        expected: impl Fn(&str) -> bool,
    ) -> Picture {
        let folded = self.folded();
        let mut picture = Picture::default();
        let mut open = BTreeSet::new();
        let mut names = BTreeSet::new();
        for connection in configured {
            let children = connection.children.iter();
            for (child, _) in children.filter(|(_, mode)| *mode == Mode::Tunnel) {
                let shown = shown(&connection.name, child);
                let name = (connection.name.clone(), child.clone());
                names.insert(name.clone());
                if connection.is_open && !expected(&shown) {
                    open.insert(name);
                    continue;
                }
                let on_demand = traps.contains(&name) && !expected(&shown);
                let state = self.state(folded.get(&name), &name, on_demand);
                let total = self.totals.get(&name).copied().unwrap_or_default();
                picture.tunnels.insert(shown, Tunnel { state, total });
            }
        }
        self.not_configured(&names, &folded, expected, &mut picture);
        picture.road_warriors = (!open.is_empty()).then(|| self.road_warriors(&open));
        self.next(&names, &mut picture);
        picture
    }

    fn folded(&self) -> BTreeMap<Name, Folded> {
        let mut folded: BTreeMap<Name, Folded> = BTreeMap::new();
        for known in self.children.values() {
            let one = folded.entry(known.name.clone()).or_default();
            one.up |= known.standing == Standing::Up;
            one.unknown |= known.standing == Standing::Unknown;
        }
        folded
    }

    fn state(&self, folded: Option<&Folded>, name: &Name, on_demand: bool) -> Option<bool> {
        match folded {
            // One that comes and goes with its traffic did not fail when it went.
            Some(Folded { up: true, .. }) => Some(on_demand || !self.dropped.contains(name)),
            Some(Folded { unknown: true, .. }) => None,
            _ if on_demand => None,
            // What a listing without waiting left out may be up.
            _ if !self.sees_all || self.no_room => None,
            _ => Some(false),
        }
    }

    /// What is up and no longer configured: a tunnel while the user expects it, else no more than a note.
    fn not_configured(
        &self,
        names: &BTreeSet<Name>,
        folded: &BTreeMap<Name, Folded>,
        expected: impl Fn(&str) -> bool,
        picture: &mut Picture,
    ) {
        let mut stray = Vec::new();
        let up = folded.iter().filter(|(_, folded)| folded.up);
        for (name, folded) in up.filter(|(name, _)| !names.contains(*name)) {
            let shown = shown(&name.0, &name.1);
            if expected(&shown) {
                let state = self.state(Some(folded), name, false);
                let total = self.totals.get(name).copied().unwrap_or_default();
                picture.tunnels.insert(shown, Tunnel { state, total });
            } else {
                stray.push(shown);
            }
        }
        if let Some(first) = stray.first() {
            let number = stray.len();
            picture.notes.push(format!("{number} tunnels are up whose connection is no longer configured, and are not counted, such as {first}"));
        }
    }

    /// IKE SAs of these children that have one that is up.
    fn road_warriors(&self, open: &BTreeSet<Name>) -> usize {
        let known = self.children.values();
        let up = known.filter(|known| known.standing == Standing::Up && open.contains(&known.name));
        up.map(|known| known.ike).collect::<BTreeSet<u64>>().len()
    }

    fn next(&mut self, names: &BTreeSet<Name>, picture: &mut Picture) {
        self.dropped.clear();
        self.before.clear();
        if self.totals.len() > NAMES_MAX {
            self.totals.retain(|name, _| names.contains(name));
        }
        if std::mem::take(&mut self.no_room) {
            let note = "more child SAs than are kept: some are not counted";
            picture.notes.push(note.to_owned());
        }
    }
}

/// `CONNECTION/CHILD`, or the one name when both are equal, as ipsec.conf makes them.
fn shown(connection: &str, child: &str) -> String {
    match connection == child {
        true => child.to_owned(),
        false => format!("{connection}/{child}"),
    }
}
