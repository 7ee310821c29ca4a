//! `fwmetrics metrics`: the catalogue as table, JSON or Markdown. The README's table is the Markdown.

use std::fmt::Write;

use serde::Serialize;

use crate::catalogue::{self, Entry, Platform};
use crate::model::prices::Prices;

#[derive(Serialize)]
struct Row {
    metric: &'static str,
    unit: &'static str,
    sets: String,
    default: bool,
    /// US dollars a month for its coarse series, of one firewall alone in its group.
    usd_month: f64,
    active_only: bool,
    collectors: Vec<&'static str>,
    meaning: &'static str,
    /// What `[cloudwatch.vmseries]` calls it.
    vmseries: Option<Other>,
}

#[derive(Serialize)]
struct Other {
    metric: &'static str,
    unit: &'static str,
}

fn rows(prices: &Prices) -> Vec<Row> {
    let row = |Entry { metric, sources }: Entry| Row {
        metric: metric.name,
        unit: metric.unit.as_str(),
        sets: catalogue::sets_shown(metric),
        default: metric.on,
        usd_month: catalogue::usd_month(metric, prices),
        active_only: metric.active_only,
        collectors: sources,
        meaning: metric.help,
        vmseries: metric.vmseries.map(|alias| Other {
            metric: alias.name,
            unit: alias.unit.as_str(),
        }),
    };
    catalogue::all().into_iter().map(row).collect()
}

/// For programs.
#[must_use]
pub fn json(prices: &Prices) -> String {
    serde_json::to_string_pretty(&rows(prices)).unwrap_or_default() + "\n"
}

/// For the README.
#[must_use]
pub fn markdown(prices: &Prices) -> String {
    let mut out = String::from(
        "| Metric | Unit | Dimension sets | Default | $/month | From | Meaning |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows(prices) {
        let dagger = if row.active_only { " †" } else { "" };
        let _ = writeln!(
            out,
            "| `{}`{dagger} | {} | {} | {} | {:.2} | {} | {} |",
            row.metric,
            row.unit,
            row.sets,
            on(row.default),
            row.usd_month,
            row.collectors.join(", "),
            row.meaning
        );
    }
    out.push_str("\n† withheld while the firewall is the passive member of a pair.\n");
    let _ = writeln!(out, "\n{}", ceiling(prices));
    out.push_str("\nWith `[cloudwatch.vmseries]` PAN-OS firewalls publish under Palo Alto's own names too:\n\n");
    for (row, other) in aliases(&rows(prices)) {
        let (metric, unit) = (other.metric, other.unit);
        let _ = writeln!(out, "- `{metric}` ({unit}): `{}`", row.metric);
    }
    let _ = writeln!(out, "\n{}", aliases_cost(prices));
    out
}

/// For people.
#[must_use]
pub fn table(prices: &Prices) -> String {
    let rows = rows(prices);
    let widest = |cell: fn(&Row) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let (name, unit, sets) = (
        widest(|r| r.metric.len()),
        widest(|r| r.unit.len()),
        widest(|r| r.sets.len()),
    );
    let mut out = format!(
        "{:<name$}  {:<unit$}  {:<7}  {:>7}  {:<sets$}  FROM\n",
        "METRIC", "UNIT", "DEFAULT", "$/MONTH", "SETS"
    );
    for row in &rows {
        let from = row.collectors.join(", ");
        let _ = writeln!(
            out,
            "{:<name$}  {:<unit$}  {:<7}  {:>7.2}  {:<sets$}  {from}",
            row.metric,
            row.unit,
            on(row.default),
            row.usd_month,
            row.sets
        );
    }
    let _ = writeln!(out, "\n{}", ceiling(prices));
    let aliases = aliases(&rows);
    let widest = aliases.iter().map(|(_, other)| other.metric.len());
    let other = widest.max().unwrap_or(0);
    let _ = writeln!(
        out,
        "\n{:<other$}  {:<15}  IS",
        "[CLOUDWATCH.VMSERIES]", "UNIT"
    );
    for (row, alias) in aliases {
        let (metric, unit) = (alias.metric, alias.unit);
        let _ = writeln!(out, "{metric:<other$}  {unit:<15}  {}", row.metric);
    }
    let _ = writeln!(out, "\n{}", aliases_cost(prices));
    out
}

/// What has another name in `[cloudwatch.vmseries]`, by that name.
fn aliases(rows: &[Row]) -> Vec<(&Row, &Other)> {
    let mut aliases: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row, row.vmseries.as_ref()?)))
        .collect();
    aliases.sort_by_key(|(_, other)| other.metric);
    aliases
}

fn on(default: bool) -> &'static str {
    if default { "on" } else { "opt-in" }
}

fn ceiling(prices: &Prices) -> String {
    let [linux, panos] = [Platform::Linux, Platform::PanOs].map(|platform| {
        let (fleet, instance) = catalogue::default_series(platform);
        let name = platform.name();
        format!("a {name} firewall makes at most {instance} series in {{InstanceId}} and {fleet} in {{AutoScalingGroupName}}")
    });
    format!(
        "By default {linux}, and {panos}; the latter are shared by its group. Each series costs ${:.2} a month ({}), the $ column counts coarse ones. Fine series come on top: by default one for each collector, tunnel (two where it is monitored) and HA link, others by core, interface or peer when opted in. A PAN-OS firewall with three tunnels in a pair has 35 of its own by default, one with 50 monitored tunnels 134.",
        prices.metric,
        prices.whose()
    )
}

fn aliases_cost(prices: &Prices) -> String {
    format!(
        "Each of them is one series without dimensions for all firewalls, and one by {{AutoScalingGroupName}} for each group, ${:.2} a month each; they are on and off with the metrics they are made of.",
        prices.metric
    )
}
