//! What stands before the strict endpoint: a port that can be closed, silent, wrongly certified, or behind a proxy.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// Listens there again; while nobody did, somebody's outgoing connection may have taken the port for a moment.
fn bound(address: SocketAddr) -> StdListener {
    let mut tried = StdListener::bind(address);
    for _ in 0..100 {
        if tried.is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        tried = StdListener::bind(address);
    }
    tried.expect("nobody else has this address for ten seconds")
}

/// How connections are met.
#[derive(Clone)]
pub(crate) enum Way {
    /// Nothing listens.
    Closed,
    /// Accepted, and no byte is ever read or written.
    Silent,
    /// Handed through as they are.
    Plain,
    /// TLS ends here; what is inside is handed through.
    Tls(Arc<ServerConfig>),
    /// A proxy that refuses CONNECT.
    Refuse,
    /// A proxy: behind CONNECT is TLS as above.
    Tunnel(Arc<ServerConfig>),
}

/// An address before the endpoint. Ends its connections when its way is changed, and when it is dropped.
pub(crate) struct Front {
    address: SocketAddr,
    behind: SocketAddr,
    running: Option<Running>,
}

struct Running {
    way: Arc<Mutex<Way>>,
    /// Dropped to end it.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Front {
    /// An address of its own on the loopback, at which nothing listens yet.
    pub(crate) fn new(behind: SocketAddr) -> Self {
        static NUMBER: AtomicU8 = AtomicU8::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Not 127.0.0.1: a port that is closed for a while must not be given to another meanwhile.
        let [low, high, ..] = std::process::id().to_le_bytes();
        let host = Ipv4Addr::new(127, 64 | (high & 63), low, number);
        let free = StdListener::bind((host, 0)).expect("a port on the loopback");
        let address = free.local_addr().expect("it is bound");
        Front {
            address,
            behind,
            running: None,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` or `https://` and its address.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// Meets new connections so; those that are there stay as they are.
    pub(crate) fn heal(&mut self, way: Way) {
        match &self.running {
            Some(running) => *lock(&running.way) = way,
            None => self.set(way),
        }
    }

    /// Ends all connections and meets new ones so.
    pub(crate) fn set(&mut self, way: Way) {
        self.running = None;
        if matches!(way, Way::Closed) {
            return;
        }
        let listener = bound(self.address);
        listener.set_nonblocking(true).expect("a socket of ours");
        let (stop, stopped) = oneshot::channel();
        let (behind, way) = (self.behind, Arc::new(Mutex::new(way)));
        let theirs = Arc::clone(&way);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
                .expect("a runtime");
            // What it started ends with the runtime.
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    ended = listen(listener, &theirs, behind) => panic!("{ended:?}"),
                }
            });
        });
        self.running = Some(Running {
            way,
            stop: Some(stop),
            thread: Some(thread),
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the front did not panic");
        }
    }
}

fn lock(way: &Mutex<Way>) -> std::sync::MutexGuard<'_, Way> {
    way.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn listen(listener: StdListener, way: &Mutex<Way>, behind: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection that breaks is what is tried here.
        let meeting = meet(stream, lock(way).clone(), behind);
        tokio::spawn(async move { drop(meeting.await) });
    }
}

async fn meet(mut stream: TcpStream, way: Way, behind: SocketAddr) -> io::Result<()> {
    match way {
        Way::Closed => Ok(()),
        Way::Silent => {
            let _held = stream;
            std::future::pending().await
        }
        Way::Plain => hand_through(stream, behind).await,
        Way::Tls(config) => {
            let inside = TlsAcceptor::from(config).accept(stream).await?;
            hand_through(inside, behind).await
        }
        Way::Refuse => {
            head(&mut stream).await?;
            let no = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(no).await
        }
        Way::Tunnel(config) => {
            head(&mut stream).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            let inside = TlsAcceptor::from(config).accept(stream).await?;
            hand_through(inside, behind).await
        }
    }
}

/// Reads a request's head, which must be a CONNECT.
async fn head(stream: &mut TcpStream) -> io::Result<()> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await?);
    }
    match read.starts_with(b"CONNECT ") {
        true => Ok(()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

async fn hand_through<S>(mut stream: S, behind: SocketAddr) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut behind = TcpStream::connect(behind).await?;
    copy_bidirectional(&mut stream, &mut behind).await?;
    Ok(())
}
