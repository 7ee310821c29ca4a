//! What tests of PAN-OS firewalls share: configurations that lead to simulators, and what `once` says.

// Each integration test compiles this tree for itself and uses a part of it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::sim::Simulator;
use crate::support::program::{ConfigFile, command, fresh_path, output, stderr, stdout};

/// A file with the key that the simulator's first firewall takes.
pub fn key_file(simulator: &Simulator) -> PathBuf {
    let path = fresh_path("panos-key");
    std::fs::write(&path, simulator.firewall().api_key + "\n").unwrap();
    path
}

/// The table of a firewall that is the simulator's first, with its key in this file.
pub fn table_with(
    name: &str,
    simulator: &Simulator,
    key_file: &std::path::Path,
    more: &str,
) -> String {
    format!(
        "[[collectors.panos.firewall]]\nname = \"{name}\"\naddress = \"{}\"\napi_key_file = \"{}\"\ntls_sha256 = [\"{}\"]\n{more}\n",
        simulator.url(),
        key_file.display(),
        simulator.pin()
    )
}

/// The same with a key file of its own.
pub fn table(name: &str, simulator: &Simulator, more: &str) -> String {
    table_with(name, simulator, &key_file(simulator), more)
}

/// What `once --format json` found.
pub struct Found {
    pub code: Option<i32>,
    pub report: Value,
    pub stderr: String,
}

/// Runs `once --format json` with this configuration.
pub fn once(name: &str, config: &str, args: &[&str]) -> Found {
    let file = ConfigFile::new(name, config);
    let mut all = vec!["once", "--format", "json", "--config", file.path()];
    all.extend(args);
    let ended: Output = output(&mut command(&all));
    let report = serde_json::from_str(&stdout(&ended));
    Found {
        code: ended.status.code(),
        report: report.unwrap_or_else(|e| panic!("{e}: {}", stderr(&ended))),
        stderr: stderr(&ended),
    }
}

impl Found {
    /// All samples of a metric: own dimensions as `Name=value`, and value.
    pub fn samples(&self, metric: &str) -> Vec<(String, f64)> {
        let all = self.report["samples"].as_array().unwrap().iter();
        all.filter(|sample| sample["metric"] == metric)
            .map(|sample| {
                let own = sample["dimensions"].as_object().unwrap().iter();
                let own: Vec<String> = own
                    .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
                    .collect();
                (own.join(","), sample["value"].as_f64().unwrap())
            })
            .collect()
    }

    /// The one coarse value of a metric.
    pub fn value(&self, metric: &str) -> Option<f64> {
        let coarse = self.samples(metric).into_iter();
        let mut coarse = coarse.filter(|(own, _)| own.is_empty());
        let value = coarse.next().map(|(_, value)| value);
        assert!(coarse.next().is_none(), "{metric} twice");
        value
    }

    /// The value with this own dimension.
    pub fn of(&self, metric: &str, own: &str) -> Option<f64> {
        let mut all = self.samples(metric).into_iter();
        all.find(|(known, _)| known == own).map(|(_, value)| value)
    }

    /// The block of the coarse series.
    pub fn block(&self, metric: &str) -> Vec<f64> {
        let mut all = self.report["samples"].as_array().unwrap().iter();
        let sample =
            all.find(|s| s["metric"] == metric && s["dimensions"] == serde_json::json!({}));
        let values = sample.and_then(|sample| sample["values"].as_array());
        let values = values.into_iter().flatten();
        values.map(|value| value.as_f64().unwrap()).collect()
    }

    /// Status, error and notes of a firewall's collector.
    pub fn fared(&self, target: &str) -> (String, String, Vec<String>) {
        let mut all = self.report["collectors"].as_array().unwrap().iter();
        let one = all.find(|c| c["target"] == target).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let notes = one["notes"].as_array().unwrap().iter().map(text).collect();
        (text(&one["status"]), text(&one["error"]), notes)
    }
}
