//! A forward proxy that writes down what it is asked and answers 502: whatever stands in its record went through a proxy.

use std::sync::{Arc, Mutex};

use super::http::{Connection, Response};
use super::server::{Server, lock};

/// A running recorder; dropping it closes its port.
#[derive(Debug)]
pub struct Proxy {
    server: Server,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts on any free port of 127.0.0.1.
    pub fn start() -> Self {
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let theirs = Arc::clone(&lines);
        let server = Server::start(0, move |accepted| {
            let mut connection = Connection::new(accepted.stream);
            while let Ok(request) = connection.read() {
                lock(&theirs).push(format!("{} {}", request.method, request.target));
                let answer = Response::new(502, "this proxy goes nowhere").encode(0);
                if connection.write(&answer).is_err() {
                    return;
                }
            }
        });
        let server = server.expect("a port on 127.0.0.1");
        Self { server, lines }
    }

    /// `http://127.0.0.1:port`, for `HTTP_PROXY` and `HTTPS_PROXY`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.server.address()
    }

    /// `METHOD target` of every request: absolute URLs for plain HTTP, `CONNECT host:port` for TLS.
    pub fn requests(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }
}
