//! Another process of this machine, held so that a later one of its number is never taken for it.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix_libc_wrappers::process::SignalExt;

use crate::host::files::{self, Dir, Root};

/// Why a process cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// No process has this number.
    #[error("it has ended")]
    Ended,
    /// It runs, and its folder in /proc is not shown to this user (proc(5), hidepid).
    #[error("/proc hides it")]
    Hidden,
    /// /proc below the root is not the one that this program's processes are in: numbers mean other processes there.
    #[error("its /proc is another system's")]
    Elsewhere,
    /// The kernel says something else, such as `ENOSYS` before Linux 5.3.
    #[error("{0}")]
    Unheld(io::Error),
}

/// A process, by a file descriptor of its own (pidfd_open(2)) and its folder in /proc.
#[derive(Debug)]
pub struct Process {
    handle: OwnedFd,
    dir: Dir,
}

impl Process {
    /// Holds the process of this number. The descriptor comes first: what is read through the folder later is of the
    /// process that it stands for, or of one that came after it, and then the descriptor's is dead.
    ///
    /// # Errors
    /// Says why not.
    pub fn hold(root: &Root, pid: u32) -> Result<Self, Lost> {
        let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let handle = pidfd_open(raw.ok_or(Lost::Ended)?, PidfdFlags::empty());
        let handle = handle.map_err(|error| match error {
            Errno::SRCH => Lost::Ended,
            _ => Lost::Unheld(error.into()),
        })?;
        let theirs = root.id("/proc").map_err(Lost::Unheld)?;
        if theirs != Root::new("/").id("/proc").map_err(Lost::Unheld)? {
            return Err(Lost::Elsewhere);
        }
        // The folder itself may open where nothing in it does (hidepid=invisible).
        let open = || {
            let dir = root.dir(&format!("/proc/{pid}"))?;
            dir.open("stat").map(|_| dir)
        };
        let dir = open().map_err(|error: io::Error| match error.kind() {
            ErrorKind::NotFound => Lost::Hidden,
            _ => Lost::Unheld(error),
        })?;
        Ok(Process { handle, dir })
    }

    /// A text file below its folder in /proc.
    ///
    /// # Errors
    /// What the kernel says: `ENOENT` or `ESRCH` once it has ended.
    pub fn read(&self, path: &str) -> io::Result<String> {
        files::text(&self.dir.open(path)?)
    }

    /// Sends it a signal, real-time ones included, and never to another process.
    ///
    /// # Errors
    /// `ESRCH` once it has ended, `EPERM` without the right (kill(2)); a number that is no signal, or that the C library
    /// keeps for itself, is `InvalidInput`.
    pub fn signal(&self, number: i32) -> io::Result<()> {
        let signal = Signal::from_raw(number).ok_or(ErrorKind::InvalidInput)?;
        Ok(pidfd_send_signal(&self.handle, signal)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_process_is_held_and_read() {
        let own = Process::hold(&Root::new("/"), std::process::id()).unwrap();
        let status = own.read("status").unwrap();
        assert!(status.contains(&format!("\nPid:\t{}\n", std::process::id())));
        // Ignored by default (signal(7)).
        own.signal(Signal::WINCH.as_raw()).unwrap();
        for number in [-1, 0, 33, 65, 1000] {
            let error = own.signal(number).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{number}");
        }
    }

    #[test]
    fn a_number_of_nobody_and_another_root_are_refused() {
        let root = Root::new("/");
        for pid in [0, u32::MAX, 0x7fff_ffff] {
            assert!(matches!(Process::hold(&root, pid), Err(Lost::Ended)));
        }
        let elsewhere = std::env::temp_dir().join(format!("fwmetrics-root-{}", std::process::id()));
        std::fs::create_dir_all(elsewhere.join("proc")).unwrap();
        let held = Process::hold(&Root::new(&elsewhere), std::process::id());
        assert!(matches!(held, Err(Lost::Elsewhere)));
        std::fs::remove_dir_all(elsewhere).unwrap();
    }
}
