//! Interfaces of userspace implementations (wireguard-go, boringtun), each behind a socket in one folder, of whatever
//! network namespace it is.

use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinSet;

use super::wire::{self, Peer};
use crate::host::blocking::Blocking;
use crate::host::files::Root;
use crate::host::unix::{self, Refusal, Stream};

/// Where the sockets are: one folder under two names, of which the second is a link that may lead out of a root.
const FOLDERS: [&str; 2] = ["/run/wireguard", "/var/run/wireguard"];
/// More than a machine runs.
const SOCKETS_MAX: usize = 1000;
/// Ten thousand peers have 4 MB.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Socket {
    pub(super) interface: String,
    pub(super) path: PathBuf,
    /// An interface made anew has another socket.
    pub(super) inode: u64,
}

/// All sockets there are; none where there is no folder.
pub(super) async fn sockets(
    root: &Root,
    door: &Blocking,
    deadline: Duration,
) -> Result<Vec<Socket>, String> {
    let folders = FOLDERS.map(|folder| root.path(folder));
    let listed = door.within(deadline, "the list of sockets takes too long", move || {
        for folder in &folders {
            match list(folder) {
                Err(error) if is_nothing(&error) => {}
                listed => return listed.map_err(|error| at(folder, &error)),
            }
        }
        Ok(Vec::new())
    });
    listed
        .await
        .map_err(|error| format!("cannot list WireGuard's sockets: {error}"))
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn at(folder: &Path, error: &io::Error) -> io::Error {
    let hint = match error.kind() {
        ErrorKind::PermissionDenied => {
            ": enable fwmetrics' drop-in wireguard.conf with CAP_DAC_OVERRIDE added, as it says"
        }
        _ => "",
    };
    io::Error::new(error.kind(), format!("{}: {error}{hint}", folder.display()))
}

fn list(folder: &Path) -> io::Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    for entry in std::fs::read_dir(folder)?.take(SOCKETS_MAX) {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(interface) = name.and_then(|name| name.strip_suffix(".sock")) else {
            continue;
        };
        let meta = match std::fs::symlink_metadata(&path) {
            // It went away meanwhile.
            Err(error) if is_nothing(&error) => continue,
            meta => meta?,
        };
        if meta.file_type().is_socket() {
            sockets.push(Socket {
                interface: interface.to_owned(),
                inode: meta.ino(),
                path,
            });
        }
    }
    sockets.sort();
    Ok(sockets)
}

/// Asks all of them at once, so that one that hangs holds up no other; in the order of the sockets.
pub(super) async fn ask_all(
    sockets: Vec<Socket>,
    deadline: Duration,
) -> Vec<(Socket, Result<Vec<Peer>, Refusal>)> {
    let mut tasks = JoinSet::new();
    for socket in sockets {
        tasks.spawn(async move {
            let peers = unix::within(deadline, ask(&socket.path)).await;
            (socket, peers)
        });
    }
    let mut answers = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(answer) => answers.push(answer),
            // The pass's own task has a net for that.
            Err(ended) => std::panic::resume_unwind(ended.into_panic()),
        }
    }
    answers.sort_by(|(one, _), (other, _)| one.cmp(other));
    answers
}

async fn ask(path: &Path) -> Result<Vec<Peer>, Refusal> {
    let mut stream = Stream::connect(path).await?;
    stream.send(wire::QUESTION).await?;
    let answer = stream.until_secret(ANSWER_BYTES_MAX, wire::is_whole);
    let peers = wire::uapi_peers(&answer.await?);
    peers.map_err(|why| Refusal::Broken(io::Error::new(ErrorKind::InvalidData, why)))
}
