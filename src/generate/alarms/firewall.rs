//! Alarms of a firewall that stands alone: in a group instances come and go, and alarms on them would rot.

use super::table::{NOBODY_ALONE, OF_FIREWALL};
use super::tunnels::tunnels;
use super::{About, Maker};
use crate::model::alarm::{Comparison, Measure, MissingData, Rule, Statistic, Urgency};
use crate::model::dimension::OwnDimension;

pub(super) fn make(maker: &mut Maker<'_>) {
    left_out(maker);
    for firewall in maker.published.alone() {
        for row in &OF_FIREWALL {
            let found = maker.published.own(firewall, row.metric);
            let about = About {
                number: row.number,
                slug: row.slug.to_owned(),
                scope: firewall.scope(),
                urgency: row.urgency,
                text: row.text,
                usual_secs: row.period_secs,
            };
            let rule = found.map(|found| row.rule(found, maker.settings));
            maker.put(about, rule);
        }
        for (collector, _) in firewall.collectors.iter().filter(|(_, is_named)| *is_named) {
            let own = (OwnDimension::Collector, *collector);
            let found = maker.published.detail(firewall, "CollectorUp", own);
            let about = About {
                number: "A14",
                slug: format!("collector-{collector}"),
                scope: firewall.scope(),
                urgency: Urgency::Warn,
                text: BROKEN,
                usual_secs: 60,
            };
            let rule = found.map(|found| Rule {
                measure: Measure::One(found.over(Statistic::Minimum, 60)),
                comparison: Comparison::Below,
                threshold: 1.0,
                periods: 5,
                datapoints: 5,
                missing: MissingData::NotBreaching,
            });
            maker.put(about, rule);
        }
    }
}

/// What firewalls in a group would have if they stood alone.
fn left_out(maker: &mut Maker<'_>) {
    for firewall in maker.published.grouped() {
        let rows = OF_FIREWALL.iter();
        let mut own: Vec<_> = rows
            .filter(|row| maker.published.own(firewall, row.metric).is_ok())
            .map(|row| (row.number, row.slug))
            .collect();
        let is_named = firewall.collectors.iter().any(|(_, is_named)| *is_named);
        own.extend(is_named.then_some(("A14", "collectors")));
        let expects = firewall.pair.is_none() && tunnels(firewall).next().is_some();
        own.extend(expects.then_some(("A10", "tunnels")));
        for (number, slug) in own {
            let why = NOBODY_ALONE.to_owned();
            maker
                .missing
                .add(number, slug.to_owned(), why, Some(firewall.scope()));
        }
    }
}

const BROKEN: &str = "A collector of fwmetrics has failed at least once in each of five minutes: its source is there and cannot be read, so its metrics are missing and the alarms on them see nothing. The log (journalctl -u fwmetrics) and `fwmetrics once --only NAME` say why: a permission, a daemon that hangs, a refused key or an unreachable firewall.";
