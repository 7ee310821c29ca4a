//! The network namespace of the process that a PID file names, through /proc/PID/net: no right is needed.
//!
//! The process is held by its directory in /proc, so a later process of the same number is never read in its place,
//! and its namespace is not kept alive. What cannot be told: a PID file that a dead daemon left behind, whose number
//! another process had already when fwmetrics first read it. That process's namespace is then read.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use std::time::Duration;

use super::table::{Table, failed};
use super::wire;
use crate::collector::CollectError;
use crate::host::blocking::Blocking;
use crate::host::files::{self, Dir, FileId, Root};

/// A number and some white space.
const FILE_BYTES_MAX: u64 = 64;
/// The file is read again after so many passes, for a daemon that hands over to another while it still lives.
const READ_EVERY: u32 = 10;
/// Below /proc/PID.
const STAT: &str = "net/stat/nf_conntrack";

/// A PID file and the process it names.
#[derive(Debug)]
pub(super) struct PidFile {
    file: String,
    root: Root,
    blocking: Blocking,
    process: Option<Process>,
    passes: u32,
}

#[derive(Debug)]
struct Process {
    pid: u32,
    dir: Dir,
}

impl PidFile {
    pub(super) fn new(file: String, root: Root) -> Self {
        PidFile {
            file,
            root,
            blocking: Blocking::default(),
            process: None,
            passes: 0,
        }
    }

    /// Reads the table; the PID file, where it must be read, may take `wait`.
    pub(super) async fn look(&mut self, wait: Duration) -> Result<Table, CollectError> {
        self.passes = self.passes.wrapping_add(1);
        if self.passes.is_multiple_of(READ_EVERY) {
            self.process = None;
        }
        if let Some(process) = &self.process
            && let Ok(file) = process.dir.open(STAT)
        {
            return self.table(&file, process.pid);
        }
        self.process = None;
        let process = self.find(wait).await?;
        match process.dir.open(STAT) {
            Ok(file) => {
                let table = self.table(&file, process.pid)?;
                self.process = Some(process);
                Ok(table)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let path = self.stat(process.pid);
                Err(CollectError::Absent(format!(
                    "no {} of the process in {}: it has ended; or /proc hides it: enable the drop-in netns-pid.conf; or the kernel lacks CONFIG_NF_CONNTRACK_PROCFS: name the namespace",
                    path.display(),
                    self.path().display()
                )))
            }
            Err(error) => Err(failed("read", &self.stat(process.pid), &error)),
        }
    }

    async fn find(&self, wait: Duration) -> Result<Process, CollectError> {
        let path = self.path();
        let file = path.clone();
        let slow = "it takes too long";
        let text = self.blocking.within(wait, slow, move || {
            let mut text = String::new();
            let file = File::open(file)?;
            file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
            Ok(text)
        });
        let text = text.await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => CollectError::Failed(format!(
                "no {}: start the daemon that writes it, or mend [collectors.conntrack] netns",
                path.display()
            )),
            _ => failed("read", &path, &error),
        })?;
        let pid = wire::pid(&text).map_err(|why| failed("parse", &path, &why))?;
        let dir = self.root.dir(&format!("/proc/{pid}"));
        let dir = dir.map_err(|error| match error.kind() {
            ErrorKind::NotFound => CollectError::Failed(format!(
                "no process {pid}, which {} names: it has ended, or /proc hides it (hidepid): enable the drop-in netns-pid.conf",
                path.display()
            )),
            _ => failed("read", &self.root.path(&format!("/proc/{pid}")), &error),
        })?;
        Ok(Process { pid, dir })
    }

    fn table(&self, file: &File, pid: u32) -> Result<Table, CollectError> {
        let read = || -> io::Result<_> { Ok((files::text(file)?, FileId::of_open(file)?)) };
        let (text, id) = read().map_err(|error| failed("read", &self.stat(pid), &error))?;
        let unreadable = |why: String| failed("parse", &self.stat(pid), &why);
        let stat = wire::stat(&text).map_err(unreadable)?;
        let none = || "the column entries is missing".to_owned();
        Ok(Table {
            entries: stat.entries.ok_or_else(none).map_err(unreadable)?,
            failures: Some(stat.failures),
            id: Some(id),
        })
    }

    fn path(&self) -> PathBuf {
        self.root.path(&self.file)
    }

    fn stat(&self, pid: u32) -> PathBuf {
        self.root.path(&format!("/proc/{pid}/{STAT}"))
    }
}
