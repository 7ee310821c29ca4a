//! "show routing protocol bgp peer" and "show advanced-routing bgp peer status": BGP peers of either routing engine.

use super::fields;
use super::oddities::Oddities;
use super::words::quoted;
use super::xml::Element;

pub use advanced::bgp_advanced;
pub use legacy::bgp_legacy;

mod advanced;
mod legacy;

/// A BGP peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// Its name in the configuration; `router/name` where virtual routers share it.
    pub name: String,
    /// Whether its session is established; `None` where the device does not say it, or in a word that is not known.
    pub established: Option<bool>,
    /// An operator shut it.
    pub shut: bool,
    /// Prefixes accepted from it, over the address families that have such a number; `None` where one of them cannot be
    /// read or none has it.
    pub prefixes_accepted: Option<u64>,
    /// How often its session was lost, since the start of the routing daemon.
    pub sessions_lost: Option<u64>,
}

/// Whether a state is Established, and whether it is one that an operator made, as in `Idle (Admin)`.
fn state(text: Option<&str>, odd: &mut Oddities) -> (Option<bool>, bool) {
    let Some(text) = text.filter(|text| !super::words::placeholder(text)) else {
        return (None, false);
    };
    let word = text.split('(').next().unwrap_or_default();
    let letters = word.chars().filter(char::is_ascii_alphabetic);
    let word = letters.collect::<String>().to_ascii_lowercase();
    let established = match &*word {
        "established" => Some(true),
        "idle" | "connect" | "active" | "opensent" | "openconfirm" | "clearing" | "deleted" => {
            Some(false)
        }
        _ => None,
    };
    if established.is_none() {
        odd.push(format!(
            "status of a BGP peer: {} is not a word that is known",
            quoted(text)
        ));
    }
    (established, text.to_ascii_lowercase().contains("admin"))
}
