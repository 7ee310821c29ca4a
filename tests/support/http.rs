//! HTTP/1.1 as the fakes read and write it.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// More than any honest request head; the SDK's is about 1 kB.
const HEAD_MAX: usize = 64 * 1024;
/// More than any request that could be legal, so that the rule for size, and not the reader, refuses it.
const BODY_MAX: usize = 16 * 1024 * 1024;
const HEADERS_MAX: usize = 64;

/// One request as it stood on the wire.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `POST`, ...
    pub method: String,
    /// The request target, unchanged.
    pub target: String,
    /// In order, names in lower case, values trimmed.
    pub headers: Vec<(String, String)>,
    /// The body as sent, still compressed.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of this (lower case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Why no request came out of a connection.
#[derive(Debug)]
pub enum ReadError {
    /// The peer closed, was cut or went silent.
    Gone,
    /// What came is no request that the fakes take.
    Bad(&'static str),
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// A connection with what was read beyond the last request.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Wraps a socket.
    pub fn new(stream: TcpStream) -> Self {
        let buffer = Vec::new();
        Self { stream, buffer }
    }

    /// Waits until bytes of a next request are there, without taking them off the socket; false when the peer is gone.
    pub fn wait_for_bytes(&self) -> bool {
        !self.buffer.is_empty() || self.stream.peek(&mut [0]).is_ok_and(|count| count > 0)
    }

    /// The next request.
    pub fn read(&mut self) -> Result<Request, ReadError> {
        let (mut request, head_bytes) = loop {
            if let Some(parsed) = parse_head(&self.buffer)? {
                break parsed;
            }
            if self.buffer.len() > HEAD_MAX {
                return Err(ReadError::Bad("head too long"));
            }
            self.fill()?;
        };
        let body_bytes = body_length(&request)?;
        while self.buffer.len() < head_bytes + body_bytes {
            self.fill()?;
        }
        request.body = self.buffer[head_bytes..head_bytes + body_bytes].to_vec();
        self.buffer.drain(..head_bytes + body_bytes);
        Ok(request)
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    fn fill(&mut self) -> Result<(), ReadError> {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk)? {
            0 => Err(ReadError::Gone),
            count => {
                self.buffer.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }
}

fn parse_head(bytes: &[u8]) -> Result<Option<(Request, usize)>, ReadError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut headers);
    let status = parsed
        .parse(bytes)
        .map_err(|_| ReadError::Bad("not HTTP"))?;
    let httparse::Status::Complete(head_bytes) = status else {
        return Ok(None);
    };
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: parsed.headers.iter().map(header).collect(),
        body: Vec::new(),
    };
    Ok(Some((request, head_bytes)))
}

fn header(raw: &httparse::Header<'_>) -> (String, String) {
    let value = String::from_utf8_lossy(raw.value).trim().to_owned();
    (raw.name.to_ascii_lowercase(), value)
}

fn body_length(request: &Request) -> Result<usize, ReadError> {
    if request.header("transfer-encoding").is_some() {
        return Err(ReadError::Bad("transfer-encoding is not taken here"));
    }
    let Some(text) = request.header("content-length") else {
        return Ok(0);
    };
    let length = text
        .parse()
        .map_err(|_| ReadError::Bad("content-length is no number"))?;
    if length > BODY_MAX {
        return Err(ReadError::Bad("body too long"));
    }
    Ok(length)
}

/// An answer to be written.
#[derive(Clone, Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// All headers but `content-length`.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without further headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The bytes on the wire, announcing `extra` bytes more than follow (0 for an honest answer).
    pub fn encode(&self, extra: usize) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!(
            "content-length: {}\r\n\r\n",
            self.body.len() + extra
        ));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
