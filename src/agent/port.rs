//! The port of `[http] listen`: opened at start, and changed by a reload without a moment in which none is open.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::agent::http::{self, CONNECTIONS_MAX, Question};

/// The open port, or none.
#[derive(Debug)]
pub(super) struct Port {
    listen: Option<SocketAddr>,
    serving: Option<JoinHandle<()>>,
    questions: Sender<Question>,
}

impl Port {
    /// Opens the port, where one is configured, and starts to serve; the loop gets the questions.
    ///
    /// # Errors
    /// Names the address, why it cannot be had and what to do.
    pub(super) async fn open(
        listen: Option<SocketAddr>,
    ) -> Result<(Self, Receiver<Question>), String> {
        let (questions, asked) = channel(CONNECTIONS_MAX);
        let mut port = Port {
            listen: None,
            serving: None,
            questions,
        };
        port.change(listen).await?;
        Ok((port, asked))
    }

    /// Serves there from now on. The old port is closed when the new one is open.
    ///
    /// # Errors
    /// As [`Port::open`]; the old port is served on.
    pub(super) async fn change(&mut self, listen: Option<SocketAddr>) -> Result<(), String> {
        if listen == self.listen {
            return Ok(());
        }
        match listen {
            None => self.close().await,
            Some(address) => self.move_to(address).await?,
        }
        self.listen = listen;
        Ok(())
    }

    async fn move_to(&mut self, address: SocketAddr) -> Result<(), String> {
        let cannot = |error: io::Error| {
            format!(
                "[http] listen: cannot listen on {address}: {error}; choose an address of this machine and a free port, or take the key out"
            )
        };
        match TcpListener::bind(address).await {
            Ok(listener) => {
                self.close().await;
                self.serve(listener).map_err(cannot)
            }
            Err(error) => match self.listen {
                // 127.0.0.1 and 0.0.0.0 cannot be had at once: the old one goes first, and comes back if that was in vain.
                Some(old)
                    if error.kind() == ErrorKind::AddrInUse && old.port() == address.port() =>
                {
                    self.close().await;
                    let moved = match TcpListener::bind(address).await {
                        Ok(listener) => self.serve(listener),
                        Err(error) => Err(error),
                    };
                    if moved.is_err() {
                        self.back_to(old).await;
                    }
                    moved.map_err(cannot)
                }
                _ => Err(cannot(error)),
            },
        }
    }

    async fn back_to(&mut self, old: SocketAddr) {
        let back = match TcpListener::bind(old).await {
            Ok(listener) => self.serve(listener),
            Err(error) => Err(error),
        };
        if let Err(error) = back {
            error!(
                "[http] listen: {old} is lost: {error}; nothing is served until a reload or restart"
            );
            self.listen = None;
        }
    }

    fn serve(&mut self, listener: TcpListener) -> io::Result<()> {
        let address = listener.local_addr()?;
        info!("listens on {address}: /metrics, /healthz, /readyz");
        if !address.ip().is_loopback() {
            warn!(
                "[http] listen {address} is no loopback address: whoever reaches it reads all metrics, without a password"
            );
        }
        self.serving = Some(http::serve(listener, self.questions.clone()));
        Ok(())
    }

    /// The socket is closed when this returns.
    async fn close(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }
}
