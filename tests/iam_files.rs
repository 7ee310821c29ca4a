//! The files in `iam/` are the documents that `fwmetrics generate iam --format json` prints.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::path::Path;

use serde_json::Value;
use support::program::{ConfigFile, command, output, stderr, stdout};

const DRAIN: &str = "[drain]\nhook_name = \"fwmetrics-drain\"\n";
const CENTRAL: &str = "[cloudwatch]\nrole_arn = \"arn:aws:iam::111122223333:role/fwmetrics-central\"\nexternal_id = \"fwmetrics-firewalls\"\n";

/// File, configuration, call, which of such calls, and the key of its document.
const FILES: [(&str, &str, &str, usize, &str); 10] = [
    ("policy", "", "iam create-policy", 0, "PolicyDocument"),
    (
        "trust",
        "",
        "iam create-role",
        0,
        "AssumeRolePolicyDocument",
    ),
    (
        "endpoint-monitoring",
        "",
        "ec2 create-vpc-endpoint",
        0,
        "PolicyDocument",
    ),
    (
        "policy-drain",
        DRAIN,
        "iam create-policy",
        0,
        "PolicyDocument",
    ),
    (
        "endpoint-autoscaling",
        DRAIN,
        "ec2 create-vpc-endpoint",
        1,
        "PolicyDocument",
    ),
    (
        "policy-assume",
        CENTRAL,
        "iam create-policy",
        0,
        "PolicyDocument",
    ),
    (
        "central-policy",
        CENTRAL,
        "iam create-policy",
        1,
        "PolicyDocument",
    ),
    (
        "central-trust",
        CENTRAL,
        "iam create-role",
        1,
        "AssumeRolePolicyDocument",
    ),
    (
        "endpoint-monitoring-central",
        CENTRAL,
        "ec2 create-vpc-endpoint",
        0,
        "PolicyDocument",
    ),
    (
        "endpoint-sts",
        CENTRAL,
        "ec2 create-vpc-endpoint",
        1,
        "PolicyDocument",
    ),
];

/// With BLESS=1 in the environment they are written instead.
#[test]
fn each_file_is_what_is_generated() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("iam");
    for (name, config, call, place, key) in FILES {
        let file = ConfigFile::new("iam", config);
        let ended = output(&mut command(&[
            "generate",
            "iam",
            "--format",
            "json",
            "--config",
            file.path(),
        ]));
        assert_eq!(ended.status.code(), Some(0), "{name}: {}", stderr(&ended));
        let made: Value = serde_json::from_str(&stdout(&ended)).unwrap();
        let mut calls = made["calls"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|made| made["call"] == call);
        let document = calls.nth(place).unwrap()["input"][key].as_str().unwrap();
        let path = folder.join(format!("{name}.json"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, format!("{document}\n")).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            kept,
            format!("{document}\n"),
            "iam/{name}.json: BLESS=1 writes it"
        );
    }
    let here = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let documents = here
        .filter(|name| name.to_string_lossy().ends_with(".json"))
        .count();
    assert_eq!(documents, FILES.len(), "a file in iam/ that nothing makes");
}
