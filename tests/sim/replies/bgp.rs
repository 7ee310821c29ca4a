//! BGP peers: XML from the legacy engine, JSON in XML from the advanced one, and what the wrong engine says.

use quick_xml::escape::escape;
use serde_json::{Map, Value, json};

use super::super::clock;
use super::super::model::{BgpPeer, Firewall, Release, Routing};
use super::{Refusal, tags};

/// "show routing protocol bgp peer".
pub(super) fn legacy(fw: &Firewall, second: i64) -> Result<String, Refusal> {
    if fw.routing == Some(Routing::Advanced) {
        return wrong_engine(fw.release, "show -> routing");
    }
    if fw.routing.is_none() {
        return Ok(String::new());
    }
    Ok(fw
        .bgp
        .iter()
        .map(|peer| legacy_peer(fw, peer, second))
        .collect())
}

fn legacy_peer(fw: &Firewall, peer: &BgpPeer, second: i64) -> String {
    let age = (second - peer.since).max(0);
    let duration = match fw.release {
        Release::V10_1 => age.to_string(),
        _ => clock::time_text(age),
    };
    let status = match (peer.is_up(), peer.shut) {
        (true, _) => "Established",
        (false, true) => "Idle (Admin)",
        (false, false) => "Active",
    };
    let mut fields = tags([
        ("peer-group", &"aws"),
        ("peer-router-id", &peer.peer_ip),
        ("remote-as", &peer.remote_as),
        ("status", &status),
        ("status-duration", &duration),
        ("peer-address", &format!("{}:179", peer.peer_ip)),
        ("local-address", &format!("{}:41877", peer.local_ip)),
        ("msg-total-in", &(age / 30)),
        ("msg-total-out", &(age / 30)),
        ("last-update-age", &3),
        ("last-error", &""),
        (
            "status-flap-counts",
            &(peer.established_count + peer.lost_count),
        ),
        ("established-counts", &peer.established_count),
    ]);
    if peer.is_up() {
        let counts = tags([
            ("incoming-total", &(peer.prefixes + 2)),
            ("incoming-accepted", &peer.prefixes),
            ("incoming-rejected", &2),
            ("outgoing-total", &5),
            ("outgoing-advertised", &5),
        ]);
        fields.push_str(&format!("<prefix-counter><entry afi-safi=\"bgpAfiIpv4-unicast\">{counts}</entry></prefix-counter>"));
    } else {
        fields.push_str("<prefix-counter/>");
    }
    format!(
        "<entry peer=\"{}\" vr=\"default\">{fields}</entry>\n",
        escape(peer.name.as_str())
    )
}

/// "show advanced-routing bgp peer status" and `detail`: of a peer that is down, most fields are missing.
pub(super) fn advanced(fw: &Firewall, second: i64, detail: bool) -> Result<String, Refusal> {
    if let Some(instead) = not_advanced(fw) {
        return instead;
    }
    let mut peers = Map::new();
    for peer in &fw.bgp {
        let mut value = advanced_peer(peer, second);
        if detail {
            value = value["detail"].take();
        }
        peers.insert(peer.name.clone(), value);
    }
    Ok(as_json(&Value::Object(peers)))
}

fn advanced_peer(peer: &BgpPeer, second: i64) -> Value {
    if !peer.is_up() {
        let state = if peer.shut { "Idle (Admin)" } else { "Active" };
        return json!({
            "state": state,
            "remote-as": peer.remote_as,
            "local-as": 65_010,
            "peer-ip": peer.peer_ip,
            "peer-group-name": "aws",
            "detail": {
                "bgpState": state,
                "connectionsEstablished": peer.established_count,
                "connectionsDropped": peer.lost_count,
            },
        });
    }
    let age = (second - peer.since).max(0);
    json!({
        "state": "Established",
        "remote-as": peer.remote_as,
        "local-as": 65_010,
        "peer-ip": peer.peer_ip,
        "local-ip": peer.local_ip,
        "peer-group-name": "aws",
        "status-time": age as f64 + 0.5,
        "detail": {
            "bgpState": "Established",
            "connectionsEstablished": peer.established_count,
            "connectionsDropped": peer.lost_count,
            "messageStats": { "opensSent": peer.established_count, "opensRecv": peer.established_count, "totalRecv": age / 30 },
            "addressFamilyInfo": {
                "ipv4Unicast": { "acceptedPrefixCounter": peer.prefixes, "sentPrefixCounter": 5 },
            },
        },
    })
}

/// "show advanced-routing bgp summary": the routers by name.
pub(super) fn summary(fw: &Firewall) -> Result<String, Refusal> {
    if let Some(instead) = not_advanced(fw) {
        return instead;
    }
    let names: Vec<&str> = fw.bgp.iter().map(|peer| peer.name.as_str()).collect();
    Ok(as_json(
        &json!({ "default": { "router-id": "10.77.0.4", "local-as": 65_010, "peers": names } }),
    ))
}

/// JSON text in XML.
fn as_json(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap();
    format!("<json>{}</json>", escape(text))
}

/// What the advanced engine's commands say where it does not run.
fn not_advanced(fw: &Firewall) -> Option<Result<String, Refusal>> {
    let advanced = fw.routing == Some(Routing::Advanced);
    (!advanced).then(|| wrong_engine(fw.release, "show -> advanced-routing"))
}

/// Code 17 without a word, code 17 with words, or nothing, by release.
fn wrong_engine(release: Release, path: &str) -> Result<String, Refusal> {
    match release {
        Release::V10_1 => Err(Refusal::new(17, "")),
        Release::V11_1 => Err(Refusal::new(17, &format!("{path}  is unexpected"))),
        Release::V12_1 => Ok(String::new()),
    }
}
