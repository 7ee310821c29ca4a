//! SIGHUP to the real binary, against the strict endpoint: a hundred reloads under load, a third of them refused; and
//! configuration paths that are no files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use support::program::{ConfigFile, Program, eventually, fresh_path, missed_ticks, publishing};
use support::{Client, Endpoint, Stats};

const LONG: Duration = Duration::from_secs(100);
const DONE: &str = "configuration reloaded: ";
const REFUSED: &str = "configuration not reloaded: the old one stays in force";

fn config(more: &str) -> String {
    format!(
        "[identity]\ninstance_id = \"i-1\"\n[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n{more}"
    )
}

/// Starts it with windows of a second.
fn start(file: &Path, endpoint: &Endpoint) -> Program {
    let args = ["run", "--config", file.to_str().unwrap()];
    let program = Program::start(&mut publishing(&args, &endpoint.url()));
    assert!(endpoint.wait_for_calls(2, LONG), "{}", program.log());
    program
}

/// One SIGHUP, and how it ended: true when it was taken over.
fn reload(program: &Program) -> bool {
    let counts = || {
        let log = program.log();
        (log.matches(DONE).count(), log.matches(REFUSED).count())
    };
    let before = counts();
    program.signal("-HUP");
    assert!(eventually(|| counts() != before), "{}", program.log());
    counts().0 > before.0
}

fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut client = Client::connect(address).ok()?;
    Some(client.request("GET", path, &[]).ok()?.text())
}

/// Where it listens, as its newest log line has it.
fn address(program: &Program) -> SocketAddr {
    assert!(program.wait_for_line("listens on "), "{}", program.log());
    let log = program.log();
    let (_, rest) = log.rsplit_once("listens on ").unwrap();
    rest.split_once(": ").unwrap().0.parse().unwrap()
}

/// What the process holds between two passes, which open files: the least of some looks at descriptors, threads, and kB
/// resident.
fn held(program: &Program) -> (usize, usize, u64) {
    let looks = (0..10).map(|_| {
        std::thread::sleep(Duration::from_millis(70));
        holds(program)
    });
    let least =
        |a: (usize, usize, u64), b: (usize, usize, u64)| (a.0.min(b.0), a.1.min(b.1), a.2.min(b.2));
    looks.reduce(least).unwrap()
}

fn holds(program: &Program) -> (usize, usize, u64) {
    let proc = PathBuf::from(format!("/proc/{}", program.id()));
    let count = |folder: &str| std::fs::read_dir(proc.join(folder)).unwrap().count();
    let status = std::fs::read_to_string(proc.join("status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.unwrap().trim().trim_end_matches(" kB");
    (count("fd"), count("task"), resident.parse().unwrap())
}

/// The configurations of a hundred reloads; `None` beside one that is good, else what its refusal says.
fn variant(number: usize, url: &str) -> (String, Option<&'static str>) {
    let broken = [
        ("[log]\nlevel = \"loud\"\n", ":7: log.level: "),
        ("serie_max = 4\n", ":6: cloudwatch.serie_max: no such key"),
        ("[collectors.cpu\n", ":6: "),
        (
            "[collectors.cpu]\nsample_secs = 0\n",
            ":7: collectors.cpu.sample_secs: ",
        ),
    ];
    if number % 3 == 2 {
        let (more, refusal) = broken[number / 3 % broken.len()];
        return (config(more), Some(refusal));
    }
    let slash = if number.is_multiple_of(4) { "/" } else { "" };
    let cloudwatch = format!(
        "endpoint_url = \"{url}{slash}\"\nseries_max = {}\nrequests_per_second = {}\n",
        200 + number,
        10 + number % 5
    );
    let others = [
        "[metrics]\ndisable = [\"CpuSteal\"]\n",
        "[log]\nlevel = \"info,fwmetrics=debug\"\n",
        "",
    ];
    // Those that build a collector wait for the tick of the next second.
    let collectors = [
        "",
        "[collectors]\ndisable = [\"softnet\"]\n",
        "[collectors.softnet]\ntimeout_secs = 2\n",
        "[collectors.interfaces]\nexclude = [\"nothing*\"]\n",
    ];
    let (other, collector) = (number % others.len(), number / 10 % collectors.len());
    let http = "[http]\nlisten = \"127.0.0.1:0\"\n";
    let text = config(&cloudwatch) + others[other] + collectors[collector] + http;
    (text, None)
}

#[test]
fn a_hundred_reloads_under_load_leave_no_gap_no_double_and_no_leak() {
    let endpoint = Endpoint::start();
    let url = endpoint.url();
    let file = ConfigFile::new("hundred", &variant(0, &url).0);
    let mut program = start(Path::new(file.path()), &endpoint);
    let address = address(&program);
    let mut refused = 0;
    let mut early = (0, 0, 0);
    for number in 1..=100 {
        let (text, refusal) = variant(number, &url);
        file.replace(&text);
        let taken = reload(&program);
        assert_eq!(taken, refusal.is_none(), "{number}: {}", program.log());
        if let Some(refusal) = refusal {
            let line = format!("{}{refusal}", file.path());
            let log = program.log();
            assert!(log.contains(&line), "{number}: {line}: {log}");
            refused += 1;
        }
        if number == 30 {
            early = held(&program);
        }
    }
    let late = held(&program);
    assert!(late.0 <= early.0 + 3, "descriptors: {early:?}, {late:?}");
    assert!(late.1 <= early.1 + 2, "threads: {early:?}, {late:?}");
    assert!(late.2 <= early.2 + 4096, "resident: {early:?}, {late:?}");
    let metrics = get(address, "/metrics").expect("the port is open throughout");
    for (result, count) in [("ok", 100 - refused), ("failed", refused)] {
        let line = format!("fwmetrics_reloads_total{{result=\"{result}\"}} {count}\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
    assert_eq!(refused, 33);
    // The last window of the run is closed before the end.
    let calls = endpoint.calls().len();
    assert!(
        endpoint.wait_for_calls(calls + 2, LONG),
        "{}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let log = program.log();
    let account = log.lines().find(|line| line.contains("account: ")).unwrap();
    assert!(account.contains("waiting 0 + dropped 0;"), "{account}");
    // A busy machine sleeps through a second now and then, a tick of each collector; reloads that cost ticks would miss
    // hundreds.
    assert!(missed_ticks(&log) <= 15, "{account}");
    every_second_once(&endpoint, &log);
}

#[test]
fn another_period_loses_no_reading() {
    let endpoint = Endpoint::start();
    let file = ConfigFile::new("period", &config(""));
    let mut program = start(Path::new(file.path()), &endpoint);
    for period in ["period_secs = 5", "period_secs = 1"] {
        file.replace(&config("").replace("period_secs = 1", period));
        assert!(reload(&program), "{}", program.log());
        let calls = endpoint.calls().len();
        // The window that is sealed at once, and three whole ones: with those of five seconds, two are inner ones.
        assert!(
            endpoint.wait_for_calls(calls + 4, LONG),
            "{}",
            program.log()
        );
    }
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let dimensions = BTreeMap::from([("InstanceId".to_owned(), "i-1".to_owned())]);
    let cpu = "DataplaneCpuUtilization";
    let windows = endpoint.statistics("Firewall/fwmetrics", cpu, &dimensions, 5);
    let counts: Vec<f64> = windows.values().map(|window| window.sample_count).collect();
    let inner = &counts[1..counts.len() - 1];
    assert!(inner.len() >= 2, "{counts:?}");
    let log = program.log();
    assert!(inner.iter().all(|count| *count <= 5.0), "{counts:?}: {log}");
    let lacking = inner.len() as f64 * 5.0 - inner.iter().sum::<f64>();
    assert!(lacking <= missed_ticks(&log) as f64, "{counts:?}: {log}");
}

/// Each second has one reading, but for the first and the last.
fn every_second_once(endpoint: &Endpoint, log: &str) {
    for (metric, dimension) in [
        ("DataplaneCpuUtilization", None),
        ("CapacityUtilization", None),
        ("CollectorUp", Some(("Collector", "cpu"))),
        ("CollectorUp", Some(("Collector", "conntrack"))),
    ] {
        let mut dimensions = BTreeMap::from([("InstanceId".to_owned(), "i-1".to_owned())]);
        dimensions.extend(dimension.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let windows = endpoint.statistics("Firewall/fwmetrics", metric, &dimensions, 1);
        if windows.is_empty() && dimension == Some(("Collector", "conntrack")) {
            // This machine may have no connection tracking.
            continue;
        }
        assert!(windows.len() >= 10, "{windows:?}");
        one_each(&windows, metric, log);
    }
}

/// Each second between the first and the last has one reading, but for those that this machine slept through.
fn one_each(windows: &BTreeMap<i64, Stats>, metric: &str, log: &str) {
    let (first, last) = (
        windows.keys().next().unwrap(),
        windows.keys().last().unwrap(),
    );
    let twice = windows.iter().find(|(_, window)| window.sample_count > 1.0);
    assert!(
        twice.is_none_or(|(second, _)| second == first || second == last),
        "{metric}, {twice:?}: {log}"
    );
    let lacking = last - first + 1 - windows.len() as i64;
    assert!(lacking <= missed_ticks(log) as i64, "{metric}: {log}");
}

#[test]
fn no_path_of_a_configuration_stops_or_stalls_a_running_daemon() {
    let endpoint = Endpoint::start();
    let folder = fresh_path("poisoned");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("fwmetrics.toml");
    std::fs::write(&file, config("")).unwrap();
    let mut program = start(&file, &endpoint);
    let not_regular = "not a regular file";
    type Poison = fn(&Path);
    let poisons: [(Poison, &str); 9] = [
        (|_| {}, "No such file"),
        (|path| std::fs::create_dir(path).unwrap(), not_regular),
        (make_fifo, not_regular),
        (|path| symlink("/dev/zero", path).unwrap(), not_regular),
        (|path| symlink(path, path).unwrap(), "cannot read it"),
        (make_huge, not_regular),
        (
            |path| std::fs::write(path, b"a = 1\nb = \"\xff\"\n").unwrap(),
            "line 2 is not UTF-8",
        ),
        (
            |path| std::fs::write(path, "[[a]]\n".repeat(40_000)).unwrap(),
            ":1: a: no such key",
        ),
        (
            |path| std::fs::write(path, "a = ".to_owned() + &"[".repeat(250_000)).unwrap(),
            ":1: cannot recurse",
        ),
    ];
    for (poison, said) in poisons {
        remove(&file);
        poison(&file);
        assert!(!reload(&program), "{said}");
        assert!(program.log().contains(said), "{said}: {}", program.log());
    }
    // The folder itself is gone, then a file.
    remove(&file);
    std::fs::remove_dir(&folder).unwrap();
    assert!(!reload(&program));
    std::fs::write(&folder, "").unwrap();
    assert!(!reload(&program));
    std::fs::remove_file(&folder).unwrap();
    let calls = endpoint.calls().len();
    assert!(
        endpoint.wait_for_calls(calls + 2, LONG),
        "{}",
        program.log()
    );
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(&file, config("series_max = 200\n")).unwrap();
    assert!(reload(&program), "{}", program.log());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let log = program.log();
    assert!(log.contains("waiting 0 + dropped 0;"), "{log}");
    every_second_once_or_short(&endpoint, &log);
    std::fs::remove_dir_all(folder).unwrap();
}

/// As [`every_second_once`], of a run that may be shorter.
fn every_second_once_or_short(endpoint: &Endpoint, log: &str) {
    let dimensions = BTreeMap::from([("InstanceId".to_owned(), "i-1".to_owned())]);
    let windows = endpoint.statistics(
        "Firewall/fwmetrics",
        "DataplaneCpuUtilization",
        &dimensions,
        1,
    );
    one_each(&windows, "DataplaneCpuUtilization", log);
}

fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
    let _ = std::fs::remove_dir(path);
}

fn make_fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

/// 100 MB that take no room.
fn make_huge(path: &Path) {
    let file = std::fs::File::create(path).unwrap();
    file.set_len(100_000_000).unwrap();
}

#[test]
fn a_storm_of_signals_is_a_few_reloads_and_sigterm_ends_it_at_once() {
    let endpoint = Endpoint::start();
    let file = ConfigFile::new("storm", &config(""));
    let mut program = start(Path::new(file.path()), &endpoint);
    program.signal_often("-HUP", 10_000);
    assert!(
        program.wait_for_line("nothing changed"),
        "{}",
        program.log()
    );
    program.signal("-HUP");
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let log = program.log();
    assert!(log.contains("waiting 0 + dropped 0;"), "{log}");
    // Ten thousand signals take milliseconds, and reloads keep a distance of a hundred.
    let reloads = log.matches(DONE).count();
    assert!((1..100).contains(&reloads), "{reloads} reloads");
}

#[test]
fn the_port_moves_and_one_that_is_taken_leaves_the_old_one_open() {
    let endpoint = Endpoint::start();
    let listening = |address: &str| config(&format!("[http]\nlisten = \"{address}\"\n"));
    let file = ConfigFile::new("port", &listening("127.0.0.1:0"));
    let program = start(Path::new(file.path()), &endpoint);
    let first = address(&program);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap();
    file.replace(&(listening(&busy.to_string()) + "[collectors]\ndisable = [\"cpu\"]\n"));
    assert!(!reload(&program));
    let why = format!("cannot listen on {busy}: Address already in use");
    assert!(program.log().contains(&why), "{}", program.log());
    let metrics = get(first, "/metrics").expect("the old port is open");
    assert!(metrics.contains("fwmetrics_reloads_total{result=\"failed\"} 1\n"));
    assert!(
        metrics.contains("fwmetrics_collector_up{collector=\"cpu\"}"),
        "nothing else is changed"
    );

    file.replace(&listening("127.0.0.2:0"));
    assert!(reload(&program), "{}", program.log());
    let second = address(&program);
    assert_ne!(first, second);
    assert!(get(second, "/metrics").is_some());
    assert!(get(first, "/metrics").is_none(), "the old port is closed");

    // One port of two addresses that cannot be had at once.
    let named = SocketAddr::from(([127, 0, 0, 1], free_port()));
    file.replace(&listening(&named.to_string()));
    assert!(reload(&program), "{}", program.log());
    let all = format!("0.0.0.0:{}", named.port());
    file.replace(&listening(&all));
    assert!(reload(&program), "{}", program.log());
    assert!(get(named, "/metrics").is_some(), "{}", program.log());

    file.replace(&config(""));
    assert!(reload(&program), "{}", program.log());
    assert!(get(named, "/metrics").is_none());
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn what_needs_a_restart_is_said_and_the_log_level_does_not() {
    let endpoint = Endpoint::start();
    let file = ConfigFile::new("restart-needed", &config(""));
    let args = ["run", "--config", file.path()];
    let mut command = publishing(&args, &endpoint.url());
    let state = fresh_path("state");
    // Else the environment would stand before the file.
    command.env_remove("FWMETRICS_SPOOL__DIR");
    let spool = |dir: &Path| format!("[spool]\ndir = \"{}\"\n", dir.display());
    file.replace(&config(&spool(&state)));
    let mut program = Program::start(&mut command);
    assert!(endpoint.wait_for_calls(2, LONG), "{}", program.log());
    assert!(!program.log().contains("DEBUG"), "{}", program.log());
    let other = fresh_path("other-state");
    let log = "[log]\nformat = \"json\"\nlevel = \"info,fwmetrics=debug\"\n";
    file.replace(&config(&(spool(&other) + log)));
    assert!(reload(&program), "{}", program.log());
    for key in ["[log] format", "[spool] dir"] {
        let line = format!("{key} needs a restart: the old value stays until then");
        assert_eq!(program.log().matches(&line).count(), 1, "{}", program.log());
    }
    assert!(program.wait_for_line("DEBUG sent "), "{}", program.log());
    assert!(!program.log().contains("built anew"), "{}", program.log());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    assert!(state.join("spool").is_dir() && !other.exists());
}
