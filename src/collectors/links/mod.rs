//! Tunnel interfaces over rtnetlink: what the kernel knows of them, and no more.
//!
//! The driver of a stateless tunnel (GRE, IPIP, SIT, VTI, XFRM, GENEVE) knows nothing of the other end: its operational
//! state stays UNKNOWN and its carrier on, whatever happens there (net/ipv4/ip_gre.c never touches the carrier). So it
//! has no `TunnelState`, unless the user says for how long a living peer may be silent. A tun or tap device has a
//! carrier while a process holds it open (drivers/net/tun.c, tun_attach and tun_detach): 1 says that the tunnel's
//! process is there, not that its peer answers. One whose carrier went and came between two passes was down: that pass
//! says 0.
//!
//! What the administrator set down does not count; one that the user expects counts as down even then.

pub mod liveness;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use glob::Pattern;
use serde::Deserialize;

use crate::clock;
use crate::collector::links::{self, Link};
use crate::collector::tunnels::{self, Direction, Tunnels};
use crate::collector::{self, CollectError, Collector, Context, Spec};
use crate::host::rtnetlink::Links;
use crate::model::reading::Readings;
use crate::model::schema::{Key, KeyKind};

use liveness::Liveness;

/// The `links` collector.
pub static SPEC: Spec = Spec {
    name: "links",
    about: "Tunnel interfaces (GRE, IPIP, SIT, VTI, XFRM, GENEVE, tun) over rtnetlink",
    readings: &[
        &tunnels::STATE,
        &tunnels::CONFIGURED,
        &tunnels::UP,
        &tunnels::DOWN,
        &tunnels::BYTES_IN,
        &tunnels::BYTES_OUT,
        &tunnels::ERRORS,
        &tunnels::SHARE,
    ],
    fine_series: "1 per tunnel interface, 4 more opt-in, up to tunnels_max",
    sample_secs: Some(1),
    timeout_secs: 1,
    on_demand: false,
    keys: &[
        Key::new(
            "include",
            KeyKind::Patterns,
            "[]",
            "Interfaces that are tunnels, such as [\"gre*\"]. Default: those of the kinds gre, gretap, ip6gre, ip6gretap, erspan, ip6erspan, ipip, sit, ip6tnl, vti, vti6, xfrm, geneve and tun.",
        ),
        Key::new(
            "exclude",
            KeyKind::Patterns,
            "[]",
            "Interfaces never to count, such as those that [collectors.openvpn], [collectors.strongswan], [collectors.xfrm] or (wireguard-go, boringtun) [collectors.wireguard] read already.",
        ),
        tunnels::EXPECT,
        Key::new(
            "liveness_secs",
            KeyKind::Int {
                min: 1,
                max: 86_400,
            },
            "",
            "Stateless tunnels (all but tun) are up while something was received within so many seconds, and down after: longer than the peer is ever silent. Default: they have no TunnelState.",
        )
        .example("30"),
        tunnels::CEILING,
    ],
    remote: None,
    build,
};

/// Kinds of tunnel interfaces (`IFLA_INFO_KIND`, each driver's rtnl_link_ops). WireGuard has a collector of its own; a
/// vxlan is a segment with many ends.
const KINDS: [&str; 14] = [
    "erspan",
    "geneve",
    "gre",
    "gretap",
    "ip6erspan",
    "ip6gre",
    "ip6gretap",
    "ip6tnl",
    "ipip",
    "sit",
    TUN,
    "vti",
    "vti6",
    "xfrm",
];
/// tun and tap alike.
const TUN: &str = "tun";

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Settings {
    include: Vec<String>,
    exclude: Vec<String>,
    expect: Vec<String>,
    liveness_secs: Option<u64>,
    tunnel_bits_per_second_max: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            include: Vec::new(),
            exclude: Vec::new(),
            expect: Vec::new(),
            liveness_secs: None,
            tunnel_bits_per_second_max: tunnels::BITS_PER_SECOND,
        }
    }
}

struct TunnelLinks {
    links: Links,
    /// Below the pass's own deadline, so that the error names rtnetlink.
    timeout: Duration,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    liveness: Option<Liveness>,
    tunnels: Tunnels,
    /// How often the carrier of each link had gone at the last pass, by index.
    downs: BTreeMap<i32, u32>,
    /// There was one once.
    ever: bool,
}

fn build(table: &toml::Table, context: Context) -> Result<Box<dyn Collector>, String> {
    let settings: Settings = collector::settings(table)?;
    Ok(Box::new(TunnelLinks {
        links: Links::default(),
        timeout: context.timeout * 9 / 10,
        include: collector::patterns(&settings.include)?,
        exclude: collector::patterns(&settings.exclude)?,
        liveness: settings
            .liveness_secs
            .map(|secs| Liveness::new(Duration::from_secs(secs))),
        tunnels: Tunnels::new(settings.expect, settings.tunnel_bits_per_second_max),
        downs: BTreeMap::new(),
        ever: false,
    }))
}

#[async_trait]
impl Collector for TunnelLinks {
    async fn collect(&mut self, out: &mut Readings) -> Result<(), CollectError> {
        self.tunnels.begin();
        let dump = self.links.dump(self.timeout).await.map_err(|e| {
            CollectError::Failed(format!("cannot read interfaces over rtnetlink: {e}"))
        })?;
        let links = links::links(&dump)
            .map_err(|e| CollectError::Failed(format!("cannot parse rtnetlink's answer: {e}")))?;
        let counted: Vec<&Link> = links.iter().filter(|link| self.counts(link)).collect();
        self.ever |= !counted.is_empty() || self.tunnels.expects_any();
        if !self.ever {
            return Err(CollectError::Absent(
                "no tunnel interface in this network namespace is set up; name others in [collectors.links] include"
                    .to_owned(),
            ));
        }
        self.record(out, &counted, clock::now().boot);
        Ok(())
    }
}

impl TunnelLinks {
    /// The interfaces that count: expected ones always, others while they are set up.
    fn counts(&self, link: &Link) -> bool {
        if self.tunnels.is_expected(&link.name) {
            return true;
        }
        let is_in = |patterns: &[Pattern]| patterns.iter().any(|p| p.matches(&link.name));
        let is_tunnel = if self.include.is_empty() {
            let kind = link.kind.as_deref();
            kind.is_some_and(|kind| KINDS.contains(&kind))
        } else {
            is_in(&self.include)
        };
        link.is_on && is_tunnel && !is_in(&self.exclude)
    }

    fn record(&mut self, out: &mut Readings, counted: &[&Link], now: Duration) {
        let mut states = BTreeMap::new();
        for link in counted {
            states.insert(link.name.clone(), self.state(link, now));
            self.count(out, link);
        }
        let on = counted.iter().filter(|link| link.is_on);
        let on: BTreeSet<i32> = on.map(|link| link.index).collect();
        self.downs.retain(|index, _| on.contains(index));
        if let Some(liveness) = &mut self.liveness {
            liveness.keep(|index| on.contains(&index));
        }
        self.tunnels.source(out, None, &states);
        self.tunnels.end(out);
        note_unknown(out, &states, self.liveness.is_some());
    }

    /// The worst state since the last pass; `None` where nothing is known of the other end.
    fn state(&mut self, link: &Link, now: Duration) -> Option<bool> {
        if self.has_lost_carrier(link) || !link.has_carrier || link.up == Some(false) {
            return Some(false);
        }
        if link.kind.as_deref() == Some(TUN) || (link.up == Some(true) && self.liveness.is_none()) {
            return Some(true);
        }
        let packets = link.counters?.rx_packets;
        self.liveness.as_mut()?.judge(link.index, packets, now)
    }

    /// It is off, or its carrier went since the last pass.
    fn has_lost_carrier(&mut self, link: &Link) -> bool {
        let Some(downs) = link.carrier_downs.filter(|_| link.is_on) else {
            return !link.is_on;
        };
        let before = self.downs.insert(link.index, downs);
        before.is_some_and(|before| before != downs)
    }

    fn count(&self, out: &mut Readings, link: &Link) {
        let Some(counters) = link.counters else {
            return;
        };
        // A link made anew under an old name starts its counters anew: its index is part of the member.
        let index = link.index.to_string();
        let name = &link.name;
        for (direction, total) in [
            (Direction::In, counters.rx_bytes),
            (Direction::Out, counters.tx_bytes),
        ] {
            self.tunnels
                .bytes(out, None, name, &index, direction, total);
        }
        for (part, total) in [(" rx", counters.rx_errors), (" tx", counters.tx_errors)] {
            let member = [&index, part].concat();
            self.tunnels.errors(out, None, name, &member, total);
        }
    }
}

/// Says of which tunnels nothing can be known, and what would help.
fn note_unknown(out: &mut Readings, states: &BTreeMap<String, Option<bool>>, is_listening: bool) {
    let unknown = states.iter().filter(|(_, state)| state.is_none());
    let unknown: Vec<String> = unknown.map(|(name, _)| name.clone()).collect();
    if !unknown.is_empty() && !is_listening {
        out.note(format!(
            "no TunnelState of {}: the kernel does not know whether the other end of such a tunnel answers; [collectors.links] liveness_secs judges by what is received",
            tunnels::shown(&unknown)
        ));
    }
}

#[cfg(test)]
mod tests;
