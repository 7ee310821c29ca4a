//! The spool directory: files of unsent batches and journals of open windows in `spool/`, spoilt ones in `spool/rejected/`, and the lock that keeps a
//! second instance out. It knows names and bytes, not what they mean.
//!
//! As with the state directory, nothing runs on the runtime's thread, and each call ends within a deadline.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::host::blocking::Blocking;
use crate::host::state;

/// A disk that takes longer is taken for dead.
const DEADLINE: Duration = Duration::from_secs(5);
/// More than the file of any batch: a call's 900 kB of CBOR are at most 3.5 times as long in JSON.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// Files listed; more than the bound in bytes ever lets be. Others stay where they are, for the next start.
const FILES_MAX: usize = 200_000;
/// Strangers set aside at one listing, and files kept there at all: a directory full of them costs no memory and
/// little time. Further strangers stay where they are.
const REJECTED_FILES_MAX: usize = 1000;
/// What is set aside may take so much of the whole bound.
const REJECTED_SHARE: u64 = 8;

const LOCK: &str = "lock";
const SPOOL: &str = "spool";
const REJECTED: &str = "rejected";

/// Why a directory could not be taken.
#[derive(Debug)]
pub enum Taken {
    /// By the process of this number, where it could be read.
    ByAnother(Option<u32>),
    /// The disk does not let us.
    Failed(io::Error),
}

/// What is in the spool.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Found {
    /// Names and bytes of files that may be ours.
    pub files: Vec<(String, u64)>,
    /// Bytes of what is set aside.
    pub rejected_bytes: u64,
    /// How many files were set aside just now, by reason of their name.
    pub set_aside: u64,
}

/// The spool below one state directory.
#[derive(Debug, Clone)]
pub struct SpoolDir {
    dir: PathBuf,
    rejected_bytes_max: Arc<AtomicU64>,
    blocking: Blocking,
    /// Held until the process ends.
    lock: Arc<Mutex<Option<File>>>,
}

impl SpoolDir {
    /// The spool below `dir`, of at most `disk_bytes`; nothing is made or taken yet.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>, disk_bytes: u64) -> Self {
        SpoolDir {
            dir: dir.into(),
            rejected_bytes_max: Arc::new((disk_bytes / REJECTED_SHARE).into()),
            blocking: Blocking::default(),
            lock: Arc::default(),
        }
    }

    /// Another bound, for all who have this spool.
    pub fn limit(&self, disk_bytes: u64) {
        let most = disk_bytes / REJECTED_SHARE;
        self.rejected_bytes_max.store(most, Ordering::Relaxed);
    }

    /// Takes the directory for this process; a second call is nothing.
    ///
    /// # Errors
    /// Another has it; or the disk does not let us.
    pub async fn take(&self) -> Result<(), Taken> {
        let (dir, lock) = (self.dir.clone(), Arc::clone(&self.lock));
        let taken = self.within(move || Ok(take(&dir, &lock))).await;
        taken.unwrap_or_else(|error| Err(Taken::Failed(error)))
    }

    /// All files whose name is `known`; others, half-written ones too, are set aside.
    ///
    /// # Errors
    /// What the disk says; `TimedOut`; another instance has the directory.
    pub async fn list(&self, known: fn(&str) -> bool) -> io::Result<Found> {
        let most = self.rejected_bytes_max.load(Ordering::Relaxed);
        self.locked(move |spool| list(spool, known, most)).await
    }

    /// Writes a file whole or not at all, also when the power fails.
    ///
    /// # Errors
    /// As [`SpoolDir::list`].
    pub async fn write(&self, name: String, bytes: Vec<u8>) -> io::Result<()> {
        let write = move |spool: &Path| {
            let written = state::write(spool, &name, &bytes);
            if written.is_err() {
                // What there is of it may fill the disk's last bytes.
                let _ = fs::remove_file(state::half(spool, &name));
            }
            written
        };
        self.locked(write).await
    }

    /// Writes behind the first `written` bytes of a file; what was there is cut off. False where there is no such file.
    ///
    /// # Errors
    /// As [`SpoolDir::list`].
    pub async fn append(&self, name: String, written: u64, bytes: Vec<u8>) -> io::Result<bool> {
        let append = move |spool: &Path| match append(&spool.join(name), written, &bytes) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            appended => appended,
        };
        self.locked(append).await
    }

    /// A file's bytes.
    ///
    /// # Errors
    /// `NotFound`; as [`SpoolDir::list`]; more than 4 MiB is `InvalidData`.
    pub async fn read(&self, name: String) -> io::Result<Vec<u8>> {
        let read = move |spool: &Path| state::read(&spool.join(name), FILE_BYTES_MAX);
        self.locked(read).await
    }

    /// Removes files; one that is not there is no error.
    ///
    /// # Errors
    /// As [`SpoolDir::list`].
    pub async fn remove(&self, names: Vec<String>) -> io::Result<()> {
        let remove = move |spool: &Path| {
            names
                .iter()
                .try_for_each(|name| gone(fs::remove_file(spool.join(name))))
        };
        self.locked(remove).await
    }

    /// Sets a spoilt file aside, within the bound, oldest out; the bytes of all that is there.
    ///
    /// # Errors
    /// As [`SpoolDir::list`].
    pub async fn reject(&self, name: String) -> io::Result<u64> {
        let most = self.rejected_bytes_max.load(Ordering::Relaxed);
        self.locked(move |spool| {
            set_aside(spool, name.as_ref())?;
            prune(&spool.join(REJECTED), most)
        })
        .await
    }

    /// Does `work` in the spool, once the directory is ours: a disk that was read-only at start may have healed.
    async fn locked<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let (dir, lock) = (self.dir.clone(), Arc::clone(&self.lock));
        self.within(move || match take(&dir, &lock) {
            Ok(()) => work(&dir.join(SPOOL)),
            Err(Taken::Failed(error)) => Err(io::Error::new(
                error.kind(),
                format!("it cannot be locked: {error}"),
            )),
            Err(Taken::ByAnother(_)) => Err(io::Error::new(
                ErrorKind::ResourceBusy,
                "another instance has taken it",
            )),
        })
        .await
    }

    async fn within<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let slow = "the disk does not answer";
        self.blocking.within(DEADLINE, slow, work).await
    }
}

fn take(dir: &Path, taken: &Mutex<Option<File>>) -> Result<(), Taken> {
    let mut held = taken.lock().unwrap_or_else(PoisonError::into_inner);
    let lock = dir.join(LOCK);
    // A directory that was taken away and made again has another lock, or none.
    held.take_if(|file| !is_same(file, &lock));
    if held.is_some() {
        return Ok(());
    }
    state::make(dir).map_err(Taken::Failed)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.mode(0o600).open(&lock);
    let mut file = file.map_err(Taken::Failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Taken::ByAnother(pid_in(&mut file))),
        Err(TryLockError::Error(error)) => return Err(Taken::Failed(error)),
    }
    // The lock is what counts; a full disk may keep us from saying who we are.
    let _ = write_pid(&mut file);
    *held = Some(file);
    Ok(())
}

fn is_same(file: &File, path: &Path) -> bool {
    let id = |of: &Metadata| (of.dev(), of.ino());
    let (held, there) = (file.metadata(), fs::metadata(path));
    held.is_ok_and(|held| there.is_ok_and(|there| id(&held) == id(&there)))
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn list(spool: &Path, known: fn(&str) -> bool, rejected_max: u64) -> io::Result<Found> {
    state::make(spool)?;
    let mut found = Found::default();
    for entry in fs::read_dir(spool)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // What is set aside; a disk's own directories.
        if kind.is_dir() && !known(&name) {
            continue;
        }
        if kind.is_file() && known(&name) {
            if found.files.len() < FILES_MAX {
                found.files.push((name, entry.metadata()?.len()));
            }
        } else if found.set_aside < REJECTED_FILES_MAX as u64 {
            // One that cannot be moved stays; it hides no other.
            let moved = set_aside(spool, &entry.file_name());
            found.set_aside += u64::from(moved.is_ok());
        }
    }
    found.rejected_bytes = prune(&spool.join(REJECTED), rejected_max)?;
    Ok(found)
}

fn append(file: &Path, written: u64, bytes: &[u8]) -> io::Result<bool> {
    let mut file = OpenOptions::new().write(true).open(file)?;
    if file.metadata()?.len() < written {
        // Another took its place.
        return Ok(false);
    }
    file.set_len(written)?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(bytes)?;
    file.sync_data()?;
    Ok(true)
}

fn set_aside(spool: &Path, name: &OsStr) -> io::Result<()> {
    let rejected = spool.join(REJECTED);
    state::make(&rejected)?;
    gone(fs::rename(spool.join(name), rejected.join(name)))
}

/// Removes the oldest files until the rest is within the bounds; the bytes of the rest. Of a directory that others have
/// filled no more is held in memory than may stay there.
fn prune(rejected: &Path, most: u64) -> io::Result<u64> {
    let entries = match fs::read_dir(rejected) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    // The oldest is on top.
    let mut kept = BinaryHeap::new();
    let mut bytes = 0;
    for entry in entries {
        let entry = entry?;
        let about = entry.metadata()?;
        if !about.is_file() {
            continue;
        }
        kept.push(Reverse((about.modified()?, entry.file_name(), about.len())));
        bytes += about.len();
        while kept.len() > REJECTED_FILES_MAX || bytes > most {
            let Some(Reverse((_, name, length))) = kept.pop() else {
                break;
            };
            gone(fs::remove_file(rejected.join(name)))?;
            bytes -= length;
        }
    }
    Ok(bytes)
}

/// What is not there need not go.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("fwmetrics-spool-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    fn ours(name: &str) -> bool {
        name.ends_with(".ours")
    }

    #[tokio::test]
    async fn files_come_and_go_and_strangers_are_set_aside_within_the_bound() {
        let dir = folder("files");
        let spool = SpoolDir::new(&dir, 80);
        assert_eq!(spool.list(ours).await.unwrap(), Found::default());
        spool.write("a.ours".into(), vec![1; 4]).await.unwrap();
        fs::write(dir.join("spool/.b.ours.new"), [0; 6]).unwrap();
        fs::write(dir.join("spool/what"), [0; 6]).unwrap();
        let found = spool.list(ours).await.unwrap();
        assert_eq!(found.files, [("a.ours".to_owned(), 4)]);
        assert_eq!((found.set_aside, found.rejected_bytes), (2, 6));
        assert_eq!(spool.read("a.ours".into()).await.unwrap(), [1; 4]);
        assert_eq!(spool.reject("a.ours".into()).await.unwrap(), 10);
        let missing = spool.read("a.ours".into()).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        spool.write("c.ours".into(), vec![2; 4]).await.unwrap();
        let names = vec!["c.ours".to_owned(), "d.ours".to_owned()];
        spool.remove(names).await.unwrap();
        assert!(spool.list(ours).await.unwrap().files.is_empty());
        fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn a_directory_that_was_taken_away_is_locked_anew() {
        let dir = folder("away");
        let (first, second) = (SpoolDir::new(&dir, 80), SpoolDir::new(&dir, 80));
        first.write("a.ours".into(), vec![1]).await.unwrap();
        fs::remove_dir_all(&dir).unwrap();
        first.write("b.ours".into(), vec![1]).await.unwrap();
        let taken = second.take().await;
        assert!(matches!(taken, Err(Taken::ByAnother(_))), "{taken:?}");
        fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn a_directory_full_of_strangers_hides_no_file_and_is_held_in_bounds() {
        let dir = folder("full");
        let spool = SpoolDir::new(&dir, 1 << 20);
        spool.write("a.ours".into(), vec![1; 4]).await.unwrap();
        let most = REJECTED_FILES_MAX;
        for number in 0..2 * most + 10 {
            fs::write(dir.join(format!("spool/{number}")), "").unwrap();
        }
        for set_aside in [most, most, 10, 0] {
            let found = spool.list(ours).await.unwrap();
            assert_eq!(found.files, [("a.ours".to_owned(), 4)]);
            assert_eq!(found.set_aside, set_aside as u64);
            let kept = fs::read_dir(dir.join("spool/rejected")).unwrap().count();
            assert_eq!(kept, most);
        }
        fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn one_at_a_time_has_the_directory() {
        let dir = folder("lock");
        let first = SpoolDir::new(&dir, 80);
        first.take().await.unwrap();
        first.take().await.unwrap();
        let second = SpoolDir::new(&dir, 80);
        let taken = second.take().await.unwrap_err();
        let us = std::process::id();
        assert!(matches!(taken, Taken::ByAnother(Some(pid)) if pid == us));
        let busy = second.list(ours).await.unwrap_err();
        assert_eq!(busy.kind(), ErrorKind::ResourceBusy);
        drop(first);
        assert!(second.list(ours).await.is_ok());
        fs::remove_dir_all(dir).unwrap();
    }

    #[tokio::test]
    async fn a_place_that_cannot_be_is_an_error_that_heals() {
        let dir = folder("file");
        fs::write(&dir, "a file where a directory is wanted").unwrap();
        let spool = SpoolDir::new(&dir, 80);
        assert!(matches!(spool.take().await, Err(Taken::Failed(_))));
        assert!(spool.write("a".into(), vec![1]).await.is_err());
        fs::remove_file(&dir).unwrap();
        spool.write("a".into(), vec![1]).await.unwrap();
        fs::remove_dir_all(dir).unwrap();
    }
}
