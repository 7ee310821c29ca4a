//! Tunnels and peers that the user names: their series are known before anything is read.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

use crate::config::Wanted;
use crate::model::dimension::{OwnDimension, legal_value};
use crate::model::names::tunnels::TUNNEL_STATE;

/// Of one firewall, as the series are called: a tunnel's name that two collectors use becomes `collector/name`.
pub(super) fn of(collectors: &[&Wanted]) -> Vec<(OwnDimension, String)> {
    let mut tunnels: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut expected = BTreeSet::new();
    for one in collectors {
        let has_tunnels = one.spec.metrics().any(|metric| metric == &TUNNEL_STATE);
        for name in names(one).iter().filter_map(|name| legal_value(name)) {
            if has_tunnels {
                tunnels.entry(name).or_default().insert(one.spec.name);
            } else {
                expected.insert((OwnDimension::Peer, name));
            }
        }
    }
    for (name, owners) in tunnels {
        for owner in &owners {
            let outward = match owners.len() {
                1 => Some(name.clone()),
                _ => legal_value(&format!("{owner}/{name}")),
            };
            expected.extend(outward.map(|name| (OwnDimension::Tunnel, name)));
        }
    }
    expected.into_iter().collect()
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
