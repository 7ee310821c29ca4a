//! Alarms of an active/passive pair.

use super::{About, Maker};
use crate::generate::published::Found;
use crate::model::alarm::{
    Comparison, Measure, MissingData, Parameter, Rule, Statistic, Text, Urgency,
};
use crate::model::dimension::INSTANCE_ID;
use crate::model::math::Math;
use crate::model::names::HA_ACTIVE;

pub(super) fn make(maker: &mut Maker<'_>) {
    let published = maker.published;
    let halves = published.pairs().into_iter();
    let halves = halves
        .filter(|pair| published.pair(pair).count() == 1)
        .count();
    for pair in published.pairs() {
        let members = members(maker, pair, halves == 1);
        for (slug, text, rule) in [
            ("nobody-active", NOBODY, nobody as fn(&[Found]) -> Rule),
            ("both-active", BOTH, both),
        ] {
            let about = About {
                number: "A13",
                slug: slug.to_owned(),
                scope: Text::Fixed(pair.to_owned()),
                urgency: Urgency::Page,
                text,
                usual_secs: 60,
            };
            maker.put(about, members.clone().map(|members| rule(&members)));
        }
    }
}

/// `HaActive` of every member; where only one is configured here, of the one that a parameter names.
fn members(maker: &Maker<'_>, pair: &str, may_ask: bool) -> Result<Vec<Found>, String> {
    let own = |member| maker.published.own(member, HA_ACTIVE);
    let members = maker.published.pair(pair).take(IDS.len()).map(own);
    let mut members: Vec<Found> = members.collect::<Result<_, _>>()?;
    if let [one] = members.as_slice() {
        if !may_ask {
            return Err(
                "its other member is not configured here, and one parameter cannot name those of several pairs"
                    .to_owned(),
            );
        }
        // Read as often as the one that is known.
        let mut other = one.clone();
        other.id.dimensions = vec![(INSTANCE_ID, Text::Given(Parameter::PeerInstanceId))];
        members.push(other);
    }
    Ok(members)
}

const IDS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// How many members say that they are active: a Sum over samples would count passes. `filled` is for a point that is
/// missing.
fn active(members: &[Found], filled: bool) -> Measure {
    let ids = || IDS.iter().copied();
    let mut members = members.to_vec();
    Found::together(&mut members);
    let count = members.len();
    let stats = members.into_iter();
    let stats = stats.map(|found| found.over(Statistic::Maximum, 60));
    let term = |id| match filled {
        true => Math::input(id).fill(0.0),
        false => Math::input(id),
    };
    let rest = ids().skip(1).take(count.saturating_sub(1));
    Measure::Math {
        inputs: ids().zip(stats).collect(),
        result: rest.fold(term(IDS[0]), |sum, id| sum.plus(term(id))),
    }
}

/// A member that is silent is not known to be active. With FILL the newest point, of which nothing has come yet, is bad:
/// four of four are three minutes of readings.
fn nobody(members: &[Found]) -> Rule {
    Rule {
        measure: active(members, true),
        comparison: Comparison::Below,
        threshold: 1.0,
        periods: 4,
        datapoints: 4,
        missing: MissingData::Breaching,
    }
}

/// Not filled: with FILL the newest point, of which nothing has come yet, would be good for ever (user guide, FILL).
fn both(members: &[Found]) -> Rule {
    Rule {
        measure: active(members, false),
        comparison: Comparison::Above,
        threshold: 1.0,
        periods: 3,
        datapoints: 3,
        missing: MissingData::NotBreaching,
    }
}

const NOBODY: &str = "No member of the pair has said for three minutes that it is active: nobody may be forwarding. Log in to both: show high-availability state on PAN-OS, the keepalived log on Linux. Suspended or non-functional members name the reason (a monitored path or interface, a failed commit, a licence). If one is active after all, it is fwmetrics on it, or its poller, that is silent.";
const BOTH: &str = "Both members of the pair say that they are active: split brain. Both claim addresses and routes, and sessions break. Restore the link between them (HA1 and its backup, VRRP adverts: protocol 112 or the unicast peers in the security group); until then suspend one member. A failover counts in one minute only and does not raise this.";
