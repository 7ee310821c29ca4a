//! Series by namespace and dimension set, counted as CloudWatch counts them: each name with its dimensions once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Assumed;
use crate::generate::published::{Firewall, Published, Series};
use crate::model::alarm::Text;
use crate::model::dimension::{AUTO_SCALING_GROUP, FIREWALL, HA_GROUP, INSTANCE_ID, OwnDimension};

/// Series of one dimension set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Their namespace.
    pub namespace: String,
    /// `{InstanceId, Tunnel}`.
    pub dimensions: String,
    /// What one machine with this configuration sends, firewalls that it reads included.
    pub of_one: usize,
    /// Of all machines.
    pub total: usize,
}

pub(super) fn of(published: &Published, assumed: &Assumed) -> Vec<Row> {
    let mut rows: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for series in published.series() {
        let count = count(published, assumed, &series);
        let times = match is_of_this_machine(published, &series) {
            true => assumed.firewalls,
            false => 1,
        };
        let names: Vec<&str> = series.dimensions.iter().map(|(name, _)| *name).collect();
        let place = (
            series.namespace.clone(),
            format!("{{{}}}", names.join(", ")),
        );
        let (of_one, total) = rows.entry(place).or_default();
        *of_one += count;
        *total += count * times;
    }
    let rows = rows.into_iter().filter(|(_, (of_one, _))| *of_one > 0);
    rows.map(|((namespace, dimensions), (of_one, total))| Row {
        namespace,
        dimensions,
        of_one,
        total,
    })
    .collect()
}

/// How many it stands for: a value that is found at run time may be several, and in no group none of the group's goes out.
fn count(published: &Published, assumed: &Assumed, series: &Series) -> usize {
    let of_group = Some(&Text::Given(
        crate::model::alarm::Parameter::AutoScalingGroup,
    ));
    if assumed.is_alone && value(series, AUTO_SCALING_GROUP) == of_group {
        return 0;
    }
    let found = series.dimensions.iter().find(|(_, value)| value.is_none());
    let Some((name, _)) = found else { return 1 };
    let own = OwnDimension::ALL
        .into_iter()
        .find(|own| own.name() == *name);
    match (own, owner(published, series)) {
        (Some(own), Some(firewall)) => assumed.found(firewall, own, published.tunnels_max()),
        _ => 1,
    }
}

fn value<'a>(series: &'a Series, name: &str) -> Option<&'a Text> {
    let mut all = series.dimensions.iter();
    all.find(|(known, _)| *known == name)?.1.as_ref()
}

/// The firewall, or one of the pair, that a fine series is of.
fn owner<'a>(published: &'a Published, series: &Series) -> Option<&'a Firewall> {
    let pair = value(series, HA_GROUP);
    let instance = value(series, INSTANCE_ID).or_else(|| value(series, FIREWALL));
    published.firewalls.iter().find(|one| {
        let in_pair = one.pair.as_ref().map(|pair| Text::Fixed(pair.clone()));
        instance == Some(&one.instance.1) || (pair.is_some() && pair == in_pair.as_ref())
    })
}

/// It is of the machine that fwmetrics runs on and of nobody else: every machine has its own.
fn is_of_this_machine(published: &Published, series: &Series) -> bool {
    let this = published.firewalls.iter().find(|one| one.target.is_none());
    this.is_some_and(|this| value(series, INSTANCE_ID) == Some(&this.instance.1))
}
