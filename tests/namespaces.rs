//! Session tables of several network namespaces, over trees of files: what is read, what is summed, what is withheld,
//! and what is said when a namespace cannot be read. Entering one by name is proved in `tests/lab/netns`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fwmetrics::aggregate::aggregator::{Aggregator, End, Pass, Source};
use fwmetrics::aggregate::counter::Fine;
use fwmetrics::catalogue;
use fwmetrics::collector::{CollectError, Collector, Context};
use fwmetrics::collectors::conntrack::nft::{self, Counter, CounterName};
use fwmetrics::collectors::{ALL, conntrack};
use fwmetrics::config;
use fwmetrics::host::files::Root;
use fwmetrics::host::state::StateDir;
use fwmetrics::model::reading::Readings;
use fwmetrics::model::selection::Selection;

const HEADER: &str = "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart\n";

/// A machine of files, its collector and its aggregator.
struct Machine {
    root: PathBuf,
    collector: Box<dyn Collector>,
    aggregator: Aggregator,
    second: u64,
}

impl Machine {
    /// The own namespace holds 10 entries of at most 1000.
    fn new(test: &str, netns: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("namespaces")
            .join(test);
        fs::remove_dir_all(&root).ok();
        let context = Context::local(
            Root::new(&root),
            Duration::from_secs(1),
            StateDir::new(root.join("state")),
        );
        let list: Vec<toml::Value> = netns.iter().map(|text| (*text).into()).collect();
        let table = toml::Table::from_iter([("netns".to_owned(), list.into())]);
        let spec = ALL.iter().find(|spec| spec.name == "conntrack").unwrap();
        let all = catalogue::all();
        let source = Source {
            collector: "conntrack",
            target: None,
            period: Duration::from_secs(1),
        };
        let selection = Selection::everything(all.iter().map(|entry| entry.metric));
        let machine = Machine {
            collector: (spec.build)(&table, context).unwrap(),
            aggregator: Aggregator::new(vec![source], selection),
            root,
            second: 100,
        };
        machine.put("proc/sys/net/netfilter/nf_conntrack_max", "1000\n");
        machine.put("proc/sys/net/netfilter/nf_conntrack_count", "10\n");
        machine.put("proc/net/stat/nf_conntrack", &stat(10, 0));
        machine
    }

    fn put(&self, file: &str, text: &str) {
        let file = self.root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn take(&self, path: &str) {
        let path = self.root.join(path);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }

    /// A process in a namespace of its own with so many entries and dropped packets.
    fn process(&self, pid: u32, entries: u32, drop: u32) {
        self.put(
            &format!("proc/{pid}/net/stat/nf_conntrack"),
            &stat(entries, drop),
        );
    }

    fn collect(&mut self) -> (Readings, Result<(), CollectError>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut readings = Readings::default();
        let result = runtime.block_on(self.collector.collect(&mut readings));
        (readings, result)
    }

    /// One pass: the coarse values that come out, and how it ended.
    fn pass(&mut self) -> (Vec<(&'static str, f64)>, Result<(), CollectError>) {
        let (readings, result) = self.collect();
        self.second += 1;
        let at = Duration::from_secs(self.second);
        let end = match result {
            Ok(()) => End::Ok,
            Err(CollectError::Absent(_)) => End::Absent,
            Err(CollectError::Failed(_)) => End::Failed,
        };
        let pass = Pass {
            source: 0,
            due: at,
            at,
            readings: &readings,
            end,
        };
        let values = self.aggregator.pass(&pass).into_iter().map(|emitted| {
            let Fine::Value(value) = emitted.fine else {
                panic!("a block");
            };
            (emitted.key.metric.name, value)
        });
        (values.collect(), result)
    }
}

/// Two CPUs: both tell the same entries, the first all drops.
fn stat(entries: u32, drop: u32) -> String {
    let line =
        |drop: u32| format!("{entries:08x}  0 0 0 0 0 0 0 0 0 {drop:08x} 00000000 0  0 0 0 0\n");
    format!("{HEADER}{}{}", line(drop), line(0))
}

fn value(values: &[(&str, f64)], name: &str) -> Option<f64> {
    let found = values.iter().find(|(metric, _)| *metric == name);
    found.map(|(_, value)| *value)
}

#[track_caller]
fn assert_failed(result: &Result<(), CollectError>, words: &[&str]) {
    let Err(CollectError::Failed(text)) = result else {
        panic!("{result:?}");
    };
    for word in words {
        assert!(text.contains(word), "{text:?} does not say {word:?}");
    }
}

#[test]
fn sessions_and_failures_of_all_namespaces_add_up_and_the_fullest_decides() {
    let mut machine = Machine::new("sum", &["/run/a.pid", "/run/b.pid"]);
    machine.put("run/a.pid", "1234\n");
    machine.put("run/b.pid", "77");
    machine.process(1234, 400, 5);
    machine.process(77, 90, 1);
    assert_eq!(machine.pass().1, Ok(()));
    machine.process(1234, 300, 9);
    machine.process(77, 100, 2);
    let (values, result) = machine.pass();
    assert_eq!(result, Ok(()));
    assert_eq!(value(&values, "ActiveSessions"), Some(410.0));
    assert_eq!(value(&values, "SessionTableUtilization"), Some(30.0));
    assert_eq!(value(&values, "SessionAllocFailures"), Some(5.0));
}

#[test]
fn a_namespace_that_fails_is_named_and_withholds_the_sums_while_the_others_are_recorded() {
    let mut machine = Machine::new("first-fails", &["/run/a.pid", "/run/b.pid"]);
    machine.put("run/a.pid", "1234\n");
    machine.put("run/b.pid", "77\n");
    machine.process(1234, 400, 0);
    machine.process(77, 90, 0);
    machine.pass().1.unwrap();
    let (values, _) = machine.pass();
    assert_eq!(value(&values, "ActiveSessions"), Some(500.0));
    machine.take("proc/1234");
    let (values, result) = machine.pass();
    assert_failed(&result, &["run/a.pid", "1234"]);
    assert_eq!(values, []);
    let (readings, _) = machine.collect();
    let origins: Vec<Option<&str>> = readings
        .records()
        .iter()
        .filter(|record| record.reading.name == "entries")
        .map(|record| record.origin.as_deref())
        .collect();
    assert_eq!(origins, [None, Some("/run/b.pid")]);
    machine.process(1234, 1, 0);
    let (values, result) = machine.pass();
    assert_eq!(result, Ok(()));
    assert_eq!(value(&values, "ActiveSessions"), Some(101.0));
}

#[test]
fn a_daemon_that_comes_back_under_another_number_is_found() {
    let mut machine = Machine::new("restart", &["/run/a.pid"]);
    machine.put("run/a.pid", "1234\n");
    machine.process(1234, 5, 0);
    machine.pass().1.unwrap();
    machine.put("run/a.pid", "5678\n");
    machine.process(5678, 7, 0);
    // The old one is still there: it is read on, until the file is read again.
    assert_eq!(value(&machine.pass().0, "ActiveSessions"), Some(15.0));
    machine.take("proc/1234");
    assert_eq!(value(&machine.pass().0, "ActiveSessions"), Some(17.0));
}

#[test]
fn a_daemon_that_handed_over_and_lives_on_is_left_within_ten_passes() {
    let mut machine = Machine::new("hand-over", &["/run/a.pid"]);
    machine.put("run/a.pid", "1234\n");
    machine.process(1234, 5, 0);
    machine.process(5678, 7, 0);
    machine.pass().1.unwrap();
    machine.put("run/a.pid", "5678\n");
    let left = (0..10).any(|_| value(&machine.pass().0, "ActiveSessions") == Some(17.0));
    assert!(left);
}

#[test]
fn a_later_process_of_the_same_number_is_not_taken_for_the_one_before() {
    let mut machine = Machine::new("recycled", &["/run/a.pid"]);
    machine.put("run/a.pid", "1234\n");
    machine.process(1234, 5, 0);
    machine.pass().1.unwrap();
    machine.take("proc/1234");
    machine.put("run/a.pid", "5678\n");
    machine.process(5678, 7, 0);
    machine.process(1234, 600, 0);
    assert_eq!(value(&machine.pass().0, "ActiveSessions"), Some(17.0));
}

#[test]
fn what_is_in_a_pid_file_must_be_a_process() {
    for text in ["", "garbage\n", "-5\n", "0\n", "12 34\n", "4194305\n"] {
        let mut machine = Machine::new("malformed", &["/run/a.pid"]);
        machine.put("run/a.pid", text);
        assert_failed(&machine.pass().1, &["cannot parse", "run/a.pid"]);
    }
    let mut machine = Machine::new("no-file", &["/run/a.pid"]);
    assert_failed(&machine.pass().1, &["no ", "run/a.pid", "netns"]);
    machine.put("run/a.pid", "1234\n");
    assert_failed(&machine.pass().1, &["1234", "run/a.pid"]);
}

#[test]
fn an_unreadable_table_names_its_file() {
    for text in [
        "",
        "garbage\n",
        "drop early_drop\n0 0\n",
        "entries drop early_drop\n",
    ] {
        let mut machine = Machine::new("unreadable", &["/run/a.pid"]);
        machine.put("run/a.pid", "1234\n");
        machine.put("proc/1234/net/stat/nf_conntrack", text);
        let (values, result) = machine.pass();
        assert_failed(
            &result,
            &["cannot parse", "proc/1234/net/stat/nf_conntrack"],
        );
        assert_eq!(value(&values, "ActiveSessions"), Some(10.0));
    }
    let mut machine = Machine::new("no-table", &["/run/a.pid"]);
    machine.put("run/a.pid", "1234\n");
    fs::create_dir_all(machine.root.join("proc/1234")).unwrap();
    assert_failed(&machine.pass().1, &["proc/1234/net/stat/nf_conntrack"]);
}

#[test]
fn one_namespace_counts_once_however_it_is_named() {
    let mut machine = Machine::new("twins", &["/run/a.pid", "/run/b.pid", "/run/own.pid"]);
    for (file, pid) in [("run/a.pid", "1"), ("run/b.pid", "2"), ("run/own.pid", "3")] {
        machine.put(file, pid);
    }
    machine.process(1, 400, 0);
    symlink("1", machine.root.join("proc/2")).unwrap();
    fs::create_dir_all(machine.root.join("proc/3")).unwrap();
    symlink("../net", machine.root.join("proc/3/net")).unwrap();
    let (readings, result) = machine.collect();
    assert_eq!(result, Ok(()));
    assert_eq!(readings.notes().len(), 2, "{:?}", readings.notes());
    assert_eq!(value(&machine.pass().0, "ActiveSessions"), Some(410.0));
    // The first fails and comes back: the second goes on counting, and at no time do both.
    machine.take("run/a.pid");
    let mut failed = 0;
    for _ in 0..25 {
        let (values, result) = machine.pass();
        failed += usize::from(result.is_err());
        let sum = value(&values, "ActiveSessions");
        assert!(sum.is_none_or(|sum| (sum - 410.0).abs() < 0.5), "{sum:?}");
    }
    assert!(failed > 10, "{failed}");
    machine.put("run/a.pid", "1");
    for _ in 0..5 {
        let sum = value(&machine.pass().0, "ActiveSessions");
        assert!(sum.is_none_or(|sum| (sum - 410.0).abs() < 0.5), "{sum:?}");
    }
    assert_eq!(value(&machine.pass().0, "ActiveSessions"), Some(410.0));
}

#[test]
fn an_own_namespace_without_connection_tracking_is_no_fault_while_another_has_it() {
    let mut machine = Machine::new("own-absent", &["/run/a.pid"]);
    machine.take("proc/sys/net/netfilter/nf_conntrack_count");
    machine.put("run/a.pid", "1234\n");
    machine.process(1234, 40, 0);
    let (values, result) = machine.pass();
    assert_eq!(result, Ok(()));
    assert_eq!(value(&values, "ActiveSessions"), Some(40.0));
    assert_eq!(value(&values, "SessionTableUtilization"), Some(4.0));
    machine.take("proc/1234/net");
    let (_, result) = machine.pass();
    assert!(matches!(result, Err(CollectError::Absent(_))), "{result:?}");
}

#[test]
fn a_namespace_that_is_not_there_is_named_with_its_place() {
    let mut machine = Machine::new("no-name", &["dataplane", "/run/a.pid"]);
    machine.put("run/a.pid", "1234\n");
    machine.process(1234, 40, 0);
    let (values, result) = machine.pass();
    assert_failed(
        &result,
        &["dataplane", "run/netns/dataplane", "ip netns add"],
    );
    assert_eq!(value(&values, "ActiveSessions"), Some(50.0));
    // A file that is no namespace: refused, with rights or without.
    machine.put("run/netns/dataplane", "");
    assert_failed(&machine.pass().1, &["network namespace dataplane"]);
}

#[test]
fn the_question_for_a_counter_is_the_one_that_the_kernel_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/linux-6.18");
    let request = fs::read(folder.join("nft-counter-request.bin")).unwrap();
    let name = CounterName::parse("inet filter  new_flows").unwrap();
    assert_eq!(name.text(), "inet filter new_flows");
    assert_eq!(nft::GET_OBJECT.to_ne_bytes(), request[4..6]);
    assert_eq!(name.question(), request[16..]);
    let answer = fs::read(folder.join("nft-counter.bin")).unwrap();
    let wanted = Counter {
        packets: 78_187_493_567,
        handle: 3,
    };
    assert_eq!(nft::counter(&answer), Ok(wanted));
    for end in 0..answer.len() {
        assert!(nft::counter(&answer[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn entries_and_counters_are_checked_before_anything_runs() {
    let faults = |keys: &str| {
        let text = format!("[collectors.conntrack]\n{keys}\n");
        match config::parse(&text, None, &[]) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.list,
        }
    };
    for keys in [
        "netns = [\"dataplane\", \"/run/firewall.pid\"]",
        "new_sessions_counter = \"inet filter new_flows\"",
        "new_sessions_counter = \"ip6 a b\"",
    ] {
        assert!(faults(keys).is_empty(), "{keys}: {:?}", faults(keys));
    }
    for keys in [
        "netns = [\"a/b\"]",
        "netns = [\"\"]",
        "netns = [\"..\"]",
        "netns = [\"/run/\"]",
        "netns = [\"a\", \"b\", \"a\"]",
        "netns = \"a\"",
        "new_sessions_counter = \"filter new_flows\"",
        "new_sessions_counter = \"ipv4 filter new_flows\"",
        "new_sessions_counter = \"inet filter new flows\"",
    ] {
        let found = faults(keys);
        assert_eq!(found.len(), 1, "{keys}: {found:?}");
        assert!(
            found[0].key.starts_with("collectors.conntrack."),
            "{found:?}"
        );
    }
    let long = "x".repeat(256);
    assert!(CounterName::parse(&format!("inet {long} c")).is_err());
    assert!(CounterName::parse(&format!("inet {} c", &long[1..])).is_ok());
    assert!(conntrack::wire::pid("1234\n").is_ok());
}
