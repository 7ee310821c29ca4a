//! The keepalived that a PID file names, and the one signal that may be sent to it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use super::wire;
use crate::collector::CollectError;
use crate::host::files::Root;
use crate::host::process::{Lost, Process};
use crate::host::regular;

/// A number and some white space.
const PID_BYTES_MAX: u64 = 64;
/// keepalived's parent has three: VRRP, health checks, BFD.
const CHILDREN_MAX: usize = 16;

/// A process by its number.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) pid: u32,
    process: Process,
}

/// How it is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// Whose the files are that it makes.
    pub(super) uid: u32,
    signal: u8,
}

/// The process number in the first PID file that is there, and that file.
pub(super) fn named(root: &Root, files: &[String]) -> Result<(u32, PathBuf), CollectError> {
    let paths: Vec<PathBuf> = files.iter().map(|file| root.path(file)).collect();
    for path in &paths {
        let text = match regular::open(path, OFlags::empty()) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.and_then(|(file, _)| regular::read(file, PID_BYTES_MAX)),
        };
        let read = text.map_err(|error| error.to_string());
        let pid = read.and_then(|text| wire::pid(&text)).map_err(|why| {
            CollectError::Failed(format!("cannot read {}: {why}", path.display()))
        })?;
        return Ok((pid, path.clone()));
    }
    let paths: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Err(CollectError::Absent(format!(
        "no {}: keepalived does not run, or has its PID file elsewhere",
        paths.join(", no ")
    )))
}

/// Holds the process; where it is the one from before still, that one.
pub(super) fn hold(
    root: &Root,
    pid: u32,
    file: &Path,
    last: Option<Arc<Held>>,
) -> Result<Arc<Held>, String> {
    let is_it = |last: &Arc<Held>| last.pid == pid && last.process.read("stat").is_ok();
    if let Some(last) = last.filter(is_it) {
        return Ok(last);
    }
    let file = file.display();
    let process = Process::hold(root, pid).map_err(|lost| match lost {
        Lost::Ended => format!(
            "no process {pid}, which {file} names: keepalived was killed and has left its PID file"
        ),
        Lost::Hidden => format!(
            "/proc hides process {pid}, which {file} names: enable the drop-in vrrp.conf"
        ),
        Lost::Elsewhere => format!(
            "process {pid}, which {file} names, is not this program's to signal: /proc below the root is another system's"
        ),
        Lost::Unheld(error) => format!(
            "cannot hold process {pid}, which {file} names: {error} (this takes Linux 5.3 or newer: on an older kernel disable the collector vrrp)"
        ),
    })?;
    Ok(Arc::new(Held { pid, process }))
}

impl Held {
    /// Makes sure, in each pass, that it is a keepalived that takes a request: a process may become another program under
    /// its number (execve(2)), and one that is about to end takes none.
    pub(super) fn way(&self, file: &Path) -> Result<Way, String> {
        let (pid, file) = (self.pid, file.display());
        let read = |name: &str| {
            let text = self.process.read(name);
            text.map_err(|error| format!("cannot read /proc/{pid}/{name}: {error}"))
        };
        let comm = read("comm")?;
        if !wire::is_keepalived(&comm, &read("cmdline")?) {
            let comm = comm.trim_end().escape_debug();
            return Err(format!(
                "process {pid}, which {file} names, is \"{comm}\" and not keepalived: it is sent nothing"
            ));
        }
        let status = wire::status(&read("status")?);
        let status = status.map_err(|why| format!("cannot parse /proc/{pid}/status: {why}"))?;
        let signal = status.json_signal().ok_or_else(|| {
            format!(
                "keepalived (process {pid}) takes no request for its state: it is built without JSON (`keepalived --version` has none among its options), or is about to end; it is sent nothing"
            )
        })?;
        let uid = status.uid;
        Ok(Way { uid, signal })
    }

    /// Asks for a dump.
    pub(super) fn request(&self, way: Way) -> Result<(), String> {
        let pid = self.pid;
        let sent = self.process.signal(i32::from(way.signal));
        sent.map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => format!(
                "keepalived (process {pid}) may not be asked for its state by this user: enable the drop-in vrrp.conf"
            ),
            _ => format!("cannot ask keepalived (process {pid}) for its state: {error}"),
        })
    }

    /// An earlier request still waits, here or at the child that the parent passed it on to. What cannot be read has none:
    /// the list of children is not in every kernel (CONFIG_PROC_CHILDREN).
    pub(super) fn is_pending(&self, root: &Root, way: Way) -> bool {
        let waits = |text: std::io::Result<String>| {
            let status = text.ok().and_then(|text| wire::status(&text).ok());
            status.is_some_and(|status| status.has_pending(way.signal))
        };
        let children = self.process.read(&format!("task/{0}/children", self.pid));
        let children = children.unwrap_or_default();
        let mut children = children
            .split_ascii_whitespace()
            .filter_map(|child| child.parse::<u32>().ok())
            .take(CHILDREN_MAX);
        waits(self.process.read("status"))
            || children.any(|child| waits(root.read(&format!("/proc/{child}/status"))))
    }
}
