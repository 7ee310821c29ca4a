//! The simulator: starts, is driven, and ends when it is dropped.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::super::model::Firewall;
use super::connection;
use super::seen::Seen;
use super::threads::Shared;
use super::tls::Certificate;

/// Called with each request that is noted, on the thread of its connection.
pub type Listener = Box<dyn Fn(&Seen) + Send + Sync>;

/// How long the end or a rebound port may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How a simulator starts.
#[derive(Default)]
pub struct Setup {
    /// Its firewalls, told apart by their keys.
    pub firewalls: Vec<Firewall>,
    /// Its port; 0 takes a free one.
    pub port: u16,
    /// Called with each request that is noted.
    pub on_request: Option<Listener>,
}

/// An HTTPS server that is one firewall, or many behind one port. Its threads end when it is dropped.
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// The thread that accepts connections; `None` while the firewalls are off.
    door: Mutex<Option<JoinHandle<()>>>,
}

impl Simulator {
    /// One firewall.
    pub fn start(firewall: Firewall) -> Self {
        Self::start_many(vec![firewall])
    }

    /// Several, told apart by their keys.
    pub fn start_many(firewalls: Vec<Firewall>) -> Self {
        Self::start_with(Setup {
            firewalls,
            ..Setup::default()
        })
    }

    /// As set up.
    pub fn start_with(setup: Setup) -> Self {
        let shared = Arc::new(Shared::new(setup.firewalls, setup.on_request));
        let listener = listen((Ipv4Addr::LOCALHOST, setup.port).into());
        let address = listener.local_addr().unwrap();
        let door = Mutex::new(Some(open_door(&shared, listener)));
        Self {
            shared,
            address,
            door,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// SHA-256 of its certificate in lower hex.
    pub fn pin(&self) -> String {
        self.shared.certificate.read().unwrap().pin.clone()
    }

    /// Its certificate in PEM: self-signed, for `localhost`, `127.0.0.1` and `fw-a.test`.
    pub fn ca_pem(&self) -> String {
        self.shared.certificate.read().unwrap().pem.clone()
    }

    /// Another certificate for new connections.
    pub fn renew_certificate(&self) {
        *self.shared.certificate.write().unwrap() = Certificate::new();
    }

    /// Changes the first firewall.
    pub fn change(&self, change: impl FnOnce(&mut Firewall)) {
        self.change_nth(0, change);
    }

    /// Changes one of several, counted from 0.
    pub fn change_nth(&self, n: usize, change: impl FnOnce(&mut Firewall)) {
        let mut firewalls = self.shared.firewalls.write().unwrap();
        let firewall = &mut firewalls[n];
        let before = firewall.clone();
        change(firewall);
        firewall.settle(&before);
    }

    /// How many firewalls it is.
    pub fn firewalls(&self) -> usize {
        self.shared.busy.len()
    }

    /// The first firewall as it is.
    pub fn firewall(&self) -> Firewall {
        self.firewall_nth(0)
    }

    /// One of several, counted from 0.
    pub fn firewall_nth(&self, n: usize) -> Firewall {
        self.shared.firewalls.read().unwrap()[n].clone()
    }

    /// The newest 200 000 requests, oldest first.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.seen()
    }

    /// Starts the list of requests anew.
    pub fn forget_requests(&self) {
        self.shared.forget();
    }

    /// The most requests that were in flight to one firewall at once.
    pub fn max_in_flight(&self) -> usize {
        let busy = self.shared.busy.iter();
        busy.map(super::threads::Busy::most).max().unwrap_or(0)
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.shared.open()
    }

    /// Connections that were ever made.
    pub fn connections_made(&self) -> u64 {
        self.shared.made.load(Ordering::SeqCst)
    }

    /// Cuts the open connections; new ones are taken.
    pub fn cut_connections(&self) {
        self.shared.cut();
    }

    /// Off: the port refuses connections, and the open ones are cut.
    pub fn set_off(&self, off: bool) {
        let mut door = self.door.lock().unwrap();
        match (off, door.take()) {
            (true, Some(thread)) => {
                self.close_door(thread);
                self.shared.ending.store(false, Ordering::SeqCst);
            }
            (true, None) => {}
            (false, None) => *door = Some(open_door(&self.shared, listen(self.address))),
            (false, thread) => *door = thread,
        }
    }

    /// Silent: new connections come about and nothing is said on them, and the open ones are cut.
    pub fn set_silent(&self, silent: bool) {
        self.shared.silent.store(silent, Ordering::SeqCst);
        if silent {
            self.shared.cut();
        }
    }

    /// Ends the accepting thread and all connections.
    fn close_door(&self, thread: JoinHandle<()>) {
        self.shared.ending.store(true, Ordering::SeqCst);
        // The thread waits for a connection: here is one.
        let _ = TcpStream::connect_timeout(&self.address, PATIENCE);
        thread.join().unwrap();
        let start = Instant::now();
        while self.shared.open() > 0 && start.elapsed() < PATIENCE {
            self.shared.cut();
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let thread = self.door.lock().unwrap().take();
        if let Some(thread) = thread {
            self.close_door(thread);
        }
    }
}

/// Listens; the port of a firewall that was off may be taken for a moment by somebody's outgoing connection.
fn listen(address: SocketAddr) -> TcpListener {
    let start = Instant::now();
    loop {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(error) if start.elapsed() > PATIENCE => {
                panic!("cannot listen on {address}: {error}")
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn open_door(shared: &Arc<Shared>, listener: TcpListener) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    let accept = move || {
        while let Ok((tcp, _)) = listener.accept() {
            if shared.is_ending() {
                return;
            }
            connection::start(&shared, tcp);
        }
    };
    thread::Builder::new().spawn(accept).unwrap()
}
