//! Peers of the advanced routing engine, in JSON inside XML.

use serde_json::{Map, Value};

use super::super::words::{self, quoted};
use super::{Element, Oddities, Peer, fields, state};

/// In bytes. A peer takes about 4000, read it takes some ten times that.
const JSON_MAX: usize = 4 << 20;

/// Peers of the advanced routing engine ("show advanced-routing bgp peer status"); an empty answer means that there are
/// none.
///
/// # Errors
/// The answer is no JSON object of peers, or too long.
pub fn bgp_advanced(result: &Element, odd: &mut Oddities) -> Result<Vec<Peer>, String> {
    let text = result.value("json").unwrap_or(result.text());
    if text.is_empty() {
        return match result.children().all(|child| child.name() == "json") {
            true => Ok(Vec::new()),
            false => Err("no json in the answer".to_owned()),
        };
    }
    if text.len() > JSON_MAX {
        return Err(format!("more than {JSON_MAX} bytes of JSON"));
    }
    let peers: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        format!(
            "no JSON object of peers: {}",
            words::plain(&error.to_string(), 120)
        )
    })?;
    Ok(peers
        .iter()
        .filter_map(|(name, value)| peer(name.trim(), value, odd))
        .collect())
}

/// Fields stand in the peer or in its `detail`.
struct Fields<'a>(&'a Map<String, Value>, Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        let value = self.0.get(name).or_else(|| self.1?.get(name));
        value.filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str).map(str::trim)
    }
}

fn peer(name: &str, value: &Value, odd: &mut Oddities) -> Option<Peer> {
    let Some(peer) = value.as_object().filter(|_| !name.is_empty()) else {
        odd.push(format!("{} is no BGP peer", quoted(name)));
        return None;
    };
    let detail = peer.get("detail").and_then(Value::as_object);
    let fields = Fields(peer, detail);
    let word = fields.text("state").or_else(|| fields.text("bgpState"));
    let (established, shut_by_state) = state(word, odd);
    let shut = fields.get("adminShutDown") == Some(&Value::Bool(true));
    Some(Peer {
        name: name.to_owned(),
        established,
        shut: shut || shut_by_state,
        prefixes_accepted: prefixes(&fields, odd),
        sessions_lost: fields
            .get("connectionsDropped")
            .and_then(|value| whole("connectionsDropped", value, odd)),
    })
}

/// An address family without the number is not spoken with this peer.
fn prefixes(fields: &Fields, odd: &mut Oddities) -> Option<u64> {
    let families = fields.get("addressFamilyInfo")?.as_object()?;
    let counts = families
        .values()
        .filter_map(|family| family.get("acceptedPrefixCounter"));
    fields::sum(counts.map(|count| whole("acceptedPrefixCounter", count, odd)))
}

/// A number, or a text of digits.
fn whole(name: &str, value: &Value, odd: &mut Oddities) -> Option<u64> {
    let text = value.as_str().and_then(words::whole);
    let number = value.as_u64().or(text);
    if number.is_none() {
        let shown = quoted(&value.to_string());
        odd.push(format!("{name}: {shown} is not a whole number"));
    }
    number
}
