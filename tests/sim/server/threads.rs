//! What the threads of a simulator share: firewalls, connections, and the list of requests.

use std::collections::{HashMap, VecDeque};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};

use super::super::model::Firewall;
use super::seen::Seen;
use super::simulator::Listener;
use super::tls::Certificate;

/// The list of requests keeps the newest.
const SEEN_MAX: usize = 200_000;

/// Shared by all threads of a simulator.
pub(super) struct Shared {
    pub(super) firewalls: RwLock<Vec<Firewall>>,
    pub(super) busy: Vec<Busy>,
    pub(super) certificate: RwLock<Certificate>,
    pub(super) ending: AtomicBool,
    /// Set: connections wait in the kernel and nobody takes them.
    pub(super) silent: AtomicBool,
    pub(super) made: AtomicU64,
    seen: Mutex<VecDeque<Seen>>,
    on_request: Option<Listener>,
    open: Mutex<HashMap<u64, TcpStream>>,
}

/// How many requests to a firewall are in flight, and how many there ever were at once.
#[derive(Default)]
pub(super) struct Busy {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Busy {
    /// One more, until the guard is dropped.
    pub(super) fn one_more(&self) -> (usize, InFlight<'_>) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        (now, InFlight(self))
    }

    /// The most there were at once.
    pub(super) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// A request in flight.
pub(super) struct InFlight<'a>(&'a Busy);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    pub(super) fn new(firewalls: Vec<Firewall>, on_request: Option<Listener>) -> Self {
        Self {
            busy: firewalls.iter().map(|_| Busy::default()).collect(),
            firewalls: RwLock::new(firewalls),
            certificate: RwLock::new(Certificate::new()),
            ending: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            made: AtomicU64::new(0),
            seen: Mutex::default(),
            on_request,
            open: Mutex::default(),
        }
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    pub(super) fn note(&self, seen: Seen) {
        if let Some(on_request) = &self.on_request {
            on_request(&seen);
        }
        let mut all = self.seen.lock().unwrap();
        if all.len() == SEEN_MAX {
            all.pop_front();
        }
        all.push_back(seen);
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().cloned().collect()
    }

    pub(super) fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    /// Registers a connection, so that it can be cut.
    pub(super) fn opened(&self, number: u64, tcp: &TcpStream) {
        let mut open = self.open.lock().unwrap();
        open.insert(number, tcp.try_clone().unwrap());
    }

    pub(super) fn closed(&self, number: u64) {
        self.open.lock().unwrap().remove(&number);
    }

    pub(super) fn open(&self) -> usize {
        self.open.lock().unwrap().len()
    }

    /// Ends all connections; who waits on one wakes up.
    pub(super) fn cut(&self) {
        for tcp in self.open.lock().unwrap().values() {
            let _ = tcp.shutdown(Shutdown::Both);
        }
    }
}
