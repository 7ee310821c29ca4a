//! What hangs on one short answer each: GlobalProtect users, next hops, decrypted sessions, Panorama.

use super::fields;
use super::oddities::Oddities;
use super::words::{self, quoted};
use super::xml::Element;

/// GlobalProtect users now ("show global-protect-gateway statistics"): the device's total, else the sum over its
/// gateways. `None` where there is neither.
pub fn remote_access_users(result: &Element, odd: &mut Oddities) -> Option<u64> {
    if let Some(total) = fields::whole(result, "TotalCurrentUsers", odd) {
        return Some(total);
    }
    let gateways = result.all("Gateway/entry");
    fields::sum(gateways.map(|gateway| fields::whole(gateway, "CurrentUsers", odd)))
}

/// Rules of policy-based forwarding that monitor their next hop, and whether it is up ("show pbf rule all").
///
/// # Errors
/// The answer is something else than rules.
pub fn policy_forwarding(
    result: &Element,
    odd: &mut Oddities,
) -> Result<Vec<(String, bool)>, String> {
    let rules = result.child("entries").unwrap_or(result);
    if !rules.is_empty() && rules.child("entry").is_none() {
        return Err("no rules in the answer".to_owned());
    }
    let states = rules.all("entry").filter_map(|rule| {
        let up = fields::word(rule, "nh_state", odd, |word| match word {
            "disabled" | "off" => Some(None),
            _ => fields::up_down(word).map(Some),
        });
        Some((fields::name(rule, "rule", odd)?, up.flatten()?))
    });
    Ok(states.collect())
}

/// Decrypted sessions now ("show session all filter ssl-decrypt yes count yes"): each dataplane counts its own.
pub fn ssl_sessions(result: &Element, odd: &mut Oddities) -> Option<u64> {
    let counts = result.all("member").map(|member| {
        let count = words::whole(member.text());
        if count.is_none() {
            let text = quoted(member.text());
            odd.push(format!("member: {text} is not a whole number"));
        }
        count
    });
    fields::sum(counts)
}

/// Whether each Panorama server is connected ("show panorama-status"); empty on a firewall that has none.
pub fn panorama(result: &Element, odd: &mut Oddities) -> Vec<bool> {
    let text = result.whole_text();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let servers = lines.filter(|(label, _)| label.trim().eq_ignore_ascii_case("connected"));
    servers
        .filter_map(|(_, word)| {
            let connected = fields::yes_no(&word.trim().to_ascii_lowercase());
            if connected.is_none() {
                odd.push(format!("Connected: {} is neither yes nor no", quoted(word)));
            }
            connected
        })
        .collect()
}
