//! Work that may hang (a full disk, a network mount, a pipe where a file is wanted), kept off the runtime's thread.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// One piece of work at a time: a call that passed its deadline still holds its thread.
#[derive(Debug, Clone, Default)]
pub struct Blocking {
    busy: Arc<AtomicBool>,
}

impl Blocking {
    /// Does `work` on a blocking thread, in `deadline` or not at all.
    ///
    /// # Errors
    /// What the work says; `TimedOut` with `slow` as its text, also while an earlier piece still hangs.
    pub async fn within<T: Send + 'static>(
        &self,
        deadline: Duration,
        slow: &'static str,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let late = || io::Error::new(ErrorKind::TimedOut, slow);
        if self.busy.swap(true, Ordering::AcqRel) {
            return Err(late());
        }
        let held = Held(Arc::clone(&self.busy));
        let thread = tokio::task::spawn_blocking(move || {
            let _held = held;
            work()
        });
        match tokio::time::timeout(deadline, thread).await {
            Ok(done) => done.unwrap_or_else(|panic| Err(io::Error::other(panic))),
            Err(_) => Err(late()),
        }
    }
}

/// Frees the door at the end of the work, however it ends.
struct Held(Arc<AtomicBool>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const ENOUGH: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn while_a_piece_hangs_no_other_is_begun() {
        let door = Blocking::default();
        let (release, held) = mpsc::channel::<()>();
        let hung = door.within(Duration::from_millis(1), "slow", move || {
            let _ = held.recv();
            Ok(())
        });
        assert_eq!(hung.await.unwrap_err().kind(), ErrorKind::TimedOut);
        let second = door.within(ENOUGH, "slow", || -> io::Result<()> { unreachable!() });
        assert_eq!(second.await.unwrap_err().to_string(), "slow");
        drop(release);
    }

    #[tokio::test]
    async fn a_panic_does_not_shut_the_door() {
        let door = Blocking::default();
        let broken = door.within(ENOUGH, "slow", || -> io::Result<()> {
            panic!("on purpose")
        });
        assert_eq!(broken.await.unwrap_err().kind(), ErrorKind::Other);
        assert_eq!(door.within(ENOUGH, "slow", || Ok(7)).await.unwrap(), 7);
    }
}
