//! Prometheus text exposition, format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats, read 2026-11-21):
//! `once --format prometheus` and `/metrics`.
//!
//! A family is a metric: `fwmetrics_`, the name in snake case, the unit, and `_total` where it is a counter. Labels are
//! the metric's own dimension and, of a remote firewall, `target`. A metric with fine series has them in the same
//! family as its coarse one, which lacks their label: `{core=""}` selects the one, `{core!=""}` the others, and a sum
//! over both would count twice. Fine series are there only when they are opted in, and HELP says it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use crate::aggregate::aggregator::Emitted;
use crate::aggregate::fold::newest;
use crate::aggregate::window::{SeriesKey, Target};
use crate::model::metric::Metric;
use crate::render::family::{Type, family, help, snake};
use crate::self_metrics::{COLLECTOR_DURATION_METRIC, COLLECTOR_UP_METRIC};

/// The media type of what [`Exposition::text`] gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What tells the lines of a family apart, in this order.
pub type Labels = Vec<(Cow<'static, str>, String)>;

#[derive(Debug, Clone)]
struct Family {
    kind: Type,
    help: Cow<'static, str>,
    lines: BTreeMap<Labels, f64>,
}

/// Families with their values, by name: one family stands together, and no line twice.
#[derive(Debug, Clone, Default)]
pub struct Exposition {
    families: BTreeMap<Cow<'static, str>, Family>,
}

impl Exposition {
    /// One value of one series; of a counter the total.
    pub fn series(&mut self, key: &SeriesKey, kind: Type, value: f64) {
        let own = key.own.iter();
        let own = own.map(|(own, value)| (snake(own.name()).into(), value.clone()));
        let labels = own.chain(target_label(&key.target)).collect();
        let (name, help) = (family(key.metric, kind), help(key.metric));
        self.line(name.into(), kind, help, labels, value);
    }

    /// The newest value; of a counter its increase, as the total since the pass before.
    pub fn emitted(&mut self, value: &Emitted) {
        if let Some(newest) = newest(&value.fine) {
            self.series(&value.key, Type::of(value), newest);
        }
    }

    /// One value of a metric of the catalogue that is told apart by these labels alone.
    pub fn metric(&mut self, metric: &'static Metric, kind: Type, labels: Labels, value: f64) {
        let (name, help) = (family(metric, kind), metric.help.into());
        self.line(name.into(), kind, help, labels, value);
    }

    /// One value that CloudWatch does not get.
    pub fn own(
        &mut self,
        name: &'static str,
        kind: Type,
        help: &'static str,
        labels: Labels,
        value: f64,
    ) {
        self.line(name.into(), kind, help.into(), labels, value);
    }

    fn line(
        &mut self,
        name: Cow<'static, str>,
        kind: Type,
        help: Cow<'static, str>,
        labels: Labels,
        value: f64,
    ) {
        let new = || Family {
            kind,
            help,
            lines: BTreeMap::new(),
        };
        let family = self.families.entry(name).or_insert_with(new);
        family.lines.insert(labels, value);
    }

    /// Which fwmetrics this is.
    pub fn build_info(&mut self) {
        let version = vec![("version".into(), env!("CARGO_PKG_VERSION").to_owned())];
        let help = "1; the version is in its label";
        self.own("fwmetrics_build_info", Type::Gauge, help, version, 1.0);
    }

    /// How a collector's newest pass went: 1 or 0, and how long it took.
    pub fn collector(&mut self, name: &'static str, target: &Target, up: f64, took_ms: f64) {
        let labels: Labels = std::iter::once(("collector".into(), name.to_owned()))
            .chain(target_label(target))
            .collect();
        let (up_metric, took_metric) = (&COLLECTOR_UP_METRIC, &COLLECTOR_DURATION_METRIC);
        self.metric(up_metric, Type::Gauge, labels.clone(), up);
        self.metric(took_metric, Type::Gauge, labels, took_ms);
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (name, family) in &self.families {
            let kind = match family.kind {
                Type::Counter => "counter",
                Type::Gauge => "gauge",
            };
            out.push_str(&format!("# HELP {name} "));
            escape(&mut out, &family.help, false);
            out.push_str(&format!("\n# TYPE {name} {kind}\n"));
            for (labels, value) in &family.lines {
                line(&mut out, name, labels, *value);
            }
        }
        out
    }
}

/// The label of a remote firewall.
#[must_use]
pub fn target_label(target: &Target) -> Option<(Cow<'static, str>, String)> {
    let target = target.as_ref()?;
    Some(("target".into(), target.to_string()))
}

fn line(out: &mut String, name: &str, labels: &Labels, value: f64) {
    out.push_str(name);
    let mut before = '{';
    for (label, text) in labels {
        out.push(before);
        out.push_str(label);
        out.push_str("=\"");
        escape(out, text, true);
        out.push('"');
        before = ',';
    }
    if !labels.is_empty() {
        out.push('}');
    }
    // Writing to a String cannot fail. No value of ours is infinite or NaN.
    let _ = writeln!(out, " {value}");
}

/// Backslash and line feed are escaped everywhere, the quote in label values only.
fn escape(out: &mut String, text: &str, quoted: bool) {
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quoted => out.push_str("\\\""),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dimension::OwnDimension;
    use crate::model::metric::{Detail, Sets};
    use crate::model::unit::Unit;

    static METRIC: Metric = Metric::new(
        "Odd",
        Unit::Count,
        Sets::Instance,
        "a \\ and \"quotes\"\nand a line",
    )
    .detail(Detail::OptIn(OwnDimension::Tunnel));

    #[test]
    fn text_is_escaped_as_the_format_says() {
        let mut exposition = Exposition::default();
        let key = |target: Option<&str>, own: Option<&str>| SeriesKey {
            target: target.map(Into::into),
            metric: &METRIC,
            own: own.map(|value| (OwnDimension::Tunnel, value.to_owned())),
        };
        exposition.series(&key(None, None), Type::Counter, 3.0);
        exposition.series(&key(Some("fw-a"), Some("a\"b\\c\nd")), Type::Counter, 1.5);
        assert_eq!(
            exposition.text(),
            "# HELP fwmetrics_odd_total a \\\\ and \"quotes\"\\nand a line. The line without tunnel is of all together: do not add it to the others\n\
             # TYPE fwmetrics_odd_total counter\n\
             fwmetrics_odd_total 3\n\
             fwmetrics_odd_total{tunnel=\"a\\\"b\\\\c\\nd\",target=\"fw-a\"} 1.5\n"
        );
    }

    #[test]
    fn a_series_has_one_line_and_a_family_one_head() {
        let mut exposition = Exposition::default();
        let key = SeriesKey {
            target: None,
            metric: &METRIC,
            own: None,
        };
        exposition.series(&key, Type::Gauge, 1.0);
        exposition.build_info();
        exposition.series(&key, Type::Gauge, 2.0);
        let text = exposition.text();
        assert_eq!(text.matches("# TYPE").count(), 2, "{text}");
        assert!(
            text.contains("\nfwmetrics_odd 2\n") && !text.contains("fwmetrics_odd 1"),
            "{text}"
        );
        assert!(
            text.ends_with("fwmetrics_odd 2\n"),
            "the last line ends: {text}"
        );
    }
}
