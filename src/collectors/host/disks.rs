//! File systems: which count, and how full they are, on a thread of their own.
//!
//! sysinfo calls stat(2), and we statvfs(2), on all that /proc/mounts lists but for pseudo file systems, tmpfs, squashfs,
//! iso9660, NFS, CIFS and autofs (its src/unix/linux/disk.rs, 0.40.1). Other network file systems (Lustre, 9p, FUSE) are
//! asked, and one whose server is gone blocks the thread for ever: the runtime does not wait for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use glob::Pattern;
use sysinfo::{DiskRefreshKind, Disks};
use tokio::task::JoinHandle;

use crate::host::files::Root;

use super::mounts::mounts;

/// Of this process, as the rest of what sysinfo reads.
const MOUNTS: &str = "/proc/self/mountinfo";

/// One file system.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FileSystem {
    pub(super) mount_point: PathBuf,
    /// Blocks in use.
    pub(super) used: u64,
    /// Blocks that an ordinary process may still fill; what is reserved for root is not in it.
    pub(super) available: u64,
    /// It takes no writes from anyone; a mount of it may be read-only all the same.
    pub(super) read_only: bool,
}

impl FileSystem {
    /// Percent used of what is there for ordinary processes, as df has it; `None` where it has no size.
    pub(super) fn utilization(&self) -> Option<f64> {
        super::utilization(self.used.saturating_add(self.available), self.available)
    }
}

/// The look at all file systems, at most one at a time.
#[derive(Debug, Default)]
pub(super) struct Look {
    under_way: Option<JoinHandle<Result<Vec<FileSystem>, String>>>,
}

impl Look {
    /// Every file system that answered.
    ///
    /// # Errors
    /// One that does not answer within `deadline`, or has not since an earlier look; what sysinfo says.
    pub(super) async fn all(&mut self, deadline: Duration) -> Result<Vec<FileSystem>, String> {
        self.run(deadline, read).await
    }

    async fn run(
        &mut self,
        deadline: Duration,
        look: impl FnOnce() -> Result<Vec<FileSystem>, String> + Send + 'static,
    ) -> Result<Vec<FileSystem>, String> {
        // The answer of a look that was given up is old: it is thrown away.
        if let Some(earlier) = self.under_way.take_if(|earlier| !earlier.is_finished()) {
            self.under_way = Some(earlier);
            return Err(hangs("has not answered since an earlier pass"));
        }
        let running = self.under_way.insert(tokio::task::spawn_blocking(look));
        let Ok(done) = tokio::time::timeout(deadline, running).await else {
            let text = format!("does not answer within {} ms", deadline.as_millis());
            return Err(hangs(&text));
        };
        self.under_way = None;
        done.unwrap_or_else(|ended| Err(format!("the look at file systems panicked ({ended})")))
    }
}

fn hangs(how: &str) -> String {
    format!(
        "a file system of /proc/mounts {how}: no DiskUtilization; look for a network mount whose server is gone (df hangs too), or set [collectors] disable = [\"host\"]"
    )
}

fn read() -> Result<Vec<FileSystem>, String> {
    // Made anew each time: a list that is refreshed keeps the old numbers of one that failed.
    let kind = DiskRefreshKind::nothing();
    let disks = Disks::new_with_refreshed_list_specifics(kind).map_err(|e| e.to_string())?;
    let text = Root::new("/").read(MOUNTS);
    let mounts = mounts(&text.map_err(|error| format!("cannot read {MOUNTS}: {error}"))?);
    Ok(disks
        .iter()
        .filter_map(|disk| {
            let mount = mounts.get(&*disk.mount_point().to_string_lossy())?;
            // Else something was mounted over it, and the numbers are of that.
            let is_seen = disk.file_system().to_str() == Some(&mount.kind);
            // sysinfo has no count of free blocks with those that are reserved for root.
            let size = rustix::fs::statvfs(disk.mount_point()).ok();
            size.filter(|_| is_seen).map(|size| FileSystem {
                mount_point: disk.mount_point().to_owned(),
                used: size.f_blocks.saturating_sub(size.f_bfree),
                available: size.f_bavail,
                read_only: mount.read_only,
            })
        })
        .collect())
}

/// Those that count: the writable ones, or the ones that the user named.
pub(super) fn select<'a>(
    all: &'a [FileSystem],
    named: &'a [Pattern],
) -> impl Iterator<Item = &'a FileSystem> {
    let matches = |mount_point: &Path| {
        named
            .iter()
            .any(|pattern| pattern.matches_path(mount_point))
    };
    all.iter().filter(move |one| {
        if named.is_empty() {
            !one.read_only
        } else {
            matches(&one.mount_point)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const ENOUGH: Duration = Duration::from_secs(30);

    fn file_system(mount_point: &str, used: u64, available: u64, read_only: bool) -> FileSystem {
        FileSystem {
            mount_point: mount_point.into(),
            used,
            available,
            read_only,
        }
    }

    fn selected(named: &[&str]) -> Vec<String> {
        let all = [
            file_system("/", 100, 40, false),
            file_system("/boot", 100, 5, true),
            file_system("/var/log", 100, 10, false),
        ];
        let named: Vec<Pattern> = named.iter().map(|t| Pattern::new(t).unwrap()).collect();
        select(&all, &named)
            .map(|one| one.mount_point.display().to_string())
            .collect()
    }

    #[test]
    fn the_writable_ones_count_unless_others_are_named() {
        assert_eq!(selected(&[]), ["/", "/var/log"]);
        assert_eq!(selected(&["/", "/bo*"]), ["/", "/boot"]);
        assert_eq!(selected(&["/srv"]), Vec::<String>::new());
    }

    #[test]
    fn one_that_gave_no_size_has_no_utilization() {
        assert_eq!(file_system("/", 0, 0, false).utilization(), None);
        assert_eq!(file_system("/", 150, 50, false).utilization(), Some(75.0));
        assert_eq!(file_system("/", 200, 0, false).utilization(), Some(100.0));
    }

    #[tokio::test]
    async fn a_hung_one_costs_one_thread_and_its_late_answer_is_not_used() {
        let mut look = Look::default();
        let (release, held) = mpsc::channel::<()>();
        let hung = move || {
            let _ = held.recv();
            Ok(vec![file_system("/old", 1, 1, false)])
        };
        let late = look.run(Duration::from_millis(1), hung).await.unwrap_err();
        assert!(late.contains("does not answer within 1 ms"), "{late}");
        let second = look.run(ENOUGH, || unreachable!()).await.unwrap_err();
        assert!(second.contains("since an earlier pass"), "{second}");
        drop(release);
        let home = look.under_way.as_mut().unwrap();
        tokio::time::timeout(ENOUGH, async {
            while !home.is_finished() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap();
        let fresh = vec![file_system("/new", 1, 1, false)];
        let wanted = fresh.clone();
        assert_eq!(look.run(ENOUGH, move || Ok(fresh)).await, Ok(wanted));
        assert!(look.under_way.is_none());
    }
}
