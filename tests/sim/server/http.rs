//! HTTP/1.1 as the simulator reads it: one request after the other, from a connection that is kept.

use std::io::{ErrorKind, Read, Write};

const HEAD_MAX: usize = 64 * 1024;
/// The device's own limit.
const BODY_MAX: usize = 5 * 1024 * 1024;

/// A request.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// The client closes the connection after it.
    pub(super) last: bool,
}

impl Request {
    /// A header by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What came instead of a request.
pub(super) enum Instead {
    /// The connection ended, by whomever.
    End,
    /// Something that is answered with this status before the connection closes.
    Status(u16),
}

/// Reads the next request; `held` keeps what was read beyond it.
pub(super) fn next(
    stream: &mut (impl Read + Write),
    held: &mut Vec<u8>,
) -> Result<Request, Instead> {
    let (mut request, head_bytes) = loop {
        if let Some(head) = head(held)? {
            break head;
        }
        if held.len() > HEAD_MAX {
            return Err(Instead::Status(431));
        }
        more(stream, held)?;
    };
    held.drain(..head_bytes);
    let length = body_length(&request)?;
    if request.header("expect") == Some("100-continue") && held.len() < length {
        let sent = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        sent.and_then(|()| stream.flush())
            .map_err(|_| Instead::End)?;
    }
    while held.len() < length {
        more(stream, held)?;
    }
    request.body = held.drain(..length).collect();
    Ok(request)
}

fn head(held: &[u8]) -> Result<Option<(Request, usize)>, Instead> {
    let mut headers = [httparse::EMPTY_HEADER; 48];
    let mut parsed = httparse::Request::new(&mut headers);
    let bytes = match parsed.parse(held) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Instead::Status(400)),
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).trim().to_owned();
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        ..Request::default()
    };
    for header in parsed.headers.iter() {
        let name = header.name.to_ascii_lowercase();
        request.headers.push((name, text(header.value)));
    }
    let connection = request.header("connection").unwrap_or_default();
    let connection = connection.to_ascii_lowercase();
    let old = parsed.version == Some(0);
    request.last = connection.contains("close") || (old && !connection.contains("keep-alive"));
    if !old && request.header("host").is_none() {
        return Err(Instead::Status(400));
    }
    Ok(Some((request, bytes)))
}

fn body_length(request: &Request) -> Result<usize, Instead> {
    if request.header("transfer-encoding").is_some() {
        return Err(Instead::Status(411));
    }
    let Some(length) = request.header("content-length") else {
        return Ok(0);
    };
    match length.parse() {
        Ok(length) if length <= BODY_MAX => Ok(length),
        Ok(_) => Err(Instead::Status(413)),
        Err(_) => Err(Instead::Status(400)),
    }
}

fn more(stream: &mut impl Read, held: &mut Vec<u8>) -> Result<(), Instead> {
    let mut buffer = [0; 8192];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Err(Instead::End),
            Ok(bytes) => {
                held.extend_from_slice(&buffer[..bytes]);
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(Instead::End),
        }
    }
}

/// The words of a status.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 | 302 | 307 | 308 => "Moved",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
