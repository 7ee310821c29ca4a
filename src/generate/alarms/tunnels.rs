//! An alarm for each tunnel that the user names.

use std::collections::BTreeMap;

use super::{About, Maker, minute, part};
use crate::generate::published::Firewall;
use crate::model::alarm::{
    Comparison, Measure, MetricId, MissingData, Rule, Statistic, Text, Urgency,
};
use crate::model::dimension::OwnDimension;

pub(super) fn make(maker: &mut Maker<'_>) {
    let published = maker.published;
    for pair in published.pairs() {
        // Either member may name it; both publish it under the pair's name, one at a time.
        let mut owners: BTreeMap<&str, &Firewall> = BTreeMap::new();
        for member in published.pair(pair) {
            owners.extend(tunnels(member).map(|tunnel| (tunnel, member)));
        }
        for (tunnel, owner) in owners {
            one(maker, owner, tunnel, Text::Fixed(pair.to_owned()));
        }
    }
    for firewall in published.alone().filter(|one| one.pair.is_none()) {
        for tunnel in tunnels(firewall) {
            one(maker, firewall, tunnel, firewall.scope());
        }
    }
}

fn tunnels(firewall: &Firewall) -> impl Iterator<Item = &str> {
    let all = firewall.expected.iter();
    all.filter_map(|(own, name)| (*own == OwnDimension::Tunnel).then_some(name.as_str()))
}

fn one(maker: &mut Maker<'_>, owner: &Firewall, tunnel: &str, scope: Text) {
    let own = (OwnDimension::Tunnel, tunnel);
    let rule = maker.published.detail(owner, "TunnelState", own).map(down);
    let about = About {
        number: "A10",
        slug: format!("tunnel-down-{}", part(tunnel)),
        scope,
        urgency: Urgency::Page,
        text: DOWN,
    };
    maker.put(about, rule);
}

/// Absent is down here: the tunnel is expected, and who watches it is watched by nobody else as closely.
fn down(metric: MetricId) -> Rule {
    Rule {
        measure: Measure::One(minute(metric, Statistic::Minimum)),
        comparison: Comparison::Below,
        threshold: 1.0,
        periods: 3,
        datapoints: 3,
        missing: MissingData::Breaching,
    }
}

const DOWN: &str = "An expected tunnel is down, or nothing was heard of it, for three minutes (longer than a rekey or a dead-peer check takes). Down and configured: look at the peer and the IKE or handshake log, at UDP 500, 4500 or the tunnel's port, at proposals and keys that changed. Not configured: the name in expect or expect_tunnels is not the one that the firewall lists (of PAN-OS tunnels with proxy ids the name is TUNNEL:PROXY-ID). Nothing heard: fwmetrics or the firewall is silent.";
