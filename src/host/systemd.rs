//! systemd's notification socket: one datagram of `NAME=value` lines (man sd_notify(3)).
//!
//! Not by a crate: those send blocking, and a service manager that hangs must not stop the sampling.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Where to tell, and how often a sign of life is wanted.
#[derive(Debug, Default)]
pub struct ServiceManager {
    address: Option<SocketAddr>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// As `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say; told nothing when they are not set.
    ///
    /// # Errors
    /// An address that is none: systemd never writes one.
    pub fn from_environment() -> io::Result<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let address = variable("NOTIFY_SOCKET").map(|text| address(&text));
        let ours = variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let usec = variable("WATCHDOG_USEC").and_then(|text| text.parse().ok());
        // 0 is no time to tell anything in: sd_watchdog_enabled(3) refuses it too.
        let usec = usec.filter(|usec| *usec > 0);
        Ok(ServiceManager {
            address: address.transpose()?,
            watchdog: usec.filter(|_| ours).map(Duration::from_micros),
        })
    }

    /// A sign of life is wanted at least twice in this time; `None` where nobody watches.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog.filter(|_| self.address.is_some())
    }

    /// Tells it, or drops it when the manager does not read.
    ///
    /// # Errors
    /// `WouldBlock` when it does not read; what the kernel says else.
    pub fn tell(&self, lines: &str) -> io::Result<()> {
        let Some(address) = &self.address else {
            return Ok(());
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.send_to_addr(lines.as_bytes(), address).map(|_| ())
    }
}

/// A path, or with an `@` in front a name in the abstract namespace.
fn address(text: &str) -> io::Result<SocketAddr> {
    match text.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(text),
    }
}
