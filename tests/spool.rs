//! The spool of the real binary: what was sealed arrives after a stop, after `kill -9`, and past a disk that fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use support::Endpoint;
use support::program::{ConfigFile, Program, command, eventually, fresh_path, publishing};

const LONG: Duration = Duration::from_secs(100);

/// Nothing listens there: port 1 is below those that tests are given.
const NOWHERE: &str = "http://127.0.0.1:1";

fn config(name: &str) -> ConfigFile {
    let text = "[cloudwatch]\nperiod_secs = 1\nphase_secs = 0\n[identity]\ninstance_id = \"i-1\"\n";
    ConfigFile::new(name, text)
}

fn run(file: &ConfigFile, state: &Path, url: &str) -> Command {
    let mut command = publishing(&["run", "--config", file.path()], url);
    command.env("FWMETRICS_SPOOL__DIR", state);
    command.env("FWMETRICS_LOG__LEVEL", "info,fwmetrics=debug");
    command
}

/// Newest timestamp and datums of each file in the spool, by its name.
fn spooled(state: &Path) -> BTreeMap<i64, usize> {
    let Ok(entries) = std::fs::read_dir(state.join("spool")) else {
        return BTreeMap::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let batches = names.filter_map(|name| Some(name.strip_suffix(".batch")?.to_owned()));
    let parts = batches.map(|name| {
        let parts: Vec<&str> = name.split('-').collect();
        (parts[0].parse().unwrap(), parts[2].parse().unwrap())
    });
    parts.collect()
}

/// Waits until there are so many batches in the spool.
fn wait_for_batches(program: &Program, state: &Path, count: usize) {
    let there = eventually(|| spooled(state).len() >= count);
    assert!(there, "{}", program.log());
}

fn timestamps(endpoint: &Endpoint) -> BTreeSet<i64> {
    let accepted = endpoint.accepted();
    #[allow(clippy::cast_possible_truncation)] // whole seconds
    accepted
        .iter()
        .map(|datum| datum.timestamp as i64)
        .collect()
}

/// The numbers of the account line: sealed, sent, waiting, dropped.
fn account(log: &str) -> [u64; 4] {
    let line = log.lines().find(|line| line.contains("account: ")).unwrap();
    ["sealed ", "sent ", "waiting ", "dropped "].map(|word| {
        let rest = &line[line.find(word).unwrap() + word.len()..];
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        rest[..end].parse().unwrap()
    })
}

/// Runs it against an endpoint that is well until all that waited is through; its account.
fn drain(file: &ConfigFile, state: &Path, endpoint: &Endpoint, calls: usize) -> [u64; 4] {
    let mut program = Program::start(&mut run(file, state, &endpoint.url()));
    let calls = endpoint.calls().len() + calls;
    assert!(endpoint.wait_for_calls(calls, LONG), "{}", program.log());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    assert!(spooled(state).is_empty(), "{}", program.log());
    account(&program.log())
}

#[test]
fn what_could_not_be_sent_before_a_stop_arrives_after_it() {
    let (file, state) = (config("stop"), fresh_path("state"));
    let mut program = Program::start(&mut run(&file, &state, NOWHERE));
    wait_for_batches(&program, &state, 4);
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let before = account(&program.log());
    let waiting = spooled(&state);
    assert!(waiting.len() >= 3, "{waiting:?}");
    assert_eq!(before[2], waiting.values().sum::<usize>() as u64);
    assert_eq!((before[1], before[3]), (0, 0));
    let endpoint = Endpoint::start();
    let after = drain(&file, &state, &endpoint, waiting.len() + 1);
    let arrived = timestamps(&endpoint);
    assert!(waiting.keys().all(|stamp| arrived.contains(stamp)));
    assert!(after[0] > before[0], "the account goes on");
    assert_eq!(after, [after[0], after[0], 0, 0]);
    assert_eq!(endpoint.accepted().len() as u64, after[1]);
}

#[test]
fn what_was_written_before_kill_9_arrives_after_it() {
    let (file, state) = (config("kill"), fresh_path("state"));
    let mut waiting = BTreeMap::new();
    for life in 1..=3 {
        let mut program = Program::start(&mut run(&file, &state, NOWHERE));
        wait_for_batches(&program, &state, 2 * life);
        program.kill();
        waiting.extend(spooled(&state));
    }
    assert_eq!(waiting, spooled(&state), "none of an earlier life is gone");
    assert!(waiting.len() >= 4, "{waiting:?}");
    let endpoint = Endpoint::start();
    let after = drain(&file, &state, &endpoint, waiting.len() + 1);
    let arrived = timestamps(&endpoint);
    assert!(waiting.keys().all(|stamp| arrived.contains(stamp)));
    assert_eq!(after, [after[0], after[0], 0, 0]);
    assert_eq!(endpoint.accepted().len() as u64, after[1], "none twice");
}

#[test]
fn kill_9_while_it_sends_loses_no_datum_that_is_on_the_account() {
    let (file, state) = (config("kills"), fresh_path("state"));
    let endpoint = Endpoint::start();
    for calls in [1, 2, 2, 3, 1, 2] {
        let mut program = Program::start(&mut run(&file, &state, &endpoint.url()));
        let calls = endpoint.calls().len() + calls;
        assert!(endpoint.wait_for_calls(calls, LONG), "{}", program.log());
        program.kill();
    }
    let after = drain(&file, &state, &endpoint, 2);
    assert_eq!(after[0], after[1] + after[3]);
    // Those of calls that were answered when nobody was left to hear it are there twice, and on the account once.
    assert!(endpoint.accepted().len() as u64 >= after[1]);
    assert_eq!(after[3], 0);
}

#[test]
fn a_dry_run_needs_no_lock_and_a_killed_process_leaves_none() {
    let (file, state) = (config("lock"), fresh_path("state"));
    let endpoint = Endpoint::start();
    let mut first = Program::start(&mut run(&file, &state, &endpoint.url()));
    assert!(endpoint.wait_for_calls(1, LONG), "{}", first.log());
    let mut dry = command(&["run", "--dry-run", "--config", file.path()]);
    let mut dry = Program::start(dry.env("FWMETRICS_SPOOL__DIR", &state));
    assert!(dry.wait_for_line("runs: "), "{}", dry.log());
    assert_eq!(dry.terminate(), Some(0), "{}", dry.log());
    first.kill();
    drain(&file, &state, &endpoint, 1);
}

/// Starts it in a mount namespace of its own, with a small disk for its state; `None` where that is not allowed.
fn on_a_disk_of_its_own(
    prepare: &str,
    file: &ConfigFile,
    state: &Path,
    url: &str,
) -> Option<Program> {
    std::fs::create_dir_all(state).unwrap();
    let inside = |script: &str| {
        let mut command = Command::new("unshare");
        let script = format!(
            "cd \"$FWMETRICS_SPOOL__DIR\" && mount -t tmpfs -o size=64k fwm-spool . && cd \"$FWMETRICS_SPOOL__DIR\" && {script}"
        );
        command.args(["--mount", "sh", "-c", &script]);
        command
    };
    let allowed = inside("true").env("FWMETRICS_SPOOL__DIR", state).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let run = run(file, state, url);
    let words = [run.get_program()].into_iter().chain(run.get_args());
    let words: Vec<String> = words
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let mut command = inside(&format!("{prepare} && exec {}", words.join(" ")));
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.envs(
        run.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    Some(Program::start(&mut command))
}

#[test]
fn a_full_disk_is_said_once_and_healed() {
    let (file, state) = (config("full"), fresh_path("state"));
    let endpoint = Endpoint::start();
    let fill = "{ dd if=/dev/zero of=filler bs=1k count=100 2>/dev/null || test -s filler; }";
    let Some(mut program) = on_a_disk_of_its_own(fill, &file, &state, &endpoint.url()) else {
        support::skip("no mount namespace may be made here");
        return;
    };
    assert!(
        program.wait_for_line("wait in memory alone"),
        "{}",
        program.log()
    );
    let calls = endpoint.calls().len();
    assert!(
        endpoint.wait_for_calls(calls + 2, LONG),
        "{}",
        program.log()
    );
    let inside = PathBuf::from(format!("/proc/{}/root", program.id()));
    let filler = inside.join(state.strip_prefix("/").unwrap()).join("filler");
    std::fs::remove_file(filler).unwrap();
    assert!(
        program.wait_for_line("takes unsent batches again"),
        "{}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let log = program.log();
    assert_eq!(log.matches("wait in memory alone").count(), 1, "{log}");
    let [sealed, sent, waiting, dropped] = account(&log);
    assert_eq!((sealed, waiting, dropped), (sent, 0, 0));
}

#[test]
fn a_read_only_disk_is_said_once_and_stops_nothing() {
    let (file, state) = (config("read-only"), fresh_path("state"));
    let endpoint = Endpoint::start();
    let seal = "mount -o remount,ro .";
    let Some(mut program) = on_a_disk_of_its_own(seal, &file, &state, &endpoint.url()) else {
        support::skip("no mount namespace may be made here");
        return;
    };
    assert!(
        program.wait_for_line("it cannot be locked"),
        "{}",
        program.log()
    );
    assert!(endpoint.wait_for_calls(3, LONG), "{}", program.log());
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    let log = program.log();
    assert_eq!(log.matches("wait in memory alone").count(), 1, "{log}");
    let [sealed, sent, waiting, dropped] = account(&log);
    assert_eq!((sealed, waiting, dropped), (sent, 0, 0));
}
