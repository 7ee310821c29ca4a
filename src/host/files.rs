//! Files below a root: /proc and /sys of this machine, of a mounted host, or of a test's tree.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// More than any file that we read has on the largest machines (/proc/stat with 1024 cores: 200 kB).
const FILE_BYTES_MAX: u64 = 4 << 20;
/// More interfaces than the kernel handles well.
const NAMES_MAX: usize = 16384;

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

    /// Reads a small text file. Only for /proc and /sys, where a read does not wait for a device.
    ///
    /// # Errors
    /// What the kernel says; text that is no UTF-8, or longer than any such file, is `InvalidData`.
    pub fn read(&self, path: &str) -> io::Result<String> {
        let mut text = String::new();
        let file = File::open(self.path(path))?;
        let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
        if read as u64 > FILE_BYTES_MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("longer than {FILE_BYTES_MAX} bytes"),
            ));
        }
        Ok(text)
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
}
