//! The `ena` collector against the statistics of several drivers, answered in the kernel's place; and the real kernel
//! where a machine has a driver that counts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fwmetrics::aggregate::aggregator::{Aggregator, End, Pass, Source};
use fwmetrics::aggregate::counter::Fine;
use fwmetrics::catalogue;
use fwmetrics::collector::{CollectError, Collector, Context};
use fwmetrics::collectors::ena;
use fwmetrics::collectors::ena::wire::{self, Allowances};
use fwmetrics::host::ethtool::{Answer, Ethtool, Statistics, TEXT_BYTES};
use fwmetrics::host::files::Root;
use fwmetrics::host::state::StateDir;
use fwmetrics::model::names::DATAPLANE_CPU_UTILIZATION;
use fwmetrics::model::reading::{Feed, Fold, Kind, Raw, Reading, Readings, Record};
use fwmetrics::model::selection::Selection;

/// The values that every fixture of a driver with allowances has.
const EXCEEDED: [Option<u64>; 5] = [Some(11), Some(222), Some(3333), Some(44444), Some(5)];
const AVAILABLE: u64 = 136_812;
const FIXTURES: [(&str, bool, bool); 8] = [
    ("ena-2.1.0", false, false),
    ("ena-2.2.10", true, false),
    ("ena-linux-6.1", true, false),
    ("ena-2.8.1", true, true),
    ("ena-2.13.0", true, true),
    ("ena-2.17.0", true, true),
    ("virtio_net-6.18", false, false),
    ("veth-6.18", false, false),
];

/// A fixture's lines, as the kernel hands them out.
fn statistics(fixture: &str) -> Statistics {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ethtool");
    let file = folder.join(format!("{fixture}.txt"));
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut read = Statistics::default();
    for line in text.lines() {
        match line.split_once(": ").unwrap() {
            ("driver", driver) => driver.clone_into(&mut read.driver),
            ("version", version) => version.clone_into(&mut read.version),
            (name, value) => push(&mut read, name, value.parse().unwrap()),
        }
    }
    read
}

fn push(read: &mut Statistics, name: &str, value: u64) {
    let mut padded = name.as_bytes().to_vec();
    padded.resize(TEXT_BYTES, 0);
    read.names.extend(padded);
    read.values.push(value);
}

/// The same with other values.
fn with(mut read: Statistics, changes: &[(&str, u64)]) -> Statistics {
    for (name, value) in changes {
        let known = read.names.chunks(TEXT_BYTES).position(|known| {
            let end = known.iter().position(|byte| *byte == 0).unwrap();
            &known[..end] == name.as_bytes()
        });
        read.values[known.unwrap()] = *value;
    }
    read
}

type Answers = Arc<Mutex<BTreeMap<String, Result<Answer, io::ErrorKind>>>>;

/// Answers in the kernel's place.
struct Fake(Answers);

#[async_trait]
impl Ethtool for Fake {
    async fn statistics(&mut self, interface: &str, _: Duration) -> io::Result<Answer> {
        let answers = self.0.lock().unwrap();
        answers[interface].clone().map_err(io::Error::from)
    }
}

/// A machine with interfaces, and one `ena` collector at a time.
struct Machine {
    root: PathBuf,
    answers: Answers,
    collector: Box<dyn Collector>,
    aggregator: Aggregator,
    secs: u64,
    notes: Vec<String>,
}

/// The dataplane's CPU, so that the capacity is derived.
static CPU: Reading = Reading {
    name: "cpu",
    kind: Kind::Gauge,
    feeds: &[Feed {
        metric: &DATAPLANE_CPU_UTILIZATION,
        fold: Fold::Mean,
    }],
};

impl Machine {
    fn new(test: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("ena")
            .join(test);
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        fs::create_dir_all(root.join("sys/class/net")).unwrap();
        fs::write(root.join("sys/class/net/bonding_masters"), "").unwrap();
        let answers = Answers::default();
        let sources = ["ena", "cpu"].map(|collector| Source {
            collector,
            target: None,
            period: Duration::from_secs(10),
        });
        let all = catalogue::all();
        let selection = Selection::everything(all.iter().map(|entry| entry.metric));
        let mut machine = Machine {
            collector: collector(&root, &answers, &[]),
            aggregator: Aggregator::new(sources.into(), selection),
            root,
            answers,
            secs: 0,
            notes: Vec::new(),
        };
        machine.is("boot-1", "c6i.large", 100);
        machine
    }

    /// Which boot, which type, and for how long it is up.
    fn is(&mut self, boot: &str, instance_type: &str, uptime: u64) {
        let files = [
            ("proc/sys/kernel/random/boot_id", boot.to_owned()),
            (
                "sys/devices/virtual/dmi/id/product_name",
                instance_type.to_owned(),
            ),
            ("proc/uptime", format!("{uptime}.07 12.00")),
        ];
        for (file, text) in files {
            let file = self.root.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text + "\n").unwrap();
        }
    }

    fn interface(&mut self, name: &str, driver: &str, index: u32) {
        let folder = self.root.join("sys/class/net").join(name);
        fs::create_dir_all(folder.join("device")).unwrap();
        let target = format!("../../../../bus/pci/drivers/{driver}");
        symlink(target, folder.join("device/driver")).unwrap();
        fs::write(folder.join("ifindex"), format!("{index}\n")).unwrap();
    }

    fn answer(&mut self, name: &str, answer: Answer) {
        self.answers
            .lock()
            .unwrap()
            .insert(name.to_owned(), Ok(answer));
    }

    fn restart(&mut self) {
        self.collector = collector(&self.root, &self.answers, &[]);
    }

    fn collect(&mut self) -> (Readings, Result<(), CollectError>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let mut readings = Readings::default();
        let result = runtime.block_on(self.collector.collect(&mut readings));
        (readings, result)
    }

    /// A pass, and one of the CPU at 1 %; what goes out of both.
    fn pass(&mut self) -> BTreeMap<&'static str, f64> {
        let (readings, result) = self.collect();
        result.unwrap();
        self.notes = readings.notes().to_vec();
        let mut cpu = Readings::default();
        cpu.push(Record::new(&CPU, Raw::Level(1.0)));
        self.secs += 10;
        let at = Duration::from_secs(self.secs);
        let mut values = BTreeMap::new();
        for (source, readings) in [readings, cpu].iter().enumerate() {
            let end = End::Ok;
            let pass = Pass {
                source,
                due: at,
                at,
                readings,
                end,
            };
            for emitted in self.aggregator.pass(&pass) {
                let Fine::Value(value) = emitted.fine else {
                    panic!("a block");
                };
                assert_eq!(values.insert(emitted.key.metric.name, value), None);
            }
        }
        values.remove("DataplaneCpuUtilization");
        values
    }
}

fn collector(root: &Path, answers: &Answers, drivers: &[&str]) -> Box<dyn Collector> {
    let context = Context::local(
        Root::new(root),
        Duration::from_secs(1),
        StateDir::new(root.join("state")),
    );
    let mut table = toml::Table::new();
    if !drivers.is_empty() {
        let drivers: Vec<toml::Value> = drivers.iter().map(|name| (*name).into()).collect();
        table.insert("drivers".to_owned(), drivers.into());
    }
    ena::build_with(&table, context, Box::new(Fake(Arc::clone(answers)))).unwrap()
}

/// One interface with the newest driver.
fn nitro(test: &str) -> Machine {
    let mut machine = Machine::new(test);
    machine.interface("eth0", "ena", 2);
    machine.answer("eth0", Answer::Read(statistics("ena-2.17.0")));
    machine
}

fn available(machine: &mut Machine, connections: u64) {
    let changes = [("conntrack_allowance_available", connections)];
    let read = with(statistics("ena-2.17.0"), &changes);
    machine.answer("eth0", Answer::Read(read));
}

#[test]
fn allowances_are_found_in_the_statistics_of_every_driver() {
    for (fixture, has_exceeded, has_available) in FIXTURES {
        let read = statistics(fixture);
        let pairs = wire::statistics(&read.names, &read.values, TEXT_BYTES);
        assert_eq!(pairs.count(), read.values.len(), "{fixture}");
        let pairs = wire::statistics(&read.names, &read.values, TEXT_BYTES);
        let wanted = Allowances {
            exceeded: if has_exceeded { EXCEEDED } else { [None; 5] },
            available: has_available.then_some(AVAILABLE),
        };
        assert_eq!(Allowances::of(pairs), wanted, "{fixture}");
    }
}

#[test]
fn increases_are_summed_over_interfaces_and_the_first_pass_seeds() {
    let mut machine = nitro("sum");
    machine.interface("eth1", "ena", 3);
    machine.interface("eth2", "ixgbevf", 4);
    machine.answer("eth1", Answer::Read(statistics("ena-2.8.1")));
    let first = machine.pass();
    let names: Vec<&str> = first.keys().copied().collect();
    assert_eq!(
        names,
        ["CapacityUtilization", "ConntrackAllowanceUtilization"]
    );
    let grown = |fixture, more: u64| {
        let changes: Vec<(&str, u64)> = wire::EXCEEDED
            .into_iter()
            .zip(EXCEEDED)
            .zip([1, 2, 3, 4, 5])
            .map(|((name, total), part)| (name, total.unwrap() + part * more))
            .collect();
        Answer::Read(with(statistics(fixture), &changes))
    };
    machine.answer("eth0", grown("ena-2.17.0", 10));
    machine.answer("eth1", grown("ena-2.8.1", 100));
    let second = machine.pass();
    for (name, wanted) in [
        ("BwInAllowanceExceeded", 110.0),
        ("BwOutAllowanceExceeded", 220.0),
        ("PpsAllowanceExceeded", 330.0),
        ("ConntrackAllowanceExceeded", 440.0),
        ("LinkLocalAllowanceExceeded", 550.0),
        ("ConntrackAllowanceUtilization", 0.0),
        ("CapacityUtilization", 1.0),
    ] {
        assert_eq!(second.get(name), Some(&wanted), "{name}");
    }
    assert_eq!(second.len(), 7);
    assert_eq!(machine.notes, Vec::<String>::new());
}

#[test]
fn a_driver_reset_is_no_increase() {
    let mut machine = nitro("reset");
    machine.pass();
    let zeros = wire::EXCEEDED.map(|name| (name, 0));
    machine.answer("eth0", Answer::Read(with(statistics("ena-2.17.0"), &zeros)));
    assert_eq!(machine.pass().get("BwInAllowanceExceeded"), None);
    let few = wire::EXCEEDED.map(|name| (name, 7));
    machine.answer("eth0", Answer::Read(with(statistics("ena-2.17.0"), &few)));
    assert_eq!(machine.pass().get("BwInAllowanceExceeded"), Some(&7.0));
}

#[test]
fn an_interface_made_anew_under_its_old_name_starts_anew() {
    let mut machine = nitro("anew");
    machine.pass();
    let more = wire::EXCEEDED.map(|name| (name, 1_000_000));
    machine.answer("eth0", Answer::Read(with(statistics("ena-2.17.0"), &more)));
    fs::write(machine.root.join("sys/class/net/eth0/ifindex"), "9\n").unwrap();
    assert_eq!(machine.pass().get("BwInAllowanceExceeded"), None);
}

/// The driver leaves all of them 0 when its device does not answer: taken as they are, the totals would come again as
/// an increase in the next pass, and the table would look full.
#[test]
fn allowances_that_are_all_zero_are_a_failure_and_not_a_reset() {
    let mut machine = nitro("zeros");
    machine.pass();
    let mut zeros = wire::EXCEEDED.map(|name| (name, 0)).to_vec();
    zeros.push((wire::AVAILABLE, 0));
    machine.answer("eth0", Answer::Read(with(statistics("ena-2.17.0"), &zeros)));
    let (readings, result) = machine.collect();
    assert!(readings.records().is_empty());
    let text = format!("{:?}", result.unwrap_err());
    assert!(text.contains("Failed") && text.contains("eth0"), "{text}");
    machine.answer("eth0", Answer::Read(statistics("ena-2.17.0")));
    assert_eq!(machine.pass().get("BwInAllowanceExceeded"), Some(&0.0));
}

#[test]
fn what_an_old_driver_does_not_count_is_named_in_a_note() {
    for (fixture, records, said) in [
        ("ena-2.1.0", 0, "2.2.10"),
        ("ena-2.2.10", 5, "2.8.1"),
        ("ena-linux-6.1", 5, "conntrack_allowance_available"),
    ] {
        let mut machine = nitro("old");
        machine.answer("eth0", Answer::Read(statistics(fixture)));
        let (readings, result) = machine.collect();
        assert_eq!(result, Ok(()), "{fixture}");
        assert_eq!(readings.records().len(), records, "{fixture}");
        let notes = readings.notes();
        assert!(notes.len() == 1 && notes[0].contains(said), "{notes:?}");
        assert!(notes[0].contains("eth0 (driver ena "), "{notes:?}");
        assert!(!machine.root.join("state").exists());
    }
}

#[test]
fn without_ena_the_collector_is_absent_and_says_what_it_looked_for() {
    let mut machine = Machine::new("none");
    machine.interface("eth0", "virtio_net", 2);
    let (_, result) = machine.collect();
    let Err(CollectError::Absent(text)) = &result else {
        panic!("{result:?}");
    };
    assert!(
        text.contains("driver ena") && text.contains("Nitro"),
        "{text}"
    );
    fs::remove_dir_all(machine.root.join("sys")).unwrap();
    assert!(matches!(machine.collect().1, Err(CollectError::Absent(_))));
}

#[test]
fn a_driver_that_the_configuration_names_is_read() {
    let mut machine = Machine::new("named");
    machine.interface("eth0", "virtio_net", 2);
    machine.answer("eth0", Answer::Read(statistics("virtio_net-6.18")));
    machine.collector = collector(&machine.root, &machine.answers, &["virtio_net"]);
    let (readings, result) = machine.collect();
    assert_eq!(result, Ok(()));
    assert!(readings.notes()[0].contains("eth0 (driver virtio_net "));
}

#[test]
fn gone_and_uncounted_interfaces_are_notes_and_refusals_are_failures() {
    let mut machine = nitro("refused");
    machine.interface("eth1", "ena", 3);
    machine.answer("eth1", Answer::NoInterface);
    let (readings, result) = machine.collect();
    assert_eq!((readings.records().len(), result), (6, Ok(())));
    assert!(readings.notes()[0].contains("eth1"));
    machine.answer("eth0", Answer::NoInterface);
    assert!(matches!(machine.collect().1, Err(CollectError::Absent(_))));
    machine.answer("eth0", Answer::NoStatistics);
    assert_eq!(machine.collect().1, Ok(()));
    let refused = Err(io::ErrorKind::PermissionDenied);
    machine
        .answers
        .lock()
        .unwrap()
        .insert("eth0".to_owned(), refused);
    machine.answer("eth1", Answer::Read(statistics("ena-2.17.0")));
    let (readings, result) = machine.collect();
    assert_eq!(readings.records().len(), 6);
    assert!(matches!(result, Err(CollectError::Failed(text)) if text.contains("eth0")));
}

#[test]
fn the_smallest_number_left_counts_against_the_largest_ever_seen() {
    let mut machine = nitro("smallest");
    machine.pass();
    available(&mut machine, AVAILABLE / 2);
    let passed = machine.pass();
    assert_eq!(passed["ConntrackAllowanceUtilization"], 50.0);
    machine.interface("eth1", "ena", 3);
    let quarter = [(wire::AVAILABLE, AVAILABLE / 4)];
    machine.answer(
        "eth1",
        Answer::Read(with(statistics("ena-2.8.1"), &quarter)),
    );
    assert_eq!(machine.pass()["ConntrackAllowanceUtilization"], 75.0);
}

#[test]
fn capacity_looks_past_a_baseline_that_was_not_watched_for_an_hour() {
    let mut machine = nitro("hour");
    machine.pass();
    available(&mut machine, AVAILABLE / 2);
    for (uptime, capacity) in [(110, 1.0), (3699, 1.0), (3700, 50.0), (3710, 50.0)] {
        machine.is("boot-1", "c6i.large", uptime);
        let passed = machine.pass();
        assert_eq!(passed["ConntrackAllowanceUtilization"], 50.0, "{uptime}");
        assert_eq!(passed["CapacityUtilization"], capacity, "{uptime}");
    }
}

#[test]
fn a_kept_baseline_survives_restarts_and_boots_of_the_same_type_only() {
    for (boot, instance_type, utilization, capacity) in [
        ("boot-1", "c6i.large", 50.0, 50.0),
        ("boot-2", "c6i.large", 50.0, 50.0),
        ("boot-2", "c6i.xlarge", 0.0, 1.0),
    ] {
        let mut machine = nitro("kept");
        machine.pass();
        machine.is("boot-1", "c6i.large", 3700);
        machine.pass();
        machine.restart();
        machine.is(boot, instance_type, 3800);
        available(&mut machine, AVAILABLE / 2);
        let passed = machine.pass();
        let wanted = (utilization, capacity);
        let seen = (
            passed["ConntrackAllowanceUtilization"],
            passed["CapacityUtilization"],
        );
        assert_eq!(seen, wanted, "{boot} {instance_type}");
        assert_eq!(machine.notes, Vec::<String>::new());
    }
}

#[test]
fn a_state_directory_that_fails_is_a_note_and_the_metric_goes_on() {
    let mut machine = nitro("disk");
    fs::create_dir_all(machine.root.join("state")).unwrap();
    fs::write(machine.root.join("state/ena-baseline.json"), "torn").unwrap();
    let passed = machine.pass();
    assert_eq!(passed["ConntrackAllowanceUtilization"], 0.0);
    assert!(
        machine.notes[0].contains("ena-baseline.json"),
        "{:?}",
        machine.notes
    );
    machine.pass();
    assert_eq!(machine.notes, Vec::<String>::new());

    let mut machine = nitro("no-disk");
    fs::write(machine.root.join("state"), "a file in its place").unwrap();
    for _ in 0..2 {
        assert_eq!(machine.pass()["ConntrackAllowanceUtilization"], 0.0);
        assert!(
            machine
                .notes
                .iter()
                .any(|note| note.contains("cannot keep"))
        );
    }
}

#[test]
fn a_baseline_that_cannot_be_read_yet_is_not_written_over() {
    let mut machine = nitro("unread");
    available(&mut machine, 1000);
    machine.pass();
    let file = machine.root.join("state/ena-baseline.json");
    let kept = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    machine.collector = collector(&machine.root, &machine.answers, &[]);
    available(&mut machine, 500);
    assert_eq!(machine.pass()["ConntrackAllowanceUtilization"], 0.0);
    let notes = &machine.notes;
    assert!(notes[0].contains("cannot read"), "{notes:?}");
    fs::remove_dir(&file).unwrap();
    fs::write(&file, kept).unwrap();
    assert_eq!(machine.pass()["ConntrackAllowanceUtilization"], 50.0);
    assert_eq!(machine.notes, Vec::<String>::new());
}
