//! What the program reads of a driver's statistics, for a lab to hold against `ethtool -S`:
//! `cargo run --example ethtool-statistics -- INTERFACE [TIMES]`.
//!
//! Prints the driver, its version, and a line for each statistic of the last reading that succeeded; on the error
//! output how many readings succeeded, and in how many the list had changed on the way.

use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use fwmetrics::collectors::ena::wire;
use fwmetrics::host::ethtool::{Answer, Ethtool, Kernel, Statistics, TEXT_BYTES};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let interface = arguments.next().unwrap_or_default();
    let times: u32 = arguments
        .next()
        .and_then(|times| times.parse().ok())
        .unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let Ok(runtime) = runtime else {
        return ExitCode::FAILURE;
    };
    let (mut kernel, mut last, mut read, mut changed) = (Kernel::default(), None, 0u32, 0u32);
    for _ in 0..times {
        let answer = kernel.statistics(&interface, Duration::from_secs(5));
        match runtime.block_on(answer) {
            Ok(Answer::Read(statistics)) => {
                read += 1;
                last = Some(statistics);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => changed += 1,
            other => {
                println!("{other:?}");
                return ExitCode::FAILURE;
            }
        }
    }
    if let Some(statistics) = last {
        print(&statistics);
    }
    eprintln!("read={read} changed={changed}");
    ExitCode::SUCCESS
}

fn print(statistics: &Statistics) {
    println!("driver: {}", statistics.driver);
    println!("version: {}", statistics.version);
    for (name, value) in wire::statistics(&statistics.names, &statistics.values, TEXT_BYTES) {
        println!("{name}: {value}");
    }
}
