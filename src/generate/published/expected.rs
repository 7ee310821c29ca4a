//! Tunnels and peers that the user names: their series are known before anything is read.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use crate::collector::Spec;
use crate::config::Wanted;
use crate::model::dimension::{OwnDimension, legal_value};
use crate::model::names::tunnels::TUNNEL_STATE;

/// A tunnel or a peer.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Which of the two.
    pub own: OwnDimension,
    /// As its series are called.
    pub name: String,
    /// By whose table.
    pub by: &'static Spec,
    /// It may be there and have no state: an interface of a stateless tunnel without `liveness_secs`.
    pub may_lack_state: bool,
}

/// Of one firewall: a tunnel's name that two collectors use becomes `collector/name`.
pub(super) fn of(collectors: &[&Wanted]) -> Vec<Expected> {
    let mut tunnels: BTreeMap<String, Vec<(&'static Spec, bool)>> = BTreeMap::new();
    let mut expected = Vec::new();
    for one in collectors {
        let has_tunnels = one.spec.metrics().any(|metric| metric == &TUNNEL_STATE);
        let legal = names(one).into_iter().filter_map(|name| legal_value(&name));
        for name in legal.collect::<BTreeSet<String>>() {
            if has_tunnels {
                tunnels
                    .entry(name)
                    .or_default()
                    .push((one.spec, stateless(one)));
            } else {
                expected.push(Expected {
                    own: OwnDimension::Peer,
                    name,
                    by: one.spec,
                    may_lack_state: false,
                });
            }
        }
    }
    for (name, owners) in tunnels {
        for (by, may_lack_state) in &owners {
            let outward = match owners.len() {
                1 => Some(name.clone()),
                _ => legal_value(&format!("{}/{name}", by.name)),
            };
            expected.extend(outward.map(|name| Expected {
                own: OwnDimension::Tunnel,
                name,
                by,
                may_lack_state: *may_lack_state,
            }));
        }
    }
    expected
}

/// The collector knows states of stateless tunnels only by a key that is not written.
fn stateless(one: &Wanted) -> bool {
    const KEY: &str = "liveness_secs";
    one.spec.keys.iter().any(|key| key.name == KEY) && !one.table.contains_key(KEY)
}

/// What the collector's table names: `expect`, of a remote firewall `expect_tunnels`; a peer of WireGuard with a name
/// (`peers = ["name=KEY"]`) is expected too.
fn names(one: &Wanted) -> Vec<String> {
    let list = |key: &str| one.table.get(key).and_then(Value::as_array);
    let texts = |key: &str| {
        let items = list(key).into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned)
    };
    let knows = |key: &str| {
        let remote = one.spec.remote.map_or(&[][..], |remote| remote.keys);
        one.spec
            .keys
            .iter()
            .chain(remote)
            .any(|known| known.name == key)
    };
    let mut names: Vec<String> = ["expect", "expect_tunnels"]
        .into_iter()
        .filter(|key| knows(key))
        .flat_map(texts)
        .collect();
    if knows("peers") {
        let named = texts("peers").filter_map(|peer| Some(peer.split_once('=')?.0.to_owned()));
        names.extend(named);
    }
    names
}
