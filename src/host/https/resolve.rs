//! Names to addresses, two look-ups at a time: a resolver that hangs holds two threads, however many wait for it.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;

static TWO_AT_A_TIME: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));

/// The addresses of a host. An address is its own, without a look-up.
pub(super) async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // Never closed.
    let permit = Arc::clone(&TWO_AT_A_TIME).acquire_owned().await.ok();
    let name = (host.to_owned(), port);
    let looked = tokio::task::spawn_blocking(move || {
        let _held = permit;
        name.to_socket_addrs().map(Iterator::collect)
    });
    looked
        .await
        .unwrap_or_else(|panic| Err(io::Error::other(panic)))
}
