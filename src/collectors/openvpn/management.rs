//! One short visit to a management socket.
//!
//! OpenVPN serves one management client at a time (manage.c, man_listen: a backlog of one); who comes second is
//! connected to by the kernel and waits. So a visit asks what it must and leaves, and never sends `quit`: what was not
//! yet written would be lost.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::wire::management::{self as wire, Answer, Greeting, State};
use super::wire::status::{self, Status, Told};
use crate::host::unix::{self, Refusal, Stream};

/// The drop-in that lets the program in.
pub(super) const DROPIN: &str = "openvpn.conf";
/// A greeting, and what may come with it.
const GREETING_BYTES_MAX: usize = 16 << 10;
/// Ten thousand clients, and as many routes, of 150 bytes.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// What a visit brings.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) status: Status,
    /// Of a client.
    pub(super) state: Option<State>,
}

/// Visits the socket at `path`.
///
/// # Errors
/// Says what hinders, and the remedy.
pub(super) async fn visit(path: &Path, deadline: Duration) -> Result<Visit, String> {
    let greeted = AtomicBool::new(false);
    let asked = unix::within(deadline, exchange(path, &greeted)).await;
    match asked {
        Ok(visit) => visit.map_err(|why| format!("{} of OpenVPN: {why}", path.display())),
        Err(refusal) => Err(told(&refusal, path, greeted.load(Ordering::Relaxed))),
    }
}

async fn exchange(path: &Path, greeted: &AtomicBool) -> Result<Result<Visit, String>, Refusal> {
    let mut stream = Stream::connect(path).await?;
    let greets = |bytes: &[u8]| wire::greeting(bytes).is_some();
    let greeting = stream.until(GREETING_BYTES_MAX, greets).await?;
    greeted.store(true, Ordering::Relaxed);
    match wire::greeting(&greeting) {
        Some(Greeting::Open) => {}
        Some(Greeting::Password) => return Ok(Err(PASSWORD.to_owned())),
        _ => return Ok(Err("no management interface is behind it".to_owned())),
    }
    let text = ask(&mut stream, wire::STATUS).await?;
    let status = match wire::status(&text).and_then(|text| status::status(&text)) {
        Ok(status) => status,
        Err(why) => return Ok(Err(why)),
    };
    if matches!(status.told, Told::Clients(_)) {
        return Ok(Ok(Visit {
            status,
            state: None,
        }));
    }
    let state = wire::state(&ask(&mut stream, wire::STATE).await?);
    Ok(state.map(|state| Visit {
        status,
        state: Some(state),
    }))
}

async fn ask(stream: &mut Stream, question: &[u8]) -> Result<Vec<u8>, Refusal> {
    stream.send(question).await?;
    let mut answer = Answer::default();
    let whole = |bytes: &[u8]| answer.is_whole(bytes);
    stream.until(ANSWER_BYTES_MAX, whole).await
}

const PASSWORD: &str = "it asks for a password, and fwmetrics gives none: let management-client-group protect the socket in its place, or name the status file";

fn told(refusal: &Refusal, path: &Path, greeted: bool) -> String {
    let shown = path.display();
    match refusal {
        Refusal::Silent if !greeted => format!(
            "{shown} does not answer: another management client is connected, and OpenVPN serves one at a time; or OpenVPN is stopped or hangs"
        ),
        Refusal::Broken(error) if !greeted && is_end(error.kind()) => format!(
            "{shown} hangs up: OpenVPN lets in only whom management-client-user and management-client-group name; or it has just ended"
        ),
        _ => refusal.told("OpenVPN", path, DROPIN),
    }
}

fn is_end(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}
