//! Floor 8: parse, call, print the chain of reasons, exit.

use std::process::ExitCode;

use clap::Parser;
use fwmetrics::cli::Cli;
use fwmetrics::commands;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::call(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            if !text.is_empty() {
                commands::say(&text);
            }
            ExitCode::from(failure.code())
        }
    }
}
