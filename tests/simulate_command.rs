//! `fwmetrics simulate scaling` by its front door.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

fn simulate(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fwmetrics"))
        .args(["simulate", "scaling"])
        .args(args)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_trace_is_a_table_with_plots() {
    let output = simulate(&["--trace", "dead-firewall"]);
    assert!(output.status.success());
    let text = text(&output);
    for name in ["fwmetrics", "paloalto-cpu", "juniper", "ec2-cpu"] {
        assert!(text.contains(&format!("\n  {name} ")), "{text}");
    }
    assert_eq!(text.matches("in service      ").count(), 6);
    assert!(!text.contains("flash-crowd"));
    assert!(text.contains("\ndrain     fwmetrics: "));
}

/// The table of a trace for this configuration, ours alone.
fn configured(config: &str, trace: &str, args: &[&str]) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file = format!("fwmetrics-simulate-{}-{number}.toml", std::process::id());
    let file = std::env::temp_dir().join(file);
    std::fs::write(&file, config).unwrap();
    let own = ["--trace", trace, "--policy", "fwmetrics", "--config"];
    let output = simulate(&[own.as_slice(), &[file.to_str().unwrap()], args].concat());
    std::fs::remove_file(&file).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    text(&output)
}

#[test]
fn rarer_readings_make_no_blind_scale_in() {
    for secs in [1, 10, 60] {
        let config = format!("[collectors.cpu]\nsample_secs = {secs}\n");
        let table = configured(&config, "silent-fall", &["--format", "json"]);
        let runs: serde_json::Value = serde_json::from_str(&table).unwrap();
        assert_eq!(runs[0]["blind_scale_ins"], 0, "{secs}");
    }
}

const PANOS: &str = r#"
[[collectors.panos.firewall]]
name = "fw-a"
address = "10.0.0.4"
api_key_file = "/k"
tls_insecure = true
auto_scaling_group = "edge"
in_service = true
"#;

/// Of a PAN-OS group, without a flag: as `--platform vm-series` has it, and not as Linux.
#[test]
fn the_platform_is_that_of_the_groups_members() {
    let of = |args: &[&str]| configured(PANOS, "flash-crowd", args);
    let bare = of(&[]);
    assert_eq!(bare, of(&["--platform", "vm-series"]));
    assert_ne!(bare, of(&["--platform", "linux"]));
    let linux = configured("", "flash-crowd", &[]);
    assert_eq!(
        linux,
        configured("", "flash-crowd", &["--platform", "linux"])
    );
}

#[test]
fn a_policy_on_what_has_no_model_is_named() {
    let says = "\nno model  P3: simulated firewalls have no PacketBufferUtilization";
    let buffers = format!("[scaling]\nbuffers = true\n{PANOS}");
    assert!(configured(&buffers, "plateau", &[]).contains(says));
    assert!(!configured(PANOS, "plateau", &[]).contains("no model"));
}

#[test]
fn the_drain_is_that_of_the_configuration() {
    let run =
        |config: &str, platform: &str| configured(config, "silent-fall", &["--platform", platform]);
    let unset =
        "hook_name is not set, and run would wait for nothing: simulated is the drain of the ready";
    let bare = run("", "linux");
    assert!(bare.contains(unset), "{bare}");
    assert!(bare.contains("until fewer than 1 % of the sessions, or 10 and fewer, are left; new"));
    assert!(bare.contains("are not counted, so that quiet_secs does not end it; 900 s at most"));
    let keys = "[drain]\nhook_name = \"h\"\nsessions_percent = 5\nown_sessions = 20\nwait_max_secs = 600\nquiet_secs = 400\n";
    let text = run(keys, "linux");
    assert!(!text.contains(unset), "{text}");
    assert!(text.contains("than 5 % of the sessions, or 20 and fewer, are left; new"));
    assert!(text.contains("; 600 s at most"));
    let counter = "[collectors.conntrack]\nnew_sessions_counter = \"inet filter new_flows\"\n";
    for (config, platform) in [
        (format!("{keys}{counter}"), "linux"),
        (keys.to_owned(), "vm-series"),
    ] {
        let text = run(&config, platform);
        assert!(
            text.contains("are left, or 400 s without a new one; 600 s"),
            "{text}"
        );
    }
    let other = simulate(&["--trace", "plateau", "--policy", "juniper"]);
    assert!(!self::text(&other).contains("drain     "));
}

#[test]
fn json_is_one_object_a_run() {
    let args = [
        "--policy",
        "fwmetrics",
        "--format",
        "json",
        "--max",
        "4",
        "--seed",
        "9",
    ];
    let runs: serde_json::Value = serde_json::from_str(&text(&simulate(&args))).unwrap();
    let runs = runs.as_array().unwrap();
    assert_eq!(runs.len(), 7);
    for run in runs {
        assert_eq!(run["contestant"], "fwmetrics");
        assert!(run["firewall_hours"].as_f64().unwrap() > 0.0);
        assert!(run["flows"]["arrived"].as_u64().unwrap() > 0);
    }
}

#[test]
fn a_plot_is_well_formed_and_has_a_panel_a_run() {
    let file = std::env::temp_dir().join(format!("fwmetrics-plot-{}.svg", std::process::id()));
    let args = ["--trace", "plateau", "--plot", file.to_str().unwrap()];
    assert!(simulate(&args).status.success());
    let svg = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let mut reader = quick_xml::Reader::from_str(&svg);
    let mut panels = 0;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Empty(tag) if tag.name().as_ref() == "polygon" => panels += 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(panels, 6);
}

#[test]
fn what_is_not_there_is_wrong_use() {
    for (args, says) in [
        (
            vec!["--trace", "dayly"],
            "--trace dayly is unknown: daily, flash-crowd",
        ),
        (
            vec!["--policy", "ours"],
            "--policy ours is unknown: fwmetrics",
        ),
        (
            vec!["--min", "5", "--max", "4"],
            "--min 5 is more than --max 4",
        ),
        (vec!["--max", "101"], "101 is not in 1..=100"),
    ] {
        let output = simulate(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_plot_that_cannot_be_written_is_named() {
    let args = [
        "--trace",
        "plateau",
        "--policy",
        "juniper",
        "--plot",
        "/no/such/x.svg",
    ];
    let output = simulate(&args);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("cannot write /no/such/x.svg: "), "{error}");
}
