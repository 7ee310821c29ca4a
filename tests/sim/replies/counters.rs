//! "show counter global": what has counted nothing is not listed.

use super::super::model::{Firewall, GlobalCounter, Release};
use super::{entry, tags};

/// The counters that a filter lets through.
pub(super) fn global(
    fw: &Firewall,
    second: i64,
    filter: impl Fn(&GlobalCounter) -> bool,
) -> String {
    let row = |(place, counter): (usize, &GlobalCounter)| {
        let value = fw.counter(counter.name, second).unwrap();
        if value == 0 || !filter(counter) {
            return String::new();
        }
        let category = counter.name.split('_').next().unwrap_or_default();
        let fields = tags([
            ("category", &category),
            ("severity", &counter.severity),
            ("value", &value),
            ("rate", &counter.meter.per_second),
            ("aspect", &counter.aspect),
            ("desc", &counter.description),
            ("id", &(2000 + 7 * place)),
        ]);
        // The name stands as an element, or as an attribute.
        entry(counter.name, fw.release == Release::V10_1, &fields)
    };
    let entries: String = fw.counters.iter().enumerate().map(row).collect();
    let counters = match &*entries {
        "" => "<counters/>".to_owned(),
        _ => format!("<counters>\n{entries}</counters>"),
    };
    let dp = &fw.dataplanes[0].name;
    format!("\n<dp>{dp}</dp>\n<global><t>60</t>{counters}</global>\n")
}
