//! An alarm for each tunnel that the user names.

use std::collections::BTreeMap;

use super::{About, Maker, minute, part};
use crate::generate::published::{Expected, Firewall};
use crate::model::alarm::{Comparison, Measure, MissingData, Rule, Statistic, Text, Urgency};
use crate::model::dimension::OwnDimension;

const STATE: &str = "TunnelState";

pub(super) fn make(maker: &mut Maker<'_>) {
    let published = maker.published;
    for pair in published.pairs() {
        // Either member may name it; those that publish it do so under the pair's name, one at a time.
        let mut owners: BTreeMap<&str, (&Firewall, &Expected)> = BTreeMap::new();
        for member in published.pair(pair) {
            for one in tunnels(member) {
                let goes = || {
                    published
                        .detail(member, STATE, (one.own, &one.name))
                        .is_ok()
                };
                if !owners.contains_key(one.name.as_str()) || goes() {
                    owners.insert(&one.name, (member, one));
                }
            }
        }
        for (owner, tunnel) in owners.into_values() {
            one(maker, owner, tunnel, Text::Fixed(pair.to_owned()));
        }
    }
    for firewall in published.alone().filter(|one| one.pair.is_none()) {
        for tunnel in tunnels(firewall) {
            one(maker, firewall, tunnel, firewall.scope());
        }
    }
}

fn tunnels(firewall: &Firewall) -> impl Iterator<Item = &Expected> {
    let all = firewall.expected.iter();
    all.filter(|one| one.own == OwnDimension::Tunnel)
}

fn one(maker: &mut Maker<'_>, owner: &Firewall, tunnel: &Expected, scope: Text) {
    let own = (OwnDimension::Tunnel, tunnel.name.as_str());
    // Absent is down here: the tunnel is expected, and nothing else watches it as closely.
    let missing = match tunnel.may_lack_state {
        true => MissingData::NotBreaching,
        false => MissingData::Breaching,
    };
    let rule = maker.published.detail(owner, STATE, own);
    let rule = rule.map(|metric| Rule {
        measure: Measure::One(minute(metric, Statistic::Minimum)),
        comparison: Comparison::Below,
        threshold: 1.0,
        periods: 3,
        datapoints: 3,
        missing,
    });
    let about = About {
        number: "A10",
        slug: format!("tunnel-down-{}", part(&tunnel.name)),
        scope,
        urgency: Urgency::Page,
        text: DOWN,
    };
    maker.put(about, rule);
}

const DOWN: &str = "An expected tunnel is down, or nothing was heard of it, for three minutes (longer than a rekey or a dead-peer check takes). Down and configured: look at the peer and the IKE or handshake log, at UDP 500, 4500 or the tunnel's port, at proposals and keys that changed. Not configured: the name in expect or expect_tunnels is not the one that the firewall lists (of PAN-OS tunnels with proxy ids the name is TUNNEL:PROXY-ID). Nothing heard: fwmetrics or the firewall is silent.";
