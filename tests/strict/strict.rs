//! `strict-cloudwatch`: the strict endpoint (and an IMDS) as a program, for benchmarks and trials by hand.
//!
//! Prints its addresses, one line per call, and at the end the statistics of every series as one JSON document.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Call, Endpoint, Fault, Imds, Series, Stats};

const USAGE: &str = "usage: strict-cloudwatch [--port N] [--fault NAME[=N]] [--imds] [--for SECS]";
/// It never stays longer, unless told to.
const DEFAULT_SECS: u64 = 600;
/// The period of the summary, CloudWatch's standard one.
const PERIOD_SECS: u32 = 60;

struct Options {
    port: u16,
    fault: Option<Fault>,
    imds: bool,
    time: Duration,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let endpoint = Endpoint::builder().port(options.port).start();
    endpoint.always(options.fault);
    println!("cloudwatch {}", endpoint.url());
    let imds = options.imds.then(Imds::start);
    if let Some(imds) = &imds {
        println!("imds {}", imds.url());
    }
    follow(&endpoint, options.time);
    println!("{}", summary(&endpoint));
    ExitCode::SUCCESS
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options {
        port: 0,
        fault: None,
        imds: false,
        time: Duration::from_secs(DEFAULT_SECS),
    };
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--port" => options.port = arguments.next()?.parse().ok()?,
            "--fault" => options.fault = Some(Fault::parse(&arguments.next()?)?),
            "--imds" => options.imds = true,
            "--for" => options.time = Duration::from_secs(arguments.next()?.parse().ok()?),
            _ => return None,
        }
    }
    Some(options)
}

/// Prints calls as they come, until the time is over.
fn follow(endpoint: &Endpoint, time: Duration) {
    let end = Instant::now() + time;
    let mut seen = 0;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let more = endpoint.wait_for_calls(seen + 1, left);
        for call in endpoint.calls_since(seen) {
            seen += 1;
            println!("{}", line(&call));
        }
        if !more || left.is_zero() {
            return;
        }
    }
}

fn line(call: &Call) -> String {
    format!(
        "{:.3} datums={} wire={} uncompressed={} status={} code={}",
        call.unix_secs,
        call.datums,
        call.wire_bytes,
        call.uncompressed_bytes,
        call.status,
        call.code.as_deref().unwrap_or("-"),
    )
}

fn summary(endpoint: &Endpoint) -> Value {
    let all = endpoint.all_statistics(PERIOD_SECS);
    let series: Vec<Value> = all
        .iter()
        .map(|(series, periods)| one_series(series, periods))
        .collect();
    json!({ "period_secs": PERIOD_SECS, "calls": endpoint.calls().len(), "series": series })
}

fn one_series(series: &Series, periods: &BTreeMap<i64, Stats>) -> Value {
    let periods: Vec<Value> = periods
        .iter()
        .map(|(start, stats)| period(*start, stats))
        .collect();
    json!({
        "namespace": series.namespace,
        "name": series.name,
        "dimensions": series.dimensions,
        "unit": series.unit,
        "periods": periods,
    })
}

fn period(start: i64, stats: &Stats) -> Value {
    json!({
        "start": start,
        "sample_count": stats.sample_count,
        "sum": stats.sum,
        "minimum": stats.min,
        "maximum": stats.max,
    })
}
