//! One connection: read, judge, record, then answer or misbehave.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use super::super::http::{Connection, ReadError, Request, Response};
use super::super::server::{Accepted, Stop, lock};
use super::super::{sigv4, time};
use super::call::Call;
use super::fault::Fault;
use super::judge::{self, Gate, Judged};
use super::refusal::Refusal;
use super::store::{self, Stored};

/// How many bytes a truncated answer announces and does not send.
const TRUNCATED_BY: usize = 100;
/// An empty CBOR map of indefinite length, as AWS answers a put.
const EMPTY_MAP: [u8; 2] = [0xbf, 0xff];

/// What the endpoint and its connections share.
#[derive(Debug)]
pub struct Shared {
    /// Everything that changes.
    pub state: Mutex<State>,
    /// Told after every call.
    pub changed: Condvar,
}

/// Everything that changes.
#[derive(Debug)]
pub struct State {
    /// Who may come in.
    pub gate: Gate,
    /// Faults to come, one per request.
    pub script: VecDeque<Fault>,
    /// The fault once the script is used up.
    pub always: Fault,
    /// How far the whole clock is off: rules, signatures and `Date`.
    pub clock_offset_secs: i64,
    /// How far the `Date` header alone is off.
    pub date_offset_secs: i64,
    /// Every call.
    pub calls: Vec<Call>,
    /// Every accepted datum.
    pub stored: Vec<Stored>,
}

impl State {
    fn now_secs(&self) -> f64 {
        time::unix_now() + self.clock_offset_secs as f64
    }
}

/// What is to be written, if anything.
enum Reply {
    Answer(Response),
    Bytes(Vec<u8>),
    Nothing,
}

/// Serves one connection to its end.
pub fn connection(shared: &Shared, accepted: Accepted) {
    let Accepted {
        stream,
        number,
        stop,
    } = accepted;
    let mut connection = Connection::new(stream);
    while connection.wait_for_bytes() {
        let fault = next_fault(&mut lock(&shared.state));
        if fault == Fault::RefuseRead {
            // Closing with bytes unread makes the kernel reset the connection.
            shared.record(&Request::default(), number, fault);
            return;
        }
        let request = match connection.read() {
            Ok(request) => request,
            Err(ReadError::Gone) => return,
            Err(ReadError::Bad(message)) => {
                connection
                    .write(&Response::new(400, message).encode(0))
                    .ok();
                return;
            }
        };
        let reply = shared.record(&request, number, fault);
        if !respond(&mut connection, reply, fault, &stop) {
            return;
        }
    }
}

fn next_fault(state: &mut State) -> Fault {
    state.script.pop_front().unwrap_or(state.always)
}

/// Writes the reply; false when the connection is to be closed.
fn respond(connection: &mut Connection, reply: Reply, fault: Fault, stop: &Stop) -> bool {
    let wait = match fault {
        Fault::Hang(time) | Fault::Delay(time) => time,
        _ => Duration::ZERO,
    };
    if stop.sleep(wait) {
        return false;
    }
    match reply {
        Reply::Nothing => false,
        Reply::Bytes(bytes) => {
            connection.write(&bytes).ok();
            false
        }
        Reply::Answer(response) => connection.write(&response.encode(0)).is_ok(),
    }
}

impl Shared {
    /// Judges the request and keeps the record before the answer goes out: a client that has its answer finds its call here.
    fn record(&self, request: &Request, connection: u64, fault: Fault) -> Reply {
        let received = Instant::now();
        let (gate, now_secs) = {
            let state = lock(&self.state);
            (state.gate.clone(), state.now_secs())
        };
        let judged = judge::judge(request, &gate, now_secs);
        let outcome = outcome(&judged, fault);
        let mut state = lock(&self.state);
        if let Outcome::Stored(input, _) = &outcome {
            let call = state.calls.len();
            state.stored.extend(store::accept(input, now_secs, call));
        }
        let mut call = new_call(request, &judged, connection, fault);
        (call.received, call.unix_secs) = (received, now_secs);
        outcome.describe(fault, &mut call);
        state.calls.push(call);
        self.changed.notify_all();
        reply(outcome, fault, date_secs(&state, fault))
    }
}

/// What became of the data.
enum Outcome<'a> {
    Stored(&'a super::datum::PutMetricData, Option<&'a str>),
    Refused(Refusal),
    Lost,
}

impl Outcome<'_> {
    fn describe(&self, fault: Fault, call: &mut Call) {
        let silent = matches!(fault, Fault::ResetAfterAccept);
        match self {
            Self::Stored(..) => {
                call.accepted = true;
                call.status = if silent { 0 } else { 200 };
            }
            Self::Refused(refusal) => {
                call.status = if silent { 0 } else { refusal.status };
                call.code = Some(refusal.code.to_owned());
                call.message = Some(refusal.message.clone());
            }
            Self::Lost => {
                call.status = match fault {
                    Fault::NotCbor | Fault::WrongProtocol => 200,
                    Fault::Redirect(status) => status,
                    _ => 0,
                }
            }
        }
    }
}

fn outcome(judged: &Judged, fault: Fault) -> Outcome<'_> {
    if let Some(refusal) = fault.refusal() {
        return Outcome::Refused(refusal);
    }
    match fault {
        Fault::Hang(_)
        | Fault::RefuseRead
        | Fault::Garbage
        | Fault::NotCbor
        | Fault::WrongProtocol
        | Fault::Redirect(_) => Outcome::Lost,
        _ => match &judged.verdict {
            Ok((input, failure)) => Outcome::Stored(input, failure.as_deref()),
            Err(refusal) => Outcome::Refused(refusal.clone()),
        },
    }
}

fn new_call(request: &Request, judged: &Judged, connection: u64, fault: Fault) -> Call {
    Call {
        received: Instant::now(),
        unix_secs: 0.0,
        connection,
        status: 0,
        code: None,
        message: None,
        wire_bytes: request.body.len(),
        uncompressed_bytes: judged.body.len(),
        digest: sigv4::sha256_hex(&judged.body),
        datums: judged.datums,
        access_key: judged.access_key.clone(),
        accepted: false,
        fault,
        headers: request.headers.clone(),
    }
}

fn date_secs(state: &State, fault: Fault) -> i64 {
    let wrong = match fault {
        Fault::WrongDate(secs) => secs,
        _ => 0,
    };
    state.now_secs() as i64 + state.date_offset_secs + wrong
}

fn reply(outcome: Outcome<'_>, fault: Fault, date_secs: i64) -> Reply {
    let response = match outcome {
        Outcome::Stored(_, failure) => success(failure),
        Outcome::Refused(refusal) => {
            let response = Response::new(refusal.status, refusal.body());
            response.with("x-amzn-query-error", refusal.query_error())
        }
        Outcome::Lost => return lost(fault),
    };
    let response = response
        .with("smithy-protocol", "rpc-v2-cbor")
        .with("content-type", "application/cbor")
        .with("x-amzn-requestid", request_id())
        .with("date", time::http_date(date_secs));
    let response = match fault {
        Fault::RetryAfter(text) => response.with("retry-after", text),
        Fault::AmzRetryAfter(text) => response.with("x-amz-retry-after", text),
        _ => response,
    };
    match fault {
        Fault::ResetAfterAccept => Reply::Nothing,
        Fault::TruncatedAnswer => Reply::Bytes(response.encode(TRUNCATED_BY)),
        _ => Reply::Answer(response),
    }
}

fn success(failure: Option<&str>) -> Response {
    let response = Response::new(200, EMPTY_MAP);
    match failure {
        Some(failure) => response.with("x-amzn-failure-message", failure),
        None => response,
    }
}

fn lost(fault: Fault) -> Reply {
    match fault {
        Fault::Garbage => Reply::Bytes(b"\x16\x03\x01 this is no HTTP\r\n\r\n".to_vec()),
        Fault::NotCbor => Reply::Answer(
            Response::new(200, "<html><body>Please log in</body></html>")
                .with("content-type", "text/html"),
        ),
        Fault::WrongProtocol => Reply::Answer(
            Response::new(200, "{}").with("content-type", "application/x-amz-json-1.0"),
        ),
        Fault::Redirect(status) => {
            Reply::Answer(Response::new(status, "").with("location", "http://127.0.0.1:1/"))
        }
        _ => Reply::Nothing,
    }
}

fn request_id() -> String {
    let (high, low) = (fastrand::u64(..), fastrand::u64(..));
    let high = format!("{high:016x}");
    let low = format!("{low:016x}");
    format!(
        "{}-{}-{}-{}-{}",
        &high[..8],
        &high[8..12],
        &high[12..],
        &low[..4],
        &low[4..]
    )
}
