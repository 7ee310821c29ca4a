//! The collectors against captured and hand-made kernels: each value that goes out of a pair of snapshots equals what
//! a Python script, written apart, works out of the same files; nothing is missing and nothing is extra.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fwmetrics::aggregate::aggregator::{Aggregator, Emitted, End, Pass, Source};
use fwmetrics::aggregate::counter::Fine;
use fwmetrics::catalogue;
use fwmetrics::collector::links::{self, Class, Counters, Link};
use fwmetrics::collector::{CollectError, Collector, Context, Spec};
use fwmetrics::collectors::ALL;
use fwmetrics::host::files::Root;
use fwmetrics::host::state::StateDir;
use fwmetrics::model::reading::Readings;
use fwmetrics::model::selection::Selection;
use fwmetrics::render::prometheus::Exposition;
use serde_json::Value;

/// Rounding of a mean over a hundred cores, and nothing more.
const TOLERANCE: f64 = 1e-9;
/// Conntrack goes first, so that the CPU's pass derives the capacity from this moment's session table.
const COLLECTORS: [&str; 3] = ["conntrack", "cpu", "softnet"];
const TREES: [&str; 6] = [
    "linux-2.6.32",
    "linux-3.10",
    "linux-4.14",
    "linux-5.10",
    "linux-6.1",
    "linux-6.18",
];
const DUMPS: [&str; 4] = [
    "linux-6.1/links-t0.bin",
    "linux-6.18/links-host.bin",
    "linux-6.18/links-t0.bin",
    "linux-6.18/links-t1.bin",
];
const COARSE: [&str; 11] = [
    "ActiveSessions",
    "CapacityUtilization",
    "CpuSteal",
    "DataplaneCpuMaxCore",
    "DataplaneCpuUtilization",
    "ManagementCpuUtilization",
    "SessionAllocFailures",
    "SessionTableUtilization",
    "SoftnetBacklogUtilization",
    "SoftnetDrops",
    "SoftnetSqueezes",
];
const COUNT: &str = "proc/sys/net/netfilter/nf_conntrack_count";
const SOFTNET: &str = "proc/net/softnet_stat";
const MAX_BACKLOG: &str = "proc/sys/net/core/netdev_max_backlog";

/// Value by metric, or by `Metric:Dimension=value`.
type Values = BTreeMap<String, f64>;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn json(file: &str) -> Value {
    let text = fs::read_to_string(fixtures().join(file)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// An empty folder of this test alone.
fn scratch(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("golden")
        .join(test);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// A copy of a snapshot that may be damaged.
fn damaged(test: &str) -> PathBuf {
    let root = scratch(test);
    copy(&fixtures().join("linux-6.18/t0"), &root);
    root
}

fn spec(name: &str) -> &'static Spec {
    ALL.iter().find(|spec| spec.name == name).unwrap()
}

fn build(name: &str, table: &toml::Table, root: &Path) -> Box<dyn Collector> {
    let context = Context::local(
        Root::new(root),
        Duration::from_secs(1),
        StateDir::new(root.join("state")),
    );
    (spec(name).build)(table, context).unwrap()
}

fn collect(collector: &mut dyn Collector) -> (Readings, Result<(), CollectError>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut readings = Readings::default();
    let result = runtime.block_on(collector.collect(&mut readings));
    (readings, result)
}

fn collect_once(name: &str, root: &Path) -> Result<(), CollectError> {
    collect(&mut *build(name, &toml::Table::new(), root)).1
}

/// One machine whose files move on from snapshot to snapshot while its collectors live on.
struct Machine {
    tree: PathBuf,
    root: PathBuf,
    collectors: Vec<Box<dyn Collector>>,
    aggregator: Aggregator,
    notes: Vec<String>,
    exposition: Exposition,
}

impl Machine {
    fn new(tree: &str, test: &str, cpu: &toml::Table) -> Self {
        let root = scratch(test).join("root");
        let empty = toml::Table::new();
        let table = |name: &str| if name == "cpu" { cpu } else { &empty };
        let sources = COLLECTORS.map(|collector| Source {
            collector,
            target: None,
            period: Duration::from_secs(1),
        });
        let all = catalogue::all();
        let selection = Selection::everything(all.iter().map(|entry| entry.metric));
        Machine {
            tree: fixtures().join(tree),
            collectors: COLLECTORS
                .map(|name| build(name, table(name), &root))
                .into(),
            aggregator: Aggregator::new(sources.into(), selection),
            root,
            notes: Vec::new(),
            exposition: Exposition::default(),
        }
    }

    /// Puts a snapshot in place and runs every collector over it.
    fn pass(&mut self, snapshot: &str, secs: u64) -> Values {
        fs::remove_file(&self.root).ok();
        std::os::unix::fs::symlink(self.tree.join(snapshot), &self.root).unwrap();
        let mut values = Values::new();
        for (source, collector) in self.collectors.iter_mut().enumerate() {
            let (readings, result) = collect(&mut **collector);
            result.unwrap();
            self.notes.extend_from_slice(readings.notes());
            let at = Duration::from_secs(secs);
            let pass = Pass {
                source,
                due: at,
                at,
                readings: &readings,
                end: End::Ok,
            };
            for emitted in self.aggregator.pass(&pass) {
                put(&mut values, &emitted);
                // Two are enough for the text, which then stays as it is when collectors come.
                if ["conntrack", "cpu"].contains(&COLLECTORS[source]) {
                    self.exposition.emitted(&emitted);
                }
            }
        }
        values
    }

    fn second_pass(&mut self) -> Values {
        self.pass("t0", 100);
        self.pass("t1", 101)
    }
}

fn put(values: &mut Values, emitted: &Emitted) {
    let name = emitted.key.metric.name;
    let name = match &emitted.key.own {
        Some((dimension, value)) => format!("{name}:{}={value}", dimension.name()),
        None => name.to_owned(),
    };
    let Fine::Value(value) = emitted.fine else {
        panic!("{name} is a block");
    };
    assert_eq!(
        values.insert(name.clone(), value),
        None,
        "{name} came out twice"
    );
}

/// What the script says of a tree, as series; `figures` has the CPU of the planes.
fn expected(tree: &Value, figures: &Value, dataplane: impl Fn(u64) -> bool) -> Values {
    let mut values = Values::new();
    for name in COARSE {
        let value = figures.get(name).unwrap_or(&tree[name]);
        values.extend(value.as_f64().map(|value| (name.to_owned(), value)));
    }
    for (core, busy) in cores(tree, "CoreBusy").filter(|(core, _)| dataplane(*core)) {
        values.insert(format!("DataplaneCpuUtilization:Core={core}"), busy);
    }
    for (core, share) in cores(tree, "SoftirqCpu") {
        values.insert(format!("SoftirqCpu:Core={core}"), share);
    }
    values
}

fn cores<'a>(tree: &'a Value, figure: &str) -> impl Iterator<Item = (u64, f64)> + 'a {
    let by_core = tree[figure].as_object().unwrap().iter();
    by_core.map(|(core, value)| (core.parse().unwrap(), value.as_f64().unwrap()))
}

#[track_caller]
fn assert_same(emitted: &Values, expected: &Values) {
    let mut wrong = Vec::new();
    for (name, value) in emitted {
        match expected.get(name) {
            Some(wanted) if (value - wanted).abs() <= TOLERANCE * wanted.abs() => {}
            Some(wanted) => wrong.push(format!("{name} is {value}, not {wanted}")),
            None => wrong.push(format!("{name} is extra: {value}")),
        }
    }
    let missing = expected.keys().filter(|name| !emitted.contains_key(*name));
    wrong.extend(missing.map(|name| format!("{name} is missing")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All cores are dataplane, or, with isolated ones and no word of the user's, none is.
#[track_caller]
fn assert_golden(tree: &str) {
    let all = json("expected.json");
    let isolated = all[tree]["isolated"].as_array().unwrap();
    let wanted = expected(&all[tree], &all[tree], |_| isolated.is_empty());
    let mut machine = Machine::new(tree, tree, &toml::Table::new());
    assert_same(&machine.second_pass(), &wanted);
}

#[test]
fn linux_4_14_gives_prometheus_the_expected_text() {
    let mut machine = Machine::new("linux-4.14", "prometheus", &toml::Table::new());
    machine.second_pass();
    let wanted = fs::read_to_string(fixtures().join("linux-4.14/prometheus.txt")).unwrap();
    assert_eq!(machine.exposition.text(), wanted);
}

#[test]
fn linux_2_6_32_gives_the_expected_values() {
    assert_golden("linux-2.6.32");
}

#[test]
fn linux_3_10_gives_the_expected_values() {
    assert_golden("linux-3.10");
}

#[test]
fn linux_4_14_with_a_wrapped_counter_and_falling_idle_times_gives_the_expected_values() {
    assert_golden("linux-4.14");
}

#[test]
fn linux_5_10_with_offline_cores_gives_the_expected_values() {
    assert_golden("linux-5.10");
}

#[test]
fn linux_6_18_gives_the_expected_values() {
    assert_golden("linux-6.18");
}

#[test]
fn isolated_cores_without_cpus_give_no_dataplane_figure_and_a_note() {
    assert_golden("linux-6.1");
    let mut machine = Machine::new("linux-6.1", "isolated-note", &toml::Table::new());
    let emitted = machine.second_pass();
    assert!(!emitted.keys().any(|name| name.starts_with("DataplaneCpu")));
    assert!(emitted.contains_key("ManagementCpuUtilization"));
    let told = |note: &String| note.contains("isolated") && note.contains("cpus");
    assert!(machine.notes.iter().any(told), "{:?}", machine.notes);
}

#[test]
fn isolated_cores_named_in_cpus_are_the_dataplane() {
    let tree = &json("expected.json")["linux-6.1"];
    let figures = &tree["with_cpus_isolated"];
    let named = figures["cpus"].as_array().unwrap();
    let list: Vec<String> = named.iter().map(Value::to_string).collect();
    let table = toml::Table::from_iter([("cpus".to_owned(), list.join(",").into())]);
    let mut machine = Machine::new("linux-6.1", "isolated-cpus", &table);
    let wanted = expected(tree, figures, |core| named.contains(&core.into()));
    assert_same(&machine.second_pass(), &wanted);
    assert_eq!(machine.notes, Vec::<String>::new());
}

#[test]
fn every_tree_has_a_golden_test() {
    let all = json("expected.json");
    let trees: Vec<&String> = all.as_object().unwrap().keys().collect();
    let mut known = TREES.to_vec();
    known.sort_unstable();
    assert_eq!(trees, known);
}

#[test]
fn the_first_pass_gives_levels_only() {
    for tree in TREES {
        let test = format!("first-{tree}");
        let mut machine = Machine::new(tree, &test, &toml::Table::new());
        let emitted = machine.pass("t0", 100);
        let mut wanted = vec!["ActiveSessions", "SessionTableUtilization"];
        if json("expected.json")[tree]["SoftnetBacklogUtilization"].is_number() {
            wanted.push("SoftnetBacklogUtilization");
        }
        let names: Vec<&String> = emitted.keys().collect();
        assert_eq!(names, wanted, "{tree}");
    }
}

#[test]
fn a_snapshot_read_twice_gives_no_shares_and_no_failures() {
    let mut machine = Machine::new("linux-6.18", "twice", &toml::Table::new());
    let first = machine.pass("t0", 100);
    let mut second = machine.pass("t0", 101);
    for increase in ["SessionAllocFailures", "SoftnetDrops", "SoftnetSqueezes"] {
        assert_eq!(second.remove(increase), Some(0.0), "{increase}");
    }
    assert_same(&second, &first);
}

#[test]
fn conntrack_without_its_count_is_absent() {
    let root = damaged("no-count");
    fs::remove_file(root.join(COUNT)).unwrap();
    let error = collect_once("conntrack", &root).unwrap_err();
    assert!(matches!(error, CollectError::Absent(_)), "{error:?}");
}

#[test]
fn cpu_without_proc_stat_is_absent() {
    let root = damaged("no-stat");
    fs::remove_file(root.join("proc/stat")).unwrap();
    let error = collect_once("cpu", &root).unwrap_err();
    assert!(matches!(error, CollectError::Absent(_)), "{error:?}");
}

#[test]
fn softnet_without_its_file_is_absent() {
    let root = damaged("no-softnet");
    fs::remove_file(root.join(SOFTNET)).unwrap();
    let error = collect_once("softnet", &root).unwrap_err();
    assert!(matches!(error, CollectError::Absent(_)), "{error:?}");
}

/// A limit of 0, or none: a network namespace other than the host's has no such sysctl.
#[test]
fn softnet_without_a_limit_gives_its_counters_and_says_why_no_utilization() {
    for (limit, said) in [(Some("0\n"), "is 0"), (None, "network namespace")] {
        let root = damaged("no-limit");
        match limit {
            Some(limit) => fs::write(root.join(MAX_BACKLOG), limit).unwrap(),
            None => fs::remove_file(root.join(MAX_BACKLOG)).unwrap(),
        }
        let (readings, result) = collect(&mut *build("softnet", &toml::Table::new(), &root));
        assert_eq!(result, Ok(()));
        let read: Vec<&str> = readings.records().iter().map(|r| r.reading.name).collect();
        assert_eq!(read, ["drops", "squeezes", "drops", "squeezes"]);
        let notes = readings.notes();
        assert!(notes.len() == 1 && notes[0].contains(said), "{notes:?}");
    }
}

/// Without CPU numbers a core that goes offline moves others up a line: no line is held against another core's.
#[test]
fn softnet_of_an_old_kernel_starts_anew_when_a_core_goes_offline() {
    let tree = fixtures().join("linux-4.14/t0");
    let root = scratch("softnet-offline");
    copy(&tree, &root);
    let members = |root: &Path| -> Vec<String> {
        let (readings, _) = collect(&mut *build("softnet", &toml::Table::new(), root));
        readings
            .records()
            .iter()
            .map(|r| r.member.clone())
            .collect()
    };
    let before = members(&root);
    let text = fs::read_to_string(root.join(SOFTNET)).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(root.join(SOFTNET), rest).unwrap();
    let after = members(&root);
    assert!(!after.is_empty() && after.iter().all(|member| !before.contains(member)));
}

#[test]
fn garbage_in_a_source_is_a_failure_that_names_the_file() {
    let files = [
        ("conntrack", COUNT),
        ("conntrack", "proc/sys/net/netfilter/nf_conntrack_max"),
        ("conntrack", "proc/net/stat/nf_conntrack"),
        ("cpu", "proc/stat"),
        ("cpu", "sys/devices/system/cpu/isolated"),
        ("softnet", SOFTNET),
        ("softnet", MAX_BACKLOG),
    ];
    for (collector, file) in files {
        for garbage in [
            &b"garbage\n"[..],
            b"",
            b"cpu0 1 2\ncpu1 x\n",
            b"\xff\xfe\x00",
        ] {
            // An empty list of isolated cores is no garbage, but what most kernels say.
            if file.ends_with("isolated") && !garbage.starts_with(b"garbage") {
                continue;
            }
            let root = damaged("garbage");
            fs::write(root.join(file), garbage).unwrap();
            let error = collect_once(collector, &root);
            let Err(CollectError::Failed(text)) = &error else {
                panic!("{garbage:?} in {file}: {error:?}");
            };
            assert!(text.contains(file), "{text} does not name {file}");
        }
    }
}

#[test]
fn conntrack_without_limit_or_statistics_gives_the_rest_and_notes() {
    let root = damaged("count-only");
    fs::remove_file(root.join("proc/sys/net/netfilter/nf_conntrack_max")).unwrap();
    fs::remove_file(root.join("proc/net/stat/nf_conntrack")).unwrap();
    let mut collector = build("conntrack", &toml::Table::new(), &root);
    let (readings, result) = collect(&mut *collector);
    assert_eq!(result, Ok(()));
    assert_eq!(readings.records().len(), 1);
    assert_eq!(readings.notes().len(), 2, "{:?}", readings.notes());
}

#[test]
fn cpus_that_are_all_offline_are_a_failure() {
    let table = toml::Table::from_iter([("cpus".to_owned(), "90-91".into())]);
    let mut collector = build("cpu", &table, &fixtures().join("linux-6.18/t0"));
    let (_, result) = collect(&mut *collector);
    assert!(matches!(result, Err(CollectError::Failed(_))), "{result:?}");
}

/// A link as the decoder in Python has it, in the product's words.
fn link(of: &Value) -> Link {
    let number = |name: &str| of[name].as_u64().unwrap();
    let is_set = |flag: u64| number("flags") & flag != 0;
    let class = match of["kind"].as_str() {
        None if number("arphrd") == 1 && !is_set(8) => Class::Hardware,
        Some("veth") => Class::Veth,
        _ => Class::Other,
    };
    let up = match of["operstate"].as_str().unwrap() {
        _ if !is_set(1) => None,
        "UP" => Some(true),
        "DOWN" | "LOWERLAYERDOWN" | "NOTPRESENT" => Some(false),
        _ => None,
    };
    Link {
        name: of["name"].as_str().unwrap().to_owned(),
        index: i32::try_from(number("index")).unwrap(),
        class,
        kind: of["kind"].as_str().map(str::to_owned),
        is_on: is_set(1),
        has_carrier: is_set(1 << 16),
        carrier_downs: Some(u32::try_from(number("carrier_downs")).unwrap()),
        up,
        counters: Some(Counters {
            rx_packets: number("rx_packets"),
            rx_bytes: number("rx_bytes"),
            tx_bytes: number("tx_bytes"),
            rx_errors: number("rx_errors"),
            tx_errors: number("tx_errors"),
            rx_dropped: number("rx_dropped"),
            rx_missed: number("rx_missed_errors"),
        }),
        xfrm_if_id: of["xfrm_if_id"]
            .as_u64()
            .map(|id| u32::try_from(id).unwrap()),
    }
}

#[test]
fn dumps_of_links_read_as_another_decoder_reads_them() {
    let all = json("links.json");
    let known: Vec<&String> = all.as_object().unwrap().keys().collect();
    assert_eq!(known, DUMPS);
    for dump in DUMPS {
        let wanted: Vec<Link> = all[dump].as_array().unwrap().iter().map(link).collect();
        let bytes = fs::read(fixtures().join(dump)).unwrap();
        assert_eq!(links::links(&bytes), Ok(wanted), "{dump}");
    }
}

/// An attribute as the kernel writes it; lengths here are multiples of four.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat()
}

/// The real dumps have no errors: here each of the 25 fields of rtnl_link_stats64 is its own number plus 100.
#[test]
fn each_counter_is_read_from_its_own_field() {
    let fields: Vec<u8> = (100..125u64).flat_map(u64::to_ne_bytes).collect();
    let attributes = [attribute(3, b"eth0\0\0\0\0"), attribute(23, &fields)].concat();
    let length = u32::try_from(16 + 16 + attributes.len()).unwrap();
    let mut message = [&length.to_ne_bytes()[..], &16u16.to_ne_bytes(), &[0; 10]].concat();
    message.extend([0; 16]);
    message.extend(attributes);
    let wanted = Counters {
        rx_packets: 100,
        rx_bytes: 102,
        tx_bytes: 103,
        rx_errors: 104,
        tx_errors: 105,
        rx_dropped: 106,
        rx_missed: 115,
    };
    let links = links::links(&message).unwrap();
    assert_eq!(links[0].counters, Some(wanted));
}

#[test]
fn the_dumps_have_links_of_every_class_and_state() {
    let mut found = Vec::new();
    for dump in DUMPS {
        let bytes = fs::read(fixtures().join(dump)).unwrap();
        found.extend(links::links(&bytes).unwrap());
    }
    for class in [Class::Hardware, Class::Veth, Class::Other] {
        assert!(found.iter().any(|link| link.class == class), "{class:?}");
    }
    for up in [None, Some(true), Some(false)] {
        assert!(found.iter().any(|link| link.up == up), "{up:?}");
    }
    let dropped = |link: &Link| {
        link.counters
            .is_some_and(|counters| counters.rx_dropped > 0)
    };
    assert!(found.iter().any(dropped));
}

#[test]
fn a_cut_dump_is_an_error_or_the_links_before_the_cut() {
    for dump in DUMPS {
        let bytes = fs::read(fixtures().join(dump)).unwrap();
        let whole = links::links(&bytes).unwrap();
        for end in (0..bytes.len()).step_by(97) {
            if let Ok(links) = links::links(&bytes[..end]) {
                assert!(whole.starts_with(&links), "{dump} cut at {end}");
            }
        }
    }
}
