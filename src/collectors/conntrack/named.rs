//! A network namespace by name: entered once, read through kept descriptors, entered again when it was made anew.
//!
//! The descriptors keep the namespace alive. `ip netns delete` takes its name away at once; its interfaces go when the
//! next pass sees that and lets the descriptors go, `sample_secs` later at most.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use netlink_sys::protocols::NETLINK_NETFILTER;
use tokio::sync::oneshot::Receiver;

use super::table::{Table, failed};
use super::{COUNT, wire};
use crate::collector::CollectError;
use crate::host::files::{self, FileId, Root};
use crate::host::netlink::Netlink;
use crate::host::netns;

/// The thread that entered, not the process: /proc/net is where the process is.
const STAT: &str = "/proc/thread-self/net/stat/nf_conntrack";

/// A name in /run/netns.
#[derive(Debug)]
pub(super) struct Named {
    name: String,
    root: Root,
    /// A socket for nftables is wanted too.
    netfilter: bool,
    entering: Option<Receiver<io::Result<Inside>>>,
    inside: Option<Inside>,
}

/// What the thread that entered brought.
#[derive(Debug)]
struct Inside {
    namespace: FileId,
    count: Option<File>,
    stat: Option<(FileId, File)>,
    netfilter: Option<io::Result<Netlink>>,
}

impl Named {
    pub(super) fn new(name: String, root: Root, netfilter: bool) -> Self {
        Named {
            name,
            root,
            netfilter,
            entering: None,
            inside: None,
        }
    }

    /// Reads the table; entering may take `wait`, and goes on beside the passes when it takes longer.
    pub(super) async fn look(&mut self, wait: Duration) -> Result<Table, CollectError> {
        let now = self.root.id(&self.path());
        let now = now.map_err(|error| self.let_go(&error))?;
        if self
            .inside
            .as_ref()
            .is_none_or(|kept| kept.namespace != now)
        {
            // Let go of the old one first: it is kept alive by nothing else.
            self.inside = None;
            let entered = self.enter(wait).await;
            self.inside = Some(entered.map_err(|error| self.refused(&error))?);
        }
        let Some(inside) = &self.inside else {
            return Err(self.refused(&io::Error::from(ErrorKind::NotFound)));
        };
        match inside.read() {
            Ok(Some(table)) => Ok(table),
            Ok(None) => {
                self.inside = None;
                Err(CollectError::Absent(format!(
                    "no connection tracking in network namespace {}",
                    self.name
                )))
            }
            Err(error) => {
                // The module may have gone and come: the next pass enters again.
                self.inside = None;
                let of = format!("connection tracking of network namespace {}", self.name);
                Err(failed("read", &PathBuf::from(of), &error))
            }
        }
    }

    /// The namespace that was read last and its socket for nftables.
    pub(super) fn netfilter(&mut self) -> Option<(Option<FileId>, &mut io::Result<Netlink>)> {
        let inside = self.inside.as_mut()?;
        let id = inside.stat.as_ref().map(|(id, _)| *id);
        inside.netfilter.as_mut().map(|netlink| (id, netlink))
    }

    /// Leaves: the next pass enters again, with a new socket.
    pub(super) fn leave(&mut self) {
        self.inside = None;
    }

    async fn enter(&mut self, wait: Duration) -> io::Result<Inside> {
        let mut entering = match self.entering.take() {
            Some(entering) => entering,
            None => self.start()?,
        };
        match tokio::time::timeout(wait, &mut entering).await {
            Ok(Ok(entered)) => entered,
            Ok(Err(_)) => Err(io::Error::other("the thread that entered it ended early")),
            Err(_) => {
                self.entering = Some(entering);
                Err(io::Error::new(ErrorKind::TimedOut, "it takes too long"))
            }
        }
    }

    fn start(&self) -> io::Result<Receiver<io::Result<Inside>>> {
        let handle = self.root.open(&self.path())?;
        let namespace = FileId::of_open(&handle)?;
        let (root, netfilter) = (self.root.clone(), self.netfilter);
        netns::inside(handle, move || {
            let stat = if_there(root.open(STAT))?;
            let stat = stat.map(|file| FileId::of_open(&file).map(|id| (id, file)));
            Ok(Inside {
                namespace,
                count: if_there(root.open(COUNT))?,
                stat: stat.transpose()?,
                netfilter: netfilter.then(|| Netlink::open(NETLINK_NETFILTER)),
            })
        })
    }

    fn path(&self) -> String {
        format!("{}/{}", netns::DIRECTORY, self.name)
    }

    fn let_go(&mut self, error: &io::Error) -> CollectError {
        self.inside = None;
        self.entering = None;
        self.refused(error)
    }

    fn refused(&self, error: &io::Error) -> CollectError {
        let (name, path) = (&self.name, self.root.path(&self.path()));
        let path = path.display();
        CollectError::Failed(match error.kind() {
            ErrorKind::PermissionDenied => format!(
                "entering network namespace {name} needs CAP_SYS_ADMIN: enable the drop-in netns.conf, or name a PID file in its place"
            ),
            ErrorKind::NotFound => format!(
                "no network namespace {name}: {path} is not there; `ip netns add {name}` makes it"
            ),
            ErrorKind::InvalidInput => format!(
                "cannot enter network namespace {name}: {path} is no network namespace, or its mount is not seen from here"
            ),
            _ => format!("cannot enter network namespace {name} ({path}): {error}"),
        })
    }
}

impl Inside {
    fn read(&self) -> io::Result<Option<Table>> {
        let parsed = |why: String| io::Error::new(ErrorKind::InvalidData, why);
        let stat = self.stat.as_ref().map(|(_, file)| files::text(file));
        let stat = stat.transpose()?.map(|text| wire::stat(&text));
        let stat = stat.transpose().map_err(parsed)?;
        let count = self.count.as_ref().map(files::text).transpose()?;
        let count = count.map(|text| wire::number(&text));
        let count = count.transpose().map_err(parsed)?;
        // Old kernels do not show the sysctls in a namespace that belongs to another user namespace.
        let entries = count.or_else(|| stat.as_ref().and_then(|stat| stat.entries));
        Ok(entries.map(|entries| Table {
            entries,
            failures: stat.map(|stat| stat.failures),
            id: self.stat.as_ref().map(|(id, _)| *id),
        }))
    }
}

fn if_there<T>(opened: io::Result<T>) -> io::Result<Option<T>> {
    match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}
