//! The bill for people.

use std::fmt::Write;

use super::{Assumed, Bill};

/// Opt-ins that are listed one by one.
const OPT_INS: usize = 12;

/// The bill as a table.
#[must_use]
pub fn table(bill: &Bill) -> String {
    let mut out = String::new();
    let mut line = |what: &str, count: &str, usd: f64| {
        let _ = writeln!(out, "{what:<58} {count:>10} {usd:>12.2}");
    };
    let each = bill.series_usd / crate::model::prices::number(bill.series_total.max(1));
    for row in &bill.series {
        let usd = each * crate::model::prices::number(row.total);
        let what = format!("{} {}", row.namespace, row.dimensions);
        line(&what, &row.total.to_string(), usd);
    }
    line("series", &bill.series_total.to_string(), bill.series_usd);
    line("calls", &format!("{:.0}", bill.calls), bill.calls_usd);
    let alarms = &bill.alarms;
    let what = format!(
        "alarms, {} of policies; metrics looked at: {}",
        alarms.of_policies, alarms.metrics
    );
    line(&what, &alarms.count.to_string(), alarms.usd);
    line(
        "dashboards",
        &bill.dashboards.to_string(),
        bill.dashboards_usd,
    );
    line("total", "", bill.total_usd);
    let head = format!("{:<58} {:>10} {:>12}\n", "WHAT", "COUNT", "$/MONTH");
    format!("{head}{out}\n{}{}", opt_ins(bill), notes(bill))
}

fn opt_ins(bill: &Bill) -> String {
    let mut out = String::new();
    for one in bill.opt_ins.iter().take(OPT_INS) {
        let _ = writeln!(
            out,
            "{:<58} {:>10} {:>12.2}",
            one.enable, one.series, one.usd
        );
    }
    let rest = bill.opt_ins.get(OPT_INS..).unwrap_or_default();
    if let Some(most) = rest.first() {
        let _ = writeln!(
            out,
            "and {} more of at most {} series each; --format json has all",
            rest.len(),
            most.series
        );
    }
    match out.is_empty() {
        true => out,
        false => format!(
            "{:<58} {:>10} {:>12}\n{out}\n",
            "OPT-IN WOULD ADD", "SERIES", "$/MONTH"
        ),
    }
}

fn notes(bill: &Bill) -> String {
    let Assumed {
        firewalls,
        tunnels,
        peers,
        interfaces,
        cores,
        is_alone,
    } = &bill.assumed;
    let group = if *is_alone {
        "in no Auto Scaling group"
    } else {
        "in one Auto Scaling group unless the configuration says otherwise"
    };
    format!(
        "Assumed: {firewalls} of this machine, {group}, all month (series are paid by the hour); of each firewall at most {tunnels} tunnels, {peers} peers, {interfaces} interfaces, {cores} cores, or as many as are named.\nAt most: what a machine has no source for is not sent; `fwmetrics once` counts what this one has, --only names it. What firewalls share is counted once, and so are remote firewalls and pairs. Target tracking's own two alarms are counted.\nPrices: {}, {}. Not taken off: what an account has for nothing ({}).\n",
        bill.prices, bill.source, bill.free
    )
}
