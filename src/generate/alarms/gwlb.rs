//! Alarms on the Gateway Load Balancer's own metrics, which nobody has to publish ("CloudWatch metrics for your Gateway
//! Load Balancer": once a minute, and only while traffic flows).

use super::{About, Maker, exact, minute};
use crate::model::alarm::{
    Comparison, Measure, MetricId, MissingData, Parameter, Rule, Statistic, Text, Urgency,
};

pub(super) fn make(maker: &mut Maker<'_>) {
    let settings = maker.settings;
    let unhealthy = rule("UnHealthyHostCount", None, true, Statistic::Maximum);
    let unhealthy = above(unhealthy, settings.unhealthy_firewalls);
    maker.put(
        about("G1", "unhealthy-firewalls".to_owned(), UNHEALTHY),
        Ok(unhealthy),
    );
    let zones = settings.availability_zones.iter().map(Some);
    for zone in std::iter::once(None).chain(zones) {
        let (slug, text, least) = match zone {
            None => (
                "healthy-firewalls".to_owned(),
                HEALTHY,
                settings.healthy_firewalls_min,
            ),
            Some(zone) => (format!("healthy-firewalls-{zone}"), HEALTHY_ZONE, 1),
        };
        let rule = settings.constant_traffic.then(|| {
            below(
                rule("HealthyHostCount", zone, true, Statistic::Minimum),
                least,
            )
        });
        let rule = rule.ok_or_else(|| CONSTANT.to_owned());
        maker.put(about("G2", slug, text), rule);
    }
    let rejected = rule("RejectedFlowCount", None, false, Statistic::Sum);
    let rejected = above(rejected, settings.rejected_flows);
    maker.put(
        about("G3", "rejected-flows".to_owned(), REJECTED),
        Ok(rejected),
    );
}

fn about(number: &'static str, slug: String, text: &'static str) -> About {
    About {
        number,
        slug,
        scope: Text::Given(Parameter::LoadBalancer),
        urgency: Urgency::Page,
        text,
        usual_secs: 60,
    }
}

fn rule(name: &'static str, zone: Option<&String>, of_targets: bool, of: Statistic) -> Measure {
    let zone = zone.map(|zone| ("AvailabilityZone", Text::Fixed(zone.clone())));
    let balancer = ("LoadBalancer", Text::Given(Parameter::LoadBalancer));
    let targets = of_targets.then_some(("TargetGroup", Text::Given(Parameter::TargetGroup)));
    let metric = MetricId {
        namespace: "AWS/GatewayELB".to_owned(),
        name: name.into(),
        dimensions: zone.into_iter().chain([balancer]).chain(targets).collect(),
    };
    Measure::One(minute(metric, of))
}

fn above(measure: Measure, threshold: i64) -> Rule {
    Rule {
        measure,
        comparison: Comparison::Above,
        threshold: exact(threshold),
        periods: 5,
        datapoints: 3,
        missing: MissingData::NotBreaching,
    }
}

fn below(measure: Measure, threshold: i64) -> Rule {
    Rule {
        measure,
        comparison: Comparison::Below,
        threshold: exact(threshold),
        periods: 3,
        datapoints: 3,
        missing: MissingData::Breaching,
    }
}

const CONSTANT: &str = "HealthyHostCount vanishes without traffic, which this alarm takes for a fault: [alarms] constant_traffic = true says that there always is some";
const UNHEALTHY: &str = "More than {threshold} firewalls fail the load balancer's health check in three of five minutes. Flows that they have stay with them, dead or not (unless target failover is rebalance); new ones go to healthy firewalls, and when all are unhealthy to any. Check the answer on the health-check port and that the dataplane forwards; if the firewall is beyond help, terminate it. Right after a launch it may take some minutes by itself.";
const HEALTHY: &str = "The load balancer has fewer than {threshold} healthy firewalls for three minutes, or no traffic at all. One zone's failure may now be an outage. Look at the group's activity (a launch that fails, a hook that nobody completes), at capacity in the zones and at the health check.";
const HEALTHY_ZONE: &str = "An Availability Zone has had no healthy firewall for three minutes, or no traffic at all. Without cross-zone balancing its traffic is lost. Look at the group's activity in that zone (failed launches, capacity) and at the health check; switch cross-zone load balancing on for the time being.";
const REJECTED: &str = "The load balancer rejected more than {threshold} flows a minute in three of five minutes: it has no target that takes them, or its own limits are reached. Check that each enabled zone has healthy targets, and the quota of flows; then ask AWS support with the load balancer's name.";
