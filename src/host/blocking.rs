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
        let busy = Arc::clone(&self.busy);
        let thread = tokio::task::spawn_blocking(move || {
            let done = work();
            busy.store(false, Ordering::Release);
            done
        });
        match tokio::time::timeout(deadline, thread).await {
            Ok(done) => done.unwrap_or_else(|panic| Err(io::Error::other(panic))),
            Err(_) => Err(late()),
        }
    }
}
