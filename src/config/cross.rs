//! Rules between keys: each is placed at the key that came later.

use toml::de::{DeTable, DeValue};

use super::drain_rules;
use super::entries::{collector, entry, reads_elsewhere, table, texts};
use super::sections;
use super::tree::Tree;
use super::words::integer;
use crate::collector::Spec;
use crate::collectors;
use crate::model::faults::Fault;
use crate::publish::settings::CloudWatchSettings;

/// What `period_secs` may be; another value is a fault of its own.
const PERIODS: [i64; 5] = [1, 5, 10, 30, 60];

/// All faults between keys.
pub(super) fn check(tree: &Tree<'_>) -> Vec<Fault> {
    let top = tree.top();
    let mut faults = sample_periods(tree, top);
    faults.extend(external_id(tree, top));
    faults.extend(one_namespace(tree, top));
    faults.extend(both_ways(tree, top));
    faults.extend(disabled_tables(tree, top));
    faults.extend(nothing_runs(tree, top));
    faults.extend(namespaces_twice(tree, top));
    faults.extend(short_periods(tree, top));
    faults.extend(thresholds(tree, top));
    faults.extend(drain_rules::check(tree, top));
    faults
}

/// Thresholds that only make sense in this order, the lowest first: table, keys, and what each key is of.
type Rising = (&'static str, &'static [(&'static str, &'static str)]);
const RISING: [Rising; 2] = [
    (
        "alarms",
        &[
            ("session_table_warn_percent", "A3"),
            ("session_table_page_percent", "A3"),
        ],
    ),
    (
        "scaling",
        &[
            ("scale_in_percent", "P4"),
            ("target_percent", "P1"),
            ("step_percent", "P2"),
            ("second_step_percent", "P2"),
        ],
    ),
];

/// One that is not below the next: what adds and what takes away would chase each other. What is disabled does neither,
/// and those on both sides of it are neighbours.
fn thresholds(tree: &Tree<'_>, top: &DeTable<'_>) -> Vec<Fault> {
    RISING
        .into_iter()
        .filter_map(|(name, keys)| Some((name, table(top, name)?, keys)))
        .flat_map(|(name, written, keys)| {
            let disabled = texts(written, "disable");
            let keys = keys.iter().filter(|(_, of)| !disabled.contains(of));
            let keys: Vec<&str> = keys.map(|(key, _)| *key).collect();
            falling(tree, name, written, &keys)
        })
        .collect()
}

fn falling(tree: &Tree<'_>, name: &str, written: &DeTable<'_>, keys: &[&str]) -> Vec<Fault> {
    let tables = sections::all();
    let fault = |low: &str, high: &str| {
        let value = |key: &str| match entry(written, key) {
            Some((_, value)) => integer(value),
            None => {
                let schema = tables.iter().find(|table| table.path == name)?;
                let key = schema.keys.iter().find(|known| known.name == key)?;
                key.default.toml()?.parse().ok()
            }
        };
        let (less, more) = (value(low)?, value(high)?);
        let places = [low, high].map(|key| entry(written, key).map(|(start, _)| start));
        let start = places.into_iter().flatten().max()?;
        let key = if places[0] == Some(start) { low } else { high };
        (less >= more).then(|| Fault {
            place: tree.place(start),
            key: format!("{name}.{key}"),
            wrong: format!("{low} = {less} is not below {high} = {more}"),
            remedy: format!("write {low} lower or {high} higher"),
        })
    };
    let pairs = keys.windows(2);
    pairs.filter_map(|pair| fault(pair[0], pair[1])).collect()
}

/// `[cloudwatch] period_secs` and where it stands; `None` where it is a fault of its own.
fn period(top: &DeTable<'_>) -> Option<(Option<usize>, i64)> {
    let configured = table(top, "cloudwatch").and_then(|table| entry(table, "period_secs"));
    let period = configured.map_or(Some(60), |(_, value)| integer(value));
    let period = period.filter(|period| PERIODS.contains(period))?;
    Some((configured.map(|(start, _)| start), period))
}

/// A collector's `sample_secs` divides `[cloudwatch] period_secs` or is a multiple of it; of one that reads firewalls
/// from elsewhere, once a window at the most, it is a multiple.
fn sample_periods(tree: &Tree<'_>, top: &DeTable<'_>) -> Vec<Fault> {
    let Some((_, period)) = period(top) else {
        return Vec::new();
    };
    let divisors: Vec<String> = (1..=period)
        .filter(|number| period % number == 0)
        .map(|number| number.to_string())
        .collect();
    let unfit = |(start, sample): (usize, i64), spec: &Spec| {
        let divides = spec.remote.is_none() && period % sample.max(1) == 0;
        let fits = sample < 1 || divides || sample % period == 0;
        let (wrong, remedy) = if spec.remote.is_some() {
            (
                format!("{sample} is no multiple of period_secs = {period}"),
                format!("write {period} or a multiple of it"),
            )
        } else {
            (
                format!("{sample} neither divides period_secs = {period} nor is a multiple of it"),
                format!(
                    "write one of {}, or a multiple of {period}",
                    divisors.join(", ")
                ),
            )
        };
        (!fits).then(|| Fault {
            place: tree.place(start),
            key: format!("collectors.{}.sample_secs", spec.name),
            wrong,
            remedy,
        })
    };
    let configured = collectors::ALL.iter().filter_map(|spec| {
        let (start, value) = entry(collector(top, spec.name)?, "sample_secs")?;
        unfit((start, integer(value)?), spec)
    });
    configured.collect()
}

/// Windows that are shorter than a remote collector can serve, where it has a firewall or may have one at any time.
fn short_periods(tree: &Tree<'_>, top: &DeTable<'_>) -> Vec<Fault> {
    let Some((Some(start), period)) = period(top) else {
        return Vec::new();
    };
    let remote = collectors::ALL
        .iter()
        .filter(|spec| reads_elsewhere(top, spec));
    let least = remote.filter_map(|spec| Some((spec, spec.remote?.period_secs_least)));
    least
        .filter(|(_, least)| period < *least)
        .map(|(spec, least)| Fault {
            place: tree.place(start),
            key: "cloudwatch.period_secs".to_owned(),
            wrong: format!(
                "{period} is too short for the firewalls of [collectors.{}]",
                spec.name
            ),
            remedy: {
                let fit = PERIODS.iter().filter(|period| **period >= least);
                let fit: Vec<String> = fit.map(i64::to_string).collect();
                format!("write one of {}", fit.join(", "))
            },
        })
        .collect()
}

fn external_id(tree: &Tree<'_>, top: &DeTable<'_>) -> Option<Fault> {
    let cloudwatch = table(top, "cloudwatch")?;
    let (start, _) = entry(cloudwatch, "external_id")?;
    entry(cloudwatch, "role_arn").is_none().then(|| Fault {
        place: tree.place(start),
        key: "cloudwatch.external_id".to_owned(),
        wrong: "has no role to go with".to_owned(),
        remedy: "set role_arn, or take it out".to_owned(),
    })
}

/// The VM-Series plugin's names in the namespace of ours, shown where one of the two is written.
fn one_namespace(tree: &Tree<'_>, top: &DeTable<'_>) -> Option<Fault> {
    let cloudwatch = table(top, "cloudwatch")?;
    let aliases = table(cloudwatch, "vmseries")?;
    let (ours, theirs) = (entry(cloudwatch, "namespace"), entry(aliases, "namespace"));
    let written = |entry: Option<(_, &'_ DeValue<'_>)>, default: &str| match entry {
        Some((_, value)) => value.as_str().map(ToOwned::to_owned),
        None => Some(default.to_owned()),
    };
    let defaults = CloudWatchSettings::default();
    let one = written(theirs, defaults.vmseries_namespace())?;
    let (start, _) = theirs.or(ours)?;
    (written(ours, &defaults.namespace)? == one).then(|| Fault {
        place: tree.place(start),
        key: "cloudwatch.vmseries.namespace".to_owned(),
        wrong: format!("{one:?} is the same namespace as that of [cloudwatch]"),
        remedy: "write another one for one of the two".to_owned(),
    })
}

/// The same metric in `enable` and `disable`.
fn both_ways(tree: &Tree<'_>, top: &DeTable<'_>) -> Vec<Fault> {
    let Some(metrics) = table(top, "metrics") else {
        return Vec::new();
    };
    let disabled: Vec<&str> = texts(metrics, "disable");
    let start = entry(metrics, "disable").map_or(0, |(start, _)| start);
    texts(metrics, "enable")
        .into_iter()
        .filter(|name| disabled.contains(&name.split(':').next().unwrap_or(name)))
        .map(|name| Fault {
            place: tree.place(start),
            key: "metrics.disable".to_owned(),
            wrong: format!("disables {name:?}, which enable asks for"),
            remedy: "take it out of one of the two".to_owned(),
        })
        .collect()
}

/// `[collectors.NAME]` of a collector that is disabled.
fn disabled_tables(tree: &Tree<'_>, top: &DeTable<'_>) -> Vec<Fault> {
    let Some(all) = table(top, "collectors") else {
        return Vec::new();
    };
    texts(all, "disable")
        .into_iter()
        .filter_map(|name| entry(all, name))
        .map(|(start, _)| Fault {
            place: tree.place(start),
            key: "collectors".to_owned(),
            wrong: "this collector is in disable".to_owned(),
            remedy: "take it out of disable, or its table away".to_owned(),
        })
        .collect()
}

/// `auto = false` and no collector with a table: heartbeats of a firewall that nobody looks at.
fn nothing_runs(tree: &Tree<'_>, top: &DeTable<'_>) -> Option<Fault> {
    let all = table(top, "collectors")?;
    let (start, auto) = entry(all, "auto")?;
    let tables = collectors::ALL.iter().any(|spec| match spec.remote {
        Some(_) => reads_elsewhere(top, spec),
        None => table(all, spec.name).is_some(),
    });
    (auto.as_bool() == Some(false) && !tables).then(|| Fault {
        place: tree.place(start),
        key: "collectors.auto".to_owned(),
        wrong: "no collector would run".to_owned(),
        remedy: "add the tables of those that shall, such as [collectors.cpu]".to_owned(),
    })
}

/// The same entry twice in `[collectors.conntrack] netns`.
fn namespaces_twice(tree: &Tree<'_>, top: &DeTable<'_>) -> Vec<Fault> {
    let Some(conntrack) = collector(top, "conntrack") else {
        return Vec::new();
    };
    let start = entry(conntrack, "netns").map_or(0, |(start, _)| start);
    let names = texts(conntrack, "netns");
    let twice = names
        .iter()
        .enumerate()
        .filter(|(at, name)| names[..*at].contains(name));
    twice
        .map(|(at, name)| Fault {
            place: tree.place(start),
            key: format!("collectors.conntrack.netns[{at}]"),
            wrong: format!("{name:?} stands twice"),
            remedy: "take one out".to_owned(),
        })
        .collect()
}
