//! One listener and one thread per connection, which end when the owner is dropped.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A peer that says nothing for so long is let go, so that no thread outlives a forgotten client for ever.
const IDLE: Duration = Duration::from_secs(120);
/// A peer that does not read its answer for so long is let go.
const WRITE_STALL: Duration = Duration::from_secs(10);
/// How long waking the listener may take at the end.
const WAKE: Duration = Duration::from_secs(1);

/// Locks, also after a thread panicked inside: the panic itself already failed the test.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The common end of a server and all its connections.
#[derive(Debug, Default)]
pub struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Sleeps for `time`, or until the server is dropped; true when it was.
    pub fn sleep(&self, time: Duration) -> bool {
        let (stopped, _) = self
            .changed
            .wait_timeout_while(lock(&self.stopped), time, |stopped| !*stopped)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *stopped
    }

    /// Whether the server was dropped.
    pub fn is_set(&self) -> bool {
        *lock(&self.stopped)
    }

    fn set(&self) {
        *lock(&self.stopped) = true;
        self.changed.notify_all();
    }
}

/// What a connection thread gets.
#[derive(Debug)]
pub struct Accepted {
    /// The connection, with time-outs set.
    pub stream: TcpStream,
    /// Its number, from 0.
    pub number: u64,
    /// Ends sleeps when the server goes.
    pub stop: Arc<Stop>,
}

type Connections = Arc<Mutex<HashMap<u64, TcpStream>>>;

/// A listening server; dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Arc<Stop>,
    connections: Connections,
    listener: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on 127.0.0.1:`port` (0: any free one) and gives each connection to `handle` on a thread of its own.
    pub fn start<H>(port: u16, handle: H) -> io::Result<Self>
    where
        H: Fn(Accepted) + Send + Sync + 'static,
    {
        Self::start_at((Ipv4Addr::LOCALHOST, port).into(), handle)
    }

    /// The same at another address: only for a network namespace that the test made.
    pub fn start_at<H>(address: SocketAddr, handle: H) -> io::Result<Self>
    where
        H: Fn(Accepted) + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(Stop::default());
        let connections = Connections::default();
        let thread = std::thread::Builder::new().name("fake-listener".to_owned());
        let (their_stop, their_connections) = (Arc::clone(&stop), Arc::clone(&connections));
        let listener = thread.spawn(move || {
            listen(
                &listener,
                &their_stop,
                &their_connections,
                &Arc::new(handle),
            );
        })?;
        Ok(Self {
            address,
            stop,
            connections,
            listener: Some(listener),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.set();
        // accept() has no time-out: a last connection wakes it.
        let woken = TcpStream::connect_timeout(&self.address, WAKE).is_ok();
        if let (true, Some(listener)) = (woken, self.listener.take()) {
            listener.join().ok();
        }
        for (_, stream) in lock(&self.connections).drain() {
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

fn listen<H>(listener: &TcpListener, stop: &Arc<Stop>, connections: &Connections, handle: &Arc<H>)
where
    H: Fn(Accepted) + Send + Sync + 'static,
{
    for (number, stream) in (0..).zip(listener.incoming()) {
        if stop.is_set() {
            return;
        }
        let Ok(stream) = stream else { continue };
        serve(
            number,
            stream,
            Arc::clone(stop),
            connections,
            Arc::clone(handle),
        )
        .ok();
    }
}

fn serve<H>(
    number: u64,
    stream: TcpStream,
    stop: Arc<Stop>,
    connections: &Connections,
    handle: Arc<H>,
) -> io::Result<()>
where
    H: Fn(Accepted) + Send + Sync + 'static,
{
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(WRITE_STALL))?;
    stream.set_nodelay(true)?;
    lock(connections).insert(number, stream.try_clone()?);
    let connections = Arc::clone(connections);
    let thread = std::thread::Builder::new().name(format!("fake-connection-{number}"));
    thread.spawn(move || {
        let _forget = Forget(connections, number);
        handle(Accepted {
            stream,
            number,
            stop,
        });
    })?;
    Ok(())
}

/// Takes a connection out of the table when its thread ends, by return or panic: a clone left there would keep the socket open.
struct Forget(Connections, u64);

impl Drop for Forget {
    fn drop(&mut self) {
        lock(&self.0).remove(&self.1);
    }
}

/// Waits on `changed` until `met`, at most `limit`; true when it was met.
pub fn wait_until<T>(
    mutex: &Mutex<T>,
    changed: &Condvar,
    limit: Duration,
    mut met: impl FnMut(&T) -> bool,
) -> bool {
    let end = Instant::now() + limit;
    let mut guard = lock(mutex);
    while !met(&guard) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        guard = changed
            .wait_timeout(guard, left)
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .0;
    }
    true
}
