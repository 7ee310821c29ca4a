//! Alarms of an Auto Scaling group.

use super::table::OF_GROUP;
use super::{About, Maker, exact, minute};
use crate::generate::published::Found;
use crate::model::alarm::{
    Comparison, Measure, MetricId, MissingData, Rule, Statistic, Text, Urgency,
};
use crate::model::dimension::AUTO_SCALING_GROUP;
use crate::model::math::Math;

/// How many members of a group are in service, as Auto Scaling says where group metrics are enabled ("Monitor CloudWatch
/// metrics for your Auto Scaling groups and instances": once a minute, by {AutoScalingGroupName}).
pub(in crate::generate) fn in_service(group: &Text) -> MetricId {
    MetricId {
        namespace: "AWS/AutoScaling".to_owned(),
        name: "GroupInServiceInstances".into(),
        dimensions: vec![(AUTO_SCALING_GROUP, group.clone())],
    }
}

pub(super) fn make(maker: &mut Maker<'_>) {
    for group in maker.published.groups() {
        let gap = reporting_gap(maker, &group);
        maker.put(
            about("A1", "reporting-gap", &group, Urgency::Page, GAP),
            gap,
        );
        for row in &OF_GROUP {
            let found = maker.published.fleet(&group, row.metric);
            let rule = found.map(|found| row.rule(found, maker.settings));
            let about = About {
                usual_secs: row.period_secs,
                ..about(row.number, row.slug, &group, row.urgency, row.text)
            };
            maker.put(about, rule);
        }
        let drops = packet_drops(maker, &group);
        maker.put(
            about("A15", "packet-drops", &group, Urgency::Warn, DROPS),
            drops,
        );
    }
}

fn about(
    number: &'static str,
    slug: &str,
    group: &Text,
    urgency: Urgency,
    text: &'static str,
) -> About {
    About {
        number,
        slug: slug.to_owned(),
        scope: group.clone(),
        urgency,
        text,
        usual_secs: 60,
    }
}

const GAP: &str = "More than {threshold} firewalls that Auto Scaling has in service did not report for five minutes: fwmetrics is stopped there, the instance hangs, or its way to CloudWatch is cut. The group's averages leave them out, and scaling acts on the rest alone. Compare the instances in service with those that have ExporterHeartbeat by InstanceId; on the missing one systemctl status fwmetrics and its log name the reason. Without data while firewalls run: enable the group's metrics (GroupInServiceInstances).";

/// Heartbeats against members in service. A heartbeat comes some seconds after its minute, and Auto Scaling's number up
/// to minutes: the newest points may be bad, or not there yet, so five of seven. Arithmetic takes a missing value for 0,
/// so that without the group's metrics nobody would ever be missed: IF has no point where its condition has none.
fn reporting_gap(maker: &Maker<'_>, group: &Text) -> Result<Rule, String> {
    let beats = maker.published.fleet(group, "ExporterHeartbeat")?;
    Ok(Rule {
        measure: Measure::Math {
            inputs: vec![
                ("n", minute(in_service(group), Statistic::Minimum)),
                ("beats", minute(beats.id, Statistic::SampleCount)),
            ],
            result: Math::input("n").if_above(
                0.0,
                Math::input("n").minus(Math::input("beats").fill(0.0)),
                Math::Number(0.0),
            ),
        },
        comparison: Comparison::Above,
        threshold: exact(maker.settings.silent_firewalls),
        periods: 7,
        datapoints: 5,
        missing: MissingData::Missing,
    })
}

const DROPS: &str = "The group's firewalls dropped more than {threshold} received packets a minute at their rings or core backlogs: packets come faster than the cores take them. Look at DataplaneCpuMaxCore and SoftnetSqueezes; spread interrupts and queues over the cores, raise ring sizes and netdev_max_backlog or budget, or take more or larger firewalls.";

/// Rings and backlogs together; of a firewall without backlogs the rings.
fn packet_drops(maker: &Maker<'_>, group: &Text) -> Result<Rule, String> {
    let of = |name| maker.published.fleet(group, name);
    let sum = |found: Found| found.over(Statistic::Sum, 60);
    let measure = match (of("RxDrops"), of("SoftnetDrops")) {
        (Ok(rings), Ok(backlogs)) => {
            let mut both = [rings, backlogs];
            Found::together(&mut both);
            let [rings, backlogs] = both.map(sum);
            Measure::Math {
                inputs: vec![("rings", rings), ("backlogs", backlogs)],
                result: Math::input("rings").plus(Math::input("backlogs")),
            }
        }
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => Measure::One(sum(one)),
        (Err(why), Err(_)) => return Err(why),
    };
    Ok(Rule {
        measure,
        comparison: Comparison::Above,
        threshold: exact(maker.settings.packet_drops),
        periods: 5,
        datapoints: 3,
        missing: MissingData::NotBreaching,
    })
}
