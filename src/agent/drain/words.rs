//! What a drain says: what is left, what it waits for, and how long it will.

use std::time::Duration;

use super::gauge::{Gauge, Reading};
use super::wait::{Wait, Why};

/// A younger count needs no age.
const AGED_LEAST: Duration = Duration::from_secs(10);

/// Where things stand, in a line.
pub(super) fn standing(wait: &Wait, now: Duration) -> String {
    let mut line = sessions(wait, now) + &all_tunnels(wait, now);
    if let Some(quiet) = wait.quiet_for(now).filter(|quiet| !quiet.is_zero()) {
        let of = wait.rule().quiet.as_secs();
        line.push_str(&format!("; no new one for {} of {of} s", quiet.as_secs()));
    }
    format!("draining: {line}; cap in {}", span(wait.left(now)))
}

fn sessions(wait: &Wait, now: Duration) -> String {
    let below = format!("waiting for fewer than {}", wait.below());
    let gauges = wait.gauges();
    match (gauges.last(Gauge::Sessions), wait.first()) {
        (None, _) => {
            "the sessions are not read, and unknown is not gone: waiting for them".to_owned()
        }
        (Some(reading), first) => {
            let of = first.map_or_else(String::new, |first| format!(" of {first}"));
            let value = reading.value;
            match reading.is_fresh(now) {
                true => format!("{value}{of} sessions left{}, {below}", aged(&reading, now)),
                false => format!(
                    "the sessions are not read any more (the last count, {} ago, was {value}{of}), and unknown is not gone: {below}",
                    span(now.saturating_sub(reading.at))
                ),
            }
        }
    }
}

/// A count that should have been followed by another is shown with its age.
fn aged(reading: &Reading, now: Duration) -> String {
    let age = now.saturating_sub(reading.at);
    match age > reading.period.max(AGED_LEAST) {
        true => format!(" ({} ago)", span(age)),
        false => String::new(),
    }
}

fn all_tunnels(wait: &Wait, now: Duration) -> String {
    if !wait.rule().waits_for_tunnels {
        return String::new();
    }
    let mut text = tunnels(wait, Gauge::Tunnels, "tunnels up", now);
    text += &tunnels(wait, Gauge::Users, "remote-access users", now);
    if wait.waits_to_hear() {
        text += "; tunnels: not read yet";
    }
    text
}

fn tunnels(wait: &Wait, gauge: Gauge, what: &str, now: Duration) -> String {
    match wait.gauges().last(gauge) {
        Some(_) if wait.gauges().is_none(gauge, now) => String::new(),
        Some(reading) if !reading.is_fresh(now) => format!("; {what}: not read any more"),
        Some(reading) => format!("; {} {what}", reading.value),
        None => String::new(),
    }
}

/// Why the wait is over, in a line.
pub(super) fn over(wait: &Wait, why: Why, now: Duration) -> String {
    let took = span(now.saturating_sub(wait.began()));
    let left = wait.gauges().fresh(Gauge::Sessions, now);
    let of = wait.first();
    let of = of.map_or_else(String::new, |first| format!(" of {first}"));
    let left = left.map_or_else(
        || "sessions unknown".to_owned(),
        |reading| format!("{}{of} sessions left", reading.value),
    );
    match why {
        Why::Gone => format!("drained after {took}: {left}"),
        Why::Quiet => format!(
            "drained after {took}: no new session for {}, {left}",
            span(wait.rule().quiet)
        ),
        Why::Cap => format!(
            "not drained: the cap of {took} is reached, {left}{}",
            all_tunnels(wait, now)
        ),
    }
}

/// Seconds below two minutes; minutes below two hours, one that has begun as a whole one; hours and minutes.
pub(super) fn span(time: Duration) -> String {
    let secs = time.as_secs();
    match secs {
        0..120 => format!("{secs} s"),
        120..7200 => format!("{} min", secs.div_ceil(60)),
        _ => format!("{} h {} min", secs / 3600, secs % 3600 / 60),
    }
}
