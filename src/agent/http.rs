//! `[http]`: carries `/metrics`, `/healthz` and `/readyz` between sockets and the loop. Nothing here decides.
//!
//! One request a connection, few connections, a deadline for each: a client that is slow, silent or hostile holds one
//! of a few places for some seconds, and never the loop.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::Sender;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::agent::core::Core;
use crate::clock::Now;
use crate::render::family::Type;
use crate::render::prometheus::{self, Exposition};

/// Connections at once; one more is closed.
pub(super) const CONNECTIONS_MAX: usize = 16;
/// Until a request's head is there.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// From accept to the last byte of the answer.
const CONNECTION_WITHIN: Duration = Duration::from_secs(10);
/// The loop answers within this, or it makes no progress.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Bytes of a request's head; hyper's own smallest buffer.
const HEAD_BYTES_MAX: usize = 8192;
/// Header lines of a request.
const HEADERS_MAX: usize = 64;
/// Out of descriptors or memory: accepting is tried again after this.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

const TEXT: &str = "text/plain; charset=utf-8";
const PATHS: &str = "no such path; there are /metrics, /healthz and /readyz\n";

/// What the loop is asked; it never waits for who asked.
#[derive(Debug)]
pub(super) enum Question {
    /// All that is known.
    Metrics(oneshot::Sender<Exposition>),
    /// Progress; the error is why there is none.
    Health(oneshot::Sender<Result<(), String>>),
    /// The last send.
    Ready(oneshot::Sender<Result<(), String>>),
}

impl Question {
    /// Answers it. Who asked may be gone: then nobody misses the answer.
    pub(super) fn answer(self, core: &mut Core, now: Now) {
        match self {
            Question::Metrics(reply) => drop(reply.send(core.exposition(now))),
            Question::Health(reply) => {
                drop(reply.send(core.overdue(now).map_or(Ok(()), Err)));
            }
            Question::Ready(reply) => drop(reply.send(core.ready().map_err(str::to_owned))),
        }
    }
}

/// Serves at this socket until the task is aborted; what is asked goes to the loop. A connection that was accepted
/// before is answered all the same.
pub(super) fn serve(listener: TcpListener, questions: Sender<Question>) -> JoinHandle<()> {
    tokio::spawn(accept(listener, questions))
}

async fn accept(listener: TcpListener, questions: Sender<Question>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let closed = Arc::new(AtomicU64::new(0));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            closed.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let (questions, closed) = (questions.clone(), Arc::clone(&closed));
        tokio::spawn(async move {
            // What goes wrong on a connection is its client's affair.
            let _ = timeout(CONNECTION_WITHIN, talk(stream, &questions, &closed)).await;
            drop(place);
        });
    }
}

async fn talk(
    stream: TcpStream,
    questions: &Sender<Question>,
    closed: &AtomicU64,
) -> hyper::Result<()> {
    let service = service_fn(|request| async move {
        Ok::<_, Infallible>(respond(&request, questions, closed).await)
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

async fn respond(
    request: &Request<Incoming>,
    questions: &Sender<Question>,
    closed: &AtomicU64,
) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if !["/metrics", "/healthz", "/readyz"].contains(&path) {
        return text(StatusCode::NOT_FOUND, PATHS.to_owned());
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n".to_owned());
        let allowed = HeaderValue::from_static("GET, HEAD");
        refusal.headers_mut().insert(ALLOW, allowed);
        return refusal;
    }
    let answer = match path {
        "/metrics" => {
            let closed = closed.load(Ordering::Relaxed);
            let all = ask(questions, Question::Metrics).await;
            all.map(|exposition| metrics(exposition, closed))
        }
        "/healthz" => ask(questions, Question::Health).await.map(verdict),
        _ => ask(questions, Question::Ready).await.map(verdict),
    };
    answer.unwrap_or_else(|| {
        let silent = format!(
            "the loop does not answer within {} s\n",
            ANSWER_WITHIN.as_secs()
        );
        text(StatusCode::SERVICE_UNAVAILABLE, silent)
    })
}

/// The loop's answer; `None` when it has none in time.
async fn ask<T>(
    questions: &Sender<Question>,
    question: impl FnOnce(oneshot::Sender<T>) -> Question,
) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    questions.try_send(question(reply)).ok()?;
    timeout(ANSWER_WITHIN, answer).await.ok()?.ok()
}

fn metrics(mut exposition: Exposition, closed: u64) -> Response<Full<Bytes>> {
    let help = "Connections closed at once because all places were taken";
    #[allow(clippy::cast_precision_loss)] // far below 2^53
    exposition.own(
        "fwmetrics_http_connections_closed_total",
        Type::Counter,
        help,
        vec![],
        closed as f64,
    );
    let mut answer = text(StatusCode::OK, exposition.text());
    let kind = HeaderValue::from_static(prometheus::CONTENT_TYPE);
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

fn verdict(verdict: Result<(), String>) -> Response<Full<Bytes>> {
    match verdict {
        Ok(()) => text(StatusCode::OK, "ok\n".to_owned()),
        Err(why) => {
            let line = why.replace(char::is_control, " ") + "\n";
            text(StatusCode::SERVICE_UNAVAILABLE, line)
        }
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
