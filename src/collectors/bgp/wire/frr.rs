//! FRR's vty sockets: the frame (lib/vty.c, `vtysh_read`), `show bgp vrf all summary json` (bgpd/bgp_vty.c,
//! `bgp_show_summary`) and `show bfd peers json` (bfdd/bfdd_vty.c, `__display_peer_json`), as of FRR 7.0 to 10.4.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Deserialize;

use super::lenient::{List, Object, Scalar, Table};
use super::{Bfd, Counted, Listed, PEERS_MAX, Peer, Session, State, shown};

/// All instances and VRFs in one answer.
pub const SUMMARY: &str = "show bgp vrf all summary json";
/// The default instance alone, for a release that does not know the first.
pub const SUMMARY_DEFAULT: &str = "show bgp summary json";
/// bfdd shows its sessions in the enable node alone (`install_element` in bfdd/bfdd_vty.c); nobody is asked a password
/// on these sockets (`config_enable` in lib/command.c).
pub const ENABLE: &str = "enable";
/// BFD sessions of all VRFs.
pub const BFD: &str = "show bfd peers json";

/// Three NULs and a status byte end an answer, whose text has no NUL.
const TRAILER: usize = 4;
/// The status byte: `CMD_ERR_NO_MATCH`, `_AMBIGUOUS` and `_INCOMPLETE` of lib/command.h.
const UNKNOWN: std::ops::RangeInclusive<u8> = 2..=4;
/// How FRR calls the default VRF.
const DEFAULT: &str = "default";

/// A request in its frame.
#[must_use]
pub fn request(command: &str) -> Vec<u8> {
    [command.as_bytes(), b"\0"].concat()
}

/// The answer has come wholly.
#[must_use]
pub fn is_whole(bytes: &[u8]) -> bool {
    let at = bytes.len().checked_sub(TRAILER);
    at.is_some_and(|at| bytes[at..].starts_with(b"\0\0\0"))
}

/// The text of a whole answer; `None` where the daemon does not know the command.
///
/// # Errors
/// The frame is broken, or the text is not UTF-8.
pub fn answer(bytes: &[u8]) -> Result<Option<&str>, String> {
    let split = bytes.split_last_chunk::<TRAILER>();
    let Some((text, [0, 0, 0, status])) = split else {
        return Err("an answer without its end".to_owned());
    };
    if UNKNOWN.contains(status) {
        return Ok(None);
    }
    let text = std::str::from_utf8(text).map_err(|_| "an answer that is no text".to_owned())?;
    Ok(Some(text))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Family {
    peers: Table<Object<Said>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Said {
    state: Scalar,
    peer_state: Scalar,
    pfx_rcd: Scalar,
    prefix_received_count: Scalar,
    dynamic_peer: Scalar,
    peer_uptime_msec: Scalar,
    connections_established: Scalar,
    connections_dropped: Scalar,
}

type Instance = Table<Object<Family>>;

/// Reads the answer to [`SUMMARY`].
///
/// # Errors
/// It is neither JSON nor the words for no BGP.
pub fn summary(text: &str) -> Result<Listed, String> {
    peers(&json::<Table<Instance>>(text)?.0)
}

/// Reads the answer to [`SUMMARY_DEFAULT`].
///
/// # Errors
/// As [`summary`].
pub fn summary_default(text: &str) -> Result<Listed, String> {
    let instance = json::<Instance>(text)?;
    peers(&BTreeMap::from([(DEFAULT.to_owned(), instance)]))
}

/// Reads the answer to [`BFD`].
///
/// # Errors
/// It is not JSON.
pub fn bfd(text: &str) -> Result<Bfd, String> {
    #[derive(Debug, Clone, Default, Deserialize)]
    #[serde(default)]
    struct Session {
        status: Scalar,
    }
    let mut count = Bfd::default();
    for Object(session) in json::<List<Object<Session>>>(text)?.0 {
        match session.status.text() {
            Some("up") => count.count(true),
            Some("down" | "init") => count.count(false),
            // Shut by the administrator, or a state that is not known.
            _ => {}
        }
    }
    Ok(count)
}

fn json<T: for<'de> Deserialize<'de> + Default>(text: &str) -> Result<T, String> {
    let text = text.trim();
    // What is said in words begins so: "% BGP instance not found", "% No BGP neighbors found".
    if let Some(words) = text.strip_prefix('%') {
        let no_bgp = ["instance not found", "No BGP"];
        if no_bgp.iter().any(|none| words.contains(none)) {
            return Ok(T::default());
        }
        return Err(format!("it says {:?}", shown(text)));
    }
    if text.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(text).map_err(|error| format!("no JSON: {error}"))
}

fn peers(instances: &BTreeMap<String, Instance>) -> Result<Listed, String> {
    let mut peers = BTreeMap::new();
    for (vrf, Table(families)) in instances {
        for Object(family) in families.values() {
            for (address, Object(said)) in &family.peers.0 {
                let name = match vrf.as_str() {
                    DEFAULT => address.clone(),
                    vrf => format!("{vrf}/{address}"),
                };
                let peer = said.peer();
                match peers.entry(name) {
                    Entry::Vacant(free) => {
                        free.insert(peer);
                    }
                    Entry::Occupied(mut known) => {
                        let both = known.get().and(&peer);
                        known.insert(both);
                    }
                }
            }
        }
    }
    if peers.len() > PEERS_MAX {
        return Err(format!("more than {PEERS_MAX} peers"));
    }
    Ok(Listed {
        peers,
        uptime_ms: None,
    })
}

impl Said {
    fn peer(&self) -> Peer {
        let prefixes = self.pfx_rcd.number();
        Peer {
            state: self.state(),
            prefixes: prefixes.or_else(|| self.prefix_received_count.number()),
            is_dynamic: self.dynamic_peer.is_true(),
            session: Session::Counted(Counted {
                established: self.connections_established.number(),
                dropped: self.connections_dropped.number(),
                uptime_ms: self.peer_uptime_msec.number(),
            }),
        }
    }

    /// `peerState` says OK of a peer that was never there: only "Admin" is heeded in it.
    fn state(&self) -> State {
        let is_shut = self.peer_state.text() == Some("Admin");
        match self.state.text() {
            Some("Established") => State::Up,
            Some("Idle (Admin)") => State::Shut,
            Some(_) | None if is_shut => State::Shut,
            // Idle, Connect, Active, OpenSent, OpenConfirm, Clearing, Deleted, Idle (PfxCt).
            Some(_) => State::Down,
            None => State::Unknown,
        }
    }
}

impl Peer {
    /// The same peer in two address families: it has one session.
    fn and(&self, other: &Peer) -> Peer {
        let states = [self.state, other.state];
        let order = [State::Up, State::Down, State::Shut];
        let state = order.into_iter().find(|state| states.contains(state));
        let prefixes = match (self.prefixes, other.prefixes) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (one, other) => one.or(other),
        };
        Peer {
            state: state.unwrap_or(State::Unknown),
            prefixes,
            is_dynamic: self.is_dynamic || other.is_dynamic,
            session: self.session,
        }
    }
}
