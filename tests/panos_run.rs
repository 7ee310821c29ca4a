//! `fwmetrics run` beside simulated PAN-OS firewalls, against the strict endpoint: whose seconds a window holds, and what
//! each trouble of one firewall does to its own series, the log and its neighbours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

mod panos;
mod sim;
mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use panos::{key_file, table, table_with};
use sim::{Fault, Firewall, Simulator, TunnelState};
use support::Endpoint;
use support::program::{ConfigFile, Program, fresh_path, publishing, within};

const PERIOD: i64 = 10;
/// What a minute brings once, and twice where the first only seeds.
const LONG: Duration = Duration::from_secs(200);
/// Nothing before the window's end: the seconds of a block are the window's.
const HEAD: &str = "[cloudwatch]\nperiod_secs = 10\nphase_secs = 0\n";

fn start(name: &str, text: &str, endpoint: &Endpoint) -> (ConfigFile, Program) {
    let file = ConfigFile::new(name, &format!("{HEAD}{text}"));
    let mut command = publishing(&["run", "--config", file.path()], &endpoint.url());
    let program = Program::start(command.env("FWMETRICS_LOG__LEVEL", "info,fwmetrics=debug"));
    (file, program)
}

/// Windows of a series: label, count, sum, smallest and largest.
type Windows = BTreeMap<i64, support::Stats>;

fn windows(
    endpoint: &Endpoint,
    metric: &str,
    firewall: &str,
    own: Option<(&str, &str)>,
) -> Windows {
    let mut dimensions = BTreeMap::from([("Firewall".to_owned(), firewall.to_owned())]);
    dimensions.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    endpoint.statistics(
        "Firewall/fwmetrics",
        metric,
        &dimensions,
        u32::try_from(PERIOD).unwrap(),
    )
}

fn newest(
    endpoint: &Endpoint,
    metric: &str,
    firewall: &str,
    own: Option<(&str, &str)>,
) -> Option<f64> {
    let all = windows(endpoint, metric, firewall, own);
    all.last_key_value().map(|(_, stats)| stats.max)
}

const UP: Option<(&str, &str)> = Some(("Collector", "panos"));

/// Waits until it is so, and shows the log when it does not become so.
fn wait(program: &Program, what: &str, is_so: impl Fn() -> bool) {
    assert!(within(LONG, is_so), "{what}\n{}", program.log());
}

/// A minute of waiting each, and no work: all at once, where the test runner has a thread for each core only.
#[test]
fn all_of_it_side_by_side() {
    let scenarios: &[(&str, fn())] = &[
        (
            "a_window_holds_the_seconds_that_it_is_labelled_with",
            a_window_holds_the_seconds_that_it_is_labelled_with,
        ),
        (
            "a_poll_that_comes_late_is_labelled_by_its_real_start",
            a_poll_that_comes_late_is_labelled_by_its_real_start,
        ),
        (
            "a_tunnel_that_goes_down_and_one_that_is_not_configured_are_0",
            a_tunnel_that_goes_down_and_one_that_is_not_configured_are_0,
        ),
        (
            "a_key_that_dies_is_told_and_a_new_one_works_at_once",
            a_key_that_dies_is_told_and_a_new_one_works_at_once,
        ),
        (
            "a_key_that_dies_within_a_pass_is_replaced_in_it",
            a_key_that_dies_within_a_pass_is_replaced_in_it,
        ),
        (
            "a_firewall_that_is_off_or_hangs_is_down_and_comes_back_at_once",
            a_firewall_that_is_off_or_hangs_is_down_and_comes_back_at_once,
        ),
        (
            "after_a_reboot_nothing_is_invented",
            after_a_reboot_nothing_is_invented,
        ),
        (
            "a_right_that_the_role_loses_costs_its_metrics_and_what_hangs_on_them",
            a_right_that_the_role_loses_costs_its_metrics_and_what_hangs_on_them,
        ),
        (
            "a_key_is_made_where_there_is_a_password_and_made_again_when_it_dies",
            a_key_is_made_where_there_is_a_password_and_made_again_when_it_dies,
        ),
        (
            "firewalls_come_and_go_with_their_list",
            firewalls_come_and_go_with_their_list,
        ),
        (
            "nobody_on_the_wire_or_at_the_log_learns_a_key",
            nobody_on_the_wire_or_at_the_log_learns_a_key,
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

/// Sealed is sent, and nothing is lost.
fn ends_whole(program: &mut Program) {
    let code = program.terminate();
    let log = program.log();
    let account = log
        .lines()
        .find(|line| line.contains("account: "))
        .unwrap_or_default();
    assert!(
        code == Some(0) && account.contains("dropped 0;"),
        "{code:?} {account}"
    );
}

fn a_window_holds_the_seconds_that_it_is_labelled_with() {
    let (endpoint, simulator) = (Endpoint::start(), Simulator::start(Firewall::vm()));
    let (_file, mut program) = start("seconds", &table("a", &simulator, ""), &endpoint);
    let cpu = || windows(&endpoint, "DataplaneCpuUtilization", "a", None);
    wait(&program, "no first window", || !cpu().is_empty());
    // In the midst of the window after the next.
    let spike = (simulator.firewall().now() / PERIOD + 2) * PERIOD + 4;
    simulator.change(|fw| fw.spike(spike));
    wait(&program, "no window after the spike", || {
        cpu()
            .last_key_value()
            .is_some_and(|(label, _)| *label > spike)
    });
    ends_whole(&mut program);
    let (cpu, max) = (cpu(), windows(&endpoint, "DataplaneCpuMaxCore", "a", None));
    assert!(cpu.len() >= 4, "{cpu:?}");
    let fw = simulator.firewall();
    let asked = simulator.requests();
    let made: Vec<i64> = (asked.iter().filter(|seen| seen.name == "resources"))
        .map(|seen| seen.second)
        .collect();
    for (label, stats) in &cpu {
        let mean = |second: &i64| fw.mean_core_percent(*second);
        // The answer holds the seconds before it is made, at the window's end; on a busy machine that may be a second late.
        let (end, second_late) = (label + PERIOD, label + PERIOD + 1);
        let first = *label + i64::from(!made.contains(&end) && made.contains(&second_late));
        let seconds: Vec<i64> = (first..first + PERIOD).collect();
        let sum: f64 = seconds.iter().map(mean).sum();
        assert_eq!(stats.sample_count, 10.0, "{label}");
        assert!(
            (stats.sum - sum).abs() < 1e-6,
            "{label}: {} is not {sum}",
            stats.sum
        );
        let has_spike = seconds.contains(&spike);
        assert_eq!(stats.max == 100.0, has_spike, "{label}");
        assert_eq!(max[label].max == 100.0, has_spike, "{label}");
    }
    // One command a window, and for so many seconds.
    let resources = asked.iter().filter(|seen| seen.name == "resources");
    let resources: Vec<&str> = resources.map(|seen| seen.command.as_str()).collect();
    assert!(
        resources.len() <= cpu.len() + 1,
        "{} commands",
        resources.len()
    );
    assert!(
        resources
            .iter()
            .all(|text| text.contains("<last>10</last>"))
    );
    assert_eq!(simulator.max_in_flight(), 1);
    // Others as their periods say: of six passes two or three.
    let sessions = asked.iter().filter(|seen| seen.name == "sessions").count();
    assert!(sessions <= cpu.len() / 3 + 1, "{sessions} of {}", cpu.len());
}

fn a_poll_that_comes_late_is_labelled_by_its_real_start() {
    let (endpoint, simulator) = (Endpoint::start(), Simulator::start(Firewall::vm()));
    let (_file, mut program) = start("late", &table("a", &simulator, ""), &endpoint);
    let cpu = || windows(&endpoint, "DataplaneCpuUtilization", "a", None);
    wait(&program, "no first window", || !cpu().is_empty());
    // The answer holds the seconds before it is made, which is when the request came; it takes four seconds to come.
    simulator.change(|fw| fw.fault_for("resources", Fault::Slow(4000)));
    let from = simulator.firewall().now();
    wait(&program, "no late windows", || {
        cpu().range(from..).count() >= 2
    });
    program.terminate();
    let fw = simulator.firewall();
    let requests = simulator.requests();
    let late = requests
        .iter()
        .filter(|seen| seen.name == "resources" && seen.spoilt);
    let late: Vec<i64> = late.map(|seen| seen.second).collect();
    assert!(late.len() >= 2, "{late:?}");
    // Each block is in the window that its first second lies in, whole.
    for second in late.iter().take(2) {
        let first = second - PERIOD;
        let sum: f64 = (first..*second).map(|s| fw.mean_core_percent(s)).sum();
        let label = first.div_euclid(PERIOD) * PERIOD;
        let seen = cpu();
        let near = [label, label + PERIOD];
        let found = near
            .iter()
            .any(|l| seen.get(l).is_some_and(|s| (s.sum - sum).abs() < 1e-6));
        assert!(found, "{second}: {sum} in {seen:?}");
    }
}

/// Two firewalls in one process: one that is well, and one that is not.
struct Pair {
    endpoint: Endpoint,
    well: Simulator,
    ill: Simulator,
    key_file: PathBuf,
    program: Program,
    _config: ConfigFile,
}

impl Pair {
    fn start(name: &str, more: &str) -> Self {
        let endpoint = Endpoint::start();
        let well = Simulator::start(Firewall::vm());
        let ill = Simulator::start(Firewall::vm().seeded(7));
        let key_file = key_file(&ill);
        let text = table("well", &well, "") + &table_with("ill", &ill, &key_file, more);
        let (config, program) = start(name, &text, &endpoint);
        let pair = Pair {
            endpoint,
            well,
            ill,
            key_file,
            program,
            _config: config,
        };
        pair.wait("no first window", || pair.up() == Some(1.0));
        pair
    }

    fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        wait(&self.program, what, is_so);
    }

    fn logs(&self, words: &str) {
        assert!(
            self.program.wait_for_line(words),
            "{words} not in {}",
            self.program.log()
        );
    }

    fn up(&self) -> Option<f64> {
        newest(&self.endpoint, "CollectorUp", "ill", UP)
    }

    fn is_down(&self) {
        self.wait("not seen as down", || self.up() == Some(0.0));
    }

    fn is_up(&self) {
        self.wait("not seen as up again", || self.up() == Some(1.0));
    }

    fn ill(&self, metric: &str) -> Windows {
        windows(&self.endpoint, metric, "ill", None)
    }

    /// Ends it, and shows that the other one never noticed.
    fn ends(mut self) {
        ends_whole(&mut self.program);
        let cpu = windows(&self.endpoint, "DataplaneCpuUtilization", "well", None);
        let labels: Vec<i64> = cpu.keys().copied().collect();
        let whole = labels.windows(2).all(|two| two[1] - two[0] == PERIOD);
        assert!(labels.len() >= 2 && whole, "{labels:?}");
        assert!(
            cpu.values().all(|stats| stats.sample_count == 10.0),
            "{cpu:?}"
        );
        let ups = windows(&self.endpoint, "CollectorUp", "well", UP);
        assert!(ups.values().all(|stats| stats.min == 1.0), "{ups:?}");
        let log = self.program.log();
        for simulator in [&self.well, &self.ill] {
            assert!(
                !log.contains(&simulator.firewall().api_key),
                "a key in the log"
            );
        }
    }
}

fn a_tunnel_that_goes_down_and_one_that_is_not_configured_are_0() {
    let pair = Pair::start("tunnels", "expect_tunnels = [\"to-aws-1\", \"not-there\"]");
    let tunnel = |name| newest(&pair.endpoint, "TunnelState", "ill", Some(("Tunnel", name)));
    assert_eq!(tunnel("to-aws-1"), Some(1.0));
    assert_eq!(
        tunnel("not-there"),
        Some(0.0),
        "expected and not configured"
    );
    pair.ill
        .change(|fw| fw.set_tunnel("to-aws-1", TunnelState::Inactive));
    pair.wait("the tunnel stays up", || tunnel("to-aws-1") == Some(0.0));
    assert_eq!(
        newest(&pair.endpoint, "TunnelsDown", "ill", None),
        Some(2.0)
    );
    pair.ends();
}

fn a_key_that_dies_is_told_and_a_new_one_works_at_once() {
    let pair = Pair::start("keys", "");
    let key = pair.ill.firewall().api_key;
    pair.ill.change(|fw| {
        fw.new_key();
    });
    pair.is_down();
    pair.logs("is refused: forbidden (403)");
    let from = pair.ill.firewall().now() - PERIOD;
    std::fs::write(&pair.key_file, pair.ill.firewall().api_key).unwrap();
    pair.is_up();
    // Nothing was invented meanwhile.
    assert!(
        pair.ill("DataplaneCpuUtilization")
            .range(from..from + PERIOD)
            .count()
            <= 1
    );
    assert!(!pair.program.log().contains(&key), "a key in the log");
    pair.ends();
}

fn a_key_that_dies_within_a_pass_is_replaced_in_it() {
    let pair = Pair::start("within", "");
    pair.ill.change(|fw| fw.fault = Some(Fault::Slow(1000)));
    pair.ill.forget_requests();
    let asked = || {
        pair.ill
            .requests()
            .iter()
            .any(|seen| seen.name == "sessions")
    };
    pair.wait("sessions are not asked", asked);
    pair.ill
        .change(|fw| std::fs::write(&pair.key_file, fw.new_key()).unwrap());
    let from = pair.ill.firewall().now();
    pair.wait("no more windows", || {
        pair.ill("DataplaneCpuUtilization").range(from..).count() >= 2
    });
    let refused = |seen: &sim::Seen| seen.status == 403;
    let requests = pair.ill.requests();
    assert_eq!(requests.iter().filter(|seen| refused(seen)).count(), 1);
    let ups = windows(&pair.endpoint, "CollectorUp", "ill", UP);
    assert!(
        ups.values().all(|stats| stats.min == 1.0),
        "{ups:?}\n{}",
        pair.program.log()
    );
    pair.ends();
}

fn a_firewall_that_is_off_or_hangs_is_down_and_comes_back_at_once() {
    let pair = Pair::start("off", "");
    pair.ill.set_off(true);
    pair.is_down();
    pair.logs("cannot connect to 127.0.0.1");
    pair.ill.set_off(false);
    pair.is_up();
    // It takes requests and never answers: one of them a pass.
    pair.ill.forget_requests();
    pair.ill.change(|fw| fw.fault = Some(Fault::Hang));
    pair.is_down();
    pair.logs("no answer within 10 s");
    let windows_seen = windows(&pair.endpoint, "CollectorUp", "ill", UP).len();
    assert!(pair.ill.requests().len() <= windows_seen);
    pair.ill.change(|fw| fw.no_faults());
    pair.is_up();
    pair.ends();
}

fn after_a_reboot_nothing_is_invented() {
    let pair = Pair::start("reboot", "");
    let asked = || {
        let requests = pair.ill.requests();
        requests.iter().filter(|seen| seen.name == "drops").count()
    };
    assert_eq!(asked(), 1);
    pair.ill.change(|fw| fw.reboot());
    // Totals are smaller than before: no increase, and what goes on from there does.
    pair.wait("drops are not asked again", || asked() >= 2);
    let windows_seen = pair.ill("DataplaneCpuUtilization").len();
    pair.wait("no more windows", || {
        pair.ill("DataplaneCpuUtilization").len() > windows_seen
    });
    for metric in ["DroppedPackets", "RxDrops", "InterfaceErrors"] {
        let seen = pair.ill(metric);
        let small = |stats: &support::Stats| stats.min >= 0.0 && stats.max < 10_000.0;
        assert!(seen.values().all(small), "{metric} {seen:?}");
    }
    assert_eq!(pair.up(), Some(1.0));
    pair.ends();
}

fn a_right_that_the_role_loses_costs_its_metrics_and_what_hangs_on_them() {
    let pair = Pair::start("rights", "");
    pair.wait("no capacity", || {
        !pair.ill("CapacityUtilization").is_empty()
    });
    pair.ill.change(|fw| {
        fw.role_without.insert("sessions".to_owned());
    });
    pair.is_down();
    pair.logs("show session info: unauthorized (16)");
    pair.logs("Operational Requests");
    let lost = pair.ill.firewall().now();
    let after = |metric| pair.ill(metric).range(lost + PERIOD..).count();
    pair.wait("the rest does not go on", || {
        after("DataplaneCpuUtilization") >= 2
    });
    assert_eq!(
        (after("ActiveSessions"), after("CapacityUtilization")),
        (0, 0)
    );
    assert_eq!(pair.up(), Some(0.0), "it is told as long as it lasts");
    pair.ends();
}

fn a_key_is_made_where_there_is_a_password_and_made_again_when_it_dies() {
    let (endpoint, simulator) = (Endpoint::start(), Simulator::start(Firewall::vm()));
    let password = fresh_path("password");
    std::fs::write(&password, "correct horse\n").unwrap();
    let text = format!(
        "[[collectors.panos.firewall]]\nname = \"a\"\naddress = \"{}\"\nuser = \"monitor\"\npassword_file = \"{}\"\ntls_sha256 = [\"{}\"]\n",
        simulator.url(),
        password.display(),
        simulator.pin()
    );
    let (_file, mut program) = start("keygen", &text, &endpoint);
    let up = || newest(&endpoint, "CollectorUp", "a", UP);
    wait(&program, "no first window", || up() == Some(1.0));
    let keygens = || {
        simulator
            .requests()
            .iter()
            .filter(|seen| seen.kind == sim::Kind::Keygen)
            .count()
    };
    assert_eq!(keygens(), 1);
    simulator.change(|fw| drop(fw.new_key()));
    wait(&program, "no second key", || keygens() == 2);
    let made = windows(&endpoint, "CollectorUp", "a", UP).len();
    wait(&program, "no more windows", || {
        windows(&endpoint, "CollectorUp", "a", UP).len() >= made + 2
    });
    assert!(
        windows(&endpoint, "CollectorUp", "a", UP)
            .values()
            .all(|stats| stats.min == 1.0)
    );
    // A password that is refused is not tried again and again: that would lock the account.
    simulator.change(|fw| {
        fw.users.clear();
        fw.keys_dead = true;
    });
    wait(&program, "not seen as down", || up() == Some(0.0));
    assert!(
        program.wait_for_line("the login of monitor is refused"),
        "{}",
        program.log()
    );
    let tried = keygens();
    let seen = windows(&endpoint, "CollectorUp", "a", UP).len();
    wait(&program, "no more windows", || {
        windows(&endpoint, "CollectorUp", "a", UP).len() >= seen + 3
    });
    assert_eq!(keygens(), tried);
    program.terminate();
    assert!(
        !program.log().contains("correct horse"),
        "the password in the log"
    );
}

fn firewalls_come_and_go_with_their_list() {
    let endpoint = Endpoint::start();
    let (one, two) = (
        Simulator::start(Firewall::vm()),
        Simulator::start(Firewall::vm().seeded(3)),
    );
    let list = fresh_path("firewalls");
    let both = table("one", &one, "") + &table("two", &two, "");
    std::fs::write(&list, table("one", &one, "")).unwrap();
    let text = format!(
        "[collectors.panos]\nfirewalls_file = \"{}\"\n",
        list.display()
    );
    let (_file, mut program) = start("list", &text, &endpoint);
    let labels = |name| windows(&endpoint, "DataplaneCpuUtilization", name, None).len();
    wait(&program, "no first window", || labels("one") > 0);
    // Half of it, then the whole.
    std::fs::write(&list, &both[..both.len() * 3 / 4]).unwrap();
    let name = list.file_name().unwrap().to_str().unwrap();
    assert!(program.wait_for_line(name), "{}", program.log());
    replace(&list, &both);
    wait(&program, "the second does not come", || labels("two") >= 2);
    replace(&list, &table("two", &two, ""));
    let gone = labels("two");
    wait(&program, "the second does not go on", || {
        labels("two") >= gone + 3
    });
    let last = windows(&endpoint, "DataplaneCpuUtilization", "one", None);
    let last = last.last_key_value().map(|(label, _)| *label).unwrap();
    let newest = windows(&endpoint, "DataplaneCpuUtilization", "two", None);
    let newest = newest.last_key_value().map(|(label, _)| *label).unwrap();
    assert!(
        newest - last >= 2 * PERIOD,
        "the first is still polled: {last} {newest}"
    );
    // Who stayed lost no window.
    let two: Vec<i64> = windows(&endpoint, "DataplaneCpuUtilization", "two", None)
        .into_keys()
        .collect();
    assert!(
        two.windows(2).all(|pair| pair[1] - pair[0] == PERIOD),
        "{two:?}"
    );
    ends_whole(&mut program);
}

fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}

/// Everything that goes over one port, both ways.
fn tap(to: std::net::SocketAddr) -> (std::net::SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, seen) = (
        listener.local_addr().unwrap(),
        Arc::new(Mutex::new(Vec::new())),
    );
    let kept = Arc::clone(&seen);
    std::thread::spawn(move || {
        for from in listener.incoming().map_while(Result::ok).take(100) {
            let Ok(onward) = TcpStream::connect(to) else {
                continue;
            };
            let (back_from, back_to) = (onward.try_clone().unwrap(), from.try_clone().unwrap());
            for (from, to) in [(from, onward), (back_from, back_to)] {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || carry(from, to, &kept));
            }
        }
    });
    (address, seen)
}

fn carry(mut from: TcpStream, mut to: TcpStream, seen: &Mutex<Vec<u8>>) {
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        seen.lock().unwrap().extend(&chunk[..count]);
        if to.write_all(&chunk[..count]).is_err() {
            return;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

fn nobody_on_the_wire_or_at_the_log_learns_a_key() {
    let (endpoint, simulator) = (Endpoint::start(), Simulator::start(Firewall::vm()));
    let password = fresh_path("password");
    std::fs::write(&password, "correct horse\n").unwrap();
    let (tapped, wire) = tap(simulator.address());
    let one =
        table("by-key", &simulator, "").replace(&simulator.url(), &format!("https://{tapped}"));
    let two = format!(
        "[[collectors.panos.firewall]]\nname = \"by-password\"\naddress = \"https://{tapped}\"\nuser = \"monitor\"\npassword_file = \"{}\"\ntls_sha256 = [\"{}\"]\n",
        password.display(),
        simulator.pin()
    );
    let text = one + &two;
    let (file, mut program) = start("secrets", &text, &endpoint);
    let up = |name| newest(&endpoint, "CollectorUp", name, UP);
    wait(&program, "no first window", || {
        up("by-key") == Some(1.0) && up("by-password") == Some(1.0)
    });
    // The firewall says in its errors what it was sent; then it takes no key any more.
    simulator.change(|fw| fw.fault = Some(Fault::EchoKey));
    wait(&program, "not seen as down", || {
        up("by-key") == Some(0.0) && up("by-password") == Some(0.0)
    });
    let line = std::fs::read_to_string(format!("/proc/{}/cmdline", program.id())).unwrap();
    program.terminate();
    let dry = ["once", "--config", file.path(), "--only", "panos"];
    let shown = support::program::output(&mut support::program::command(&dry));
    let key = simulator.firewall().api_key;
    let texts = [
        ("the log", program.log()),
        ("the command line", line),
        (
            "once",
            support::program::stdout(&shown) + &support::program::stderr(&shown),
        ),
        (
            "the wire",
            String::from_utf8_lossy(&wire.lock().unwrap()).into_owned(),
        ),
        (
            "a URL",
            simulator
                .requests()
                .iter()
                .map(|seen| seen.target.clone())
                .collect(),
        ),
    ];
    for (what, text) in texts {
        assert!(text.len() > 10, "{what} is empty");
        for secret in [
            key.as_str(),
            "correct horse",
            "correct%20horse",
            "correct+horse",
        ] {
            assert!(!text.contains(secret), "{what} shows {secret}");
        }
    }
    assert!(program.log().contains("(secret)"), "{}", program.log());
    assert!(!wire.lock().unwrap().is_empty());
}
