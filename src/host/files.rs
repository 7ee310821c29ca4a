//! Files below a root: /proc and /sys of this machine, of a mounted host, or of a test's tree.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};

/// More than any file that we read has on the largest machines (/proc/stat with 1024 cores: 200 kB).
const FILE_BYTES_MAX: u64 = 4 << 20;
/// More interfaces than the kernel handles well.
const NAMES_MAX: usize = 16384;
/// Two pages: most files of /proc are read whole at once, where std begins with 32 bytes and doubles.
const CHUNK_BYTES: usize = 8192;

/// Where paths begin.
#[derive(Debug, Clone)]
pub struct Root(PathBuf);

impl Root {
    /// A root; `/` on an ordinary machine.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Root(path.into())
    }

    /// The full path of `path`, for messages.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    /// Opens a file to read. Only for /proc, /sys and the namespaces in /run/netns, where nothing waits for a device.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn open(&self, path: &str) -> io::Result<File> {
        File::open(self.path(path))
    }

    /// Reads a small text file. Only for /proc and /sys, where a read does not wait for a device.
    ///
    /// # Errors
    /// What the kernel says; text that is no UTF-8, or longer than any such file, is `InvalidData`.
    pub fn read(&self, path: &str) -> io::Result<String> {
        text(&self.open(path)?)
    }

    /// Names in a folder of /sys, in order.
    ///
    /// # Errors
    /// What the kernel says; more names than any such folder has are `InvalidData`.
    pub fn names(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.path(path))? {
            if names.len() == NAMES_MAX {
                let wrong = format!("more than {NAMES_MAX} names");
                return Err(io::Error::new(io::ErrorKind::InvalidData, wrong));
            }
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The last part of what a link of /sys points to, such as a driver's name; `None` where there is no link.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn link_name(&self, path: &str) -> io::Result<Option<String>> {
        match std::fs::read_link(self.path(path)) {
            Ok(target) => Ok(target
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())),
            Err(error) => match error.kind() {
                // A file may lie among the folders: /sys/class/net/bonding_masters.
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Which file is at `path`, without opening it.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn id(&self, path: &str) -> io::Result<FileId> {
        std::fs::metadata(self.path(path)).map(|meta| FileId::of(&meta))
    }

    /// Holds on to a directory.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn dir(&self, path: &str) -> io::Result<Dir> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(self.path(path), flags, Mode::empty())?;
        Ok(Dir(dir))
    }
}

/// A directory that is held, not named: /proc/PID held so is never taken over by a later process of the same number
/// (a look-up in it fails once the process has ended), and does not keep the process's namespaces alive.
#[derive(Debug)]
pub struct Dir(OwnedFd);

impl Dir {
    /// Opens a file below it to read.
    ///
    /// # Errors
    /// What the kernel says: `ENOENT` or `ESRCH` below the /proc/PID of a process that ended.
    pub fn open(&self, path: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.0, path, flags, Mode::empty())?;
        Ok(File::from(file))
    }
}

/// Tells files apart, whatever their paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    /// The inode number.
    pub inode: u64,
}

impl FileId {
    /// Of an open file.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn of_open(file: &File) -> io::Result<Self> {
        file.metadata().map(|meta| FileId::of(&meta))
    }

    fn of(meta: &Metadata) -> Self {
        FileId {
            device: meta.dev(),
            inode: meta.ino(),
        }
    }
}

/// Reads an open text file from its start: a kept descriptor of /proc gives new numbers each time, because the kernel
/// makes the text anew for a read at offset 0 (fs/seq_file.c, kernel/sysctl.c).
///
/// # Errors
/// What the kernel says; text that is no UTF-8, or longer than any such file, is `InvalidData`.
pub fn text(file: &File) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; CHUNK_BYTES];
    loop {
        let read = file.read_at(&mut chunk, bytes.len() as u64)?;
        if read == 0 {
            break;
        }
        bytes.extend_from_slice(&chunk[..read]);
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(too_long());
        }
    }
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn too_long() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("longer than {FILE_BYTES_MAX} bytes"),
    )
}
