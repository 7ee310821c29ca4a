//! An alarm for each tunnel that the user names.

use std::collections::BTreeMap;

use super::{About, Maker, part};
use crate::generate::published::{Expected, Firewall, Found};
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
        for (name, (owner, tunnel)) in owners {
            // Whichever member is active reads it.
            let all = published.pair(pair);
            let own = (OwnDimension::Tunnel, name);
            let all = all.filter_map(|member| published.detail(member, STATE, own).ok());
            let every_secs = all.map(|found| found.every_secs).max();
            let found = published.detail(owner, STATE, own).map(|found| Found {
                every_secs: every_secs.unwrap_or(found.every_secs),
                ..found
            });
            // A firewall may be called as the pair is, and have a tunnel of this name of its own.
            let slug = format!("pair-tunnel-down-{}", part(name));
            put(maker, slug, tunnel, Text::Fixed(pair.to_owned()), found);
        }
    }
    for firewall in published.alone().filter(|one| one.pair.is_none()) {
        for tunnel in tunnels(firewall) {
            let own = (OwnDimension::Tunnel, tunnel.name.as_str());
            let found = published.detail(firewall, STATE, own);
            let slug = format!("tunnel-down-{}", part(&tunnel.name));
            put(maker, slug, tunnel, firewall.scope(), found);
        }
    }
}

pub(super) fn tunnels(firewall: &Firewall) -> impl Iterator<Item = &Expected> {
    let all = firewall.expected.iter();
    all.filter(|one| one.own == OwnDimension::Tunnel)
}

fn put(
    maker: &mut Maker<'_>,
    slug: String,
    tunnel: &Expected,
    scope: Text,
    found: Result<Found, String>,
) {
    // Absent is down here: the tunnel is expected, and nothing else watches it as closely.
    let missing = match tunnel.may_lack_state {
        true => MissingData::NotBreaching,
        false => MissingData::Breaching,
    };
    let rule = found.map(|found| Rule {
        measure: Measure::One(found.over(Statistic::Minimum, 60)),
        comparison: Comparison::Below,
        threshold: 1.0,
        periods: 3,
        datapoints: 3,
        missing,
    });
    let about = About {
        number: "A10",
        slug,
        scope,
        urgency: Urgency::Page,
        text: DOWN,
        usual_secs: 60,
    };
    maker.put(about, rule);
}

const DOWN: &str = "An expected tunnel is down, or nothing was heard of it, for three minutes (longer than a rekey or a dead-peer check takes). Down and configured: look at the peer and the IKE or handshake log, at UDP 500, 4500 or the tunnel's port, at proposals and keys that changed. Not configured: the name in expect or expect_tunnels is not the one that the firewall lists (of PAN-OS tunnels with proxy ids the name is TUNNEL:PROXY-ID). Nothing heard: fwmetrics or the firewall is silent.";
