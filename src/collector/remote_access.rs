//! Remote access as every source of it tells: users with a tunnel, and how near that is to what the firewall is made for.

use crate::model::names::{REMOTE_ACCESS_TUNNELS, REMOTE_ACCESS_UTILIZATION};
use crate::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record};
use crate::model::schema::{Key, KeyKind};

/// The users that the firewall is made for; no device tells.
pub const MAX: Key = Key::new(
    "remote_access_max",
    KeyKind::Int {
        min: 1,
        max: 10_000_000,
    },
    "",
    "Remote-access users that this firewall is made for, for RemoteAccessUtilization. Default: none is published.",
)
.example("500");

/// Users with a tunnel.
pub static USERS: Reading = Reading {
    name: "remote_access",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &REMOTE_ACCESS_TUNNELS,
        fold: Fold::Sum,
    }],
};

/// Users against the limit, percent.
pub static USERS_SHARE: Reading = Reading {
    name: "remote_access_share",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &REMOTE_ACCESS_UTILIZATION,
        fold: Fold::Max,
    }],
};

/// The users of one collector's sources, pass by pass.
#[derive(Debug)]
pub struct RemoteAccess {
    max: Option<u32>,
    /// Of the pass at hand; `None` where no source serves any.
    users: Option<f64>,
}

impl RemoteAccess {
    /// Against this limit.
    #[must_use]
    pub fn new(max: Option<u32>) -> Self {
        RemoteAccess { max, users: None }
    }

    /// Begins a pass.
    pub fn begin(&mut self) {
        self.users = None;
    }

    /// Records the users of one source.
    #[allow(clippy::cast_precision_loss)] // millions at the most
    pub fn source(&mut self, out: &mut Readings, origin: Option<&str>, users: usize) {
        let users = users as f64;
        *self.users.get_or_insert_default() += users;
        let record = Record::new(&USERS, Raw::Level(users));
        out.push(match origin {
            Some(origin) => record.origin(origin),
            None => record,
        });
    }

    /// Ends a pass in which every source was read: one limit holds for all of them.
    pub fn end(&self, out: &mut Readings) {
        if let (Some(users), Some(max)) = (self.users, self.max) {
            let percent = users * 100.0 / f64::from(max);
            out.push(Record::new(&USERS_SHARE, Raw::Level(percent)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_limit_holds_for_all_sources() {
        let mut access = RemoteAccess::new(Some(8));
        let mut out = Readings::default();
        access.begin();
        access.end(&mut out);
        assert!(out.records().is_empty());
        access.source(&mut out, Some("a"), 1);
        access.source(&mut out, Some("b"), 3);
        access.end(&mut out);
        let said = out.records().iter().map(|record| &record.raw);
        let wanted = [1.0, 3.0, 50.0].map(Raw::Level);
        assert_eq!(said.collect::<Vec<_>>(), wanted.iter().collect::<Vec<_>>());
    }
}
