//! A simulation as SVG: a panel a run, traces downwards, policies beside each other.

use std::fmt::Write;

use super::Value;
use crate::simulate::run::{Moment, Outcome};

const WIDTH: usize = 300;
const HEIGHT: usize = 120;
/// Above a panel for its words, below for the next.
const HEAD: usize = 34;
const GAP: usize = 16;
/// The top of a panel is this much of a firewall's capacity, percent.
const PERCENT_TOP: f64 = 200.0;

const STYLE: &str = "<style>text{font:11px sans-serif;fill:#333}.t{font-weight:bold}.f{fill:#f7f7f7;stroke:#ccc}\
.l{fill:#d9d9d9}.n,.m,.x{fill:none;stroke-width:1.3}.n{stroke:#1f5fa8}.m{stroke:#e08a00}.x{stroke:#c0261c;stroke-width:.8}\
.c{stroke:#c0261c;stroke-dasharray:3 3;stroke-width:.6}</style>";

/// The picture. `max` is the largest fleet, the top of a panel in firewalls.
#[must_use]
pub fn svg(outcomes: &[Outcome], max: u32) -> String {
    let mut traces: Vec<&str> = outcomes.iter().map(|one| one.trace).collect();
    traces.dedup();
    let columns = outcomes.len() / traces.len().max(1);
    let (wide, high) = (
        GAP + columns * (WIDTH + GAP),
        2 * GAP + traces.len() * (HEAD + HEIGHT + GAP),
    );
    // Writing to a String cannot fail.
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\">{STYLE}\n\
         <text x=\"{GAP}\" y=\"{GAP}\">Grey: load, blue: firewalls in service (top of a panel: {max}). Orange: mean demand, red: the fullest firewall's (dashed: its capacity). Minutes below.</text>\n"
    );
    for (nth, one) in outcomes.iter().enumerate() {
        let x = GAP + nth % columns * (WIDTH + GAP);
        let y = 2 * GAP + nth / columns * (HEAD + HEIGHT + GAP);
        panel(&mut out, one, max, x, y);
    }
    out + "</svg>\n"
}

fn panel(out: &mut String, one: &Outcome, max: u32, x: usize, y: usize) {
    let minutes = one.timeline.len();
    let _ = writeln!(
        out,
        "<g transform=\"translate({x} {y})\"><text class=\"t\" y=\"11\">{}, {}</text>\
         <text y=\"25\">overload {:.0} min, {} flaps, {:.1} h, {} cut</text>\
         <g transform=\"translate(0 {HEAD})\"><rect class=\"f\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>",
        one.trace,
        one.contestant,
        one.overload_minutes,
        one.flaps,
        one.firewall_hours,
        one.flows.cut
    );
    let top = f64::from(max);
    let load = line(&one.timeline, top, |moment| moment.load);
    let _ = writeln!(
        out,
        "<polygon class=\"l\" points=\"0,{HEIGHT} {load}{WIDTH},{HEIGHT}\"/>"
    );
    let half = HEIGHT / 2;
    let _ = writeln!(
        out,
        "<line class=\"c\" y1=\"{half}\" y2=\"{half}\" x2=\"{WIDTH}\"/>"
    );
    let lines: [(&str, f64, Value); 3] = [
        ("n", top, |moment| f64::from(moment.in_service)),
        ("m", PERCENT_TOP, |moment| moment.mean),
        ("x", PERCENT_TOP, |moment| moment.fullest),
    ];
    for (class, top, value) in lines {
        let points = line(&one.timeline, top, value);
        let _ = writeln!(out, "<polyline class=\"{class}\" points=\"{points}\"/>");
    }
    let y = HEIGHT + 11;
    let _ = writeln!(
        out,
        "<text y=\"{y}\">0</text><text x=\"{WIDTH}\" y=\"{y}\" text-anchor=\"end\">{minutes}</text></g></g>"
    );
}

/// Points of a line, each the largest of its minutes, cut at the top.
fn line(timeline: &[Moment], top: f64, value: Value) -> String {
    let mut out = String::new();
    let each = timeline.len().div_ceil(WIDTH).max(1);
    let count = timeline.len().div_ceil(each);
    for (nth, part) in timeline.chunks(each).enumerate() {
        let high = part.iter().map(value).fold(0.0, f64::max).min(top);
        let x = nth * WIDTH / (count - 1).max(1);
        #[expect(clippy::cast_precision_loss, reason = "a height of some pixels")]
        let y = HEIGHT as f64 * (1.0 - high / top);
        let _ = write!(out, "{x},{y:.1} ");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_spans_its_panel_and_stays_in_it() {
        let moment = |load| Moment {
            load,
            ..Moment::default()
        };
        let timeline: Vec<Moment> = [0.0, 5.0, 99.0].map(moment).into();
        let points = line(&timeline, 10.0, |moment| moment.load);
        assert_eq!(points, "0,120.0 150,60.0 300,0.0 ");
        assert_eq!(line(&[], 10.0, |moment| moment.load), "");
    }
}
