//! The names of series, as `aggregate::label` gives them; what only the account or the run time knows is marked.

use std::borrow::Cow;

use super::firewall::{FOUND, Firewall};
use crate::aggregate::label::{Set, Speaks, Unnamed, WantedSets, sets as sets_of};
use crate::aggregate::window::SeriesKey;
use crate::model::alarm::{Parameter, Text};
use crate::model::datum::{Dimension, Resolution};
use crate::model::dimension::OwnDimension;
use crate::model::identity::{Group, Who};
use crate::model::metric::Metric;
use crate::model::unit::Unit;
use crate::self_metrics::EXPORTER_HEARTBEAT;

/// Marks in place of values; no legal dimension value holds a control character.
const GROUP: &str = "\u{1}group";
const INSTANCE: &str = "\u{1}instance";

type Dimensions = Vec<(&'static str, Option<Text>)>;

fn mark(text: &Text) -> String {
    match text {
        Text::Fixed(value) => value.clone(),
        Text::Given(Parameter::AutoScalingGroup) => GROUP.to_owned(),
        Text::Given(_) => INSTANCE.to_owned(),
    }
}

fn unmark(value: String) -> Option<Text> {
    match value.as_str() {
        GROUP => Some(Text::Given(Parameter::AutoScalingGroup)),
        INSTANCE => Some(Text::Given(Parameter::InstanceId)),
        FOUND => None,
        _ => Some(Text::Fixed(value)),
    }
}

/// The dimension sets of a series that this firewall emits.
pub(super) fn sets(
    firewall: &Firewall,
    metric: &'static Metric,
    own: Option<(OwnDimension, String)>,
    wanted: WantedSets,
) -> Vec<Set> {
    // The heartbeat waits for no reading.
    let ready = firewall.reads_cpu || metric == &EXPORTER_HEARTBEAT;
    let speaks = match (firewall.serves && ready, &firewall.group) {
        (false, _) => Speaks::ForItself,
        (true, None) => Speaks::ForAll,
        (true, Some(_)) => Speaks::ForGroup,
    };
    let key = key(firewall, metric, own);
    sets_of(&key, wanted.spoken(speaks), firewall.pair.is_some())
}

/// Name, unit and dimensions of a series in one set.
pub(super) fn named(
    firewall: &Firewall,
    metric: &'static Metric,
    own: Option<(OwnDimension, String)>,
    set: Set,
) -> Option<(Cow<'static, str>, Unit, Dimensions)> {
    let (name, value) = &firewall.instance;
    let who = Who {
        instance: Some(Dimension {
            name: Cow::Borrowed(name),
            value: mark(value),
        }),
        group: match &firewall.group {
            Some(group) => Group::Known(mark(group)),
            None => Group::None,
        },
        in_service: firewall.serves,
        ha_group: firewall.pair.clone(),
    };
    let unnamed = Unnamed {
        set,
        key: key(firewall, metric, own),
        expected: false,
        timestamp: 0,
        resolution: Resolution::Minute,
        values: Vec::new(),
    };
    let datum = unnamed.name(&who).ok()?;
    let dimensions = datum.dimensions.into_iter();
    let dimensions = dimensions.filter_map(|Dimension { name, value }| match name {
        Cow::Borrowed(name) => Some((name, unmark(value))),
        // Names of dimensions are constants.
        Cow::Owned(_) => None,
    });
    Some((datum.metric, datum.unit, dimensions.collect()))
}

fn key(
    firewall: &Firewall,
    metric: &'static Metric,
    own: Option<(OwnDimension, String)>,
) -> SeriesKey {
    SeriesKey {
        target: firewall.target.clone(),
        metric,
        own,
    }
}
