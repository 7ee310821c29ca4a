//! A PutMetricData endpoint that is stricter than any emulator, and as strict as AWS's documentation.

pub mod call;
pub mod datum;
pub mod decode;
mod entity;
pub mod fault;
mod judge;
pub mod limits;
pub mod refusal;
mod rules;
mod serve;
pub mod store;

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

pub use call::Call;
pub use fault::Fault;
pub use store::{Series, Stats, Stored};

use super::server::{Server, lock, wait_until};
use super::sigv4::Key;
use judge::Gate;
use serve::{Shared, State};

/// A running endpoint; dropping it closes its port and connections.
#[derive(Debug)]
pub struct Endpoint {
    server: Server,
    shared: Arc<Shared>,
}

/// Settings that are made before the start.
#[derive(Clone, Debug)]
pub struct Builder {
    port: u16,
    gate: Gate,
}

impl Builder {
    /// A fixed port instead of any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Takes one more key, beside [`Key::example`] and [`Key::role_example`].
    pub fn key(mut self, key: Key) -> Self {
        self.gate.keys.push(key);
        self
    }

    /// Takes no key at all but those added after this.
    pub fn no_default_keys(mut self) -> Self {
        self.gate.keys.clear();
        self
    }

    /// Requests must be signed for this region; by default any will do.
    pub fn region(mut self, region: &str) -> Self {
        self.gate.region = Some(region.to_owned());
        self
    }

    /// Looks at no signature.
    pub fn unsigned(mut self) -> Self {
        self.gate.verify = false;
        self
    }

    /// Starts to listen.
    pub fn start(self) -> Endpoint {
        let state = State {
            gate: self.gate,
            script: std::collections::VecDeque::new(),
            always: Fault::Normal,
            clock_offset_secs: 0,
            date_offset_secs: 0,
            calls: Vec::new(),
            stored: Vec::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let theirs = Arc::clone(&shared);
        let server = Server::start(self.port, move |accepted| {
            serve::connection(&theirs, accepted);
        });
        Endpoint {
            server: server.expect("a port on 127.0.0.1"),
            shared,
        }
    }
}

impl Endpoint {
    /// Starts with the default settings: signatures checked, [`Key::example`] and [`Key::role_example`] taken.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Settings to start with.
    pub fn builder() -> Builder {
        let gate = Gate {
            verify: true,
            region: None,
            keys: vec![Key::example(), Key::role_example()],
            poison: None,
            bytes_max: limits::REQUEST_BYTES_MAX,
        };
        Builder { port: 0, gate }
    }

    /// `http://127.0.0.1:port`, for `AWS_ENDPOINT_URL_CLOUDWATCH`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    /// Adds faults, used one per request in this order; then `always`, then normal.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.shared.state).script.extend(faults);
    }

    /// The fault of every request without a scripted one; `None` ends it.
    pub fn always(&self, fault: Option<Fault>) {
        lock(&self.shared.state).always = fault.unwrap_or(Fault::Normal);
    }

    /// Forgets the rest of the script and `always`.
    pub fn heal(&self) {
        let mut state = lock(&self.shared.state);
        state.script.clear();
        state.always = Fault::Normal;
    }

    /// Takes one more key from now on, in place of one with the same id.
    pub fn add_key(&self, key: Key) {
        let keys = &mut lock(&self.shared.state).gate.keys;
        keys.retain(|known| known.id != key.id);
        keys.push(key);
    }

    /// From now on every call that holds this metric is refused with `InvalidParameterValue`.
    pub fn poison(&self, metric: &str) {
        lock(&self.shared.state).gate.poison = Some(metric.to_owned());
    }

    /// From now on a call with more bytes, counted before compression, is answered with 413.
    pub fn set_bytes_max(&self, bytes: usize) {
        lock(&self.shared.state).gate.bytes_max = bytes;
    }

    /// From now on this key is answered with `ExpiredToken`.
    pub fn expire_key(&self, id: &str) {
        let keys = &mut lock(&self.shared.state).gate.keys;
        let found = keys.iter_mut().find(|key| key.id == id);
        found.expect("a known key").expired = true;
    }

    /// From now on this key is unknown.
    pub fn remove_key(&self, id: &str) {
        let keys = &mut lock(&self.shared.state).gate.keys;
        keys.retain(|known| known.id != id);
    }

    /// Sets the endpoint's whole clock off: timestamp rules, signature age and `Date`.
    pub fn set_clock_offset(&self, secs: i64) {
        lock(&self.shared.state).clock_offset_secs = secs;
    }

    /// Sets only the `Date` header off.
    pub fn set_date_offset(&self, secs: i64) {
        lock(&self.shared.state).date_offset_secs = secs;
    }

    /// Every request so far, in the order they were read.
    pub fn calls(&self) -> Vec<Call> {
        self.calls_since(0)
    }

    /// The requests from number `first` on.
    pub fn calls_since(&self, first: usize) -> Vec<Call> {
        let state = lock(&self.shared.state);
        state.calls.get(first..).unwrap_or_default().to_vec()
    }

    /// Every datum accepted so far, duplicates included.
    pub fn accepted(&self) -> Vec<Stored> {
        lock(&self.shared.state).stored.clone()
    }

    /// Waits for `count` calls in total; false when `timeout` came first.
    pub fn wait_for_calls(&self, count: usize, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.calls.len() >= count)
    }

    /// Waits for `count` accepted datums in total; false when `timeout` came first.
    pub fn wait_for_accepted(&self, count: usize, timeout: Duration) -> bool {
        self.wait(timeout, |state| state.stored.len() >= count)
    }

    /// Waits until the calls are as wanted; false when `timeout` came first.
    pub fn wait_until(&self, timeout: Duration, mut met: impl FnMut(&[Call]) -> bool) -> bool {
        self.wait(timeout, |state| met(&state.calls))
    }

    /// Statistics of one series by the start of each period.
    ///
    /// Panics when the metric came in with two units: those would be two series, and a test that
    /// asks for one of them without saying which has found a defect.
    pub fn statistics(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &BTreeMap<String, String>,
        period_secs: u32,
    ) -> BTreeMap<i64, Stats> {
        let all = self.all_statistics(period_secs).into_iter();
        let mut found = all.filter(|(series, _)| {
            series.namespace == namespace && series.name == name && series.dimensions == *dimensions
        });
        let (first, other) = (found.next(), found.next());
        assert!(other.is_none(), "{name} was published with two units");
        first.map(|(_, periods)| periods).unwrap_or_default()
    }

    /// Statistics of every series.
    pub fn all_statistics(&self, period_secs: u32) -> BTreeMap<Series, BTreeMap<i64, Stats>> {
        store::statistics(&lock(&self.shared.state).stored, period_secs)
    }

    fn wait(&self, timeout: Duration, met: impl FnMut(&State) -> bool) -> bool {
        wait_until(&self.shared.state, &self.shared.changed, timeout, met)
    }
}
