//! Simulations: a table with plots of characters, JSON, and SVG.

mod svg;

use std::fmt::Write;

pub use svg::svg;

use crate::simulate::contestant::Drain;
use crate::simulate::run::{Moment, Outcome};
use crate::simulate::trace::{TRACES, Trace};

/// What is drawn of a minute.
type Value = fn(&Moment) -> f64;

/// Width of a text plot, characters.
const PLOT_WIDTH: usize = 72;
const CELLS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One table a trace; with plots, three lines a run.
#[must_use]
pub fn table(outcomes: &[Outcome], plots: bool) -> String {
    let mut out = String::new();
    for trace in &TRACES {
        let of = outcomes.iter().filter(|one| one.trace == trace.name);
        let of: Vec<&Outcome> = of.collect();
        if !of.is_empty() {
            one_trace(&mut out, trace, &of, plots);
        }
    }
    out + LEGEND
}

const LEGEND: &str = "\
overload  firewall-minutes with more demand than capacity, those of draining firewalls too; a dead one has none
flaps     scale-outs undone by a scale-in within an hour, and the reverse
hours     firewall hours, from launch to termination
first     from the rise of the load to the first added firewall in service
blind     firewalls taken away while exporters that feed the policy are silent
cut       connections cut because their firewall was taken away; those on a dead one are not counted here (JSON: lost)
out/in    times that the group was made larger and smaller
";

/// How fwmetrics' firewalls were drained.
#[must_use]
pub fn drain(drain: &Drain, is_set: bool) -> String {
    let quiet = drain.quiet.map_or(
        "; new sessions are not counted, so that quiet_secs does not end it".to_owned(),
        |secs| format!(", or {secs} s without a new one"),
    );
    let mut out = format!(
        "drain     fwmetrics: until fewer than {} % of the sessions, or {} and fewer, are left{quiet}; {} s at most\n",
        drain.percent, drain.own, drain.most
    );
    if !is_set {
        out += UNSET;
    }
    out
}

/// Policies of fwmetrics whose metric no simulated firewall has.
#[must_use]
pub fn without_model(policies: &[(&str, String)]) -> String {
    let line = |(number, metric): &(&str, String)| {
        format!(
            "no model  {number}: simulated firewalls have no {metric}, so that it never acts here\n"
        )
    };
    policies.iter().map(line).collect()
}

const UNSET: &str = "          [drain] hook_name is not set, and run would wait for nothing: simulated is the drain of the ready fleet stack\n";

fn one_trace(out: &mut String, trace: &Trace, outcomes: &[&Outcome], plots: bool) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}: {}", trace.name, trace.about);
    let _ = writeln!(
        out,
        "  {:<18}{:>9}{:>7}{:>8}{:>8}{:>7}{:>8}{:>9}",
        "POLICY", "OVERLOAD", "FLAPS", "HOURS", "FIRST", "BLIND", "CUT", "OUT/IN"
    );
    for one in outcomes {
        let first = one.first_added_secs;
        let first = first.map_or("-".to_owned(), |secs| format!("{} min", secs.div_ceil(60)));
        let changes = format!("{}/{}", one.scale_outs, one.scale_ins);
        let _ = writeln!(
            out,
            "  {:<18}{:>9.0}{:>7}{:>8.1}{first:>8}{:>7}{:>8}{changes:>9}",
            one.contestant,
            one.overload_minutes,
            one.flaps,
            one.firewall_hours,
            one.blind_scale_ins,
            one.flows.cut
        );
        if plots {
            plot(out, one);
        }
    }
    out.push('\n');
}

fn plot(out: &mut String, outcome: &Outcome) {
    let lines: [(&str, Value); 4] = [
        ("load, firewalls", |moment| moment.load),
        ("in service", |moment| f64::from(moment.in_service)),
        ("mean, %", |moment| moment.mean),
        ("fullest, %", |moment| moment.fullest),
    ];
    for (name, value) in lines {
        let values: Vec<f64> = outcome.timeline.iter().map(value).collect();
        let (cells, most) = sparkline(&values, PLOT_WIDTH);
        let _ = writeln!(out, "    {name:<16}{cells}  0 to {most:.1}");
    }
}

/// Each cell is the largest of its minutes; and the largest of all.
fn sparkline(values: &[f64], width: usize) -> (String, f64) {
    let most = values.iter().copied().fold(0.0, f64::max);
    let cell = |at: usize| {
        let from = at * values.len() / width;
        let to = ((at + 1) * values.len() / width).max(from + 1);
        let part = values.get(from..to.min(values.len())).unwrap_or(&[]);
        let high = part.iter().copied().fold(0.0, f64::max);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 8"
        )]
        let eighths = (8.0 * high / most.max(f64::MIN_POSITIVE)).round() as usize;
        CELLS[eighths.min(8)]
    };
    ((0..width).map(cell).collect(), most)
}

/// An array of objects.
#[must_use]
pub fn json(outcomes: &[Outcome]) -> String {
    // An outcome holds no map, and no number that is not finite.
    serde_json::to_string_pretty(outcomes).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_the_largest_of_its_minutes() {
        let (cells, most) = sparkline(&[0.0, 4.0, 8.0, 1.0], 2);
        assert_eq!(cells, "▄█");
        assert!((most - 8.0).abs() < f64::EPSILON);
        assert_eq!(sparkline(&[], 3).0, "   ");
        assert_eq!(sparkline(&[1.0], 3).0.chars().count(), 3);
    }
}
