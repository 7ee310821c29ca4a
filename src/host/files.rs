//! Files below a root: /proc and /sys of this machine, of a mounted host, or of a test's tree.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// More than any file that we read has on the largest machines (/proc/stat with 1024 cores: 200 kB).
const FILE_BYTES_MAX: u64 = 4 << 20;

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
}
