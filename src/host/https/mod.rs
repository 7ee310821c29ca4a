//! HTTPS to an appliance: one kept connection, one request at a time, each with a deadline and a cap on its answer.
//!
//! No proxy is ever asked, whatever the environment says: an appliance is reached from beside, and what is sent is its
//! key. A request goes out again, once, only where a connection that was kept turned out to be closed: it is for
//! requests that change nothing.

mod resolve;
mod trust;

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::clock::{self, Now};
use crate::model::chain;
use crate::model::secret::Secret;
use trust::Tls;
pub use trust::Trust;

/// To be connected, TLS included, takes milliseconds beside an appliance; the rest of the deadline is for the answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpsError {
    /// Nobody answered in time; or it is known that nobody is there.
    #[error("{0}")]
    Away(String),
    /// Somebody answered, who is not to be believed; or the authority's file cannot be read.
    #[error("{0}")]
    Untrusted(String),
    /// The answer did not come in time.
    #[error("no answer within {} s", .0.as_secs_f64())]
    Late(Duration),
    /// The answer is longer than any honest one.
    #[error("an answer of more than {0} bytes")]
    TooLong(usize),
    /// The answer is no HTTP, or broke off.
    #[error("{0}")]
    Broken(String),
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
    /// When its last byte was there.
    pub at: Now,
}

/// What is sent with POST. It has no Debug: a form may hold a password.
#[allow(missing_debug_implementations)]
pub struct Post<'a> {
    /// Path, without anything secret.
    pub path: &'static str,
    /// A header that carries the key.
    pub key: Option<(&'static str, &'a Secret)>,
    /// `name=value&…`, encoded.
    pub form: String,
    /// For everything.
    pub within: Duration,
    /// Bytes of the answer, at most.
    pub most: usize,
}

/// The way to one appliance.
#[derive(Debug)]
pub struct Https {
    host: String,
    port: u16,
    tls: Tls,
    kept: Option<Kept>,
    took: Duration,
}

#[derive(Debug)]
struct Kept {
    requests: SendRequest<Full<Bytes>>,
    carrier: JoinHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.carrier.abort();
    }
}

impl Https {
    /// The way to this host; nothing is opened yet. `name` is that in the certificate.
    ///
    /// # Errors
    /// The name is none.
    pub fn new(host: &str, port: u16, name: &str, trust: Trust) -> Result<Self, String> {
        Ok(Https {
            host: host.to_owned(),
            port,
            tls: Tls::new(name, trust)?,
            kept: None,
            took: Duration::ZERO,
        })
    }

    /// How long the last exchange took, however it ended.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Where it leads, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Sends a form and waits for the whole answer.
    ///
    /// # Errors
    /// See [`HttpsError`]. After one the connection is closed: an answer that comes late is never taken for another's.
    pub async fn post(&mut self, post: &Post<'_>) -> Result<Answer, HttpsError> {
        let began = clock::now().boot;
        let kept = self.kept.take();
        let done = timeout(post.within, self.post_by(kept, post)).await;
        let at = clock::now();
        self.took = at.boot.saturating_sub(began);
        let (kept, (status, body)) = done.unwrap_or(Err(HttpsError::Late(post.within)))?;
        self.kept = Some(kept);
        Ok(Answer { status, body, at })
    }

    async fn post_by(
        &mut self,
        kept: Option<Kept>,
        post: &Post<'_>,
    ) -> Result<(Kept, Read), HttpsError> {
        if let Some(mut kept) = kept
            && kept.requests.ready().await.is_ok()
        {
            match self.exchange(&mut kept, post).await {
                Ok(answer) => return Ok((kept, answer)),
                // Closed while nobody looked, before it took anything: another connection, once.
                Err(Unanswered::Closed(_)) => {}
                Err(Unanswered::Failed(why)) => return Err(why),
            }
        }
        let mut kept = self.connect().await?;
        match self.exchange(&mut kept, post).await {
            Ok(answer) => Ok((kept, answer)),
            Err(Unanswered::Closed(why)) => Err(HttpsError::Broken(why)),
            Err(Unanswered::Failed(why)) => Err(why),
        }
    }

    async fn connect(&mut self) -> Result<Kept, HttpsError> {
        let connector = self.tls.connector().await?;
        let place = self.place();
        let away = |why: &str| {
            HttpsError::Away(format!(
                "cannot connect to {place}: {why}; see that this is the management interface, and that its permitted addresses and security group let this machine in"
            ))
        };
        let opened = timeout(CONNECT_WITHIN, async {
            let addresses = resolve::addresses(&self.host, self.port)
                .await
                .map_err(|error| away(&error.to_string()))?;
            let stream = TcpStream::connect(&addresses[..])
                .await
                .map_err(|error| away(&error.to_string()))?;
            // Requests are small and wait for their answers.
            let _ = stream.set_nodelay(true);
            let secured = connector.connect(self.tls.name(), stream).await;
            secured.map_err(|error| untrusted(&place, &error))
        });
        let stream = opened
            .await
            .unwrap_or_else(|_| Err(away("no answer within 5 s")))?;
        let opened = handshake(TokioIo::new(stream)).await;
        let (requests, connection) = opened.map_err(|error| away(&chain::of(&error)))?;
        let carrier = tokio::spawn(async move {
            // Its errors come with the request that they meet.
            let _ = connection.await;
        });
        Ok(Kept { requests, carrier })
    }

    async fn exchange(&self, kept: &mut Kept, post: &Post<'_>) -> Result<Read, Unanswered> {
        let request = self.request(post).map_err(Unanswered::Failed)?;
        let response = kept.requests.send_request(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        Ok((status, body(response, post.most).await?))
    }

    fn request(&self, post: &Post<'_>) -> Result<Request<Full<Bytes>>, HttpsError> {
        let unfit = |what: &str| HttpsError::Broken(format!("{what} cannot stand in a request"));
        let mut request = Request::new(Full::new(Bytes::from(post.form.clone())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = post.path.parse().map_err(|_| unfit("the path"))?;
        let headers = request.headers_mut();
        let host = HeaderValue::from_str(&self.place()).map_err(|_| unfit("the host"))?;
        headers.insert(HOST, host);
        let agent = concat!("fwmetrics/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        if let Some((name, key)) = post.key {
            let mut value = HeaderValue::from_str(key.expose()).map_err(|_| unfit("the key"))?;
            // Never in a log of the HTTP library's.
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(request)
    }
}

/// Status and body.
type Read = (u16, Vec<u8>);

/// Why a request has no answer.
enum Unanswered {
    /// The connection was closed before a byte of an answer came.
    Closed(String),
    /// Anything else.
    Failed(HttpsError),
}

fn broken(error: hyper::Error) -> Unanswered {
    let why = chain::of(&error);
    match error.is_canceled()
        || error.is_closed()
        || error.is_incomplete_message()
        || is_reset(&error)
    {
        true => Unanswered::Closed(format!("the connection was closed: {why}")),
        false => Unanswered::Failed(HttpsError::Broken(format!("the answer is broken: {why}"))),
    }
}

fn is_reset(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error);
    let io = source.and_then(|source| source.downcast_ref::<io::Error>());
    io.is_some_and(|error| {
        let kind = error.kind();
        matches!(
            kind,
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::UnexpectedEof
        )
    })
}

/// The whole body, while it is not too long.
async fn body(response: Response<Incoming>, most: usize) -> Result<Vec<u8>, Unanswered> {
    let mut incoming = response.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| {
            let why = format!("the answer broke off: {}", chain::of(&error));
            Unanswered::Failed(HttpsError::Broken(why))
        })?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if bytes.len() + data.len() > most {
            return Err(Unanswered::Failed(HttpsError::TooLong(most)));
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

/// What TLS says, in words for the one who configures it.
fn untrusted(place: &str, error: &io::Error) -> HttpsError {
    let said = trust::why(error);
    match said {
        Some(why) => HttpsError::Untrusted(format!("{place} is not believed: {why}")),
        None => HttpsError::Away(format!(
            "cannot speak TLS with {place}: {}",
            chain::of(error)
        )),
    }
}
