//! A line to a server: straight, to a proxy that forwards, or through a proxy's tunnel. TLS to the server lies on top.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;
use tower_service::Service;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Made<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Makes lines with TLS on top where the scheme is https, within a time.
#[derive(Clone)]
pub(super) struct Dial {
    lines: HttpsConnector<Lines>,
    within: Option<Duration>,
}

impl Dial {
    pub(super) fn new(
        proxies: Option<Arc<Matcher>>,
        tls: Arc<ClientConfig>,
        within: Option<Duration>,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let lines = Lines {
            proxy: over_tls(tcp.clone(), Arc::clone(&tls)),
            tcp,
            proxies,
        };
        Dial {
            lines: over_tls(lines, tls),
            within,
        }
    }
}

fn over_tls<T>(lower: T, tls: Arc<ClientConfig>) -> HttpsConnector<T> {
    HttpsConnector::from((lower, tls))
}

impl Service<Uri> for Dial {
    type Response = MaybeHttpsStream<Line>;
    type Error = BoxError;
    type Future = Made<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let made = self.lines.call(to);
        let Some(within) = self.within else {
            return made;
        };
        Box::pin(async move {
            timeout(within, made).await.unwrap_or_else(|_| {
                let why = format!("HTTP connect timeout occurred after {within:?}");
                Err(io::Error::new(io::ErrorKind::TimedOut, why).into())
            })
        })
    }
}

/// Makes lines.
#[derive(Clone)]
struct Lines {
    tcp: HttpConnector,
    /// To a proxy, which may speak TLS itself.
    proxy: HttpsConnector<HttpConnector>,
    proxies: Option<Arc<Matcher>>,
}

impl Service<Uri> for Lines {
    type Response = Line;
    type Error = BoxError;
    type Future = Made<Line>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let proxy = self.proxies.as_ref().and_then(|all| all.intercept(&to));
        let Some(proxy) = proxy else {
            let straight = self.tcp.call(to);
            return Box::pin(async move { Ok(Line::new(MaybeHttpsStream::Http(straight.await?))) });
        };
        if to.scheme() == Some(&Scheme::HTTPS) {
            let tunnel = tunnel(&proxy, self.proxy.clone()).call(to);
            return Box::pin(async move { Ok(Line::new(tunnel.await?)) });
        }
        let forward = self.proxy.call(proxy.uri().clone());
        Box::pin(async move {
            let line = Line::new(forward.await?);
            Ok(Line {
                forwards: true,
                ..line
            })
        })
    }
}

fn tunnel<T>(proxy: &Intercept, by: T) -> Tunnel<T> {
    let tunnel = Tunnel::new(proxy.uri().clone(), by);
    match proxy.basic_auth() {
        Some(auth) => tunnel.with_auth(auth.clone()),
        None => tunnel,
    }
}

/// A line.
pub(super) struct Line {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    /// At its end is a proxy that wants to be told the whole address.
    forwards: bool,
}

impl Line {
    fn new(stream: MaybeHttpsStream<TokioIo<TcpStream>>) -> Self {
        Line {
            stream,
            forwards: false,
        }
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut MaybeHttpsStream<TokioIo<TcpStream>>> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.forwards)
    }
}

impl Read for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, into)
    }
}

impl Write for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, parts)
    }
}
