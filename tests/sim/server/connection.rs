//! A connection: TLS, and one request after the other.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use tokio_rustls::rustls::{ServerConnection, StreamOwned};

use super::access;
use super::deliver::{self, Handled};
use super::http::{self, Instead};
use super::threads::Shared;

/// The server's side of a connection.
pub(super) type Tls = StreamOwned<ServerConnection, TcpStream>;

/// Tests open hundreds of connections, each a thread.
const STACK_BYTES: usize = 256 * 1024;
/// A client that takes nothing is given up.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);

/// Serves a connection on a thread of its own.
pub(super) fn start(shared: &Arc<Shared>, tcp: TcpStream) {
    let number = shared.made.fetch_add(1, Ordering::SeqCst) + 1;
    shared.opened(number, &tcp);
    let own = Arc::clone(shared);
    let serve = move || {
        serve(&own, tcp, number);
        own.closed(number);
    };
    let builder = thread::Builder::new().stack_size(STACK_BYTES);
    builder.spawn(serve).unwrap();
}

fn serve(shared: &Shared, tcp: TcpStream, number: u64) {
    let _ = tcp.set_nodelay(true);
    let _ = tcp.set_write_timeout(Some(WRITE_PATIENCE));
    if shared.silent.load(Ordering::SeqCst) {
        // Reads on until the client goes or the connection is cut.
        let _ = tcp.set_read_timeout(Some(deliver::LONGEST));
        let _ = io::copy(&mut &tcp, &mut io::sink());
        return;
    }
    let config = Arc::clone(&shared.certificate.read().unwrap().config);
    let mut tls = Box::new(StreamOwned::new(
        ServerConnection::new(config).unwrap(),
        tcp,
    ));
    let mut held = Vec::new();
    loop {
        let request = match http::next(&mut *tls, &mut held) {
            Ok(request) => request,
            Err(Instead::End) => break,
            Err(Instead::Status(status)) => {
                let handled = Handled::unread(status);
                let _ = deliver::send(&mut tls, handled, true);
                break;
            }
        };
        let last = request.last;
        let handled = access::handle(shared, &request, number);
        let sent = deliver::send(&mut tls, handled, last);
        if !sent || last {
            break;
        }
    }
    tls.conn.send_close_notify();
    // Says only that it ends: what the client may still say is not waited for.
    while tls.conn.wants_write()
        && tls
            .conn
            .write_tls(&mut tls.sock)
            .is_ok_and(|bytes| bytes > 0)
    {}
}
