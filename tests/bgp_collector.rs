//! The `bgp` collector against sockets that answer as FRR and BIRD do, or do not answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods)]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fwmetrics::collector::{CollectError, Collector, Context};
use fwmetrics::collectors::bgp::SPEC;
use fwmetrics::host::files::Root;
use fwmetrics::host::state::StateDir;
use fwmetrics::model::reading::{Raw, Readings, Record};

/// Wide, so that a busy machine passes no answer for a hang: only the tests of what hangs wait it out.
const DEADLINE: Duration = Duration::from_secs(5);

/// A root of a test's own, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("fwm-bgp-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("var/run/frr")).unwrap();
        std::fs::create_dir_all(path.join("run/bird")).unwrap();
        Place(path)
    }

    fn collector(&self, table: &str) -> Box<dyn Collector> {
        let root = Root::new(self.0.to_str().unwrap());
        let context = Context::local(root, DEADLINE, StateDir::new("/nonexistent"));
        (SPEC.build)(&table.parse().unwrap(), context).unwrap()
    }

    fn frr(&self, answer: impl FnMut(&str) -> Vec<u8> + Send + 'static) {
        serve(&self.0.join("var/run/frr/bgpd.vty"), 0, b"", answer);
    }

    fn bird(&self, answer: impl FnMut(&str) -> Vec<u8> + Send + 'static) {
        let path = self.0.join("run/bird/bird.ctl");
        serve(&path, b'\n', b"0001 BIRD 2.0.12 ready.\n", answer);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Answers each request up to its `end` byte, connection after connection, until the test ends.
fn serve(
    path: &Path,
    end: u8,
    hello: &'static [u8],
    mut answer: impl FnMut(&str) -> Vec<u8> + Send + 'static,
) {
    let listener = UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = talk(stream.unwrap(), end, hello, &mut answer);
        }
    });
}

fn talk(
    mut stream: UnixStream,
    end: u8,
    hello: &[u8],
    answer: &mut impl FnMut(&str) -> Vec<u8>,
) -> std::io::Result<()> {
    stream.write_all(hello)?;
    let mut request = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte)? == 1 {
        if byte[0] != end {
            request.push(byte[0]);
            continue;
        }
        stream.write_all(&answer(std::str::from_utf8(&request).unwrap()))?;
        request.clear();
    }
    Ok(())
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(file!()).with_file_name("fixtures").join("bgp");
    std::fs::read(folder.join(name)).unwrap()
}

/// BIRD, as it was captured.
fn golden_bird(request: &str) -> Vec<u8> {
    fixture(match request {
        "restrict" => "bird-2.0.12-restrict.txt",
        "show status" => "bird-2.0.12-status.txt",
        "show protocols all" => "bird-2.0.12-protocols.txt",
        "show bfd sessions" => "bird-2.0.12-bfd.txt",
        _ => "bird-2.0.12-refused.txt",
    })
}

fn golden_frr(request: &str) -> Vec<u8> {
    fixture(match request {
        "show bgp vrf all summary json" => "frr-8.4.4-summary.bin",
        _ => "frr-8.4.4-unknown.bin",
    })
}

fn collect(collector: &mut Box<dyn Collector>) -> (Readings, Result<(), CollectError>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut readings = Readings::default();
    let result = runtime.block_on(collector.collect(&mut readings));
    (readings, result)
}

fn failed(result: Result<(), CollectError>) -> String {
    match result {
        Err(CollectError::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn number(record: &Record) -> f64 {
    match &record.raw {
        Raw::Level(level) => *level,
        Raw::Total(total) => f64::from(u32::try_from(*total).unwrap()),
        other => panic!("{other:?}"),
    }
}

/// The sum of a reading over all origins and peers of this name; `None` where there is none.
fn sum(readings: &Readings, reading: &str, peer: Option<&str>) -> Option<f64> {
    let records = readings.records().iter();
    let found: Vec<f64> = records
        .filter(|record| record.reading.name == reading)
        .filter(|record| peer == record.own.as_ref().map(|(_, name)| name.as_str()))
        .map(number)
        .collect();
    (!found.is_empty()).then(|| found.iter().sum())
}

#[test]
fn both_daemons_are_added_up_and_what_is_expected_and_missing_is_down() {
    let place = Place::new("both");
    place.frr(golden_frr);
    place.bird(golden_bird);
    let mut plain = place.collector("");
    let (readings, result) = collect(&mut plain);
    assert_eq!(result, Ok(()));
    let counts = |readings: &Readings| {
        ["peers_configured", "peers_up", "peers_down", "bfd_down"]
            .map(|name| sum(readings, name, None))
    };
    assert_eq!(counts(&readings), [10.0, 6.0, 4.0, 0.0].map(Some));
    assert_eq!(sum(&readings, "prefixes", Some("198.18.40.2")), Some(3.0));
    assert_eq!(sum(&readings, "flaps", Some("peer1")), Some(0.0));
    assert_eq!(sum(&readings, "peer", Some("shut")), None);
    // Shut by hand is not missing; a range is no peer, so that one of its name is.
    let table = "expect = [\"peer1\", \"shut\", \"198.18.40.98\", \"range1\", \"nosuch\"]";
    let (readings, result) = collect(&mut place.collector(table));
    assert_eq!(result, Ok(()));
    assert_eq!(counts(&readings), [12.0, 6.0, 6.0, 0.0].map(Some));
    assert_eq!(sum(&readings, "peer", Some("nosuch")), Some(0.0));
    assert!(
        readings.notes()[0].contains("nosuch, range1"),
        "{:?}",
        readings.notes()
    );
    let expected = readings.records().iter().filter(|record| record.expected);
    assert_eq!(expected.count(), 5); // three of peer1, and the state of two
}

#[test]
fn a_daemon_that_hangs_leaves_the_others_readings_and_counts_nobody_missing() {
    let place = Place::new("hangs");
    place.frr(|_| Vec::new());
    place.bird(golden_bird);
    let (readings, result) = collect(&mut place.collector("expect = [\"nosuch\"]"));
    let why = failed(result);
    assert!(why.contains("bgpd.vty does not answer"), "{why}");
    assert_eq!(sum(&readings, "peer", Some("peer1")), Some(1.0));
    assert_eq!(sum(&readings, "peer", Some("nosuch")), None);
}

#[test]
fn nobody_there_is_absent_unless_somebody_was_named_expected_or_read() {
    let place = Place::new("nobody");
    let (_, result) = collect(&mut place.collector(""));
    assert!(matches!(result, Err(CollectError::Absent(_))), "{result:?}");
    for table in [
        "bird = \"/run/bird/bird.ctl\"",
        "frr = [\"/x\"]",
        "expect = [\"a\"]",
    ] {
        let (readings, result) = collect(&mut place.collector(table));
        failed(result);
        assert!(readings.records().is_empty());
    }
    place.bird(golden_bird);
    let mut collector = place.collector("");
    assert_eq!(collect(&mut collector).1, Ok(()));
    let socket = place.0.join("run/bird/bird.ctl");
    std::fs::remove_file(&socket).unwrap();
    let why = failed(collect(&mut collector).1);
    assert!(why.contains("BIRD does not run"), "{why}");
    // Its socket, left behind.
    drop(UnixListener::bind(&socket).unwrap());
    let why = failed(collect(&mut place.collector("")).1);
    assert!(why.contains("has ended"), "{why}");
}

#[test]
fn a_release_that_does_not_know_all_vrfs_is_asked_for_the_default_one() {
    let place = Place::new("old");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    place.frr(move |request| {
        heard.lock().unwrap().push(request.to_owned());
        fixture(match request {
            "show bgp summary json" => "frr-8.4.4-summary-default.bin",
            _ => "frr-8.4.4-unknown.bin",
        })
    });
    let (readings, result) = collect(&mut place.collector(""));
    assert_eq!(result, Ok(()));
    assert_eq!(sum(&readings, "peers_configured", None), Some(3.0));
    let wanted = ["show bgp vrf all summary json", "show bgp summary json"];
    assert_eq!(*asked.lock().unwrap(), wanted);
}

#[test]
fn bird_is_asked_in_a_restricted_session_or_not_at_all() {
    let place = Place::new("restricted");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&asked);
    place.bird(move |request| {
        heard.lock().unwrap().push(request.to_owned());
        b"0000 \n".to_vec()
    });
    let why = failed(collect(&mut place.collector("")).1);
    assert!(why.contains("no restricted session"), "{why}");
    assert_eq!(*asked.lock().unwrap(), ["restrict"]);
}

#[test]
fn a_session_that_was_lost_between_two_readings_is_down_once_and_counted_once() {
    let place = Place::new("flap");
    let passes = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&passes);
    place.frr(move |_| {
        let mut pass = counted.lock().unwrap();
        *pass += 1;
        let dropped = if *pass == 1 { 4 } else { 5 };
        format!(
            r#"{{"default":{{"ipv4Unicast":{{"peers":{{"a":{{"state":"Established","connectionsDropped":{dropped}}}}}}}}}}}{}"#,
            "\0\0\0\0"
        )
        .into_bytes()
    });
    let mut collector = place.collector("");
    let seen = [(); 3].map(|()| {
        let (readings, result) = collect(&mut collector);
        assert_eq!(result, Ok(()));
        ["peer", "flaps"].map(|name| sum(&readings, name, Some("a")).unwrap())
    });
    assert_eq!(seen, [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
}

#[test]
fn an_answer_that_is_none_is_said_and_harms_no_later_pass() {
    let place = Place::new("odd");
    let first = Mutex::new(true);
    place.frr(
        move |request| match std::mem::take(&mut *first.lock().unwrap()) {
            true => b"% Out of memory\n\0\0\0\x01".to_vec(),
            false => golden_frr(request),
        },
    );
    let mut collector = place.collector("");
    let why = failed(collect(&mut collector).1);
    assert!(why.contains("Out of memory"), "{why}");
    let (readings, result) = collect(&mut collector);
    assert_eq!(result, Ok(()));
    assert_eq!(sum(&readings, "peers_up", None), Some(3.0));
}
