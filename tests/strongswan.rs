//! The strongswan collector over a socket, against a daemon that plays captured answers: what is recorded, and what is
//! said when the daemon is not there, hangs, was started anew or sends what it should not. The real one: tests/lab.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fwmetrics::collector::{CollectError, Collector, Context};
use fwmetrics::collectors::strongswan::SPEC;
use fwmetrics::host::files::Root;
use fwmetrics::host::state::StateDir;
use fwmetrics::model::reading::{Raw, Readings};

const SOCKET: &str = "/var/run/charon.vici";
/// Wide, so that a busy machine passes no answer for a hang: only the tests of what hangs wait it out.
const DEADLINE: Duration = Duration::from_secs(5);

/// What the daemon does from now on.
#[derive(Debug, Default, Clone)]
struct Script {
    /// Packets of the answer to each command.
    answers: BTreeMap<&'static str, Vec<u8>>,
    /// Events that come before the next answer.
    events: Vec<u8>,
    knows_no_updown: bool,
    is_silent: bool,
    /// The next command is answered by closing.
    closes: bool,
}

/// A daemon with a socket below a folder of its own.
struct Daemon {
    root: PathBuf,
    script: Arc<Mutex<Script>>,
}

fn capture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/strongswan");
    fs::read(folder.join(name).with_added_extension("bin")).unwrap()
}

fn framed(packet: &[u8]) -> Vec<u8> {
    let length = u32::try_from(packet.len()).unwrap();
    [&length.to_be_bytes(), packet].concat()
}

impl Daemon {
    fn new(test: &str) -> Self {
        // A socket's path has 107 bytes at the most (unix(7)).
        let name = format!("fwmetrics-vici-{}-{test}", std::process::id());
        let root = std::env::temp_dir().join(name);
        fs::remove_dir_all(&root).ok();
        fs::create_dir_all(root.join("var/run")).unwrap();
        let answers = [
            ("list-conns", capture("list-conns")),
            ("list-sas", capture("list-sas-up")),
            ("list-policies", capture("list-policies")),
            ("stats", statistics(3, 0)),
        ];
        let script = Script {
            answers: answers.into_iter().collect(),
            ..Script::default()
        };
        Daemon {
            root,
            script: Arc::new(Mutex::new(script)),
        }
    }

    fn listen(&self, socket: &str) {
        let path = self.root.join(socket.trim_start_matches('/'));
        fs::remove_file(&path).ok();
        let listener = UnixListener::bind(path).unwrap();
        let script = Arc::clone(&self.script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let script = Arc::clone(&script);
                thread::spawn(move || serve(stream.unwrap(), &script));
            }
        });
    }

    fn now(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    fn collector(&self, settings: &str) -> Box<dyn Collector> {
        let state = StateDir::new(self.root.join("state"));
        let context = Context::local(Root::new(&self.root), DEADLINE, state);
        (SPEC.build)(&settings.parse().unwrap(), context).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.root).ok();
    }
}

/// An answer to `stats`.
fn statistics(total: u8, half_open: u8) -> Vec<u8> {
    let mut packet = b"\x01\x01\x06ikesas\x03\x05total\0\x01".to_vec();
    packet.push(b'0' + total);
    packet.extend(b"\x03\x09half-open\0\x01");
    packet.push(b'0' + half_open);
    packet.push(2);
    framed(&packet)
}

fn serve(mut stream: UnixStream, script: &Mutex<Script>) {
    let mut length = [0; 4];
    while stream.read_exact(&mut length).is_ok() {
        let mut packet = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut packet).unwrap();
        let name = &packet[2..2 + usize::from(packet[1])];
        let name = String::from_utf8(name.to_vec()).unwrap();
        let mut script = script.lock().unwrap();
        if script.is_silent {
            continue;
        }
        if std::mem::take(&mut script.closes) {
            return;
        }
        let mut answer = std::mem::take(&mut script.events);
        if packet[0] == 3 {
            let unknown = script.knows_no_updown && name.ends_with("updown");
            answer.extend(framed(&[if unknown { 6 } else { 5 }]));
        } else {
            let known = script.answers.get(name.as_str()).cloned();
            answer.extend(known.unwrap_or_else(|| framed(&[2])));
        }
        drop(script);
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

async fn pass(collector: &mut dyn Collector) -> (Result<(), CollectError>, Readings) {
    let mut out = Readings::default();
    let done = collector.collect(&mut out).await;
    (done, out)
}

/// Reading, origin and series, and the numbers, of a pass that has to succeed.
async fn read(collector: &mut dyn Collector) -> BTreeMap<String, Vec<f64>> {
    let (done, out) = pass(collector).await;
    assert_eq!(done, Ok(()));
    let mut read: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for record in out.records() {
        let own = record.own.as_ref().map(|(_, value)| value.as_str());
        let parts = [Some(record.reading.name), record.origin.as_deref(), own];
        let key: Vec<&str> = parts.into_iter().flatten().collect();
        let number = match record.raw {
            Raw::Level(level) => level,
            #[allow(clippy::cast_precision_loss)]
            Raw::Total(total) => total as f64,
            _ => panic!("{record:?}"),
        };
        read.entry(key.join(" ")).or_default().push(number);
    }
    read
}

async fn failure(collector: &mut dyn Collector) -> String {
    match pass(collector).await.0 {
        Err(CollectError::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tunnels_bytes_and_road_warriors_are_recorded() {
    let daemon = Daemon::new("recorded");
    daemon.listen(SOCKET);
    let mut collector = daemon.collector("remote_access_max = 4");
    let first = read(&mut *collector).await;
    let wanted = [
        ("half_open", 0.0),
        ("remote_access", 1.0),
        ("remote_access_share", 25.0),
        ("tunnel never/up", 0.0),
        ("tunnel same", 1.0),
        ("tunnel site1/net1", 1.0),
        ("tunnels_configured", 3.0),
        ("tunnels_down", 1.0),
        ("tunnels_up", 2.0),
        ("tunnel_bytes_in site1/net1", 0.0),
    ];
    for (name, number) in wanted {
        assert_eq!(first[name], [number], "{name}");
    }
    assert!(!first.contains_key("tunnel trapped/demand"), "{first:?}");
    daemon.now(|script| {
        script.answers.insert("list-sas", capture("list-sas-rekey"));
    });
    let second = read(&mut *collector).await;
    assert_eq!(second["tunnel site1/net1"], [1.0]);
    // A total that is told for the first time begins at 0, so that what is new counts.
    assert_eq!(second["tunnel_bytes_in site1/net1"], [10_000.0]);
}

#[tokio::test]
async fn events_in_between_make_a_drop() {
    let daemon = Daemon::new("drop");
    daemon.listen(SOCKET);
    let mut collector = daemon.collector("");
    read(&mut *collector).await;
    daemon.now(|script| script.events = capture("events"));
    let second = read(&mut *collector).await;
    assert_eq!(second["tunnel site1/net1"], [0.0]);
    assert_eq!(read(&mut *collector).await["tunnel site1/net1"], [1.0]);
}

#[tokio::test]
async fn a_connection_that_was_closed_is_made_anew_within_the_pass() {
    let daemon = Daemon::new("closed");
    daemon.listen(SOCKET);
    let mut collector = daemon.collector("");
    read(&mut *collector).await;
    daemon.now(|script| script.closes = true);
    assert_eq!(read(&mut *collector).await["tunnels_up"], [2.0]);
}

#[tokio::test]
async fn a_daemon_that_hangs_is_said_and_read_again_once_it_answers() {
    let daemon = Daemon::new("hangs");
    daemon.listen(SOCKET);
    let mut collector = daemon.collector("");
    read(&mut *collector).await;
    daemon.now(|script| script.is_silent = true);
    let why = failure(&mut *collector).await;
    assert!(why.contains("does not answer"), "{why}");
    daemon.now(|script| script.is_silent = false);
    assert_eq!(read(&mut *collector).await["tunnel site1/net1"], [1.0]);
}

#[tokio::test]
async fn a_socket_that_never_was_is_absent_unless_somebody_wants_it() {
    let daemon = Daemon::new("absent");
    let absent = pass(&mut *daemon.collector("")).await.0;
    assert!(matches!(absent, Err(CollectError::Absent(_))), "{absent:?}");
    for settings in ["expect = [\"a\"]", "socket = \"/var/run/charon.vici\""] {
        failure(&mut *daemon.collector(settings)).await;
    }
    daemon.listen(SOCKET);
    let mut collector = daemon.collector("");
    read(&mut *collector).await;
    daemon.now(|script| script.closes = true);
    fs::remove_file(daemon.root.join("var/run/charon.vici")).unwrap();
    let why = failure(&mut *collector).await;
    assert!(why.starts_with("no "), "{why}");
}

#[tokio::test]
async fn each_of_several_sockets_is_an_origin() {
    let daemon = Daemon::new("several");
    daemon.listen("/var/run/a.vici");
    daemon.listen("/var/run/b.vici");
    let settings =
        "socket = [\"/var/run/a.vici\", \"/var/run/b.vici\"]\nexpect = [\"same\", \"x\"]";
    let mut collector = daemon.collector(settings);
    let read_ = read(&mut *collector).await;
    // An expected one has one place: both sockets' states lie there, and the worse counts.
    assert_eq!(read_["tunnel same"], [1.0, 1.0]);
    assert_eq!(read_["tunnel x"], [0.0]);
    let counts = read_.keys().filter(|key| key.starts_with("tunnels_up"));
    assert_eq!(counts.count(), 3, "{read_:?}");
    // What was read is kept, and nothing is missing for sure.
    fs::remove_file(daemon.root.join("var/run/b.vici")).unwrap();
    daemon.now(|script| script.closes = true);
    let mut collector = daemon.collector(settings);
    let (done, out) = pass(&mut *collector).await;
    assert!(matches!(done, Err(CollectError::Failed(_))), "{done:?}");
    let missing = out.records().iter().any(|record| record.member == "x");
    assert!(!missing);
}

#[tokio::test]
async fn a_release_without_these_events_is_read_with_a_note() {
    let daemon = Daemon::new("old");
    daemon.listen(SOCKET);
    daemon.now(|script| script.knows_no_updown = true);
    let (done, out) = pass(&mut *daemon.collector("")).await;
    assert_eq!(done, Ok(()));
    let note = &out.notes()[0];
    assert!(
        note.contains("no events ike-updown, child-updown"),
        "{note}"
    );
}

#[tokio::test]
async fn what_no_daemon_should_send_fails_the_pass_and_no_more() {
    let daemon = Daemon::new("hostile");
    daemon.listen(SOCKET);
    let mut collector = daemon.collector("");
    for answer in [
        &b"\xff\xff\xff\xff"[..],
        b"\0\0\0\0",
        b"\0\0\0\x01\x08",
        b"\0\0\0\x01\x02",
        b"\0\0\0\x03\x01\x01\x05",
    ] {
        daemon.now(|script| {
            script.answers.insert("stats", answer.to_vec());
        });
        let why = failure(&mut *collector).await;
        assert!(why.starts_with("cannot talk to"), "{why}");
    }
    daemon.now(|script| {
        script.answers.insert("stats", statistics(3, 2));
    });
    assert_eq!(read(&mut *collector).await["half_open"], [2.0]);
}
