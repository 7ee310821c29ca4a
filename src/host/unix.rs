//! Unix sockets of other daemons: connected, asked, and left at a deadline.
//!
//! A daemon that was killed leaves its socket file, which refuses (unix(7), ECONNREFUSED); one that is stopped is still
//! connected to by the kernel and never answers. So each exchange goes through [`within`].

use std::future::Future;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use crate::host::wiped::Wiped;

/// A page: answers come in pieces.
const CHUNK_BYTES: usize = 4096;

/// Why a daemon's socket gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such socket.
    #[error("no such socket")]
    Absent,
    /// This user may not open it.
    #[error("permission denied")]
    Denied,
    /// The file is there and nobody listens behind it.
    #[error("nobody listens: the daemon has ended and left its socket")]
    Dead,
    /// No answer before the deadline.
    #[error("no answer: the daemon is stopped or hangs")]
    Silent,
    /// It closed half-way, or said more than it may.
    #[error("{0}")]
    Broken(io::Error),
}

impl Refusal {
    /// For a log: what was asked, where, why it gave nothing, and which drop-in would help where a right is missing.
    #[must_use]
    pub fn told(&self, what: &str, path: &Path, dropin: &str) -> String {
        let path = path.display();
        match self {
            Refusal::Absent => {
                format!("no {path}: {what} does not run, or has its socket elsewhere")
            }
            Refusal::Denied => format!(
                "{path} of {what} may not be opened by this user: enable fwmetrics' drop-in {dropin}"
            ),
            Refusal::Dead => format!("{path} refuses: {what} has ended and left its socket"),
            Refusal::Silent => format!("{path} does not answer: {what} is stopped or hangs"),
            Refusal::Broken(error) => format!("cannot talk to {what} at {path}: {error}"),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Refusal::Absent,
            ErrorKind::PermissionDenied => Refusal::Denied,
            ErrorKind::ConnectionRefused => Refusal::Dead,
            // A stopped daemon whose queue of connections is full (unix(7), EAGAIN).
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Refusal::Silent,
            _ => Refusal::Broken(error),
        }
    }
}

/// Does a whole exchange in `deadline` or not at all. After [`Refusal::Silent`] and [`Refusal::Broken`] an answer may
/// still be on its way: throw the connection away.
///
/// # Errors
/// `Silent` when it took longer; what the work says.
pub async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    tokio::time::timeout(deadline, work)
        .await
        .unwrap_or(Err(Refusal::Silent))
}

/// A connection to a daemon.
#[derive(Debug)]
pub struct Stream(UnixStream);

impl Stream {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// Says why not.
    pub async fn connect(path: &Path) -> Result<Self, Refusal> {
        Ok(Stream(UnixStream::connect(path).await?))
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// The daemon is gone.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        Ok(self.0.write_all(bytes).await?)
    }

    /// So many bytes exactly; the caller bounds `length`.
    ///
    /// # Errors
    /// The daemon closed before.
    pub async fn exact(&mut self, length: usize) -> Result<Vec<u8>, Refusal> {
        let mut bytes = vec![0; length];
        self.0.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    /// What arrives until `done` says that the answer is whole, `most` bytes at the most.
    ///
    /// # Errors
    /// The daemon closed before, or said more.
    pub async fn until(
        &mut self,
        most: usize,
        mut done: impl FnMut(&[u8]) -> bool,
    ) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        loop {
            if done(&bytes) {
                return Ok(bytes);
            }
            if bytes.len() >= most {
                return Err(too_long(most));
            }
            bytes.reserve(CHUNK_BYTES);
            if self.0.read_buf(&mut bytes).await? == 0 {
                return Err(closed());
            }
        }
    }

    /// The same for an answer that may hold keys: nothing of it stays behind.
    ///
    /// # Errors
    /// As those of [`Stream::until`].
    pub async fn until_secret(
        &mut self,
        most: usize,
        mut done: impl FnMut(&[u8]) -> bool,
    ) -> Result<Wiped, Refusal> {
        let mut bytes = Wiped::default();
        let mut chunk = Zeroizing::new(vec![0; CHUNK_BYTES]);
        while !done(&bytes) {
            if bytes.len() >= most {
                return Err(too_long(most));
            }
            let read = self.0.read(chunk.as_mut_slice()).await?;
            if read == 0 {
                return Err(closed());
            }
            bytes.extend(&chunk[..read]);
        }
        Ok(bytes)
    }

    /// What has arrived already, as far as the runtime has heard of it, `most` bytes at the most: waits for nothing.
    ///
    /// # Errors
    /// The daemon closed.
    pub fn arrived(&mut self, most: usize) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        let mut chunk = [0; CHUNK_BYTES];
        while bytes.len() < most {
            let room = CHUNK_BYTES.min(most - bytes.len());
            match self.0.try_read(&mut chunk[..room]) {
                Ok(0) => return Err(closed()),
                Ok(read) => bytes.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(bytes)
    }
}

fn too_long(most: usize) -> Refusal {
    let why = format!("an answer longer than {most} bytes");
    Refusal::Broken(io::Error::new(ErrorKind::InvalidData, why))
}

fn closed() -> Refusal {
    Refusal::Broken(io::Error::new(
        ErrorKind::UnexpectedEof,
        "it closed the connection",
    ))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tokio::net::UnixListener;

    use super::*;

    const SOON: Duration = Duration::from_millis(50);

    /// A socket's path of its own, removed at the end.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let name = format!("fwmetrics-unix-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = std::fs::remove_file(&path);
            Place(path)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[tokio::test]
    async fn absent_dead_and_silent_are_three_things() {
        let place = Place::new("three");
        let nobody = Stream::connect(&place.0).await;
        assert!(matches!(nobody, Err(Refusal::Absent)));
        let listener = UnixListener::bind(&place.0).unwrap();
        let asked = within(SOON, async {
            let mut stream = Stream::connect(&place.0).await?;
            stream.exact(1).await
        });
        assert!(matches!(asked.await, Err(Refusal::Silent)));
        drop(listener);
        let dead = Stream::connect(&place.0).await;
        assert!(matches!(dead, Err(Refusal::Dead)));
        let told = Refusal::Dead.told("a daemon", &place.0, "x.conf");
        assert!(told.contains(place.0.to_str().unwrap()), "{told}");
    }

    #[tokio::test]
    async fn an_answer_ends_where_it_says_and_has_a_bound() {
        let place = Place::new("bound");
        let listener = UnixListener::bind(&place.0).unwrap();
        let mut stream = Stream::connect(&place.0).await.unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.write_all(b"one\ntwo\n").await.unwrap();
        let line = stream.until(100, |bytes| bytes.ends_with(b"\n"));
        assert_eq!(line.await.unwrap(), b"one\ntwo\n");
        assert_eq!(stream.arrived(100).unwrap(), b"");
        peer.write_all(&[b'k'; 9000]).await.unwrap();
        let key = stream.until_secret(10_000, |bytes| bytes.len() == 9000);
        assert!(key.await.unwrap().iter().all(|byte| *byte == b'k'));
        peer.write_all(&[b'x'; 200]).await.unwrap();
        let endless = stream.until(100, |_| false).await;
        assert!(matches!(endless, Err(Refusal::Broken(_))));
        drop(peer);
        while stream.arrived(100).is_ok_and(|bytes| !bytes.is_empty()) {}
        stream.0.readable().await.unwrap();
        assert!(stream.arrived(100).is_err());
    }
}
