//! What a process holds, as /proc has it.

use std::fmt;
use std::fs;
use std::path::Path;

use super::spooled;

/// One look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes in memory, the program's own pages among them.
    pub resident: u64,
    /// Bytes that nobody shares and no file backs: what it allocated.
    pub anonymous: u64,
    pub fds: usize,
    pub threads: u64,
    /// Bytes and batches in the state directory.
    pub state: u64,
    pub batches: usize,
}

impl Usage {
    /// Of this process, and of its state directory.
    pub fn of(pid: u32, state: &Path) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|rest| rest.split_whitespace().next());
            word.expect(name).parse::<u64>().expect("a number")
        };
        let fds = fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs");
        Usage {
            resident: number("VmRSS:") << 10,
            anonymous: number("RssAnon:") << 10,
            threads: number("Threads:"),
            fds: fds.count(),
            state: spooled::bytes(state),
            batches: spooled::look(state).batches.len(),
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "resident {} KiB, anonymous {} KiB, {} fds, {} threads, {} KiB in {} batches on disk",
            self.resident >> 10,
            self.anonymous >> 10,
            self.fds,
            self.threads,
            self.state >> 10,
            self.batches
        )
    }
}
