//! Names of peers: those of the configuration, and for others the interface and the beginning of the public key.

use std::collections::{BTreeMap, BTreeSet};

use super::wire::{Peer, PublicKey};

/// Characters of the public key in the name of a peer that has none: 48 bits.
const KEY_CHARS: usize = 8;
/// Characters of a whole key.
const KEY_CHARS_ALL: usize = 44;

/// An entry of `peers`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    name: String,
    /// Only on this interface, where one is given.
    interface: Option<String>,
    key: PublicKey,
}

/// The names that the user gave.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<Named>);

impl Names {
    /// Reads the entries of `peers`.
    ///
    /// # Errors
    /// Says what would be right.
    pub(super) fn parse(entries: &[String]) -> Result<Self, String> {
        let named = entries.iter().map(|entry| parse(entry));
        named.collect::<Result<_, _>>().map(Names)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|named| named.name.clone())
    }

    /// A name for each peer of an interface, in their order.
    pub(super) fn of(&self, interface: &str, peers: &[Peer]) -> Vec<String> {
        let mut short: BTreeMap<String, BTreeSet<PublicKey>> = BTreeMap::new();
        for peer in peers {
            let same = short.entry(beginning(peer.key)).or_default();
            same.insert(peer.key);
        }
        let name = |peer: &Peer| {
            let named = self.given(interface, peer.key).map(str::to_owned);
            named.unwrap_or_else(|| {
                let beginning = beginning(peer.key);
                // Two keys that begin alike were made so on purpose.
                let is_one = short.get(&beginning).is_none_or(|same| same.len() == 1);
                let shown = if is_one {
                    beginning
                } else {
                    peer.key.to_string()
                };
                [interface, "/", &shown].concat()
            })
        };
        peers.iter().map(name).collect()
    }

    fn given(&self, interface: &str, key: PublicKey) -> Option<&str> {
        let of_key = self.0.iter().filter(|named| named.key == key);
        let mut here = of_key.filter(|named| {
            let wanted = named.interface.as_deref();
            wanted.is_none_or(|wanted| wanted == interface)
        });
        here.next().map(|named| named.name.as_str())
    }
}

fn beginning(key: PublicKey) -> String {
    let mut text = key.to_string();
    text.truncate(KEY_CHARS);
    text
}

/// Checks an entry of `peers`.
pub(super) fn check(entry: &str) -> Result<(), String> {
    parse(entry).map(|_| ())
}

fn parse(entry: &str) -> Result<Named, String> {
    let right = || {
        "name=PUBLICKEY or name=INTERFACE/PUBLICKEY with the peer's public key of 44 characters as `wg show` has it, such as \"site-a=XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQU=\""
            .to_owned()
    };
    let (name, peer) = entry.split_once('=').ok_or_else(right)?;
    let at = peer.len().checked_sub(KEY_CHARS_ALL).ok_or_else(right)?;
    let (before, key) = peer.split_at_checked(at).ok_or_else(right)?;
    let key = PublicKey::from_base64(key).ok_or_else(right)?;
    let interface = match before.strip_suffix('/') {
        None if before.is_empty() => None,
        Some(interface) if !interface.is_empty() && !interface.contains('/') => {
            Some(interface.to_owned())
        }
        _ => return Err(right()),
    };
    if name.trim() != name || name.is_empty() {
        return Err(right());
    }
    Ok(Named {
        name: name.to_owned(),
        interface,
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "XcGBP10dtulRwIODYPq7R7RbxlBYPtn6M6qSol51sQU=";
    const B: &str = "XcGBP10dGFd2B7ahlMES55RjtwK1uWlXOjomKPJEvL8=";

    fn peer(key: &str) -> Peer {
        Peer::new(PublicKey::from_base64(key).unwrap())
    }

    #[test]
    fn a_name_is_the_users_or_the_beginning_of_the_key() {
        let names = Names::parse(&[format!("site-a={A}")]).unwrap();
        let two = [peer(A), peer(B)];
        assert_eq!(
            names.of("wg0", &two),
            ["site-a", "wg0/XcGBP10d"].map(|name| {
                // Both keys begin alike, and the second has no name.
                if name == "site-a" {
                    name.to_owned()
                } else {
                    format!("wg0/{B}")
                }
            })
        );
        assert_eq!(Names::default().of("wg0", &two[..1]), ["wg0/XcGBP10d"]);
    }

    #[test]
    fn an_interface_in_front_is_part_of_who_it_is() {
        let entries = [format!("one=wg0/{A}"), format!("other=wg1/{A}")];
        let names = Names::parse(&entries).unwrap();
        for (interface, name) in [("wg0", "one"), ("wg1", "other"), ("wg2", "wg2/XcGBP10d")] {
            assert_eq!(names.of(interface, &[peer(A)]), [name]);
        }
    }

    #[test]
    fn what_is_no_peer_is_refused() {
        for entry in ["", "site-a", "site-a=", "site-a=wg0/", "=", "ä=ö"] {
            assert!(check(entry).is_err(), "{entry}");
        }
        for (name, before) in [
            ("", ""),
            (" a", ""),
            ("a", "/"),
            ("a", "wg0"),
            ("a", "a/b/"),
        ] {
            assert!(check(&format!("{name}={before}{A}")).is_err());
        }
        assert!(check(&format!("a=wg0/{A}")).is_ok());
    }
}
