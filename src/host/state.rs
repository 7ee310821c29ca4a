//! The state directory: small files kept over restarts.
//!
//! A disk may be full, read-only, or a network mount that hangs, so nothing here runs on the runtime's thread, and each
//! call ends within a deadline.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::host::blocking::Blocking;

/// A disk that takes longer is taken for dead.
const DEADLINE: Duration = Duration::from_secs(5);
/// More than any file kept here has: 100,000 series, the most that may be configured, of 160 bytes.
const FILE_BYTES_MAX: u64 = 16 << 20;
#[allow(clippy::cast_possible_wrap)] // a flag far below the sign
const NO_WAIT: i32 = OFlags::NONBLOCK.bits() as i32;

/// Files by name below one directory.
#[derive(Debug, Clone)]
pub struct StateDir {
    dir: PathBuf,
    writable: bool,
    blocking: Blocking,
}

impl StateDir {
    /// Files below `dir`, which is made (0700) when something is stored and it is not there.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        StateDir {
            dir: dir.into(),
            writable: true,
            blocking: Blocking::default(),
        }
    }

    /// The same, for one who only looks: what is stored is forgotten.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.writable = false;
        self
    }

    /// Where the files are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// A file's bytes; `None` where there is none.
    ///
    /// # Errors
    /// What the disk says; `TimedOut`; a file of more than 16 MiB is `InvalidData`.
    pub async fn load(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let file = self.dir.join(name);
        self.within(move || match read(&file, FILE_BYTES_MAX) {
            // Below something that is no directory there is no file either.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            read => read.map(Some),
        })
        .await
    }

    /// Puts a file in place of the one before, whole or not at all, also when the power fails.
    ///
    /// # Errors
    /// What the disk says; `TimedOut`.
    pub async fn store(&self, name: &str, bytes: Vec<u8>) -> io::Result<()> {
        if !self.writable {
            return Ok(());
        }
        let (dir, name) = (self.dir.clone(), name.to_owned());
        self.within(move || write(&dir, &name, &bytes)).await
    }

    async fn within<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let slow = "the disk does not answer";
        self.blocking.within(DEADLINE, slow, work).await
    }
}

/// A file's bytes, up to `most`. Where a directory has its place, that is `IsADirectory`, and for a pipe `InvalidData`: to
/// open a pipe for reading waits for a writer, for ever, unless it is opened without waiting (fifo(7)).
pub(super) fn read(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    let file = options.read(true).custom_flags(NO_WAIT).open(file)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidData, "no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let text = format!("longer than {} MiB", most >> 20);
        return Err(io::Error::new(ErrorKind::InvalidData, text));
    }
    Ok(bytes)
}

/// Writes beside, then puts in place; both are on the disk when it returns.
pub(super) fn write(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    make(dir)?;
    let half = half(dir, name);
    let mut file = File::create(&half)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&half, dir.join(name))?;
    File::open(dir)?.sync_all()
}

/// Where a file is written before it is put in place.
pub(super) fn half(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!(".{name}.new"))
}

/// Makes the directory, and those above it, where it is not there.
pub(super) fn make(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("fwmetrics-state-{}-{name}", std::process::id()))
    }

    #[tokio::test]
    async fn what_is_stored_is_loaded_and_a_half_written_file_is_not() {
        let dir = folder("kept").join("deeper");
        let state = StateDir::new(&dir);
        assert_eq!(state.load("a").await.unwrap(), None);
        state.store("a", b"one".to_vec()).await.unwrap();
        state.store("a", b"two".to_vec()).await.unwrap();
        fs::write(dir.join(".a.new"), "tor").unwrap();
        assert_eq!(state.load("a").await.unwrap().as_deref(), Some(&b"two"[..]));
        let looking = state.read_only();
        looking.store("a", b"three".to_vec()).await.unwrap();
        assert_eq!(
            looking.load("a").await.unwrap().as_deref(),
            Some(&b"two"[..])
        );
        fs::remove_dir_all(folder("kept")).unwrap();
    }

    #[tokio::test]
    async fn a_place_that_cannot_be_is_an_error() {
        let dir = folder("file");
        fs::write(&dir, "a file where a directory is wanted").unwrap();
        assert!(
            StateDir::new(dir.join("x"))
                .store("a", vec![1])
                .await
                .is_err()
        );
        fs::remove_file(&dir).unwrap();
    }

    #[tokio::test]
    async fn what_is_no_file_or_too_long_a_one_is_no_data() {
        let dir = folder("kinds");
        fs::create_dir_all(dir.join("directory")).unwrap();
        let fifo = (dir.join("pipe"), rustix::fs::FileType::Fifo);
        rustix::fs::mknodat(rustix::fs::CWD, fifo.0, fifo.1, 0o600.into(), 0).unwrap();
        let long = File::create(dir.join("long")).unwrap();
        long.set_len(FILE_BYTES_MAX + 1).unwrap();
        let state = StateDir::new(&dir);
        let directory = state.load("directory").await.unwrap_err();
        assert_eq!(directory.kind(), ErrorKind::IsADirectory);
        for name in ["pipe", "long"] {
            let error = state.load(name).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{name}");
        }
        long.set_len(FILE_BYTES_MAX).unwrap();
        let whole = state.load("long").await.unwrap().unwrap();
        assert_eq!(whole.len() as u64, FILE_BYTES_MAX);
        fs::remove_dir_all(dir).unwrap();
    }
}
