//! The `openvpn` collector against sockets and files that behave as OpenVPN's do, and as they should not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use fwmetrics::collector::{CollectError, Collector, Context};
use fwmetrics::collectors::openvpn::SPEC;
use fwmetrics::host::files::Root;
use fwmetrics::host::state::StateDir;
use fwmetrics::model::reading::{Raw, Readings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

const HELLO: &str = ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";
/// Wide, so that a busy machine passes no answer for a hang: only the tests of what hangs wait it out.
const DEADLINE: Duration = Duration::from_secs(5);

/// A folder of its own that stands for the machine, removed at the end.
struct Machine(PathBuf);

impl Machine {
    fn new(name: &str) -> Self {
        let name = format!("fwm-ov-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("run/openvpn-server")).unwrap();
        Machine(folder)
    }

    fn collector(&self, table: &str) -> Box<dyn Collector> {
        let state = StateDir::new(self.0.join("state"));
        let context = Context::local(Root::new(&self.0), DEADLINE, state);
        (SPEC.build)(&toml::from_str(table).unwrap(), context).unwrap()
    }

    /// A status file where openvpn-server@.service has it, written now.
    fn status(&self, name: &str, text: &[u8]) -> PathBuf {
        let path = self.0.join(format!("run/openvpn-server/status-{name}.log"));
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A management socket whose visitors get these pieces, one after each question; then it is silent.
    fn socket(&self, pieces: &[&str]) {
        let listener = UnixListener::bind(self.0.join("run/m.sock")).unwrap();
        let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        tokio::spawn(async move {
            loop {
                let (mut visitor, _) = listener.accept().await.unwrap();
                for piece in &pieces {
                    let _ = visitor.write_all(piece.as_bytes()).await;
                    let _ = visitor.read(&mut [0; 100]).await;
                }
                // Until the visitor leaves.
                let _ = visitor.read(&mut [0; 100]).await;
            }
        });
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openvpn");
    std::fs::read(folder.join(name)).unwrap()
}

/// A pass: reading, tunnel and value of each record, or why it failed.
async fn pass(collector: &mut dyn Collector) -> (Vec<String>, Result<(), CollectError>) {
    let mut out = Readings::default();
    let result = collector.collect(&mut out).await;
    let shown = out.records().iter().map(|record| {
        let own = record.own.as_ref().map_or("", |(_, name)| name);
        let value = match record.raw {
            Raw::Level(level) => level.to_string(),
            Raw::Total(total) => total.to_string(),
            _ => "odd".to_owned(),
        };
        format!("{} {own} {value}", record.reading.name)
    });
    (shown.collect(), result)
}

async fn failure(collector: &mut dyn Collector) -> String {
    match pass(collector).await.1 {
        Err(CollectError::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

const SOCKET: &str = "socket = \"/run/m.sock\"";

#[tokio::test]
async fn a_machine_without_openvpn_is_absent_unless_something_is_expected() {
    let machine = Machine::new("absent");
    let absent = pass(&mut *machine.collector("")).await.1;
    assert!(matches!(absent, Err(CollectError::Absent(_))), "{absent:?}");
    for table in ["expect = [\"a\"]", "status_file = \"/run/x.log\"", SOCKET] {
        let why = failure(&mut *machine.collector(table)).await;
        assert!(why.contains("no "), "{why}");
    }
}

#[tokio::test]
async fn a_second_visitor_is_told_so_and_a_password_is_not_given() {
    for (name, pieces, words) in [
        (
            "second",
            &[""][..],
            "another management client is connected",
        ),
        ("silent", &[HELLO, "TITLE\tx\r\n"], "does not answer"),
        ("password", &["ENTER PASSWORD:"], "asks for a password"),
        (
            "foreign",
            &["220 mail ESMTP\r\n"],
            "no management interface",
        ),
        (
            "error",
            &[HELLO, "ERROR: unknown command\r\n"],
            "unknown command",
        ),
        ("garbage", &[HELLO, "END\r\n"], "empty"),
    ] {
        let machine = Machine::new(name);
        machine.socket(pieces);
        let why = failure(&mut *machine.collector(SOCKET)).await;
        assert!(
            why.contains(words) && why.contains("m.sock"),
            "{name}: {why}"
        );
    }
}

#[tokio::test]
async fn a_server_and_a_client_are_told_apart_by_their_answer() {
    let machine = Machine::new("server");
    let text = String::from_utf8(fixture("management-server.txt")).unwrap();
    let (hello, answer) = text.split_once('\n').unwrap();
    machine.socket(&[
        &format!("{hello}\n>HOLD:x\r\n"),
        &format!(">LOG:y\r\n{answer}"),
    ]);
    let table = format!("{SOCKET}\nexpect = [\"c1\", \"c9\"]\nremote_access_max = 8");
    let (shown, result) = pass(&mut *machine.collector(&table)).await;
    assert_eq!(result, Ok(()));
    let wanted = [
        "remote_access  2",
        "remote_access_share  25",
        "tunnel c1 1",
        "tunnel c9 0",
        "tunnel_bytes_in c1 0",
    ];
    for line in wanted {
        assert!(shown.contains(&line.to_owned()), "{line}: {shown:?}");
    }
    let machine = Machine::new("client");
    let part = |name| {
        String::from_utf8(fixture(name))
            .unwrap()
            .split_once('\n')
            .unwrap()
            .1
            .to_owned()
    };
    machine.socket(&[
        HELLO,
        &part("management-client.txt"),
        &part("management-wait.txt"),
    ]);
    let (shown, result) = pass(&mut *machine.collector(SOCKET)).await;
    assert_eq!(result, Ok(()));
    for line in ["tunnel m 0", "tunnels_configured  1"] {
        assert!(shown.contains(&line.to_owned()), "{line}: {shown:?}");
    }
}

/// The status of version 1: its time is local, so the file's own is taken.
#[tokio::test]
async fn a_file_counts_while_it_is_written_and_its_bytes_when_it_was() {
    let machine = Machine::new("file");
    let text = fixture("status-v1.log");
    let path = machine.status("site", &text);
    let mut collector = machine.collector("expect = [\"c1\"]");
    let (shown, result) = pass(&mut *collector).await;
    assert_eq!(result, Ok(()));
    assert!(
        shown.contains(&"tunnel_bytes_in c1 0".to_owned()),
        "{shown:?}"
    );
    let (shown, _) = pass(&mut *collector).await;
    assert!(shown.contains(&"remote_access  2".to_owned()), "{shown:?}");
    assert!(
        !shown.iter().any(|line| line.starts_with("tunnel_bytes")),
        "{shown:?}"
    );
    let later = String::from_utf8(text).unwrap();
    let later = later
        .replace("20:44:38", "20:44:39")
        .replace(",1915,", ",2915,");
    std::fs::write(&path, later).unwrap();
    let (shown, _) = pass(&mut *collector).await;
    assert!(
        shown.contains(&"tunnel_bytes_in c1 1000".to_owned()),
        "{shown:?}"
    );
    let again = String::from_utf8(fixture("status-v1.log")).unwrap();
    let again = again
        .replace("20:44:34", "20:59:59")
        .replace(",1915,", ",15,");
    std::fs::write(&path, again.replace("20:44:38", "20:59:59")).unwrap();
    let (shown, _) = pass(&mut *collector).await;
    for line in ["tunnel c1 0", "tunnels_down  1", "tunnel_bytes_in c1 1015"] {
        assert!(shown.contains(&line.to_owned()), "{line}: {shown:?}");
    }
    let (shown, _) = pass(&mut *collector).await;
    assert!(shown.contains(&"tunnel c1 1".to_owned()), "{shown:?}");
    std::fs::write(&path, "OpenVPN CLIENT LIST\n").unwrap();
    assert!(failure(&mut *collector).await.contains("cut off"));
}

#[tokio::test]
async fn an_old_file_at_the_first_look_is_a_failure_and_its_numbers_are_not_told() {
    let machine = Machine::new("old");
    // Its TIME is of the day it was captured.
    machine.status("site", &fixture("status-v3.log"));
    let (shown, result) = pass(&mut *machine.collector("")).await;
    assert_eq!(shown, [""; 0]);
    let Err(CollectError::Failed(why)) = result else {
        panic!("{result:?}")
    };
    assert!(
        why.contains("was not written for") && why.contains("since 2026-11-25 20:44:38"),
        "{why}"
    );
}

#[tokio::test]
async fn a_clients_file_tells_bytes_and_no_state() {
    let machine = Machine::new("clients-file");
    machine.status("uplink", &fixture("status-client.log"));
    let (shown, result) = pass(&mut *machine.collector("")).await;
    assert_eq!(result, Ok(()));
    assert!(
        !shown
            .iter()
            .any(|line| line.starts_with("tunnel status-uplink")),
        "{shown:?}"
    );
    assert!(
        shown.contains(&"tunnel_bytes_in status-uplink 0".to_owned()),
        "{shown:?}"
    );
}

#[tokio::test]
async fn a_pipe_in_a_files_place_hangs_nobody() {
    let machine = Machine::new("pipe");
    let path = machine.0.join("run/openvpn-server/status-x.log");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    assert!(
        failure(&mut *machine.collector(""))
            .await
            .contains("no regular file")
    );
}
