//! `[http]` of `fwmetrics run`, the real binary: all three endpoints through their states, and clients that are slow,
//! many, or speak no HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use support::program::{ConfigFile, Program, command, publishing};
use support::{Answer, Client, Endpoint, Fault};

/// Nothing that a test waits for takes longer.
const LONG: Duration = Duration::from_secs(100);

fn config(name: &str, listen: &str, more: &str) -> ConfigFile {
    let text = format!(
        "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n[identity]\ninstance_id = \"i-1\"\n[http]\nlisten = \"{listen}\"\n{more}"
    );
    ConfigFile::new(name, &text)
}

/// A program that listens, and where.
fn start(name: &str, endpoint: &Endpoint, more: &str) -> (Program, SocketAddr, ConfigFile) {
    let file = config(name, "127.0.0.1:0", more);
    let args = ["run", "--config", file.path()];
    let program = Program::start(&mut publishing(&args, &endpoint.url()));
    assert!(program.wait_for_line("listens on "), "{}", program.log());
    let log = program.log();
    let (_, rest) = log.split_once("listens on ").unwrap();
    let (address, _) = rest.split_once(": ").unwrap();
    (program, address.parse().unwrap(), file)
}

fn get(address: SocketAddr, path: &str) -> Answer {
    let mut client = Client::connect(address).unwrap();
    client.request("GET", path, &[]).unwrap()
}

/// Asks until the answer is as wanted; the last answer.
fn until(address: SocketAddr, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
    let end = Instant::now() + LONG;
    loop {
        let answer = get(address, path);
        if wanted(&answer) || Instant::now() > end {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn value(text: &str, series: &str) -> Option<f64> {
    let start = format!("{series} ");
    let line = text.lines().find(|line| line.starts_with(&start))?;
    line[start.len()..].parse().ok()
}

#[test]
fn readiness_follows_the_sends_and_metrics_count_them() {
    let endpoint = Endpoint::start();
    endpoint.always(Some(Fault::Hang(Duration::from_secs(2))));
    let (mut program, address, _file) = start("http-states", &endpoint, "");
    let answer = get(address, "/readyz");
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(
        answer.text().starts_with("no window sent yet"),
        "{}",
        answer.text()
    );
    let health = get(address, "/healthz");
    assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));

    endpoint.always(None);
    let answer = until(address, "/readyz", |answer| answer.status == 200);
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "ok\n"),
        "{}",
        program.log()
    );
    let has_memory = |answer: &Answer| answer.text().contains("fwmetrics_exporter_memory_bytes ");
    let answer = until(address, "/metrics", has_memory);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let text = answer.text();
    for series in [
        "fwmetrics_dataplane_cpu_utilization_percent",
        "fwmetrics_capacity_utilization_percent",
        "fwmetrics_collector_up{collector=\"cpu\"}",
        "fwmetrics_collector_up{collector=\"exporter\"}",
        "fwmetrics_collector_duration_milliseconds{collector=\"cpu\"}",
        "fwmetrics_exporter_memory_bytes",
        "fwmetrics_exporter_heartbeat_total",
        "fwmetrics_datums_waiting",
        "fwmetrics_datums_dropped_total{reason=\"shutdown\"}",
        "fwmetrics_series_refused_total",
        "fwmetrics_publish_calls_total",
        "fwmetrics_missed_ticks_total",
        "fwmetrics_queue_bytes",
        "fwmetrics_start_time_seconds",
    ] {
        assert!(value(&text, series).is_some(), "{series} in {text}");
    }
    assert!(
        value(&text, "fwmetrics_datums_sent_total") > Some(0.0),
        "{text}"
    );
    let whole = ["waiting", "sent_total"]
        .map(|name| value(&text, &format!("fwmetrics_datums_{name}")).unwrap());
    assert_eq!(
        value(&text, "fwmetrics_datums_sealed_total"),
        Some(whole.iter().sum()),
        "{text}"
    );

    endpoint.always(Some(Fault::AccessDenied));
    let answer = until(address, "/readyz", |answer| answer.status == 503);
    assert_eq!(
        answer.text(),
        "CloudWatch denies: AccessDenied; allow cloudwatch:PutMetricData for this namespace in the instance role's policy\n"
    );
    let text = get(address, "/metrics").text();
    assert_eq!(
        value(
            &text,
            "fwmetrics_publish_errors_total{code=\"AccessDenied\"}"
        ),
        Some(1.0),
        "{text}"
    );
    assert_eq!(get(address, "/healthz").status, 200);
    program.terminate();
    // What is shown is not published by it.
    let published = endpoint.accepted();
    assert!(!published.is_empty());
    for datum in published {
        assert!(!["ExporterMemory", "ExporterCpu"].contains(&datum.name.as_str()));
        assert_ne!(
            datum.dimensions.get("Collector").map(String::as_str),
            Some("exporter")
        );
    }
}

#[test]
fn a_failed_source_is_not_shown_with_its_last_value() {
    let root = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("http-root");
    let conntrack = root.join("proc/sys/net/netfilter");
    std::fs::create_dir_all(&conntrack).unwrap();
    std::fs::create_dir_all(root.join("proc/net/stat")).unwrap();
    let source = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/linux-6.18/t0/proc/"
    );
    for file in [
        "sys/net/netfilter/nf_conntrack_count",
        "sys/net/netfilter/nf_conntrack_max",
        "net/stat/nf_conntrack",
    ] {
        std::fs::copy(format!("{source}{file}"), root.join("proc").join(file)).unwrap();
    }
    let endpoint = Endpoint::start();
    let more = "[collectors]\nauto = false\n[collectors.conntrack]\n";
    let file = config("http-failed", "127.0.0.1:0", more);
    let args = ["run", "--config", file.path()];
    let mut command = publishing(&args, &endpoint.url());
    let program = Program::start(command.env("FWMETRICS_ROOT", &root));
    assert!(program.wait_for_line("listens on "), "{}", program.log());
    let log = program.log();
    let (_, rest) = log.split_once("listens on ").unwrap();
    let address = rest.split_once(": ").unwrap().0.parse().unwrap();
    let shown = |answer: &Answer| answer.text().contains("fwmetrics_active_sessions ");
    assert!(
        shown(&until(address, "/metrics", shown)),
        "{}",
        program.log()
    );
    std::fs::write(conntrack.join("nf_conntrack_count"), "what is this\n").unwrap();
    let down = |answer: &Answer| {
        value(
            &answer.text(),
            "fwmetrics_collector_up{collector=\"conntrack\"}",
        ) == Some(0.0)
    };
    let answer = until(address, "/metrics", down);
    assert!(down(&answer) && !shown(&answer), "{}", answer.text());
    std::fs::remove_dir_all(&root).unwrap();
}

#[test]
fn only_get_and_head_of_three_paths_are_served() {
    let endpoint = Endpoint::start();
    let (_program, address, _file) = start("http-paths", &endpoint, "");
    let answer = get(address, "/");
    assert_eq!(answer.status, 404);
    assert!(
        answer.text().contains("/metrics, /healthz and /readyz"),
        "{}",
        answer.text()
    );
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let mut client = Client::connect(address).unwrap();
        let answer = client.request(method, "/metrics", &[]).unwrap();
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET, HEAD")),
            "{method}"
        );
    }
    assert_eq!(get(address, "/healthz?probe=1").status, 200);
    let head = raw(address, b"HEAD /metrics HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert!(head.contains("version=0.0.4"), "{head}");
}

/// Sends these bytes and reads until the other side closes.
fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    // It may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_is_no_request_is_refused_and_nothing_else_suffers() {
    let endpoint = Endpoint::start();
    let (mut program, address, _file) = start("http-bytes", &endpoint, "");
    let endless = format!(
        "GET /metrics HTTP/1.1\r\nx: {}\r\n\r\n",
        "a".repeat(100_000)
    );
    let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(65));
    for bytes in [
        &b"\0\xff\xfe\x01garbage\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nbroken header\r\n\r\n",
        endless.as_bytes(),
        many.as_bytes(),
    ] {
        let answer = raw(address, bytes);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{answer}"
        );
    }
    assert_eq!(get(address, "/healthz").status, 200);
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
}

#[test]
fn slow_clients_hold_places_for_a_while_and_the_loop_never() {
    let endpoint = Endpoint::start();
    let (mut program, address, _file) = start("http-slow", &endpoint, "");
    let mut slow: Vec<TcpStream> = (0..16)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream.write_all(b"GET /metrics HTT").unwrap();
            stream
        })
        .collect();
    // All places are taken: one more is closed without an answer.
    assert_eq!(
        raw(address, b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n"),
        ""
    );
    let sent = endpoint.calls().len();
    assert!(endpoint.wait_for_calls(sent + 2, LONG), "{}", program.log());
    // The server ends them, whatever they drip.
    for stream in &mut slow {
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        let outwaited = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!outwaited, "the server ended it");
        assert!(!String::from_utf8_lossy(&rest).contains(" 200 "));
    }
    let ok = |client: std::io::Result<Client>| {
        let answer = client.and_then(|mut client| client.request("GET", "/healthz", &[]));
        answer.is_ok_and(|answer| answer.status == 200)
    };
    assert!(ok(Client::connect(address)), "there is room again");
    let metrics = get(address, "/metrics").text();
    let closed = "\nfwmetrics_http_connections_closed_total 1\n";
    assert!(metrics.contains(closed), "{metrics}");
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    assert!(!program.log().contains("panicked"), "{}", program.log());
}

#[test]
fn a_port_that_is_taken_ends_the_start_with_its_name() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let file = config("http-taken", &address.to_string(), "");
    let mut program = Program::start(&mut command(&["run", "--dry-run", "--config", file.path()]));
    assert_eq!(program.wait(), Some(1));
    let log = program.log();
    assert!(
        log.contains(&format!("cannot listen on {address}")) && log.contains("free port"),
        "{log}"
    );
}

#[test]
fn an_address_that_others_reach_is_warned_of_and_without_the_key_no_port_is_open() {
    let file = config("http-all", "0.0.0.0:0", "");
    let program = Program::start(&mut command(&["run", "--dry-run", "--config", file.path()]));
    assert!(
        program.wait_for_line("whoever reaches it reads all metrics"),
        "{}",
        program.log()
    );
    let file = ConfigFile::new("http-none", "[cloudwatch]\nperiod_secs = 1\n");
    let mut program = Program::start(&mut command(&["run", "--dry-run", "--config", file.path()]));
    assert!(program.wait_for_line(" runs: "), "{}", program.log());
    program.terminate();
    assert!(!program.log().contains("listens"), "{}", program.log());
    assert!(
        !program.log().contains("exporter"),
        "the exporter runs only when someone looks: {}",
        program.log()
    );
}

#[test]
fn an_address_is_checked_before_anything_starts() {
    for (listen, right) in [
        ("localhost:9273", false),
        ("9273", false),
        ("127.0.0.1", false),
        ("[::1]:9273", true),
    ] {
        let file = config("http-check", listen, "");
        let ended = support::program::output(&mut command(&["check", "--config", file.path()]));
        let code = if right { 0 } else { 78 };
        let errors = support::program::stderr(&ended);
        assert_eq!(ended.status.code(), Some(code), "{listen}: {errors}");
        assert!(
            right || (errors.contains("http.listen") && errors.contains("[::1]:9273")),
            "{errors}"
        );
    }
}
