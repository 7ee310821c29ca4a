//! `panos-simulator`: PAN-OS firewalls to try fwmetrics with, without a firewall.
//!
//! Writes keys and a configuration for fwmetrics, says where, and is driven by lines on its standard input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod console;
mod options;
#[cfg(test)]
mod selftest;
#[path = "mod.rs"]
mod sim;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use options::Options;
use sim::{Firewall, Listener, Seen, Setup, Simulator};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(fault) => {
            eprintln!("{fault}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    let firewalls = options.firewalls();
    let simulator = Simulator::start_with(Setup {
        port: options.port,
        on_request: options.requests.as_deref().map(recorder),
        firewalls: firewalls.clone(),
    });
    let config = write_files(&options.dir, &simulator, &firewalls);
    println!("{config}");
    let file = options.dir.join("fwmetrics.toml");
    println!(
        "# The same is in {}; `help` lists what can be done to it.",
        file.display()
    );
    let simulator = Arc::new(simulator);
    let (driven, dir) = (Arc::clone(&simulator), options.dir.clone());
    // The end of the input ends this thread only.
    thread::spawn(move || console::run(&driven, &dir));
    let start = Instant::now();
    while start.elapsed() < options.time {
        thread::sleep(
            Duration::from_millis(200).min(options.time - start.elapsed().min(options.time)),
        );
    }
    println!("{}", console::summary(&simulator));
    ExitCode::SUCCESS
}

/// Appends a line for each request: unix time, firewall, command, bytes of the reply.
fn recorder(path: &Path) -> Listener {
    let file = File::options().append(true).create(true).open(path);
    let file = file.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    let file = Mutex::new(file);
    Box::new(move |seen: &Seen| {
        let (secs, ms) = (seen.unix_ms / 1000, seen.unix_ms % 1000);
        let line = format!(
            "{secs}.{ms:03} {} {} {}\n",
            seen.firewall_name, seen.name, seen.reply_bytes
        );
        // One write a line: lines of several threads do not mix.
        file.lock().unwrap().write_all(line.as_bytes()).unwrap();
    })
}

/// Writes the keys, the certificate and the configuration, and returns the latter.
fn write_files(dir: &Path, simulator: &Simulator, firewalls: &[Firewall]) -> String {
    fs::create_dir_all(dir)
        .unwrap_or_else(|error| panic!("cannot make {}: {error}", dir.display()));
    let mut config = String::new();
    for firewall in firewalls {
        let name = if firewalls.len() == 1 {
            "sim"
        } else {
            &firewall.name
        };
        let path = console::key_file(dir, firewalls.len(), firewall);
        write_key(&path, &firewall.api_key);
        let (url, path, pin) = (simulator.url(), path.display(), simulator.pin());
        config.push_str(&format!(
            "[[collectors.panos.firewall]]\nname = \"{name}\"\naddress = \"{url}\"\napi_key_file = \"{path}\"\ntls_sha256 = [\"{pin}\"]\n\n"
        ));
    }
    fs::write(dir.join("fwmetrics.toml"), &config).unwrap();
    fs::write(dir.join("ca.pem"), simulator.ca_pem()).unwrap();
    config
}

/// Writes a key for its owner's eyes only.
fn write_key(path: &Path, key: &str) {
    let mut options = File::options();
    let file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    let mut file = file.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    writeln!(file, "{key}").unwrap();
}
