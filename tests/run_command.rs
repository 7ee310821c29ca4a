//! `fwmetrics run`, the real binary, against the strict endpoint: whole windows, and every fault without loss.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use support::program::{ConfigFile, Program, eventually, missed_ticks, on_instance, publishing};
use support::{Endpoint, Fault, Imds, Key, Mode, Proxy};

const LONG: Duration = Duration::from_secs(100);

fn config(name: &str, period_secs: u32) -> ConfigFile {
    let text = format!(
        "[cloudwatch]\nperiod_secs = {period_secs}\nphase_secs = 0\n[identity]\ninstance_id = \"i-1\"\n"
    );
    ConfigFile::new(name, &text)
}

fn instance(id: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("InstanceId".to_owned(), id.to_owned())])
}

fn group(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("AutoScalingGroupName".to_owned(), name.to_owned())])
}

/// Starts it against this endpoint, with windows so long; the file is to be kept while it runs.
fn start(name: &str, period_secs: u32, url: &str) -> (ConfigFile, Program) {
    let file = config(name, period_secs);
    let mut command = publishing(&["run", "--config", file.path()], url);
    let program = Program::start(command.env("FWMETRICS_LOG__LEVEL", "info,fwmetrics=debug"));
    (file, program)
}

/// Starts it with windows of a second, lets so many calls come, and stops it; its exit code and account line.
fn run_through(name: &str, endpoint: &Endpoint, calls: usize) -> (Option<i32>, String) {
    let (_file, mut program) = start(name, 1, &endpoint.url());
    assert!(endpoint.wait_for_calls(calls, LONG), "{}", program.log());
    stopped(&mut program)
}

/// Stops it; its exit code and account line.
fn stopped(program: &mut Program) -> (Option<i32>, String) {
    let code = program.terminate();
    let log = program.log();
    let account = log
        .lines()
        .find(|line| line.contains("account: "))
        .unwrap_or_default();
    (code, account.to_owned())
}

/// sealed = sent, nothing waiting, nothing dropped.
fn is_whole(account: &str) -> bool {
    let words: Vec<&str> = account.split_whitespace().collect();
    let after = |word: &str| {
        words
            .iter()
            .position(|w| *w == word)
            .and_then(|at| words.get(at + 1).copied())
    };
    after("sealed") == after("sent")
        && after("waiting") == Some("0")
        && account.contains("dropped 0;")
        && after("sealed") != Some("0")
}

#[test]
fn each_full_window_is_one_call_with_every_reading() {
    let endpoint = Endpoint::start();
    let (_file, mut program) = start("whole", 5, &endpoint.url());
    assert!(endpoint.wait_for_calls(4, LONG), "{}", program.log());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let windows = endpoint.statistics(
        "Firewall/fwmetrics",
        "DataplaneCpuUtilization",
        &instance("i-1"),
        5,
    );
    let counts: Vec<f64> = windows.values().map(|window| window.sample_count).collect();
    let inner = &counts[1..counts.len() - 1];
    assert!(inner.len() >= 2, "{counts:?}");
    assert!(inner.iter().all(|count| *count <= 5.0), "{counts:?}");
    let lacking = inner.len() as f64 * 5.0 - inner.iter().sum::<f64>();
    let log = program.log();
    assert!(lacking <= missed_ticks(&log) as f64, "{counts:?}: {log}");
    for window in windows.values() {
        assert!(
            window.min <= window.average() && window.average() <= window.max && window.max <= 100.0
        );
    }
    // The last window is the shutdown's; the one before it may have been closed in the same moment.
    let calls = endpoint.calls();
    assert!(calls.iter().all(|call| call.accepted), "{calls:?}");
    assert!(
        calls.len() <= counts.len() + 1,
        "{} calls for {} windows",
        calls.len(),
        counts.len()
    );
    assert!(
        calls
            .iter()
            .all(|call| call.wire_bytes == call.uncompressed_bytes),
        "small bodies are not zipped"
    );
    assert!(
        calls
            .iter()
            .all(|call| call.connection == calls[0].connection),
        "one connection is kept"
    );
    assert!(
        endpoint
            .accepted()
            .iter()
            .filter(|datum| datum.name != "ExporterHeartbeat")
            .all(|datum| datum.resolution == 1)
    );
}

#[test]
fn a_date_that_lies_costs_a_refused_call_and_no_datum() {
    let endpoint = Endpoint::start();
    endpoint.script([Fault::Normal, Fault::WrongDate(-7200)]);
    let (_file, mut program) = start("wrong-date", 1, &endpoint.url());
    // The SDK takes over the clock of the answer and signs the next call two hours off. The refusal has the true date;
    // it is read before the end comes, which does not wait for the probe of 30 s.
    assert!(
        program.wait_for_line("CloudWatch denies"),
        "{}",
        program.log()
    );
    let (code, account) = stopped(&mut program);
    assert!(is_whole(&account), "{account}");
    assert_eq!(code, Some(0));
    let accepted: Vec<bool> = endpoint.calls().iter().map(|call| call.accepted).collect();
    assert!(
        accepted.len() >= 4 && !accepted[2] && accepted.iter().filter(|yes| !**yes).count() == 1,
        "{accepted:?}"
    );
}

#[test]
fn a_datum_that_cloudwatch_refuses_alone_is_the_only_one_lost() {
    let endpoint = Endpoint::start();
    endpoint.poison("CpuSteal");
    let (code, account) = run_through("invalid", &endpoint, 25);
    let accepted = endpoint.accepted();
    let windows = accepted
        .iter()
        .filter(|datum| datum.name == "DataplaneCpuUtilization")
        .count();
    assert!(windows >= 2 && accepted.iter().all(|datum| datum.name != "CpuSteal"));
    assert!(
        account.contains("waiting 0 + dropped") && account.contains("invalid"),
        "{account}"
    );
    // Those that are read each second, and so in every window, but perhaps the last: the end came between two passes.
    let last = accepted.iter().map(|datum| datum.timestamp);
    let last = last.fold(0.0, f64::max);
    let mut others = BTreeMap::<&str, usize>::new();
    for datum in accepted
        .iter()
        .filter(|datum| datum.name == "CollectorUp" && datum.timestamp < last)
    {
        *others.entry(&datum.dimensions["Collector"]).or_default() += 1;
    }
    others.retain(|name, _| ["cpu", "softnet", "conntrack", "interfaces"].contains(name));
    let each: Vec<&usize> = others.values().collect();
    assert!(
        each.windows(2).all(|pair| pair[0] == pair[1]) && each.len() > 1,
        "the rest of each window arrives: {others:?}"
    );
    assert_eq!(code, Some(0), "it was settled before the end");
}

#[test]
fn without_a_spool_what_a_dead_endpoint_did_not_take_is_counted_at_the_end() {
    // Nothing listens there: port 1 is below those that tests are given.
    let file = config("dead", 1);
    let mut command = publishing(&["run", "--config", file.path()], "http://127.0.0.1:1");
    command
        .env("FWMETRICS_LOG__LEVEL", "info,fwmetrics=debug")
        .env("FWMETRICS_SPOOL__DIR", "/dev/null/nowhere");
    let mut program = Program::start(&mut command);
    assert!(
        program.wait_for_lines("an attempt to send failed: NoConnection", 3),
        "{}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(1), "{}", program.log());
    let log = program.log();
    assert_eq!(log.matches("cannot reach CloudWatch").count(), 1, "{log}");
    assert!(log.contains("= sent 0 + waiting 0 + dropped "), "{log}");
}

#[test]
fn a_denied_role_says_what_to_do() {
    let endpoint = Endpoint::start();
    endpoint.always(Some(Fault::AccessDenied));
    // Another with the same windows and an endpoint that is well tells when some more have closed.
    let well = Endpoint::start();
    let (_file, mut program) = start("denied", 1, &endpoint.url());
    assert!(
        program.wait_for_line("allow cloudwatch:PutMetricData"),
        "{}",
        program.log()
    );
    let (_other_file, other) = start("well", 1, &well.url());
    assert!(well.wait_for_calls(4, LONG), "{}", other.log());
    assert_eq!(endpoint.calls().len(), 1, "a denial is not hammered");
    // What is denied waits in the spool.
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
}

#[test]
fn missing_credentials_say_so() {
    let endpoint = Endpoint::start();
    let file = config("keyless", 1);
    let args = ["run", "--config", file.path()];
    let mut command = publishing(&args, &endpoint.url());
    command
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY");
    let mut program = Program::start(&mut command);
    assert!(program.wait_for_line("NoCredentials"), "{}", program.log());
    assert!(
        program.log().contains("attach an instance role"),
        "{}",
        program.log()
    );
    // What is denied waits in the spool.
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    assert!(endpoint.calls().is_empty());
}

#[test]
fn a_missing_region_says_so() {
    let endpoint = Endpoint::start();
    let file = config("regionless", 1);
    let args = ["run", "--config", file.path()];
    let mut command = publishing(&args, &endpoint.url());
    command.env_remove("AWS_REGION");
    let program = Program::start(&mut command);
    assert!(program.wait_for_line("NoRegion"), "{}", program.log());
    assert!(
        program.log().contains("set [cloudwatch] region"),
        "{}",
        program.log()
    );
}

#[test]
fn a_clock_that_differs_from_cloudwatchs_is_said() {
    let endpoint = Endpoint::start();
    endpoint.set_date_offset(-3600);
    let file = config("skew", 1);
    let args = ["run", "--config", file.path()];
    let program = Program::start(&mut publishing(&args, &endpoint.url()));
    assert!(
        program.wait_for_line("ahead of CloudWatch's by 1000 s or more"),
        "{}",
        program.log()
    );
}

#[test]
fn a_clock_an_hour_off_is_signed_around_and_corrected_on_request() {
    for ahead_secs in [3600i64, -3600] {
        let endpoint = Endpoint::start();
        endpoint.set_clock_offset(-ahead_secs);
        let file = ConfigFile::new(
            "corrected",
            "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\ncorrect_clock = true\n[identity]\ninstance_id = \"i-1\"\n",
        );
        let args = ["run", "--config", file.path()];
        let mut program = Program::start(&mut publishing(&args, &endpoint.url()));
        let said = "windows are labelled by CloudWatch's clock";
        assert!(program.wait_for_line(said), "{}", program.log());
        let theirs = || {
            let now = support::time::unix_now() as i64 - ahead_secs;
            let near = |stamp: i64| (now - 60..=now + 2).contains(&stamp);
            let accepted = endpoint.accepted();
            accepted
                .iter()
                .filter(|datum| near(datum.timestamp as i64))
                .count()
        };
        assert!(eventually(|| theirs() > 20), "{}", program.log());
        let (code, account) = stopped(&mut program);
        assert_eq!(code, Some(0), "{}", program.log());
        assert!(is_whole(&account), "{account}");
    }
}

#[test]
fn an_instance_of_a_group_publishes_for_its_fleet_under_its_role() {
    let endpoint = Endpoint::start();
    let imds = Imds::start();
    imds.set_instance_id(Some("i-0abc"));
    imds.set_tag(Some("edge"));
    imds.set_lifecycle(Some("InService"));
    let file = ConfigFile::new("fleet", "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n");
    let args = ["run", "--config", file.path()];
    let mut program = Program::start(&mut on_instance(&args, &endpoint.url(), &imds));
    assert!(endpoint.wait_for_calls(3, LONG), "{}", program.log());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let calls = endpoint.calls();
    assert!(
        calls
            .iter()
            .all(|call| call.access_key == Some(Key::role_example().id))
    );
    for dimensions in [group("edge"), instance("i-0abc")] {
        for metric in ["CapacityUtilization", "ExporterHeartbeat"] {
            let windows = endpoint.statistics("Firewall/fwmetrics", metric, &dimensions, 60);
            assert!(!windows.is_empty(), "{metric} {dimensions:?}");
        }
    }
    // Detail never goes out for the fleet.
    let accepted = endpoint.accepted();
    assert!(
        accepted
            .iter()
            .any(|datum| datum.dimensions.contains_key("Collector"))
    );
    assert!(accepted.iter().all(|datum| datum.dimensions.len() == 1 || datum.dimensions.contains_key("InstanceId")));
}

#[test]
fn metadata_never_goes_through_a_proxy() {
    let (imds, proxy) = (Imds::start(), Proxy::start());
    let file = ConfigFile::new("proxy", "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n");
    let args = ["run", "--config", file.path()];
    let mut command = on_instance(&args, "http://192.0.2.1:9", &imds);
    let program = Program::start(command.env("HTTP_PROXY", proxy.url()));
    assert!(
        program.wait_for_line("cannot reach CloudWatch"),
        "{}",
        program.log()
    );
    let seen = proxy.requests();
    assert!(
        seen.iter().any(|line| line.contains("192.0.2.1")),
        "CloudWatch's calls use the proxy: {seen:?}"
    );
    assert!(
        seen.iter().all(|line| line.contains("192.0.2.1")),
        "and nothing else does: {seen:?}"
    );
    assert!(
        imds.requests()
            .iter()
            .any(|(_, path)| path.contains("security-credentials"))
    );
}

#[test]
fn a_dead_metadata_service_is_said_and_stops_nothing() {
    let modes = [Mode::Hang, Mode::Refuse, Mode::Forbidden, Mode::Garbage];
    std::thread::scope(|scope| {
        for mode in modes {
            scope.spawn(move || a_run_with_the_metadata_service_in(mode));
        }
    });
}

fn a_run_with_the_metadata_service_in(mode: Mode) {
    let (endpoint, imds) = (Endpoint::start(), Imds::start());
    imds.set_mode(mode);
    let file = config(&format!("imds-{mode:?}"), 1);
    let args = ["run", "--config", file.path()];
    let mut command = publishing(&args, &endpoint.url());
    command.env_remove("AWS_EC2_METADATA_DISABLED");
    command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url());
    let mut program = Program::start(&mut command);
    assert!(
        endpoint.wait_for_calls(2, LONG),
        "{mode:?}: {}",
        program.log()
    );
    assert!(
        program.wait_for_line("instance metadata service"),
        "{mode:?}: {}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(0), "{mode:?}: {}", program.log());
}
