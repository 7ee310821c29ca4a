//! Draining, the real binary against Auto Scaling and CloudWatch on this machine: a firewall whose sessions die out, one
//! whose sessions never do, one that stops answering, and every answer that Auto Scaling may give.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod panos;
mod sim;
mod support;

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use panos::table;
use sim::{Firewall, Simulator, TunnelState};
use support::program::{
    ConfigFile, Program, command, eventually, fresh_path, on_instance, output, stderr, stdout,
    within,
};
use support::{AutoScaling, Endpoint, Imds, Trouble};

/// What a slow machine takes at the most.
const LONG: Duration = Duration::from_secs(200);
const GROUP: &str = "edge-fleet";
const HOOK: &str = "fwmetrics-drain";
const INSTANCE: &str = "i-0123456789abcdef0";
const HEARTBEAT: &str = "RecordLifecycleActionHeartbeat";
const COMPLETE: &str = "CompleteLifecycleAction";

/// Half a minute of waiting each, and no work: all at once, where the test runner has a thread for each core only.
#[test]
fn all_of_it_side_by_side() {
    let scenarios: &[(&str, fn())] = &[
        (
            "sessions_that_die_out_let_it_go",
            sessions_that_die_out_let_it_go,
        ),
        (
            "sessions_that_never_end_are_left_at_the_cap",
            sessions_that_never_end_are_left_at_the_cap,
        ),
        (
            "a_session_table_that_cannot_be_read_is_waited_for_until_the_cap",
            a_session_table_that_cannot_be_read_is_waited_for_until_the_cap,
        ),
        (
            "a_denied_call_is_told_once_with_its_remedy_and_a_throttled_one_is_tried_again",
            a_denied_call_is_told_once_with_its_remedy_and_a_throttled_one_is_tried_again,
        ),
        (
            "a_hook_that_ended_elsewhere_ends_the_drain_quietly",
            a_hook_that_ended_elsewhere_ends_the_drain_quietly,
        ),
        (
            "a_hook_that_nobody_waits_at_yet_is_asked_again",
            a_hook_that_nobody_waits_at_yet_is_asked_again,
        ),
        (
            "a_restart_goes_on_with_the_sessions_of_the_start_and_a_stop_completes_nothing",
            a_restart_goes_on_with_the_sessions_of_the_start_and_a_stop_completes_nothing,
        ),
        (
            "a_service_that_hangs_holds_up_neither_the_windows_nor_the_stop",
            a_service_that_hangs_holds_up_neither_the_windows_nor_the_stop,
        ),
        (
            "without_a_hook_nothing_waits_and_nobody_is_called",
            without_a_hook_nothing_waits_and_nobody_is_called,
        ),
        (
            "by_hand_it_ends_with_0_when_drained_and_with_1_at_the_cap",
            by_hand_it_ends_with_0_when_drained_and_with_1_at_the_cap,
        ),
        (
            "interrupted_by_hand_it_completes_nothing",
            interrupted_by_hand_it_completes_nothing,
        ),
        (
            "tunnels_of_a_daemon_that_never_answers_are_waited_for",
            tunnels_of_a_daemon_that_never_answers_are_waited_for,
        ),
        (
            "a_clock_that_is_far_off_is_learnt_by_hand_and_by_run",
            a_clock_that_is_far_off_is_learnt_by_hand_and_by_run,
        ),
        (
            "a_reload_changes_the_rule_and_the_hook_of_a_drain_that_is_under_way",
            a_reload_changes_the_rule_and_the_hook_of_a_drain_that_is_under_way,
        ),
        (
            "a_call_that_cannot_be_made_is_not_said_to_be_denied",
            a_call_that_cannot_be_made_is_not_said_to_be_denied,
        ),
        (
            "the_group_is_called_in_the_region_of_the_instance",
            the_group_is_called_in_the_region_of_the_instance,
        ),
        (
            "by_hand_the_environment_says_the_region_and_the_metrics_last",
            by_hand_the_environment_says_the_region_and_the_metrics_last,
        ),
        (
            "a_remote_firewall_is_drained_from_here",
            a_remote_firewall_is_drained_from_here,
        ),
        (
            "a_remote_firewall_that_stops_answering_is_waited_for",
            a_remote_firewall_that_stops_answering_is_waited_for,
        ),
    ];
    let started = scenarios.iter().map(|(name, scenario)| {
        let thread = std::thread::Builder::new().name((*name).to_owned());
        thread.spawn(scenario).unwrap()
    });
    let started: Vec<_> = started.collect();
    let failed = started.into_iter().filter_map(|thread| {
        let name = thread.thread().name().unwrap().to_owned();
        thread.join().is_err().then_some(name)
    });
    let failed: Vec<String> = failed.collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// A machine of which only the session table is there to be read.
struct Machine {
    root: PathBuf,
}

impl Machine {
    fn new(sessions: u32) -> Self {
        let machine = Machine {
            root: fresh_path("drain-root"),
        };
        let folder = machine.count();
        std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
        std::fs::write(
            machine.root.join("proc/sys/net/netfilter/nf_conntrack_max"),
            "65536\n",
        )
        .unwrap();
        machine.sessions(sessions);
        machine
    }

    fn count(&self) -> PathBuf {
        self.root.join("proc/sys/net/netfilter/nf_conntrack_count")
    }

    fn sessions(&self, sessions: u32) {
        // Whole at once: a reader must not meet an empty file.
        let new = self.count().with_extension("new");
        std::fs::write(&new, format!("{sessions}\n")).unwrap();
        std::fs::rename(new, self.count()).unwrap();
    }

    fn fail(&self) {
        std::fs::remove_file(self.count()).unwrap();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// `run` on an instance, with this in `[drain]`.
struct Fleet {
    machine: Machine,
    imds: Imds,
    endpoint: Endpoint,
    scaling: AutoScaling,
    file: ConfigFile,
    state: PathBuf,
}

impl Fleet {
    fn new(name: &str, sessions: u32, drain: &str) -> Self {
        let machine = Machine::new(sessions);
        let text = format!(
            "root = \"{}\"\n[cloudwatch]\nperiod_secs = 5\nphase_secs = 0\n[collectors]\nauto = false\n[collectors.conntrack]\n[drain]\nhook_name = \"{HOOK}\"\n{drain}\n",
            machine.root.display()
        );
        Fleet {
            machine,
            imds: Imds::start(),
            endpoint: Endpoint::start(),
            scaling: AutoScaling::start(GROUP, HOOK, INSTANCE),
            file: ConfigFile::new(name, &text),
            state: fresh_path("drain-state"),
        }
    }

    /// The same machine, state directory and all, at each start.
    fn command(&self, args: &[&str]) -> Command {
        let mut all = args.to_vec();
        all.extend(["--config", self.file.path()]);
        let mut command = on_instance(&all, &self.endpoint.url(), &self.imds);
        command
            .env("AWS_ENDPOINT_URL_AUTO_SCALING", self.scaling.url())
            .env("FWMETRICS_SPOOL__DIR", &self.state);
        command
    }

    /// `[cloudwatch] region`.
    fn metrics_in(&self, region: &str) {
        let text = std::fs::read_to_string(self.file.path()).unwrap();
        let table = format!("[cloudwatch]\nregion = \"{region}\"\n");
        self.file.replace(&text.replace("[cloudwatch]\n", &table));
    }

    fn run(&self) -> Program {
        Program::start(&mut self.command(&["run"]))
    }

    /// `run` that was told to leave once it was seen in service.
    fn leaving(&self) -> Program {
        let program = self.run();
        assert!(
            program.wait_for_line("lifecycle InService"),
            "{}",
            program.log()
        );
        self.imds.set_lifecycle(Some("Terminated"));
        assert!(
            program.wait_for_line("the target lifecycle state is Terminated"),
            "{}",
            program.log()
        );
        program
    }
}

/// The lines of the drain, for a person who looks at the test's output.
fn show(title: &str, log: &str) {
    println!("--- {title}");
    let told = |line: &&str| {
        ["drain", "ifecycle", "Auto Scaling"]
            .iter()
            .any(|word| line.contains(word))
    };
    for line in log.lines().filter(told) {
        println!("{line}");
    }
}

fn sessions_that_die_out_let_it_go() {
    let fleet = Fleet::new("drain-dies", 5000, "");
    let mut program = fleet.leaving();
    assert!(
        program.wait_for_line("5000 of 5000 sessions left, waiting for fewer than 50"),
        "{}",
        program.log()
    );
    let fleet_datums = || {
        let accepted = fleet.endpoint.accepted();
        let of_group =
            |datum: &&support::Stored| datum.dimensions.contains_key("AutoScalingGroupName");
        accepted
            .iter()
            .filter(of_group)
            .map(|datum| datum.timestamp as i64)
            .max()
    };
    let instance_datums = || {
        let accepted = fleet.endpoint.accepted();
        let own = accepted.iter().filter(|datum| {
            datum.name == "ActiveSessions" && datum.dimensions.contains_key("InstanceId")
        });
        own.map(|datum| datum.timestamp as i64).max()
    };
    fleet.machine.sessions(1234);
    assert!(
        program.wait_for_line("1234 of 5000 sessions left"),
        "{}",
        program.log()
    );
    assert!(!fleet.scaling.is_completed());
    // 50 is not fewer than 50.
    fleet.machine.sessions(50);
    assert!(
        program.wait_for_line("50 of 5000 sessions left"),
        "{}",
        program.log()
    );
    assert!(!fleet.scaling.is_completed());
    let silent_from = fleet_datums();
    // Two more windows of its own, and none of the group's.
    let until = instance_datums().unwrap_or_default() + 10;
    assert!(
        eventually(|| instance_datums() >= Some(until)),
        "{}",
        program.log()
    );
    assert_eq!(
        fleet_datums(),
        silent_from,
        "the group's series end with the service"
    );
    fleet.machine.sessions(49);
    assert!(
        program.wait_for_line("the lifecycle hook is completed (CONTINUE)"),
        "{}",
        program.log()
    );
    assert!(
        program.log().contains("49 of 5000 sessions left"),
        "{}",
        program.log()
    );
    assert!(fleet.scaling.is_completed());
    assert!(fleet.scaling.count(HEARTBEAT, 200) >= 1);
    assert_eq!(fleet.scaling.count(COMPLETE, 200), 1);
    let last = fleet.scaling.asked().pop().unwrap();
    assert_eq!(last.parameters["LifecycleActionResult"], "CONTINUE");
    // Nothing more is asked, also by the next run.
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    show("sessions die out", &program.log());
    let asked = fleet.scaling.asked().len();
    let mut again = fleet.run();
    assert!(
        again.wait_for_line("lifecycle Terminated"),
        "{}",
        again.log()
    );
    assert!(
        fleet
            .endpoint
            .wait_for_calls(fleet.endpoint.calls().len() + 2, Duration::from_secs(40))
    );
    assert_eq!(again.terminate(), Some(0));
    assert_eq!(fleet.scaling.asked().len(), asked, "{}", again.log());
}

fn sessions_that_never_end_are_left_at_the_cap() {
    let fleet = Fleet::new(
        "drain-never",
        5000,
        "wait_max_secs = 6\nheartbeat_timeout_secs = 30",
    );
    let mut program = fleet.leaving();
    assert!(
        program.wait_for_line("the lifecycle hook is completed (CONTINUE)"),
        "{}",
        program.log()
    );
    let log = program.log();
    assert!(
        log.contains("not drained: the cap of 6 s is reached, 5000 of 5000 sessions left"),
        "{log}"
    );
    assert_eq!(fleet.scaling.count(COMPLETE, 200), 1);
    assert_eq!(program.terminate(), Some(0));
    show("sessions never end", &log);
}

fn a_session_table_that_cannot_be_read_is_waited_for_until_the_cap() {
    let fleet = Fleet::new("drain-silent", 5000, "wait_max_secs = 60");
    let mut program = fleet.leaving();
    assert!(
        program.wait_for_line("5000 of 5000 sessions left"),
        "{}",
        program.log()
    );
    fleet.machine.fail();
    assert!(
        program.wait_for_line("the sessions are not read any more"),
        "{}",
        program.log()
    );
    assert!(!fleet.scaling.is_completed(), "{}", program.log());
    let completed = "the lifecycle hook is completed (CONTINUE)";
    assert!(
        within(LONG, || program.log().contains(completed)),
        "{}",
        program.log()
    );
    let log = program.log();
    assert!(
        log.contains("the cap of 60 s is reached, sessions unknown"),
        "{log}"
    );
    assert_eq!(program.terminate(), Some(0));
    show("the session table is not read any more", &log);
}

fn a_denied_call_is_told_once_with_its_remedy_and_a_throttled_one_is_tried_again() {
    let fleet = Fleet::new(
        "drain-denied",
        0,
        "heartbeat_timeout_secs = 30\nwait_max_secs = 20\nown_sessions = 0",
    );
    fleet.machine.sessions(100);
    fleet.scaling.script(&[
        Trouble::Denied,
        Trouble::Denied,
        Trouble::Throttled,
        Trouble::Portal,
    ]);
    let mut program = fleet.leaving();
    assert!(
        fleet.scaling.wait_for_calls(2, Duration::from_secs(40)),
        "{}",
        program.log()
    );
    assert!(program.wait_for_line("allow autoscaling:RecordLifecycleActionHeartbeat and autoscaling:CompleteLifecycleAction"), "{}", program.log());
    assert!(
        program.wait_for_line("the lifecycle hook is completed (CONTINUE)"),
        "{}",
        program.log()
    );
    let log = program.log();
    assert_eq!(
        log.matches("Auto Scaling denies RecordLifecycleActionHeartbeat")
            .count(),
        1,
        "{log}"
    );
    assert!(fleet.scaling.count(HEARTBEAT, 403) >= 2 || fleet.scaling.count(COMPLETE, 403) > 0);
    assert_eq!(program.terminate(), Some(0));
    show("denied, throttled, a portal", &log);
}

fn a_hook_that_ended_elsewhere_ends_the_drain_quietly() {
    let fleet = Fleet::new("drain-elsewhere", 100, "heartbeat_timeout_secs = 30");
    let mut program = fleet.leaving();
    assert!(
        fleet.scaling.wait_for_calls(1, Duration::from_secs(40)),
        "{}",
        program.log()
    );
    fleet.scaling.always(Trouble::NoAction);
    assert!(
        program.wait_for_line("the lifecycle action is over"),
        "{}",
        program.log()
    );
    let log = program.log();
    let warns = |line: &&str| line.contains("WARN") && line.contains("ifecycle");
    assert_eq!(log.lines().filter(warns).count(), 0, "{log}");
    assert_eq!(fleet.scaling.count(COMPLETE, 400), 0);
    assert_eq!(program.terminate(), Some(0));
    show("the hook timed out", &log);
}

fn a_hook_that_nobody_waits_at_yet_is_asked_again() {
    let fleet = Fleet::new("drain-early", 5, "heartbeat_timeout_secs = 30");
    // The group deregisters the instance first.
    fleet
        .scaling
        .script(&[Trouble::NoAction, Trouble::NoAction]);
    let mut program = fleet.leaving();
    assert!(
        program.wait_for_line("no lifecycle action waits for this instance"),
        "{}",
        program.log()
    );
    assert!(
        program.wait_for_line("the lifecycle hook is completed (CONTINUE)"),
        "{}",
        program.log()
    );
    assert!(fleet.scaling.is_completed());
    assert_eq!(program.terminate(), Some(0));
    show("the hook is not there yet", &program.log());
}

fn a_restart_goes_on_with_the_sessions_of_the_start_and_a_stop_completes_nothing() {
    let fleet = Fleet::new("drain-restart", 5000, "");
    let mut program = fleet.leaving();
    assert!(
        program.wait_for_line("5000 of 5000 sessions left"),
        "{}",
        program.log()
    );
    assert!(
        fleet.scaling.wait_for_calls(1, Duration::from_secs(40)),
        "{}",
        program.log()
    );
    fleet.machine.sessions(200);
    assert!(
        program.wait_for_line("200 of 5000 sessions left"),
        "{}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
    assert!(
        program
            .log()
            .contains("stopped while draining: the lifecycle hook is not completed"),
        "{}",
        program.log()
    );
    assert_eq!(fleet.scaling.count(COMPLETE, 200), 0);
    let mut again = fleet.run();
    assert!(
        again.wait_for_line("going on with the drain that was begun before"),
        "{}",
        again.log()
    );
    assert!(
        again.wait_for_line("200 of 5000 sessions left, waiting for fewer than 50"),
        "{}",
        again.log()
    );
    fleet.machine.sessions(20);
    assert!(
        again.wait_for_line("the lifecycle hook is completed (CONTINUE)"),
        "{}",
        again.log()
    );
    assert_eq!(again.terminate(), Some(0));
    show("restart, first run", &program.log());
    show("restart, second run", &again.log());
}

fn a_service_that_hangs_holds_up_neither_the_windows_nor_the_stop() {
    let fleet = Fleet::new("drain-hangs", 5000, "");
    fleet.scaling.always(Trouble::Hang);
    let mut program = fleet.leaving();
    assert!(
        fleet.scaling.wait_for_calls(1, Duration::from_secs(40)),
        "{}",
        program.log()
    );
    let calls = fleet.endpoint.calls().len();
    assert!(
        fleet
            .endpoint
            .wait_for_calls(calls + 2, Duration::from_secs(40)),
        "{}",
        program.log()
    );
    assert!(
        program.wait_for_line(
            "RecordLifecycleActionHeartbeat failed: no answer within 12 s from http://127.0.0.1:"
        ),
        "{}",
        program.log()
    );
    assert!(
        program
            .log()
            .contains("it takes an interface endpoint for autoscaling"),
        "{}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(0), "{}", program.log());
}

fn tunnels_of_a_daemon_that_never_answers_are_waited_for() {
    let fleet = Fleet::new("drain-tunnels", 5, "wait_max_secs = 8");
    // strongSwan's socket. Whoever listens has a backlog: it need not accept for a client to be connected.
    let daemon = UnixListener::bind(fleet.machine.root.join("vici")).unwrap();
    let text = std::fs::read_to_string(fleet.file.path()).unwrap();
    let tunnels = "[collectors.strongswan]\ntimeout_secs = 2\nsocket = [\"/vici\"]\n";
    fleet.file.replace(&format!("{text}{tunnels}"));
    let ended = output(&mut fleet.command(&["drain", "--max", "8s"]));
    assert_eq!(ended.status.code(), Some(1), "{}", stdout(&ended));
    let (said, why) = (stdout(&ended), stderr(&ended));
    assert!(said.contains("; tunnels: not read yet; cap in"), "{said}");
    assert!(
        why.contains("the cap of 8 s is reached, 5 of 5 sessions left"),
        "{why}"
    );
    assert!(why.contains("/vici does not answer"), "{why}");
    let mut program = fleet.leaving();
    assert!(
        program.wait_for_line("the lifecycle hook is completed (CONTINUE)"),
        "{}",
        program.log()
    );
    assert!(
        program.log().contains(
            "not drained: the cap of 8 s is reached, 5 of 5 sessions left; tunnels: not read yet"
        ),
        "{}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(0));
    show("a daemon that never answers", &program.log());
    drop(daemon);
}

fn a_clock_that_is_far_off_is_learnt_by_hand_and_by_run() {
    let fleet = Fleet::new("drain-clock", 5, "");
    fleet.scaling.always(Trouble::Skewed);
    let ended = output(&mut fleet.command(&["drain", "--hook", HOOK]));
    assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
    let why = stderr(&ended);
    // Once: what was learnt stays.
    assert_eq!(why.matches("s ahead of ours").count(), 1, "{why}");
    assert_eq!(fleet.scaling.count(HEARTBEAT, 403), 1);
    assert_eq!(fleet.scaling.count(COMPLETE, 403), 0);
    assert!(fleet.scaling.is_completed());
    let fleet = Fleet::new("drain-clock-run", 5, "");
    fleet.scaling.always(Trouble::Skewed);
    let mut program = fleet.leaving();
    assert!(
        program.wait_for_line("the lifecycle hook is completed (CONTINUE)"),
        "{}",
        program.log()
    );
    assert_eq!(fleet.scaling.count(COMPLETE, 403), 0, "{}", program.log());
    assert_eq!(program.terminate(), Some(0));
}

fn a_reload_changes_the_rule_and_the_hook_of_a_drain_that_is_under_way() {
    let fleet = Fleet::new("drain-reload", 5000, "");
    let text = std::fs::read_to_string(fleet.file.path()).unwrap();
    let other = text.replace(HOOK, "another-hook");
    fleet.file.replace(&other);
    let mut program = fleet.leaving();
    assert!(
        program.wait_for_line("no lifecycle action waits for this instance"),
        "{}",
        program.log()
    );
    let reload = |text: &str, done: &str| {
        fleet.file.replace(text);
        program.signal("-HUP");
        assert!(program.wait_for_line(done), "{}", program.log());
    };
    reload(&text, "then completing the hook fwmetrics-drain");
    assert!(
        eventually(|| fleet.scaling.count(HEARTBEAT, 200) > 0),
        "{}",
        program.log()
    );
    reload(
        &format!("{text}sessions_percent = 2\n"),
        "the drain goes on by the new [drain]",
    );
    assert!(!fleet.scaling.is_completed());
    fleet.machine.sessions(99);
    assert!(
        program.wait_for_line("the lifecycle hook is completed (CONTINUE)"),
        "{}",
        program.log()
    );
    let log = program.log();
    assert!(log.contains("99 of 5000 sessions left"), "{log}");
    assert!(fleet.scaling.is_completed());
    assert_eq!(program.terminate(), Some(0));
    show("a reload in mid-drain", &log);
}

fn a_call_that_cannot_be_made_is_not_said_to_be_denied() {
    let fleet = Fleet::new("drain-unable", 5, "");
    let args = ["drain", "--hook", HOOK, "--group", GROUP];
    let args = [&args[..], &["--instance-id", INSTANCE]].concat();
    let mut command = fleet.command(&args);
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env_remove("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    let mut program = Program::start(&mut command);
    assert!(
        program.wait_for_line(
            "CompleteLifecycleAction cannot be made: set AWS_REGION to the Region of the group"
        ),
        "{}",
        program.log()
    );
    // The sessions are gone, and no completion is under way.
    assert_eq!(program.end_by("-INT"), Some(1), "{}", program.log());
    let log = program.log();
    assert!(
        log.contains("stopped; the lifecycle hook fwmetrics-drain is not completed"),
        "{log}"
    );
    assert!(!log.contains("denies"), "{log}");
    let refused = output(&mut fleet.command(&["drain", "--hook", "no such hook"]));
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("letters, digits"),
        "{}",
        stderr(&refused)
    );
}

/// The signature names the Region, and this Auto Scaling takes the instance's alone: eu-west-1.
fn the_group_is_called_in_the_region_of_the_instance() {
    let fleet = Fleet::new("drain-region", 5, "");
    fleet.metrics_in("eu-central-1");
    let hand = output(&mut fleet.command(&["drain", "--hook", HOOK, "--max", "1m"]));
    assert_eq!(hand.status.code(), Some(0), "{}", stderr(&hand));
    assert_eq!(fleet.scaling.count(COMPLETE, 200), 1);
    assert_eq!(fleet.scaling.count(COMPLETE, 403), 0);
    let fleet = Fleet::new("drain-region-run", 5, "");
    fleet.metrics_in("eu-central-1");
    // What the service's environment says is about the metrics too.
    let mut program = Program::start(fleet.command(&["run"]).env("AWS_REGION", "us-east-1"));
    assert!(
        program.wait_for_line("lifecycle InService"),
        "{}",
        program.log()
    );
    fleet.imds.set_lifecycle(Some("Terminated"));
    assert!(
        program.wait_for_line("the lifecycle hook is completed (CONTINUE)"),
        "{}",
        program.log()
    );
    assert!(fleet.scaling.is_completed());
    let asked = fleet.scaling.asked();
    assert!(asked.iter().all(|one| one.status == 200), "{asked:?}");
    assert_eq!(program.terminate(), Some(0));
}

/// Of an instance that has no metadata service to be asked.
fn by_hand_the_environment_says_the_region_and_the_metrics_last() {
    for (metrics, environment) in [("eu-central-1", Some("eu-west-1")), ("eu-west-1", None)] {
        let fleet = Fleet::new("drain-region-named", 5, "");
        fleet.metrics_in(metrics);
        let key = support::Key::example();
        let named = ["drain", "--hook", HOOK, "--max", "1m", "--group", GROUP];
        let mut command = fleet.command(&[&named[..], &["--instance-id", INSTANCE]].concat());
        command
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", &key.id)
            .env("AWS_SECRET_ACCESS_KEY", &key.secret);
        if let Some(region) = environment {
            command.env("AWS_REGION", region);
        }
        let ended = output(&mut command);
        assert_eq!(
            ended.status.code(),
            Some(0),
            "{metrics}: {}",
            stderr(&ended)
        );
        assert!(fleet.scaling.is_completed());
        assert_eq!(fleet.scaling.count(COMPLETE, 403), 0, "{metrics}");
    }
}

fn without_a_hook_nothing_waits_and_nobody_is_called() {
    let fleet = Fleet::new("drain-none", 5000, "");
    let text = format!(
        "root = \"{}\"\n[cloudwatch]\nperiod_secs = 5\nphase_secs = 0\n[collectors]\nauto = false\n[collectors.conntrack]\n",
        fleet.machine.root.display()
    );
    fleet.file.replace(&text);
    fleet.imds.set_lifecycle(Some("Terminated"));
    let mut program = fleet.run();
    assert!(
        program.wait_for_line("lifecycle Terminated"),
        "{}",
        program.log()
    );
    assert!(
        fleet.endpoint.wait_for_calls(2, Duration::from_secs(40)),
        "{}",
        program.log()
    );
    assert_eq!(program.terminate(), Some(0));
    assert!(!program.log().contains("draining"), "{}", program.log());
    assert!(fleet.scaling.asked().is_empty());
}

fn by_hand_it_ends_with_0_when_drained_and_with_1_at_the_cap() {
    let fleet = Fleet::new("drain-hand", 5, "");
    let ended = output(&mut fleet.command(&["drain"]));
    assert_eq!(ended.status.code(), Some(0), "{}", stderr(&ended));
    assert!(
        stdout(&ended).contains("drained after"),
        "{}",
        stdout(&ended)
    );
    assert!(fleet.scaling.asked().is_empty(), "no hook, no call");
    fleet.machine.sessions(5000);
    let ended = output(&mut fleet.command(&["drain", "--max", "4s", "--hook", HOOK, "--dry-run"]));
    assert_eq!(ended.status.code(), Some(1), "{}", stderr(&ended));
    assert!(
        stdout(&ended).contains("draining: 5000 of 5000 sessions left"),
        "{}",
        stdout(&ended)
    );
    assert!(
        stderr(&ended).contains("the cap of 4 s is reached"),
        "{}",
        stderr(&ended)
    );
    assert!(stderr(&ended).contains("dry run: CompleteLifecycleAction is not called (hook fwmetrics-drain, group edge-fleet, instance i-0123456789abcdef0)"), "{}", stderr(&ended));
    assert!(
        !stderr(&ended).contains("is completed"),
        "{}",
        stderr(&ended)
    );
    assert!(fleet.scaling.asked().is_empty(), "a dry run calls nobody");
    let ended = output(&mut fleet.command(&["drain", "--max", "4s", "--hook", HOOK]));
    assert_eq!(ended.status.code(), Some(1), "{}", stderr(&ended));
    assert!(
        fleet.scaling.is_completed(),
        "{}{}",
        stdout(&ended),
        stderr(&ended)
    );
}

fn interrupted_by_hand_it_completes_nothing() {
    let fleet = Fleet::new("drain-interrupted", 5000, "");
    let mut program = Program::start(&mut fleet.command(&["drain", "--hook", HOOK]));
    assert!(
        fleet.scaling.wait_for_calls(1, Duration::from_secs(40)),
        "{}",
        program.log()
    );
    assert_eq!(program.end_by("-INT"), Some(1), "{}", program.log());
    assert!(
        program
            .log()
            .contains("the lifecycle hook fwmetrics-drain is not completed"),
        "{}",
        program.log()
    );
    assert_eq!(fleet.scaling.count(COMPLETE, 200), 0);
}

/// `drain --target fw-a` in the background; its output is in a file.
struct Remote {
    child: std::process::Child,
    file: PathBuf,
}

impl Remote {
    fn start(scaling: &AutoScaling, file: &ConfigFile, max: &str) -> Self {
        let args = [
            "drain",
            "--config",
            file.path(),
            "--target",
            "fw-a",
            "--hook",
            HOOK,
            "--max",
            max,
        ];
        let key = support::Key::example();
        let file = fresh_path("drain-output");
        let out = std::fs::File::create(&file).unwrap();
        let child = command(&args)
            .env("AWS_ACCESS_KEY_ID", &key.id)
            .env("AWS_SECRET_ACCESS_KEY", &key.secret)
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ENDPOINT_URL_AUTO_SCALING", scaling.url())
            .stdin(std::process::Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        Remote { child, file }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap()
    }

    fn wait_for(&self, text: &str) {
        let is_there = within(LONG, || self.said().contains(text));
        assert!(is_there, "{text}: {}", self.said());
    }

    /// Its exit code, and all that it said.
    fn end(mut self) -> (Option<i32>, String) {
        let end = std::time::Instant::now() + LONG;
        let code = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status.code(),
                None if std::time::Instant::now() > end => break None,
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        (code, self.said())
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.file);
    }
}

/// A PAN-OS firewall with so many sessions, and no tunnel and no user.
fn pan_os(sessions: u64) -> Simulator {
    let mut firewall = Firewall::vm().steady();
    firewall.sessions.active = sessions;
    let tunnels: Vec<String> = firewall
        .tunnels
        .iter()
        .map(|one| one.name.clone())
        .collect();
    for name in tunnels {
        firewall.set_tunnel(&name, TunnelState::Inactive);
    }
    firewall
        .gateways
        .iter_mut()
        .for_each(|gateway| gateway.1 = 0);
    Simulator::start(firewall)
}

fn pan_config(name: &str, simulator: &Simulator) -> ConfigFile {
    let more = "instance_id = \"i-0a\"\nauto_scaling_group = \"pan-fleet\"\n";
    ConfigFile::new(name, &table("fw-a", simulator, more))
}

/// Its management plane is asked each 30 s, as `run` asks it.
fn a_remote_firewall_is_drained_from_here() {
    let simulator = pan_os(4000);
    let file = pan_config("drain-remote", &simulator);
    let scaling = AutoScaling::start("pan-fleet", HOOK, "i-0a");
    let remote = Remote::start(&scaling, &file, "3m");
    remote.wait_for("4000 of 4000 sessions left, waiting for fewer than 40");
    simulator.change(|firewall| firewall.sessions.active = 7);
    let (code, said) = remote.end();
    println!("--- a PAN-OS firewall whose sessions die out\n{said}");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("7 of 4000 sessions left"), "{said}");
    assert!(scaling.is_completed());
    let unknown = output(&mut command(&[
        "drain",
        "--config",
        file.path(),
        "--target",
        "fw-b",
    ]));
    assert_eq!(unknown.status.code(), Some(2));
    let why = stderr(&unknown);
    assert!(
        why.contains("no firewall \"fw-b\"; there are fw-a"),
        "{why}"
    );
}

fn a_remote_firewall_that_stops_answering_is_waited_for() {
    let simulator = pan_os(4000);
    let file = pan_config("drain-remote-silent", &simulator);
    let scaling = AutoScaling::start("pan-fleet", HOOK, "i-0a");
    let remote = Remote::start(&scaling, &file, "120s");
    remote.wait_for("4000 of 4000 sessions left");
    simulator.set_silent(true);
    remote.wait_for("the sessions are not read any more");
    assert!(!scaling.is_completed());
    let (code, said) = remote.end();
    println!("--- a PAN-OS firewall that stops answering\n{said}");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("the cap of 2 min is reached, sessions unknown"),
        "{said}"
    );
    assert!(scaling.is_completed(), "at the cap all the same");
}
