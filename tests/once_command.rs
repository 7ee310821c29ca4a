//! `fwmetrics once`, `check` and `metrics`, the real binary: what a user types, and what comes back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use support::program::{ConfigFile, Program, command, output, publishing, stderr, stdout};
use support::{Endpoint, Fault, Imds, Mode};

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("the output is JSON")
}

#[test]
fn once_needs_nothing_and_exits_with_0() {
    let ended = output(&mut command(&["once"]));
    assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
    let text = stdout(&ended);
    for wanted in [
        "DataplaneCpuUtilization",
        "bound by",
        "cpu",
        "conntrack",
        "interfaces",
        "series",
        "a month",
    ] {
        assert!(text.contains(wanted), "{wanted} in {text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours into a pipe");
    assert!(stderr(&ended).is_empty());
}

#[test]
fn json_has_the_documented_shape() {
    let ended = output(&mut command(&[
        "once", "--format", "json", "--only", "cpu", "--over", "200ms",
    ]));
    let report = json(&stdout(&ended));
    for key in [
        "version",
        "time",
        "elapsed_ms",
        "identity",
        "collectors",
        "samples",
    ] {
        assert!(report.get(key).is_some(), "{key}");
    }
    assert_eq!(report["identity"]["instance_id"], Value::Null);
    let collector = &report["collectors"][0];
    assert_eq!(
        (collector["name"].as_str(), collector["status"].as_str()),
        (Some("cpu"), Some("ok"))
    );
    assert_eq!(
        (
            &collector["target"],
            &collector["error"],
            &collector["notes"]
        ),
        (&Value::Null, &Value::Null, &Value::Array(vec![]))
    );
    let samples = report["samples"].as_array().unwrap();
    let cpu = samples
        .iter()
        .find(|sample| sample["metric"] == "DataplaneCpuUtilization")
        .unwrap();
    assert_eq!(cpu["unit"], "Percent");
    assert!(
        cpu["value"]
            .as_f64()
            .is_some_and(|value| (0.0..=100.0).contains(&value))
    );
    assert_eq!(cpu["dimensions"], serde_json::json!({}));
}

#[test]
fn all_shows_opt_ins_and_fine_series() {
    let ended = output(&mut command(&[
        "once", "--all", "--format", "json", "--over", "300ms",
    ]));
    let report = json(&stdout(&ended));
    let samples = report["samples"].as_array().unwrap();
    let has = |metric: &str, own: &str| {
        samples
            .iter()
            .any(|sample| sample["metric"] == metric && sample["dimensions"].get(own).is_some())
    };
    assert!(has("DataplaneCpuUtilization", "Core") && has("SoftirqCpu", "Core"));
    assert!(
        samples
            .iter()
            .any(|sample| sample["metric"] == "ExporterMemory"
                && sample["value"].as_f64() > Some(1e6))
    );
}

#[test]
fn the_host_is_looked_at_only_when_asked_for() {
    let text = |args: &[&str]| stdout(&output(&mut command(args)));
    assert!(!text(&["once", "--over", "100ms"]).contains("\nhost "));
    let named = text(&["once", "--over", "100ms", "--only", "host"]);
    for metric in ["MemoryUtilization", "LoadAverage", "UptimeSeconds"] {
        assert!(named.contains(metric), "{metric} in {named}");
    }
    let mut enabled = command(&["once", "--over", "100ms"]);
    enabled.env("FWMETRICS_METRICS__ENABLE", "[\"LoadAverage\"]");
    let enabled = stdout(&output(&mut enabled));
    assert!(enabled.contains("LoadAverage") && !enabled.contains("UptimeSeconds"));
}

#[test]
fn what_is_absent_is_named_and_what_fails_sets_the_exit_code() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("broken-root");
    std::fs::create_dir_all(root.join("proc")).unwrap();
    std::fs::write(root.join("proc/stat"), "cpu0 what is this\n").unwrap();
    let mut command = command(&[
        "once",
        "--only",
        "cpu,conntrack",
        "--format",
        "json",
        "--over",
        "100ms",
    ]);
    let ended = output(command.env("FWMETRICS_ROOT", &root));
    assert_eq!(ended.status.code(), Some(1));
    let report = json(&stdout(&ended));
    let collectors = report["collectors"].as_array().unwrap();
    let of = |name: &str| {
        collectors
            .iter()
            .find(|collector| collector["name"] == name)
            .unwrap()
    };
    assert_eq!(of("cpu")["status"], "failed");
    let why = of("cpu")["error"].as_str().unwrap();
    assert!(
        why.contains("broken-root/proc/stat") && why.contains("cpu0 what is this"),
        "{why}"
    );
    assert_eq!(of("conntrack")["status"], "absent");
    assert!(
        of("conntrack")["error"]
            .as_str()
            .unwrap()
            .contains("module is not loaded")
    );
    assert!(
        report["samples"].as_array().unwrap().is_empty(),
        "nothing unread is ever 0"
    );
}

/// A tree with a session table, as a kernel shows it that has these files in /proc/sys/net/core.
fn tree(name: &str, core: &[&str]) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let net = root.join("proc/sys/net");
    for folder in ["core", "netfilter"] {
        std::fs::create_dir_all(net.join(folder)).unwrap();
    }
    for file in core {
        std::fs::write(net.join("core").join(file), "1000\n").unwrap();
    }
    std::fs::write(net.join("netfilter/nf_conntrack_count"), "1\n").unwrap();
    root
}

/// What `once` says of the host's namespace, by collector in JSON, in the table, and beside datums.
fn said(root: &Path) -> (Vec<String>, usize, usize) {
    const REMEDY: &str = "--network host";
    let once = |format: &str| {
        let only = ["--only", "conntrack,interfaces,cpu", "--over", "100ms"];
        let mut command = command(&["once", "--format", format]);
        output(command.args(only).env("FWMETRICS_ROOT", root))
    };
    let report = json(&stdout(&once("json")));
    let noted = report["collectors"].as_array().unwrap().iter();
    let noted = noted
        .filter(|collector| collector["notes"].to_string().contains(REMEDY))
        .map(|collector| collector["name"].as_str().unwrap().to_owned());
    let table = stdout(&once("table")).matches(REMEDY).count();
    let beside = stderr(&once("datums")).matches(REMEDY).count();
    (noted.collect(), table, beside)
}

#[test]
fn outside_the_hosts_network_namespace_every_form_says_so() {
    let inside = tree("first-namespace", &["somaxconn", "netdev_max_backlog"]);
    let outside = tree("other-namespace", &["somaxconn"]);
    let unknown = tree("no-net-core", &[]);
    let concerned = ["conntrack", "interfaces"].map(str::to_owned).to_vec();
    assert_eq!(said(&inside), (vec![], 0, 0));
    assert_eq!(said(&outside), (concerned, 2, 1));
    assert_eq!(said(&unknown), (vec![], 0, 0));
    // The daemon says it once, before it says that it runs.
    for (root, times) in [(&inside, 0), (&outside, 1), (&unknown, 0)] {
        let mut command = command(&["run", "--dry-run"]);
        let daemon = Program::start(command.env("FWMETRICS_ROOT", root));
        assert!(daemon.wait_for_line(" runs: "), "{}", daemon.log());
        let log = daemon.log();
        let told = |line: &&str| line.contains("WARN") && line.contains("--network host");
        assert_eq!(log.lines().filter(told).count(), times, "{log}");
    }
}

#[test]
fn prometheus_reads_the_same_values() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/linux-6.1/t0");
    let run = |format: &str| {
        let only = ["--only", "conntrack", "--over", "100ms"];
        let mut command = command(&[&["once", "--format", format][..], &only].concat());
        let ended = output(command.env("FWMETRICS_ROOT", root));
        assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
        stdout(&ended)
    };
    let report = json(&run("json"));
    let values: Vec<f64> = [
        "ActiveSessions",
        "SessionAllocFailures",
        "SessionTableUtilization",
    ]
    .iter()
    .map(|metric| {
        let samples = report["samples"].as_array().unwrap();
        let sample = samples.iter().find(|sample| sample["metric"] == *metric);
        sample.unwrap()["value"].as_f64().unwrap()
    })
    .collect();
    let text = run("prometheus");
    let values: Vec<String> = [
        format!("fwmetrics_active_sessions {}", values[0]),
        format!(
            "fwmetrics_build_info{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        ),
        "fwmetrics_collector_up{collector=\"conntrack\"} 1".to_owned(),
        format!("fwmetrics_session_alloc_failures_total {}", values[1]),
        format!("fwmetrics_session_table_utilization_percent {}", values[2]),
    ]
    .into();
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("_milliseconds"))
        .collect();
    assert_eq!(lines, values);
    for family in ["counter", "gauge"] {
        assert!(text.contains(&format!(" {family}\n")), "{text}");
    }
}

#[test]
fn prometheus_says_what_failed_beside_the_text() {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("failing-root");
    std::fs::create_dir_all(root.join("proc")).unwrap();
    std::fs::write(root.join("proc/stat"), "cpu0 what is this\n").unwrap();
    let mut command = command(&[
        "once",
        "--format",
        "prometheus",
        "--only",
        "cpu,conntrack",
        "--over",
        "100ms",
    ]);
    let ended = output(command.env("FWMETRICS_ROOT", &root));
    assert_eq!(ended.status.code(), Some(1));
    let text = stdout(&ended);
    assert!(
        text.contains("fwmetrics_collector_up{collector=\"cpu\"} 0\n"),
        "{text}"
    );
    assert!(
        !text.contains("conntrack") && !text.contains("percent"),
        "absent is not failed, unread is not 0: {text}"
    );
    assert!(
        stderr(&ended).contains("collector cpu failed"),
        "{}",
        stderr(&ended)
    );
}

#[test]
fn datums_carry_the_running_windows_start_and_no_fleet() {
    let mut command = command(&["once", "--format", "datums", "--over", "200ms"]);
    let ended = output(
        command
            .env("FWMETRICS_IDENTITY__INSTANCE_ID", "i-7")
            .env("FWMETRICS_IDENTITY__AUTO_SCALING_GROUP", "edge"),
    );
    let inputs = json(&stdout(&ended));
    let datums = inputs[0]["MetricData"].as_array().unwrap();
    assert_eq!(inputs[0]["Namespace"], "Firewall/fwmetrics");
    for datum in datums {
        assert_eq!(
            datum["Dimensions"][0],
            serde_json::json!({"Name": "InstanceId", "Value": "i-7"})
        );
        assert!(
            datum["Timestamp"]
                .as_str()
                .is_some_and(|stamp| stamp.ends_with(":00Z")),
            "{datum}"
        );
        assert_ne!(datum["MetricName"], "ExporterHeartbeat");
    }
    let ended = output(command.arg("--fleet"));
    assert!(stdout(&ended).contains("AutoScalingGroupName"));
}

#[test]
fn without_an_instance_id_datums_warn_and_publish_refuses() {
    let ended = output(&mut command(&[
        "once", "--format", "datums", "--over", "100ms",
    ]));
    assert!(
        stdout(&ended).contains("\"unknown\"") && stderr(&ended).contains("instance id is unknown")
    );
    assert_eq!(ended.status.code(), Some(0));
    let endpoint = Endpoint::start();
    let ended = output(&mut publishing(
        &["once", "--publish", "--over", "100ms"],
        &endpoint.url(),
    ));
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr(&ended).contains("set [identity] instance_id"));
    assert!(endpoint.calls().is_empty());
}

#[test]
fn publish_prints_cloudwatchs_answer() {
    let endpoint = Endpoint::start();
    endpoint.script([Fault::Normal, Fault::AccessDenied, Fault::InvalidParameter]);
    for (code, words) in [
        (0, "CloudWatch accepted"),
        (1, "allow cloudwatch:PutMetricData"),
        (1, "InvalidParameter"),
    ] {
        let mut command = publishing(&["once", "--publish", "--over", "100ms"], &endpoint.url());
        let ended = output(command.env("FWMETRICS_IDENTITY__INSTANCE_ID", "i-7"));
        assert_eq!(ended.status.code(), Some(code), "{}", stderr(&ended));
        assert!(stderr(&ended).contains(words), "{}", stderr(&ended));
    }
    assert!(!endpoint.accepted().is_empty());
}

#[test]
fn a_hung_metadata_service_costs_once_no_time() {
    let imds = Imds::start();
    imds.set_mode(Mode::Hang);
    let mut command = command(&["once", "--format", "json"]);
    command
        .env_remove("AWS_EC2_METADATA_DISABLED")
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url());
    let report = json(&stdout(&output(&mut command)));
    assert_eq!(report["identity"]["instance_id"], Value::Null);
    assert!(!report["samples"].as_array().unwrap().is_empty());
}

#[test]
fn a_closed_output_ends_quietly() {
    let mut child = command(&["metrics", "--format", "markdown"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut text = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!((child.wait().unwrap().code(), text.as_str()), (Some(0), ""));
}

#[test]
fn all_faults_are_reported_at_once_with_line_and_remedy() {
    let file = ConfigFile::new(
        "faults",
        "[cloudwatch]\nperiod_sec = 60\nperiod_secs = 7\nnamespace = \"AWS/X\"\n\n[collectors.cpu]\ncpus = \"x\"\nsample_secs = 7\n[metrics]\nenable = [\"DataplaneCpu\"]\n[colectors]\n",
    );
    let mut command = command(&["check", "--config", file.path()]);
    let ended = output(
        command
            .env("FWMETRICS_CLOUDWATCH__SERIES_MAX", "many")
            .env("FWMETRICS_CLOUDWATCH__NAMESPAC", "x"),
    );
    assert_eq!(ended.status.code(), Some(78));
    let text = stderr(&ended);
    for wanted in [
        ":2: cloudwatch.period_sec: no such key; did you mean period_secs?",
        ":3: cloudwatch.period_secs: is the number 7; write one of 1, 5, 10, 30, 60",
        ":4: cloudwatch.namespace: \"AWS/X\" is not right",
        ":7: collectors.cpu.cpus: \"x\" is not right",
        ":10: metrics.enable[0]: \"DataplaneCpu\" is not known; did you mean DataplaneCpu",
        ":11: colectors: no such key; did you mean collectors?",
        "environment FWMETRICS_CLOUDWATCH__SERIES_MAX: cloudwatch.series_max: ",
        "environment FWMETRICS_CLOUDWATCH__NAMESPAC: cloudwatch.namespac: no such key; did you mean FWMETRICS_CLOUDWATCH__NAMESPACE?",
    ] {
        assert!(text.contains(wanted), "{wanted}\nin\n{text}");
    }
}

#[test]
fn sample_periods_must_fit_the_window() {
    for (sample, fits) in [
        (1, true),
        (30, true),
        (60, true),
        (120, true),
        (7, false),
        (90, false),
    ] {
        let file = ConfigFile::new(
            &format!("sample-{sample}"),
            &format!("[collectors.cpu]\nsample_secs = {sample}\n"),
        );
        let ended = output(&mut command(&["check", "--config", file.path()]));
        assert_eq!(
            ended.status.code(),
            Some(if fits { 0 } else { 78 }),
            "{sample}: {}",
            stderr(&ended)
        );
    }
}

#[test]
fn a_missing_file_and_broken_toml_are_configuration_faults() {
    let ended = output(&mut command(&["check", "--config", "/nonexistent.toml"]));
    assert_eq!(ended.status.code(), Some(78));
    assert!(stderr(&ended).contains("/nonexistent.toml: cannot read it"));
    let file = ConfigFile::new("torn", "root = \"/\"\n[cloudwatch\nperiod_secs = \n");
    let ended = output(&mut command(&["check", "--config", file.path()]));
    assert_eq!(ended.status.code(), Some(78));
    assert!(stderr(&ended).contains(":2: "), "{}", stderr(&ended));
}

#[test]
fn an_environment_that_would_make_the_sdk_panic_is_a_clear_error() {
    for (name, value) in [
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_MAX_ATTEMPTS", "x"),
        ("AWS_RETRY_MODE", "legacy"),
    ] {
        for args in [["once", "--publish"], ["run", "--dry-run"]] {
            let ended = output(command(&args).env(name, value));
            assert_eq!(ended.status.code(), Some(78));
            assert!(
                stderr(&ended).contains(&format!("environment {name}")),
                "{}",
                stderr(&ended)
            );
        }
    }
    for (name, value) in [("AWS_MAX_ATTEMPTS", "5"), ("AWS_RETRY_MODE", "adaptive")] {
        assert_eq!(
            output(command(&["check"]).env(name, value)).status.code(),
            Some(0)
        );
    }
}

#[test]
fn wrong_use_exits_with_2() {
    for args in [
        &["once", "--only", "cpuu"][..],
        &["once", "--over", "0s"],
        &["nothing"],
        &["once", "--format", "xml"],
    ] {
        let ended = output(&mut command(args));
        assert_eq!(ended.status.code(), Some(2), "{args:?}: {}", stderr(&ended));
        assert!(!stderr(&ended).is_empty());
    }
}

#[test]
fn a_dry_run_prints_batches_and_sends_nothing() {
    let endpoint = Endpoint::start();
    let file = ConfigFile::new(
        "dry",
        "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n[identity]\ninstance_id = \"i-1\"\n",
    );
    let mut child = publishing(
        &["run", "--dry-run", "--config", file.path()],
        &endpoint.url(),
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::null())
    .spawn()
    .unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    assert_eq!(json(&line)["Namespace"], "Firewall/fwmetrics");
    // A reader that leaves ends the run, quietly.
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(endpoint.calls().is_empty());
}
