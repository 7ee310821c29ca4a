//! `fwmetrics run` as a service: what it tells the service manager, and what it keeps over a restart.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};
use std::time::Duration;

use support::Endpoint;
use support::program::{ConfigFile, Program, fresh_path, publishing};

const LONG: Duration = Duration::from_secs(100);

fn config(name: &str, state: &Path) -> ConfigFile {
    let text = format!(
        "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n[identity]\ninstance_id = \"i-1\"\n\
         [spool]\ndir = \"{}\"\n",
        state.display()
    );
    ConfigFile::new(name, &text)
}

/// A service manager, and the path of its socket.
fn watching() -> (UnixDatagram, PathBuf) {
    let path = fresh_path("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(LONG)).unwrap();
    (manager, path)
}

/// Starts it without the runner's own choice of a state directory.
fn start(file: &ConfigFile, endpoint: &Endpoint, more: &[(&str, &str)]) -> Program {
    let args = ["run", "--config", file.path()];
    let mut command = publishing(&args, &endpoint.url());
    command.env_remove("FWMETRICS_SPOOL__DIR");
    command.envs(more.iter().copied());
    Program::start(&mut command)
}

/// The next message; a test that waits longer fails.
fn told(manager: &UnixDatagram) -> String {
    let mut bytes = [0; 1024];
    let length = manager.recv(&mut bytes).expect("a message comes");
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

/// The next message that is no sign of life.
fn told_beside_life(manager: &UnixDatagram) -> String {
    std::iter::repeat_with(|| told(manager))
        .take(100)
        .find(|text| !text.starts_with("WATCHDOG=1\n"))
        .unwrap()
}

/// Microseconds of CLOCK_MONOTONIC, as a process of this machine may tell them.
fn is_now_or_before(usec: &str) -> bool {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let usec: i64 = usec.parse().unwrap();
    (1..=now.tv_sec * 1_000_000 + now.tv_nsec / 1000).contains(&usec)
}

#[test]
fn a_reload_is_told_from_its_begin_to_its_end_whatever_comes_of_it() {
    let (manager, path) = watching();
    let endpoint = Endpoint::start();
    let state = fresh_path("state");
    let file = config("told-reload", &state);
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "1000000"),
    ];
    let mut program = start(&file, &endpoint, &environment);
    assert!(told(&manager).starts_with("READY=1\n"));
    let good = std::fs::read_to_string(file.path()).unwrap();
    for text in [&good, "no = \"key\"", &good] {
        file.replace(text);
        program.signal("-HUP");
        let begun = told_beside_life(&manager);
        let lines: Vec<&str> = begun.lines().collect();
        let [reloading, since, status] = lines[..] else {
            panic!("{begun}");
        };
        assert_eq!(reloading, "RELOADING=1");
        let since = since.strip_prefix("MONOTONIC_USEC=");
        assert!(since.is_some_and(is_now_or_before), "{begun}");
        assert!(status.starts_with("STATUS="), "{begun}");
        let ended = told_beside_life(&manager);
        assert!(ended.starts_with("READY=1\nSTATUS="), "{ended}");
    }
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    assert!(told_beside_life(&manager).starts_with("STOPPING=1\n"));
    std::fs::remove_file(path).unwrap();
}

/// Only a sign of life counts for a watchdog; begin and end of a reload put it off no longer.
#[test]
fn reloads_in_quick_succession_hold_up_no_sign_of_life() {
    let (manager, path) = watching();
    let endpoint = Endpoint::start();
    let file = config("quick-reloads", &fresh_path("state"));
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "1000000"),
    ];
    let mut program = start(&file, &endpoint, &environment);
    assert!(told(&manager).starts_with("READY=1\n"));
    let mut signs = 0;
    let mut reloads = 0;
    while signs < 5 && reloads < 100 {
        // Well below the half second after which a sign is due.
        std::thread::sleep(Duration::from_millis(100));
        program.signal("-HUP");
        reloads += 1;
        signs += std::iter::repeat_with(|| told(&manager))
            .take_while(|text| !text.starts_with("RELOADING=1\n"))
            .filter(|text| text.starts_with("WATCHDOG=1\n"))
            .count();
    }
    assert!(
        signs >= 5,
        "{signs} in {reloads} reloads: {}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    std::fs::remove_file(path).unwrap();
}

/// Ready, two signs of life, stopping; each with a status line.
fn hears_a_life(manager: &UnixDatagram, address: &str) {
    manager.set_read_timeout(Some(LONG)).unwrap();
    let endpoint = Endpoint::start();
    let file = config("told", &fresh_path("state"));
    let environment = [("NOTIFY_SOCKET", address), ("WATCHDOG_USEC", "1000000")];
    let mut program = start(&file, &endpoint, &environment);
    let first = told(manager);
    assert!(first.starts_with("READY=1\nSTATUS="), "{first}");
    for _ in 0..2 {
        let next = told(manager);
        assert!(next.starts_with("WATCHDOG=1\nSTATUS="), "{next}");
    }
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let last = told_beside_life(manager);
    assert!(last.starts_with("STOPPING=1\nSTATUS="), "{last}");
    assert!(last.contains(" datums sent, "), "{last}");
}

#[test]
fn the_service_manager_is_told_at_a_path() {
    let path = fresh_path("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    hears_a_life(&manager, path.to_str().unwrap());
    std::fs::remove_file(path).unwrap();
}

#[test]
fn the_service_manager_is_told_at_an_abstract_name() {
    let name = format!("fwmetrics-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let manager = UnixDatagram::bind_addr(&address).unwrap();
    hears_a_life(&manager, &format!("@{name}"));
}

#[test]
fn a_watchdog_of_another_process_and_a_dead_manager_are_nothing_to_us() {
    let endpoint = Endpoint::start();
    let file = config("another", &fresh_path("state"));
    let environment = [
        ("NOTIFY_SOCKET", "/nonexistent/notify"),
        ("WATCHDOG_USEC", "1000"),
        ("WATCHDOG_PID", "1"),
    ];
    let mut program = start(&file, &endpoint, &environment);
    assert!(endpoint.wait_for_calls(2, LONG), "{}", program.log());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
}

#[test]
fn a_restart_goes_on_where_the_last_one_ended() {
    let endpoint = Endpoint::start();
    let state = fresh_path("state").join("made");
    let file = config("restart", &state);
    for _ in 0..3 {
        let calls = endpoint.calls().len();
        let mut program = start(&file, &endpoint, &[]);
        assert!(
            endpoint.wait_for_calls(calls + 2, LONG),
            "{}",
            program.log()
        );
        assert_eq!(program.terminate(), Some(0), "{}", program.log());
    }
    let mode = std::fs::metadata(&state).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let kept = std::fs::read_to_string(state.join("series.json")).unwrap();
    assert!(
        kept.contains("\"metric\":\"CapacityUtilization\""),
        "{kept}"
    );
    let mut beats: BTreeMap<i64, usize> = BTreeMap::new();
    #[allow(clippy::cast_possible_truncation)] // whole seconds
    for datum in endpoint.accepted() {
        if datum.name == "ExporterHeartbeat" {
            *beats.entry(datum.timestamp as i64).or_default() += 1;
        }
    }
    assert!(!beats.is_empty());
    assert!(
        beats.values().all(|count| *count == 1),
        "one heartbeat a minute: {beats:?}"
    );
}

#[test]
fn every_signal_that_ends_it_sends_the_open_window_first() {
    for signal in ["-TERM", "-INT"] {
        let endpoint = Endpoint::start();
        let file = config("signal", &fresh_path("state"));
        let mut program = start(&file, &endpoint, &[]);
        assert!(endpoint.wait_for_calls(2, LONG), "{}", program.log());
        assert_eq!(
            program.end_by(signal),
            Some(0),
            "{signal}: {}",
            program.log()
        );
        let log = program.log();
        assert!(log.contains("waiting 0 + dropped 0;"), "{signal}: {log}");
    }
}

#[test]
fn a_state_directory_that_cannot_be_is_said_once_and_stops_nothing() {
    let endpoint = Endpoint::start();
    let place = fresh_path("file");
    std::fs::write(&place, "a file where a directory is wanted").unwrap();
    let file = config("nowhere", &place.join("state"));
    let mut program = start(&file, &endpoint, &[]);
    assert!(
        program.wait_for_line("kept in memory only"),
        "{}",
        program.log()
    );
    assert!(endpoint.wait_for_calls(3, LONG), "{}", program.log());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let said = program.log().matches("kept in memory only").count();
    assert_eq!(said, 1, "{}", program.log());
    std::fs::remove_file(place).unwrap();
}

#[test]
fn spoilt_state_files_are_said_and_written_anew() {
    let endpoint = Endpoint::start();
    let state = fresh_path("state");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("series.json"), "[{\"targ").unwrap();
    std::fs::write(state.join("heartbeat"), [0xff, 0xfe]).unwrap();
    let file = config("spoilt", &state);
    let mut program = start(&file, &endpoint, &[]);
    assert!(endpoint.wait_for_calls(2, LONG), "{}", program.log());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    for name in ["series.json", "heartbeat"] {
        assert!(program.log().contains(name), "{}", program.log());
    }
    let series = std::fs::read_to_string(state.join("series.json")).unwrap();
    assert!(series.ends_with("]"), "{series}");
    let minute = std::fs::read_to_string(state.join("heartbeat")).unwrap();
    assert!(minute.trim().parse::<i64>().is_ok(), "{minute}");
}
