//! `strict-cloudwatch`: the strict endpoint (and an IMDS) as a program, for benchmarks and trials by hand.
//!
//! Prints its addresses, one line per call, and at the end the statistics of every series as one JSON document.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{Call, Endpoint, Fault, Imds, Series, Stats, Stored};

const USAGE: &str = "usage: strict-cloudwatch [--address A] [--port N] [--fault NAME[=N]] [--imds] [--record FILE] [--for SECS]

--record appends each accepted datum to FILE, one JSON object a line, before its call is printed";
/// It never stays longer, unless told to.
const DEFAULT_SECS: u64 = 600;
/// The period of the summary, CloudWatch's standard one.
const PERIOD_SECS: u32 = 60;

struct Options {
    address: IpAddr,
    port: u16,
    fault: Option<Fault>,
    imds: bool,
    record: Option<File>,
    time: Duration,
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let builder = Endpoint::builder().address(options.address);
    let endpoint = builder.port(options.port).start();
    endpoint.always(options.fault);
    println!("cloudwatch {}", endpoint.url());
    let imds = options.imds.then(Imds::start);
    if let Some(imds) = &imds {
        println!("imds {}", imds.url());
    }
    follow(&endpoint, options.time, options.record);
    println!("{}", summary(&endpoint));
    ExitCode::SUCCESS
}

fn options(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut options = Options {
        address: Ipv4Addr::LOCALHOST.into(),
        port: 0,
        fault: None,
        imds: false,
        record: None,
        time: Duration::from_secs(DEFAULT_SECS),
    };
    while let Some(name) = arguments.next() {
        match name.as_str() {
            "--address" => options.address = arguments.next()?.parse().ok()?,
            "--port" => options.port = arguments.next()?.parse().ok()?,
            "--fault" => options.fault = Some(Fault::parse(&arguments.next()?)?),
            "--imds" => options.imds = true,
            "--record" => options.record = Some(appended(&arguments.next()?)),
            "--for" => options.time = Duration::from_secs(arguments.next()?.parse().ok()?),
            _ => return None,
        }
    }
    Some(options)
}

fn appended(path: &str) -> File {
    let file = File::options().append(true).create(true).open(path);
    file.unwrap_or_else(|error| panic!("cannot write {path}: {error}"))
}

/// Prints calls as they come, and records what they brought, until the time is over.
fn follow(endpoint: &Endpoint, time: Duration, mut record: Option<File>) {
    let end = Instant::now() + time;
    let (mut seen, mut recorded) = (0, 0);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let more = endpoint.wait_for_calls(seen + 1, left);
        if let Some(record) = &mut record {
            let datums = endpoint.accepted_since(recorded);
            recorded += datums.len();
            record
                .write_all(lines(endpoint, &datums).as_bytes())
                .unwrap();
        }
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

/// What the record says of these datums.
fn lines(endpoint: &Endpoint, datums: &[Stored]) -> String {
    let first = datums.first().map_or(0, |datum| datum.call);
    let calls = endpoint.calls_since(first);
    let line = |datum: &Stored| {
        let stats = datum.stats();
        let line = json!({
            "received": calls[datum.call - first].unix_secs,
            "namespace": datum.namespace,
            "name": datum.name,
            "dimensions": datum.dimensions,
            "unit": datum.unit,
            "timestamp": datum.timestamp,
            "sample_count": stats.sample_count,
            "sum": stats.sum,
        });
        format!("{line}\n")
    };
    datums.iter().map(line).collect()
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
