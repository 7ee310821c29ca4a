//! `once` for people: aligned, coloured, with bars for percentages. Colours are taken out where nobody can see them.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::model::prices::READ_ON;
use crate::render::report::{CollectorReport, Report, Sample, Status};

const BAR_CELLS: usize = 20;
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();

/// The report with its three parts: samples, collectors, bill.
#[must_use]
pub fn report(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    samples(&mut out, &report.samples);
    collectors(&mut out, &report.collectors);
    bill(&mut out, report);
    out
}

fn head(out: &mut String, report: &Report) {
    let who = &report.identity;
    let known = [&who.instance_id, &who.auto_scaling_group, &who.region];
    let shown: Vec<&str> = known.into_iter().flatten().map(String::as_str).collect();
    let shown = if shown.is_empty() {
        "not on EC2, or no instance metadata".to_owned()
    } else {
        shown.join(" ")
    };
    line(
        out,
        format_args!(
            "{BOLD}fwmetrics {}{BOLD:#}  {}  {shown}",
            report.version, report.time
        ),
    );
    line(out, format_args!(""));
}

fn samples(out: &mut String, samples: &[Sample]) {
    if samples.is_empty() {
        line(out, format_args!("nothing could be read\n"));
        return;
    }
    let names: Vec<String> = samples
        .iter()
        .map(|sample| sample.metric.to_owned())
        .collect();
    let values: Vec<String> = samples.iter().map(|sample| number(sample.value)).collect();
    let (name_width, value_width) = (width(&names, "METRIC"), width(&values, "VALUE"));
    let unit_width = samples
        .iter()
        .map(|sample| sample.unit.len())
        .max()
        .unwrap_or(0)
        .max(4);
    line(
        out,
        format_args!(
            "{DIM}{:<name_width$}  {:>value_width$}  UNIT{DIM:#}",
            "METRIC", "VALUE"
        ),
    );
    for (sample, value) in samples.iter().zip(&values) {
        let start = format!(
            "{:<name_width$}  {value:>value_width$}  {:<unit_width$}",
            sample.metric, sample.unit
        );
        let parts = [bar(sample), dimensions(sample), bound(sample)];
        let rest: Vec<String> = parts.into_iter().flatten().collect();
        line(
            out,
            format_args!("{}", format!("{start}  {}", rest.join("  ")).trim_end()),
        );
    }
    line(out, format_args!(""));
}

fn dimensions(sample: &Sample) -> Option<String> {
    let target = sample
        .target
        .iter()
        .map(|target| format!("target={target}"));
    let own = sample
        .dimensions
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let all: Vec<String> = target.chain(own).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

fn bound(sample: &Sample) -> Option<String> {
    sample
        .bound_by
        .map(|input| format!("{DIM}bound by{DIM:#} {input}"))
}

/// A bar for a percentage, in eighths of a cell.
fn bar(sample: &Sample) -> Option<String> {
    if sample.unit != "Percent" {
        return None;
    }
    let share = (sample.value / 100.0).clamp(0.0, 1.0);
    let style = match share {
        share if share >= 0.8 => RED,
        share if share >= 0.6 => YELLOW,
        _ => GREEN,
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )] // 0 to 160
    let eighths = (share * (BAR_CELLS * 8) as f64).round() as usize;
    let part = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8];
    let mut cells: String = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        cells.push(part);
    }
    let empty = "·".repeat(BAR_CELLS - cells.chars().count());
    Some(format!("{style}{cells}{style:#}{DIM}{empty}{DIM:#}"))
}

fn collectors(out: &mut String, collectors: &[CollectorReport]) {
    let names: Vec<String> = collectors
        .iter()
        .map(|collector| match &collector.target {
            Some(target) => format!("{} {target}", collector.name),
            None => collector.name.to_owned(),
        })
        .collect();
    let name_width = width(&names, "COLLECTOR");
    line(
        out,
        format_args!("{DIM}{:<name_width$}  STATUS{DIM:#}", "COLLECTOR"),
    );
    for (name, collector) in names.iter().zip(collectors) {
        let (style, word) = match collector.status {
            Status::Ok => (GREEN, "ok"),
            Status::Absent => (DIM, "absent"),
            Status::Failed => (RED, "failed"),
        };
        let why = match &collector.error {
            Some(error) => error.clone(),
            None => format!("{DIM}{:.1} ms{DIM:#}", collector.elapsed_ms),
        };
        line(
            out,
            format_args!("{name:<name_width$}  {style}{word:<6}{style:#}  {why}"),
        );
        for note in &collector.notes {
            line(out, format_args!("{:<name_width$}          {note}", ""));
        }
    }
    line(out, format_args!(""));
}

fn bill(out: &mut String, report: &Report) {
    let bill = &report.bill;
    let calls = if bill.calls == 1 {
        "1 call".to_owned()
    } else {
        format!("{} calls", bill.calls)
    };
    let prices = match bill.prices_of {
        READ_ON => format!("us-east-1, prices of {READ_ON}"),
        other => format!("prices of {other}"),
    };
    line(
        out,
        format_args!(
            "{BOLD}{}{BOLD:#} series ({} of the firewall, {} shared by its group), {calls} every {} s, about {BOLD}${:.2}{BOLD:#} a month {DIM}({}){DIM:#}",
            bill.fleet + bill.own,
            bill.own,
            bill.fleet,
            bill.period_secs,
            bill.dollars,
            prices
        ),
    );
}

/// Three significant places after the point for small numbers, none for large ones.
#[must_use]
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    match value.abs() {
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

fn width(cells: &[String], head: &str) -> usize {
    cells
        .iter()
        .map(String::len)
        .max()
        .unwrap_or(0)
        .max(head.len())
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_true() {
        for (value, text) in [
            (0.0, "0"),
            (12.0, "12"),
            (1.5, "1.500"),
            (45.678, "45.7"),
            (123_456.7, "123457"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
