//! The real binary: what `fwmetrics run --dry-run` prints of some configurations is what their alarms and policies look
//! at. The core alone, over thousands of them, is in `generated_alarms`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fwmetrics::config::parse;
use fwmetrics::generate::{alarms, scaling};
use fwmetrics::model::alarm::{Decision, Measure, MetricId, Text};
use serde_json::Value;
use support::program::{ConfigFile, command, fresh_path};

/// Batches that are read of each run at the most; one a second.
const BATCHES_MOST: usize = 30;

/// A series by namespace, name and dimensions, with its units.
type Sent = BTreeMap<(String, String, Vec<(String, String)>), BTreeSet<String>>;

/// A root whose CPU goes on.
struct Machine(PathBuf);

impl Machine {
    fn new() -> Self {
        let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/linux-6.18/t0");
        let root = fresh_path("generated-root");
        copy(Path::new(fixture), &root);
        Machine(root)
    }

    fn tick(&self, number: u64) {
        let path = self.0.join("proc/stat");
        let (user, idle) = (1000 + 30 * number, 90_000 + 70 * number);
        let core = |name: &str| format!("{name} {user} 0 0 {idle} 0 0 0 0 0 0\n");
        let text: String = ["cpu", "cpu0", "cpu1"].map(core).concat();
        let new = path.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, path).unwrap();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Runs it until all of these are printed, or too long.
fn printed(name: &str, text: &str, machine: &Machine, wanted: &[MetricId]) -> Sent {
    let file = ConfigFile::new(name, text);
    let mut child = command(&["run", "--dry-run", "--config", file.path()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut sent = Sent::new();
    for number in 0..BATCHES_MOST as u64 {
        machine.tick(number);
        let Some(Ok(line)) = lines.next() else { break };
        take(&line, &mut sent);
        // Heartbeats end with a minute, or with the program.
        let waits = |id: &&MetricId| id.name != "ExporterHeartbeat" && !sent.contains_key(&key(id));
        if !wanted.iter().any(|id| waits(&id)) {
            break;
        }
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").arg(id).status().unwrap().success());
    for line in lines.map_while(Result::ok) {
        take(&line, &mut sent);
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
    sent
}

fn take(line: &str, sent: &mut Sent) {
    let batch: Value = serde_json::from_str(line).unwrap();
    let word = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    for datum in batch["MetricData"].as_array().unwrap() {
        let dimensions = datum["Dimensions"].as_array().into_iter().flatten();
        let mut dimensions: Vec<(String, String)> = dimensions
            .map(|one| (word(one, "Name"), word(one, "Value")))
            .collect();
        dimensions.sort();
        let series = (
            word(&batch, "Namespace"),
            word(datum, "MetricName"),
            dimensions,
        );
        sent.entry(series).or_default().insert(word(datum, "Unit"));
    }
}

fn key(id: &MetricId) -> (String, String, Vec<(String, String)>) {
    let value = |text: &Text| match text {
        Text::Fixed(value) => value.clone(),
        Text::Given(parameter) => panic!("{parameter:?} is nobody's here"),
    };
    let dimensions = id.dimensions.iter();
    let mut dimensions: Vec<(String, String)> = dimensions
        .map(|(name, text)| ((*name).to_owned(), value(text)))
        .collect();
    dimensions.sort();
    (id.namespace.clone(), id.name.to_string(), dimensions)
}

/// What is created where no parameter is given, and looks at a metric of ours.
fn looked_at(text: &str) -> Vec<MetricId> {
    let config = parse(text, None, &[]).unwrap();
    let made = alarms::of(&config).alarms.into_iter();
    let measures = made.map(|alarm| alarm.rule.measure);
    let policies = scaling::of(&config).policies.into_iter();
    let policies = policies.map(|policy| match policy.decision {
        Decision::Target { stat, .. } => Measure::One(stat),
        Decision::Steps { alarm, .. } | Decision::Simple { alarm, .. } => alarm.rule.measure,
    });
    let ids = measures.chain(policies).flat_map(|measure| {
        let stats: Vec<MetricId> = measure
            .stats()
            .into_iter()
            .map(|stat| stat.metric.clone())
            .collect();
        let given = |id: &MetricId| {
            id.dimensions
                .iter()
                .any(|(_, text)| matches!(text, Text::Given(_)))
        };
        if stats.iter().any(given) {
            Vec::new()
        } else {
            stats
        }
    });
    ids.filter(|id| !id.namespace.starts_with("AWS/")).collect()
}

const WINDOWS: &str = "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n";
/// Sources that each machine has.
const SOURCES: &str = "[collectors]\nauto = false\n[collectors.cpu]\n[collectors.conntrack]\n[collectors.softnet]\n[collectors.links]\nexpect = [\"to-aws-1\"]\nliveness_secs = 30\n";

/// Of a machine that may be in a group: which are created is a matter of the parameters that are given.
const BY_PARAMETERS: [&str; 14] = [
    "A1", "A10", "A10b", "A14", "A15", "A1b", "A2", "A3", "A9", "G1", "G3", "P1", "P2", "P4",
];

#[test]
fn what_a_dry_run_prints_is_what_alarms_and_policies_look_at() {
    for (name, text, made_so) in [
        (
            "fleet",
            format!(
                "{WINDOWS}[identity]\ninstance_id = \"i-1\"\nauto_scaling_group = \"edge\"\nin_service = true\n{SOURCES}"
            ),
            &[
                "A1", "A10b", "A15", "A2", "A3", "A9", "G1", "G3", "P1", "P2", "P4",
            ][..],
        ),
        (
            "alone",
            format!(
                "{WINDOWS}namespace = \"Edge/One\"\n[identity]\ninstance_id = \"i-1\"\n{SOURCES}"
            ),
            &BY_PARAMETERS,
        ),
        (
            "pair",
            format!(
                "{WINDOWS}[identity]\ninstance_id = \"i-1\"\nha_group = \"edge-pair\"\n{SOURCES}"
            ),
            &BY_PARAMETERS,
        ),
        (
            "no-fleet",
            format!(
                "{WINDOWS}dimension_sets = [[\"InstanceId\"]]\n[identity]\ninstance_id = \"i-1\"\nauto_scaling_group = \"edge\"\nin_service = true\n{SOURCES}[metrics]\nenable = [\"TunnelBandwidthUtilization\"]\n"
            ),
            &["G1", "G3"],
        ),
        (
            "other-metrics",
            format!(
                "{WINDOWS}[identity]\ninstance_id = \"i-1\"\nauto_scaling_group = \"edge\"\nin_service = true\n{SOURCES}[metrics]\ndisable = [\"SoftnetDrops\", \"CapacityUtilization\", \"SessionTableUtilization\"]\n"
            ),
            &["A1", "A10b", "A2", "A9", "G1", "G3"],
        ),
    ] {
        let root = Machine::new();
        let text = format!("root = {:?}\n{text}", root.0.to_str().unwrap());
        let config = parse(&text, None, &[]).unwrap();
        let made = alarms::of(&config).alarms;
        let policies = scaling::of(&config).policies;
        let numbers = made.iter().map(|alarm| alarm.number);
        let numbers: BTreeSet<&str> = numbers
            .chain(policies.iter().map(|one| one.number))
            .collect();
        let numbers: Vec<&str> = numbers.into_iter().collect();
        assert_eq!(numbers, made_so, "{name}");
        let wanted = looked_at(&text);
        assert_eq!(wanted.is_empty(), name == "no-fleet", "{name}: {wanted:?}");
        let sent = printed(name, &text, &root, &wanted);
        for id in &wanted {
            let units = sent.get(&key(id));
            assert_eq!(
                units.map(BTreeSet::len),
                Some(1),
                "{name}: {id:?} is not printed"
            );
        }
    }
}
