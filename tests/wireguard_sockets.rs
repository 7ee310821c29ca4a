//! The wireguard collector against sockets of userspace implementations that answer, hang, are dead or go away.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fwmetrics::collector::{CollectError, Collector, Context};
use fwmetrics::collectors::wireguard::SPEC;
use fwmetrics::host::files::Root;
use fwmetrics::host::state::StateDir;
use fwmetrics::model::reading::{Raw, Readings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

/// Of the golden answer: one with a handshake long ago, and one that never had one.
const OLD: &str = "da+VmYxRh/SrZtluiQRHL8Cf1WiEg4h3ceg+ZZCWjgg=";
const NEVER: &str = "GNmCbiV5CeE41kDBdxjHURtI4q2OPfFgHyS4BZIvgms=";
/// Wide, so that a busy machine passes no answer for a hang: only the tests of what hangs wait it out.
const DEADLINE: Duration = Duration::from_secs(5);

/// A root of its own, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("fwmetrics-wireguard-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join("run/wireguard")).unwrap();
        Place(path)
    }

    fn socket(&self, interface: &str) -> PathBuf {
        self.0
            .join("run/wireguard")
            .join(interface)
            .with_added_extension("sock")
    }

    fn collector(&self, settings: &str) -> Box<dyn Collector> {
        let root = Root::new(&self.0);
        let state = StateDir::new(self.0.join("state"));
        let context = Context::local(root, DEADLINE, state);
        (SPEC.build)(&settings.parse().unwrap(), context).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn golden() -> Vec<u8> {
    let fixtures = Path::new(file!()).with_file_name("fixtures/wireguard");
    std::fs::read(fixtures.join("wireguard-go-0.0.20220316.txt")).unwrap()
}

/// An implementation that answers in pieces.
fn answers(path: &Path) -> tokio::task::JoinHandle<()> {
    let listener = UnixListener::bind(path).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut question = [0; 7];
            stream.read_exact(&mut question).await.unwrap();
            assert_eq!(&question, b"get=1\n\n");
            for piece in golden().chunks(100) {
                stream.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    })
}

async fn pass(collector: &mut Box<dyn Collector>) -> (Readings, Result<(), CollectError>) {
    let mut readings = Readings::default();
    let result = collector.collect(&mut readings).await;
    (readings, result)
}

/// The level of each record of this reading, by what it is of.
fn levels(readings: &Readings, reading: &str) -> BTreeMap<String, f64> {
    let of = readings
        .records()
        .iter()
        .filter(|r| r.reading.name == reading);
    of.map(|record| {
        let Raw::Level(level) = record.raw else {
            panic!("{record:?}");
        };
        let own = record.own.as_ref().map(|(_, value)| value.clone());
        (own.unwrap_or_default(), level)
    })
    .collect()
}

fn map(wanted: &[(&str, f64)]) -> BTreeMap<String, f64> {
    wanted
        .iter()
        .map(|(name, level)| ((*name).to_owned(), *level))
        .collect()
}

#[tokio::test]
async fn one_that_hangs_takes_its_own_peers_and_the_counts_alone() {
    let place = Place::new("hangs");
    let peers = format!("peers = [\"site-a={OLD}\", \"awaited={NEVER}\"]");
    let mut collector = place.collector(&peers);
    let _server = answers(&place.socket("wg0"));
    let hung = UnixListener::bind(place.socket("wg1")).unwrap();
    let (readings, result) = pass(&mut collector).await;
    let Err(CollectError::Failed(why)) = result else {
        panic!("{result:?}");
    };
    assert!(why.contains("wg1.sock does not answer"), "{why}");
    // The handshakes are long ago: idle, but for the peer that should keep the way open; and one that never came.
    let states = map(&[
        ("site-a", 1.0),
        ("wg0/xFArGgrQ", 1.0),
        ("wg0/ht+qTi+R", 0.0),
        ("awaited", 0.0),
    ]);
    assert_eq!(levels(&readings, "tunnel"), states);
    assert_eq!(levels(&readings, "tunnels_configured"), map(&[]));
    drop(hung);
    let (readings, result) = pass(&mut collector).await;
    let Err(CollectError::Failed(why)) = result else {
        panic!("{result:?}");
    };
    assert!(why.contains("has ended and left its socket"), "{why}");
    assert_eq!(levels(&readings, "tunnel"), states);
    std::fs::remove_file(place.socket("wg1")).unwrap();
    let (readings, result) = pass(&mut collector).await;
    assert_eq!(result, Ok(()));
    assert_eq!(levels(&readings, "tunnels_configured"), map(&[("", 4.0)]));
    assert_eq!(levels(&readings, "tunnels_down"), map(&[("", 2.0)]));
}

#[tokio::test]
async fn nothing_there_is_absent_unless_somebody_waits_for_it() {
    let place = Place::new("nothing");
    let (_, result) = pass(&mut place.collector("")).await;
    assert!(matches!(result, Err(CollectError::Absent(_))), "{result:?}");
    let mut collector = place.collector(&format!(
        "peers = [\"site-a={OLD}\"]\nexpect = [\"wg0/12345678\"]"
    ));
    let (readings, result) = pass(&mut collector).await;
    assert_eq!(result, Ok(()));
    let missing = map(&[("site-a", 0.0), ("wg0/12345678", 0.0)]);
    assert_eq!(levels(&readings, "tunnel"), missing);
    assert_eq!(levels(&readings, "tunnels_down"), map(&[("", 2.0)]));
}

#[tokio::test]
async fn an_answer_that_is_none_is_a_failure_without_its_words() {
    let place = Place::new("odd");
    let mut collector = place.collector("");
    let listener = UnixListener::bind(place.socket("wg0")).unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 7]).await.unwrap();
        stream
            .write_all(b"private_key=secret\npublic_key=secret\nerrno=0\n\n")
            .await
            .unwrap();
    });
    let (_, result) = pass(&mut collector).await;
    let Err(CollectError::Failed(why)) = result else {
        panic!("{result:?}");
    };
    assert!(
        why.contains("public_key is no key") && !why.contains("secret"),
        "{why}"
    );
    server.await.unwrap();
}
