//! What is known of one daemon's child SAs between its answers: which of them carry traffic, and how much they have.
//!
//! Everything the daemon says is taken in the order in which it says it, listings and events alike: each is right at
//! its moment. Three things are made of it that no single listing shows.
//!
//! - **A drop between two passes**: a tunnel whose last child SA went down by an event, and that is up again, is down
//!   once. A rekey is none, nor is the end of one of two SAs.
//! - **Totals**: the counters are those of a child SA, and begin at 0 with each rekey. What each adds is put on its
//!   tunnel's total, and its last counters come with the event that ends it. A child SA is known by number and SPI, so
//!   one of a daemon that was started anew is another. What was there at the first listing counts from there on.
//! - **Busy IKE SAs**: a listing without waiting (`noblock`) leaves out those that a thread of the daemon holds
//!   (ike_sa_manager.c, `enumerator_filter_skip`). What is left out, and was not told to be down, is as it was.

mod picture;

use std::collections::{BTreeMap, BTreeSet};

use super::wire::{Bytes, Child, Event, Ike, Standing};

pub use picture::{Picture, Tunnel};

/// Child SAs kept: more than any gateway has. Others are left out, and said.
const CHILDREN_MAX: usize = 50_000;
/// Names whose totals are kept; when there are more, those not configured go.
const NAMES_MAX: usize = 50_000;
/// An IKE SA that was left out of so many listings in a row says nothing of its tunnels any more.
const BUSY_MAX: u32 = 24;

/// After so many it is forgotten: an hour of passes.
const FORGOTTEN_AFTER: u32 = 720;

/// A configured child: connection and child.
pub type Name = (String, String);

#[derive(Debug)]
struct Known {
    name: Name,
    ike: u64,
    spi: Option<u32>,
    standing: Standing,
    /// The counters as they were last put on the total; none when they have not been seen yet.
    counted: Option<Bytes>,
    /// The listing at hand, or an event since it began, told of it.
    seen: bool,
    /// Listings in a row that left it out.
    busy: u32,
}

/// How a child SA was told of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// It was in a listing: it may be old.
    Listed,
    /// An event said that it was just made.
    New,
    /// An event said that it ended.
    Ended,
}

/// All of one daemon.
#[derive(Debug, Default)]
pub struct Live {
    children: BTreeMap<u64, Known>,
    totals: BTreeMap<Name, Bytes>,
    /// Tunnels that went down since the last picture.
    dropped: BTreeSet<Name>,
    /// IKE SAs in the listing at hand.
    listed: BTreeSet<u64>,
    /// A listing was complete once: what appears from then on was made since.
    seeded: bool,
    /// The highest number of a child SA of this daemon.
    highest: u64,
    /// Tunnels that were up when the connection was lost, until the next picture.
    before: BTreeSet<Name>,
    /// Child SAs that found no room.
    no_room: bool,
    /// A listing was complete since the connection was made: a tunnel of which nothing is known has no child SA.
    sees_all: bool,
}

impl Live {
    /// Begins a listing.
    pub fn begin(&mut self) {
        self.listed.clear();
        for known in self.children.values_mut() {
            known.seen = false;
        }
    }

    /// Takes in what the daemon told.
    pub fn hear(&mut self, event: &Event) {
        match event {
            Event::Listed(ike) => self.listed(ike),
            Event::Child { up, ike } => {
                let told = if *up { Told::New } else { Told::Ended };
                ike.children
                    .iter()
                    .for_each(|child| self.take(ike, child, told));
            }
            Event::ChildRekeyed { ike, old, new } => {
                self.take(ike, new, Told::New);
                self.take(ike, old, Told::Ended);
            }
            Event::IkeRekeyed { old, new } => {
                let moved = self.children.values_mut();
                moved
                    .filter(|known| known.ike == *old)
                    .for_each(|known| known.ike = *new);
            }
            // The daemon tells of each child SA after, with its counters, but not of those just rekeyed.
            Event::Ike { up: false, ike } => self.ike_down(ike.id),
            Event::Ike { .. } | Event::Configured(_) | Event::Trap(..) | Event::Other => {}
        }
    }

    /// The listing at hand holds all of these IKE SAs, the daemon's own count. One that does not count is believed.
    #[must_use]
    pub fn is_complete(&self, total: Option<u64>) -> bool {
        total.is_none_or(|total| self.listed.len() as u64 >= total)
    }

    /// A listing was complete once.
    #[must_use]
    pub fn is_seeded(&self) -> bool {
        self.seeded
    }

    /// Connections with a child SA that may be up, and whose IKE SA the listing left out.
    #[must_use]
    pub fn left_out(&self) -> BTreeSet<String> {
        let known = self.children.values();
        known
            .filter(|known| known.standing != Standing::Not)
            .filter(|known| !known.seen && !self.listed.contains(&known.ike))
            .map(|known| known.name.0.clone())
            .collect()
    }

    /// Ends a listing: what it proves to be gone is forgotten.
    pub fn end(&mut self, total: Option<u64>) {
        let complete = self.is_complete(total);
        self.seeded |= complete;
        self.sees_all |= complete;
        let listed = &self.listed;
        self.children.retain(|_, known| {
            let gone = !known.seen && (complete || listed.contains(&known.ike));
            known.busy = if known.seen { 0 } else { known.busy + 1 };
            if known.busy > BUSY_MAX && known.standing == Standing::Up {
                known.standing = Standing::Unknown;
            }
            // What ended, or was not seen for so long, is not kept for a listing that may never be complete.
            let forgotten = match known.standing {
                Standing::Not => known.busy > BUSY_MAX,
                _ => known.busy > FORGOTTEN_AFTER,
            };
            !gone && !forgotten
        });
    }

    /// The connection was lost, and events with it: nothing is known to be up until it is told again. Counters stay,
    /// for the daemon may be the same one.
    pub fn lost(&mut self) {
        self.sees_all = false;
        let known = self.children.values_mut();
        for known in known.filter(|known| known.standing == Standing::Up) {
            known.standing = Standing::Unknown;
            self.before.insert(known.name.clone());
        }
    }

    fn listed(&mut self, ike: &Ike) {
        self.listed.insert(ike.id);
        for child in &ike.children {
            self.take(ike, child, Told::Listed);
        }
    }

    /// Takes in one child SA.
    fn take(&mut self, ike: &Ike, child: &Child, told: Told) {
        let standing = match told {
            Told::New => Standing::Up,
            Told::Ended => Standing::Not,
            Told::Listed if ike.is_ending => Standing::Not,
            Told::Listed => child.standing,
        };
        if !self.make_room(ike, child, told, standing) {
            return;
        }
        let Some(known) = self.children.get_mut(&child.id) else {
            return;
        };
        known.ike = ike.id;
        known.seen = true;
        known.spi = known.spi.or(child.spi);
        let was_up = known.standing == Standing::Up;
        known.standing = standing;
        let name = known.name.clone();
        if let Some(bytes) = child.bytes {
            let before = known.counted.get_or_insert(bytes);
            let received = bytes.received.saturating_sub(before.received);
            let sent = bytes.sent.saturating_sub(before.sent);
            before.received += received;
            before.sent += sent;
            let total = self.totals.entry(name.clone()).or_default();
            total.received = total.received.saturating_add(received);
            total.sent = total.sent.saturating_add(sent);
        }
        if told == Told::Ended && was_up {
            self.may_be_dropped(name);
        }
    }

    /// Makes an entry for a child SA that is not known; `false` when there is no room, or nothing to know.
    fn make_room(&mut self, ike: &Ike, child: &Child, told: Told, standing: Standing) -> bool {
        let known = self.children.get(&child.id);
        if known.is_some_and(|known| {
            child
                .spi
                .is_none_or(|spi| known.spi.is_none_or(|k| k == spi))
        }) {
            return true;
        }
        if child.id <= self.highest && !self.before.is_empty() {
            // Numbers only rise: this daemon is another one, and whatever was up before went down with the one before.
            self.dropped.append(&mut self.before);
            self.highest = 0;
        }
        self.highest = self.highest.max(child.id);
        if known.is_none() && self.children.len() >= CHILDREN_MAX {
            self.no_room = true;
            return false;
        }
        // One that was made since the last complete listing counts from its beginning, and so does one without SAs yet;
        // any other from what it has now, which for one that is just told a new address is not known yet.
        let counted = match child.bytes {
            _ if self.seeded || told == Told::New => Some(Bytes::default()),
            None if standing != Standing::Up => Some(Bytes::default()),
            bytes => bytes,
        };
        let known = Known {
            name: (ike.name.clone(), child.name.clone()),
            ike: ike.id,
            spi: child.spi,
            standing: Standing::Not,
            counted,
            seen: true,
            busy: 0,
        };
        self.children.insert(child.id, known);
        true
    }

    fn ike_down(&mut self, id: u64) {
        let known = self.children.values_mut();
        let up = known.filter(|known| known.ike == id && known.standing == Standing::Up);
        let names: Vec<Name> = up
            .map(|known| {
                known.standing = Standing::Not;
                known.name.clone()
            })
            .collect();
        for name in names {
            self.may_be_dropped(name);
        }
    }

    /// A child SA of it went down: without another that is up, the tunnel did.
    fn may_be_dropped(&mut self, name: Name) {
        let mut known = self.children.values();
        if !known.any(|known| known.name == name && known.standing == Standing::Up) {
            self.dropped.insert(name);
        }
    }
}

#[cfg(test)]
mod tests;
