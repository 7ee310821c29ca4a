//! Puts an answer on the wire, the way a fault wants it.

use std::io::{self, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::connection::Tls;
use super::http;
use super::threads::InFlight;

/// No fault holds a connection longer.
pub(super) const LONGEST: Duration = Duration::from_secs(600);
const TRICKLE: Duration = Duration::from_millis(200);
const ENDLESS_TIME: Duration = Duration::from_secs(60);
const ENDLESS_BYTES: usize = 256 * 1024 * 1024;

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// `code` of its XML, where it has one.
    pub(super) code: Option<u16>,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// XML.
    pub(super) fn xml(status: u16, code: Option<u16>, body: String) -> Self {
        Self {
            status,
            code,
            content_type: "application/xml; charset=UTF-8",
            body: body.into_bytes(),
        }
    }

    /// A page that says the status, as a web server writes it.
    pub(super) fn page(status: u16) -> Self {
        let reason = http::reason(status);
        Self {
            status,
            code: None,
            content_type: "text/html",
            body: format!("<html>\n<head><title>{status} {reason}</title></head>\n<body><center><h1>{status} {reason}</h1></center>\n<hr></body>\n</html>\n").into_bytes(),
        }
    }
}

/// How an answer is put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    Late(Duration),
    Never,
    Cut,
    ShortLength,
    Trickle,
    Endless,
    /// The body alone, without HTTP.
    Raw,
}

/// An answer, how it goes out, and the request's place among those in flight.
pub(super) struct Handled<'a> {
    pub(super) answer: Answer,
    pub(super) delivery: Delivery,
    pub(super) in_flight: Option<InFlight<'a>>,
}

impl Handled<'_> {
    /// For what is no request.
    pub(super) fn unread(status: u16) -> Self {
        Self {
            answer: Answer::page(status),
            delivery: Delivery::Whole,
            in_flight: None,
        }
    }
}

/// Sends an answer; false when the connection is to be closed after it.
pub(super) fn send(tls: &mut Tls, mut handled: Handled<'_>, last: bool) -> bool {
    let answer = &handled.answer;
    let body = &answer.body;
    match handled.delivery {
        Delivery::Whole => {}
        Delivery::Late(time) if client_stays(&tls.sock, time) => {}
        Delivery::Late(_) => return false,
        Delivery::Never => {
            client_stays(&tls.sock, LONGEST);
            return false;
        }
        Delivery::Cut => {
            let half = &body[..body.len() / 2];
            let _ = write(
                tls,
                &[head(answer, body.len(), false), half.to_vec()].concat(),
            );
            return false;
        }
        Delivery::ShortLength => {
            let short = body.len().saturating_sub(10);
            return write(tls, &[head(answer, short, last), body.clone()].concat()).is_ok();
        }
        Delivery::Trickle => return trickle(tls, answer, last).is_ok(),
        Delivery::Endless => {
            let _ = endless(tls);
            return false;
        }
        Delivery::Raw => {
            let _ = write(tls, body);
            return false;
        }
    }
    // A client that has read the answer may ask again before this thread goes on.
    handled.in_flight = None;
    let answer = &handled.answer;
    let whole = [head(answer, answer.body.len(), last), answer.body.clone()].concat();
    write(tls, &whole).is_ok()
}

fn head(answer: &Answer, length: usize, last: bool) -> Vec<u8> {
    let (status, kind) = (answer.status, answer.content_type);
    let connection = if last { "close" } else { "keep-alive" };
    let reason = http::reason(status);
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: {connection}\r\nCache-Control: no-store\r\nX-Frame-Options: SAMEORIGIN\r\n\r\n"
    )
    .into_bytes()
}

fn write(tls: &mut Tls, bytes: &[u8]) -> io::Result<()> {
    tls.write_all(bytes)?;
    tls.flush()
}

fn trickle(tls: &mut Tls, answer: &Answer, last: bool) -> io::Result<()> {
    write(tls, &head(answer, answer.body.len(), last))?;
    let start = Instant::now();
    for byte in &answer.body {
        if start.elapsed() > LONGEST || !client_stays(&tls.sock, TRICKLE) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        write(tls, &[*byte])?;
    }
    Ok(())
}

fn endless(tls: &mut Tls) -> io::Result<()> {
    write(
        tls,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n\
          33\r\n<response status=\"success\"><result><entry>0</entry>\r\n",
    )?;
    let entries = "<entry>1</entry>".repeat(1024);
    let chunk = format!("{:x}\r\n{entries}\r\n", entries.len());
    let start = Instant::now();
    let mut sent = 0;
    while sent < ENDLESS_BYTES && start.elapsed() < ENDLESS_TIME {
        write(tls, chunk.as_bytes())?;
        sent += chunk.len();
    }
    Ok(())
}

/// Waits; false as soon as the client closes the connection (or says anything, which is that it closes it) or it is cut.
pub(super) fn client_stays(tcp: &TcpStream, time: Duration) -> bool {
    if time.is_zero() {
        return true;
    }
    let start = Instant::now();
    let _ = tcp.set_read_timeout(Some(time));
    let mut byte = [0];
    let stays = matches!(tcp.peek(&mut byte), Err(error)
        if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
    let _ = tcp.set_read_timeout(None);
    // The kernel's timeout is coarse: never earlier than asked.
    if stays {
        thread::sleep(time.saturating_sub(start.elapsed()));
    }
    stays
}
